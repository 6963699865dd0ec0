"""Sums of units and objectives built by hand, wherever a unit is asked for."""

import pytest
import torch

import reverie
from reverie import recipes
from reverie.cli.app import app
from reverie.errors import InvalidSetting, UnknownName
from reverie.models.moments import deviation
from reverie.models.probe import probe
from reverie.objectives import channel, total_variation
from reverie.recipes.wishes import wishes_of
from reverie.unit import Unit
from tiny import CLASSES, Tiny, picture, seeded

SMALL = {"size": 24, "steps": 2}


def score(model, recipe, image):
    objective = recipe.stages[0].objectives[0]
    return objective.score(probe(model, image, objective.layers))


def test_a_sum_is_that_of_its_units(model):
    image = picture(3, 2, 3, 24, 24)
    made = recipes.feature(model, "mix:1 - 0.5*block:2 + 2*logits:tiger", **SMALL)
    seen = probe(model, image, ["mix", "block", "logits"])
    wanted = (
        seen["mix"][:, 1].mean((1, 2)) - 0.5 * seen["block"][:, 2].mean((1, 2)) + 2 * seen["logits"].flatten(1)[:, 1]
    )
    assert torch.allclose(score(model, made, image), wanted, atol=1e-5)
    assert made.names == ("mix:1 - 0.5*block:2 + 2*logits:1",)
    assert made.labels == ("mix:1 - 0.5*block:2 + 2*tiger",)


def test_priors_and_reductions_may_be_terms(model):
    image = picture(3, 1, 3, 24, 24)
    made = recipes.feature(model, "sum(mix:1) - 0.3*l2", **SMALL)
    wanted = probe(model, image, ["mix"])["mix"][:, 1].flatten(1).sum(1) - 0.3 * (image - 0.5).square().mean()
    assert torch.allclose(score(model, made, image), wanted, atol=1e-4)


def test_a_class_or_layer_called_like_a_sum_is_meant_itself():
    named = reverie.load(seeded(Tiny), size=48, classes=("king - crab", "2*owl", *CLASSES[2:]))
    assert [wish.unit for wish in wishes_of(named, "logits:king - crab")] == [Unit("logits", (0,))]
    assert [wish.unit for wish in wishes_of(named, "logits:2*owl")] == [Unit("logits", (1,))]
    assert [wish.unit for wish in wishes_of(named, "logits:king - crab + beetle")] == [Unit("logits", (0, 3))]
    assert [wish.text for wish in wishes_of(named, "logits:beetle - logits:0")] == ["logits:3 - logits:0"]


def test_names_of_units_keep_their_meaning(model):
    assert [str(wish) for wish in wishes_of(model, ["mix:0-2", "mix:0+1", "logits:tiger"])] == [
        "mix:0", "mix:1", "mix:2", "mix:0+1", "logits:1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "error", "told"),
    [
        ("mix:1 - 0.5*nix:2", UnknownName, "has no layer 'nix'"),
        ("mix:1 - 0.5*mix:99", UnknownName, "99 is out of range"),
        ("mix:1 - most(mix:2)", UnknownName, "there is no reduction 'most'"),
        ("l1 - l2", InvalidSetting, "names no unit"),
        ("mix:1 - 0.5*", InvalidSetting, "there is no unit at character 9"),
    ],
)
def test_what_is_wrong_in_a_sum_is_one_sentence(model, text, error, told):
    with pytest.raises(error, match=told):
        recipes.feature(model, text, **SMALL)


def test_every_recipe_of_units_takes_sums_and_objectives(model, photo):
    for wish in ("mix:1 - 0.5*mix:2", channel("mix", 1) - 0.5 * channel("mix", 2)):
        made = [
            recipes.feature(model, wish, **SMALL),
            recipes.dream(model, photo, wish, size=48, steps=1, octaves=1),
            recipes.accentuate(model, photo, wish, size=48, steps=1),
            recipes.interpolate(model, ["mix:3", wish], **SMALL),
        ]
        assert all(reverie.synthesize(model, recipe).images.isfinite().all() for recipe in made)


def test_an_objective_is_climbed_as_it_is(model):
    image, objective = picture(3, 1, 3, 24, 24), channel("mix", 1) - 0.3 * total_variation()
    made = recipes.feature(model, [objective, "mix:2"], **SMALL)
    assert torch.equal(score(model, made, image), objective.score(probe(model, image, ["mix"])))
    assert made.names == ("mix:1 - 0.3*total_variation", "mix:2")


def test_a_dream_weighs_sums(model, photo):
    made = recipes.dream(
        model, photo, ["mix:1 - mix:2=2", "block:3=0.5"], size=48, steps=1, octaves=1, reduction="mean"
    )
    assert repr(made.stages[0].objectives[0]) == "2*mix:1 - 2*mix:2 + 0.5*block:3"


def test_a_sum_on_the_way_counts_by_its_own_deviation(model):
    made = recipes.interpolate(model, ["mix:1", "3*mix:2 - 4*mix:3"], between=0, **SMALL)
    scale = ((3 * deviation(model, Unit("mix", (2,)))) ** 2 + (4 * deviation(model, Unit("mix", (3,)))) ** 2) ** 0.5
    weights = [weight for weight, _ in made.stages[0].objectives[-1].terms]
    assert weights == pytest.approx([3 / scale, -4 / scale])


def test_an_objective_that_does_not_run_is_refused(model):
    with pytest.raises(InvalidSetting, match=r"the objective 'mix:99' does not run on Tiny: "):
        recipes.feature(model, channel("mix", 99), **SMALL)
    with pytest.raises(UnknownName, match="has no layer 'nix'"):
        recipes.feature(model, channel("nix", 9), **SMALL)
    with pytest.raises(InvalidSetting, match="leave them out beside an objective"):
        recipes.feature(model, channel("mix", 1), concept="sample:flower", **SMALL)


def test_a_sum_repeats_from_its_record(model, tmp_path):
    made = reverie.feature(model, "mix:1 - 0.5*logits:tiger - 0.1*l2", **SMALL)
    assert made.record.arguments["units"] == ["mix:1 - 0.5*logits:1 - 0.1*l2"]
    made.save(tmp_path / "a.png")
    assert torch.equal(reverie.rerun(tmp_path / "a.png", model).images, made.images)


def test_sheets_and_the_shell_take_sums(model, factory, tmp_path, capsys):
    reverie.sheet(model, ["mix:1 - 0.5*mix:2", channel("mix", 3)], tmp_path / "sums", **SMALL)
    assert sorted(path.stem for path in (tmp_path / "sums").glob("*.png")) == ["mix-1---0.5-mix-2", "mix-3"]
    small = ["--model", factory, "--size", "24", "--steps", "1"]
    app(["feature", "mix:1 - 0.5*mix:2", *small, "-o", "sum.png", "--quiet"], standalone_mode=False)
    assert reverie.rerun("sum.png", model).record.arguments["units"] == ["mix:1 - 0.5*mix:2"]
    with pytest.raises(SystemExit) as ended:
        app(["feature", "mix:1 - 0.5*mix:2", *small, "--verify"])
    assert ended.value.code == 2
    assert "--verify measures units alone: leave out sums" in capsys.readouterr().err
