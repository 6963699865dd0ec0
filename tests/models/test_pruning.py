import threading

import pytest
import torch
from torch import nn

import reverie
from reverie.models.probe import probe
from reverie.models.pruning import Zeros, pruned
from tiny import picture, seeded


def step(width: int, channels: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(width, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels), nn.ReLU(inplace=True)
    )


def joined(block, left, middle, right):
    return torch.cat([left, middle, right], 1)


class Block(nn.Module):
    """Three branches of 4, 6 and 3 channels, and a function of what they return."""

    def __init__(self, end) -> None:
        super().__init__()
        self.left, self.middle = step(8, 4), nn.Sequential(step(8, 8), step(8, 6))
        self.right = nn.Sequential(nn.MaxPool2d(3, 1, 1), step(8, 3))
        self.mix, self.end = nn.Conv2d(13, 13, 1), end

    def forward(self, x):
        right = self.right(x)
        return self.end(self, self.left(x), self.middle(x), right)


class Shared(nn.Module):
    """Branches of 4 channels that end in the same module."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.shared = step(8, 8), step(8, 8), step(8, 4)

    def forward(self, x):
        return torch.cat([self.shared(self.first(x)), self.shared(self.second(x))], 1)


def loaded(block: nn.Module):
    """A model whose layer `1` is the block."""
    return reverie.load(seeded(lambda: nn.Sequential(step(3, 8), block)).eval(), size=48)


def left_out(model, channels, layer="1", size=(48, 48)) -> set[str]:
    form = pruned(model, layer, channels, size)
    return set() if form is None else {name for name, part in form.named_modules() if isinstance(part, Zeros)}


def value_and_slope(model, channels, *, prune: bool, layer="1", count=1):
    """Channels of a layer for pictures, and the gradient of their mean."""
    image = picture(3, count, 3, 48, 48).requires_grad_()
    value = probe(model, image, [layer], channels=channels if prune else ())[layer][:, channels]
    return value, torch.autograd.grad(value.mean(), image)[0]


def same_bits(model, channels, **others) -> bool:
    less, whole = (value_and_slope(model, channels, prune=prune, **others) for prune in (True, False))
    assert bool(whole[1].any())
    return all(map(torch.equal, less, whole))


@pytest.mark.parametrize(
    ("channels", "names"),
    [
        ([2], {"1.middle", "1.right"}),
        ([4, 9], {"1.left", "1.right"}),
        ([12], {"1.left", "1.middle"}),
        ([-1], {"1.left", "1.middle"}),
        ([0, 4], {"1.right"}),
        ([0, 4, 10], set()),
    ],
)
def test_what_reaches_none_of_the_channels_is_left_out_and_bits_stay(channels, names):
    model = loaded(Block(joined))
    assert left_out(model, channels) == names
    assert same_bits(model, channels)
    assert same_bits(model, channels, count=3)
    assert left_out(model, channels, size=(64, 80)) == names


def test_what_is_left_out_does_not_run():
    block, ran = Block(joined), []
    for name in ("left", "middle", "right"):
        block.get_submodule(name).register_forward_hook(lambda *_, name=name: ran.append(name))
    model = loaded(block)
    value_and_slope(model, [2], prune=True)
    ran.clear()
    value_and_slope(model, [2], prune=True)
    assert ran == ["left"]


def test_all_forms_share_their_weights():
    model = loaded(Block(joined))
    whole, less = model.variants.module(["1"]), pruned(model, "1", [2], (48, 48))
    assert less.get_submodule("0") is whole.get_submodule("0")
    assert {id(item) for item in less.parameters()} < {id(item) for item in whole.parameters()}


def gated(block, left, middle, right):
    return torch.cat([left * right.mean((1, 2, 3), keepdim=True).sigmoid(), middle, right], 1)


def mixed(block, left, middle, right):
    return block.mix(torch.cat([left, middle, right], 1))


def switched(block, left, middle, right):
    """NaN does not go through a comparison: only another picture than the usual one tells."""
    return torch.cat([torch.where(right.amax() > 0, left, -left), middle, right], 1)


def test_a_branch_that_gates_another_is_computed():
    model = loaded(Block(gated))
    assert left_out(model, [0]) == {"1.middle"}
    assert same_bits(model, [0])


@pytest.mark.parametrize("end", [mixed, switched])
def test_nothing_is_left_out_where_every_branch_counts(end):
    model = loaded(Block(end))
    assert left_out(model, [0]) == set()
    assert same_bits(model, [0])


def test_a_branch_that_writes_into_what_the_others_read_is_computed():
    class Writing(Block):
        def forward(self, x):
            return super().forward(x + 0)

    block = Writing(joined)
    block.right.insert(0, nn.Hardtanh(-0.1, 0.1, inplace=True))
    model = loaded(block)
    assert left_out(model, [0]) == set()
    assert same_bits(model, [0])


def test_a_module_that_runs_twice_is_left_out_of_both_calls_or_of_none():
    model = loaded(Shared())
    assert left_out(model, [1]) == {"1.second"}
    assert same_bits(model, [1])
    assert same_bits(model, [1], layer="1.shared~2")


def test_a_network_without_branches_is_left_whole(model):
    assert [left_out(model, [0], layer) for layer in ("block", "mix", "logits")] == [set(), set(), set()]


def test_interventions_see_the_whole_network():
    model = loaded(Block(joined))
    with reverie.intervene(model, {"1.right:0": "ablate"}):
        assert left_out(model, [0]) == set()
    assert left_out(model, [0]) == {"1.middle", "1.right"}


def test_what_counts_in_large_pictures_alone_is_computed_in_them():
    def end(block, left, middle, right):
        return torch.cat([left + right.mean() if left.shape[-1] > 64 else left, middle, right], 1)

    model = loaded(Block(end))
    assert left_out(model, [0]) == {"1.middle", "1.right"}
    assert left_out(model, [0], size=(80, 80)) == set()


def test_chance_in_a_network_is_left_alone():
    def end(block, left, middle, right):
        return torch.cat([left + torch.rand_like(left), middle, right], 1)

    model, before = loaded(Block(end)), torch.random.get_rng_state()
    assert left_out(model, [0]) == {"1.middle", "1.right"}
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_size_that_the_network_takes_alone_is_where_it_is_asked():
    class Wide(Block):
        def forward(self, x):
            assert x.shape[-1] == 48
            return super().forward(x)

    assert left_out(loaded(Wide(joined)), [2]) == {"1.middle", "1.right"}


def test_threads_may_ask_for_other_channels():
    model, wrong = loaded(Block(joined)), []
    wanted = {channel: value_and_slope(model, [channel], prune=False) for channel in (0, 5, 11)}

    def work(channel: int) -> None:
        for _ in range(10):
            if not all(map(torch.equal, value_and_slope(model, [channel], prune=True), wanted[channel])):
                wrong.append(channel)

    threads = [threading.Thread(target=work, args=(channel,)) for channel in wanted]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
