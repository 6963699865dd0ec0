"""Tables on the standard output."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from reverie.errors import printable

WIDE = 160  # characters of a line that no terminal measures


def show(heads: Sequence[str], *rows: Sequence[str]) -> None:
    """Rows under their heads; what they name of files is spelt out and is no markup."""
    table = Table(*map(_plain, heads), box=None, pad_edge=False)
    for row in rows:
        table.add_row(*map(_plain, row))
    console = Console(highlight=False)
    (console if console.is_terminal else Console(width=WIDE, highlight=False)).print(table)


def _plain(cell: str) -> str:
    return escape(printable(cell))
