"""Making: from a job's settings to a run, and from its events to files; in the process that computes."""

import io
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from PIL import Image

from reverie import memory, recipes, settings
from reverie.atlas.unit_board import CardRun
from reverie.errors import RecordRefused, ReverieError, printable
from reverie.figures.board import Board
from reverie.figures.poster import poster
from reverie.figures.result import Result
from reverie.files import save
from reverie.models.interventions import edits_of
from reverie.models.model import Model
from reverie.models.sameness import difference
from reverie.photo import opaque
from reverie.recipes.consent import check_description
from reverie.recipes.repetition import repetition
from reverie.recipes.rerunning import read_record, recipe_of, runner_of
from reverie.record import Record, versions
from reverie.runs import Event, Run
from reverie.settings.card import Card
from reverie.studio.jobs import RERUN
from reverie.studio.limits import EVERY, PREVIEW, SHARE
from reverie.synthesis import Recipe, Synthesis, filmed


@dataclass(frozen=True)
class Order:
    """A job as the process that computes is told it.

    Attributes:
        given: the settings' flat values, files of pictures among them.
        target: the PNG to write.
        film: the film to write; empty for none.
        changes: of units, as `intervene` takes them.
        photos: of a rerun, files among which the photos of its record are.
    """

    id: str
    kind: str
    given: Mapping[str, Any]
    target: str
    film: str = ""
    changes: Mapping[str, str] = field(default_factory=dict)
    photos: Sequence[str] = ()

    def run(self, model: Model) -> Run[Any]:
        """What does the work.

        Raises:
            ReverieError: settings that this network or these pictures do not go with.
        """
        if self.kind == RERUN:
            return self._again(model)
        model = changed(model, self.changes.items())
        cls = settings.commands()[self.kind]
        asked = cls.made(**self.given)
        if isinstance(asked, Card):
            return CardRun(model, asked)
        recipe = recipes.recipe(cls)
        made, film = recipe(model, asked), self.film
        if film and isinstance(made, Recipe):
            return Synthesis(model, made, watching=[lambda steps: filmed(steps, made, film)])
        run: Run[Any] = recipe.run(model, made)
        return run

    def record(self, model: Model) -> Record:
        """What was asked for, of a picture that has no record of its own: it is asked for anew, not repeated."""
        return Record(self.kind, dict(self.given), changed(model, self.changes.items()).source, {}, None, versions())

    def _again(self, model: Model) -> Run[Result]:
        """The run that a picture's record tells of, on this network: its word on another one is not heard."""
        picture = Path(str(self.given["picture"]))
        record = read_record(picture)
        if difference(record.model, model.source):
            raise RecordRefused(
                f"{picture.name} was made with another network ({record.model.get('name')}); open the studio with it"
            )
        check_description(record.model)
        model = changed(model, record.model.get("interventions") or [])
        made = recipe_of(record, model, photo=list(self.photos), beside=picture.parent)
        return repetition(record, runner_of(record), made, model).run(model)


def changed(model: Model, changes: Iterable[tuple[str, str]]) -> Model:
    """A network with what is changed in it, if anything is."""
    edits = edits_of(model, changes)
    return replace(model, edits=edits) if edits else model


def written(made: Result | Board, order: Order, model: Model) -> list[str]:
    """Writes what was made; the files, the picture first."""
    target = Path(order.target)
    files = save(poster(made), target, str(order.record(model))) if isinstance(made, Board) else made.save(target)
    return [str(file) for file in (*files, *([Path(order.film)] if order.film else [])) if file.exists()]


def reason(error: BaseException) -> str:
    """What ended a job, in one sentence."""
    if isinstance(error, ReverieError):
        return str(error)
    if isinstance(error, MemoryError | RuntimeError) and memory.short(error):
        return "the memory was not enough; ask for a smaller picture, batch or network"
    if isinstance(error, OSError):
        return printable(f"the picture cannot be kept ({error.strerror or error}); free some space", 400)
    return printable(f"this failed inside reverie ({type(error).__name__}: {error}); the terminal tells more", 400)


class Telling:
    """What is told of a run: not each event, but as often as somebody can look, and with little of the run's time."""

    def __init__(self) -> None:
        self.due = 0.0
        self.began = self.since = time.monotonic()
        self.last: Event | None = None
        self.first = 0

    def plain(self, event: Event) -> dict[str, Any] | None:
        """What there is to say with an event; None where it is too soon."""
        now = time.monotonic()
        if self.last is None or event.total != self.last.total or event.done < self.last.done:
            self.since, self.first = (self.began if self.last is None else now), event.done - 1
        self.last = event
        if now < self.due and event.done != event.total and not event.note:
            return None
        preview = None if event.preview is None else jpeg(event.preview())
        said = {
            "done": event.done,
            "total": event.total,
            "task": event.task,
            "note": event.note,
            "score": None if event.score is None else float(event.score()),
            "left": self._left(event, now),
            "preview": preview,
        }
        after = time.monotonic()
        self.due = max(now + EVERY, after + (after - now) / SHARE)
        return said

    def _left(self, event: Event, now: float) -> float | None:
        done = event.done - self.first
        return None if event.total is None or done < 1 else (now - self.since) / done * (event.total - event.done)


def jpeg(picture: Image.Image) -> bytes:
    """A picture's JPEG, reduced where it is large."""
    found = opaque(picture)
    if max(found.size) > PREVIEW:
        found.thumbnail((PREVIEW, PREVIEW), Image.Resampling.BILINEAR, reducing_gap=1.0)
    content = io.BytesIO()
    found.save(content, "JPEG", quality=85)
    return content.getvalue()
