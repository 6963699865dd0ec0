"""Parameterization: latents that decode into a picture."""

from typing import Any, Protocol, runtime_checkable

from torch import Tensor

from reverie.image import Size
from reverie.plugins import Table, named
from reverie.randomness import Generators

Shape = tuple[int, int, int]  # channels, height, width


@runtime_checkable
class Parameterization(Protocol):
    """Settings only, no state. Classes that inherit from it need to say only what differs from these defaults."""

    @property
    def bounded(self) -> bool:
        """Whether every latent decodes into [0,1]; else the recipe needs a constraint."""
        return True

    @property
    def photos(self) -> str:
        """How `encode` holds a picture: `exact`, `fitted` or `none`.

        `fitted` is by descent, near the picture, of latents that mean the same at any size; `none` starts from noise
        and keeps to one size.
        """
        return "exact"

    @property
    def planar(self) -> bool:
        """Whether the latents' second axis is the picture's channels, each one's by itself."""
        return True

    @property
    def gridded(self) -> bool:
        """Whether each latent belongs to one pixel, so that a gradient may be blurred."""
        return False

    @property
    def couples(self) -> bool:
        """Whether the pictures of a batch depend on each other, so that it must not be split."""
        return False

    def init(self, shape: Shape, generators: Generators) -> Tensor:
        """Latents of a faint random picture, one per generator."""
        ...

    def decode(self, latents: Tensor, size: Size) -> Tensor:
        """The picture [N,C,H,W]."""
        ...

    def encode(self, image: Tensor) -> Tensor:
        """Latents that decode into this picture [N,C,H,W] in [0,1]."""
        ...


def parameterization_of(found: Any) -> Parameterization | None:
    """A parameterization, or one of the class of one, which is called without arguments; None of anything else."""
    made: Parameterization = found() if isinstance(found, type) else found
    return made if all(callable(getattr(made, name, None)) for name in ("init", "decode", "encode")) else None


MADE_OF: Table[Parameterization] = Table(
    "parameterizations", lambda: named("reverie.parameterizations"), parameterization_of
)
