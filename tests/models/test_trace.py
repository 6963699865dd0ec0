import pytest
import torch
from torch import nn
from torch.nn import functional

import reverie
from reverie.models.extents import Extent
from reverie.models.trace import trace
from tiny import Call, Tiny, picture, seeded


class Branches(nn.Module):
    """1x7 and 7x1 branches, a dilated one, a pooled one, side by side and added."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.wide, self.tall = nn.Conv2d(4, 4, (1, 7), padding=(0, 3)), nn.Conv2d(4, 4, (7, 1), padding=(3, 0))
        self.sparse = nn.Conv2d(4, 4, 3, padding=2, dilation=2)
        self.pool = nn.AvgPool2d(3, stride=1, padding=1)
        self.join, self.add, self.deep = nn.Identity(), nn.Identity(), nn.Conv2d(8, 4, 3, stride=2)

    def forward(self, x):
        x = self.first(x)
        wide, tall = self.wide(x), self.tall(self.pool(x))
        joined = self.join(torch.cat([wide, self.sparse(x)], 1))
        self.add(wide + tall)
        return self.deep(functional.silu(joined))


def stack() -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(3, 4, 5, stride=2, padding=1), nn.SiLU(), nn.AvgPool2d(3, 2, 1),
        nn.Conv2d(4, 4, (1, 7), padding=(0, 3)), nn.Conv2d(4, 4, 3, dilation=3, padding=3),
        nn.AvgPool2d(2), nn.Conv2d(4, 4, 2),
    )  # fmt: skip


def support(module: nn.Module, name: str, side: int) -> tuple[int, int, tuple[int, int], tuple[int, int]]:
    """A middle position of a layer and the rows and columns of pixels whose gradient is not zero, in float64."""
    module = module.double().eval()
    kept = []
    handle = module.get_submodule(name).register_forward_hook(lambda _, __, out: kept.append(out))
    image = picture(3, 1, 3, side, side).double().requires_grad_()
    module(image)
    handle.remove()
    row, column = kept[0].shape[2] // 2, kept[0].shape[3] // 2
    kept[0][0, :, row, column].sum().backward()
    there = image.grad[0].abs().sum(0) > 0
    rows, columns = there.any(1).nonzero().flatten(), there.any(0).nonzero().flatten()
    return row, column, (int(rows[0]), int(rows[-1]) + 1), (int(columns[0]), int(columns[-1]) + 1)


@pytest.mark.parametrize(
    ("make", "name"),
    [(stack, str(index)) for index in range(7)]
    + [(Branches, name) for name in ("first", "wide", "tall", "sparse", "pool", "join", "add", "deep")],
)
def test_extents_are_the_support_of_the_gradient(make, name):
    side = 80
    layer = trace(seeded(make).eval(), picture(1, 1, 3, side, side)).layers[name]
    row, column, rows, columns = support(seeded(make), name, side)
    for at, span, extent in ((row, rows, layer.extents[0]), (column, columns, layer.extents[1])):
        assert (at * extent.stride + extent.start, at * extent.stride + extent.stop) == span


def test_max_pooling_sees_its_whole_window():
    layers = trace(nn.Sequential(nn.MaxPool2d(3, 2, 1), nn.MaxPool2d(2)).eval(), picture(1)).layers
    assert layers["0"].extents == (Extent(2, -1, 2), Extent(2, -1, 2))
    assert layers["1"].extents == (Extent(4, -1, 4), Extent(4, -1, 4))
    assert layers["1"].receptive_field == (5, 5)
    assert layers["1"].stride == (4, 4)


@pytest.mark.parametrize(
    "mixing",
    [
        nn.AdaptiveAvgPool2d(1), nn.InstanceNorm2d(4), nn.GroupNorm(2, 4),
        Call(lambda x: x * x.mean((2, 3), keepdim=True)), Call(lambda x: x.softmax(-1)),
        nn.Upsample(scale_factor=2), nn.ConvTranspose2d(4, 4, 3, padding=1),
        Call(lambda x: x.flip(-1)), Call(lambda x: x.transpose(2, 3)), Call(lambda x: x.cumsum(3)),
        Call(lambda x: x.roll(3, 2)), Call(lambda x: x[:, :, 2:]), Call(lambda x: functional.pad(x, (2, 0, 2, 0))),
        Call(lambda x: functional.pad(x, (1, 1, 1, 1), mode="reflect")[:, :, 1:-1, 1:-1]),
    ],
    ids=lambda part: type(part).__name__,
)  # fmt: skip
def test_what_mixes_or_moves_positions_is_unbounded_or_right(mixing):
    make = lambda: nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), mixing, nn.Conv2d(4, 4, 1))  # noqa: E731
    layer = trace(seeded(make).eval(), picture(1, 1, 3, 32, 32)).layers["2"]
    if layer.extents is None:
        return
    row, column, rows, columns = support(seeded(make), "2", 32)
    for at, span, extent in ((row, rows, layer.extents[0]), (column, columns, layer.extents[1])):
        assert at * extent.stride + extent.start <= span[0]
        assert at * extent.stride + extent.stop >= span[1]


def test_an_unbounded_layer_has_no_field():
    layer = trace(nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1)).eval(), picture(1)).layers["1"]
    assert (layer.receptive_field, layer.stride, layer.size) == (None, None, (1, 1))


def test_layers_are_listed_as_they_run(model):
    assert list(model.layers)[:5] == ["stem.0", "stem.1", "stem.2", "stem.3", "stem"]
    assert list(model.layers)[-1] == "logits"
    layer = model.layers["mix"]
    assert (layer.kind, layer.channels, layer.size, layer.stride, layer.calls) == ("Conv2d", 12, (12, 12), (4, 4), 1)
    assert model.layers["logits"].size is None


def test_a_convolution_that_is_read_twice_is_not_folded():
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

        def forward(self, x):
            x = self.conv(x)
            return self.norm(x) + x

    assert list(trace(seeded(Twice).eval(), picture(1)).pairs) == []
    assert ("mix", "norm") in trace(seeded(Tiny).eval(), picture(1)).pairs
    twice, image = seeded(Twice), picture(1)
    ready = reverie.load(twice, size=48)
    expected = twice.eval()(ready.normalised(image))
    assert torch.allclose(reverie.probe(ready, image, ["logits"])["logits"], expected, atol=1e-5)


def test_folding_follows_what_runs_and_not_the_order_of_names():
    class Crossed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4)
            self.conv2, self.bn2 = nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)

        def forward(self, x):
            return self.bn1(self.conv2(self.bn2(functional.silu(self.conv1(x)))))

    assert list(trace(seeded(Crossed).eval(), picture(1)).pairs) == [("conv2", "bn1")]


def test_a_module_with_side_doors_is_not_folded():
    class Side(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

        def forward(self, x):
            return self.norm(self.conv(x)) * self.conv.weight.mean()

    side, image = seeded(Side), picture(1)
    ready = reverie.load(side, size=48)
    assert torch.allclose(
        reverie.probe(ready, image, ["logits"])["logits"], side.eval()(ready.normalised(image)), atol=1e-6
    )


def test_a_batch_norm_without_statistics_of_its_own_is_neither_folded_nor_bounded():
    def make():
        return nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4, track_running_stats=False), nn.ReLU())

    loose, image = make(), picture(1)
    ready = reverie.load(loose, size=48)
    assert ready.layers["2"].extents is None
    expected = loose.eval()(ready.normalised(image))
    assert torch.allclose(reverie.probe(ready, image, ["logits"])["logits"], expected, atol=1e-5)
