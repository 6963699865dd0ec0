"""Plots of traced runs: what the record beside a trace says of it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from reverie.errors import RecordRefused, ReverieError
from reverie.figures.plot import Chart, chart
from reverie.figures.result import Result
from reverie.figures.trace_file import Trace, read_trace
from reverie.recipes.rerunning import read_record
from reverie.record import Record
from reverie.settings.calling import names_checked
from reverie.unit import parse


@names_checked
def plot(traced: str | Path | Result) -> Chart:
    """Draws a traced run: the objective and the features' activation over the steps, which rise, which never do.

    Args:
        traced: a picture's file, beside which its trace lies; or a result whose run was traced, of which the first
            picture is taken.

    Raises:
        UnsuitableImage, RecordRefused: no such picture, or one without a trace.
    """
    if isinstance(traced, Result):
        if not traced.traces:
            raise RecordRefused(
                "the run was not traced; give reverie.synthesize the steps of iterate(model, recipe, trace=True)"
            )
        record, trace = traced.record, traced.traces[0]
    else:
        record = read_record(Path(traced))
        trace = _trace_of(Path(traced), record)
    return chart(trace, _title(record), _wanted(record))


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
