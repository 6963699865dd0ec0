"""Networks drawn by chance: most run, many are odd, some cannot be asked at all."""

import random
from collections.abc import Callable

import torch
from torch import Tensor, nn

import reverie
from reverie.models.probe import probe


class Does(nn.Module):
    """A module of one function."""

    def __init__(self, name: str, does: Callable[[Tensor], object]) -> None:
        super().__init__()
        self.name, self.does = name, does

    def forward(self, x: Tensor) -> object:
        """What the function gives."""
        return self.does(x)


def _raised(_: Tensor) -> object:
    raise KeyError("odd")


BODIES: dict[str, Callable[[int], nn.Module]] = {
    "conv": lambda c: nn.Conv2d(c, c, 3, padding=1), "strided": lambda c: nn.Conv2d(c, c, 3, stride=2),
    "relu": lambda c: nn.ReLU(inplace=True), "norm": lambda c: nn.BatchNorm2d(c), "pool": lambda c: nn.MaxPool2d(2),
    "dead": lambda c: Does("dead", lambda x: x * 0), "nan": lambda c: Does("nan", lambda x: x / 0),
    "detach": lambda c: Does("detach", lambda x: x.detach()), "none": lambda c: Does("none", lambda x: None),
    "raises": lambda c: Does("raises", _raised), "half": lambda c: Does("half", lambda x: x.half().float()),
    "tuple": lambda c: Does("tuple", lambda x: (x, x)), "dict": lambda c: Does("dict", lambda x: {"out": x}),
    "shuffle": lambda c: nn.ChannelShuffle(1), "dropout": lambda c: nn.Dropout(), "identity": lambda c: nn.Identity(),
    "lazy": lambda c: nn.LazyConv2d(c, 1), "ints": lambda c: Does("ints", lambda x: x.long()),
    "complex": lambda c: Does("complex", lambda x: torch.fft.fft2(x)),
    "huge": lambda c: Does("huge", lambda x: x * 1e38),
    "conv3d": lambda c: nn.Conv3d(c, c, 1), "linear": lambda c: nn.Linear(7, 7), "empty": lambda c: nn.Sequential(),
    "up": lambda c: nn.Upsample(scale_factor=2), "norm1": lambda c: nn.GroupNorm(1, c),
    "spectral": lambda c: torch.nn.utils.parametrizations.spectral_norm(nn.Conv2d(c, c, 1)),
}  # fmt: skip
HEADS: dict[str, Callable[[int], nn.Module]] = {
    "pooled": lambda c: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 4)),
    "flat": lambda c: nn.Sequential(nn.Flatten(), nn.LazyLinear(3)), "map": lambda c: nn.Conv2d(c, 5, 1),
    "one": lambda c: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 1), nn.Sigmoid()),
    "softmax": lambda c: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Softmax(1)),
    "mean": lambda c: Does("mean", lambda x: x.mean()), "number": lambda c: Does("number", lambda x: float(x.mean())),
    "nothing": lambda c: Does("nothing", lambda x: None), "bare": lambda c: nn.Identity(),
    "list": lambda c: Does("list", lambda x: [x.mean((2, 3)), x]),
    "view": lambda c: Does("view", lambda x: x.view(1, -1)),
}  # fmt: skip


def drawn(random_: random.Random) -> tuple[nn.Module, str]:
    """A network and its parts in words."""
    torch.manual_seed(random_.randrange(2**31))
    channels = random_.choice((1, 3, 4))
    entry = random_.choice((1, 3, 3, 3, 3, 2))
    names = [random_.choice(("conv", "relu", "norm", "strided", "pool")) for _ in range(random_.randrange(4))]
    for _ in range(random_.choice((0, 1, 1, 2))):
        names.insert(random_.randint(0, len(names)), random_.choice(list(BODIES)))
    head = random_.choice(list(HEADS))
    parts = [nn.Conv2d(entry, channels, 3), *(BODIES[name](channels) for name in names), HEADS[head](channels)]
    return nn.Sequential(*parts), f"{entry} -> {channels}: {' '.join(names)}, {head}"


def asked(module: nn.Module) -> None:
    """Loads a network and looks into its last layers."""
    model = reverie.load(module, size=24)
    for name in list(model.layers)[-2:]:
        with torch.no_grad():
            probe(model, torch.full((1, model.channels, *model.size), 0.5), [name])
