"""Grids: what a layer returns, brought to [N,C,H,W], whatever the order of its axes.

Channels-last maps (Swin, ConvNeXt's inner layers) are turned. Tokens [N,T,C] get the grid of the patches that they
stand for; the tokens in front of these (a class token, registers) stand apart, as layers of their own named
`LAYER@class` (the first) and `LAYER@registers` (the others, if any).
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from torch import Tensor, nn

Size = tuple[int, int]
CLASS, REGISTERS = "@class", "@registers"
MOST_APART = 16  # tokens that may stand in front of the patches'
_CHANNELS_FIRST = (nn.modules.conv._ConvNd, nn.modules.batchnorm._NormBase, nn.GroupNorm, nn.modules.pooling._MaxPoolNd,
                   nn.AvgPool2d, nn.modules.pooling._AdaptiveAvgPoolNd, nn.LocalResponseNorm)  # fmt: skip


@dataclass(frozen=True)
class Form:
    """How to read what a module returns.

    Attributes:
        axes: `NCHW`, `NHWC`, `NTC` or `TNC` (tokens), `NHTC` (tokens of each head of an attention), `NC`.
        apart: tokens in front of those that have a grid.
        aspect: of the tokens' grid, height by width, over that of the picture; None where they fill none.
        part: which of the tokens are meant: those of the grid, `@class` or `@registers`.
    """

    axes: str = "NCHW"
    apart: int = 0
    aspect: float | None = None
    part: str = ""

    def grid(self, value: Tensor, picture: Size) -> Tensor:
        """[N,C,H,W] of what the module returned for a picture of this size; a vector is a map of one position."""
        if self.axes == "NHWC":
            return value.permute(0, 3, 1, 2)
        if self.axes == "NHTC":
            value = value.transpose(1, 2).flatten(2)
        if value.ndim == 3:
            return self._of_tokens(value if self.axes != "TNC" else value.transpose(0, 1), picture)
        return value if value.ndim == 4 else value.flatten(3) if value.ndim > 4 else value[:, :, None, None]

    def _of_tokens(self, value: Tensor, picture: Size) -> Tensor:
        if self.part:
            first, last = (0, 1) if self.part == CLASS else (1, self.apart)
            return value[:, first:last].transpose(1, 2).unsqueeze(2)
        tokens = value[:, self.apart :].transpose(1, 2)
        aspect = None if self.aspect is None else self.aspect * picture[0] / picture[1]
        grid: Tensor = tokens.unflatten(2, sides(tokens.shape[2], aspect))
        return grid

    def apart_from_it(self) -> "list[Form]":
        """Those of the tokens that stand apart."""
        parts = [CLASS, REGISTERS][: min(self.apart, 2)]
        return [replace(self, part=part) for part in parts]


def form_of(
    part: nn.Module,
    value: Tensor,
    picture: Size,
    grids: Collection[Size],
    like: "Form | None",
    tokens: Mapping[int, "Form"],
) -> Form:
    """The form of what a module returned for a picture of this size.

    Args:
        grids: sizes of the maps seen so far, the latest last; tokens that are patches fill one of them.
        like: of the last layer of the same shape, which decides where nothing else does.
        tokens: the forms of tokens seen so far, by how many there are: what has as many rows, and a size that no map
            has, are the heads of an attention.
    """
    if value.ndim == 4 and value.shape[2] in tokens and tuple(value.shape[2:]) not in grids:
        return replace(tokens[value.shape[2]], axes="NHTC")
    if value.ndim == 4:
        return Form("NHWC" if _channels_last(part, value, picture, like) else "NCHW")
    if value.ndim != 3:
        return Form("NC" if value.ndim == 2 else "NCHW")
    axes = "TNC" if value.shape[0] > 1 and value.shape[1] == 1 else "NTC"
    count = value.shape[0 if axes == "TNC" else 1]
    for height, width in reversed([*grids]):
        apart = count - height * width
        if 0 <= apart <= min(MOST_APART, height * width - 1):
            return Form(axes, apart, height / width / (picture[0] / picture[1]))
    for apart in (0, 1):
        side = math.isqrt(max(0, count - apart))
        if side * side == count - apart and side > 0:
            return Form(axes, apart, picture[1] / picture[0])
    return Form(axes)


def _channels_last(part: nn.Module, value: Tensor, picture: Size, like: Form | None) -> bool:
    first, last = value.shape[1], value.shape[3]
    if isinstance(part, _CHANNELS_FIRST):
        return False
    if isinstance(part, nn.Linear) or (type(part) is nn.LayerNorm and len(part.normalized_shape) == 1):
        return True
    if isinstance(part, nn.LayerNorm) and len(part.normalized_shape) == 1 and first != last:
        return last == part.normalized_shape[0]
    aspect = picture[0] / picture[1]
    fits = [abs(math.log(height / width / aspect)) < 0.2 for height, width in (value.shape[2:], value.shape[1:3])]
    if fits[0] != fits[1]:
        return fits[1]
    return like is not None and like.axes == "NHWC"


def sides(tokens: int, aspect: float | None) -> Size:
    """(height, width) of the grid of so many tokens that is nearest to an aspect; one row where there is none."""
    if aspect is None:
        return 1, tokens
    heights = [height for height in range(1, tokens + 1) if tokens % height == 0]
    height = min(heights, key=lambda height: abs(math.log(height * height / tokens / aspect)))
    return height, tokens // height


def module_name(layer: str) -> str:
    """The module whose output a layer is: its name without the number of the call and the tokens that are meant."""
    return call_name(layer).partition("~")[0]


def call_name(layer: str) -> str:
    """The layer's name without the tokens that are meant."""
    return layer.partition("@")[0]
