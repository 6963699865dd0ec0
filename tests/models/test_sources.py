import importlib
import pickle
import sys
import urllib.error
from hashlib import sha256

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

import reverie
from reverie.errors import InvalidSetting, UnknownName, WeightsUnavailable
from reverie.models import own_networks
from reverie.models.own_networks import BUNDLED
from reverie.models.sources import load
from reverie.models.zoos import import_torchvision, torchvision_names
from reverie.settings.parts import Loading
from tiny import Tiny, picture, seeded, state


def refusal(call, kind=reverie.ReverieError) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


@pytest.fixture
def write(tmp_path):
    def file(text: str, name: str = "nets.py") -> str:
        (tmp_path / name).write_text("from torch import nn\n" + text)
        return str(tmp_path / name)

    return file


def test_the_bundled_network_is_whole(bundled):
    assert {"stem", "mixed3a", "mixed3b", "mixed4a", "mixed4b", "mixed4c", "mixed5a", "mixed5b", "logits"} <= set(
        bundled.layers
    )
    assert bundled.layers["logits"].channels == len(bundled.classes) > 10
    assert BUNDLED.stat().st_size <= 8_000_000
    assert load() is not load()
    assert bundled.units(f'logits:"{bundled.classes[3]}"')[0].channels == (3,)
    assert set(bundled.moments) <= set(bundled.layers)


def test_torchvisions_classifiers_can_be_named():
    assert {"inception_v3", "googlenet", "resnet50", "vgg19", "squeezenet1_1"} <= set(torchvision_names())
    network = load("squeezenet1_1", weights=None, size=64)
    assert network.name == "squeezenet1_1"
    assert network.source["weights"] is None
    assert load("squeezenet1_1", weights="none", size=64).source == network.source


@pytest.mark.parametrize("name", [None, 3])
def test_what_is_no_network_is_told_how_one_is_given(name):
    with pytest.raises(InvalidSetting, match=f"given by its name such as 'efficientnet_lite0', .* not as {name}"):
        load(name)


def test_an_unknown_network_names_the_nearest():
    message = refusal(lambda: load("inceptoin_v3"), UnknownName)
    assert message.startswith("there is no network 'inceptoin_v3'; nearest: 'inception_v3'")
    assert message.endswith(
        "list them with 'reverie models', take timm's as timm:NAME, or name your own as path/to/file.py:factory"
    )
    assert "nearest: 'bundled'" in refusal(lambda: load("bundeld"), UnknownName)


def test_without_a_connection_the_file_and_the_ways_on_are_named(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))

    def offline(*_, **__):
        raise urllib.error.URLError("Name or service not known")

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    assert refusal(lambda: load("squeezenet1_1"), WeightsUnavailable) == (
        "the weights of squeezenet1_1 are not here and cannot be fetched (Name or service not known): put "
        f"squeezenet1_1-b8a52dc0.pth into {tmp_path / 'checkpoints'}, name a file with --weights FILE, "
        "take random ones with --weights none, or use the network 'bundled'"
    )
    assert list((tmp_path / "checkpoints").iterdir()) == []


@pytest.mark.parametrize("error", [OSError("disk"), RuntimeError("invalid hash value"), TimeoutError("timed out")])
def test_every_failure_to_fetch_is_one_sentence(tmp_path, monkeypatch, error):
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))

    def failing(*_, **__):
        raise error

    monkeypatch.setattr(torch.hub, "download_url_to_file", failing)
    assert f"cannot be fetched ({error})" in refusal(lambda: load("squeezenet1_1"), WeightsUnavailable)


def test_cached_weights_are_used_without_a_connection(tmp_path, monkeypatch):
    (tmp_path / "checkpoints").mkdir()
    own = import_torchvision().models.squeezenet1_1(weights=None)
    torch.save(own.state_dict(), tmp_path / "checkpoints" / "squeezenet1_1-b8a52dc0.pth")
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *_, **__: pytest.fail("fetched"))
    network = load("squeezenet1_1", size=64)
    assert network.source["weights_sha256"] == load(own, size=64).source["weights_sha256"]


def test_googlenets_training_heads_are_left_out(tmp_path):
    own = import_torchvision().models.googlenet(weights=None, init_weights=False)
    torch.save(own.state_dict(), tmp_path / "g.pth")
    network = load("googlenet", tmp_path / "g.pth", size=64)
    assert not any(name.startswith("aux") for name in network.layers)
    assert network.source["weights"] == "file:g.pth"


def test_a_file_of_weights_is_read_in_both_forms(module, tmp_path):
    save_file(module.state_dict(), tmp_path / "a.safetensors")
    torch.save(module.state_dict(), tmp_path / "a.pt")
    torch.save({"state_dict": {f"module.{k}": v for k, v in module.state_dict().items()}}, tmp_path / "b.pt")
    other = seeded(Tiny, seed=9)
    before = state(other)
    wanted = load(module, size=48).source["weights_sha256"]
    for name in ("a.safetensors", "a.pt", "b.pt"):
        network = load(other, tmp_path / name, size=48)
        assert network.source["weights_sha256"] == wanted
        assert network.source["weights"] == f"file:{name}"
    assert state(other) == before


def test_wrong_weights_name_what_does_not_fit(module, tmp_path):
    weights = dict(module.state_dict())
    weights["head.weight"] = weights.pop("fc.weight")
    weights["mix.bias"] = torch.zeros(3)
    del weights["fc.bias"]
    save_file(weights, tmp_path / "w.safetensors")
    assert refusal(lambda: load(module, tmp_path / "w.safetensors", size=48), WeightsUnavailable) == (
        "the weights w.safetensors do not fit Tiny: it lacks 'fc.weight' and 1 more, it has the unknown 'head.weight', "
        "another shape in 'mix.bias'; name the file that belongs to it"
    )


def test_missing_and_unreadable_weights_are_one_sentence(module, tmp_path):
    assert refusal(lambda: load(module, tmp_path / "no.pt"), WeightsUnavailable) == (
        f"there is no weights file {tmp_path / 'no.pt'}; name a safetensors file or a saved state dict"
    )
    for name in ("a.pt", "a.safetensors"):
        for content in (b"", b"text", bytes(500)):
            (tmp_path / name).write_bytes(content)
            message = refusal(lambda name=name: load(module, tmp_path / name), WeightsUnavailable)
            assert message.startswith(f"{tmp_path / name} holds no weights that can be read safely (")
            assert "\n" not in message
    torch.save([1, 2], tmp_path / "list.pt")
    assert refusal(lambda: load(module, tmp_path / "list.pt"), WeightsUnavailable) == (
        f"{tmp_path / 'list.pt'} holds no state dict; save model.state_dict(), not the model"
    )


class Code:
    """What a hostile pickle does."""

    def __reduce__(self):
        return (open, ("ran", "w"))


@pytest.mark.parametrize("how", ["pickle", "torch"])
def test_a_pickle_with_code_is_refused_and_does_not_run(module, tmp_path, how):
    if how == "torch":
        torch.save({"a": Code()}, tmp_path / "w.pt")
    else:
        (tmp_path / "w.pt").write_bytes(pickle.dumps({"a": Code()}))
    assert "can be read safely" in refusal(lambda: load(module, tmp_path / "w.pt"), WeightsUnavailable)
    assert not (tmp_path / "ran").exists()


def test_a_whole_pickled_model_is_refused(module, tmp_path):
    torch.save(module, tmp_path / "whole.pt")
    assert "save model.state_dict()" in refusal(lambda: load(seeded(Tiny), tmp_path / "whole.pt"), WeightsUnavailable)


def test_bundled_weights_that_are_none_are_refused(tmp_path):
    save_file({"a": torch.zeros(3)}, tmp_path / "w.safetensors")
    for path in (tmp_path / "w.safetensors", tmp_path / "no.safetensors", tmp_path):
        assert path.name in refusal(lambda path=path: load("bundled", path), WeightsUnavailable)
    assert refusal(lambda: load("bundled", None), InvalidSetting) == (
        "the bundled network comes with its weights; for random ones name another network"
    )


def test_bundled_weights_that_changed_are_refused(tmp_path, monkeypatch):
    weights = tmp_path / "motifs.safetensors"
    content = bytearray(BUNDLED.read_bytes())
    content[-7] ^= 1
    weights.write_bytes(content)
    monkeypatch.setattr(own_networks, "BUNDLED", weights)
    assert refusal(lambda: load("bundled"), WeightsUnavailable).startswith(
        "the bundled network's weights motifs.safetensors cannot be checked ("
    )
    expected = sha256(BUNDLED.read_bytes()).hexdigest()
    weights.with_suffix(".sha256").write_text(f"{expected}  motifs.safetensors\n")
    assert refusal(lambda: load("bundled"), WeightsUnavailable) == (
        "the bundled network's weights motifs.safetensors are damaged: their SHA-256 begins with "
        f"{sha256(content).hexdigest()[:12]}, not with {expected[:12]}; install reverie anew"
    )


def test_a_factory_in_a_file(write):
    place = write("def make():\n    return nn.Sequential(nn.Conv2d(3, 4, 3))\n")
    network = load(f"{place}:make", size=32)
    assert network.name == f"{place}:make"
    assert network.title == network.source["name"] == "nets.py:make"
    assert network.source["code"] is True
    assert len(network.source["code_sha256"]) == 64


def test_a_class_in_a_file_is_a_factory(write):
    place = write("class Net(nn.Conv2d):\n    def __init__(self):\n        super().__init__(3, 4, 3)\n")
    assert load(f"{place}:Net", size=32).layers["logits"].channels == 4


def test_what_is_no_factory_is_refused(write):
    for name in ("math:sqrt", "builtins:dict", f"{write('VALUE = 3')}:VALUE"):
        refusal(lambda name=name: load(name))


def test_a_factory_in_a_package():
    assert load("torch.nn:Identity", size=32).source["name"] == "torch.nn:Identity"


def test_a_factory_has_the_same_random_weights_each_time(write):
    place = write("def make():\n    return nn.Conv2d(3, 4, 3)\n")
    first, second = (load(f"{place}:make", size=32).source["weights_sha256"] for _ in range(2))
    assert first == second


def test_a_colon_in_the_path_splits_at_the_last(tmp_path, write):
    (tmp_path / "a:b").mkdir()
    place = write("def make():\n    return nn.Conv2d(3, 4, 3)\n", "a:b/n.py")
    assert load(f"{place}:make", size=32).layers["logits"].channels == 4


def test_a_file_wins_over_a_package(tmp_path):
    (tmp_path / "torch.py").write_text("from torch import nn\ndef make():\n    return nn.Conv2d(3, 7, 3)\n")
    assert load("torch.py:make", size=32).layers["logits"].channels == 7
    (tmp_path / "nn").mkdir()
    assert load("torch.nn:Identity", size=32).layers["logits"].channels == 3


def test_a_file_wins_over_a_name(write):
    write("def make():\n    return nn.Conv2d(3, 9, 3)\n", "json.py")
    assert load("json.py:make", size=32).layers["logits"].channels == 9


@pytest.mark.parametrize("first", ["", "from __future__ import annotations\n"])
def test_a_file_may_hold_dataclasses(tmp_path, first):
    (tmp_path / "nets.py").write_text(
        f"{first}from dataclasses import dataclass\nfrom torch import nn\n@dataclass\nclass Width:\n"
        "    value: 'int' = 5\ndef make():\n    return nn.Conv2d(3, Width().value, 3)\n"
    )
    assert load(f"{tmp_path / 'nets.py'}:make", size=32).layers["logits"].channels == 5


SAID = "make.mean, make.std, make.size, make.classes = [.1, .2, .3], [1, 2, 3], [32, 40], ['a', 'b', 'c', 'd']\n"


def test_a_factory_says_its_settings_by_attributes_and_options_win(write):
    place = write(f"def make():\n    return nn.Conv2d(3, 4, 3)\n{SAID}")
    network = load(f"{place}:make")
    assert (network.mean, network.std, network.size) == ((0.1, 0.2, 0.3), (1, 2, 3), (32, 40))
    assert network.classes == ("a", "b", "c", "d")
    other = load(f"{place}:make", size=36, mean=[0.5], std=[0.5], classes=["x", "y", "z", "w"])
    assert (other.mean, other.std, other.size, other.classes[0]) == ((0.5,) * 3, (0.5,) * 3, (36, 36), "x")


def test_a_module_says_its_settings_by_attributes():
    own = nn.Conv2d(3, 2, 3)
    own.size, own.classes, own.mean = 40, ("a", "b"), (0.0, 0.0, 0.0)
    network = load(own)
    assert (network.size, network.classes, network.mean) == ((40, 40), ("a", "b"), (0, 0, 0))


def test_own_modules_are_of_imagenet_else():
    network = load(nn.Conv2d(3, 2, 3))
    assert (network.size, network.classes) == ((224, 224), ())
    assert network.mean == (0.485, 0.456, 0.406)


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("def make(): pass\n", "make", "the factory {place}:make returned NoneType, not a torch.nn.Module"),
        ("def make(): return 1 / 0\n", "make", "the factory {place}:make failed: ZeroDivisionError: division by zero"),
        ("def make_net(): pass\n", "make_ent", "{place} has no function 'make_ent'; nearest: 'make_net'"),
        ("1 / 0\n", "make", "{place} cannot be imported: ZeroDivisionError: division by zero"),
        ("import nowhere_at_all\n", "make", "{place} cannot be imported: no module named 'nowhere_at_all'; install it"),
        ("def make(\n", "make", "{place} cannot be imported: SyntaxError: '(' was never closed"),
        ("def make(a, b): pass\n", "make", "the factory {place}:make failed: TypeError: make() missing 2 required"),
    ],
)  # fmt: skip
def test_factories_that_fail_are_one_sentence(write, text, name, message):
    place = write(text)
    found = refusal(lambda: load(f"{place}:{name}"))
    assert found.startswith(message.format(place=place))
    assert "\n" not in found


def test_an_error_of_many_lines_is_told_in_one(write):
    place = write("def make():\n    raise ValueError('first\\nsecond')\n")
    assert "\n" not in refusal(lambda: load(f"{place}:make"))


def test_missing_places_are_one_sentence():
    assert refusal(lambda: load("no/such.py:make"), UnknownName) == (
        "there is no file no/such.py; a factory is named path/to/file.py:function"
    )
    assert refusal(lambda: load("nowhere_at_all.nets:make"), UnknownName) == (
        "nowhere_at_all.nets cannot be imported: no module named 'nowhere_at_all'; install it, or name a file"
    )
    for name in (":make", "x:", ":", "torch.nn:"):
        refusal(lambda name=name: load(name))


def test_a_factory_file_of_another_kind_is_refused(tmp_path):
    (tmp_path / "nets.txt").write_text("def make(): pass\n")
    assert "is not a Python file" in refusal(lambda: load(f"{tmp_path / 'nets.txt'}:make"))


def test_torchvision_is_made_importable_before_a_factory_runs(write):
    place = write("import torchvision\ndef make():\n    return torchvision.models.squeezenet1_1(weights=None)\n")
    assert load(f"{place}:make", size=64).layers["logits"].channels == 1000


def test_a_missing_torchvision_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    monkeypatch.delitem(sys.modules, "torchvision")

    def missing(name):
        raise ModuleNotFoundError("No module named 'torchvision'", name="torchvision")

    monkeypatch.setattr(importlib, "import_module", missing)
    assert refusal(import_torchvision, InvalidSetting) == (
        "torchvision cannot be imported (No module named 'torchvision'); install it with 'pip install torchvision'"
    )


def test_a_model_is_loaded_as_it_is(model):
    assert load(model) is model


def test_the_callers_module_is_left_as_it_was_found():
    owned = seeded(Tiny).train()
    owned.mix.weight.requires_grad_(False)
    owned.fc.weight.grad = torch.ones_like(owned.fc.weight)
    before = state(owned)
    load(owned, weights=None, size=48)
    assert state(owned) == before
    assert torch.equal(owned.fc.weight.grad, torch.ones_like(owned.fc.weight))


def test_double_precision_modules_work():
    network = load(seeded(Tiny).double(), size=48)
    assert reverie.probe(network, picture(1), ["logits"])["logits"].dtype == torch.float32


def test_settings_of_loading_may_be_given_whole(module):
    whole = load(seeded(Tiny), None, Loading(native_size=40, output_as="sigmoid"), size=48)
    assert (whole.size, whole.output.kind) == ((48, 48), "sigmoid")
    parted = load(seeded(Tiny), loading=Loading(weights="none", output_as="sigmoid", native_size=48))
    assert parted.source == whole.source


def test_a_misspelt_name_is_told_before_anything_is_loaded():
    with pytest.raises(UnknownName, match="load takes no 'precison'; nearest: 'precision'"):
        load("no such network", precison="bfloat16")
