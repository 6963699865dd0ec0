"""Reads an explanation's events into a bar, and tells what was found."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from reverie.attribution import Event, Inquiry, Survey, answer, survey
from reverie.cli.bars import Bar
from reverie.cli.saying import say
from reverie.errors import ReverieError
from reverie.figures.result import Result
from reverie.models.model import Model
from reverie.record import Record
from reverie.settings.parts import Output, Watched


class Heard:
    """An inquiry's events, with a bar, and with an end that keeps what was found."""

    def __init__(
        self, model: Model, inquiry: Inquiry, run: Iterator[Event], path: Path, every: int | None, *, quiet: bool
    ) -> None:
        self.model, self.inquiry, self.run, self.path, self.every = model, inquiry, run, path, every
        self.quiet = quiet
        self.ended: ReverieError | KeyboardInterrupt | None = None

    def events(self) -> Iterator[Event]:
        """What `inquire` yields, until its end, Ctrl-C or an error that a user can mend."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Bar(*columns, quiet=self.quiet) as bar:
            tasks: dict[int, Any] = {}
            last: dict[int, Event] = {}
            try:
                for event in self.run:
                    last[event.index] = event
                    task = tasks.get(event.index)
                    if task is None:
                        task = tasks[event.index] = bar.add_task(self.inquiry.names[event.index])
                    bar.update(task, completed=event.done, total=event.total)
                    if self.every and event.count % self.every == 0 and event.done < event.total:
                        made = answer(self.model, self.inquiry, last.values())
                        Result(made.images, (), made.labels, lead=made.lead, layout=made.layout).save(self.path)
                    yield event
            except (KeyboardInterrupt, ReverieError) as error:
                self.ended = error


def explained(
    model: Model,
    inquiry: Inquiry,
    path: Path,
    writing: Watched,
    *,
    events: Iterator[Event],
    raw: bool = False,
) -> None:
    """Answers an inquiry, writes the picture or sheet, and says where and what was found; also when ended early."""
    heard = Heard(model, inquiry, events, path, writing.watch, quiet=writing.quiet)
    result = answer(model, inquiry, heard.events())
    if heard.ended is not None and not len(result):
        raise heard.ended
    written = result.save(path, singles=getattr(writing, "singles", False), raw=raw)
    if not writing.quiet or heard.ended is not None:
        beside = f" and {written[1]}" if len(written) == 2 else f" and {len(written) - 1} files beside it"
        more = beside if len(written) > 1 else ""
        lines = [f"wrote {written[0]}{more}", subject(result.record)]
        say(*lines, *(line for record in result.records for line in findings(record)))
    if heard.ended is not None:
        raise heard.ended


def surveyed(model: Model, wanted: Survey, path: Path, writing: Output, *, raw: bool = False) -> None:
    """Draws a layer's channels, writes the picture or sheet, and says where."""
    showed(survey(model, wanted), path, writing, raw=raw)


def showed(result: Result, path: Path, writing: Output, *, raw: bool = False) -> None:
    """Writes pictures that took no steps, and says where."""
    written = result.save(path, singles=getattr(writing, "singles", False), raw=raw)
    if not writing.quiet:
        more = f" and {len(written) - 1} files in {path.with_suffix('')}" if len(written) > 1 else ""
        say(f"wrote {written[0]}{more}")


def findings(record: Record) -> list[str]:
    """What one method found, as lines for the terminal."""
    about = record.automatic
    share = f" ({about['done']} of {about['total']} done)" if about["done"] < about["total"] else ""
    return [f"{about['method']}{share}: {note}" for note in about["notes"]]


def subject(record: Record) -> str:
    """What was explained, and what the network says of it."""
    about = record.automatic
    scores = ", ".join(f"{name} {value:.4g}" for name, value in about["scores"].items())
    reading = f"; {about['reading']}" if "reading" in about else ""
    size = about.get("resized_to")
    squeezed = f"; shown at {size[0]}x{size[1]}, the only size that the network takes" if size else ""
    return f"{about['label']}: {scores}{reading}{squeezed}"
