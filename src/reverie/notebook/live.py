"""A run in a notebook: it goes on in the background, its widget shows how it stands, and a button ends it."""

import contextlib
import io
import threading
import time
from typing import Any, Generic, TypeVar

from PIL import Image

from reverie.errors import ReverieError
from reverie.figures.board import Board, board_page
from reverie.notebook.widget import widget
from reverie.photo import opaque
from reverie.runs import Event, Run
from reverie.runs.protocol import read

M = TypeVar("M")
EVERY = 0.25  # seconds between two pictures


class Live(Generic[M]):
    """A run that is read in the background, and shows itself.

    Args:
        run: any run, such as that of a recipe or of a card.
        shown: the widget to show it on; one of its own unless given.

    Raises:
        MissingExtra: anywidget is not installed.
    """

    def __init__(self, run: Run[M], shown: Any | None = None) -> None:
        self.widget = widget() if shown is None else shown
        self._run, self._ending = run, threading.Event()
        self._error: Exception | None = None
        self._seen = 0.0
        self.widget.on_msg(self._told)
        self.widget.set_trait("state", "running")
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the run after the event that is under way; what stands then is its result."""
        self._ending.set()

    def result(self) -> M:
        """What the run made, once it has ended.

        Raises:
            ReverieError: whatever the run raised.
        """
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._run.result()

    def _repr_mimebundle_(self, **given: Any) -> Any:
        return self.widget._repr_mimebundle_(**given)

    def _told(self, _: Any, content: Any, __: Any) -> None:
        if content == {"stop": True}:
            self.stop()

    def _read(self) -> None:
        state = "ended"
        try:
            with contextlib.closing(read(self._run)) as events:
                for event in events:
                    self._show(event)
                    if self._ending.is_set():
                        state = "stopped"
                        break
            self._finish()
        except Exception as error:  # told by the widget, raised where the result is asked for
            self._error, state = error, "failed"
            self.widget.set_trait("note", str(error) if isinstance(error, ReverieError) else repr(error))
        self.widget.set_trait("state", state)

    def _show(self, event: Event) -> None:
        """Tells how far it is; a picture now and then, for each of them has to be made and sent."""
        self.widget.set_trait("done", event.done)
        self.widget.set_trait("total", event.total or 0)
        self.widget.set_trait("task", event.task)
        if event.note:
            self.widget.set_trait("note", event.note)
        if event.preview is not None and time.monotonic() - self._seen >= EVERY:
            self.widget.set_trait("picture", as_jpeg(event.preview()))
            self._seen = time.monotonic()

    def _finish(self) -> None:
        made = self._run.result()
        picture = getattr(made, "picture", None)
        if isinstance(made, Board):
            self.widget.set_trait("page", board_page(made))
        elif isinstance(picture, Image.Image):
            self.widget.set_trait("picture", as_jpeg(picture))


def live(run: Run[M]) -> Live[M]:
    """Reads a run in the background and shows it: the picture as it stands, how far it is, a button that ends it.

    Raises:
        MissingExtra: anywidget is not installed.
    """
    return Live(run)


def as_jpeg(picture: Image.Image) -> bytes:
    """A picture as a browser takes it."""
    buffer = io.BytesIO()
    opaque(picture).save(buffer, "JPEG", quality=88)
    return buffer.getvalue()
