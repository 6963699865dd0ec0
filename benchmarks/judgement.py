"""What a picture is worth: its activation, clean and through held-out draws of lucent's transforms."""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from peers import lucent_views
from reverie.models.readiness import MEAN, STD

DRAWS = 16


@dataclass(frozen=True)
class Worth:
    """Mean activation of a channel over its positions: of the picture itself, and the mean over the draws."""

    clean: float
    seen: float

    def reaches(self, other: "Worth") -> bool:
        """Whether both are at least the other's."""
        return self.clean >= other.clean and self.seen >= other.seen


class Judge:
    """The plain float32 network at one input size; every side's pictures are brought to it in the same way."""

    def __init__(self, net: nn.Module, layer: str, side: int) -> None:
        self.net, self.side = copy.deepcopy(net).eval(), side
        self.mean, self.std = (torch.tensor(item).view(1, 3, 1, 1) for item in (MEAN, STD))
        self.net.get_submodule(layer).register_forward_hook(self._keep)

    def _keep(self, _: nn.Module, __: object, output: Tensor) -> None:
        self.output = output

    def activation(self, pictures: Tensor, channel: int) -> Tensor:
        """[N], of pictures [N,3,side,side]."""
        with torch.no_grad():
            self.net((pictures - self.mean) / self.std)
        return self.output[:, channel].flatten(1).mean(1)

    def enlarged(self, picture: Tensor) -> Tensor:
        """As lucent enlarges its pictures for the network."""
        if picture.shape[-1] == self.side:
            return picture
        return functional.interpolate(picture, (self.side, self.side), mode="bilinear", align_corners=True)

    def worth(self, picture: Tensor, channel: int) -> Worth:
        """Of a picture [1,3,S,S]."""
        shown = self.enlarged(picture)
        clean, seen = self.activation(shown, channel), self.activation(lucent_views(shown, DRAWS), channel)
        return Worth(float(clean), float(seen.mean()))

    def reaches(self, picture: Tensor, channel: int, wanted: Worth) -> bool:
        """Whether a picture is worth at least this much; the draws are looked at only where the clean picture is."""
        clean = float(self.activation(self.enlarged(picture), channel))
        return clean >= wanted.clean and self.worth(picture, channel).reaches(wanted)
