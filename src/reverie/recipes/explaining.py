"""Explanations of a photo: what in it excites a unit."""

import torch
from torch import Tensor

from reverie.attribution import Attribution, Explanation, Settings, method_named
from reverie.errors import InvalidSetting, ReverieError, UnsuitableImage
from reverie.image import Photo, Size
from reverie.models.classes import no_layer
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.recipes.framing import check_position, native_photo
from reverie.recipes.origins import recorded
from reverie.settings.explain import Explain
from reverie.unit import Unit


@recorded(Explain, run=Attribution)
def explain(model: Model, asked: Explain) -> Explanation:
    """Shows where in a photo a network sees a unit, by one or several methods of attribution.

    Raises:
        UnsuitableImage: a photo that cannot be read, or too small for the network.
        UnknownName: no such layer, channel, class or method.
        InvalidSetting: a number out of range, or settings that do not go together.
    """
    settings = Settings(asked.layer, asked.samples, asked.noise, asked.baseline, asked.window, asked.stride, asked.seed)
    names = [asked.method] if isinstance(asked.method, str) else list(asked.method)
    if not names or len(set(names)) < len(names):
        raise InvalidSetting("name each method once, and at least one; such as --method gradient --method grad-cam")
    methods = tuple(method_named(name, settings) for name in names)
    image = _shown(model, asked.photo, asked.size)
    target = _target(model, image, asked.unit)
    check_position(model, target, (int(image.shape[-2]), int(image.shape[-1])))
    return Explanation(image, target, methods, asked.show, asked.opacity, model.label(target), asked.control)


def _shown(model: Model, photo: Photo, size: int | str | Size | None) -> Tensor:
    """The photo as the network is asked about it."""
    picture = native_photo(model, photo, size)
    full = int(picture.shape[-2]), int(picture.shape[-1])
    smallest = model.smallest_side(["logits"]) if min(full) < min(model.size) else 1
    if min(full) < smallest:
        raise UnsuitableImage(
            f"{model.name} does not run on {full[0]}x{full[1]}: the smallest side is {smallest}; give a larger --size"
        )
    return picture


def _target(model: Model, image: Tensor, unit: str | Unit | None) -> Unit:
    """The unit that is named, or the class that the network thinks likeliest."""
    if unit is None:
        with torch.no_grad():
            logits = probe(model, image, ["logits"])["logits"]
        return Unit("logits", (int(logits.mean((0, 2, 3)).argmax()),))
    units = _named(model, unit)
    if len(units) > 1:
        raise InvalidSetting(f"'{unit}' names {len(units)} units; explain one, or join channels as in block8:0+1")
    return units[0]


def _named(model: Model, unit: str | Unit) -> tuple[Unit, ...]:
    """The units of a text; of one that is no unit the class of this name or number."""
    try:
        return model.units(unit)
    except ReverieError:
        if not isinstance(unit, str) or ":" in unit:
            raise
        with no_layer(unit, model.name):
            return model.units(Unit("logits", (int(unit) if unit.isdigit() else unit.strip(),)))
