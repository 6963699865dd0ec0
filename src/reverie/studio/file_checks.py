"""Fitting: whether the files that are named beside the network are of it; in the process that computes."""

from collections.abc import Collection, Mapping

from reverie.atlas.atlas_file import Atlas, read_atlas, scan_in
from reverie.errors import AtlasRefused, ReverieError, ScanRefused
from reverie.models.model import Model
from reverie.models.sameness import difference


class Fitting:
    """The atlas and the scan that are named, where they are this network's.

    Attributes:
        atlas: the one that fits; None where none does.
        scanned: the layers of which there are real patches: the scan's, or else the atlas's.
        problems: by `atlas` and `scan`, why a file is not used.
    """

    def __init__(self, model: Model, named: Mapping[str, str | None]) -> None:
        self.model = model
        self.problems: dict[str, str] = {}
        self.atlas: Atlas | None = None
        self.scanned: Collection[str] = ()
        for name, path in named.items():
            if path is not None:
                try:
                    getattr(self, f"_take_{name}")(path)
                except ReverieError as error:
                    self.problems[name] = str(error)

    def _take_atlas(self, path: str) -> None:
        found = read_atlas(path)
        if difference(found.about.source, self.model.source):
            raise AtlasRefused(
                f"{path} is an atlas of {found.about.title}, not of {self.model.title} with these weights; name "
                "another --atlas, or its network with --model"
            )
        self.atlas = found
        self.scanned = () if found.scan is None else tuple(found.scan.about.layers)

    def _take_scan(self, path: str) -> None:
        self.scanned = ()
        found = scan_in(path)
        if difference(found.about.model, self.model.source):
            raise ScanRefused(
                f"{path} was scanned with another network than {self.model.title} with these weights; name another "
                "--scan, or its network with --model"
            )
        self.scanned = tuple(found.about.layers)
