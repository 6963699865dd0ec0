import pytest
import torch
from PIL import Image

import reverie
from reverie import recipes
from reverie.errors import ReverieError
from reverie.figures.contact_sheet import contact_sheet
from reverie.figures.result import Result
from reverie.image import to_pil
from reverie.models.probe import Activations
from reverie.objectives import Objective, Term
from reverie.objectives.opacity import transparent
from reverie.parameterizations import Alpha, Fourier, Pixels
from reverie.photo import opaque
from reverie.randomness import generator
from reverie.transforms import Backdrop
from reverie.truth.verification import verified
from tiny import picture

BOTH = {"alpha": "optimised", "size": 32, "steps": 3}


def refusal(call) -> str:
    with pytest.raises(ReverieError) as caught:
        call()
    return str(caught.value)


def generators(*names: str):
    return [generator(0, name) for name in names]


def test_picture_and_opacity_are_made_in_one_way():
    part = Alpha(Fourier(), 3)
    latents = part.init((3, 9, 12), generators("a", "b"))
    image = part.decode(latents, (9, 12))
    assert torch.equal(image[:, :3], Fourier().decode(latents[:, :3], (9, 12)))
    assert torch.equal(image[:, 3:], Fourier().decode(latents[:, 3:], (9, 12)))


@pytest.mark.parametrize("inner", [Fourier(), Pixels()])
def test_a_photo_starts_half_opaque_and_a_picture_keeps_its_opacity(inner):
    part = Alpha(inner, 3)
    image = 0.1 + 0.8 * picture(1, 1, 4, 9, 12)
    assert torch.allclose(part.decode(part.encode(image), (9, 12)), image, atol=1e-3)
    assert torch.allclose(part.decode(part.encode(image[:, :3]), (9, 12))[:, 3], torch.tensor(0.5), atol=1e-3)


def test_a_backdrop_shows_where_the_picture_is_transparent():
    image = picture(1, 2, 4, 16, 20)
    image[:, 3, :, :10], image[:, 3, :, 10:] = 0, 1
    first, second = (Backdrop().draw(generators(*names), (16, 20))(image) for names in (("a", "b"), ("c", "b")))
    assert torch.equal(first[..., 10:], image[:, :3, :, 10:])
    assert not torch.allclose(first[0, ..., :10], second[0, ..., :10])
    assert torch.equal(first[1], second[1])
    assert float(first.min()) >= 0
    assert float(first.max()) <= 1


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_backdrops_have_as_many_channels_as_the_picture(channels):
    image = picture(1, 1, channels + 1, 8, 8)
    assert Backdrop().draw(generators("a"), (8, 8))(image).shape == (1, channels, 8, 8)


@pytest.mark.parametrize("value", [2.0, -2.0, 0.0])
@pytest.mark.parametrize("weight", [1.0, 0.5])
def test_opacity_costs_its_share_of_the_score(value, weight):
    term = Term("two", (), lambda seen: torch.full((len(seen.picture), 1), value), lambda sums: sums[:, 0])
    fixed = Objective(((1.0, term),))
    seen = Activations({}, picture(1, 2, 4, 5, 5))
    wanted = torch.tensor([value - weight * abs(value) * float(row[3].mean()) for row in seen.picture])
    objective = transparent(fixed, weight)
    assert torch.allclose(objective.score(seen), wanted)
    assert repr(objective) == f"transparent(two, {weight:g})"
    assert not objective.tiles


def test_transparency_of_a_feature(model):
    made = reverie.feature(model, ["block:0", "block:1"], **BOTH)
    assert made.images.shape == (2, 4, 32, 32)
    assert [item.mode for item in made.pictures] == ["RGBA", "RGBA"]
    assert made[1].alpha
    recipe = recipes.feature(model, "block:0", **BOTH)
    assert isinstance(recipe.transforms[0], Backdrop)
    assert repr(recipe.stages[0].objectives[0]) == "transparent(block:0, 1)"


def test_a_higher_cost_makes_more_transparent(model):
    cheap, dear = (
        reverie.feature(model, "block:0", alpha=f"optimised={cost}", size=32, steps=40, preset="naive").images[:, 3]
        for cost in (0, 4)
    )
    assert float(dear.mean()) < float(cheap.mean()) - 0.1


@pytest.mark.parametrize("preset", ["default", "naive", "essay", "maco"])
def test_opacity_goes_with_every_preset(model, preset):
    made = reverie.feature(model, "block:0", preset=preset, **BOTH)
    assert made.images.shape == (1, 4, 32, 32)
    assert float(made.images.min()) >= 0
    assert float(made.images.max()) <= 1


def test_a_start_from_a_photo_and_a_repeat(model, photo):
    made = reverie.feature(model, "block:0", start=photo, prior=["total-variation=0.1"], **BOTH)
    made.save("a.png")
    with Image.open("a.png") as file:
        assert file.mode == "RGBA"
    assert torch.equal(reverie.rerun("a.png", model).images, made.images)
    reverie.feature(model, "block:0", preset="maco", size=32, steps=2, alpha="importance").save("b.png")
    reverie.rerun("b.png", model).save("c.png")
    with Image.open("b.png") as first, Image.open("c.png") as second:
        assert first.tobytes() == second.tobytes()


def test_jpegs_and_sheets_show_white_behind(model):
    image = torch.zeros(2, 4, 16, 16)
    Result(image, (), ("a", "b"), alpha=True).save("sheet.png")
    with Image.open("sheet.png") as file:
        assert file.getpixel((10, 10)) == (255, 255, 255)
    made = reverie.feature(model, "block:0", **BOTH)
    made.save("a.jpg")
    with Image.open("a.jpg") as file:
        assert file.mode == "RGB"
    half = opaque(to_pil(torch.tensor([0.0, 0.0, 0.0, 0.5]).view(4, 1, 1), alpha=True))
    assert half.getpixel((0, 0)) == (127, 127, 127)


def test_channels_that_are_no_colours_stand_in_a_row():
    image = picture(1, 5, 4, 6)
    made = to_pil(image)
    assert (made.mode, made.size) == ("L", (30, 4))
    assert made.crop((6, 0, 12, 4)).tobytes() == to_pil(image[1:2]).tobytes()
    clear = to_pil(image, alpha=True)
    assert (clear.mode, clear.size) == ("LA", (24, 4))
    assert to_pil(image[:2], alpha=True).mode == "LA"
    assert to_pil(image[:2]).size == (12, 4)


def test_a_mask_and_an_optimised_opacity_are_one_too_many(model):
    assert refusal(lambda: recipes.feature(model, "block:0", mask=torch.ones(1, 8, 8), **BOTH)) == (
        "a mask goes with no optimised opacity; leave out one of both"
    )


def test_what_is_measured_stands_before_white(model, tmp_path):
    image = picture(1, 2, 4, 5, 5)
    shown = Result(image, (), ("a", "b"), alpha=True).opaque
    for row in range(2):
        share = image[row, 3:]
        assert torch.allclose(shown[row], image[row, :3] * share + 1 - share, atol=1e-6)
    assert torch.equal(Result(image[:, :3]).opaque, image[:, :3])
    clear = torch.zeros(4, 3, 3)
    to_pil(clear, alpha=True).save(tmp_path / "clear.png")
    assert contact_sheet([tmp_path / "clear.png"], ["x"]).getpixel((7, 7)) == (255, 255, 255)


def test_a_transparent_picture_is_verified(model):
    made = verified(model, reverie.feature(model, "block:0", **BOTH))
    assert "verification" in made.record.automatic
