"""The motifs draw, a tiny training run works, and the weights that ship keep what their card says."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "training"))

import evaluate
import motifs
import train

SETTINGS = {"size": 32, "classes": 4, "pictures": 96, "held-out": 32, "epochs": 5, "batch": 16, "workers": 1}
SETTINGS |= {"coarse": 24, "epoch-pictures": 48}
TINY = [f"--{name}={value}" for name, value in SETTINGS.items()]


@pytest.mark.parametrize("name", motifs.CLASSES)
def test_every_class_draws(name: str) -> None:
    first, again, other = (motifs.draw(name, np.random.default_rng(seed), 48) for seed in (5, 5, 6))
    assert first.shape == (48, 48, 3)
    assert first.dtype == np.uint8
    assert first.std() > 4
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_classes_are_many_and_named_plainly() -> None:
    assert len(set(motifs.CLASSES)) == len(motifs.CLASSES) >= 64
    assert all(name.isalpha() and name.islower() for name in motifs.CLASSES)


def test_classes_differ_from_one_seed() -> None:
    owl, daisy = (motifs.draw(name, np.random.default_rng(1), 64).astype(int) for name in ("owl", "daisy"))
    assert np.abs(owl - daisy).mean() > 10


def test_pictures_carry_soft_labels() -> None:
    made = [motifs.picture(motifs.seeded(1, 0, i), 32) for i in range(60)]
    labels = np.stack([label for _, label in made])
    assert labels.dtype == np.float32
    assert np.allclose(labels.sum(1), 1)
    assert 0.5 < (labels.max(1) == 1).mean() < 0.95
    assert labels.max(1).min() >= 0.65 - 1e-6


def test_sheet_shows_all_classes() -> None:
    assert motifs.sheet(columns=1, size=32, wide=8).size == (8 * 40, 8 * 46)


def _run(folder: Path, *more: str) -> train.Run:
    return train.main([*TINY, "--cache", str(folder / "cache"), "--out", str(folder / "motifs.safetensors"), *more])


def test_training_resumes_to_the_same_weights_and_learns(tmp_path: Path) -> None:
    whole = _run(tmp_path / "whole")
    assert whole.losses[-1] < whole.losses[0]
    _run(tmp_path / "parts", "--stop-after", "2", "--epochs", "9")
    resumed = _run(tmp_path / "parts")
    assert resumed.losses == whole.losses
    for one, other in zip(whole.network.state_dict().values(), resumed.network.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_a_checkpoint_of_other_settings_is_left_alone(tmp_path: Path) -> None:
    _run(tmp_path, "--stop-after", "1")
    other = train.arguments([*TINY, "--cache", str(tmp_path / "cache"), "--seed", "9"])
    assert not train.Run(other, torch.device("cpu")).resume()


def test_evaluation_measures_and_writes_a_card(tmp_path: Path) -> None:
    _run(tmp_path, "--activation", "relu", "--stop-after", "1")
    weights = tmp_path / "motifs.safetensors"
    found = evaluate.main(["--weights", str(weights), "--pictures", "24", "--workers", "1"])
    text = (tmp_path / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert str(found["sha256"]) in text
    assert "{" not in text
    assert set(found["dead"]) == set(train.LAYERS)
    with safe_open(weights, "pt") as file:
        assert json.loads(file.metadata()["classes"]) == list(motifs.CLASSES[:4])
        for layer in train.LAYERS:
            assert file.get_tensor(f"statistics/{layer}/std").min() > 0


def test_adversary_stays_in_its_ball_and_raises_the_loss() -> None:
    torch.manual_seed(0)
    network = train.MotifNet(4).eval()
    torch.nn.init.normal_(network.logits.weight)
    pixels, targets = torch.rand(4, 3, 32, 32) * 0.5 + 0.25, torch.eye(4)
    moved = train.attacked(network, pixels, targets, 0.5)
    assert (moved - pixels).flatten(1).norm(dim=1).max() <= 0.5 + 1e-4
    assert train.loss_of(network, moved, targets) > train.loss_of(network, pixels, targets)


@pytest.mark.skipif(not train.WEIGHTS.exists(), reason="no weights in this checkout")
def test_shipped_weights_recognise_fresh_motifs() -> None:
    network, metadata = evaluate.load(train.WEIGHTS)
    classes, size = json.loads(metadata["classes"]), int(metadata["size"])
    images, labels = train.pictures(128, 4, int(metadata["seed"]), size, len(classes), 1, None)
    guesses, _ = evaluate.measure(network, images)
    assert (guesses == labels.argmax(1)).mean() >= float(metadata["accuracy"]) - 0.06
    assert train.WEIGHTS.stat().st_size <= 8_000_000
