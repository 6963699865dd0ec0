"""Parts and recipes built by hand: what a record keeps of them, and what comes back of a stranger's."""

import dataclasses
import itertools
import json
import math
from types import SimpleNamespace, UnionType
from typing import Union, get_args, get_origin, get_type_hints

import pytest
import torch

import reverie
from reverie.cli.app import app
from reverie.constraints import Ball, in_range
from reverie.errors import RecordRefused, ReverieError
from reverie.image import read, read_at, read_mask, resize
from reverie.objectives import Objective, Term, channel, diversity, elsewhere, total_variation
from reverie.parameterizations import (
    Alpha,
    Fourier,
    Latent,
    Maco,
    Masked,
    Parameterization,
    Pixels,
    Pyramid,
    Spectrum,
    latent,
)
from reverie.parameterizations.spectrum import natural
from reverie.recipes.recorded_files import pictures_of
from reverie.recipes.rerunning import recipe_of
from reverie.record import BUILT, Record
from reverie.synthesis import AddedDetail, Ascent, Recipe, Stage
from reverie.synthesis.part_classes import own_parts
from reverie.synthesis.recipe import Window
from reverie.synthesis.revival import Reading, revived
from reverie.synthesis.storage import LARGEST_RECIPE, MOST_STEPS, stored
from reverie.transforms import Backdrop, Jitter, Noise, Roll, Rotate
from tiny import picture

SAMPLES = {
    float: 0.25, int: 3, bool: True, torch.Tensor: picture(5, 1, 3, 24, 24), Parameterization: Fourier(0.5),
    Fourier: Fourier(0.5), Spectrum: natural(), Objective: channel("mix", 1), Ascent: Ascent(rate=(0.2, 0.1)),
}  # fmt: skip


def sample(kind):
    """A value of a field's type that is no default."""
    if get_origin(kind) in (Union, UnionType):
        return sample(get_args(kind)[0])
    if get_origin(kind) is tuple:
        return tuple(sample(each) for each in get_args(kind) if each is not ...)
    return SAMPLES[kind]


def part_of(made):
    """A part of a class, no value of which is the default."""
    return made(**{name: sample(kind) for name, kind in kinds(made).items()}) if isinstance(made, type) else made


def kinds(made):
    """The types of a class's values but for words, of which few are allowed."""
    hints, fields = get_type_hints(made), dataclasses.fields(made)
    return {item.name: hints[item.name] for item in fields if item.init and hints[item.name] is not str}


def refused(*_):
    raise RecordRefused("nobody vouches for it")


def reading(model, *photos):
    return Reading(model, refused, refused, lambda shape, hashes: pictures_of(shape, hashes, photos))


@pytest.mark.parametrize("name", own_parts())
def test_every_public_part_comes_back(model, name):
    part = part_of(own_parts()[name])
    plain = stored(part, model)
    again = revived(json.loads(json.dumps(plain)), reading(model, SAMPLES[torch.Tensor]), type(part))
    assert stored(again, model) == plain
    assert (plain["part"], type(again)) == (name, type(part))
    assert again is part or set(plain["arguments"]) == set(kinds(type(part)))


def test_all_public_parts_are_known():
    house = reverie.parameterizations
    public = {name for name in house.__all__ if hasattr(getattr(house, name), "decode")}
    assert public - set(own_parts()) == {"Latent", "Parameterization"}
    assert {"Jitter", "Backdrop", "Ball", "in_range", "Stage", "Ascent", "Window", "Resized", "AddedDetail"} < set(
        own_parts()
    )


def test_defaults_are_left_out_and_no_picture_is_written(model):
    assert stored(Fourier(cutoff=0.2), model) == {"part": "Fourier", "arguments": {"cutoff": 0.2}}
    ball = stored(Ball(picture(1, 1, 3, 8, 8), 0.1), model)["arguments"]
    assert set(ball) == {"photo", "radius"}
    assert (ball["photo"]["photo"], ball["photo"]["shape"]) == ("array", [1, 3, 8, 8])


def recipe_with(*objectives, size=(24, 24), steps=2, **more):
    """A recipe built by hand of two stages."""
    names = tuple("abcdef"[: len(objectives)])
    stages = (
        Stage(objectives, (size[0] // 2, size[1] // 2), steps, Ascent("std", (0.05, 0.02))),
        Stage(objectives, size, steps, Ascent(rate=(0.1, 0.05), schedule="cosine")),
    )
    given = {"parameterization": Fourier(cutoff=0.3), "labels": names, **more}
    return Recipe(names, stages, **given)


def built(model):
    """Recipes of all that they may hold, with the photos that they need."""
    photo, other = picture(3, 1, 3, 24, 24), picture(4, 1, 3, 24, 24)
    wish, far = channel("mix", 1) - 0.3 * total_variation(), channel("block", 2) + elsewhere(model, channel("mix", 4))
    views = channel("mix", 3) + diversity("mix")
    start = {"start": "photo", "photo": photo}
    mask = (picture(6, 1, 1, 24, 24) > 0.3).float()
    return {
        "plain": (recipe_with(wish, far, transforms=(Jitter(0.05), Rotate(4), Noise(0.02)), seed=-7, redirect=2), []),
        "pixels": (recipe_with(wish, parameterization=Pixels(0.1), constraint=in_range, transforms=(Roll(3),)), []),
        "shared": (recipe_with(views, views, far, far, parameterization=Pyramid(), group=2, batch=2, columns=2), []),
        "ball": (last(recipe_with(wish, parameterization=Pixels(), constraint=Ball(photo, 0.2), **start)), [photo]),
        "detail": (recipe_with(wish, far, batch=2, carry=AddedDetail(photo), **start), [photo]),
        "several": (recipe_with(wish, far, start="photo", photo=torch.cat([photo, other])), [other, photo]),
        "masked": (recipe_with(wish, parameterization=Masked(Fourier(), mask, photo), opacity=mask), [photo, mask]),
        "alpha": (recipe_with(wish, parameterization=Alpha(Fourier(), 3), transforms=(Backdrop(),)), []),
        "importance": (recipe_with(wish, importance=True, start="grey"), []),
        "tiles": (recipe_with(wish, tile=32, size=(80, 72)), []),
        "window": (last(recipe_with(wish, window=Window((32, 40), 4, 8))), []),
        "maco": (last(recipe_with(wish), parameterization=Maco([photo.repeat(1, 1, 2, 2), "sample:flower"])), []),
        "latents": (last(recipe_with(wish), parameterization=latent("generator", model.device)), []),
    }  # fmt: skip


def last(recipe, **changes):
    """A recipe's last stage, with an end to it."""
    return dataclasses.replace(recipe, stages=(dataclasses.replace(recipe.stages[-1], until=9.0),), **changes)


RECIPES = (
    "plain", "pixels", "shared", "ball", "detail", "several", "masked", "alpha", "importance", "tiles", "window",
    "maco", "latents",
)  # fmt: skip


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_built_by_hand_repeats_bit_for_bit(model, name):
    recipe, photos = built(model)[name]
    made = reverie.synthesize(model, recipe)
    made.save("sheet.png", singles=True)
    assert torch.equal(reverie.rerun("sheet.png", model, photo=photos).images, made.images)
    last = len(made) - 1
    made[last].save("one.png")
    again = reverie.rerun("one.png", model, photo=photos)
    assert torch.equal(again.images, made.images[last:])
    assert str(again.record) == str(made[last].record)


def test_a_recipe_that_was_ended_early_repeats(model):
    recipe = recipe_with(channel("mix", 1), steps=3)
    made = reverie.synthesize(model, recipe, itertools.islice(reverie.iterate(model, recipe), 4))
    made.save("a.png")
    assert torch.equal(reverie.rerun("a.png", model).images, made.images)


def test_a_file_stands_for_the_tensor_that_was_read_of_it(model, photo, factory):
    picture_ = read_at(photo, (24, 24))
    mask = resize(read_mask(photo), (24, 24)).clamp(0, 1)
    recipe = recipe_with(
        channel("mix", 1), parameterization=Masked(Fourier(), mask, picture_), start="photo", photo=picture_
    )
    made = reverie.synthesize(model, recipe)
    made.save("a.png")
    assert torch.equal(reverie.rerun("a.png", model, photo=photo).images, made.images)
    app(["rerun", "a.png", "--photo", str(photo), "-m", factory, "-o", "b.png", "--quiet"], standalone_mode=False)
    assert torch.equal(read("b.png"), read("a.png"))
    with pytest.raises(RecordRefused, match="no photo but its hash; name the one of 24x24 that the Recipe held"):
        reverie.rerun("a.png", model)
    with pytest.raises(RecordRefused, match="what is given is another photo; name"):
        reverie.rerun("a.png", model, photo=picture_ + 1e-7)
    with pytest.raises(ReverieError, match=r"nowhere\.png"):
        reverie.rerun("a.png", model, photo="nowhere.png")


class Strange(Fourier):
    """A part that is in no package."""


def test_what_no_record_holds_is_told(model):
    wish = channel("mix", 1)
    bare = Objective(((1.0, Term("own", ("mix",), lambda seen: seen["mix"].mean((2, 3)), lambda s: s[:, 0])),))
    large = tuple(channel("mix", 1) * (0.1 + number / 1e4) for number in range(1600))
    for recipe, why in [
        (recipe_with(bare), "a term is made by no constructor that reverie knows"),
        (recipe_with(wish, parameterization=Strange()), "it holds Strange("),
        (recipe_with(wish, parameterization=Latent(torch.nn.Identity(), 4)), "it holds Latent("),
        (recipe_with(wish, transforms=(SimpleNamespace(draw=len),)), "it holds namespace("),
        (recipe_with(wish, steps=MOST_STEPS), f"it takes {2 * MOST_STEPS} steps; a record repeats 1000000"),
        (recipe_with(wish, reports=(lambda model, image: None,)), "it has reports, which are code"),
        (recipe_with(wish, seed=2**70), "it holds 1180591620717411303424 "),
        (recipe_with(wish, photo=picture(1, 3, 24, 24).double()), "a part holds a tensor of"),
        (dataclasses.replace(recipe_with(wish), names=("x",) * 1600, labels=("x",) * 1600,
                             stages=(Stage(large, (24, 24), 1, Ascent()),)), f"more than {LARGEST_RECIPE // 1000} kB"),
    ]:  # fmt: skip
        plain = reverie.synthesis.storage.origin_of(recipe, model)[1]
        assert set(plain) == {"unstored", "because"}
        assert why in plain["because"]
        with pytest.raises(RecordRefused, match=r"^the record does not hold .*, which was built by hand: .*; run its"):
            recipe_of(Record(BUILT, plain, dict(model.source)), model)
    reverie.synthesize(model, recipe_with(bare)).save("a.png")
    with pytest.raises(RecordRefused, match="does not hold a, which was built by hand: a term is made by no constr"):
        reverie.rerun("a.png", model)


def test_a_record_of_before_names_no_parts(model):
    with pytest.raises(RecordRefused, match="a Recipe built by hand, which its record does not hold; run its code"):
        recipe_of(Record("", {}, dict(model.source)), model)


def test_a_named_recipe_keeps_its_record(model):
    recipe = reverie.recipes.feature(model, "mix:1", size=24, steps=1)
    assert reverie.synthesize(model, recipe).record.arguments == recipe.select([0]).origin[1]


def part(name, **arguments):
    return {"part": name, "arguments": arguments}


def each(*items):
    return {"each": list(items)}


def nested(count):
    found = part("Fourier")
    for _ in range(count):
        found = part("Alpha", inner=found, channels=3)
    return found


def stage(**changes):
    usual = {"objectives": each({"objective": 0}), "size": each(24, 24), "steps": 2, "ascent": part("Ascent")}
    return {"stages": each(part("Stage", **{**usual, **changes}))}


TERMS = {"terms": [[1.0, "channel", {"layer": "mix", "index": 1}, 0]]}
HASHED = {"photo": "array", "shape": [1, 3, 24, 24], "sha256": ["0" * 64]}
HOSTILE = [
    {"parameterization": value} for value in (
        part("system"), part("os:getcwd"), part("Jitter", amount=0.1), part("Recipe"), part("Latent"), part("Spectrum"),
        part("Fourier", decay="1"), part("Fourier", decay=math.nan), part("Fourier", decay=1e300),
        part("Fourier", cutoff=-1), part("Fourier", start=10**40), part("Fourier", path="/etc/hostname"),
        part("Fourier", decay=True), part("Maco", like="/etc/hostname"), part("Maco", spectrum="/etc/hostname"),
        part("Maco", spectrum={"spectrum": [[[1]]], "mean": [1]}), part("Cppn", width=10**5), part("Cppn", depth=0),
        part("Alpha", inner=part("Fourier"), channels=7), part("Masked", inner=part("Fourier"), mask=1, photo=2),
        {"part": "Fourier"}, {"part": "Fourier", "arguments": []}, {"decoder": "os:getcwd", "weights_sha256": "x"},
        {"network": {"name": "os:getcwd"}}, nested(2), nested(30), "fourier", None, 3, [],
    )
] + [
    stage(steps=10**9), stage(steps=MOST_STEPS + 1), stage(steps=0), stage(steps=1.5), stage(steps=True),
    stage(steps="2"), stage(steps=10**30), stage(size=each(0, 24)), stage(size=each(-24, 24)), stage(size=each(24)),
    stage(size=each(10**9, 10**9)), stage(size=24), stage(objectives=each({"objective": 1})), stage(objectives=each()),
    stage(objectives=each({"objective": -1})), stage(objectives=each(part("Fourier"))), stage(until=math.inf),
    stage(ascent=part("Ascent", kind="x")), stage(ascent=part("Ascent", betas=each(1, 5))),
    stage(ascent=part("Ascent", rate=each(1e31, 0))), stage(ascent=part("Ascent", rate=each(1, 2, 3))),
    {"stages": each()}, {"stages": each(part("Window", canvas=each(1, 1), top=0, left=0))}, {"stages": each(TERMS)},
    {"objectives": []}, {"objectives": TERMS}, {"objectives": [part("Fourier")]}, {"objectives": None},
    {"transforms": each(part("Pad", amount=-0.5))}, {"transforms": each(part("Backdrop", cells=10**6))},
    {"transforms": each(part("Backdrop"))}, {"transforms": part("Jitter", amount=0.1)},
    {"transforms": each(part("Roll", pixels=2**63 - 1))}, {"transforms": each(part("draw"))},
    {"constraint": part("in_range")}, {"constraint": part("Resized")}, {"constraint": "in_range"},
    {"carry": part("Ball", photo=HASHED, radius=1)}, {"carry": part("in_range")}, {"carry": part("AddedDetail")},
    {"names": each()}, {"names": each(1)}, {"names": "a"}, {"names": each("a", "b")}, {"labels": each("a", "b")},
    {"seed": "x"}, {"seed": 0.5}, {"group": 0}, {"columns": 0}, {"batch": 0}, {"tile": 3}, {"importance": 1},
    {"start": "photo"}, {"start": "/etc/hostname"}, {"photo": HASHED}, {"photo": {**HASHED, "shape": [10**9] * 4}},
    {"photo": {**HASHED, "sha256": []}}, {"photo": "/etc/hostname"}, {"photo": {"photo": "/etc/hostname"}},
    {"start": "photo", "photo": {"tensor": [1], "float32": "AAAAAA=="}},
    {"opacity": {"tensor": [1], "float32": "AAAAAA=="}},
    {"window": part("Window", canvas=each(24, 24), top=900, left=0)}, {"origin": each("feature", 1)},
    {"each": each("x")}, {"reports": each(part("in_range"))}, {"shell": "x"}, {"unstored": "x"},
    {"names": {"each": [{"each": [{"each": [{"each": [{"each": [{"each": [{"each": [{"each": ["a"]}]}]}]}]}]}]}]}},
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_recipes_are_refused_in_a_sentence(model, number):
    names = {"names": each("a"), "labels": each("a")}
    good = {"objectives": [TERMS], **names, "parameterization": part("Fourier"), **stage()}
    source = dict(model.source)
    assert recipe_of(Record(BUILT, good, source), model).names == ("a",)
    with pytest.raises(ReverieError) as caught:
        recipe_of(Record(BUILT, {**good, **HOSTILE[number]}, source), model)
    assert str(caught.value).isprintable()
