"""Stored responses: what a layer returned, in a file of numbers."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from reverie.arrays import stored_array
from reverie.errors import InvalidSetting, UnsuitableImage
from reverie.image import Photo, Size
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.objectives.activation_terms import select
from reverie.paths import path_named
from reverie.unit import Unit


def is_stored(photo: Photo) -> bool:
    """Whether a photo's name is that of a stored response, FILE.npy."""
    return isinstance(photo, str | Path) and str(photo).lower().endswith(".npy")


def stored_response(model: Model, path: Path, unit: Unit, size: Size, *, pooled: bool = False) -> Tensor:
    """A stored response [c], [c,h,w] or [1,c,h,w] of a unit, as [1,c,h,w].

    Args:
        size: of the picture on which the unit returns so many values.
        pooled: one value for each channel.

    Raises:
        UnsuitableImage: no such file, or no array of finite floats.
        InvalidSetting: an array of another shape.
    """
    try:
        values = stored_array(path_named(path))
    except FileNotFoundError:
        raise UnsuitableImage(f"there is no file {path}; name a photo, or a stored response .npy") from None
    except (OSError, ValueError) as error:
        raise UnsuitableImage(f"{path} is not a stored array ({error}); write it with numpy.save") from None
    if not np.issubdtype(values.dtype, np.floating) or not np.isfinite(values).all():
        raise UnsuitableImage(f"{path} holds {values.dtype}, or values that are no numbers; allowed are finite floats")
    given = torch.from_numpy(np.atleast_1d(values).astype(np.float32)).to(model.device)
    given = given.view(1, -1, 1, 1) if given.ndim == 1 else given[None] if given.ndim == 3 else given
    with torch.no_grad():
        blank = torch.full((1, model.channels, *size), 0.5, device=model.device)
        shape = list(select(probe(model, blank, [unit.layer])[unit.layer], unit).shape)
    wanted = [*shape[:2], 1, 1] if pooled else shape
    if list(given.shape) != wanted:
        fits = given.shape[1] == shape[1]
        advice = "say --pooled for a vector of means, or name its --size" if fits else "name the layer it is from"
        raise InvalidSetting(
            f"{path.name} has the shape {list(values.shape)}, but '{unit}' returns {wanted[1:]} on a picture of "
            f"{size[0]}x{size[1]}; {advice}"
        )
    return given
