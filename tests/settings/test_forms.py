"""JSON Schema of all that can be asked, and the names that Python calls know."""

import dataclasses
import json

import msgspec
import pytest
import write_shorthand

import reverie
from reverie.errors import UnknownName
from reverie.recipes.presets import Preset
from reverie.settings import askable, recipes, schema
from reverie.settings.feature import Feature
from reverie.settings.own_preset import OwnPreset
from reverie.settings.setting import settings_of


@pytest.mark.parametrize("name", askable())
def test_a_form_has_every_setting_with_its_help_group_and_default(name):
    cls = askable()[name]
    form = json.loads(json.dumps(schema(cls)))
    assert form["properties"].keys() == {item.name for item in settings_of(cls)}
    assert set(form["required"]) == {item.name for item in settings_of(cls) if item.required}
    for item in settings_of(cls):
        field = form["properties"][item.name]
        assert (field["description"], field["group"]) == (item.help, item.more["group"])
        assert ("default" in field) is not item.required
        assert "$ref" not in str(field)
    filled = {key: field["default"] for key, field in form["properties"].items() if "default" in field}
    given = dict.fromkeys(form["required"], "a")
    assert cls.made(**filled, **given) == cls.made(**given)  # what a form sends unchanged is the default


def test_bounds_choices_and_texts_are_in_the_form():
    fields = schema(Feature)["properties"]
    assert fields["steps"]["anyOf"] == [{"type": "integer", "minimum": 1}, {"type": "null"}]
    assert fields["diversity"]["default"] == 1
    assert {"type": "string"} in fields["size"]["anyOf"]
    assert fields["preset"]["group"] == "Common"
    assert msgspec.json.encode(schema(Feature))


@pytest.mark.parametrize("name", recipes())
def test_a_misspelt_setting_is_answered_with_the_nearest_in_every_call(name, model):
    given = dict.fromkeys([item.name for item in settings_of(recipes()[name]) if item.required], "a")
    known = settings_of(recipes()[name])[-1].name
    with pytest.raises(UnknownName, match=rf"takes no '{known}x'; nearest: '{known}'"):
        getattr(reverie, name)(model, **given, **{f"{known}x": 3})


def test_the_near_miss_of_a_dream_is_named(model, photo):
    with pytest.raises(UnknownName, match=r"^dream takes no 'stpes'; nearest: 'steps'"):
        reverie.dream(model, photo, stpes=3)


def test_a_preset_of_ones_own_says_what_presets_have():
    own = {item.name for item in settings_of(OwnPreset)}
    assert own - {"base"} == {item.name for item in dataclasses.fields(Preset)} - {"seconds"}
    assert schema(OwnPreset)["properties"]["octaves"]["minimum"] == 1


def test_type_checkers_know_the_names_of_today():
    assert write_shorthand.PLACE.read_text() == write_shorthand.text(), "run python tests/settings/write_shorthand.py"
