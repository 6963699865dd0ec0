"""The motifs draw, a tiny training run works, and the weights that ship keep what their card says."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

import atlas
import drawing
import evaluate
import gallery
import motifs
import nature
import probes
import train
from reverie.atlas.atlas_file import read_atlas
from reverie.models.own_networks import BUNDLED

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
    assert motifs.sheet(columns=1, size=32, wide=8).size == (8 * 40, 9 * 46)


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
    weights, other = tmp_path / "motifs.safetensors", tmp_path / "other" / "second.safetensors"
    _run(tmp_path / "other", "--architecture", "residual", "--stop-after", "1", "--out", str(other))
    arguments = ["--weights", str(weights), "--second", str(other), "--pictures", "24", "--workers", "1", "--quick"]
    found = evaluate.main(arguments)
    text = (tmp_path / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert str(found["sha256"]) in text
    assert weights.with_suffix(".sha256").read_text().split() == [found["sha256"], weights.name]
    assert "{" not in text
    assert "A second network of another architecture" in text
    assert set(found["dead"]) == set(train.LAYERS)
    assert found["class images"].images.shape == (4, 3, 32, 32)
    with safe_open(weights, "pt") as file:
        assert json.loads(file.metadata()["classes"]) == list(motifs.CLASSES[:4])
        for layer in train.LAYERS:
            assert file.get_tensor(f"statistics/{layer}/std").min() > 0


def test_recognition_counts_what_is_recognised() -> None:
    found = evaluate.class_images.Recognised(torch.zeros(3, 3, 8, 8), np.array([0, 2, 2]), None, np.zeros(3), "made")
    assert found.share(found.own) == pytest.approx(2 / 3)
    assert found.missed(found.own, ["owl", "cat", "dog"]) == ["cat taken for dog"]


def test_a_probe_reads_what_a_layer_shows() -> None:
    red, blue = torch.tensor([0.9, 0.1, 0.1]), torch.tensor([0.1, 0.1, 0.9])
    pixels = torch.stack([(red if k % 4 < 2 else blue)[:, None, None].expand(3, 32, 32) for k in range(32)])
    pixels = (pixels + 0.1 * torch.rand(pixels.shape, generator=torch.Generator().manual_seed(0))).clamp(0, 1)
    network = probes.random_network(train.MotifNet(4), pixels, 4)
    split = pixels, np.arange(32) % 4 // 2, np.arange(32) % 2 == 0
    assert probes.probed(network, network, split, ("stem",))["stem"] == (1.0, 1.0)


def test_patches_to_fit_and_to_test_share_no_pixel() -> None:
    for photo, (top, left, bottom, right) in probes.REGIONS.values():
        assert photo in ("flower", "china")
        assert bottom - top >= probes.PATCH
        assert (right - left) // 2 >= probes.PATCH
    pixels, classes, training = probes.textures(2)
    assert len(pixels) == len(classes) == len(training) == 4 * len(probes.REGIONS)
    assert training.sum() * 2 == len(training)


def test_the_slope_of_a_known_spectrum_is_found() -> None:
    rng = np.random.default_rng(0)
    for slope in (0.5, 1.0, 1.5):
        fields = np.stack([drawing.noise(rng, 64, slope) for _ in range(40)])
        images = np.clip(fields * 30 + 128, 0, 255).astype(np.uint8)[..., None].repeat(3, 3)
        assert nature.spectral_slope(images) == pytest.approx(slope, abs=0.15)
        assert nature.colour_variances(images) == pytest.approx((1, 0, 0), abs=1e-6)


def test_motifs_have_natural_statistics() -> None:
    images = np.stack([motifs.picture(motifs.seeded(1, 0, i), 64)[0] for i in range(120)])
    assert 0.8 < nature.spectral_slope(images) < 1.6
    assert nature.colour_variances(images)[0] > 0.6


@pytest.mark.parametrize("page", [gallery.LITE, gallery.BUNDLED], ids=lambda page: page.file)
def test_a_gallery_names_every_picture_with_its_command(page) -> None:
    for picture in page.pictures:
        assert f"images/{picture.stem}.jpg" in page.text
        assert picture.command in page.text
        assert (gallery.DOCS / "images" / f"{picture.stem}.jpg").is_file()
    assert (gallery.DOCS / page.file).read_text(encoding="utf-8") == page.text


def test_the_docs_pictures_are_small() -> None:
    sizes = [path.stat().st_size for path in (gallery.DOCS / "images").iterdir()]
    assert max(sizes) <= 4 * gallery.LARGEST  # the sheet of motifs
    assert sum(sizes) < 20_000_000


def test_the_card_states_the_hash_that_is_checked() -> None:
    digest = BUNDLED.with_suffix(".sha256").read_text().split()[0]
    assert f"`{digest}`" in (BUNDLED.parent / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_adversary_stays_in_its_ball_and_raises_the_loss() -> None:
    torch.manual_seed(0)
    network = train.MotifNet(4).eval()
    torch.nn.init.normal_(network.logits.weight)
    pixels, targets = torch.rand(4, 3, 32, 32) * 0.5 + 0.25, torch.eye(4)
    moved = train.attacked(network, pixels, targets, torch.full((4,), 0.5))
    assert (moved - pixels).flatten(1).norm(dim=1).max() <= 0.5 + 1e-4
    assert train.loss_of(network, moved, targets) > train.loss_of(network, pixels, targets)


@pytest.mark.skipif(not train.WEIGHTS.exists(), reason="no weights in this checkout")
def test_shipped_weights_recognise_fresh_motifs() -> None:
    network, metadata = evaluate.load(train.WEIGHTS)
    classes, size = json.loads(metadata["classes"]), int(metadata["size"])
    images, labels = train.pictures(128, 4, int(metadata["seed"]), size, len(classes), 1, None)
    values, _ = evaluate.measure(network, images)
    assert (values.argmax(1) == labels.argmax(1)).mean() >= float(metadata["accuracy"]) - 0.06
    assert train.WEIGHTS.stat().st_size <= 8_000_000


def test_the_atlas_is_of_motifs_in_folders_of_their_classes(tmp_path: Path) -> None:
    arguments = ["--each", "1", "--motifs", str(tmp_path / "in"), "--layer", "logits", "--views", "max", "--limit", "1"]
    more = ["--size", "48", "--steps", "1", "--batch", "2", "--workers", "0", "-q", "-o", str(tmp_path / "a.atlas")]
    assert atlas.main([*arguments, *more, "--site", str(tmp_path / "site")]) == 0
    assert (tmp_path / "site" / "index.html").is_file()
    made = read_atlas(tmp_path / "a.atlas")
    assert len(made) == 2
    assert sorted(set(made.scan.kinds)) == sorted(motifs.CLASSES)
    assert atlas.main([*arguments, *more]) == 0  # goes on: the motifs are those that were scanned
    own = [item.name for item in made.classes("logits", 0) if item.kind == "photos"]
    assert made.about.classes[0] in own
