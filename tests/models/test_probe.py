import threading

import pytest
import torch
from torch import nn

import reverie
from reverie.errors import UnknownName
from reverie.models.probe import listen, probe
from reverie.models.trace import trace
from reverie.models.zoos import import_torchvision
from tiny import Call, Tiny, hook_count, hooked, picture, seeded, state

TORCHVISION = ("resnet18", "googlenet", "mobilenet_v3_small", "squeezenet1_1")


def assert_equals_hooks(model, untouched, size: int, alone) -> None:
    """Every listed layer as the untouched module returns it: unfolded, folded as far as may be, and some alone."""
    image = picture(1, 1, 3, size, size)
    wanted = hooked(untouched, model.normalised(image))
    folded = [name for name, layer in model.layers.items() if layer.kind != "Conv2d"]
    for group in (list(model.layers), folded, *([name] for name in alone)):
        seen = probe(model, image, group)
        for name in group:
            module, _, call = name.partition("~")
            expected = wanted[module][int(call or 1) - 1]
            expected = expected if expected.ndim == 4 else expected.reshape(*expected.shape, 1, 1)
            assert (seen[name] - expected).norm() <= 1e-4 * expected.norm() + 1e-6, name


def test_every_layer_equals_plain_hooks(model, module):
    assert {"stem.0", "stem.2", "block.bn2", "block.relu~1", "block.relu~2", "logits"} <= set(model.layers)
    assert_equals_hooks(model, seeded(Tiny), 48, model.layers)


def test_every_layer_of_a_sequential_equals_plain_hooks(sequential):
    assert list(sequential.layers) == ["0", "1", "2", "3", "4", "logits"]
    image = picture(1)
    assert torch.equal(probe(sequential, image, ["4"])["4"], probe(sequential, image, ["logits"])["logits"])


@pytest.mark.parametrize("name", TORCHVISION)
def test_every_layer_of_torchvisions_networks_equals_plain_hooks(name):
    model = reverie.load(name, weights=None, size=64)
    extra = {"aux_logits": False, "init_weights": False, "transform_input": False} if name == "googlenet" else {}
    untouched = import_torchvision().models.get_model(name, weights=None, **extra)
    # the caller's own weights: those of the plain, unfolded form
    untouched.load_state_dict(model.variants.plain.state_dict())
    names = list(model.layers)
    assert_equals_hooks(model, untouched, 64, names[3 :: len(names) // 5])


def test_a_network_whose_views_need_the_plain_layout_is_tapped():
    class Viewing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.norm, self.head = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4 * 30 * 30, 3)

        def forward(self, x):
            return self.head(self.norm(self.conv(x)).view(len(x), -1))

    assert_equals_hooks(reverie.load(seeded(Viewing), size=32), seeded(Viewing), 32, ["conv", "norm", "logits"])


def test_a_tap_is_not_overwritten_in_place():
    model = reverie.load("resnet18", weights=None, size=64)
    seen = probe(model, picture(1, 1, 3, 64, 64), ["bn1", "layer1.0.bn1", "layer1.0.bn2"])
    assert all(float(seen[name].min()) < 0 for name in seen.values)


def test_the_forward_ends_at_the_last_tap(model):
    ran = []
    plain = model.variants.module(["block"])
    handles = [plain.get_submodule(name).register_forward_hook(lambda *_: ran.append(1)) for name in ("mix", "fc")]
    try:
        probe(model, picture(1), ["stem.0", "block"])
    finally:
        for handle in handles:
            handle.remove()
    assert not ran


def test_the_network_is_left_by_an_exception_that_it_cannot_swallow():
    class Swallowing(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.second = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 3)

        def forward(self, x):
            try:
                x = self.first(x)
            except Exception:
                x = torch.zeros(1, 4, 9, 9)
            return self.second(x)

    swallowing = reverie.load(seeded(Swallowing), size=32)
    assert probe(swallowing, picture(1, 1, 3, 32, 32), ["first"])["first"].shape == (1, 4, 30, 30)


def test_the_callers_module_is_untouched(module, model):
    before = state(module)
    assert module.training
    probe(model, picture(1), model.layers)
    reverie.load(module, size=48)
    assert state(module) == before


def test_the_callers_own_hooks_stay_and_belong_to_the_network():
    owned = seeded(Tiny)
    handle = owned.block.register_forward_hook(lambda _, __, output: 3 * output)
    model = reverie.load(owned, size=48)
    seen = probe(model, picture(1), ["block", "mix", "logits"])
    wanted = hooked(owned, model.normalised(picture(1)))
    for layer in ("mix", "logits"):
        assert torch.allclose(seen[layer].flatten(), wanted[layer][0].flatten(), atol=1e-5)
    assert torch.allclose(seen["block"], wanted["block"][0], atol=1e-5)
    assert hook_count(owned) == 1
    handle.remove()


def test_no_hook_is_left(model):
    probe(model, picture(1), ["block", "stem.0"])
    assert all(hook_count(made) == 0 for made in model.variants._made.values())


def test_no_hook_is_left_after_an_exception(model):
    with pytest.raises(RuntimeError):
        probe(model, picture(1, 1, 5, 48, 48).expand(1, 5, 48, 48)[:, :1].expand(1, 4, 48, 48), ["block"])
    with pytest.raises(RuntimeError):
        probe(model, torch.zeros(1, 3, 0, 0), ["logits", "block"])
    assert all(hook_count(made) == 0 for made in model.variants._made.values())


def test_a_repeated_module_has_numbered_calls(model):
    seen = probe(model, picture(1), ["block.relu~1", "block.relu~2"])
    assert not torch.equal(seen["block.relu~1"], seen["block.relu~2"])
    assert model.layers["block.relu~2"].calls == 2
    assert "block.relu" not in model.layers


def test_an_unsaid_call_is_refused(model):
    with pytest.raises(UnknownName) as caught:
        model.units("block.relu:1")
    assert str(caught.value) == "'block.relu' runs 2 times in Tiny; name a call: block.relu~1, block.relu~2"


def test_a_layer_that_does_not_run_is_refused(model):
    with pytest.raises(UnknownName, match=r"^Tiny did not run 'block.relu~7' for this picture; list its layers with"):
        probe(model, picture(1), ["block.relu~7"])


def test_no_layer_is_no_forward(model):
    assert probe(model, picture(1), []).values == {}


@pytest.mark.parametrize("name", TORCHVISION)
def test_logits_are_the_networks_output(name):
    model = reverie.load(name, weights=None, size=64)
    assert probe(model, picture(1, 2, 3, 64, 64), ["logits"])["logits"].shape == (2, 1000, 1, 1)
    assert model.layers["logits"].channels == 1000


@pytest.mark.parametrize(
    ("tokens", "shape"), [(16, (1, 5, 4, 4)), (17, (1, 5, 4, 4)), (7, (1, 5, 1, 7)), (1, (1, 5, 1, 1))]
)
def test_tokens_get_a_grid(tokens, shape):
    class Tokens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mark = nn.Identity()

        def forward(self, x):
            return self.mark(x.flatten(2)[:, :1, : tokens * 5].unflatten(2, (tokens, 5))[:, 0]).sum((1, 2))[:, None]

    model = reverie.load(Tokens(), size=32)
    image = picture(1, 1, 3, 32, 32)
    seen = probe(model, image, ["mark"])["mark"]
    rows = model.normalised(image).flatten(2)[0, 0, : tokens * 5].unflatten(0, (tokens, 5))
    assert seen.shape == shape
    assert torch.equal(seen.flatten(2)[0].T, rows[1:] if tokens == 17 else rows)


def test_activations_of_a_row(model):
    seen = probe(model, picture(1, 3, 3, 48, 48), ["block"])
    assert torch.equal(seen.rows()[2]["block"], seen["block"][2:])
    assert torch.equal(seen.rows()[1].picture, seen.picture[1:2])


def test_a_forward_inside_another_threads_forward_is_not_heard():
    started, go = threading.Event(), threading.Event()

    def pause(x):
        if threading.current_thread().name == "first":
            started.set()
            assert go.wait(60)
        return x

    network = reverie.load(seeded(lambda: nn.Sequential(nn.Conv2d(3, 4, 3), Call(pause), nn.Conv2d(4, 4, 3))), size=32)
    images, found = [picture(index, 1, 3, 32, 32) for index in (0, 1)], {}
    wanted = [probe(network, image, ["2"])["2"] for image in images]
    first = threading.Thread(
        target=lambda: found.update(first=probe(network, images[0], ["2"])["2"]), name="first", daemon=True
    )
    first.start()
    assert started.wait(60)
    try:
        found["second"] = probe(network, images[1], ["2"])["2"]
    finally:
        go.set()
        first.join()
    assert torch.equal(found["first"], wanted[0])
    assert torch.equal(found["second"], wanted[1])


def test_threads_that_share_a_model_do_not_hear_each_other(model):
    images = [picture(index) for index in range(2)]
    layers = [["stem.0", "block"], ["block.relu~2", "mix"]]
    wanted = [probe(model, image, names).values for image, names in zip(images, layers, strict=True)]
    wrong = []

    def work(index: int) -> None:
        for _ in range(30):
            seen = probe(model, images[index], layers[index]).values
            if seen.keys() != wanted[index].keys() or any(not torch.equal(seen[k], wanted[index][k]) for k in seen):
                wrong.append(index)

    threads = [threading.Thread(target=work, args=(index,)) for index in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_pictures_of_two_threads_equal_those_of_single_runs(model):
    def make(index: int):
        return reverie.feature(model, f"block:{index}", size=32, steps=6, seed=index).images

    wanted, found = [make(index) for index in range(2)], [None, None]
    threads = [threading.Thread(target=lambda i=i: found.__setitem__(i, make(i))) for i in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(torch.equal(a, b) for a, b in zip(wanted, found, strict=True))


def test_the_trace_leaves_no_hook():
    bare = seeded(Tiny).eval()
    trace(bare, picture(1))
    with pytest.raises(RuntimeError):
        trace(bare, picture(1, 1, 4, 48, 48))
    assert hook_count(bare) == 0


def test_listening_tells_what_the_probe_returns_and_keeps_nothing(model):
    image, layers = picture(1, 2, 3, 48, 48), ["stem.2", "block.relu~1", "block.relu~2", "mix", "logits"]
    heard: list[tuple[str, torch.Tensor]] = []
    with torch.no_grad():
        listen(model, image, layers, lambda name, value: heard.append((name, value.clone())))
        wanted = probe(model, image, layers)
    assert [name for name, _ in heard] == layers
    assert all(torch.equal(value, wanted[name]) for name, value in heard)
    assert hook_count(model.variants.plain) == 0


def test_listening_stops_where_the_last_layer_has_been_heard(model):
    heard: list[str] = []
    listen(model, picture(1), ["stem.0"], lambda name, value: heard.append(name))
    assert heard == ["stem.0"]


def test_listening_leaves_nothing_after_an_error(model):
    with pytest.raises(ZeroDivisionError):
        listen(model, picture(1), ["mix"], lambda name, value: 1 / 0)
    assert hook_count(model.variants.module(["mix"])) == 0
