"""Class activation maps: a layer's channels, weighted by what they do for the unit."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from reverie.attribution.gradients import EDGES, Rectified, rule_notes
from reverie.attribution.method import Estimate, Making, chunks, responses
from reverie.errors import InvalidSetting
from reverie.image import Size
from reverie.models.feature_maps import module_name
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.objectives import Objective

COARSE = "as coarse as its layer's grid, here {grid}; what lies between is interpolated"


def layer_slope(model: Model, image: Tensor, objective: Objective, layer: str) -> tuple[Tensor, Tensor]:
    """A layer's activation and the gradient of the score with respect to it, [1,K,h,w] each.

    Raises:
        InvalidSetting: the layer does not lead to the unit.
    """
    leaves: list[Tensor] = []
    image = model.shown(image, objective.layers)

    def cut(value: Tensor) -> Tensor:
        leaves.append(value.detach().clone().requires_grad_())
        return leaves[-1].clone()  # what follows may write in place

    with torch.enable_grad():
        score = objective.score(probe(model, image, objective.layers, instead={layer: cut}))
        if not leaves or not score.requires_grad:
            raise _Unrelated(model, objective, layer)
        (gradient,) = torch.autograd.grad(score.sum(), leaves[-1], allow_unused=True)
    if gradient is None:
        raise _Unrelated(model, objective, layer)
    size, form = (int(image.shape[-2]), int(image.shape[-1])), model.form(layer)
    return form.grid(leaves[-1].detach(), size).float(), form.grid(gradient, size).float()


class _Unrelated(InvalidSetting):
    def __init__(self, model: Model, objective: Objective, layer: str) -> None:
        super().__init__(
            f"'{layer}' of {model.name} does not lead to {', '.join(objective.layers)} as one map; "
            "name an earlier --layer, such as a whole block"
        )


def _grad_cam(value: Tensor, gradient: Tensor) -> Tensor:
    return gradient.mean((2, 3), keepdim=True) * value


def _grad_cam_plus(value: Tensor, gradient: Tensor) -> Tensor:
    square, cube = gradient.square(), gradient.pow(3)
    below = 2 * square + value.sum((2, 3), keepdim=True) * cube
    alpha = torch.where(below != 0, square / torch.where(below != 0, below, 1), 0)
    return (alpha * gradient.clamp_min(0)).sum((2, 3), keepdim=True) * value


def _layer_cam(value: Tensor, gradient: Tensor) -> Tensor:
    return gradient.clamp_min(0) * value


@dataclass(frozen=True)
class Weighting:
    """How a map follows from a layer's activation and gradient.

    Attributes:
        parts: (activation, gradient), each [1,K,h,w], to what is summed over K.
    """

    name: str
    source: str
    parts: Callable[[Tensor, Tensor], Tensor]


WEIGHTINGS: Mapping[str, Weighting] = {
    item.name: item
    for item in (
        Weighting("grad-cam", "Selvaraju et al. 2017, equations 1 and 2", _grad_cam),
        Weighting(
            "grad-cam++", "Chattopadhay et al. 2018, equations 10 and 19, the exponential left out", _grad_cam_plus
        ),
        Weighting("layer-cam", "Jiang et al. 2021, equations 4 to 6", _layer_cam),
    )
}


@dataclass(frozen=True)
class ClassActivation:
    """Grad-CAM and those like it; differs from the papers: signed, the last rectification is left to the overlay.

    Attributes:
        name: one of WEIGHTINGS.
        layer: whose channels are weighted; the last one with a grid unless given.
    """

    name: str = "grad-cam"
    layer: str | None = None
    asks: ClassVar[str] = "logit"
    caveat: ClassVar[str] = "as coarse as its layer's grid; what lies between is interpolated"

    def estimates(self, model: Model, image: Tensor, objective: Objective) -> Iterator[Estimate]:
        """The only one."""
        layer = cam_layer(model, image, objective, self.layer)
        found = WEIGHTINGS[self.name].parts(*layer_slope(model, image, objective, layer)).sum(1)
        yield Estimate.of(
            enlarged(found, image)[0], facts=_layer_facts(layer, found), notes=_layer_notes(model, layer, found)
        )


@dataclass(frozen=True)
class GuidedGradCam:
    """Guided backpropagation where Grad-CAM is positive. Source: Selvaraju et al. 2017, section 3.2."""

    layer: str | None = None
    name: ClassVar[str] = "guided-grad-cam"
    asks: ClassVar[str] = "logit"
    caveat: ClassVar[str] = EDGES

    def estimates(self, model: Model, image: Tensor, objective: Objective) -> Iterator[Estimate]:
        """The only one."""
        layer = cam_layer(model, image, objective, self.layer)
        found = _grad_cam(*layer_slope(model, image, objective, layer)).sum(1)
        guided, caught = Rectified().slope(model, image, objective)
        made = guided[0] * enlarged(found.clamp_min(0), image)
        facts = {**_layer_facts(layer, found), "rectifiers": dict(caught)}
        yield Estimate.of(made, facts=facts, notes=(*_layer_notes(model, layer, found), *rule_notes(caught)))


@dataclass(frozen=True)
class ScoreCam:
    """A layer's channels, each weighted by the score of the photo seen through it.

    Source: Wang et al. 2020, algorithm 1; differs: channels that are flat are left out.
    """

    layer: str | None = None
    name: ClassVar[str] = "score-cam"
    asks: ClassVar[str] = "logit"
    caveat: ClassVar[str] = "photos darkened by masks are unlike what the network was taught on"

    def estimates(self, model: Model, image: Tensor, objective: Objective) -> Iterator[Estimate]:
        """One for each batch of channels, the strongest channels first."""
        layer = cam_layer(model, image, objective, self.layer)
        with torch.no_grad():
            value = probe(model, image, [layer])[layer][0]
        spans = value.amax((1, 2)) - value.amin((1, 2))
        order = [index for index in value.amax((1, 2)).argsort(descending=True).tolist() if spans[index] > 0]
        if not order:
            raise InvalidSetting(f"every channel of '{layer}' is flat on this photo; name another --layer")
        size = int(image.shape[-2]), int(image.shape[-1])
        gains: list[float] = []
        dark = float(responses(model, torch.zeros_like(image), objective))
        for rows in chunks(len(order), model.together(size)):
            maps = enlarged(value[order[rows.start : rows.stop]], image)
            low, high = maps.amin((1, 2), keepdim=True), maps.amax((1, 2), keepdim=True)
            gains += (responses(model, image * ((maps - low) / (high - low))[:, None], objective) - dark).tolist()
            found = (torch.tensor(gains).softmax(0).to(value).view(-1, 1, 1) * value[order[: rows.stop]]).sum(0)
            yield Estimate.of(
                enlarged(found[None], image)[0],
                rows.stop,
                len(order),
                _layer_facts(layer, found),
                _layer_notes(model, layer, found),
            )


def enlarged(maps: Tensor, image: Tensor) -> Tensor:
    """Maps [N,h,w] at a picture's height and width, bilinear.

    Raises:
        InvalidSetting: maps of a single position, which say nothing of where.
    """
    if maps.shape[-2:] == (1, 1):
        raise InvalidSetting(
            "the layer has one position on this picture; name one with rows and columns, or a larger size"
        )
    return functional.interpolate(maps[:, None], image.shape[-2:], mode="bilinear", align_corners=False)[:, 0]


def _layer_facts(layer: str, maps: Tensor) -> dict[str, object]:
    return {"layer": layer, "grid": [int(side) for side in maps.shape[-2:]]}


def _layer_notes(model: Model, layer: str, maps: Tensor) -> tuple[str, ...]:
    tokens = ", of the tokens of its patches" if model.form(layer).axes in ("NTC", "TNC", "NHTC") else ""
    return (f"of '{layer}', whose grid here is {maps.shape[-2]}x{maps.shape[-1]}{tokens}",)


def cam_layer(model: Model, image: Tensor, objective: Objective, given: str | None) -> str:
    """The layer that is named, or the last one with a grid: of a class before its head, of a unit before its block.

    A layer without a gradient on its grid, such as a transformer's last one, is passed over.

    Raises:
        UnknownName: no layer of this name.
        InvalidSetting: none that suits, so one must be named.
    """
    if given is not None:
        return model.layer(given).name
    listed = list(model.layers)
    ends = {_block(layer) for layer in objective.layers}
    first = min([number for number, name in enumerate(listed) if _block(name) in ends], default=len(listed))
    whole = objective.layers == ("logits",)  # blocks inside blocks are candidates only where nothing runs beside them
    for name in reversed(listed[:first]):
        if _has_grid(model.layers[name].size) and (whole or "." not in name) and not _within_attention(model, name):
            with contextlib.suppress(_Unrelated):
                if bool(layer_slope(model, image, objective, name)[1].any()):
                    return name
    raise InvalidSetting(
        f"no layer of {model.name} with rows and columns leads to {', '.join(objective.layers)} by itself; "
        f"name one with --layer, and list them with 'reverie layers {model.name}'"
    )


def _within_attention(model: Model, layer: str) -> bool:
    """Whether a layer's tokens are queries, keys or values: what an attention works with, not what a block hands on."""
    form, parts = model.form(layer), module_name(layer).split(".")
    if form.axes not in ("NTC", "TNC", "NHTC"):
        return False
    owners = [model.variants.plain.get_submodule(".".join(parts[:depth])) for depth in range(1, len(parts))]
    return form.axes == "NHTC" or any("attention" in name or "attn" in name for name in _kinds(owners))


def _kinds(parts: Sequence[nn.Module]) -> list[str]:
    return [type(part).__name__.lower() for part in parts]


def _block(layer: str) -> str:
    """The network's own part that a layer lies in."""
    return layer.split(".")[0].split("~")[0].split("@")[0]


def _has_grid(size: Size | None) -> bool:
    return size is not None and max(size) > 1


BY_NAME: Mapping[str, Making] = {
    "guided-grad-cam": lambda given: GuidedGradCam(given.layer),
    "grad-cam": lambda given: ClassActivation("grad-cam", given.layer),
    "grad-cam++": lambda given: ClassActivation("grad-cam++", given.layer),
    "layer-cam": lambda given: ClassActivation("layer-cam", given.layer),
    "score-cam": lambda given: ScoreCam(given.layer),
}
