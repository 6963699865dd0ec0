"""EfficientNet-Lite0 as its authors publish it, written a second time on the published names of the weights."""

import math
from collections.abc import Mapping

from torch import Tensor
from torch.nn import functional

# the authors' strings: repeats, kernel, stride, expansion, inputs, outputs
BLOCKS = ("r1_k3_s11_e1_i32_o16", "r2_k3_s22_e6_i16_o24", "r2_k5_s22_e6_i24_o40", "r3_k3_s22_e6_i40_o80",
          "r3_k5_s11_e6_i80_o112", "r4_k5_s22_e6_i112_o192", "r1_k3_s11_e6_i192_o320")  # fmt: skip


def same(x: Tensor, weight: Tensor, stride: int = 1, groups: int = 1) -> Tensor:
    """A convolution with TensorFlow's 'same' padding, which depends on the size of the map."""
    edges = []
    for side, kernel in ((x.shape[3], weight.shape[3]), (x.shape[2], weight.shape[2])):
        total = max((math.ceil(side / stride) - 1) * stride + kernel - side, 0)
        edges += [total // 2, total - total // 2]
    return functional.conv2d(functional.pad(x, edges), weight, stride=stride, groups=groups)


def logits(state: Mapping[str, Tensor], image: Tensor) -> Tensor:
    """The logits of RGB [N,3,H,W] in 0 to 255."""

    def norm(x: Tensor, name: str) -> Tensor:
        mean, variance, gain, bias = (
            state[f"{name}.{part}"].view(1, -1, 1, 1) for part in ("running_mean", "running_var", "weight", "bias")
        )
        return (x - mean) / (variance + 1e-3).sqrt() * gain + bias

    x = norm(same((image - 127) / 128, state["_conv_stem.weight"], 2), "_bn0").clamp(0, 6)
    number = 0
    for text in BLOCKS:
        said = {part[0]: part[1:] for part in text.split("_")}
        for repeat in range(int(said["r"])):
            stride = 1 if repeat else int(said["s"][0])
            name, before = f"_blocks.{number}", x
            if said["e"] != "1":
                x = norm(same(x, state[f"{name}._expand_conv.weight"]), f"{name}._bn0").clamp(0, 6)
            x = same(x, state[f"{name}._depthwise_conv.weight"], stride, x.shape[1])
            x = norm(x, f"{name}._bn1").clamp(0, 6)
            x = norm(same(x, state[f"{name}._project_conv.weight"]), f"{name}._bn2")
            x = x + before if stride == 1 and x.shape == before.shape else x
            number += 1
    x = norm(same(x, state["_conv_head.weight"]), "_bn1").clamp(0, 6).mean((2, 3))
    return x @ state["_fc.weight"].T + state["_fc.bias"]
