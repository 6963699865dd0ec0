"""Weights as users have them."""

import re

import pytest
import torch

import reverie
from reverie.errors import WeightsUnavailable
from reverie.models.checkpoints import classes_in, read_weights, stripped
from reverie.models.zoos import import_torchvision
from tiny import Tiny, seeded


def refusal(call) -> str:
    with pytest.raises(WeightsUnavailable) as caught:
        call()
    return str(caught.value)


@pytest.fixture(scope="module")
def wanted():
    return reverie.load(seeded(Tiny, seed=4), size=48).source["weights_sha256"]


@pytest.mark.parametrize(
    "prefix", ["", "module.", "_orig_mod.", "model.", "backbone.", "module._orig_mod.", "net.encoder."]
)
@pytest.mark.parametrize(
    "container", [[], ["state_dict"], ["net"], ["ema"], ["model"], ["state_dict_ema"], ["ema", "module"]]
)
def test_prefixes_and_containers_of_training_scripts_are_taken_off(wanted, tmp_path, prefix, container):
    saved = {prefix + key: value for key, value in seeded(Tiny, seed=4).state_dict().items()}
    for name in reversed(container):
        saved = {"epoch": 3, "best": 0.7, name: saved, "optimizer": {"state": {0: {"step": torch.tensor(1.0)}}}}
    torch.save(saved, tmp_path / "w.pth")
    other = seeded(Tiny, seed=1)
    assert reverie.load(other, tmp_path / "w.pth", size=48).source["weights_sha256"] == wanted


def test_what_stands_beside_the_network_is_left_out_where_nothing_is_wanting(tmp_path):
    own = seeded(Tiny).state_dict()
    file = {f"model.{key}": value for key, value in own.items()} | {"loss.weight": torch.ones(5)}
    assert set(stripped(own, file)) == set(own)
    del file["model.fc.bias"]
    torch.save(file, tmp_path / "w.pth")
    assert "it lacks" in refusal(lambda: reverie.load(seeded(Tiny), tmp_path / "w.pth", size=48))


@pytest.mark.parametrize("name", ["squeezenet1_1", "resnet18", "googlenet"])
def test_the_number_of_classes_comes_from_the_file(name, tmp_path):
    extra = {"init_weights": False} if name == "googlenet" else {}
    own = import_torchvision().models.get_model(name, weights=None, num_classes=7, **extra)
    torch.save({"state_dict": {f"module.{key}": value for key, value in own.state_dict().items()}}, tmp_path / "w.pth")
    model = reverie.load(name, tmp_path / "w.pth", size=64)
    assert model.layers["logits"].channels == 7
    assert model.classes == ()
    assert model.notes == (
        f"{name} has 7 outputs and 1000 class names, which are left out; give as many with --classes",
    )
    assert reverie.load(name, tmp_path / "w.pth", size=64, classes=list("abcdefg")).classes == tuple("abcdefg")


def test_a_network_of_timm_with_other_classes(tmp_path):
    timm = pytest.importorskip("timm")
    with torch.random.fork_rng(devices=[]):
        own = timm.create_model("test_vit", num_classes=3)
    torch.save(own.state_dict(), tmp_path / "w.pth")
    model = reverie.load("timm:test_vit", tmp_path / "w.pth")
    assert model.layers["logits"].channels == 3


def test_other_differences_are_no_number_of_classes():
    own, state = seeded(Tiny), dict(seeded(Tiny).state_dict())
    assert classes_in(own, state) is None
    state["fc.weight"], state["fc.bias"] = torch.zeros(9, 12), torch.zeros(9)
    assert classes_in(own, state) == 9
    state["mix.weight"] = torch.zeros(12, 9, 3, 3)
    assert classes_in(own, state) is None


def test_refusals_say_what_the_file_is_without_escape_codes(tmp_path):
    torch.save(seeded(Tiny), tmp_path / "model.pt")
    message = refusal(lambda: read_weights(tmp_path / "model.pt"))
    assert re.search(r"\(it holds Python objects, of [\w.]+, which would run code\)", message)
    (tmp_path / "cut.pt").write_bytes((tmp_path / "model.pt").read_bytes()[:2000])
    for path in ("model.pt", "cut.pt"):
        message = refusal(lambda path=path: read_weights(tmp_path / path))
        assert "\x1b" not in message
        assert "\n" not in message
        assert "weights_only" not in message
    torch.save({"epoch": 3, "optimizer": {"lr": 0.1}}, tmp_path / "none.pt")
    assert "holds no state dict" in refusal(lambda: read_weights(tmp_path / "none.pt"))
