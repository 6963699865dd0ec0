"""Networks small enough to be looked into, with all that makes a network hard to tap."""

import torch
from torch import Tensor, nn
from torch.nn import functional

CLASSES = ("tiger cat, tabby", "tiger", "owl", "beetle", "owl")


class Residual(nn.Module):
    """In-place rectifiers, one of them used twice, and an addition in place."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        out = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        out += x
        return self.relu(out)


class Tiny(nn.Module):
    """Sequential names, batch norms, a residual block, functional calls, a global head: [N,3,H,W] to [N,5]."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(3, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.MaxPool2d(2)
        )
        self.block = Residual(8)
        self.mix = nn.Conv2d(8, 12, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(12)
        self.fc = nn.Linear(12, len(CLASSES))

    def forward(self, x: Tensor) -> Tensor:
        x = self.block(self.stem(x))
        x = functional.relu(self.norm(self.mix(x)))
        return self.fc(x.mean((2, 3)))


class Pooling(nn.Module):
    """A block that joins what it makes with its input, pooled."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Conv2d(6, 5, 3, padding=1), nn.Conv2d(5, 4, 1)

    def forward(self, x):
        return torch.cat([self.last(self.first(x).relu()).relu(), functional.max_pool2d(x, 3, 1, 1)], 1)


class Bodied(nn.Module):
    """Blocks within a sequence, which returns what the last of them returns."""

    def __init__(self) -> None:
        super().__init__()
        first, second = (
            nn.Sequential(nn.Conv2d(width, 6, 3, padding=1), nn.Conv2d(6, 6, 1), nn.ReLU()) for width in (3, 6)
        )
        self.body, self.head = nn.Sequential(first, second, Pooling()), nn.Conv2d(10, 3, 1)

    def forward(self, x):
        return self.head(self.body(x))


class Rectified(nn.Module):
    """One convolution whose channel 0 is dead on every picture, behind a rectifier of one's choice."""

    def __init__(self, rectify: nn.Module) -> None:
        super().__init__()
        self.conv, self.rectify, self.pool = nn.Conv2d(3, 4, 3, padding=1), rectify, nn.AvgPool2d(2)
        self.last = nn.Conv2d(4, 4, 1)
        with torch.no_grad():
            self.conv.bias[0] = -0.2 * float(self.conv.weight[0].sum((1, 2)).abs().sum())

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.pool(self.rectify(self.conv(x))))


class HalfDead(nn.Module):
    """A rectified layer whose channel 0 fires on no picture at all and channel 1 on most."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.relu = nn.Conv2d(3, 2, 3), nn.ReLU()
        with torch.no_grad():
            self.conv.weight[0] = 0
            self.conv.bias.copy_(torch.tensor([-1.0, 0.5]))

    def forward(self, x: Tensor) -> Tensor:
        return self.relu(self.conv(x))


class Call(nn.Module):
    """A function as a module, so that the function itself is what runs."""

    def __init__(self, function) -> None:  # type: ignore[no-untyped-def]
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Tensor:
        return self.function(x)


def seeded(make, *args, seed: int = 0):  # type: ignore[no-untyped-def]
    """A network with weights and batch norm statistics from a seed, the global random state left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        module = make(*args)
        for part in module.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.running_mean.normal_(0, 0.3)
                part.running_var.uniform_(0.5, 2)
                nn.init.uniform_(part.weight, 0.5, 2)
                nn.init.normal_(part.bias, 0, 0.3)
    return module


def plain() -> nn.Sequential:
    """A Sequential without normalisation or global head: its layers are called 0 to 4."""
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 8, 3, padding=1), nn.ReLU()
    )


def picture(seed: int, *shape: int) -> Tensor:
    """Even noise in [0,1] of a seed."""
    return torch.rand(shape or (1, 3, 48, 48), generator=torch.Generator().manual_seed(seed))


def hooked(module: nn.Module, x: Tensor) -> dict[str, list[Tensor]]:
    """What every module returns, call by call, by plain hooks that copy at once; and the output as `logits`."""
    module.eval()
    seen: dict[str, list[Tensor]] = {}

    def keep(name):  # type: ignore[no-untyped-def]
        def hook(_, __, output) -> None:  # type: ignore[no-untyped-def]
            if isinstance(output, Tensor):
                seen.setdefault(name, []).append(output.detach().clone())

        return hook

    handles = [part.register_forward_hook(keep(name)) for name, part in module.named_modules() if name]
    with torch.no_grad():
        output = module(x)
    for handle in handles:
        handle.remove()
    seen["logits"] = [output if isinstance(output, Tensor) else output[0]]
    return seen


def hook_count(module: nn.Module) -> int:
    """Forward and backward hooks on all parts of a module."""
    return sum(
        len(hooks)
        for part in module.modules()
        for hooks in (part._forward_hooks, part._forward_pre_hooks, part._backward_hooks, part._backward_pre_hooks)
    )


def state(module: nn.Module) -> tuple:  # type: ignore[type-arg]
    """All that a run must leave as it was: gradients, flags, hooks, and the weights' values."""
    return (
        [(name, item.requires_grad, item.grad is None) for name, item in module.named_parameters()],
        [(name, part.training) for name, part in module.named_modules()],
        hook_count(module),
        [float(item.double().sum()) for item in module.state_dict().values()],
    )
