"""Receptive fields against brute force: pixels are changed, and what moves is looked at."""

import pytest
import torch
from torch import nn
from torch.nn import functional

import reverie
from reverie import recipes
from reverie.models.receptive_fields import Fields, rules
from reverie.models.trace import trace
from reverie.objectives import layer as whole_layer
from reverie.synthesis.gathering import gathered_slope, overlapping
from tiny import Call, picture, seeded

SIZE = (24, 20)


def moved(module: nn.Module, size: tuple[int, int]) -> list[torch.Tensor]:
    """Of each row (and each column) of pixels the positions [h,w] of the output that move when it is changed."""
    module, found, dice = module.double().eval(), [], torch.Generator().manual_seed(5)
    images = [torch.randn(1, 3, *size, generator=dice).double() for _ in range(4)]
    with torch.no_grad():
        for axis in (2, 3):
            seen = []
            for number in range(size[axis - 2]):
                others = [image.clone() for image in images]
                for other in others:
                    other.select(axis, number).copy_(3 * torch.randn(1, 3, size[3 - axis], generator=dice))
                pairs = zip(others, images, strict=True)
                seen.append(torch.stack([(module(one) != module(two))[0].any(0) for one, two in pairs]).any(0))
            found.append(torch.stack(seen))
    return found


def check(make, size=SIZE):
    """What the trace claims of the output of a network is what moves, at every position; returns what is listed."""
    layer = trace(seeded(make).float().eval(), picture(1, 1, 3, *size)).output
    assert layer.field is not None
    for axis, seen in enumerate(moved(seeded(make), size)):
        for row in range(layer.size[0]):
            for column in range(layer.size[1]):
                places = seen[:, row, column].nonzero().flatten()
                first, stop = layer.field.box(row, column)[axis]
                if len(places) == 0:
                    continue
                assert (first, stop) == (int(places[0]), int(places[-1]) + 1)
    return layer


def between(*parts):
    return lambda: nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1), *[part() for part in parts], nn.Conv2d(4, 4, 3, padding=1)
    )


class Same(nn.Module):
    """TensorFlow's 'same' padding, worked out from the size, as timm's tf_ networks have it."""

    def __init__(self, inputs: int = 4, kernel: int = 3, stride: int = 2) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, 4, kernel, stride)

    def forward(self, x):
        amounts = []
        for length, kernel, stride in zip(x.shape[:1:-1], self.conv.kernel_size, self.conv.stride, strict=True):
            total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
            amounts += [total // 2, total - total // 2]
        return self.conv(functional.pad(x, amounts))


class Blur(nn.Module):
    def forward(self, x):
        taps = torch.tensor([1.0, 2.0, 1.0], dtype=x.dtype)
        kernel = (taps[:, None] * taps)[None, None].expand(4, 1, 3, 3) / 16
        return functional.conv2d(functional.pad(x, (1, 1, 1, 1), mode="reflect"), kernel, stride=2, groups=4)


class Next(nn.Module):
    """A block of ConvNeXt: channels last in its middle, a 1-D factor named gamma."""

    def __init__(self) -> None:
        super().__init__()
        self.wide, self.norm, self.gamma = (
            nn.Conv2d(4, 4, 7, padding=3, groups=4),
            nn.LayerNorm(4),
            nn.Parameter(torch.ones(4)),
        )
        self.up, self.down = nn.Linear(4, 8), nn.Linear(8, 4)

    def forward(self, x):
        y = self.norm(self.wide(x).permute(0, 2, 3, 1))
        return x + (self.gamma * self.down(functional.softplus(self.up(y)))).permute(0, 3, 1, 2)


class Shuffle(nn.Module):
    """A block of ShuffleNet: half of the channels pass, the groups change places."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 2, 3, padding=1)

    def forward(self, x):
        one, two = x.chunk(2, 1)
        x = torch.cat([one, self.conv(two)], 1)
        return x.view(len(x), 2, 2, *x.shape[2:]).transpose(1, 2).flatten(1, 2)


class Written(nn.Module):
    """Channels that are written over with others, or scaled by a gate over all positions."""

    def __init__(self, gate: bool) -> None:
        super().__init__()
        self.wide, self.gate = nn.Conv2d(4, 2, 9, padding=4), gate

    def forward(self, x):
        x = x.clone()
        if self.gate:
            x[:, 2:] *= torch.sigmoid(x.mean((2, 3), keepdim=True)[:, 2:])
        else:
            x[:, :2] = self.wide(x)
        return x


BOUNDED = {
    "static padding": between(lambda: nn.ZeroPad2d((0, 1, 0, 1)), lambda: nn.Conv2d(4, 4, 3, 2)),
    "same padding": between(Same, lambda: Same(kernel=5, stride=1), Same),
    "padding same": between(lambda: nn.Conv2d(4, 4, 5, padding="same", dilation=2)),
    "reflect": between(lambda: nn.ReflectionPad2d((2, 1, 1, 2)), lambda: nn.Conv2d(4, 4, 4)),
    "replicate": between(lambda: nn.Conv2d(4, 4, 5, 2, padding=2, padding_mode="replicate")),
    "blur": between(Blur, lambda: nn.MaxPool2d(2, 1), Blur),
    "channels last": between(Next, lambda: nn.Conv2d(4, 4, 2, 2), Next),
    "shuffle": between(Shuffle, Shuffle),
    "written": between(lambda: Written(False)),
    "nearest": between(lambda: nn.MaxPool2d(2), lambda: nn.Upsample(scale_factor=2)),
    "bilinear": between(lambda: nn.AvgPool2d(4), lambda: nn.Upsample(scale_factor=2, mode="bilinear")),
    "bicubic": between(lambda: nn.AvgPool2d(2), lambda: nn.Upsample(scale_factor=2, mode="bicubic")),
    "transposed": between(lambda: nn.Conv2d(4, 4, 3, 2, 1), lambda: nn.ConvTranspose2d(4, 4, 4, 2, 1)),
    "transposed with holes": between(lambda: nn.AvgPool2d(2), lambda: nn.ConvTranspose2d(4, 4, 2, 2, 2, dilation=3)),
    "dilated groups": between(lambda: nn.Conv2d(4, 4, 3, dilation=3, padding=3, groups=2)),
    "space to depth": between(lambda: nn.PixelUnshuffle(2), lambda: nn.Conv2d(16, 4, 1)),
    "depth to space": between(lambda: nn.Conv2d(4, 4, 2, 2), lambda: nn.PixelShuffle(2), lambda: nn.Conv2d(1, 4, 1)),
    "focus": between(
        lambda: Call(lambda x: torch.cat([x[..., ::2, ::2], x[..., 1::2, ::2]], 1)), lambda: nn.Conv2d(8, 4, 1)
    ),
    "every other": between(lambda: Call(lambda x: x[:, :, ::2, 1::2])),
    "put together again": between(lambda: nn.AvgPool2d(2), lambda: Call(lambda x: x.repeat_interleave(2, 2))),
    "cut": between(lambda: Call(lambda x: x[:, :, 1:-2, 3:])),
    "ceil": between(lambda: nn.MaxPool2d(3, 2, ceil_mode=True)),
    "hard": between(nn.Hardswish, nn.GELU, nn.PReLU),
}  # fmt: skip


@pytest.mark.parametrize("name", BOUNDED)
def test_what_is_claimed_is_what_moves_and_has_a_rule(name):
    assert check(BOUNDED[name]).extents is not None


def _windows(x):
    """Self-attention within windows of 4x4, turned round by 2."""
    n, c, h, w = x.shape
    x = x.roll((2, 2), (2, 3)).view(n, c, h // 4, 4, w // 4, 4).permute(0, 2, 4, 3, 5, 1).reshape(-1, 16, c)
    x = functional.scaled_dot_product_attention(x, x, x)
    return x.view(n, h // 4, w // 4, 4, 4, c).permute(0, 5, 1, 3, 2, 4).reshape(n, c, h, w)


IRREGULAR = {
    "circular": lambda: nn.Conv2d(4, 4, 5, padding=2, padding_mode="circular"),
    "windows": lambda: Call(_windows),
    "adaptive": lambda: nn.AdaptiveAvgPool2d((5, 4)),
    "aligned corners": lambda: Call(lambda x: functional.interpolate(x, (9, 9), mode="bilinear", align_corners=True)),
    "to another size": lambda: Call(lambda x: functional.interpolate(x, (9, 7))),
    "antialiased": lambda: Call(lambda x: functional.interpolate(x, (11, 9), mode="bilinear", antialias=True)),
    "flipped": lambda: Call(lambda x: x + x.flip(3)),
    "rolled": lambda: Call(lambda x: x.roll(3, 2)),
    "turned": lambda: Call(lambda x: x.transpose(2, 3)),
}


@pytest.mark.parametrize("name", IRREGULAR)
def test_what_follows_no_rule_is_known_position_by_position(name):
    make = lambda: nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), IRREGULAR[name](), nn.Conv2d(4, 4, 1))  # noqa: E731
    assert check(make, (24, 20) if name != "turned" else (20, 20)).extents is None


def test_a_circular_padding_has_the_field_of_its_inner_positions():
    layer = check(between(IRREGULAR["circular"]))
    assert (layer.receptive_field, layer.stride) == ((9, 9), (1, 1))


def test_a_gate_written_into_half_of_the_channels_sees_everything():
    layer = check(between(lambda: Written(True)))
    assert (layer.receptive_field, layer.extents, layer.stride) == (None, None, (1, 1))


def test_numbers_that_depend_on_where_they_are_have_a_field_but_no_rule():
    make = between(lambda: Call(lambda x: x + torch.linspace(0, 1, x.shape[3], dtype=x.dtype)))
    assert check(make).receptive_field == (5, 5)
    assert trace(seeded(make).eval(), picture(1, 1, 3, *SIZE)).output.extents is None


@pytest.mark.parametrize(
    "lost",
    [
        lambda x: functional.fold(functional.unfold(x, 3, padding=1), x.shape[2:], 3, padding=1),
        lambda x: functional.grid_sample(x, torch.rand(1, 6, 6, 2) * 2 - 1, align_corners=False),
        lambda x: x * float(x.mean()),
        lambda x: x.sort(-1).values,
        lambda x: x.index_put((torch.tensor([0]), torch.tensor([1])), x[:, 0]),
        lambda x: torch.fft.rfft2(x).abs(),
    ],
)
def test_what_cannot_be_followed_claims_nothing(lost):
    layer = trace(nn.Sequential(nn.Conv2d(3, 4, 3), Call(lost), nn.Conv2d(4, 4, 1)).eval(), picture(1)).layers["2"]
    assert layer.field is None or layer.receptive_field is None


class SameNetwork(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.three = Same(3), Same(kernel=5), Same(kernel=3, stride=1)

    def forward(self, x):
        return self.three(functional.softplus(self.two(functional.softplus(self.one(x)))))


NETWORKS = {
    "same padding": SameNetwork,
    "up and down": lambda: nn.Sequential(
        nn.Conv2d(3, 4, 3, 2, 1), nn.Conv2d(4, 4, 3, 2, 1), nn.SiLU(), nn.Upsample(scale_factor=2, mode="bilinear"),
        nn.ConvTranspose2d(4, 4, 4, 2, 1),
    ),
    "blur": lambda: nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), Blur(), nn.SiLU(), Blur(), Next()),
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("size", [(96, 80), (100, 84)])
def test_tiles_give_the_score_and_gradient_of_the_whole_picture(name, size):
    model = reverie.load(seeded(NETWORKS[name]), size=48)
    last, image = list(model.layers)[-2], picture(2, 1, 3, *size)
    objective = whole_layer(last, "mean-square")
    assert len(overlapping(model, [last], size, 40)) > 1
    score, slope = gathered_slope(model, objective, image, 40)
    whole = image.clone().requires_grad_()
    wanted = objective.score(reverie.probe(model, whole, [last]))
    (outer,) = torch.autograd.grad(-wanted.sum(), whole)
    assert torch.allclose(score, wanted.detach(), rtol=1e-4)
    assert (slope - outer).norm() <= 1e-4 * outer.norm()


@pytest.mark.parametrize("size", [48, 49, 50, 51])
def test_the_rule_of_a_padding_that_goes_by_the_size_is_that_of_the_size(size):
    model = reverie.load(seeded(SameNetwork), size=48)
    (found,) = rules(model, ["two"], (size, 48))
    layer = trace(seeded(SameNetwork).eval(), picture(1, 1, 3, size, 48)).layers["two"]
    assert found == layer.extents


def test_one_statement_of_what_a_position_sees():
    model = reverie.load(seeded(SameNetwork), size=48)
    layer = model.layer("three")
    assert Fields(model, "three").size == layer.receptive_field
    rows, columns = Fields(model, "three").box(6, 6)
    assert (rows[1] - rows[0], columns[1] - columns[0]) == layer.receptive_field
    assert Fields(model, "three")._asked(6, 6) == (rows, columns)


class Deeper(SameNetwork):
    """What follows does not run on small pictures."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Conv2d(4, 4, 11)

    def forward(self, x):
        return self.last(super().forward(x))


def test_a_neuron_s_window_gives_its_value_where_the_rest_does_not_run():
    model = reverie.load(seeded(Deeper), size=48)
    made = recipes.feature(model, "two:1@6,5", preset="naive", size=48, steps=1)
    (height, width), image = made.stages[0].size, picture(4, 1, 3, 48, 48)
    assert height < 48 > width
    part = image[..., made.window.top : made.window.top + height, made.window.left : made.window.left + width]
    row, column = 6 - made.window.top // 4, 5 - made.window.left // 4
    found = reverie.probe(model, part, ["two"])["two"][0, 1, row, column]
    assert torch.allclose(found, reverie.probe(model, image, ["two"])["two"][0, 1, 6, 5], rtol=1e-5)
