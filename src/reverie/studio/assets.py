"""Assets: the files of the studio's pages, by a table that is made once from the package alone."""

from importlib import resources
from importlib.resources.abc import Traversable

from starlette.exceptions import HTTPException
from starlette.responses import Response

from reverie.studio.answers import ASKED

KINDS = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml", ".png": "image/png", ".webp": "image/webp", ".woff2": "font/woff2",
    ".json": "application/json", ".txt": "text/plain; charset=utf-8",
}  # fmt: skip


class Assets:
    """The pages' files."""

    def __init__(self) -> None:
        folder = resources.files("reverie.studio") / "pages"
        self.files = dict(_walked(folder)) if folder.is_dir() else {}

    def answer(self, name: str) -> Response:
        """A file of this name in the table; what is not in it is not there, whatever the name."""
        file = self.files.get(name)
        if file is None:
            raise HTTPException(404)
        kind = KINDS[name[name.rindex(".") :]]
        return Response(file.read_bytes(), media_type=kind, headers=ASKED)


def _walked(folder: Traversable, above: str = "") -> list[tuple[str, Traversable]]:
    found = []
    for item in folder.iterdir():
        if item.is_dir():
            found += _walked(item, f"{above}{item.name}/")
        elif any(item.name.endswith(ending) for ending in KINDS):
            found.append((f"{above}{item.name}", item))
    return found
