from hashlib import sha256
from pathlib import Path

import pytest
import torch

import reverie
from reverie.errors import WeightsUnavailable
from reverie.models.bundled import generator
from reverie.models.bundled.generator import LATENT, WEIGHTS, MotifGenerator, bundled_generator
from reverie.models.probe import probe

CARD = WEIGHTS.with_name("GENERATOR_CARD.md")


@pytest.fixture(scope="module")
def painter() -> MotifGenerator:
    return bundled_generator()


def test_latents_become_pictures(painter):
    with torch.no_grad():
        pictures = painter(torch.randn(3, LATENT, generator=torch.Generator().manual_seed(0)))
    assert pictures.shape == (3, 3, 64, 64)
    assert pictures.min() >= 0
    assert pictures.max() <= 1
    assert not painter.training
    assert (pictures[0] - pictures[1]).abs().mean() > 0.05


def test_a_class_is_found_among_what_it_paints(bundled):
    names = ["rings", "panda", "sunflower", "zebra"]
    made = reverie.feature(bundled, [f"logits:{name}" for name in names], parameterization="generator", steps=48)
    said = probe(bundled, made.images, ["logits"])["logits"].flatten(1).argmax(1)
    assert [bundled.classes[int(item)] for item in said] == names


def test_the_file_is_small_and_the_card_says_which_it_is():
    assert WEIGHTS.stat().st_size <= 4_000_000
    assert sha256(WEIGHTS.read_bytes()).hexdigest() in CARD.read_text(encoding="utf-8")


def test_weights_that_changed_are_refused(tmp_path: Path, monkeypatch):
    weights = tmp_path / "generator.safetensors"
    content = bytearray(WEIGHTS.read_bytes())
    content[-7] ^= 1
    weights.write_bytes(content)
    expected = WEIGHTS.with_suffix(".sha256").read_text()
    weights.with_suffix(".sha256").write_text(expected)
    monkeypatch.setattr(generator, "WEIGHTS", weights)
    with pytest.raises(WeightsUnavailable) as refused:
        bundled_generator()
    assert str(refused.value) == (
        "the bundled generator's weights generator.safetensors are damaged: their SHA-256 begins with "
        f"{sha256(content).hexdigest()[:12]}, not with {expected[:12]}; install reverie anew"
    )
