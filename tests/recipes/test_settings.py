"""A user's own presets."""

import json

import pytest
import torch

import reverie
from reverie import recipes
from reverie.errors import InvalidSetting, RecordRefused, UnknownName
from reverie.parameterizations import Fourier, Pixels
from reverie.recipes.presets import DREAM, FEATURE, preset_named
from reverie.recipes.rerunning import read_record, recipe_of
from reverie.record import Record
from reverie.transforms import Jitter, Scale

CALM = """
[calm]
about = "few, large shapes"
base = "distill"
steps = 4
rates = [0.3, 0.1]
parameterization = {name = "fourier", cutoff = 0.2}
transforms = [{name = "jitter", amount = 0.05}, {name = "scale", low = 0.8, high = 1.1}]
"""
TWO = CALM + "\n[rough]\nbase = 'essay'\nsteps = 2\nsizes = [24, 32]\nrates = [[0.02, 0.01], [0.01, 0.01]]\n"


@pytest.fixture
def own(tmp_path):
    (tmp_path / "own.toml").write_text(CALM)
    (tmp_path / "two.toml").write_text(TWO)
    return tmp_path


def refusal(name: str, table=FEATURE, kind=reverie.ReverieError) -> str:
    with pytest.raises(kind) as caught:
        preset_named(name, table)
    return str(caught.value)


@pytest.mark.usefixtures("own")
def test_a_preset_says_what_differs_from_its_base():
    made, base = preset_named("own.toml", FEATURE), FEATURE["distill"]
    assert (made.steps, made.rates, made.about) == (4, ((0.3, 0.1),), "few, large shapes")
    assert made.parameterization == Fourier(cutoff=0.2)
    assert made.transforms == (Jitter(0.05), Scale(0.8, 1.1))
    assert (made.ascent, made.betas, made.redirect) == (base.ascent, base.betas, base.redirect)


@pytest.mark.usefixtures("own")
def test_a_file_of_several_is_named_with_the_preset():
    made = preset_named("two.toml:rough", FEATURE)
    assert made.sizes == (24, 32)
    assert made.rates == ((0.02, 0.01), (0.01, 0.01))
    assert made.parameterization == Pixels()
    assert refusal("two.toml") == "two.toml holds 2 presets, calm, rough; name one as two.toml:NAME"
    assert refusal("two.toml:ruogh") == "two.toml holds no preset 'ruogh'; nearest: 'rough'"


@pytest.mark.parametrize(
    ("line", "kind", "message"),
    [
        ("stepz = 3", UnknownName, "a preset has no 'stepz'; nearest: 'steps'"),
        ("steps = 3.5", InvalidSetting, "steps of a preset must be a whole number such as 64, not 3.5"),
        ("steps = true", InvalidSetting, "steps of a preset must be a whole number such as 64, not True"),
        ("rates = 'fast'", InvalidSetting, "rates of a preset must be two numbers for each size, such as"),
        ("rates = [1]", InvalidSetting, "rates of a preset must be two numbers such as [0.2, 0.01], not [1]"),
        ("betas = [1, 'x']", InvalidSetting, "betas of a preset must be a number such as 1.4, not 'x'"),
        ("about = 3", InvalidSetting, "about of a preset must be a text in quotes, not 3"),
        ("sizes = 3", InvalidSetting, "sizes of a preset must be whole numbers such as [160, 224], not 3"),
        ("base = 'deflaut'", UnknownName, "there is no preset 'deflaut' here; nearest: 'default'"),
        ("transforms = 'jitter'", InvalidSetting, "transforms of a preset must be a list such as"),
        ("transforms = ['jitter']", InvalidSetting, "transforms of a preset must be tables with a name, such as"),
        ("transforms = [{name = 'jiter'}]", UnknownName, "there is no transform 'jiter' here; nearest: 'jitter'"),
        ("transforms = [{name = 'jitter'}]", InvalidSetting, "'jitter' in transforms needs amount"),
        ("transforms = [{name = 'scale', low = 1, hihg = 2}]", UnknownName, "'scale' takes no 'hihg'; nearest: 'high'"),
        ("parameterization = 'fuorier'", UnknownName, "there is no parameterization 'fuorier' here; near"),
        ("parameterization = {name = 'fourier', cutof = 1}", UnknownName, "'fourier' takes no 'cutof'; nearest: 'cut"),
        ("parameterization = 'generator'", InvalidSetting, "a preset cannot hold the generator; say"),
        ("parameterization = {cutoff = 1}", InvalidSetting, "parameterization of a preset must be a text in quotes"),
    ],
)
def test_a_wrong_key_or_value_is_one_sentence(tmp_path, line, kind, message):
    (tmp_path / "own.toml").write_text(f"[own]\n{line}\n")
    assert message in refusal("own.toml", kind=kind)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "the presets own.toml cannot be read (No such file or directory); name a TOML file"),
        (b"\xff\xfe\x00", "the presets own.toml cannot be read (it is not text); name a TOML file"),
        (b"[own", "own.toml is not TOML: "),
        (b"", "own.toml holds no preset; write a table for each, such as [calm] with steps = 64 below it"),
        (b"steps = 3", "own.toml holds no preset; write a table for each"),
        (b"#" * 2_000_000, "own.toml is too large for a file of presets"),
    ],
)
def test_a_file_that_is_none_is_one_sentence(tmp_path, content, message):
    if content is not None:
        (tmp_path / "own.toml").write_bytes(content)
    assert message in refusal("own.toml")


@pytest.mark.usefixtures("own")
def test_what_parts_do_not_take_is_refused_as_an_argument_is(model, tmp_path):
    (tmp_path / "bad.toml").write_text("[bad]\nascent = 'adma'\n")
    with pytest.raises(UnknownName, match="there is no ascent 'adma' here; nearest: 'adam'"):
        recipes.feature(model, "mix:1", preset="bad.toml")
    (tmp_path / "bad.toml").write_text("[bad]\nbase = 'essay'\nparameterization = 'fourier'\n")
    with pytest.raises(InvalidSetting, match="a blur of the gradient goes with pixels only"):
        recipes.feature(model, "mix:1", preset="bad.toml")


def test_the_record_holds_the_preset_so_that_a_repeat_needs_no_file(model, own):
    made = reverie.feature(model, "mix:1", preset="own.toml", size=32, steps=3)
    made.save("a.png")
    (own / "own.toml").unlink()
    recorded = json.loads(str(read_record("a.png")))["arguments"]["preset"]
    assert recorded["rates"] == [0.3, 0.1]
    assert recorded["parameterization"] == {"name": "fourier", "cutoff": 0.2}
    assert "own.toml" not in str(made.record)
    assert torch.equal(reverie.rerun("a.png", model).images, made.images)


@pytest.mark.usefixtures("own")
def test_a_dream_takes_one_too(model, photo, tmp_path):
    (tmp_path / "slow.toml").write_text("[slow]\nsteps = 2\noctaves = 2\nrates = [0.02, 0.01]\nreduction = 'mean'\n")
    recipe = recipes.dream(model, photo, "block", preset="slow.toml")
    assert [stage.steps for stage in recipe.stages] == [2, 2]
    assert recipe.stages[0].ascent.rate == (0.02, 0.01)
    assert recipes.dream(model, photo, "block", preset={"base": "google", "steps": 3}).stages[0].steps == 3
    assert preset_named("slow.toml", DREAM).transforms == DREAM["default"].transforms


def test_a_record_that_names_a_file_of_presets_is_refused(model, own):
    arguments = {"units": ["mix:1"], "preset": "own.toml", "size": 32, "steps": 1}
    with pytest.raises(RecordRefused, match=r"^the record's 'preset' is not what reverie writes \('own\.toml'\)"):
        recipe_of(Record("feature", arguments, model.source), model)


@pytest.mark.parametrize(
    "text",
    [
        "[own]\nbase = 'own'\n", "[own]\nbase = 'own.toml'\n", "[own]\nbase = 'own.toml:own'\n",
        "[own]\nrates = []\n", "[own]\nsizes = [0]\n", "[own]\nsizes = [99999999]\n", "[own]\nsteps = 0\n",
        f"[own]\nsteps = {10**30}\n", f"[own]\noctave_scale = {10**400}\n", "[own]\noctave_scale = inf\n",
        f"[own]\nsteps = {'9' * 5000}\n", f"[own]\nsizes = {'[' * 5000}\n", "[own]\nsteps = true\n",
        f"[own]\nstart = '{'x' * 10**5}'\n", f"[{'n' * 10**5}]\n[two]\n", '[own]\nascent = "a\\u001b[2J\\nb"\n',
    ],
    ids=lambda text: text[:24],
)  # fmt: skip
def test_a_hostile_file_of_presets_is_one_short_sentence(model, tmp_path, text):
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(reverie.ReverieError) as caught:
        recipes.feature(model, "mix:1", preset="own.toml")
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 2100
