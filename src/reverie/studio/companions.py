"""Companions: files that the command line names beside the network, an atlas of it and a scan of photos."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from reverie.paths import path_named
from reverie.settings.studio import Studio


@dataclass(eq=False)
class Companions:
    """What is known of these files; whether they are this network's says the process that has it.

    Attributes:
        atlas, scan: the files; None where none is named.
        problems: by `atlas` and `scan`, in one sentence each, why a file is not used.
        scanned: the layers of which there are real patches.
        known: set once the process that has the network has looked at them.
    """

    atlas: Path | None = None
    scan: Path | None = None
    problems: dict[str, str] = field(default_factory=dict)
    scanned: Collection[str] = ()
    known: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def named(self) -> dict[str, str | None]:
        """The files as they are told to the process that has the network."""
        files = {"atlas": self.atlas, "scan": self.scan}
        return {name: None if path is None else str(path) for name, path in files.items()}

    def heard(self, problems: dict[str, str], scanned: Collection[str]) -> None:
        """Notes what has been found out."""
        self.problems, self.scanned = problems, scanned
        self.known.set()

    def patches_of(self, unit: str) -> str | None:
        """The file that holds real patches of a unit; None where none does."""
        layer = unit.partition(":")[0].strip()
        file = self.atlas if self.scan is None else self.scan
        return str(file) if file is not None and layer in self.scanned else None


def companions_of(asked: Studio) -> Companions:
    """The files that the command line names."""
    atlas, scan = (None if name is None else path_named(name).absolute() for name in (asked.atlas, asked.scan))
    return Companions(atlas, scan)
