"""A ready network computes what its owner's module computes, whatever hangs on it."""

import contextlib
import threading
import warnings

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import parametrizations, prune

import reverie
from reverie.errors import InvalidSetting
from reverie.models.fidelity import exactly
from reverie.models.probe import listen, probe
from tiny import Call, Tiny, hooked, picture, plain, seeded, state


def _old(kind: str):
    def make(module: nn.Module) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            getattr(nn.utils, kind)(module.mix)

    return make


def _normalised(kind):
    def make(module: nn.Module) -> None:
        kind(module)
        with torch.no_grad():  # at first it changes nothing; the weight that the hook left is stale now
            for name, value in module.named_parameters():
                if name.endswith(("weight_g", "original0")):
                    value.mul_(torch.linspace(0.5, 3, value.numel()).view_as(value))

    return make


def _pruned(module: nn.Module) -> None:
    prune.l1_unstructured(module.mix, "weight", 0.5)
    other = {
        name: value.flip(0) if name.startswith("mix.weight") else value for name, value in module.state_dict().items()
    }
    module.load_state_dict(other)  # the weight that the hook left is stale now


def _half_scaled(module: nn.Module) -> None:
    module.block.conv1.register_forward_pre_hook(lambda _, given: (0.5 * given[0],))
    module.block.bn1.register_forward_hook(lambda _, __, output: output.clamp(max=0.3))
    module.register_forward_hook(lambda _, __, output: 7 * output)


HANGING = {
    "weight_norm": _normalised(_old("weight_norm")),
    "spectral_norm": _old("spectral_norm"),
    "pruned": _pruned,
    "scaled": _half_scaled,
    "parametrized weight_norm": _normalised(lambda module: parametrizations.weight_norm(module.block.conv1)),
    "parametrized spectral_norm": lambda module: parametrizations.spectral_norm(module.block.conv2),
    "orthogonal": lambda module: parametrizations.orthogonal(module.fc),
}


@pytest.mark.parametrize("name", HANGING)
def test_what_hangs_on_a_network_is_computed(name):
    owned, alone = seeded(Tiny), seeded(Tiny)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(3)
        HANGING[name](owned)
        torch.manual_seed(3)
        HANGING[name](alone)
    owned.train()
    before = state(owned)
    model = reverie.load(owned, size=48)
    assert state(owned) == before
    image = picture(1, 2, 3, 48, 48)
    wanted = hooked(alone, model.normalised(image))
    layers = [layer for layer in model.layers if layer in wanted and len(wanted[layer]) == 1]
    assert {"mix", "block.conv1", "block", "fc", "logits"} <= set(layers)
    for layer in layers:
        seen = probe(model, image, [layer])[layer]
        assert (seen.flatten() - wanted[layer][0].flatten()).norm() < 1e-4 * wanted[layer][0].norm(), layer
    assert not torch.allclose(
        wanted["logits"][0], hooked(seeded(Tiny), model.normalised(image))["logits"][0], rtol=0.01
    )


def test_spectral_norm_that_never_ran_is_that_of_its_vectors():
    owned = seeded(Tiny)
    _old("spectral_norm")(owned)
    weight, u, v = owned.mix.weight_orig.detach(), owned.mix.weight_u, owned.mix.weight_v
    sigma = u @ weight.flatten(1) @ v
    model = reverie.load(owned, size=48)
    image = picture(1)
    before = probe(model, image, ["block"])["block"]
    wanted = functional.conv2d(before, weight / sigma, owned.mix.bias.detach(), stride=2, padding=1)
    found = probe(model, image, ["mix"])["mix"]
    assert (found - wanted).norm() < 1e-4 * wanted.norm()  # sigma may be small: its vectors are random


def test_a_pruned_network_from_a_factory(tmp_path):
    (tmp_path / "nets.py").write_text(
        "import torch\nfrom torch import nn\nfrom torch.nn.utils import prune\n"
        "def net():\n    conv = nn.Conv2d(3, 4, 3)\n    prune.ln_structured(conv, 'weight', 0.5, n=2, dim=0)\n"
        "    return nn.Sequential(conv, nn.ReLU())\nnet.size = 16\n"
    )
    model = reverie.load(f"{tmp_path / 'nets.py'}:net")
    weight = model.variants.plain[0].weight
    assert sorted((weight.flatten(1).norm(dim=1) == 0).tolist()) == [False, False, True, True]


def test_batch_norms_are_folded_but_where_a_hook_hangs():
    owned = seeded(Tiny)
    owned.block.conv1.register_forward_hook(lambda _, __, output: 2 * output)
    assert reverie.load(owned, size=48).variants.convolutions == {"stem.0", "block.conv2", "mix"}


def test_what_cannot_be_copied_is_shared():
    class Locked(Tiny):
        def __init__(self) -> None:
            super().__init__()
            self.lock = threading.Lock()

        def forward(self, x):
            with self.lock:
                return super().forward(x)

    owned = seeded(Locked)
    before = state(owned)
    model = reverie.load(owned, size=48)
    image = picture(1)
    wanted = hooked(seeded(Tiny), model.normalised(image))
    assert torch.allclose(probe(model, image, ["fc"])["fc"].flatten(), wanted["fc"][0].flatten(), atol=1e-5)
    assert state(owned) == before
    made = reverie.feature(model, "mix:1", size=32, steps=2)
    assert made.images.shape == (1, 3, 32, 32)


def test_a_network_that_another_run_changes_is_refused_with_the_layer():
    class Drifting(nn.Module):
        seen = 0

        def forward(self, x):
            Drifting.seen += 1
            return x * Drifting.seen

    network = nn.Sequential(plain(), Drifting(), nn.AdaptiveAvgPool2d(1))
    with pytest.raises(InvalidSetting, match=r"does not compute what the module itself does: '1' differs by "):
        reverie.load(network, size=48)


def test_chance_within_a_forward_is_no_difference_and_moves_no_generator():
    network = nn.Sequential(plain(), Call(lambda x: functional.dropout(x, 0.5)))
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    reverie.load(network, size=48)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_compiled_modules_are_asked_as_they_were():
    owned = seeded(Tiny)
    compiled = torch.compile(owned, backend="eager")
    inside = nn.Sequential(torch.compile(seeded(plain), backend="eager"), nn.ReLU())
    owned.compile(backend="eager")
    assert reverie.load(compiled, size=48).layers.keys() == reverie.load(seeded(Tiny), size=48).layers.keys()
    assert "0.3" in reverie.load(inside, size=48).layers


def test_a_network_that_takes_one_picture_at_a_time_is_asked_so():
    class Folded(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.fc = plain(), nn.Linear(8 * 12 * 12, 5)

        def forward(self, x):
            return self.fc(self.body(x).view(1, -1))

    module = seeded(Folded)
    model = reverie.load(module, size=24)
    images = picture(1, 3, 3, 24, 24)
    wanted = torch.cat([hooked(module, model.normalised(image[None]))["logits"][0] for image in images])
    assert torch.allclose(probe(model, images, ["logits", "body.0"])["logits"].flatten(1), wanted, atol=1e-5)
    assert model.together((24, 24)) == 1
    heard = {}
    listen(model, images, ["body.4"], lambda name, value: heard.update({name: value.shape}))
    assert heard == {"body.4": (3, 8, 12, 12)}
    made = reverie.feature(model, "logits:0-2", size=24, steps=3)
    assert made.images.shape == (3, 3, 24, 24)


@pytest.mark.parametrize("fails", [False, True])
def test_a_gpu_compares_without_tf32_and_is_left_as_it_was_found(fails):
    parts = torch.backends.cuda.matmul, torch.backends.cudnn.conv
    before = [part.fp32_precision for part in parts]
    with contextlib.suppress(ZeroDivisionError), exactly(torch.device("cuda")):
        assert [part.fp32_precision for part in parts] == ["ieee", "ieee"]
        assert not fails or 1 / 0
    assert [part.fp32_precision for part in parts] == before != ["ieee", "ieee"]
    with exactly(torch.device("cpu")):
        assert [part.fp32_precision for part in parts] == before
