"""Publishing: the run that makes a site of an atlas."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np

from reverie.atlas.site import plain
from reverie.atlas.site.contents import Contents
from reverie.atlas.site.folder import MARK, whole_folder
from reverie.atlas.site.layer_page import FRONT, FRONT_SIDE, ROWS, SHARD, ClassIndex, LayerFiles, Placed
from reverie.atlas.site.scripts import write_script
from reverie.atlas.site.tiles import LARGE, Encoding, TileSheets
from reverie.record import versions
from reverie.runs import Event

PAGES = resources.files("reverie.atlas.site").joinpath("pages")
FIRST = "index.html"


@dataclass(frozen=True)
class Site:
    """A site that was written.

    Attributes:
        units: how many have a page.
        files, size: how many files it has, and their bytes.
    """

    path: Path
    units: int = 0
    files: int = 0
    size: int = 0

    def __len__(self) -> int:
        return self.units

    def told(self, written: Sequence[Path]) -> list[str]:
        """Where to begin, and how large it is."""
        first = [f"wrote {path}" for path in written]
        return [*first, f"{self.units} units, {self.files} files, {self.size / 1e6:.1f} MB"]


class SiteRun:
    """The run that writes the site of an atlas into a folder, a shard of units for each event.

    It stands there whole at the end, or not at all.
    """

    def __init__(self, contents: Contents, place: Path, encoding: Encoding) -> None:
        self.contents, self.place, self.encoding = contents, place, encoding
        self.made = Site(place)

    def events(self) -> Iterator[Event]:
        """Writes the layers one after the other.

        Raises:
            OutputFailed: the disk is full, or refuses.
            ReverieError: a picture of the atlas is damaged.
        """
        total = sum(layer.units for layer in self.contents.layers)
        with whole_folder(self.place) as folder:
            done, classes, fronts = 0, ClassIndex(), list[LayerFiles]()
            for number, layer in enumerate(self.contents.layers):
                files = LayerFiles(folder, number, self.contents, layer, classes, self.encoding)
                for entry in self.contents.entries(layer.name):
                    files.add(entry)
                    done += 1
                    if done % SHARD == 0:
                        yield Event(done, max(total, done), "site")
                files.close()
                fronts.append(files)
            _front(folder, fronts, self.encoding)
            _classes(folder, classes)
            write_script(folder, "data/recipes", list(self.contents.recipes))
            _network(folder, self.contents, fronts, self.encoding)
            write_pages(folder)
            sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
        self.made = Site(self.place, done, len(sizes), sum(sizes))
        yield Event(done, done, "site")

    def result(self) -> Site:
        """The site; of no units where it was not finished."""
        return self.made


def _front(folder: Path, layers: Sequence[LayerFiles], encoding: Encoding) -> None:
    """The units that stand for their layers, a row for each layer."""
    sheets = TileSheets(folder / "data" / "front", FRONT_SIDE, FRONT, ROWS, encoding)
    for layer in layers:
        tiles: list[np.ndarray | None] = [picture for _, picture in layer.standing]
        sheets.add([*tiles, *[None] * (FRONT - len(tiles))])
    sheets.close()


def _classes(folder: Path, classes: ClassIndex) -> None:
    """All classes' names, and in shards the units of each."""
    names = classes.names.texts
    own = [classes.own.get(number) for number in range(len(names))]
    counts = [len({*_units(classes.firing, number), *_units(classes.taken, number)}) for number in range(len(names))]
    write_script(folder, "data/classes", {"names": names, "own": own, "counts": counts})
    for first in range(0, len(names), SHARD):
        numbers = range(first, min(first + SHARD, len(names)))
        units = [[classes.firing.get(number, []), classes.taken.get(number, [])] for number in numbers]
        write_script(folder, f"data/class-{first // SHARD}", units)


def _units(placed: Mapping[int, Sequence[Placed]], number: int) -> list[tuple[int, int]]:
    """The layers' and units' numbers of those of a class."""
    return [(layer, index) for layer, index, _, _ in placed.get(number, ())]


def _network(folder: Path, contents: Contents, layers: Sequence[LayerFiles], encoding: Encoding) -> None:
    """What the first page needs."""
    about = {
        "title": plain.clipped(contents.title),
        "facts": [[plain.clipped(name), plain.clipped(value)] for name, value in contents.facts],
        "measures": [
            [item.key, item.label, item.about, item.percent, item.scale, item.wary] for item in contents.measures
        ],
        "views": [[kind.key, kind.label, kind.note] for kind in contents.views],
        "patches": [[kind.key, kind.label, kind.note, most] for kind, most in contents.patches],
        "layers": [files.about for files in layers],
        "ending": encoding.kind,
        "side": min(contents.side, 4 * LARGE),
        "reverie": versions()["reverie"],
    }  # fmt: skip
    write_script(folder, "data/network", about)


def write_pages(folder: Path) -> None:
    """Writes the pages themselves, which are the same for every atlas, beside its data."""
    (folder / "pages").mkdir(exist_ok=True)
    for item in PAGES.iterdir():
        place = folder if item.name == FIRST else folder / "pages"
        (place / item.name).write_bytes(item.read_bytes())
    (folder / MARK).touch()
    (folder / ".nojekyll").touch()  # hosts that would leave files out leave them
