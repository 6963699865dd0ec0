import json
import math

import numpy as np
import pytest
import torch

import reverie
from reference.materials import maco_picture
from reverie import recipes
from reverie.errors import InvalidSetting, ReverieError
from reverie.image import to_pil
from reverie.parameterizations import Fourier, Maco, Spectrum, spectrum_of
from reverie.parameterizations.color import CORRELATION, correlate, decorrelate
from reverie.parameterizations.spectrum import LOWEST, RINGS, SECTORS, natural, parse_spectrum
from reverie.randomness import generator
from tiny import picture


def refusal(call) -> str:
    with pytest.raises(ReverieError) as caught:
        call()
    return str(caught.value)


def noise(seed: int, slope: float, size=(256, 256)):
    """A photo whose logits along the decorrelated colours have magnitudes 0.3/f^slope (cycles per pixel)."""
    made = torch.randn(3, *size, generator=torch.Generator().manual_seed(seed))
    radius = torch.hypot(torch.fft.fftfreq(size[0])[:, None], torch.fft.rfftfreq(size[1])[None]).clamp_min(1 / size[0])
    shaped = torch.fft.irfft2(torch.fft.rfft2(made, norm="ortho") * 0.3 / radius**slope, s=size, norm="ortho")
    return correlate(0.1 * shaped[None]).sigmoid()


@pytest.mark.parametrize("size", [(8, 8), (7, 8), (8, 5), (4, 6), (1, 5), (6, 1)])
def test_is_the_papers_sum(size):
    latents = Maco().init((3, *size), [generator(0, "x")])
    magnitude = natural().magnitudes(3, size, torch.device("cpu")).numpy()
    mean = np.array(natural().mean)
    found = Maco().decode(latents, size)[0].numpy()
    wanted = maco_picture(Maco().gain * latents[0].numpy(), magnitude, mean, *size)
    assert np.abs(found - wanted).max() < 1e-4


@pytest.mark.parametrize("size", [(16, 16), (9, 14), (15, 7)])
def test_the_magnitudes_never_change(size):
    latents = Maco().init((3, *size), [generator(0, "x"), generator(0, "y")])
    image = Maco().decode(latents + torch.randn(latents.shape), size)
    found = torch.fft.rfft2(decorrelate(image.logit()), norm="ortho").abs()
    wanted = natural().magnitudes(3, size, torch.device("cpu")).abs()
    assert torch.allclose(found, wanted.expand_as(found), rtol=2e-3, atol=2e-3)


def test_a_known_spectrum_is_found():
    found = spectrum_of([noise(seed, 1.0) for seed in range(6)])
    ring = torch.tensor(found.table).mean(2)
    radius = LOWEST * (math.sqrt(0.5) / LOWEST) ** (torch.arange(RINGS) / (RINGS - 1))
    # the mean magnitude of a normal spectrum is sqrt(pi)/2 of its deviation
    wanted = 0.1 * 0.3 / radius * math.sqrt(math.pi) / 2
    assert torch.allclose(ring[:, 4:-1], wanted[4:-1].expand(3, -1), rtol=0.15)


def test_directions_are_told_apart():
    stripes = (torch.arange(256) * 2 * math.pi * 0.1).sin() * 0.4 + 0.5  # along x, of 0.1 cycles per pixel
    across = torch.tensor(spectrum_of([stripes.expand(1, 3, 256, 256).contiguous()]).table)[0]
    ring = round(math.log(0.1 / LOWEST) / math.log(math.sqrt(0.5) / LOWEST) * (RINGS - 1))
    assert int(across[ring].argmax()) == 0
    assert float(across[ring, 0]) > 20 * float(across[ring, SECTORS // 2])


def test_a_measured_spectrum_comes_back_at_any_size():
    wanted = spectrum_of([noise(seed, 1.0) for seed in range(4)])
    made = [Maco(wanted).decode(Maco().init((3, 256, 340), [generator(1, str(i))]), (256, 340)) for i in range(4)]
    found = torch.tensor(spectrum_of(made).table)[:, 3:-1] / torch.tensor(wanted.table)[:, 3:-1]
    assert float(found.log().abs().mean()) < 0.15


def test_the_packages_spectrum_falls_as_natural_images_do():
    table = torch.tensor(natural().table).mean(2) * CORRELATION.norm(dim=0)[:, None]  # what each adds to RGB
    assert bool((table.diff(dim=1) < 0).float().mean() > 0.9)
    radius = LOWEST * (math.sqrt(0.5) / LOWEST) ** (torch.arange(RINGS) / (RINGS - 1))
    slope = (table[0, 14] / table[0, 2]).log() / (radius[14] / radius[2]).log()
    assert -1.6 < float(slope) < -0.7
    assert bool((table[0] > table[1]).all())


def test_the_packages_spectrum_is_that_of_the_sample_photos():
    found = torch.tensor(spectrum_of(["sample:flower", "sample:china"]).table)
    assert torch.allclose(found, torch.tensor(natural().table), rtol=0.02)


def test_small_photos_are_measured_and_tiny_ones_refused():
    assert isinstance(spectrum_of([picture(1, 1, 3, 40, 90)]), Spectrum)
    assert refusal(lambda: spectrum_of([picture(1, 1, 3, 20, 90)])) == (
        "the photo is 90x20, too small to measure a spectrum; take 32 pixels or more"
    )
    assert refusal(lambda: spectrum_of([])) == (
        "a spectrum needs at least one photo; name a folder that holds some"
    )


@pytest.mark.parametrize("change", [{"spectrum": [1]}, {"mean": [1, 2]}, {"spectrum": "x"}, {"mean": [1, 2, None]}])
def test_damaged_spectra_are_refused(change):
    message = "this is no spectrum; measure one from a folder of photos"
    assert refusal(lambda: parse_spectrum({**natural().plain(), **change})) == message
    assert parse_spectrum(json.loads(json.dumps(natural().plain()))) == natural()


def test_holds_no_photo_and_keeps_to_one_size(model, photo):
    message = "Maco cannot hold a photo; start it from noise, at one size"
    assert refusal(lambda: recipes.feature(model, "mix:1", preset="maco", start=photo)) == message
    assert refusal(lambda: recipes.feature(model, "mix:1", preset="maco", start="grey")) == message
    assert refusal(lambda: recipes.feature(model, "mix:1", preset="essay", parameterization="maco")) == message


def test_a_spectrum_goes_with_maco_only(model, photo):
    assert refusal(lambda: recipes.feature(model, "mix:1", spectrum=photo)) == (
        "a spectrum goes with MACO only; say --parameterization maco, or --preset maco"
    )


def test_a_folders_spectrum_is_used_and_repeats_without_the_folder(model, tmp_path):
    (tmp_path / "photos").mkdir()
    for seed in range(2):
        to_pil(noise(seed, 0.2, (64, 64))[0]).save(tmp_path / "photos" / f"{seed}.png")
    given = {"preset": "maco", "size": 32, "steps": 2}
    made = reverie.feature(model, "mix:1", spectrum=tmp_path / "photos", **given)
    assert not torch.allclose(made.images, reverie.feature(model, "mix:1", **given).images, atol=0.05)
    made.save("a.png")
    for file in (tmp_path / "photos").iterdir():
        file.unlink()
    assert torch.equal(reverie.rerun("a.png", model).images, made.images)


def test_a_neuron_of_maco_has_no_window(model):
    assert recipes.feature(model, "block:0@3,3", preset="maco", size=48).window is None


def test_importance_is_the_mean_gradient_as_opacity(model):
    recipe = recipes.feature(model, "block:0", preset="maco", size=40, steps=3, alpha="importance")
    made = reverie.synthesize(model, recipe)
    assert made.images.shape == (1, 4, 40, 40)
    assert made.alpha
    assert made.picture.mode == "RGBA"
    plain = reverie.synthesize(model, recipes.feature(model, "block:0", preset="maco", size=40, steps=3))
    assert torch.equal(plain.images, made.images[:, :3])
    assert not plain.alpha


def test_importance_is_high_where_the_unit_looks(model):
    made = reverie.feature(model, "block:0@2,2", preset="naive", size=48, steps=3, alpha="importance").images[0, 3]
    assert float(made[:12, :12].mean()) > 0.2
    assert float(made[30:, 30:].max()) < 1e-3


def test_importance_adds_up_over_sizes(model):
    made = reverie.feature(model, "block:0", preset="essay", size=40, steps=2, alpha="importance").images
    assert made.shape == (1, 4, 40, 40)
    assert 0 < float(made[:, 3].mean()) < 1


def test_unknown_opacities_are_refused(model):
    nearest = {"yes": "", "optimised=-1": "nearest: 'optimised'; ", "importance=2": "nearest: 'importance'; "}
    for given, near in nearest.items():
        assert refusal(lambda given=given: recipes.feature(model, "mix:1", alpha=given)) == (
            f"there is no opacity '{given}' here; {near}allowed are optimised, importance, or optimised=WEIGHT"
        )


def test_grey_networks_have_the_luminances_magnitudes():
    size = (8, 12)
    one = natural().magnitudes(1, size, torch.device("cpu"))
    plane = natural().magnitudes(3, size, torch.device("cpu"))[:1]
    luminance = torch.zeros(1, 3, *size)
    luminance[:, 0] = torch.fft.irfft2(plane[0], s=size, norm="ortho")
    assert torch.allclose(torch.fft.irfft2(one, s=size, norm="ortho"), correlate(luminance).mean(1), atol=1e-4)


def test_maco_is_no_fourier():
    with pytest.raises(InvalidSetting):
        Maco().encode(picture(1))
    assert Fourier().photos == "exact"
