"""The layers by which style and content are told apart, and what each weighs."""

from collections.abc import Callable, Sequence

from reverie.errors import InvalidSetting
from reverie.models.model import Model
from reverie.recipes.depth import outermost
from reverie.recipes.terms import weighted

BUNDLED = ("stem.0", "stem", "mixed3b", "mixed4b", "mixed5a"), "mixed4a"  # style and content of the bundled network
DEEPEST = 16  # stride of the deepest layer taken by itself


def weight_of(text: str | float) -> float:
    """A weight of one layer or of several."""
    try:
        weight = float(text)
    except ValueError:
        weight = -1.0
    if not 0 <= weight < float("inf"):
        raise InvalidSetting(f"'{text}' is no weight of a style; give a number of 0 or more")
    return weight


def style_layers(model: Model) -> list[str]:
    """The first layer of each size of grid that is neither a bare convolution, a norm nor a pooling."""
    if all(name in model.layers for name in BUNDLED[0]):
        return list(BUNDLED[0])
    return [names[0] for names in _by_stride(model)]


def content_layers(model: Model) -> list[str]:
    """The second such layer of the last but one size."""
    if BUNDLED[1] in model.layers:
        return [BUNDLED[1]]
    names = _by_stride(model)
    return names[max(0, len(names) - 2)][:2][-1:]


def _by_stride(model: Model) -> list[list[str]]:
    groups: dict[int, list[str]] = {}
    for layer in outermost(model):
        bare = layer.kind.startswith(("Conv2d", "BatchNorm")) or "pool" in (layer.kind + layer.name).lower()
        if layer.stride and max(layer.stride) <= DEEPEST and not bare:
            groups.setdefault(max(layer.stride), []).append(layer.name)
    if not groups:
        raise InvalidSetting(
            f"name layers of {model.name} with --layer and --content-layer; list them with 'reverie layers'"
        )
    return [groups[stride] for stride in sorted(groups)]


def layer_weights(
    model: Model, given: str | Sequence[str] | None, usual: Callable[[Model], list[str]]
) -> dict[str, float]:
    """The layers that are named, or the usual ones, and what each weighs."""
    texts = usual(model) if not given else [given] if isinstance(given, str) else given
    found = {}
    for text in texts:
        name, weight = weighted(text)
        found[model.layer(name).name] = weight
        if name == "logits":
            raise InvalidSetting("the logits have no positions; name another layer")
    if sum(found.values()) <= 0:
        raise InvalidSetting("the layers' weights add up to nothing; give at least one above 0")
    return {name: weight / sum(found.values()) for name, weight in found.items()}
