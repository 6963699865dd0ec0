"""Who feeds whom: known answers by silencing channels, effective weights by the gradient of the plain module."""

import pytest
import torch
from torch import nn
from torch.nn import functional

import reverie
from reverie.errors import InvalidSetting
from reverie.models.connections import IMAGE
from reverie.models.connectivity import connectivity
from reverie.unit import Unit
from tiny import Bodied, Call, Tiny, picture, plain, seeded


class Branched(nn.Module):
    """Branches side by side, one pooled before its batch norm, one at its start; grouped and depthwise weights."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.pool = nn.Conv2d(3, 6, 3, padding=1), nn.MaxPool2d(2)
        self.left = nn.Sequential(nn.Conv2d(6, 4, 3, padding=1, groups=2), nn.BatchNorm2d(4), nn.ReLU())
        self.late = nn.Sequential(nn.Conv2d(6, 3, 1), nn.AvgPool2d(3, 1, 1), nn.BatchNorm2d(3), nn.SiLU())
        self.early = nn.Sequential(nn.MaxPool2d(3, 1, 1), nn.Conv2d(6, 5, 1), nn.ReLU(inplace=True))
        self.join = nn.Identity()
        self.depthwise = nn.Conv2d(12, 12, 3, padding=1, groups=12)
        self.point = nn.Conv2d(12, 8, 1, bias=False)
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Linear(8 * 6 * 6, 4)

    def forward(self, x):
        x = self.pool(functional.relu(self.stem(x)))
        x = self.join(torch.cat([self.left(x), self.late(x), self.early(x)], 1))
        x = functional.relu6(self.norm(self.point(self.depthwise(x))))
        return self.head(torch.flatten(functional.adaptive_avg_pool2d(x, 6), 1))


class Shuffled(nn.Module):
    """Half of the channels go round, and the halves are interleaved, as in ShuffleNet."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.side, self.last = nn.Conv2d(3, 8, 1), nn.Conv2d(4, 4, 1), nn.Conv2d(8, 2, 1)

    def forward(self, x):
        left, right = self.first(x).relu().chunk(2, 1)
        x = torch.cat([left, self.side(right).relu()], 1)
        return self.last(x.view(1, 2, 4, *x.shape[2:]).transpose(1, 2).reshape(1, 8, *x.shape[2:]))


class Gated(nn.Module):
    """A gate for each channel, and a product of two maps."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.gate, self.out = nn.Conv2d(3, 4, 1), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 2, 1)
        self.scaled = Call(lambda x: x * 3 / 2)

    def forward(self, x):
        x = self.conv(x)
        return self.out(self.scaled(x * self.gate(x.mean((2, 3), keepdim=True)).sigmoid()))


def inputs_of(module: nn.Module, name: str, x: torch.Tensor, change=None) -> torch.Tensor:
    """What a module is given, when another returns something else: plain hooks on the plain module."""
    kept = []
    handles = [module.get_submodule(name).register_forward_pre_hook(lambda _, args: kept.append(args[0].clone()))]
    if change is not None:
        part, function = change
        handles.append(module.get_submodule(part).register_forward_hook(lambda _, __, out: function(out)))
    with torch.no_grad():
        module(x)
    for handle in handles:
        handle.remove()
    return kept[0]


def without(channel: int):
    def change(out):
        out = out.clone()
        out[:, channel] += 1.0  # a plus, so that a rectifier or a maximum cannot hide it
        return out

    return change


def follows(module: nn.Module, model, names, units) -> None:
    """Changing one channel of a layer changes just those inputs of a convolution that are said to be it."""
    wired, x = connectivity(model), model.normalised(picture(2, 1, 3, *model.size))
    module = module.eval()
    for name in names:
        maker = next(item for item in wired.makers if getattr(item, "layer", "") == name)
        sources = wired.units(maker.inputs)
        base = inputs_of(module, name, x)
        for source in [item for item in dict.fromkeys(sources) if item is not None and item.layer != IMAGE][::units]:
            changed = inputs_of(module, name, x, (source.layer, without(int(source.channels[0]))))
            axes = tuple(at for at in range(base.ndim) if at != 1)
            moved = ((changed - base).abs().amax(axes) > 1e-6).nonzero().flatten().tolist()
            # a layer that is also read by weights on the way moves what these make
            moved = [at for at in moved if sources[at].layer == source.layer]
            assert moved == [at for at, item in enumerate(sources) if item == source], (name, source)


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (Branched, ["left.0", "late.0", "early.1", "depthwise", "point"]),
        (Shuffled, ["side", "last"]),
        (Gated, ["out"]),
        (plain, ["3"]),
    ],
)
def test_inputs_are_what_changes_when_a_channel_changes(make, names):
    follows(seeded(make), reverie.load(seeded(make), size=24), names, 1)


@pytest.mark.parametrize("name", ["googlenet", "inception_v3", "densenet121", "shufflenet_v2_x0_5"])
def test_torchvision_networks_come_out_right(name):
    model = reverie.load(name, None, size=96)
    module = model.variants.plain
    makers = [item.layer for item in connectivity(model).makers if hasattr(item, "kernels") and item.kernels.ndim == 4]
    chosen = [layer for layer in makers if isinstance(module.get_submodule(layer), nn.Conv2d)]
    follows(module, model, chosen[1 :: max(1, len(chosen) // 5)], 41)


def gradient(module: nn.Module, model, reader: str, unit: tuple[str, int], side: int):
    """The plain module's d(unit)/d(reader's input) at the middle of the grid, and where that is."""
    module = module.eval()
    kept = {}
    handles = [
        module.get_submodule(reader).register_forward_pre_hook(
            lambda _, args: kept.__setitem__("in", args[0]) or args[0].retain_grad() if args[0].requires_grad else None
        ),
        module.get_submodule(unit[0]).register_forward_hook(lambda _, __, out: kept.__setitem__("out", out.clone())),
    ]
    x = model.normalised(picture(3, 1, 3, side, side)).requires_grad_()
    module(x)
    for handle in handles:
        handle.remove()
    out = kept["out"]
    out[0, unit[1], out.shape[2] // 2, out.shape[3] // 2].backward()
    return kept["in"].grad[0]


@pytest.mark.parametrize(
    ("reader", "unit"),
    [("left.0", ("left.1", 3)), ("depthwise", ("depthwise", 7)), ("point", ("norm", 5)), ("early.1", ("early.1", 2))],
)
def test_effective_weights_are_the_gradient_of_the_plain_module(reader, unit):
    """Kernels hold the batch norm's factor, and stand where the input's gradient is."""
    model = reverie.load(seeded(Branched), size=24)
    wired = connectivity(model)
    (bundle,) = wired.bundles(Unit(unit[0], (unit[1],)))
    slope = gradient(seeded(Branched), model, reader, unit, 24)
    reached = slope.abs().amax((1, 2)) > 0
    assert int(reached.sum()) == len(bundle.sources)
    part = slope[reached]
    rows, columns = (part.abs().amax(0) > 0).nonzero().T
    patch = part[:, int(rows.min()) : int(rows.max()) + 1, int(columns.min()) : int(columns.max()) + 1]
    assert torch.allclose(bundle.kernels, patch, atol=1e-5)


def test_a_batch_norm_behind_a_pooling_counts():
    model = reverie.load(seeded(Branched), size=24)
    module = seeded(Branched).eval()
    (bundle,) = connectivity(model).bundles(Unit("late", (1,)))
    conv, norm = module.late[0], module.late[2]
    factor = norm.weight[1] / (norm.running_var[1] + norm.eps).sqrt()
    assert torch.allclose(bundle.kernels[:, 0, 0], (conv.weight[1, :, 0, 0] * factor).detach(), atol=1e-6)
    assert [str(source) for source in bundle.sources] == [f"stem:{index}" for index in range(6)]


def test_the_picture_is_in_0_to_1():
    """The first layer's kernels are those of the picture before the network's own normalisation."""
    model = reverie.load(seeded(Tiny), size=48, std=(0.2, 0.4, 0.5))
    module = seeded(Tiny).eval()
    (bundle,) = connectivity(model).bundles(Unit("stem.1", (2,)))
    image = picture(3, 1, 3, 48, 48).requires_grad_()
    stem = module.stem[1](module.stem[0](model.normalised(image)))
    (slope,) = torch.autograd.grad(stem[0, 2, 20, 20], image)
    assert bundle.of_image
    assert torch.allclose(bundle.kernels, slope[0, :, 19:22, 19:22], atol=1e-5)


def test_a_linear_layer_over_a_map_has_a_kernel_as_large_as_it():
    model = reverie.load(seeded(Branched), size=24)
    (bundle,) = connectivity(model).bundles(Unit("logits", (3,)))
    assert bundle.kernels.shape == (8, 6, 6)
    assert torch.equal(bundle.kernels.flatten(), seeded(Branched).head.weight[3].detach())
    assert [str(source) for source in bundle.sources] == [f"norm:{index}" for index in range(8)]


def test_after_global_pooling_a_weight_is_of_the_mean(model, module):
    (bundle,) = connectivity(model).bundles(Unit("logits", (2,)))
    assert torch.equal(bundle.kernels.flatten(), module.fc.weight[2].detach())
    assert [str(source) for source in bundle.sources] == [f"norm:{index}" for index in range(12)]


def test_a_residual_channel_is_fed_by_its_weights_and_by_the_channel_it_is_added_to(model, module):
    bundles = connectivity(model).bundles(Unit("block", (5,)))
    assert [bundle.through for bundle in bundles] == ["block.conv2", "sum"]
    norm = module.block.bn2
    factor = (norm.weight[5] / (norm.running_var[5] + norm.eps).sqrt()).detach()
    assert torch.allclose(bundles[0].kernels, module.block.conv2.weight[5].detach() * factor, atol=1e-6)
    assert (str(bundles[1].sources[0]), bundles[1].kernels.tolist()) == ("stem.2:5", [[[1.0]]])


def test_what_goes_out_is_what_comes_in(model):
    """Each connection is found from both of its ends, with the same kernel."""
    wired = connectivity(model)
    for layer, targets in (("block.relu~1", 8), ("stem.2", 9), ("norm", 5), ("block", 12)):
        there = wired.outgoing(Unit(layer, (1,)))
        assert len(there) == targets
        for link in there:
            back = [item for item in wired.incoming(link.target) if item.source == link.source]
            assert any(torch.allclose(item.kernel, link.kernel) for item in back), (layer, str(link.target))


def test_the_strongest_stand_first(model):
    lengths = [link.strength for link in connectivity(model).incoming(Unit("mix", (0,)))]
    assert lengths == sorted(lengths, reverse=True)


@pytest.mark.parametrize(
    ("unit", "message"),
    [
        (Unit("mix"), "'mix' is a whole layer; name one channel, such as 'mix:0'"),
        (Unit("mix", (1,), (0, 0), (0, 0)), "'mix:1@0,0' is a part of the positions; "
                                            "name one channel, such as 'mix:0'"),
    ],
)  # fmt: skip
def test_only_single_channels_are_fed(model, unit, message):
    with pytest.raises(InvalidSetting, match="^" + message.replace("(", r"\(") + "$"):
        connectivity(model).bundles(unit)


def test_what_weights_do_not_make_is_said():
    made = reverie.load(seeded(Gated), size=24)
    with pytest.raises(InvalidSetting, match=r"^'scaled:1' is made by mul, which has no weights for each channel; "):
        connectivity(made).bundles(Unit("scaled", (1,)))
    mixed = nn.Sequential(nn.Conv2d(3, 4, 1), Call(lambda x: x.softmax(1)), nn.Conv2d(4, 2, 1))
    wired = connectivity(reverie.load(seeded(lambda: mixed), size=24))
    with pytest.raises(InvalidSetting, match=r"^'1:0' is made by Call, which has no weights for each channel; "):
        wired.bundles(Unit("1", (0,)))
    assert str(wired.incoming(Unit("2", (0,)))[0].source).startswith("1:")


def test_a_map_written_to_in_part_is_not_believed():
    def write(x):
        x = x.clone()
        x[:, :2] *= -1
        return x

    net = nn.Sequential(nn.Conv2d(3, 4, 1), Call(write), nn.Conv2d(4, 2, 1))
    wired = connectivity(reverie.load(seeded(lambda: net), size=24))
    assert {str(item.source).split(":")[0] for item in wired.incoming(Unit("2", (0,)))} == {"1"}


def test_a_tensor_that_several_modules_return_is_known_by_its_block():
    wired = connectivity(reverie.load(seeded(Bodied), size=24))
    sources = {str(link.source) for link in wired.incoming(Unit("head", (0,)))}
    assert sources == {*(f"body.2:{index}" for index in range(4)), *(f"body.1:{index}" for index in range(6))}
    inner, outer = (wired.incoming(Unit(layer, (1,))) for layer in ("body.2", "body"))
    assert [link.source for link in inner] == [link.source for link in outer]
    assert [wired.usual[name] for name in ("body", "body.2", "body.1.2", "head")] == [
        "body.2", "body.2", "body.1", "logits",
    ]  # fmt: skip
    assert {str(link.target) for link in wired.outgoing(Unit("body.1", (2,)))} > {
        f"logits:{index}" for index in range(3)
    }


class Tokens(nn.Module):
    """A class token in front of patches, added positions, a norm and a block of two linear layers with a skip."""

    def __init__(self) -> None:
        super().__init__()
        self.patch, self.token = nn.Conv2d(3, 6, 4, 4), nn.Parameter(torch.zeros(1, 1, 6))
        self.position = nn.Parameter(torch.ones(1, 17, 6))
        self.norm, self.wide, self.act, self.narrow = nn.LayerNorm(6), nn.Linear(6, 9), nn.GELU(), nn.Linear(9, 6)
        self.head = Call(lambda x: x[:, 0])

    def forward(self, x):
        x = torch.cat([self.token, self.patch(x).flatten(2).transpose(1, 2)], 1) + self.position
        return self.head((x + self.narrow(self.act(self.wide(self.norm(x))))).relu())


def test_tokens_are_fed_through_their_linear_layers():
    wired = connectivity(reverie.load(seeded(Tokens), size=16))
    module = seeded(Tokens)
    (bundle,) = wired.bundles(Unit("act", (4,)))
    assert torch.equal(bundle.kernels.flatten(), module.wide.weight[4].detach())
    assert [str(source) for source in bundle.sources] == [f"norm:{index}" for index in range(6)]
    assert {str(link.target).split(":")[0] for link in wired.outgoing(Unit("act", (4,)))} == {"narrow"}


def test_nothing_is_left_on_the_network(model):
    from tiny import state

    before = state(model.variants.plain)
    connectivity(model)
    assert state(model.variants.plain) == before
