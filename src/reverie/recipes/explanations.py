"""Explanations of a photo: what in it excites a unit."""

from collections.abc import Sequence

import torch
from torch import Tensor

from reverie.attribution import Inquiry, Settings, method_named
from reverie.errors import InvalidSetting, ReverieError, UnknownName, UnsuitableImage, check
from reverie.figures.overlay import check_show
from reverie.image import Photo, Size
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.recipes.arguments import check_position, native_photo, recorded
from reverie.unit import Unit


@recorded
def explain(
    model: Model,
    photo: Photo,
    unit: str | Unit | None = None,
    *,
    method: str | Sequence[str] = "gradient",
    layer: str | None = None,
    samples: int | None = None,
    noise: float = 0.15,
    baseline: str | None = None,
    window: int | None = None,
    stride: int | None = None,
    show: str = "auto",
    opacity: float = 0.8,
    control: bool = False,
    size: int | str | Size | None = None,
    seed: int = 0,
) -> Inquiry:
    """Shows where in a photo a network sees a unit, by one or several methods of attribution.

    Args:
        photo: a file, `sample:flower`, `sample:china`, a picture, array or tensor.
        unit: what to explain: a class by its name, logits:daisy, block8:12; the network's top class unless given.
        method: how to attribute: gradient, guided-backprop, grad-cam, occlusion ...; an unknown one lists all.
        layer: of the class activation maps; the last one with rows and columns unless given.
        samples: noisy copies (50), points of a path (50) or masks of rise (4000).
        noise: of smoothgrad and vargrad, a share of the photo's range.
        baseline: what a photo is compared with or covered by: black, white, grey, mean or blur; automatic.
        window: side of what occlusion covers, in pixels; a seventh of the short side unless given.
        stride: between windows, in pixels; half a window unless given.
        show: overlay, map (alone) or signed (gradients round grey, maps blue to red); automatic.
        opacity: of an overlay's strongest colour, 0 to 1.
        control: put the same map of random weights and curves of deletion and insertion beside each.
        size: the long side, or HEIGHTxWIDTH, to show the network; brings the short side to its native one unless given.
        seed: of all chances.

    Raises:
        UnsuitableImage: a photo that cannot be read, or too small for the network.
        UnknownName: no such layer, channel, class or method.
        InvalidSetting: a number out of range, or settings that do not go together.
    """
    if show != "auto":
        check_show(show)
    check("opacity", opacity, 0, 1)
    settings = Settings(layer, samples, noise, baseline, window, stride, seed)
    names = [method] if isinstance(method, str) else list(method)
    if not names or len(set(names)) < len(names):
        raise InvalidSetting("name each method once, and at least one; such as --method gradient --method grad-cam")
    methods = tuple(method_named(name, settings) for name in names)
    image = _shown(model, photo, size)
    target = _target(model, image, unit)
    check_position(model, target, (int(image.shape[-2]), int(image.shape[-1])))
    return Inquiry(image, target, methods, show, opacity, model.label(target), control)


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
        try:
            return model.units(Unit("logits", (int(unit) if unit.isdigit() else unit.strip(),)))
        except UnknownName as error:
            raise UnknownName(f"'{unit}' is no layer of {model.name}, and {error}") from None
