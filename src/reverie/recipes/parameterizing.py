"""What a picture is made of, from plain arguments."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from reverie.errors import InvalidSetting, UnsuitableImage
from reverie.image import Photo, photos_in, read_mask, resize
from reverie.parameterizations import (
    Alpha,
    Latent,
    Maco,
    Masked,
    Parameterization,
    Spectrum,
    latent,
    spectrum_of,
)
from reverie.parameterizations.latents import GENERATOR
from reverie.parameterizations.spectrum import parse_spectrum
from reverie.plugins import Table, named
from reverie.settings.fields import MATERIALS


def _part(found: Any) -> Parameterization | None:
    """A plugin's parameterization, or the class of one, which is called without arguments."""
    part: Parameterization = found() if isinstance(found, type) else found
    return part if all(callable(getattr(part, name, None)) for name in ("init", "decode", "encode")) else None


MADE_OF: Table[Parameterization] = Table("parameterizations", lambda: named("reverie.parameterizations"), _part)
SKEWED = 0.02  # how far a mask's aspect may lie from its photo's: a pixel more or less is rounding


def made_of(name: str | Latent) -> Parameterization:
    """The parameterization of this name, or a decoder's latents.

    Raises:
        UnknownName: there is none.
        InvalidSetting: the bundled generator, in a preset.
    """
    if isinstance(name, Latent):
        return name
    if name == GENERATOR:
        raise InvalidSetting("a preset cannot hold the generator; say --parameterization generator beside it")
    MATERIALS.check(name)
    return MADE_OF[name]


def decoded(name: Any, device: torch.device) -> Any:
    """A decoder, the factory of one, or the bundled one's name as a parameterization; other names as they are."""
    factory = isinstance(name, str) and (":" in name or name == GENERATOR)
    return latent(name, device) if factory or isinstance(name, nn.Module) else name


def measured(photos: "str | Path | Mapping[str, Any] | Spectrum | None") -> Spectrum | None:
    """The spectrum of a photo, of a folder of photos, or from a record's numbers.

    Raises:
        UnsuitableImage: a photo that cannot be read.
        InvalidSetting: other numbers.
    """
    if photos is None or isinstance(photos, Spectrum):
        return photos
    return parse_spectrum(photos) if isinstance(photos, Mapping) else spectrum_of(photos_in(str(photos)))


def with_spectrum(part: Parameterization, spectrum: Spectrum | None) -> Parameterization:
    """The parameterization with other magnitudes.

    Raises:
        InvalidSetting: it has none of its own.
    """
    if spectrum is None:
        return part
    if not isinstance(part, Maco):
        raise InvalidSetting("a spectrum goes with MACO only; say --parameterization maco, or --preset maco")
    return replace(part, spectrum=spectrum)


def with_alpha(part: Parameterization, channels: int) -> Parameterization:
    """The parameterization with an opacity of its own.

    Raises:
        InvalidSetting: its latents have no channels of which one could be the opacity.
    """
    if not part.planar:
        allowed = ", ".join(name for name, item in MADE_OF.own.items() if item.planar)
        raise InvalidSetting(f"{type(part).__name__} has no opacity; --alpha optimised goes with {allowed}")
    return Alpha(part, channels)


def masked(inner: Parameterization, mask: Photo | None, photo: Tensor, *, same_shape: bool = True) -> Parameterization:
    """The parameterization confined to a mask, over a photo [1,C,H,W]; as it is where there is no mask.

    Args:
        same_shape: the mask must have the photo's aspect; else it is stretched to it.

    Raises:
        UnsuitableImage: a mask that cannot be read, is black all over, or has another aspect.
    """
    if mask is None:
        return inner
    found, (height, width) = read_mask(mask), photo.shape[-2:]
    tall, wide = found.shape[-2:]
    if same_shape and abs(tall * width / (wide * height) - 1) > SKEWED:
        raise UnsuitableImage(
            f"the mask is {wide}x{tall} and the picture {width}x{height}, another shape; give a mask of the same aspect"
        )
    return Masked(inner, resize(found, (height, width)).clamp(0, 1).to(photo.device), photo)
