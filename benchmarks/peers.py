"""The peers, run with their own defaults on copies of the network; nothing of them is patched."""

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from reverie.models.zoos import import_torchvision

import_torchvision()  # the peers import it, which fails beside a CPU-only torch unless it is made importable first

from lucent.optvis import objectives, param, render, transform  # noqa: E402
from torch_dreams import Dreamer  # noqa: E402

LUCENT_SIDE = 128  # lucent's default picture, which it enlarges to 224 for the network


class Lucent:
    """lucent's `render_vis`: 128 px picture, its transforms, its Adam, enlarged to 224 for the network."""

    def __init__(self, net: nn.Module) -> None:
        self.net = copy.deepcopy(net)

    def channel(self, layer: str, index: int, steps: int, seed: int = 0) -> Tensor:
        """A channel's picture [1,3,H,W]."""
        return self._render(objectives.channel(layer.replace(".", "_"), index), steps, seed)

    def neuron(self, layer: str, index: int, steps: int, side: int, seed: int = 0) -> Tensor:
        """The picture of a channel's middle neuron, at this size."""
        return self._render(objectives.neuron(layer.replace(".", "_"), index), steps, seed, side)

    def _render(self, objective: Callable[..., Tensor], steps: int, seed: int, side: int = LUCENT_SIDE) -> Tensor:
        self._tidy()
        torch.manual_seed(seed)
        np.random.seed(seed)
        (picture,) = render.render_vis(
            self.net, objective, lambda: param.image(side), thresholds=(steps,), progress=False, show_image=False
        )
        return torch.from_numpy(picture).permute(0, 3, 1, 2)

    def _tidy(self) -> None:
        """Takes off what its last call left on the network and would slow down this one: hooks and weight gradients."""
        self.net.zero_grad(set_to_none=True)
        for part in self.net.modules():
            part._forward_hooks.clear()


def lucent_views(picture: Tensor, draws: int, seed: int = 1) -> Tensor:
    """A picture [1,3,S,S] seen through lucent's default transforms, [draws,3,S,S]; amounts in pixels scale with S."""
    side = int(picture.shape[-1])
    share = side / LUCENT_SIDE
    seen = transform.compose(
        [
            transform.pad(round(12 * share), mode="constant", constant_value=0.5),
            transform.jitter(round(8 * share)),
            transform.random_scale([1 + (step - 5) / 50 for step in range(11)]),
            transform.random_rotate([*range(-10, 11), *[0] * 5]),
            transform.jitter(round(4 * share)),
            torch.nn.Upsample(size=side, mode="bilinear", align_corners=True),
        ]
    )
    np.random.seed(seed)
    return torch.cat([seen(picture) for _ in range(draws)])


class TorchDreams:
    """torch-dreams at 224 px, with lucent's ranges of scale and rotation so that the network sees 224 on average."""

    def __init__(self, net: nn.Module) -> None:
        self.net = copy.deepcopy(net)
        self.dreamer = Dreamer(self.net, quiet=True, device="cpu")

    def channel(self, layer: str, index: int, steps: int, side: int = 224) -> object:
        """A channel's picture."""
        self.net.zero_grad(set_to_none=True)
        return self.dreamer.render(
            layers=[self.net.get_submodule(layer)], width=side, height=side, iters=steps, rotate_degrees=10,
            scale_min=0.9, scale_max=1.1, custom_func=lambda outputs: -outputs[0][:, index].mean(),
        )  # fmt: skip
