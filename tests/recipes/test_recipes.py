import dataclasses
import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import reverie
from reverie import recipes
from reverie.errors import InvalidSetting, ReverieError, UnknownName, UnsuitableImage
from reverie.image import read, to_pil
from reverie.parameterizations import Fourier, Maco, Pixels
from reverie.recipes.presets import DREAM, FEATURE
from reverie.transforms import Roll
from reverie.unit import Unit
from tiny import CLASSES, HalfDead, Tiny, hook_count, picture, seeded, state

SMALL = {
    "feature": lambda model, **more: recipes.feature(model, ["block:0", "mix:3"], **{"size": 32, "steps": 3, **more}),
    "dream": lambda model, **more: recipes.dream(
        model, picture(3, 1, 3, 36, 44), "block", **{"steps": 2, "octaves": 2, **more}
    ),
    "caricature": lambda model, **more: recipes.caricature(
        model, picture(3, 1, 3, 36, 44), ["block", "mix"], **{"size": "36x44", "steps": 2, **more}
    ),
    "accentuate": lambda model, **more: recipes.accentuate(
        model, picture(3, 1, 3, 36, 44), ["mix:1", "logits:1"], **{"size": "36x44", "steps": 2, **more}
    ),
    "interpolate": lambda model, **more: recipes.interpolate(
        model, ["mix:1", "block:2"], **{"between": 1, "align": "block=0.5", "size": 32, "steps": 2, **more}
    ),
    "compare": lambda model, **more: recipes.compare(model, "mix", **{"size": 32, "steps": 2, **more}),
    "grow": lambda model, **more: recipes.grow(model, "mix:1", **{"size": 12, "steps": 1, **more}),
    "fool": lambda model, **more: recipes.fool(
        model, **{"target": 3, "start": "noise", "size": "36x44", "steps": 2, **more}
    ),
    "style": lambda model, **more: recipes.style(
        model, picture(3, 1, 3, 36, 44), picture(4, 1, 3, 30, 30), "block",
        **{"content_layers": "mix", "start": "noise", "steps": 2, **more},
    ),
    "universal": lambda model, **more: recipes.universal(
        model, [picture(seed, 1, 3, 48, 48) for seed in range(8)], **{"target": 3, "steps": 3, "batch": 1, **more}
    ),
    "invert": lambda model, **more: recipes.invert(
        model, picture(3, 1, 3, 32, 32), ["block", "logits"], **{"size": 32, "steps": 3, **more}
    ),
}


def refusal(call, kind=ReverieError) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


@pytest.fixture(params=SMALL)
def small(request):
    return SMALL[request.param]


def test_every_recipe_is_tested():
    others = {"activations", "explain", "filters"}  # in test_explanations.py and test_weights.py
    assert set(SMALL) | others == set(recipes.__all__)


def test_the_same_seed_gives_the_same_bits(model, small):
    first, second = (reverie.synthesize(model, small(model)).images for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, reverie.synthesize(model, small(model, seed=1)).images)


def test_the_same_bits_from_a_model_loaded_anew(module, model, small):
    again = reverie.load(module, size=48, classes=CLASSES)
    assert torch.equal(reverie.synthesize(model, small(model)).images, reverie.synthesize(again, small(again)).images)


def test_nothing_is_left_on_the_network(small):
    owned = seeded(Tiny).train()
    before = state(owned)
    ready = reverie.load(owned, size=48)
    reverie.synthesize(ready, small(ready))
    run = reverie.iterate(ready, small(ready))
    next(run)
    run.close()
    assert state(owned) == before
    for made in ready.variants._made.values():
        assert hook_count(made) == 0
        assert all(item.grad is None and not item.requires_grad for item in made.parameters())


def test_an_exception_in_the_middle_leaves_nothing(small, monkeypatch):
    owned = seeded(Tiny).train()
    before = state(owned)
    ready = reverie.load(owned, size=48)
    run = reverie.iterate(ready, small(ready))
    next(run)
    monkeypatch.setattr("reverie.synthesis.engine.scores", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        next(run)
    assert state(owned) == before
    assert all(hook_count(made) == 0 for made in ready.variants._made.values())


def test_a_recipe_does_not_run(model, small, monkeypatch):
    monkeypatch.setattr("reverie.synthesis.engine.iterate", lambda *_: 1 / 0)
    assert isinstance(small(model), reverie.Recipe)


def test_pictures_are_whole_and_in_range(model, small):
    made = reverie.synthesize(model, small(model))
    assert made.images.shape == (len(made), 3, *small(model).size)
    assert made.images.dtype == torch.float32
    assert float(made.images.min()) >= 0
    assert float(made.images.max()) <= 1
    assert len(made.records) == len(made.labels) == len(made)


@pytest.mark.parametrize("preset", FEATURE)
def test_every_preset_of_features_runs_and_rises(model, preset):
    made = recipes.feature(model, "mix:1", preset=preset, size=32, steps=8)
    scores = [float(step.score) for step in reverie.iterate(model, made)]
    assert scores[-1] > scores[0]
    assert FEATURE[preset].about


@pytest.mark.parametrize("preset", DREAM)
def test_every_preset_of_dreams_runs_and_rises(model, preset, photo):
    made = recipes.dream(model, photo, "block", preset=preset, octaves=1, steps=6, jitter=0)
    scores = [float(step.score) for step in reverie.iterate(model, made)]
    assert scores[-1] > scores[0]
    assert DREAM[preset].about


@pytest.mark.parametrize(
    ("units", "more", "kind"),
    [
        (["logits:1", "logits:0-1"], {}, Maco),
        (["logits:1"], {"preset": "default"}, Fourier),
        (["logits:1"], {"rate": 0.1}, Fourier),
        (["logits:1"], {"start": "grey"}, Fourier),
        (["logits:1", "mix:1"], {}, Fourier),
        (["logits:1 - logits:0"], {}, Fourier),
        (["mix:1"], {}, Fourier),
    ],
)
def test_classes_alone_are_drawn_by_maco_unless_said_otherwise(model, units, more, kind):
    recipe = recipes.feature(model, units, steps=1, **more)
    assert type(recipe.parameterization) is kind
    assert recipe.origin[1]["preset"] == ("maco" if kind is Maco else "default")


def test_google_is_what_google_wrote(model, photo):
    made = recipes.dream(model, photo, "block", preset="google")
    assert [stage.steps for stage in made.stages] == [10] * 4
    assert made.transforms == (Roll(32),)
    assert {stage.ascent.rate for stage in made.stages} == {(1.5 / 255, 1.5 / 255)}
    assert {stage.ascent.kind for stage in made.stages} == {"mean-abs"}
    assert made.names == ("mean-square(block)",)
    assert [stage.size for stage in made.stages] == [(round(41 / 1.4**k), round(53 / 1.4**k)) for k in (3, 2, 1, 0)]


def test_essay_is_what_the_essays_wrote(model):
    made = recipes.feature(model, "mix:1", preset="essay")
    assert [stage.size for stage in made.stages] == [(299, 299), (340, 340), (380, 380)]
    assert [stage.steps for stage in made.stages] == [100] * 3
    assert [stage.ascent.blur for stage in made.stages] == [(2.4, 0.8), (1.5, 0.4), (1.1, 0.3)]
    unit = made.stages[0].ascent.rate[0] / 0.4
    ends = [0.4, 0.3, 0.3, 0.2, 0.2, 0.1]
    assert [rate / unit for stage in made.stages for rate in stage.ascent.rate] == pytest.approx(ends)
    assert repr(made.stages[0].objectives[0]) == "distance(mix:1)"
    dreamt = recipes.dream(model, picture(3, 1, 3, 64, 64), "block", preset="essay-dream")
    assert len(dreamt.stages) == 3
    assert all(stage.ascent.kind == "paced" for stage in dreamt.stages)
    assert all(stage.ascent.rate[0] > stage.ascent.rate[1] for stage in dreamt.stages)
    assert dreamt.names == ("sum(block)",)


def test_distill_is_the_papers(model):
    made = recipes.feature(model, "mix:1", preset="distill")
    (stage,) = made.stages
    assert (stage.steps, stage.ascent.kind, stage.ascent.rate) == (512, "adam", (0.05, 0.05))
    assert stage.ascent.betas == (0.9, 0.999)
    assert isinstance(made.parameterization, Fourier)
    assert {type(part).__name__ for part in made.transforms} == {"Pad", "Jitter", "Scale", "Rotate"}


def test_naive_has_no_prior(model):
    made = recipes.feature(model, "mix:1", preset="naive")
    assert isinstance(made.parameterization, Pixels)
    assert made.transforms == ()
    assert made.stages[0].ascent.kind == "adam"
    assert made.stages[0].ascent.blur is None


def test_every_number_can_be_overridden(model, photo):
    made = recipes.dream(
        model, photo, ["block=2", "mix:1=-0.5"], preset="google", octaves=2, octave_scale=2.0, steps=3, rate=0.5,
        jitter=7, reduction="mean", prior=["l2=0.25"], size="40x60", seed=5,
    )  # fmt: skip
    assert [stage.size for stage in made.stages] == [(20, 30), (40, 60)]
    assert {(stage.steps, stage.ascent.rate) for stage in made.stages} == {(3, (0.5, 0.5))}
    assert made.transforms == (Roll(7),)
    assert made.names == ("2*block - 0.5*mix:1 - 0.25*l2",)
    assert made.seed == 5


def test_a_rate_keeps_the_presets_fall(model, photo):
    made = recipes.dream(model, photo, "block", preset="essay-dream", rate=0.1)
    first, last = DREAM["essay-dream"].rates[0]
    assert made.stages[0].ascent.rate == pytest.approx((0.1, 0.1 * last / first))


def test_the_photos_fine_detail_stays(model):
    photo = picture(3, 1, 3, 48, 48)
    made = reverie.dream(model, photo, "block", octaves=3, octave_scale=1.6, steps=1, rate=1e-6, jitter=0)
    assert (made.images - photo).abs().max() < 1e-3


def test_size_is_the_pictures_and_what_the_network_sees(model, photo):
    assert recipes.dream(model, photo, "block").size == (41, 53)
    assert recipes.dream(model, photo, "block", size=106).size == (82, 106)
    assert recipes.dream(model, photo, "block", size=(30, 40)).size == (30, 40)
    assert recipes.feature(model, "block:1").size == (48, 48)
    assert recipes.feature(model, "block:1", size="32x40").size == (32, 40)
    assert recipes.feature(model, "block:1", preset="essay", size=190).stages[0].size == (150, 150)


@pytest.mark.parametrize("size", [0, -3, "x", "12x", "1x2x3", 40000, [], (1.5, "a"), "9.5"])
def test_what_is_no_size_is_refused(model, size):
    message = refusal(lambda: recipes.feature(model, "block:1", size=size), InvalidSetting)
    assert message == (
        f"'{size}' is no size; write a side such as 320, or HEIGHTxWIDTH such as 427x640, "
        "in whole numbers from 1 to 32768"
    )


def test_octaves_too_small_for_the_network_are_dropped(photo):
    network = reverie.load(nn.Sequential(nn.Conv2d(3, 4, 7), nn.MaxPool2d(4), nn.Conv2d(4, 4, 3)), size=64)
    made = recipes.dream(network, photo, "2", octaves=6, octave_scale=1.4)
    assert [stage.size for stage in made.stages if stage.until is None] == [(21, 27), (29, 38), (41, 53)]
    assert reverie.dream(network, photo, "2", octaves=6, steps=1).images.shape == (1, 3, 41, 53)


def test_a_photo_too_small_says_the_smallest_side():
    network = reverie.load(nn.Sequential(nn.Conv2d(3, 4, 7), nn.MaxPool2d(4), nn.Conv2d(4, 4, 3)), size=64)
    message = refusal(lambda: recipes.dream(network, picture(1, 1, 3, 17, 40), "2"), UnsuitableImage)
    assert message == (
        "the photo is 40x17, too small for Sequential up to 2: the smallest side is 18; "
        "give a larger --size, or a shallower layer"
    )


def test_a_feature_too_small_for_the_network_is_refused():
    network = reverie.load(nn.Sequential(nn.Conv2d(3, 4, 7), nn.MaxPool2d(4), nn.Conv2d(4, 4, 3)), size=64)
    message = refusal(lambda: reverie.feature(network, "2:0", size=12, steps=1))
    assert "18" in message


def test_a_tile_too_small_for_the_network_is_refused():
    network = reverie.load(nn.Sequential(nn.Conv2d(3, 4, 41), nn.Conv2d(4, 4, 3)), size=64)
    message = refusal(lambda: reverie.dream(network, picture(1, 1, 3, 128, 128), "1", tile=32, steps=1, octaves=1))
    assert "tile" in message


def test_greyscale_photos_dream_on_grey_networks(photo):
    network = reverie.load(seeded(lambda: nn.Sequential(nn.Conv2d(1, 4, 3, padding=1))), size=32)
    assert reverie.dream(network, photo, "0", steps=1, octaves=1).images.shape == (1, 1, 41, 53)


def test_units_are_one_batch_of_pictures(model):
    made = reverie.feature(model, ["block:0-2", Unit("mix", (1,)), "logits:tiger"], size=32, steps=2)
    assert made.labels == ("block:0", "block:1", "block:2", "mix:1", "tiger (logits:1)")
    assert [record.index for record in made.records] == [0, 1, 2, 3, 4]
    assert made.record.automatic["members"] == ["block:0", "block:1", "block:2", "mix:1", "logits:1"]


def test_joint_units_are_one_picture(model):
    made = recipes.feature(model, "block:0+1", size=32)
    assert len(made.names) == 1


def test_negative_asks_for_silence(model):
    made = recipes.feature(model, "mix:1", negative=True, size=32, steps=10)
    steps = list(reverie.iterate(model, made))
    value = reverie.probe(model, steps[-1].whole(), ["mix"])["mix"][0, 1].mean()
    assert float(value) < float(reverie.probe(model, torch.full((1, 3, 32, 32), 0.5), ["mix"])["mix"][0, 1].mean())
    assert made.labels == ("-mix:1",)
    assert repr(made.stages[0].objectives[0]) == "-mix:1"


def test_a_picture_does_not_depend_on_the_batch_it_is_in(model):
    first = reverie.feature(model, ["mix:1", "mix:2", "mix:3"], size=32, steps=1, batch=3)
    second = reverie.feature(model, ["mix:3", "mix:1"], size=32, steps=1, batch=1)
    # Adam's first step takes the sign of the gradient, so that rounding may turn a faint frequency round
    apart = (first.images[[2, 0, 1]] - second.images[[0, 1, 1]]).abs().mean((1, 2, 3))
    assert apart[:2].max() < 1e-4
    assert apart[2] > 1e-2


def test_prior_weights_are_subtracted(model):
    made = recipes.feature(model, "mix:1", prior=["total-variation=0.5", "l1"], size=32)
    assert repr(made.stages[0].objectives[0]) == "mix:1 - 0.5*total_variation - l1"
    assert repr(recipes.feature(model, "mix:1", prior="l2=2", size=32).stages[0].objectives[0]) == "mix:1 - 2*l2"


@pytest.mark.parametrize("start", ["grey", "zero", "noise"])
def test_starts_by_name(model, start):
    made = recipes.feature(model, "mix:1", start=start, size=32)
    assert (made.start, made.photo) == (start, None)


def test_a_start_from_a_photo(model, photo):
    made = recipes.feature(model, "mix:1", start=photo, size=(41, 53), steps=1, rate=0.0, preset="naive")
    assert made.start == "photo"
    (step,) = reverie.iterate(model, made)
    assert torch.allclose(step.whole(), read(photo), atol=1e-3)


@pytest.mark.parametrize("kind", ["path", "text", "pil", "array", "tensor", "single"])
def test_photos_of_every_kind_dream_alike(model, photo, kind):
    with Image.open(photo) as file:
        given = {
            "path": photo, "text": str(photo), "pil": file.copy(), "array": np.asarray(file),
            "tensor": read(photo), "single": read(photo)[0],
        }[kind]  # fmt: skip
    wanted = reverie.dream(model, photo, "block", steps=1, octaves=1).images
    assert torch.equal(reverie.dream(model, given, "block", steps=1, octaves=1).images, wanted)


def test_the_callers_tensor_is_untouched(model):
    photo = picture(3, 1, 3, 40, 40)
    kept = photo.clone()
    reverie.dream(model, photo, "block", steps=2, octaves=1)
    reverie.feature(model, "mix:1", start=photo, size=40, steps=2, preset="naive")
    assert torch.equal(photo, kept)


def test_a_model_may_be_named_or_be_a_module(photo):
    assert reverie.dream("bundled", photo, steps=1, octaves=1).images.shape == (1, 3, 41, 53)
    assert reverie.feature(nn.Conv2d(3, 4, 3), "logits:1", size=32, steps=1).images.shape == (1, 3, 32, 32)


def test_without_a_layer_a_whole_block_is_dreamt(model, photo):
    assert recipes.dream(model, photo, reduction="mean").names == ("mix",)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda model: recipes.feature(model, "mix:1", preset="distil"),
            "there is no preset 'distil' here; nearest: 'distill'; "
            "allowed are default, quick, distill, essay, maco, naive, or your FILE.toml:NAME",
        ),
        (
            lambda model: recipes.feature(model, "mix:1", parameterization="pixles"),
            "there is no parameterization 'pixles' here; nearest: 'pixels'; allowed are aligned, "
            "cppn, fourier, maco, pixels, pyramid, soft-colors, soft-pixels, generator, or a decoder's file.py:factory",
        ),
        (
            lambda model: recipes.feature(model, "mix:1", prior=["tv=1"]),
            "there is no prior 'tv' here; allowed are total-variation, l1, l2, quadratic-variation, alpha-norm; "
            "write NAME=WEIGHT",
        ),
        (
            lambda model: recipes.feature(model, "mix:1", prior=["l1=much"]),
            "'much' in 'l1=much' is no weight; write UNIT=NUMBER, such as block8=0.5",
        ),
        (lambda model: recipes.feature(model, "mix:1", steps=0), "steps must be 1 or more, not 0"),
        (lambda model: recipes.feature(model, "mix:1", batch=0), "batch must be 1 or more, not 0"),
        (
            lambda model: recipes.feature(model, "mix:1", reduction="max"),
            "there is no reduction 'max' here; allowed are mean, sum, ones, mean-square, distance, whitened",
        ),
        (lambda model: recipes.dream(model, picture(1), "mix", octaves=0), "octaves must be 1 to 50, not 0"),
        (
            lambda model: recipes.dream(model, picture(1), "mix", octave_scale=1),
            "octave_scale must be 1.01 to 10, not 1",
        ),
        (lambda model: recipes.dream(model, picture(1), "mix", jitter=-1), "jitter must be 0 or more, not -1"),
        (lambda model: recipes.dream(model, picture(1), "mix", tile=-5), "tile must be 32 or more, not -5"),
        (
            lambda model: recipes.dream(model, picture(1), "mix", rate=-1.0),
            "rate must be 0 or more, not -1",
        ),
        (
            lambda model: recipes.dream(model, picture(1), "mix:1@3,3", reduction="mean", tile=32),
            "'mix:1@3,3' means another thing in a tile than in the picture; leave out --tile",
        ),
        (
            lambda model: recipes.feature(model, "mix:1@12,3"),
            "'mix' has 12 rows and 12 columns on a picture of 48x48; row 12 is out of range, the last is 11",
        ),
        (
            lambda model: recipes.feature(model, "mix:1@:,40"),
            "'mix' has 12 rows and 12 columns on a picture of 48x48; column 40 is out of range, the last is 11",
        ),
    ],
)
def test_wrong_arguments_are_refused(model, call, message):
    assert refusal(lambda: call(model)) == message


@pytest.mark.parametrize("weight", ["nan", "inf", "-inf"])
def test_a_weight_is_a_finite_number(model, weight):
    assert "is no weight" in refusal(lambda: recipes.dream(model, picture(1), f"mix={weight}"))


@pytest.mark.parametrize("name", ["steps", "batch"])
def test_counts_are_whole_numbers(model, name):
    refusal(lambda: reverie.feature(model, "mix:0-2", size=32, **{name: 1.5}))


def test_a_dreams_position_out_of_range_is_refused(model):
    message = refusal(lambda: reverie.dream(model, picture(1), "mix:1@99,99", steps=1, octaves=1), UnknownName)
    assert "out of range" in message


def test_a_position_must_be_in_range_at_every_size(model):
    message = refusal(lambda: reverie.feature(model, "mix:1@15,15", preset="essay", size=64, steps=1), UnknownName)
    assert "out of range" in message


def test_records_are_plain_and_name_no_folder(model, photo):
    made = reverie.dream(model, photo, "block", steps=1, octaves=1)
    text = str(made.record)
    assert str(photo.parent) not in text
    assert json.loads(text)["arguments"]["photo"]["photo"] == "photo.png"
    assert made.record.arguments["seed"] == 0
    assert made.record.automatic["steps_taken"] == 1
    assert made.record.automatic["threads"] == torch.get_num_threads()
    assert set(made.record.versions) == {"reverie", "torch", "python"}


def test_a_prior_from_the_photo_holds_the_dream_near_it(model):
    photo = picture(1)
    free = reverie.synthesize(model, recipes.dream(model, photo, "block", steps=3, octaves=2, reduction="mean")).images
    held = reverie.synthesize(
        model,
        recipes.dream(model, photo, "block", steps=3, octaves=2, reduction="mean", prior=["l2-photo=1000"]),
    ).images
    assert (held - photo).square().mean() < 0.7 * (free - photo).square().mean()


def test_a_unit_that_never_fires_is_reported_by_name():
    network = reverie.load(seeded(HalfDead), size=32)
    made = reverie.feature(network, ["relu:0-1"], steps=4, batch=2)
    assert made.silent == ("relu:0",)
    assert [record.automatic["silent"] for record in made.records] == [[0], [0]]
    assert reverie.feature(network, "relu:0", steps=4, reduction="distance").silent == ("relu:0",)
    assert reverie.feature(network, "relu:1", steps=4, prior=["l2=9"]).silent == ()
    assert reverie.feature(network, "relu:1", steps=4, negative=True).silent == ()
    assert reverie.feature(network, "logits:1", steps=4).silent == ()


CHANNELS = (1, 1, 1, 3, 3, 3)


def test_views_of_a_unit_are_climbed_with_their_diversity(model):
    made = reverie.feature(model, ["mix:1", "mix:3"], diversity=3, size=32, steps=24, batch=4)
    assert made.labels == ("mix:1", "mix:1 view 2", "mix:1 view 3", "mix:3", "mix:3 view 2", "mix:3 view 3")
    assert [record.arguments["units"] for record in made.records] == [["mix:1"]] * 3 + [["mix:3"]] * 3
    plain = recipes.feature(model, ["mix:1", "mix:3"], diversity=3, size=32, steps=24, batch=4)
    alone = dataclasses.replace(
        plain,
        stages=tuple(
            dataclasses.replace(stage, objectives=tuple(reverie.objectives.channel("mix", c) for c in CHANNELS))
            for stage in plain.stages
        ),
    )
    apart, chance = made.images, reverie.synthesize(model, alone).images
    # how much more they differ is a matter of networks with more to show than this one
    assert (apart - chance).abs().mean((1, 2, 3)).min() > 1e-3


def test_both_sides_stand_side_by_side(model):
    made = reverie.feature(model, ["mix:1", "mix:3"], both=True, size=32, steps=4)
    assert made.labels == ("mix:1", "-mix:1", "mix:3", "-mix:3")
    values = reverie.probe(model, made.images, ["norm"])["norm"][:, [1, 3]].mean((2, 3))
    assert values[0, 0] > values[1, 0]
    assert values[2, 1] > values[3, 1]
    for label in ("mix:1", "-mix:1"):
        row = made.labels.index(label)
        assert "mix:1" in made.records[row].arguments["units"]


@pytest.mark.parametrize("settings", [{"diversity": 2}, {"both": True}, {"both": True, "diversity": 2}])
def test_a_picture_of_a_group_is_repeated_from_its_record(model, module, settings, tmp_path):
    made = reverie.feature(model, ["mix:1", "mix:3"], size=32, steps=3, batch=1, **settings)
    written = made.save("sheet.png", singles=True)
    assert len(made) == 2 * 2 ** len(settings)
    assert len(made.records[0].automatic["members"]) == len(made) / 2
    again = reverie.rerun(written[-1], model)
    assert torch.equal(again.images[0], made.images[-1])


def test_rows_of_a_dictionary_are_units(model, tmp_path):
    rows = picture(3, 4, 12) - 0.5
    path = reverie.objectives.write_directions(tmp_path / "sae.safetensors", rows)
    made = reverie.feature(model, ["mix:0-1", "mix:2+3", "mix:1@2,2"], dictionary=path, size=32, steps=6)
    assert made.labels == ("mix:0", "mix:1", "mix:2+3", "mix:1@2,2")
    assert made.record.arguments["dictionary"]["file"] == "sae.safetensors"
    assert made.record.automatic["objectives"][2] == "sae.safetensors:2+3^1(mix)"
    recipe = recipes.feature(model, "mix:2", dictionary=path, cosine=0, size=32, steps=12, preset="naive")
    scores = [float(step.score) for step in reverie.iterate(model, recipe)]
    assert scores[-1] > scores[0]
    written = made.save("sheet.png", singles=True)
    assert torch.equal(reverie.rerun(written[2], model).images[0], made.images[1])
    path.write_bytes(b"other")
    assert refusal(lambda: reverie.rerun(written[2], model)) == (
        "sae.safetensors is another file than the picture was made from; put the right one in its place"
    )
    path.unlink()
    assert refusal(lambda: reverie.rerun(written[2], model)) == (
        "the file sae.safetensors is not here; put it beside the picture"
    )


def test_a_dictionary_of_one_row_needs_no_number(model, tmp_path):
    path = reverie.objectives.write_directions(tmp_path / "stripes.safetensors", picture(3, 12))
    assert recipes.feature(model, "mix", dictionary=path).names == ("mix:0",)


def test_what_does_not_go_with_directions_and_views_is_refused(model, tmp_path):
    path = reverie.objectives.write_directions(tmp_path / "a.safetensors", picture(3, 4, 12))

    def said(units="mix:1", **settings) -> str:
        return refusal(lambda: recipes.feature(model, units, **settings))

    assert said("mix:4", dictionary=path) == "'mix:4' names row 4; the dictionary has 4, write 'mix:0' to 'mix:3'"
    assert said("mix", dictionary=path) == "'mix' names no row; the dictionary has 4, write 'mix:0' to 'mix:3'"
    assert said(dictionary=path, reduction="ones") == (
        "--reduction is of channels; directions have --cosine"
    )
    assert said(dictionary="no.npy") == "there is no dictionary no.npy; name a safetensors or .npy file of directions"
    assert said(["mix:1", "block:1"], dictionary=path) == (
        "a dictionary goes with one layer; name units of one layer only"
    )
    assert said(cosine=1) == "--cosine weighs directions; name their file with --dictionary"
    assert said(dictionary=path, cosine=-1) == "cosine must be 0 to 16, not -1"
    assert said(both=True, negative=True) == "--both shows the negative side beside the other; leave out --negative"
    assert said(diversity=0) == "diversity must be 1 to 64, not 0"


def test_a_guide_is_sought_in_the_photo(model, photo, tmp_path):
    guide = picture(9, 3, 30, 40)
    to_pil(guide).save(tmp_path / "guide.png")
    made = reverie.dream(model, photo, ["block", "mix:1=2"], guide=tmp_path / "guide.png", octaves=2, steps=3)
    assert made.labels == ("guided(block) + 2*guided(mix:1)",)
    assert made.record.arguments["guide"]["photo"] == "guide.png"
    made.save("dreamt.png")
    assert torch.equal(reverie.rerun("dreamt.png", model).images, made.images)
    assert not torch.equal(made.images, reverie.dream(model, photo, "block", octaves=2, steps=3).images)
    tiled = recipes.dream(model, photo, "block", guide=guide, octaves=1, steps=1, tile=32)
    assert tiled.tile == 32
    assert refusal(lambda: recipes.dream(model, photo, "block", guide=guide, reduction="mean")) == (
        "a guide's features are matched; leave out --reduction, or --guide"
    )
