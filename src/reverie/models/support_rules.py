"""Rules: what each operator's outputs see of the picture, from what its inputs see."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_map

from reverie.models import operators
from reverie.models.extents import Taps, adapted, padded, resized, transposed, window
from reverie.models.reshaping import reshaped
from reverie.models.spans import Spans, beside, narrow, nothing, of_parts
from reverie.models.support import Call, Rule, Support, each, merged


def found(call: Call) -> Sequence[Support | None]:
    """What each output sees; None where that cannot be told. There may be more outputs than are told."""
    rule = _RULES.get(call.name)
    if rule is None and torch.Tag.pointwise in call.func.tags:
        rule = _pointwise
    if rule is None and call.name.startswith("_scaled_dot_product"):
        rule = _attention
    return rule(call) if rule is not None else [None]


def _pointwise(call: Call) -> list[Support | None]:
    made = call.first if len(call.inputs) == 1 else merged([support for _, support in call.inputs])
    axes = len(call.shape)
    made = each(made, lambda spans: spans.shaped(axes))
    for item in call.given.values():
        if isinstance(item, Tensor) and item.numel() > 1 and not any(item is value for value, _ in call.inputs):
            made = each(made, partial(_placed, constant=item))
    return [made]


def _placed(spans: Spans, constant: Tensor) -> Spans:
    """Together with numbers that are not of the picture: those that differ along the grid say where a number is."""
    shape = (1,) * (spans.place.ndim - constant.ndim) + tuple(constant.shape)
    along = any(here > 1 and there > 1 for here, there in zip(spans.place.shape, shape, strict=True))
    return replace(spans, bound=True) if along else spans


def _kept(call: Call) -> list[Support | None]:
    return [call.first]


def _copied(call: Call) -> list[Support | None]:
    axes = len(call.shape)
    return [each(call.of(call.given["src"]), lambda spans: spans.shaped(axes))]


def _made(call: Call) -> list[Support | None]:
    return [(nothing(len(call.shape)), nothing(len(call.shape)))]


def _reshaped(call: Call) -> list[Support | None]:
    if call.made[0].dtype != call.inputs[0][0].dtype:
        return [None]
    shape = call.inputs[0][0].shape
    return [each(call.first, lambda spans: spans.moved(lambda part: reshaped(part, shape, call.shape)))]


def _turned(call: Call) -> list[Support | None]:
    return [each(call.first, lambda spans: spans.moved(lambda part: call.func(part, *call.args[1:], **call.kwargs)))]


def _moved(call: Call) -> list[Support | None]:
    source, support = call.inputs[0]
    if len(call.inputs) > 1:
        return [None]  # chosen by the picture itself
    here = partial(tree_map, lambda item: item.cpu() if isinstance(item, Tensor) else item)

    def moved(part: Tensor) -> list[Tensor]:
        out = call.func(part.expand(source.shape), *here(call.args[1:]), **here(call.kwargs))
        return [narrow(item) for item in ([out] if isinstance(out, Tensor) else out)]

    sides = [[moved(part) for part in spans.parts] for spans in support]

    def output(at: int, side: int) -> Spans:
        return of_parts([part[at] for part in sides[side]], support[side])

    return [(output(at, 0), output(at, 1)) for at in range(len(call.made))]


def _beside(call: Call) -> list[Support | None]:
    tensors, more = call.given["tensors"], call.name == "stack"
    axis = int(call.given.get("dim", 0)) % len(call.shape)
    supports = [call.of(item) for item in tensors if item.numel()]
    if more:
        supports = [each(item, lambda spans: spans.moved(lambda part: part.unsqueeze(axis))) for item in supports]
    lengths = [1 if more else int(item.shape[axis]) for item in tensors if item.numel()]
    rows, columns = (beside([item[side] for item in supports], axis, lengths) for side in (0, 1))
    return [(rows, columns)]


def _through(support: Support, taps: Sequence[Taps]) -> Support:
    """After reading along the last axes."""
    for back, item in enumerate(reversed(taps), 1):
        support = each(support, lambda spans: spans.through(item, spans.first.ndim - back))  # noqa: B023
    return support


def _several(value: Any, axes: int, usual: int) -> list[int]:
    values = [usual] if value is None or value == [] else [value] if isinstance(value, int) else [*value]
    return values * axes if len(values) == 1 else values


def _convolved(call: Call) -> list[Support | None]:
    given, picture = call.given, call.given["input"]
    axes = picture.ndim - 2
    rows = [_several(given[name], axes, usual) for name, usual in (("stride", 1), ("padding", 0), ("dilation", 1))]
    sides = zip(picture.shape[2:], call.shape[2:], given["weight"].shape[2:], *rows, strict=True)
    kind = transposed if given["transposed"] else window
    support = each(call.of(picture), lambda spans: spans.grouped(1, given["groups"], call.shape[1]))
    support = _through(support, [kind(*map(int, side)) for side in sides])
    others = [each(item, _everywhere(len(call.shape))) for value, item in call.inputs if value is not picture]
    return [merged([support, *others])]


def _everywhere(axes: int) -> Callable[[Spans], Spans]:
    """Spans of weights that come from the picture: each has a say in all."""
    return lambda spans: spans.reduced(range(spans.first.ndim), keep=False).shaped(axes)


def _pooled(call: Call) -> list[Support | None]:
    picture, axes = call.inputs[0][0], next(int(sign) for sign in call.name if sign.isdigit())
    kernel = _several(call.given["kernel_size"], axes, 1)
    stride = _several(call.given.get("stride") or kernel, axes, 1)
    padding, dilation = (_several(call.given.get(key), axes, usual) for key, usual in (("padding", 0), ("dilation", 1)))
    sides = zip(picture.shape[-axes:], call.shape[-axes:], kernel, stride, padding, dilation, strict=True)
    taps = [window(*map(int, side)) for side in sides]
    return [_through(call.first, taps)] * len(call.made)


def _adapted(call: Call) -> list[Support | None]:
    sizes = zip(call.inputs[0][0].shape[-2:], call.shape[-2:], strict=True)
    return [_through(call.first, [adapted(int(before), int(after)) for before, after in sizes])] * len(call.made)


def _resized(call: Call) -> list[Support | None]:
    given, picture = call.given, call.inputs[0][0]
    aligned, axes, taps = bool(given.get("align_corners")), picture.ndim - 2, []
    factors = given.get("scale_factors")
    if factors is None:
        factors = [given.get(name) for name in (("scales_h", "scales_w") if axes == 2 else ("scales",))]
    for at in range(axes):
        length, out, factor = int(picture.shape[2 + at]), int(call.shape[2 + at]), factors[at]
        ratio = length / out if not factor else 1 / factor
        if aligned:
            ratio = (length - 1) / (out - 1) if out > 1 else 0.0
        taps.append(resized(length, out, call.name, ratio, aligned))
    return [_through(call.first, taps)]


def _padded(call: Call) -> list[Support | None]:
    picture, amounts = call.inputs[0][0], call.given.get("pad", call.given.get("padding"))
    support, beyond = call.first, operators.PADDED[call.name]
    for number, before in enumerate((amounts or [])[::2]):
        axis = picture.ndim - 1 - number
        taps = padded(int(picture.shape[axis]), int(call.shape[axis]), int(before), beyond)
        support = each(support, lambda spans: spans.through(taps, axis))  # noqa: B023
    return [support]


def _normed(call: Call) -> list[Support | None]:
    own = call.given.get("running_mean") is None or call.given.get("training", call.given.get("use_input_stats"))
    axes = [axis for axis in range(len(call.shape)) if axis != 1]
    return [each(call.first, lambda spans: spans.reduced(axes, keep=True)) if own else call.first]


def _reduced(call: Call) -> list[Support | None]:
    axes, keep = call.axes(call.given.get("dim")), bool(call.given.get("keepdim", False))
    if "other" in call.given:  # maximum of two
        return _pointwise(call)
    return [each(call.first, lambda spans: spans.reduced(axes, keep=keep))] * len(call.made)


def _mixed(call: Call) -> list[Support | None]:
    return [each(call.first, lambda spans: spans.reduced([call.given["dim"]], keep=True))]


def _standardised(call: Call) -> list[Support | None]:
    """Layer norm's last axes, or all of each picture's for group norm."""
    axes = [-1 - at for at in range(len(call.given.get("normalized_shape", [])))] or [*range(1, len(call.shape))]
    return [each(call.first, lambda spans: spans.reduced(axes, keep=True))]


def _multiplied(call: Call) -> list[Support | None]:
    given = call.given
    names = ("mat1", "mat2") if call.name == "addmm" else ("batch1", "batch2") if call.name == "baddbmm" else None
    left, right = (given[name] for name in names or [*given][:2])
    sights = [each(call.of(left), lambda spans: spans.reduced([-1], keep=True))]
    sights += [each(call.of(right), lambda spans: spans.reduced([-2], keep=True))]
    if "self" in given and names:
        sights.append(call.of(given["self"]))
    return [merged(sights)]


def _attention(call: Call) -> list[Support | None]:
    query, key, value = (call.of(call.given[name]) for name in ("query", "key", "value"))
    sights = [each(query, lambda spans: spans.reduced([-1], keep=True))]
    sights += [each(key, lambda spans: spans.reduced([-2, -1], keep=True))]
    return [merged([*sights, each(value, lambda spans: spans.reduced([-2], keep=True))])]


_RULES: dict[str, Rule] = {
    **dict.fromkeys(operators.MOVED, _moved),
    **dict.fromkeys(operators.RESHAPED, _reshaped),
    **dict.fromkeys(operators.TURNED, _turned),
    **dict.fromkeys(operators.JOINED, _beside),
    **dict.fromkeys(operators.KEPT, _kept),
    **dict.fromkeys(operators.ELEMENTWISE, _pointwise),
    **dict.fromkeys(operators.POOLED, _pooled),
    **dict.fromkeys(operators.ADAPTED, _adapted),
    **dict.fromkeys(operators.RESIZED, _resized),
    **dict.fromkeys(operators.PADDED, _padded),
    **dict.fromkeys(operators.NORMED, _normed),
    **dict.fromkeys(operators.REDUCED, _reduced),
    **dict.fromkeys(operators.MIXED, _mixed),
    **dict.fromkeys(operators.MULTIPLIED, _multiplied),
    **dict.fromkeys(operators.MADE, _made),
    **dict.fromkeys(["native_layer_norm", "native_group_norm"], _standardised),
    "copy": _copied,
    "convolution": _convolved,
    "as_strided": _kept,
}
