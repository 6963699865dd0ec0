import numpy as np
import pytest
import torch

from reference.plain import gaussian_blur
from reverie import transforms
from reverie.randomness import generator
from reverie.transforms import Backdrop, Blur, Colour, Jitter, Noise, Pad, Roll, Rotate, Scale, draw, gaussian, resample
from tiny import picture

ALL = [Jitter(0.1), Scale(0.8, 1.2), Rotate(20), Pad(0.1), Roll(5), Noise(0.1), Blur(2.0), Colour(0.2)]
RANDOM = [part for part in ALL if not isinstance(part, Pad)]
SIZE = (20, 26)


def name(part) -> str:
    return type(part).__name__


def seen(parts, image, names, seed=0):
    return draw(parts, [generator(seed, name) for name in names], SIZE)(image)


def test_all_transforms_are_tested():
    public = {
        key
        for key, value in vars(transforms).items()
        if isinstance(value, type) and value.__module__ == transforms.__name__ and key != "Transform"
    }
    assert public == {name(part) for part in (*ALL, Backdrop())}  # that one takes an opacity too: see test_alpha.py


@pytest.mark.parametrize("part", ALL, ids=name)
def test_repeats_from_its_generators(part):
    image = picture(1, 2, 3, *SIZE)
    assert torch.equal(seen([part], image, "ab"), seen([part], image, "ab"))


@pytest.mark.parametrize("part", RANDOM, ids=name)
def test_differs_for_other_seeds_and_names(part):
    image = picture(1, 1, 3, *SIZE)
    first = seen([part], image, "a")
    assert any(not torch.equal(first, seen([part], image, "a", seed)) for seed in (1, 2, 3))
    assert any(not torch.equal(first, seen([part], image, other)) for other in "bcd")


@pytest.mark.parametrize("part", RANDOM, ids=name)
def test_the_images_of_a_batch_differ(part):
    image = picture(1, 1, 3, *SIZE).expand(4, -1, -1, -1)
    found = seen([part], image, "abcd")
    assert any(not torch.equal(found[0], found[index]) for index in (1, 2, 3))


@pytest.mark.parametrize("part", ALL, ids=name)
def test_a_rows_draws_do_not_depend_on_the_batch(part):
    image = picture(1, 3, 3, *SIZE)
    three, sources = seen([part, part], image, "abc"), [generator(0, "b")]
    assert torch.allclose(draw([part, part], sources, SIZE)(image[1:2]), three[1:2], atol=1e-6)
    left = [generator(0, key) for key in "abc"]
    draw([part, part], left, SIZE)
    assert torch.equal(torch.rand(4, generator=left[1]), torch.rand(4, generator=sources[0]))


@pytest.mark.parametrize("part", ALL, ids=name)
def test_one_draw_serves_several_calls(part):
    once = draw([part], [generator(0, "a")], SIZE)
    image = picture(1, 1, 3, *SIZE)
    assert torch.equal(once(image), once(image))


@pytest.mark.parametrize("part", ALL, ids=name)
def test_leaves_the_global_random_state_and_the_image(part):
    before, image = torch.random.get_rng_state(), picture(1, 2, 3, *SIZE)
    kept = image.clone()
    seen([part], image, "ab")
    assert torch.equal(torch.random.get_rng_state(), before)
    assert torch.equal(image, kept)


@pytest.mark.parametrize("part", ALL, ids=name)
@pytest.mark.parametrize("channels", [1, 3])
def test_lets_gradients_through_and_keeps_the_shape(part, channels):
    image = picture(1, 2, channels, *SIZE).requires_grad_()
    out = seen([part], image, "ab")
    assert out.shape == image.shape
    assert bool(torch.autograd.grad(out.sum(), image)[0].isfinite().all())


def test_no_transform_is_the_image():
    image = picture(1)
    assert seen([], image, "a") is image


def matrices(*parts):
    return [part.draw([generator(0, "a")], SIZE) for part in parts]


def test_affine_parts_become_one_matrix():
    sources, image = [generator(0, "a")], picture(1, 1, 3, *SIZE)
    image[:] = torch.nn.functional.avg_pool2d(torch.nn.functional.pad(image, (3, 3, 3, 3), mode="reflect"), 7, 1)
    parts = [Jitter(0.1), Scale(0.9, 0.9), Rotate(15)]
    fused = draw(parts, [generator(0, "a")], SIZE)(image)
    for part in parts:
        image = resample(image, part.draw(sources, SIZE))
    inner = (..., slice(7, -7), slice(7, -7))
    assert float((fused[inner] - image[inner]).abs().max()) < 0.02


def test_jitter_reaches_both_ways_and_both_axes():
    shifts = torch.cat([Jitter(0.1).draw([generator(seed, "a")], (100, 200)) for seed in range(60)])[:, :, 2]
    assert bool((shifts.amin(0) < torch.tensor([-12, -6])).all())
    assert bool((shifts.amax(0) > torch.tensor([12, 6])).all())
    assert bool((shifts.abs() <= torch.tensor([20, 10])).all())


def test_roll_reaches_both_ends():
    found = {value for seed in range(60) for value in _shift(Roll(2), seed)}
    assert found == {-2, -1, 0, 1, 2}


def _shift(part, seed):
    image = torch.zeros(1, 1, 9, 9)
    image[0, 0, 4, 4] = 1
    at = part.draw([generator(seed, "a")], (9, 9))(image).flatten().argmax()
    return int(at) // 9 - 4, int(at) % 9 - 4


def test_roll_loses_nothing():
    image = picture(1, 2, 3, *SIZE)
    assert torch.equal(seen([Roll(7)], image, "ab").flatten(2).sort().values, image.flatten(2).sort().values)


def test_scale_enlarges_about_the_centre():
    image = torch.full((1, 1, 21, 21), 0.5)
    image[..., 8:13, 8:13] = 1
    (matrix,) = matrices(Scale(2, 2))
    assert float((resample(image, matrix) > 0.75).sum()) == pytest.approx(100, abs=20)
    assert float(resample(image, matrix)[0, 0, 10, 10]) == 1


def test_rotate_turns_by_its_angle():
    image = torch.full((1, 1, 41, 41), 0.5)
    image[0, 0, 20, 30] = 1
    angle = torch.tensor(90.0).deg2rad()
    turn = torch.tensor([[[angle.cos(), -angle.sin(), 0], [angle.sin(), angle.cos(), 0]]])
    at = int(resample(image, turn).flatten().argmax())
    assert {at // 41, at % 41} <= {10, 20, 30}
    assert at // 41 != 20


def test_pad_shows_grey_round_the_picture():
    found = seen([Pad(0.25)], torch.ones(1, 3, *SIZE), "a")
    assert torch.all(found[..., 0, :] == 0.5)
    assert torch.all(found[..., 10, 13] == 1)
    assert float(found.mean()) == pytest.approx(0.5 + 0.5 / 1.5**2, abs=0.03)


def test_the_blur_is_the_papers_convolution():
    for sigma in (0.3, 1.0, 1.7):
        image = picture(1, 1, 2, 9, 12)
        found = gaussian(image, sigma)[0].numpy()
        for plane, wanted in zip(found, image[0].numpy().astype(float), strict=True):
            assert np.abs(plane - gaussian_blur(wanted, sigma)).max() < 1e-5


def test_a_blur_wider_than_the_picture_still_runs():
    image = picture(1, 1, 1, 4, 5)
    assert (
        np.abs(gaussian(image, 9.0)[0, 0].numpy() - gaussian_blur(image[0, 0].numpy().astype(float), 9.0)).max() < 1e-5
    )
    assert torch.equal(gaussian(picture(1, 1, 1, 1, 5), 2.0), picture(1, 1, 1, 1, 5))


def test_noise_has_its_deviation():
    found = seen([Noise(0.1)], torch.zeros(1, 3, *SIZE), "a")
    assert float(found.std()) == pytest.approx(0.1, abs=0.01)


def test_amounts_grow_with_the_picture():
    small, large = (Jitter(0.1).draw([generator(0, "a")], (side, side))[..., 2] for side in (50, 500))
    assert torch.allclose(large, 10 * small)


def test_the_resampling_is_torchs_own_at_the_matrixs_places():
    matrix = torch.cat([torch.eye(2) + 0.2 * torch.randn(3, 2, 2), 10 * torch.randn(3, 2, 1)], 2)
    image, half = torch.rand(3, 3, 20, 28), torch.tensor([14.0, 10.0])
    theta = torch.cat([matrix[:, :, :2] * half / half[:, None], matrix[:, :, 2:] / half[:, None]], 2)
    grid = torch.nn.functional.affine_grid(theta, [*image.shape], align_corners=False)
    expected = torch.nn.functional.grid_sample(image - 0.5, grid, align_corners=False) + 0.5
    assert torch.allclose(resample(image, matrix), expected, atol=1e-4)
