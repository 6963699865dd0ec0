from hashlib import sha256

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

import generator
import reverie
from reverie.models.bundled.generator import LATENT, MotifGenerator

SMALL = ["--pictures", "144", "--batch", "4", "--steps", "2"]


@pytest.fixture(autouse=True)
def _few_and_unnoticed(monkeypatch):
    monkeypatch.setattr(generator, "FRESH", 72)
    monkeypatch.setattr(generator, "CLIMB", 1)
    threads, seeded = torch.get_num_threads(), torch.random.get_rng_state()
    yield
    torch.set_num_threads(threads)
    torch.random.set_rng_state(seeded)


def trained(folder, *more: str) -> dict[str, torch.Tensor]:
    generator.main([*SMALL, "--cache", str(folder), "--out", str(folder / "made.safetensors"), *more])
    return load_file(folder / "made.safetensors") if (folder / "made.safetensors").exists() else {}


def test_a_tiny_training_makes_a_generator_to_paint_with(tmp_path, model):
    weights = trained(tmp_path, "--sheet", str(tmp_path / "sheet.png"))
    file = tmp_path / "made.safetensors"
    assert file.stat().st_size < 4_000_000
    assert (tmp_path / "made.sha256").read_text().split() == [sha256(file.read_bytes()).hexdigest(), file.name]
    painter = MotifGenerator()
    painter.load_state_dict({name: value.float() for name, value in weights.items()}, strict=False)
    made = reverie.feature(model, "mix:1", parameterization=painter, size=32, steps=2)
    assert made.images.shape == (1, 3, 32, 32)
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.size == (12 * 64, 14 * 64)


def test_a_paused_training_ends_as_an_unbroken_one(tmp_path, capsys):
    whole = trained(tmp_path)
    for name in ("checkpoint.pt", "made.safetensors"):
        (tmp_path / name).unlink()
    assert trained(tmp_path, "--minutes", "0") == {}
    assert "paused; the same command goes on" in capsys.readouterr().out
    resumed = trained(tmp_path)
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_codes_are_white_and_tell_motifs_apart(bundled):
    pictures = generator.drawn(216, 3, 0)
    features = generator.features_of(bundled, pictures)
    coder = generator.coder_of(features)
    codes = (features - coder.mean) @ coder.axes
    assert codes.shape == (216, LATENT)
    assert torch.allclose(codes.mean(0), torch.zeros(LATENT), atol=1e-3)
    spread = codes.T @ codes / (len(codes) - 1)
    assert torch.allclose(spread[:64, :64], torch.eye(64), atol=0.05)  # the first directions, which are exact
    assert coder(features + 100 * coder.axes[:, 0] / coder.axes[:, 0].square().sum()).max() == 3


def test_the_distance_of_what_is_seen_is_over_the_mean_square():
    wanted = {layer: torch.full((2, 3, 4, 4), 2.0) for layer in generator.SEEN}
    seen = {layer: torch.cat([value + 1, torch.zeros(1, 3, 4, 4)]) for layer, value in wanted.items()}  # one by chance
    assert float(generator.distance(seen, wanted)) == pytest.approx(sum(generator.SEEN.values()) / 4)


def test_the_average_follows():
    mean, module = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
    before = mean.weight.detach().clone()
    generator.follow(mean, module, 0.75)
    assert torch.allclose(mean.weight, 0.75 * before + 0.25 * module.weight)
