"""Cards of units in a notebook: name a unit, and see its pictures, what excites it, and what it is wired to."""

from typing import Any

from torch import nn

from reverie.atlas.unit_board import CardRun
from reverie.errors import ReverieError
from reverie.figures.board import Board
from reverie.models.model import Model
from reverie.models.sources import load
from reverie.notebook.live import Live
from reverie.notebook.widget import widget
from reverie.settings.card import Card


class UnitCards:
    """A widget with a field for a unit; the card of whatever is named there is made while one watches.

    Args:
        asked: the first unit, and how cards are made.

    Raises:
        MissingExtra: anywidget is not installed.
        ReverieError: as `CardRun`, of the first unit.
    """

    def __init__(self, model: Model | str | nn.Module, asked: Card) -> None:
        self.model, self.asked = load(model), asked
        self.widget = widget()
        self.widget.set_trait("unit", self.model.label(asked.unit) if not isinstance(asked.unit, str) else asked.unit)
        self.widget.on_msg(self._told)
        self.live: Live[Board] = Live(CardRun(self.model, asked), self.widget)

    def show(self, unit: str) -> None:
        """Makes the card of another unit in place of the one that is shown."""
        self.live.stop()
        self.live._thread.join()
        self.widget.set_trait("unit", unit)
        self.widget.set_trait("note", "")
        try:
            self.asked = self.asked.changed(unit=unit)
            self.live = Live(CardRun(self.model, self.asked), self.widget)
        except ReverieError as error:
            self.widget.set_trait("note", str(error))
            self.widget.set_trait("state", "failed")

    def result(self) -> Board:
        """The card that is shown, once it is whole.

        Raises:
            ReverieError: whatever making it raised.
        """
        return self.live.result()

    def _repr_mimebundle_(self, **given: Any) -> Any:
        return self.widget._repr_mimebundle_(**given)

    def _told(self, _: Any, content: Any, __: Any) -> None:
        if isinstance(content, dict) and isinstance(content.get("show"), str):
            self.show(content["show"])


def unit_cards(model: Model | str | nn.Module, unit: str, **settings: Any) -> UnitCards:
    """Shows the card of a unit, and of every other one that is named in its field.

    Args:
        settings: as `reverie.card` takes them, such as `scan`, `steps` and `link_steps`.

    Raises:
        MissingExtra: anywidget is not installed.
        ReverieError: as `CardRun`.
    """
    return UnitCards(model, Card.of(unit, **settings))
