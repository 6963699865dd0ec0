"""Aligned: the pictures of a batch share their low frequencies with their neighbours, so that they can be compared.

Source: Mordvintsev et al. 2018, "Differentiable Image Parameterizations", section on aligned interpolation; differs:
the shared part is a weighted mean over the batch of each picture's own low frequencies.
"""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from reverie.image import Size
from reverie.parameterizations.fourier import Fourier
from reverie.parameterizations.parameterization import Parameterization, Shape
from reverie.randomness import Generators
from reverie.settings.part_types import typed


@dataclass(frozen=True)
@typed
class Aligned(Parameterization):
    """Fourier features [N,C,H,K,2] whose low frequencies are blended along the batch.

    Attributes:
        below: highest frequency that is shared, in cycles per picture.
        reach: deviation of the blend's weights, in places of the batch.
        inner: the features.
    """

    below: float = 6.0
    reach: float = 2.0
    inner: Fourier = field(default_factory=Fourier)

    @property
    def couples(self) -> bool:
        """Yes: each picture holds some of its neighbours'."""
        return True

    def init(self, shape: Shape, generators: Generators) -> Tensor:
        """Those of the inner one."""
        return self.inner.init(shape, generators)

    def decode(self, latents: Tensor, size: Size) -> Tensor:
        """Low frequencies blended, then the inner picture."""
        return self.inner.decode(self._blended(latents, size, self._weights(latents)), size)

    def encode(self, image: Tensor) -> Tensor:
        """Exact where the pictures' low frequencies are such a blend, as those of one photo are; else the nearest."""
        size = int(image.shape[-2]), int(image.shape[-1])
        latents = self.inner.encode(image)
        return self._blended(latents, size, torch.linalg.pinv(self._weights(latents), rtol=1e-3))

    def _weights(self, latents: Tensor) -> Tensor:
        """[N,N], each row's share of each other."""
        at = torch.arange(len(latents), device=latents.device, dtype=latents.dtype)
        return (-0.5 * ((at[:, None] - at[None]) / self.reach).square()).softmax(1)

    def _blended(self, latents: Tensor, size: Size, weights: Tensor) -> Tensor:
        height, width = size
        rows = (torch.fft.fftfreq(height) * height)[:, None]
        columns = torch.fft.rfftfreq(width)[None, : latents.shape[-2]] * width
        low = torch.hypot(rows, columns) <= self.below
        shared = torch.einsum("ij,j...->i...", weights, latents)
        return torch.where(low.to(latents.device)[..., None], shared, latents)


BY_NAME = {"aligned": Aligned()}
