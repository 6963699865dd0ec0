"""Names that a setting may be: said once, refused before torch, and the same wherever they are listed."""

import importlib
import json
import resource
import shlex
import subprocess
import sys

import pytest

from reverie.errors import UnknownName
from reverie.plugins import modules_of
from reverie.settings import askable, commands, recipes, schema
from reverie.settings.choices import Choice
from reverie.settings.setting import Settings, settings_of
from reverie.settings.spelling import flags

CLASSES = {
    value.__name__: value
    for module in modules_of("reverie.settings")
    for value in vars(module).values()
    if isinstance(value, type) and issubclass(value, Settings) and value is not Settings
}
CHOSEN = [(name, item.name) for name, cls in CLASSES.items() for item in settings_of(cls) if "choice" in item.more]
OTHER = "no-such-name"
FILES = (
    "photo.jpg", "photo-dream-1.png", "painting.jpg", "scan.db", "bundled.atlas", "a.atlas", "b.atlas", "clip.mp4",
    "owl.png",
)  # fmt: skip
TABLES = {  # what each name stands for, where the parts are
    "fields.REDUCTIONS": "objectives.activation_terms.REDUCTIONS", "fields.SHOWN": "figures.overlay.SHOW",
    "fields.FEATURE_PRESETS": "recipes.presets.FEATURE", "fields.DREAM_PRESETS": "recipes.presets.DREAM",
    "explain.METHODS": "attribution.method_table.METHODS", "explain.BASELINES": "attribution.baselines.BASELINES",
    "fool.METHODS": "recipes.fooling.METHODS", "fool.NORMS": "recipes.fooling.RADII",
    "invert.SIMPLE": "recipes.inversion.MADE_OF", "invert.ASCENTS": "recipes.inversion.RATES",
    "style.ASCENTS": "recipes.painting.RATES", "atlas_site.FORMATS": "atlas.site.tiles.KINDS",
}  # fmt: skip
COMMANDS = """
import contextlib, io, json, sys
from reverie.cli.app import main
for words in json.loads(sys.argv[1]):
    sys.argv = ["reverie", *words]
    said = io.StringIO()
    with contextlib.redirect_stderr(said), contextlib.suppress(SystemExit):
        main()
    print(json.dumps([" ".join(words), said.getvalue(), "torch" in sys.modules]))
"""
CALLS = """
import json, sys, reverie
for name, given in json.loads(sys.argv[1]):
    try:
        getattr(reverie, name)("bundled", **given)
    except reverie.ReverieError as error:
        print(json.dumps([name, str(error), "torch" in sys.modules]))
"""


def told(code, given, folder):
    done = subprocess.run(
        [sys.executable, "-c", code, json.dumps(given)], cwd=folder, capture_output=True, text=True, check=False,
        timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == len(given)
    return found


def refuses(choice):
    return not choice.takes(OTHER)


def filled(cls):
    """Something for each setting that must be given."""
    photo = "sample:flower"
    known = {"photo": photo, "photos": photo, "styles": photo, "target": 3}
    return {item.name: known.get(item.name, "block8:1") for item in settings_of(cls) if item.required}


@pytest.mark.parametrize(("name", "field"), CHOSEN)
def test_another_name_is_refused_in_one_sentence_and_every_name_is_taken(name, field):
    cls = CLASSES[name]
    (item,) = (item for item in settings_of(cls) if item.name == field)
    choice = item.more["choice"]
    for each in choice:
        item.checked([each] if item.several else each)
        assert each in item.help or (each in choice.about and "{}" not in item.help)
    if refuses(choice):
        with pytest.raises(UnknownName) as caught:
            item.checked([OTHER] if item.several else OTHER)
        assert str(caught.value).startswith(f"there is no {choice.what} '{OTHER}' here; ")
        assert f"allowed are {', '.join(choice)}" in str(caught.value)


def test_a_near_miss_is_named_and_weights_and_what_else_is_taken_are_allowed():
    choice = Choice("colour", {"blue": "cold", "green": ""}, also="a number", takes=lambda value: value == "3")
    with pytest.raises(UnknownName) as caught:
        choice.check("gren")
    assert str(caught.value) == "there is no colour 'gren' here; nearest: 'green'; allowed are blue, green, or a number"
    assert str(choice) == "blue (cold), green or a number"
    assert choice.check("3") is None
    assert choice.completed("g") == ["green"]
    assert Choice("prior", ("l1",), weighed=True).check("l1=0.3") is None


@pytest.mark.parametrize("place", TABLES)
def test_each_name_stands_for_a_part(place):
    module, name = place.split(".")
    choice = getattr(importlib.import_module(f"reverie.settings.{module}"), name)
    home, _, table = TABLES[place].rpartition(".")
    parts = getattr(importlib.import_module(f"reverie.{home}"), table)
    assert set(choice.own) == set(getattr(parts, "own", parts))


def test_priors_and_materials_stand_for_parts():
    from reverie.objectives import PHOTO_PRIORS, PRIORS
    from reverie.recipes.parameterizing import MADE_OF
    from reverie.settings import fields

    assert set(fields.PRIORS.own) == set(PRIORS)
    assert set(fields.PHOTO_PRIORS.own) == {*PRIORS, *PHOTO_PRIORS}
    assert fields.MATERIALS.own == (*MADE_OF.own, "generator")


@pytest.mark.parametrize("name", askable())
def test_forms_list_the_names(name):
    for item in settings_of(askable()[name]):
        if "choice" in item.more:
            assert next(iter(item.more["choice"])) in json.dumps(schema(askable()[name])["properties"][item.name])


def test_every_command_refuses_another_name_before_torch(tmp_path):
    for file in FILES:
        (tmp_path / file).touch()
    (tmp_path / "photos").mkdir()
    asked, choices = [], []
    for name, cls in commands().own.items():
        for part in filter(None, (cls, cls.asks, cls.writes)):
            for item in settings_of(part):
                if "choice" in item.more and (refuses(item.more["choice"]) or item.name == "start"):
                    asked.append([*name.split(), *shlex.split(cls.usage[0]), flags(item)[0], OTHER])
                    choices.append(item.more["choice"])
    assert len(asked) > 100
    for choice, (words, said, torch) in zip(choices, told(COMMANDS, asked, tmp_path), strict=True):
        assert said.startswith(f"reverie: there is no {choice.what} '{OTHER}' here"), (words, said)
        assert not torch, words


def test_every_call_refuses_another_name_before_torch(tmp_path):
    asked, choices = [], []
    for name, cls in recipes().items():
        for item in settings_of(cls):
            if "choice" in item.more and (refuses(item.more["choice"]) or name == "feature"):
                asked.append([name, {**filled(cls), item.name: OTHER}])
                choices.append(item.more["choice"])
    loading = [item for item in settings_of(CLASSES["Loading"]) if "choice" in item.more and item.name != "output_as"]
    asked += [["load", {item.name: OTHER}] for item in loading]
    choices += [item.more["choice"] for item in loading]
    asked += [["sheet", {"layers": "block8", "preset": OTHER}], ["load", {"precisoin": "float32"}]]
    *found, sheet, misspelt = told(CALLS, asked, tmp_path)
    for choice, (name, said, torch) in zip(choices, found, strict=True):
        assert said.startswith(f"there is no {choice.what} '{OTHER}' here"), (name, said)
        assert not torch, name
    assert sheet[1].startswith(f"there is no preset '{OTHER}' here")
    assert misspelt[1].startswith("load takes no 'precisoin'; nearest: 'precision'")
    assert not misspelt[2]


def test_a_refusal_takes_less_than_a_second_of_the_processor(tmp_path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    ((_, said, _),) = told(COMMANDS, [["feature", "block8:1", "--precision", "float17"]], tmp_path)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "there is no precision 'float17' here; nearest: 'bfloat16', 'float32'; allowed are float32" in said
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 1


def test_a_help_and_the_completion_of_a_shell_list_the_names(monkeypatch):
    from reverie.cli.commands import whole

    (norm,) = (item for item in whole("fool").params if item.name == "norm")
    assert norm.help == "Norm of the change: linf or l2."
    assert [item.value for item in norm.shell_complete(None, "li")] == ["linf"]
