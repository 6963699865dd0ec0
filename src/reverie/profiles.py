"""Colour profiles: pictures of any RGB, grey or CMYK brought to sRGB, and sRGB's own profile for what is written."""

import io
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any, cast

import numpy as np
from PIL import Image, ImageCms

ALIKE = 2  # of 255: two profiles that differ less are the same one, written by different makers
LEVELS = 9  # along each side of the cube of colours in which profiles are compared

Conversion = Callable[[Image.Image], Image.Image]


@cache
def srgb() -> bytes:
    """The ICC profile of sRGB, of the same bits each time."""
    content = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    content[24:36] = bytes(12)  # when it was made
    return bytes(content)


def in_srgb(picture: Image.Image) -> Image.Image:
    """The picture as RGB or RGBA in sRGB, for which its numbers are taken without a profile that can be read."""
    picture.load()
    seen = "RGBA" if picture.has_transparency_data else "RGB"
    profile = picture.info.get("icc_profile")
    space = _space(profile) if isinstance(profile, bytes) and profile else None
    if space == "CMYK" and picture.mode == "CMYK":
        turn = _transform(profile, "CMYK")
        return picture.convert("RGB") if turn is None else turn(picture)
    if space == "GRAY" and picture.mode in ("1", "L", "LA", "La"):
        curve = (255 * grey_curve(profile) + 0.5).astype(int).tolist()
        return picture.convert(seen).point([*curve * 3, *range(256)][: 256 * len(seen)])
    found = picture if picture.mode == seen else picture.convert(seen)
    turn = _transform(profile, seen) if space == "RGB" and picture.mode != "CMYK" else None
    return found if turn is None else turn(found)


@lru_cache(8)
def grey_curve(profile: bytes | None) -> np.ndarray:
    """What sRGB's greys are for 256 greys of a profile, in [0,1]; the same ones without a profile of greys."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    turn = _transform(profile, "L") if profile and _space(profile) == "GRAY" else None
    greys = np.asarray(ramp if turn is None else turn(ramp).getchannel(0), np.float64)[0]
    return np.asarray(greys / 255)


@lru_cache(8)
def _space(profile: bytes) -> str | None:
    """What a profile's numbers are: RGB, GRAY, CMYK ...; None of one that is damaged."""
    try:
        return str(ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile.xcolor_space).strip()
    except (OSError, ImageCms.PyCMSError, ValueError, TypeError):
        return None


@lru_cache(8)
def _transform(profile: bytes, mode: str) -> Conversion | None:
    """What brings pictures of a mode from a profile to sRGB; None where that changes too little, or cannot be."""
    target = mode if mode == "RGBA" else "RGB"
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        built: Any = ImageCms.buildTransform(
            source, ImageCms.createProfile("sRGB"), mode, target, ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )  # fmt: skip
    except (OSError, ImageCms.PyCMSError, ValueError, TypeError):
        return None
    if target == mode:
        cube = np.stack(np.meshgrid(*[np.linspace(0, 255, LEVELS)] * 3), -1).reshape(1, -1, 3).astype(np.uint8)
        before = Image.fromarray(cube).convert(mode)
        after = np.asarray(built.apply(before), int) - np.asarray(before, int)
        if np.abs(after).max() <= ALIKE:
            return None
    return cast("Conversion", built.apply)
