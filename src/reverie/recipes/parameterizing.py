"""What a picture is made of, from plain arguments."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from reverie.errors import InvalidSetting, UnsuitableImage
from reverie.image import Photo, read_mask, resize
from reverie.parameterizations import Alpha, Maco, Masked, Parameterization, Spectrum, latent
from reverie.parameterizations.latents import GENERATOR
from reverie.parameterizations.parameterization import MADE_OF, parameterization_of
from reverie.settings.fields import MATERIALS

SKEWED = 0.02  # how far a mask's aspect may lie from its photo's: a pixel more or less is rounding


def made_of(name: str | Parameterization) -> Parameterization:
    """The parameterization of this name, or one that is given itself.

    Raises:
        UnknownName: there is none.
        InvalidSetting: the bundled generator, in a preset.
    """
    if not isinstance(name, str):
        return name
    if name == GENERATOR:
        raise InvalidSetting("a preset cannot hold the generator; say --parameterization generator beside it")
    MATERIALS.check(name)
    return MADE_OF[name]


def decoded(given: Any, device: torch.device, *, alpha: bool) -> str | Parameterization:
    """A parameterization itself, or a decoder, the factory of one, or the bundled one's name as one; a name as it is.

    Args:
        alpha: whether the recipe's pictures may have an opacity.

    Raises:
        InvalidSetting: none of them, or one with an opacity where there may be none.
    """
    if isinstance(given, nn.Module) or (isinstance(given, str) and (":" in given or given == GENERATOR)):
        return latent(given, device)
    found = given if isinstance(given, str) else parameterization_of(given)
    if found is None:
        raise InvalidSetting(
            f"{given!r:.60} is no parameterization; give one such as Fourier(), a decoder, or a name: {MATERIALS}"
        )
    if isinstance(found, Alpha) and not alpha:
        raise InvalidSetting(f"an opacity goes with features only; give {found.inner!r} without Alpha")
    return found


def with_spectrum(part: Parameterization, spectrum: Spectrum | None) -> Parameterization:
    """The parameterization with other magnitudes.

    Raises:
        InvalidSetting: it has none, or was given others.
    """
    if spectrum is None:
        return part
    if not isinstance(part, Maco):
        raise InvalidSetting("a spectrum goes with MACO only; say --parameterization maco, or --preset maco")
    if part.spectrum not in (None, spectrum):
        raise InvalidSetting("the parameterization Maco has a spectrum already; leave out --spectrum, or say Maco()")
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
