"""Sums of units and objectives built by hand, wherever a unit is asked for."""

import pytest
import torch

import reverie
from reverie import recipes
from reverie.cli.app import app
from reverie.errors import InvalidSetting, RecordRefused, ReverieError, UnknownName
from reverie.models.moments import channel_moments, deviation
from reverie.models.probe import probe
from reverie.objectives import (
    Objective,
    Term,
    activation,
    alignment,
    alpha_norm,
    channel,
    constructor,
    direction,
    direction_map,
    diversity,
    elsewhere,
    features,
    gram,
    guided,
    kept,
    l1,
    l2,
    layer,
    log_probability,
    logit,
    margin,
    neuron,
    probability,
    quadratic_variation,
    total_variation,
)
from reverie.objectives.constructors import CONSTRUCTORS
from reverie.recipes.rerunning import recipe_of
from reverie.recipes.wishes import wishes_of
from reverie.record import Record
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


def test_a_sums_minimum_is_labelled_as_that_of_the_whole_sum(model):
    made = recipes.feature(model, "mix:1 - 0.5*logits:tiger", both=True, **SMALL)
    assert made.labels == ("mix:1 - 0.5*tiger", "-(mix:1 - 0.5*tiger)")
    assert made.names == ("mix:1 - 0.5*logits:1", "-(mix:1 - 0.5*logits:1)")
    image = picture(3, 1, 3, 24, 24)
    upper, lower = (each.score(probe(model, image, each.layers)) for each in made.stages[0].objectives)
    assert torch.allclose(upper, -lower)


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
        ("mix:1 - most(mix:2)", UnknownName, "there is no reduction 'most' here; allowed are mean"),
        ("l1 - l2", InvalidSetting, "names no unit"),
        ("mix:1 - 0.5*", InvalidSetting, "there is no unit at character 9"),
        ("mix:1 - totl_variation", UnknownName, "no layer 'totl_variation', .* nearest: 'total_variation'"),
        ("0.5x*mix:1", UnknownName, "no layer '0.5x\\*mix'; '0.5x' is no number; write NUMBER\\*UNIT"),
        ("mean(mix:1", UnknownName, "no layer 'mean\\(mix'; a bracket is not closed"),
        ("mix -0.5*mix:1", UnknownName, "no layer 'mix -0.5\\*mix'; \\+ and - of a sum stand between spaces"),
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


def built(model):
    """An objective of every public constructor that runs on a single picture."""
    other, wide = reverie.load("bundled"), picture(5, 12)
    return {
        "activation": activation(Unit("mix", (1, 2)), "sum")
        - activation(Unit("mix", (3,)), "whitened", moments=channel_moments(model, "mix")),
        "channel": channel("mix", 1) - (1 / 3) * neuron("block", 2, 3, 4) + 0.1 * layer("block") - 2 * alpha_norm(4.0),
        "classes": logit(1) + probability(2, model.output) + log_probability(0) + margin(1, over=3) + margin(2),
        "direction": direction("mix", wide, cosine=1.0) + direction_map(Unit("mix", (0, 1, 2)), picture(6, 1, 3, 2, 2)),
        "photo": guided("mix", picture(7, 1, 12, 2, 3)) - l1() - 0.2 * l2(picture(8, 1, 3, 8, 8))
        - quadratic_variation() - total_variation(),
        "features": features(Unit("mix"), picture(4, 1, 12, 1, 1), pooled=True) + gram("stem.3", picture(3, 1, 64)),
        "kept": channel("mix", 1) + kept(model, "block", picture(2, 1, 3, 8, 8)),
        "elsewhere": channel("mix", 1) + elsewhere(other, channel("mixed3a", 4) - 0.5 * total_variation()),
        "batch": channel("mix", 1) + diversity("mix") + 0.1 * alignment("mix", decay=3),
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", ["activation", "channel", "classes", "direction", "photo", "features", "kept", "elsewhere", "batch"]
)
def test_a_picture_of_an_objective_repeats_bit_for_bit(model, tmp_path, name):
    wish = built(model)[name]
    made = reverie.feature(model, [wish, "mix:3"], **SMALL)
    made[0].save(tmp_path / "a.png")
    made.save(tmp_path / "b.png")
    assert torch.equal(reverie.rerun(tmp_path / "a.png", model).images, made.images[:1])
    assert torch.equal(reverie.rerun(tmp_path / "b.png", model).images, made.images)


def test_all_constructors_are_stored(model):
    named = {term.call.name for objective in built(model).values() for _, term in objective.terms}
    assert named | {"presence"} == set(CONSTRUCTORS.own)


def test_other_recipes_of_objectives_repeat_too(model, photo, tmp_path):
    wish = channel("mix", 1) - 0.5 * channel("mix", 2)
    for number, made in enumerate([
        reverie.dream(model, photo, wish, size=48, steps=1, octaves=2),
        reverie.accentuate(model, photo, [wish, "mix:3"], size=48, steps=2),
        reverie.interpolate(model, ["mix:3", wish], between=1, **SMALL),
    ]):  # fmt: skip
        made.save(tmp_path / f"{number}.png")
        assert torch.equal(reverie.rerun(tmp_path / f"{number}.png", model, photo=photo).images, made.images)


def test_an_objective_that_no_record_holds_is_told(model, tmp_path):
    large = direction_map("block", picture(6, 1, 8, 40, 40))
    reverie.feature(model, [large], **SMALL).save(tmp_path / "a.png")
    with pytest.raises(RecordRefused, match=r"a term holds 12800 numbers; a record holds 8192; run its code again"):
        reverie.rerun(tmp_path / "a.png", model)
    bare = Objective(
        ((1.0, Term("own", (), lambda seen: seen.picture.flatten(1).sum(1, keepdim=True), lambda s: s[:, 0])),)
    )
    reverie.feature(model, [bare], **SMALL).save(tmp_path / "b.png")
    with pytest.raises(RecordRefused, match="made by no constructor that reverie knows"):
        reverie.rerun(tmp_path / "b.png", model)


HOSTILE = [
    {"terms": []}, {"terms": 3}, {"terms": [[1, "channel", {}]]}, {"terms": [["1", "channel", {"layer": "mix"}, 0]]},
    {"terms": [[1, "eval", {"x": "1"}, 0]]}, {"terms": [[1, "write_directions", {"path": "a"}, 0]]},
    {"terms": [[1, "__import__", {"name": "os"}, 0]]}, {"terms": [[1, "channel", {"layer": "mix", "index": "1"}, 0]]},

    {"terms": [[1, "channel", {"layer": ["mix"], "index": 1}, 0]]}, {"terms": [[1, "channel", {"layer": "mix"}, 0]]},
    {"terms": [[1, "channel", {"layer": "mix", "index": 1}, 7]]},
    {"terms": [[1, "channel", {"layer": "mix", "index": 10**6}, 0]]},
    {"terms": [[1, "channel", {"layer": "mix", "index": 1, "x": 1}, 0]]},
    {"terms": [[1, "l1", {"reference": "/etc/hostname"}, 0]]},
    {"terms": [[1, "l1", {"reference": {"tensor": [10**9], "float32": ""}}, 0]]},
    {"terms": [[1, "l1", {"reference": {"tensor": [2], "object": "AAAA"}}, 0]]},
    {"terms": [[1, "l1", {"reference": {"tensor": [2], "float32": "AAAA"}}, 0]]},
    {"terms": [[1, "kept", {"model": {"network": {"name": "os:getcwd"}}, "layer": "mix", "photo": None}, 0]]},
    {"terms": [[float("nan"), "l1", {}, 0]]}, {"terms": [[1, "alpha_norm", {"alpha": {"each": [1]}}, 0]]},
    {"terms": [[1, "probability", {"unit": {"unit": "logits:0-99999"}}, 0]]}, {"unstored": "x", "because": "y"},
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_hostile_objectives_are_refused_in_a_sentence(model, number):
    given = recipes.feature(model, "mix:1", **SMALL).origin[1]
    record = Record("feature", {**given, "units": [HOSTILE[number]]}, dict(model.source))
    with pytest.raises(ReverieError) as caught:
        recipe_of(record, model)
    assert str(caught.value).isprintable()


def test_objectives_without_end_are_refused(model):
    deep: dict = {"terms": [[1, "l1", {}, 0]]}
    for _ in range(8):
        deep = {"terms": [[1, "elsewhere", {"model": {"network": None}, "objective": deep}, 0]]}
    given = recipes.feature(model, "mix:1", **SMALL).origin[1]
    with pytest.raises(RecordRefused, match="the record is damaged"):
        recipe_of(Record("feature", {**given, "units": [deep]}, dict(model.source)), model)


@pytest.mark.parametrize(
    "text", ["mix:1 - 0.3*total_variation", "2*mix:1 + block:3@1,2", "-mix:0+1", "mean-square(block) - 0.5*logits:1"]
)
def test_what_an_objective_writes_is_read_back(model, text):
    image = picture(3, 1, 3, 24, 24)
    made = recipes.feature(model, text, reduction="mean", **SMALL).stages[0].objectives[0]
    again = recipes.feature(model, repr(made), reduction="mean", **SMALL).stages[0].objectives[0]
    assert repr(made) == repr(again) == text
    seen = probe(model, image, made.layers)
    assert torch.equal(made.score(seen), again.score(seen))


def test_an_objective_of_a_plugin_repeats(model, tmp_path, monkeypatch):
    @constructor
    def edges(layer: str, share: float = 0.5) -> Objective:
        return share * channel(layer, 1) - share * channel(layer, 2)

    monkeypatch.setitem(CONSTRUCTORS._loaded, "edges", edges)
    monkeypatch.setattr("reverie.plugins.offered", lambda group: {"edges": ()} if group == "objectives" else {})
    made = reverie.feature(model, edges("mix") + 2 * edges("block", 0.25), **SMALL)
    made.save(tmp_path / "a.png")
    assert made.record.arguments["units"][0]["terms"][3] == [-0.5, "edges", {"layer": "block", "share": 0.25}, 1]
    assert torch.equal(reverie.rerun(tmp_path / "a.png", model).images, made.images)
    monkeypatch.setattr("reverie.plugins.offered", lambda group: {})
    with pytest.raises(RecordRefused, match="there is no objective 'edges' here; known are activation"):
        reverie.rerun(tmp_path / "a.png", model)
