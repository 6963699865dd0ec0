"""Portraits: a feature picture of each of several units, made in one run or taken from a sheet."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from reverie import recipes
from reverie.errors import ReverieError, UnsuitableImage
from reverie.figures.naming import file_names
from reverie.files import record_text
from reverie.models.model import Model
from reverie.models.sameness import difference
from reverie.paths import path_named
from reverie.recipes.rerunning import read_record
from reverie.runs import Event
from reverie.synthesis.batches import Synthesis
from reverie.unit import Unit

SIDE = 128  # of portraits unless another one is asked for


@dataclass(frozen=True, eq=False)
class Portrait:
    """A unit's picture, and the text of the record that repeats it."""

    picture: Image.Image
    record: str | None


class Portraits:
    """The run of a portrait of each unit; all that are made are made in one run.

    Args:
        steps: of each picture that is made; 0 makes none.
        pictures: a folder in which to look first, such as that of `reverie sheet`.
        size: side of each picture that is made; at most the network's native one.

    Raises:
        UnsuitableImage: there is no such folder.
    """

    def __init__(
        self, model: Model, units: Iterable[Unit], steps: int, pictures: str | None, seed: int, size: int | None = None
    ) -> None:
        wanted = list(dict.fromkeys(units))
        self.found = {} if pictures is None else _filed(model, wanted, path_named(pictures))
        self.rest = [unit for unit in wanted if unit not in self.found]
        side = min(*model.size, SIDE if size is None else size)
        settings = {"steps": steps, "size": side, "seed": seed}
        made = recipes.feature(model, self.rest, **settings) if self.rest and steps > 0 else None
        self.run = None if made is None else Synthesis(model, made)

    def events(self) -> Iterator[Event]:
        """The steps of those that are made."""
        yield from () if self.run is None else self.run.events()

    def result(self) -> dict[Unit, Portrait]:
        """Those that were found, and those that were made by now."""
        if self.run is None:
            return self.found
        made = self.run.result()
        pairs = zip(self.rest, made.pictures, made.records, strict=False)  # fewer where the run was ended
        return self.found | {unit: Portrait(picture, str(record)) for unit, picture, record in pairs}


def _filed(model: Model, units: Sequence[Unit], folder: Path) -> dict[Unit, Portrait]:
    """Those that lie in a folder, known by their names and by their records."""
    if not folder.is_dir():
        raise UnsuitableImage(f"there is no folder {folder} of pictures; make one with 'reverie sheet LAYER'")
    files = {path.name: path for path in sorted(folder.rglob("*.png"))}
    found = {}
    for unit in units:
        names = [f"{file_names([text])[0]}.png" for text in dict.fromkeys((str(unit), model.label(unit)))]
        path = next((files[name] for name in names if name in files), None)
        if path is not None and _is_of(model, unit, path):
            with Image.open(path) as picture:
                found[unit] = Portrait(picture.copy(), record_text(path))
    return found


def _is_of(model: Model, unit: Unit, path: Path) -> bool:
    """Whether a picture shows this unit of this very network, by its record."""
    try:
        record = read_record(path)
    except ReverieError:
        return False
    named = record.own(record.arguments.get("units"))
    same = difference(record.model, model.source) is None
    return record.recipe == "feature" and same and named == [str(unit)] and not record.arguments.get("negative")
