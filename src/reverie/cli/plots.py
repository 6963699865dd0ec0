"""The command that draws a trace."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from PIL import Image

from reverie.cli.runs import check_free, target_for
from reverie.cli.saying import say
from reverie.errors import RecordRefused, ReverieError
from reverie.figures.film import Film, check_film
from reverie.figures.plot import chart
from reverie.figures.trace import Trace, read_trace, rise
from reverie.files import save
from reverie.paths import path_named
from reverie.recipes.reruns import read_record
from reverie.record import Record
from reverie.settings.listings import Plot
from reverie.settings.parts import Output
from reverie.synthesis.filming import RATE
from reverie.unit import parse

NAMED = 12  # features that a line of text names


def plot(asked: Plot, writing: Output) -> None:
    """Draws the trace that lies beside a picture, and tells which features rose most and which never did."""
    picture, film = Path(asked.picture), None if asked.film is None else path_named(asked.film)
    record = read_record(picture)
    trace = _trace_of(picture, record)
    target = target_for(writing, f"{picture.stem}-plot")
    if film is not None:
        check_free(check_film(film), writing.force)
    drawn = chart(trace, _title(record), _wanted(record))
    save(Image.fromarray(drawn.pixels), target)
    written = [target]
    if film is not None:
        with Film(film, RATE) as reel:
            for frame in drawn.frames():
                reel.write(frame)
            for _ in range(RATE):
                reel.write(drawn.pixels)
        written.append(film)
    if not writing.quiet:
        say(*_told(trace), *(f"wrote {path}" for path in written))


def _trace_of(picture: Path, record: Record) -> Trace:
    if record.index is None:
        raise RecordRefused(f"{picture} is a sheet; name one of its pictures, which --trace writes into its folder")
    named = record.automatic.get("trace")
    if not isinstance(named, dict):
        raise RecordRefused(
            f"{picture} was made without a trace; make it with --trace, or again: reverie rerun {picture} --trace"
        )
    return read_trace(picture.with_suffix(".npz"), str(named.get("sha256")))


def _title(record: Record) -> str:
    what = "".join(map(str, record.own(record.automatic.get("objectives"))))
    return f"{record.recipe}: {what} of {record.model.get('name')}"


def _wanted(record: Record) -> Mapping[str, Sequence[int]]:
    """The features that a feature visualization was asked for."""
    units = record.arguments.get("units")
    members = record.automatic.get("members", units)  # of several views of a unit no place in the list is its own
    own = record.own(units)
    if not own or not isinstance(members, list) or len(units or ()) != len(members):
        return {}
    try:
        (unit,) = parse(str(own[0]))
    except (ReverieError, ValueError):
        return {}
    return {unit.layer: [item for item in unit.channels if isinstance(item, int)]}


def _told(trace: Trace) -> list[str]:
    lines = []
    for layer, values in trace.features.items():
        moved = rise(values)
        risen = [str(item) for item in moved.order if moved.risen[item]][:NAMED]
        never = [str(item) for item in range(len(moved.never)) if moved.never[item]]
        more = f" and {len(never) - NAMED} more" if len(never) > NAMED else ""
        lines.append(f"{layer}: {moved}")
        lines.append(
            f"  rise most: {', '.join(risen) or 'none'}; never rise: {', '.join(never[:NAMED]) or 'none'}{more}"
        )
    return lines
