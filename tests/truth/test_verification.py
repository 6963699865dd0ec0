import math
from dataclasses import replace

import numpy as np
import pytest
import torch

import reverie
from reverie import recipes
from reverie.errors import InvalidSetting
from reverie.truth.naturalness import distance, spectrum
from reverie.truth.verification import verdict_rows, verified, verify
from tiny import CLASSES, Tiny, picture, seeded


@pytest.fixture(scope="module")
def model():
    return reverie.load(seeded(Tiny), size=48, classes=CLASSES)


def pink(count: int, side: int, slope: float) -> torch.Tensor:
    """Noise [N,3,S,S] whose amplitude falls as 1/f^slope."""
    white = torch.randn((count, 1, side, side), generator=torch.Generator().manual_seed(0))
    f = (torch.fft.fftfreq(side)[:, None] ** 2 + torch.fft.fftfreq(side)[None] ** 2).sqrt()
    f[0, 0] = 1
    shaped = torch.fft.ifft2(torch.fft.fft2(white) / f**slope).real
    return (0.5 + 0.1 * shaped / shaped.std()).clamp(0, 1).expand(-1, 3, -1, -1)


def test_the_spectrum_of_pink_noise_falls_by_six_decibels_an_octave():
    """Amplitude 1/f is power 1/f^2: 20 log10(2) decibels an octave, 6.02 / 3 from band to band."""
    bands = spectrum(pink(32, 128, 1.0)).mean(0)
    middle = bands[2:-1]
    assert float((middle[:-1] - middle[1:]).mean()) == pytest.approx(20 * math.log10(2) / 3, rel=0.08)
    flat = spectrum(torch.rand((32, 3, 128, 128), generator=torch.Generator().manual_seed(1))).mean(0)[2:-1]
    assert float((flat[:-1] - flat[1:]).mean()) == pytest.approx(0, abs=0.15)


def test_contrast_and_brightness_do_not_count():
    image = picture(0, 1, 3, 64, 64)
    assert torch.allclose(spectrum(image), spectrum(0.3 + 0.2 * image), atol=1e-2)


def test_the_distance_is_the_root_mean_square_in_decibels():
    usual = torch.tensor([3.0, 0.0, -3.0])
    found = distance(torch.tensor([[3.0, 0.0, -3.0], [4.0, 2.0, -6.0]]), usual)
    assert found.tolist() == pytest.approx([0, math.sqrt((1 + 4 + 9) / 3)])


def test_noise_is_farther_from_photos_than_their_own_patches(bundled):
    noise = picture(5, 1, 3, 96, 96)
    (verdict,) = verify(bundled, noise, ["mixed4a:3"])
    assert verdict.spectrum > 2 * verdict.natural > 0
    assert verdict.patches > 50


def test_the_percentile_is_that_of_the_patches_that_excite_it_less(model, photo):
    patch = reverie.image.read(photo)
    dull, lively = torch.full((1, 3, 20, 20), 0.5), picture(3, 1, 3, 20, 20)
    with torch.no_grad():
        means = [float(reverie.probe(model, image, ["mix"])["mix"][:, 2].mean()) for image in (dull, lively)]
    verdicts = verify(model, torch.cat([dull, lively]), ["mix:2", "mix:2"], photos=[patch])
    assert [item.activation for item in verdicts] == pytest.approx(means, rel=1e-4)
    felt = []
    for scale in (1, 2, 3):
        ratio = scale * 20 / 41
        shown = reverie.image.resize(patch, reverie.image.fit((41, 53), math.ceil(ratio * 53))).clamp(0, 1)
        for top in range(0, shown.shape[2] - 19, 10):
            for left in range(0, shown.shape[3] - 19, 10):
                with torch.no_grad():
                    cut = shown[..., top : top + 20, left : left + 20]
                    felt.append(float(reverie.probe(model, cut, ["mix"])["mix"][:, 2].mean()))
    assert verdicts[0].patches == len(felt)
    for verdict, mean in zip(verdicts, means, strict=True):
        assert verdict.percentile == pytest.approx(100 * np.mean(np.array(felt) < mean), abs=0.01)
        assert verdict.strongest == pytest.approx(max(felt), rel=1e-4)


def test_an_ascent_is_worth_more_than_its_start(model):
    units = ["mix:1", "mix:4"]
    good = reverie.feature(model, units, size=32, steps=24)
    poor = reverie.feature(model, units, size=32, steps=1)
    for better, worse in zip(verify(model, good.images, units), verify(model, poor.images, units), strict=True):
        assert better.activation > worse.activation
        assert better.percentile >= worse.percentile


def test_a_second_network_knows_the_class_by_its_name(model):
    names = ["beetle", "owl", "Tiger", "tiger cat"]
    other = reverie.load(seeded(Tiny, seed=3), size=40, classes=[*names, "x"])
    made = reverie.feature(model, ["logits:1", "logits:3", "mix:1"], size=32, steps=2)
    tiger, beetle, channel = verify(model, made.images, ["logits:1", "logits:3", "mix:1"], other=other)
    shown = reverie.image.resize(made.images[:1], (40, 40)).clamp(0, 1)
    with torch.no_grad():
        logits = reverie.probe(other, shown, ["logits"])["logits"].flatten()
    assert (tiger.transfer.name, tiger.transfer.classes) == (CLASSES[1], 5)
    assert tiger.transfer.probability == pytest.approx(float(logits.softmax(0)[2]), abs=1e-5)
    assert tiger.transfer.rank == 1 + int((logits > logits[2]).sum())
    assert beetle.transfer.name == "beetle"
    assert channel.transfer is None


def test_a_class_that_the_second_network_does_not_have_is_left_open(model):
    other = reverie.load(seeded(Tiny, seed=3), size=40, classes=["a", "b", "c", "d", "e"])
    (verdict,) = verify(model, picture(1, 1, 3, 32, 32), ["logits:3"], other=other)
    assert verdict.transfer is None


def test_verdicts_are_in_the_records_and_in_a_table(model):
    made = reverie.feature(model, ["logits:3", "mix:1"], size=32, steps=2)
    other = reverie.load(seeded(Tiny, seed=3), size=40, classes=CLASSES)
    result = verified(model, made, other=other)
    assert torch.equal(result.images, made.images)
    noted = [record.automatic["verification"] for record in result.records]
    assert [item["unit"] for item in noted] == ["logits:3", "mix:1"]
    assert noted[0]["transfer"]["name"] == "beetle"
    rows = verdict_rows(result)
    heads = ["unit", "activation", "percentile", "of the strongest patch", "spectrum off by", "transfer"]
    assert rows[0] == [*heads, "reach", "naturalness", "be wary of"]
    assert rows[2][0] == "mix:1"
    assert rows[2][5] == "-"
    assert rows[1][5].startswith("Tiny: ")
    scores = {score["name"]: score for score in noted[1]["scores"]}
    assert set(scores) == {"reach", "naturalness"}  # parts of two photos say nothing of others
    assert rows[2][6] == f"{scores['reach']['value']:.2f}"
    result.save("v.png", singles=True)
    assert torch.equal(reverie.rerun("v/mix-1.png", model).images, made.images[1:])


def test_the_table_says_why_a_unit_has_no_reach(model):
    made = verified(model, reverie.feature(model, "mix:1", size=32, steps=2))
    (record,) = made.records
    scores = [score for score in record.automatic["verification"]["scores"] if score["name"] != "reach"]
    without = record.noting(verification={**record.automatic["verification"], "scores": scores})
    assert verdict_rows(replace(made, records=(without,)))[1][6] == "no photo fires the unit"


def test_a_dream_is_not_verified(model, photo):
    with pytest.raises(InvalidSetting, match="only pictures of a feature visualization are verified"):
        verified(model, reverie.synthesize(model, recipes.dream(model, photo, "block", steps=1, octaves=1)))
