"""Latent: the picture is what a generator paints from a few numbers."""

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from reverie.errors import InvalidSetting
from reverie.image import Size, resize
from reverie.models.bundled.generator import bundled_generator
from reverie.models.factories import built
from reverie.models.integrity import weights_digest
from reverie.parameterizations.fitting import fitted
from reverie.parameterizations.parameterization import Parameterization, Shape
from reverie.randomness import Generators, normal
from reverie.settings.part_types import typed

GENERATOR = "generator"  # the one that comes with the package
BEYOND = 1.0  # of the usual length sqrt(D) of a latent: farther out a generator has painted nothing in training


@dataclass(frozen=True, eq=False)
@typed
class Latent(Parameterization):
    """Latents [N,D] that a decoder turns into pictures [N,C,h,w] in [0,1], brought to the size that is asked for.

    Attributes:
        decoder: a frozen module in evaluation mode.
        count: D.
        channels: C.
        source: the decoder as a record names it.
    """

    decoder: nn.Module
    count: int
    channels: int = 3
    source: Mapping[str, Any] = field(default_factory=dict)

    @property
    def photos(self) -> str:
        """How it holds a photo: by descent, as the nearest picture that the decoder can paint."""
        return "fitted"

    @property
    def planar(self) -> bool:
        """No: all channels come from the same numbers."""
        return False

    def init(self, shape: Shape, generators: Generators) -> Tensor:
        """Standard normal, as in a generator's training."""
        del shape
        return normal((self.count,), generators)

    def decode(self, latents: Tensor, size: Size) -> Tensor:
        """What the decoder paints; a latent beyond its reach is drawn back to it."""
        length = latents.norm(dim=1, keepdim=True) / (self.count**0.5 + BEYOND)
        return resize(self.decoder(latents / length.clamp_min(1)), size).clamp(0, 1)

    def encode(self, image: Tensor) -> Tensor:
        """The latents whose pictures lie nearest, by descent from the middle."""
        return fitted(self, image, torch.zeros(len(image), self.count, device=image.device))


def latent(decoder: str | nn.Module, device: torch.device) -> Latent:
    """A decoder's latents as a parameterization.

    Args:
        decoder: `generator`, the one that comes with the package; a module, of which a copy is used; or a factory of
            one as `path/to/file.py:function`. Its attribute `latent` is the number of its latents, else what its first
            linear layer takes.

    Raises:
        WeightsUnavailable: the package's own is damaged.
        UnknownName: no such factory.
        InvalidSetting: the number of latents is not to be found, or the decoder paints no pictures in [0,1].
    """
    if decoder == GENERATOR:
        decoder, source = bundled_generator(), {"decoder": GENERATOR, "code_sha256": None}
    elif isinstance(decoder, str):
        decoder, _, made = built(decoder)
        source = {"decoder": made["name"], "code_sha256": made["code_sha256"]}
    else:
        decoder = copy.deepcopy(decoder)
        source = {"decoder": type(decoder).__name__, "code_sha256": None}
    first = next((part.in_features for part in decoder.modules() if isinstance(part, nn.Linear)), None)
    count = getattr(decoder, "latent", first)
    name = type(decoder).__name__
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise InvalidSetting(f"how many latents does {name} take? Give it an attribute `latent`, a whole number")
    ready = decoder.to(device).eval().requires_grad_(False)
    try:
        with torch.no_grad():
            picture = ready(torch.zeros(2, count, device=device))
    except (RuntimeError, ValueError, TypeError, IndexError) as error:
        raise InvalidSetting(f"{name} does not take latents [2,{count}] ({str(error).splitlines()[0]})") from error
    if not isinstance(picture, Tensor) or picture.ndim != 4 or len(picture) != 2:
        raise InvalidSetting(f"{name} must return pictures [N,C,H,W]; end it with a view")
    if float(picture.min()) < 0 or float(picture.max()) > 1:
        raise InvalidSetting(f"{name} paints outside [0,1]; end it with a sigmoid, or (x + 1) / 2 after a tanh")
    return Latent(ready, count, picture.shape[1], {**source, "weights_sha256": weights_digest(ready)})
