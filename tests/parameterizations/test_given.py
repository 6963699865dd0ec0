"""Parameterizations that are given themselves, wherever one is asked for by its name, and Maco of photos."""

import dataclasses

import pytest
import torch

import reverie
from reverie.errors import InvalidSetting, RecordRefused, UnsuitableImage
from reverie.image import to_pil
from reverie.parameterizations import Aligned, Alpha, Cppn, Fourier, Maco, Masked, Pixels, SoftPixels, spectrum_of
from reverie.parameterizations.parameterization import MADE_OF
from reverie.recipes.rerunning import recipe_of
from reverie.record import Record
from tiny import picture

SMALL = {"size": 24, "steps": 2}


def changed(part):
    """A part whose numbers are not the usual ones."""
    numbers = {
        item.name: getattr(part, item.name) * 0.5
        for item in dataclasses.fields(part) if isinstance(getattr(part, item.name), float)
    }  # fmt: skip
    return dataclasses.replace(part, **numbers)


@pytest.mark.parametrize("name", MADE_OF.own)
def test_every_parameterization_may_be_given_and_repeats(model, name):
    part = changed(MADE_OF[name])
    made = reverie.feature(model, ["mix:1", "mix:2"], parameterization=part, **SMALL)
    plain = made.record.arguments["parameterization"]
    assert plain["part"] == type(part).__name__
    assert set(plain["arguments"]) == {
        item.name for item in dataclasses.fields(part) if isinstance(getattr(part, item.name), float)
    }
    made.save("a.png")
    assert torch.equal(reverie.rerun("a.png", model).images, made.images)
    named = reverie.feature(model, ["mix:1", "mix:2"], parameterization=name, **SMALL)
    assert named.record.arguments["parameterization"] == name
    assert not torch.equal(named.images, made.images)


def test_one_as_it_is_by_name_makes_the_same_picture(model):
    named = reverie.feature(model, "mix:1", parameterization="cppn", **SMALL)
    assert torch.equal(reverie.feature(model, "mix:1", parameterization=Cppn(), **SMALL).images, named.images)
    assert torch.equal(reverie.feature(model, "mix:1", parameterization=Cppn, **SMALL).images, named.images)


def test_every_recipe_of_a_parameterization_takes_one(model, photo):
    for number, made in enumerate([
        reverie.caricature(model, photo, "mix", size=32, steps=2, parameterization=Pixels(0.1)),
        reverie.interpolate(model, ["mix:1", "mix:2"], between=1, parameterization=Aligned(below=3), **SMALL),
        reverie.invert(model, photo, "block", size=32, steps=2, parameterization=Fourier(cutoff=0.2)),
        reverie.invert(model, photo, "block", size=32, steps=2, ascent="adam", parameterization=Pixels()),
    ]):  # fmt: skip
        made.save(f"{number}.png")
        assert torch.equal(reverie.rerun(f"{number}.png", model, photo=photo).images, made.images)
    assert reverie.recipes.interpolate(
        model, ["mix:1", "mix:2"], parameterization=Aligned(inner=Fourier(0.5)), **SMALL
    ).parameterization == Aligned(inner=Fourier(0.5))
    assert reverie.recipes.invert(model, photo, "block", ascent="adam", parameterization=SoftPixels(0.1)).stages[
        0
    ].ascent.rate == (0.03, 0.003)


def test_an_opacity_and_a_mask_may_be_given(model):
    made = reverie.feature(model, "mix:1", parameterization=Alpha(Fourier(), 3), **SMALL)
    assert torch.equal(made.images, reverie.feature(model, "mix:1", alpha="optimised",
                                                    parameterization=Fourier(), **SMALL).images)  # fmt: skip
    mask, ground = (picture(2, 1, 1, 24, 24) > 0.4).float(), picture(3, 1, 3, 24, 24)
    hidden = reverie.feature(model, "mix:1", parameterization=Masked(Fourier(), mask, ground), **SMALL)
    for number, result in enumerate([made, hidden]):
        result.save(f"{number}.png")
        again = reverie.rerun(f"{number}.png", model, photo=[mask, ground])
        assert torch.equal(again.images, result.images)
    with pytest.raises(RecordRefused, match="the record holds no photo but its hash"):
        reverie.rerun("1.png", model)
    for call in (reverie.invert, reverie.caricature):
        with pytest.raises(InvalidSetting, match=r"an opacity goes with features only; give Fourier\(.*\) without"):
            call(model, picture(1), "mix", parameterization=Alpha(Fourier(), 3))


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "photos").mkdir()
    for seed in range(2):
        to_pil(picture(seed, 3, 48, 64)).save(tmp_path / "photos" / f"{seed}.png")
    return tmp_path / "photos"


def test_maco_measures_photos_when_it_is_built(folder):
    files = sorted(folder.iterdir())
    wanted = spectrum_of(files)
    first = Maco(files[0])
    assert first.spectrum == spectrum_of(files[:1])
    for photos in (folder, str(folder), files, [str(files[0]), files[1]], wanted):
        assert Maco(photos) == Maco(spectrum=wanted)
    assert Maco(picture(0, 1, 3, 48, 64)).spectrum is not None
    assert Maco().spectrum is None
    assert dataclasses.replace(first, gain=2.0).spectrum == first.spectrum


def test_a_feature_of_photos_repeats_without_them(model, folder):
    made = reverie.feature(model, "mix:1", parameterization=Maco(folder), **SMALL)
    same = reverie.feature(model, "mix:1", parameterization="maco", spectrum=folder, **SMALL)
    assert torch.equal(made.images, same.images)
    assert not torch.equal(made.images, reverie.feature(model, "mix:1", parameterization="maco", **SMALL).images)
    made.save("a.png")
    for file in folder.iterdir():
        file.unlink()
    again = reverie.rerun("a.png", model)
    assert torch.equal(again.images, made.images)
    assert str(again.record) == str(made.record)


@pytest.mark.parametrize(
    ("photos", "told"),
    [
        ("nowhere.png", r"nowhere\.png"), (["sample:flower", "nowhere.png"], r"nowhere\.png"),
        (3, "a spectrum is measured of photos, not of 3; name"), ([None], "not of None; name a photo, or a folder"),
        ([], "a spectrum needs at least one photo"), (picture(1, 1, 3, 8, 8), "too small to measure a spectrum"),
    ],
)  # fmt: skip
def test_what_is_no_photo_is_refused_when_maco_is_built(photos, told):
    with pytest.raises(UnsuitableImage, match=told):
        Maco(photos)


def test_two_spectra_contradict_each_other(model, folder):
    made = reverie.recipes.feature(model, "mix:1", parameterization=Maco(gain=2.0), spectrum=folder, **SMALL)
    assert made.parameterization == Maco(folder, gain=2.0)
    both = reverie.recipes.feature(model, "mix:1", parameterization=Maco(folder), spectrum=folder, **SMALL)
    assert both.parameterization == Maco(folder)
    with pytest.raises(InvalidSetting, match="Maco has a spectrum already; leave out --spectrum, or say Maco"):
        reverie.feature(model, "mix:1", parameterization=Maco(folder), spectrum="sample:flower", **SMALL)
    with pytest.raises(InvalidSetting, match="a spectrum goes with MACO only"):
        reverie.feature(model, "mix:1", parameterization=Fourier(), spectrum=folder, **SMALL)


@pytest.mark.parametrize("given", [3, ["fourier"], {"part": "Fourier"}, object()])
def test_what_is_no_parameterization_is_refused(model, given):
    with pytest.raises(InvalidSetting, match="is no parameterization; give one such as Fourier"):
        reverie.feature(model, "mix:1", parameterization=given, **SMALL)


def test_parts_of_wrong_numbers_are_refused():
    for wrong in (lambda: Fourier(cutoff=-1), lambda: Cppn(width=0), lambda: Cppn(depth=10**6)):
        with pytest.raises(InvalidSetting, match="must be"):
            wrong()


def test_one_that_no_record_holds_is_told(model):
    class Strange(Fourier):
        pass

    reverie.feature(model, "mix:1", parameterization=Strange(), **SMALL).save("a.png")
    with pytest.raises(RecordRefused, match=r"does not hold .*Strange.*, which was built by hand: .*; run its code"):
        reverie.rerun("a.png", model)


@pytest.mark.parametrize(
    "plain",
    [
        {"part": "Jitter", "arguments": {"amount": 0.1}}, {"part": "os", "arguments": {}}, {"part": "Fourier"},
        {"part": "Fourier", "arguments": {"cutoff": float("nan")}},
        {"part": "Maco", "arguments": {"like": "/etc/passwd"}},
        {"terms": [[1, "l1", {}, 0]]}, {"part": "Fourier", "arguments": {}, "more": 1},
    ],
)  # fmt: skip
def test_a_strangers_part_is_refused(model, plain):
    given = reverie.recipes.feature(model, "mix:1", **SMALL).origin[1]
    with pytest.raises(RecordRefused):
        recipe_of(Record("feature", {**given, "parameterization": plain}, dict(model.source)), model)
