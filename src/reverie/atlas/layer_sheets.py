"""Sheets of whole layers: every channel drawn, batch by batch, in a folder that keeps what is finished."""

import contextlib
import json
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from reverie import recipes
from reverie.atlas.score_marks import SheetMarks
from reverie.errors import InvalidSetting, OutputFailed, ReverieError, listed
from reverie.figures.contact_sheet import Layout, contact_sheet
from reverie.figures.marks import Mark
from reverie.figures.naming import file_names, listed_files, sheet_folder
from reverie.figures.page import page
from reverie.files import save, write_whole
from reverie.models.model import Model
from reverie.models.sources import load
from reverie.objectives import Objective
from reverie.objectives.factorisation import channel_groups
from reverie.paths import FORMATS, check_output, made_folder
from reverie.recipes.rerunning import read_record
from reverie.recipes.wishes import Wanted, wishes_of
from reverie.runs import Event, Progress, finished
from reverie.settings.calling import called_with
from reverie.settings.feature import Feature
from reverie.settings.sheet import Sheet as Asked
from reverie.synthesis import Recipe, synthesize
from reverie.unit import Unit

DIRECTIONS = "directions.safetensors"  # of a sheet of groups, among its pictures


@dataclass(frozen=True)
class Sheet:
    """A sheet as it grows.

    Attributes:
        path: the sheet's own picture; its channels' pictures lie in the folder of the same name.
        recipe: of all its pictures.
        done: how many of them are finished.
        network: which draws them.
        marks: how far finished ones may be believed, where that is asked for.
    """

    path: Path
    recipe: Recipe
    done: int = 0
    network: str = ""
    marks: Mapping[Path, Sequence[Mark]] = field(default_factory=dict)

    @property
    def pictures(self) -> list[Path]:
        """Where each picture lies, or will."""
        return [self.path.with_suffix("") / f"{name}.png" for name in file_names(self.recipe.labels)]

    def write(self, *, html: bool = False) -> list[Path]:
        """Writes the captioned sheet of the finished pictures, and by choice a page in which to zoom.

        Raises:
            OutputFailed: no picture is finished, or the folder cannot be written.
        """
        pairs = [(path, label) for path, label in zip(self.pictures, self.recipe.labels, strict=True) if path.is_file()]
        if not pairs:
            raise OutputFailed(f"nothing to write to {self.path}: no picture was finished")
        paths, labels = [path for path, _ in pairs], [label for _, label in pairs]
        marks = [self.marks.get(path, ()) for path in paths] if self.marks else []
        save(contact_sheet(paths, labels, Layout(marks=marks)), self.path)
        if not html:
            return [self.path]
        beside = self.path.with_suffix(".html")
        write_whole(beside, page(self.path.stem, paths, labels).encode())
        return [self.path, beside]

    def told(self, written: Sequence[Path]) -> str:
        """Where it was written to, what was drawn, and whether that is all."""
        count = len(self.recipe.names)
        rest = "" if self.done == count else f" ({self.done} of {count} pictures; the same command goes on)"
        made_with = f"{self.network}, {listed(self.recipe.stages[0].layers, 3)}"
        within = [path for path in (*self.pictures, self.path.with_suffix("") / DIRECTIONS) if path.is_file()]
        return f"wrote {listed_files([*written, *within])}: {made_with}{rest}"


@dataclass(frozen=True)
class Sheets:
    """Several sheets, each as far as it grew."""

    grown: tuple[Sheet, ...]

    def __len__(self) -> int:
        """How many have a finished picture."""
        return len(self.grown)

    def write(self, *, html: bool = False) -> list[Path]:
        """Writes each, and by choice its page."""
        return [path for made in self.grown for path in made.write(html=html)]

    def told(self, written: Sequence[Path]) -> list[str]:
        """What there is to say of each, in a line."""
        return [
            made.told([path for path in written if path.with_suffix("") == made.path.with_suffix("")])
            for made in self.grown
        ]


class Sweep:
    """The run of sheets: what `sweep` yields, a batch of pictures for each event."""

    def __init__(self, run: Generator[Sheet, None, None]) -> None:
        self.run = run
        self.grown: dict[Path, Sheet] = {}

    def events(self) -> Iterator[Event]:
        """Draws what is not there yet."""
        with contextlib.closing(self.run) as run:
            for made in run:
                self.grown[made.path] = made
                yield Event(made.done, len(made.recipe.names), made.path.stem, finished=(made,))

    def result(self) -> Sheets:
        """The sheets of which pictures are finished."""
        return Sheets(tuple(self.grown.values()))


@called_with(Asked)
def sheet(
    model: Model | str | nn.Module,
    asked: Asked,
    folder: str | Path = ".",
    *,
    html: bool = False,
    force: bool = False,
    progress: Progress = None,
) -> list[Path]:
    """Draws every channel of layers: for each layer a captioned sheet, and a folder that keeps what is finished.

    Args:
        folder: where the sheets and their folders of pictures go; of one sheet also its picture, such as sheet.png.
        html: write beside each sheet a page that shows it in a browser, with a zoom and a search.
        force: make pictures anew that were made with other settings.
        progress: True for a bar, a function that gets each event, None for a bar where a terminal waits for long.

    Returns:
        The sheets, and their pages.

    Raises:
        UnknownName: no such layer, channel or class.
        InvalidSetting: a setting that is out of range.
        OutputFailed: pictures of other settings are in the way, or a folder that cannot be written.
    """
    return finished(Sweep(sweep(model, asked, folder, force=force)), progress).write(html=html)


@called_with(Asked)
def sweep(
    model: Model | str | nn.Module, asked: Asked, folder: str | Path = ".", *, force: bool = False
) -> Generator[Sheet, None, None]:
    """Draws as `sheet`, a batch of pictures at a time; to stop, stop reading: what is finished is not made again.

    A batch is drawn anew unless all of it is there, so that a sweep that was ended gives the same bits as one that
    was not.
    """
    ready, groups = load(model), asked.groups
    texts = [repr(item) if isinstance(item, Objective) else str(item) for item in asked.layers]
    if len(set(texts)) < len(texts):
        raise InvalidSetting("a layer is named twice; name each once")
    if groups is not None and (asked.dictionary or asked.concept):
        raise InvalidSetting("--groups bring directions of their own; leave out --dictionary and --concept")
    names = file_names([text if groups is None else f"{text}-groups" for text in texts])
    sheets = [
        _of_channels(ready, item, path, asked)
        if groups is None
        else _of_groups(ready, text, path, channel_groups(ready, text, groups, asked.photos), asked, force=force)
        for item, text, path in zip(asked.layers, texts, _places(Path(folder), names), strict=True)
    ]
    plans = [(planned, _batches(planned, ready, force=force)) for planned in sheets]  # refuses before the work begins
    marking = SheetMarks(ready, asked, [name for planned in sheets for name in planned.recipe.names])
    for planned, batches in plans:
        sheet_folder(planned.path)
        done, marks = 0, dict[Path, Sequence[Mark]]()
        for part, paths, there in batches:
            if not there:
                result = synthesize(ready, part)
                for index, path in enumerate(paths):
                    result[index].save(path)
            done += len(paths)
            marks.update(marking.of(part.names, paths))
            yield replace(planned, done=done, network=ready.title, marks=dict(marks))


def _places(place: Path, names: Sequence[str]) -> list[Path]:
    """Where each sheet goes: into a folder, or one alone to the picture that is named.

    Raises:
        OutputFailed: several sheets for one picture, or a place that cannot be written.
    """
    if made_folder(place) or place.suffix.lower() not in FORMATS:
        return [check_output(place / f"{name}.png") for name in names]
    if len(names) > 1:
        raise OutputFailed(f"{len(names)} sheets do not fit in the one picture {place}; name a folder with --output")
    return [check_output(place)]


def _of_channels(model: Model, item: Wanted, path: Path, asked: Asked) -> Sheet:
    if asked.dictionary or asked.concept or isinstance(item, Objective):
        return Sheet(path, _drawn(model, asked, (item,)))
    wishes = wishes_of(model, item)
    units = [each for wish in wishes for each in ([wish.text] if wish.unit is None else _channels(model, wish.unit))]
    return Sheet(path, _drawn(model, asked, tuple(units)))


def _drawn(model: Model, asked: Asked, units: Sequence[Wanted], **more: Any) -> Recipe:
    """The recipe of a sheet's pictures."""
    recipe: Recipe = recipes.feature(model, asked.shared(Feature, units=tuple(units), **more))
    return recipe


def _of_groups(
    model: Model, layer: str, path: Path, found: tuple[Tensor, Tensor], asked: Asked, *, force: bool
) -> Sheet:
    """The sheet of groups of channels, whose directions lie beside their pictures, where a rerun looks for them.

    Raises:
        OutputFailed: other groups lie there, and nobody says that they may go.
    """
    directions, shares = found
    dictionary, content = sheet_folder(path) / DIRECTIONS, save_tensors({"directions": directions})
    if not dictionary.exists() or force:
        write_whole(dictionary, content)
    elif dictionary.read_bytes() != content:
        raise OutputFailed(
            f"{dictionary} holds other groups; say --force to find them anew, or name another folder with --output"
        )
    units = [Unit(layer, (row,)) for row in range(len(directions))]
    recipe = _drawn(model, asked, units, dictionary=str(dictionary))
    labels = tuple(f"group {row}: {share:.0%}" for row, share in enumerate(shares.tolist()))
    return Sheet(path, replace(recipe, labels=labels))


def _channels(model: Model, unit: Unit) -> list[Unit]:
    """Each channel of a layer that is named alone; a unit with channels is itself."""
    if unit.channels:
        return [unit]
    return [replace(unit, channels=(index,)) for index in range(model.layer(unit.layer).channels)]


def _batches(planned: Sheet, model: Model, *, force: bool) -> list[tuple[Recipe, list[Path], bool]]:
    """Each batch's recipe, its pictures' places, and whether all of them are there.

    Raises:
        OutputFailed: a picture of other settings lies there, and nobody says that it may go.
    """
    paths, batches = planned.pictures, []
    for rows in planned.recipe.batches():
        part, places = planned.recipe.select(rows), [paths[row] for row in rows]
        there = [path for path in places if path.exists()]
        others = [path for path in there if not _is_of(path, places.index(path), part, model)]
        if others and not force:
            raise OutputFailed(
                f"{others[0]} was made with other settings, or is no picture of this sheet; "
                "say --force to make it anew, or name another folder with --output"
            )
        batches.append((part, places, len(there) == len(places) and not others))
    return batches


def _is_of(path: Path, index: int, part: Recipe, model: Model) -> bool:
    """Whether a file is the picture that this batch would make, by its record."""
    try:
        record = read_record(path)
    except ReverieError:
        return False
    wanted = (part.origin[0], _json(part.origin[1]), _json(model.described), index)
    return (record.recipe, record.arguments, record.model, record.index) == wanted


def _json(value: Any) -> Any:
    return json.loads(json.dumps(value))
