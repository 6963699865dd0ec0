"""What a map has read of its photos so far."""

from dataclasses import dataclass, field

import numpy as np

from reverie.dataset.embeddings import Embedded
from reverie.dataset.photo_sets import PhotoSet
from reverie.dataset.projection import directions
from reverie.imagemap.sprites import SpriteSheets


@dataclass(eq=False)
class Read:
    """What was read of a set.

    Attributes:
        sheets: the thumbnails.
        indices: of the photos that could be read.
        embeddings: of each batch [n,C].
        failures: (index, what was wrong) of the others.
    """

    found: PhotoSet
    sheets: SpriteSheets
    indices: list[int] = field(default_factory=list)
    embeddings: list[np.ndarray] = field(default_factory=list)
    failures: list[tuple[int, str]] = field(default_factory=list)

    def add(self, part: Embedded) -> None:
        """Takes a batch in."""
        self.indices += part.indices
        self.embeddings.append(part.embeddings)
        self.failures += part.failures
        for thumbnail in part.thumbnails:
            self.sheets.add(thumbnail)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the photos that could be read."""
        return tuple(self.found.names[index] for index in self.indices)

    @property
    def classes(self) -> tuple[str | None, ...]:
        """Their classes, by the folders they lie in."""
        return tuple(self.found.kind(index) for index in self.indices)

    @property
    def failed(self) -> tuple[tuple[str, str], ...]:
        """Names of the others, each with what was wrong."""
        return tuple((self.found.names[index], reason) for index, reason in self.failures)

    @property
    def vectors(self) -> np.ndarray:
        """The directions of all photos that could be read, float16, as a map keeps them.

        All of them: in principal components of older photos, newer ones unlike these would seem near to everything.
        """
        return directions(np.concatenate(self.embeddings)).astype(np.float16)
