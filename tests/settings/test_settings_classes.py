"""One contract for all that can be asked: complete, checked, and the same again from its own values."""

import inspect
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import nn

from reverie.errors import InvalidSetting, UnknownName
from reverie.settings import commands
from reverie.settings.calling import called_with, names_checked
from reverie.settings.dream import Dream
from reverie.settings.feature import Canvas, Climb, Feature, Views
from reverie.settings.fields import sized
from reverie.settings.fool import Fool
from reverie.settings.parts import Network
from reverie.settings.scan import Scan
from reverie.settings.setting import GROUPS, Settings, parts_of, settings_of
from reverie.settings.style import Style
from reverie.settings.wording import allowed
from reverie.settings.zoom import Zoom

EXAMPLES = {
    name: {item.name: "a" for item in settings_of(cls) if item.required} for name, cls in commands().items()
}


@pytest.mark.parametrize("name", commands())
def test_settings_made_again_from_their_values_are_equal(name):
    cls = commands()[name]
    made = cls.made(**EXAMPLES[name])
    assert cls.made(**made.flat()) == made
    assert hash(made) == hash(cls.made(**made.flat()))
    assert made.changed() is made


@pytest.mark.parametrize("name", commands())
def test_every_setting_says_what_it_is_once(name):
    own = settings_of(commands()[name])
    assert len({item.name for item in own}) == len(own)
    for item in own:
        assert item.help.endswith((".", "...")), item.name
        assert item.more["group"] in GROUPS, item.name


def test_shorthand_reaches_the_parts_and_whole_parts_are_taken():
    flat = Feature.made(units="a:0", size="64x96", steps=3, diversity=4)
    whole = Feature(units=("a:0",), canvas=Canvas(size=(64, 96)), climb=Climb(steps=3), views=Views(diversity=4))
    assert flat == whole
    assert set(parts_of(Feature)) == {"canvas", "climb", "views"}
    assert Feature.made(units="a", canvas=Canvas(size=8), start="grey").canvas == Canvas(8, start="grey")
    assert (Climb("essay").preset, Views(4, both=True)) == ("essay", Views(diversity=4, both=True))
    assert whole.changed(size=32).canvas.size == 32


def test_leading_values_may_be_given_without_their_names():
    assert Dream.of("a.png", "mix", octaves=2) == Dream.made(photo="a.png", layers=("mix",), octaves=2)
    assert Dream.of(Dream.made(photo="a.png"), octaves=2).octaves == 2
    with pytest.raises(InvalidSetting, match="photo twice"):
        Dream.of("a.png", photo="b.png")
    with pytest.raises(InvalidSetting, match="takes photo, layers in this order"):
        Dream.of("a.png", "mix", "third")


@pytest.mark.parametrize(
    ("cls", "given", "kind", "text"),
    [
        (Dream, {"steps": 0}, InvalidSetting, "steps must be 1 or more, not 0"),
        (Dream, {"steps": 2.5}, InvalidSetting, "steps must be a whole number, not 2.5"),
        (Dream, {"steps": 2.0}, InvalidSetting, "steps must be a whole number, not 2.0"),
        (Feature, {"units": None}, InvalidSetting, "feature needs units"),
        (Feature, {"units": "mix", "canvas": 64}, InvalidSetting, "canvas must be a reverie.Canvas, not 64"),
        (Feature, {"units": "mix", "climb": Views(2), "rate": 1}, InvalidSetting, "climb must be a reverie.Climb"),
        (Canvas, {"start": "gray"}, UnknownName, "there is no start 'gray' here; nearest: 'grey'"),
        (Dream, {"steps": "x"}, InvalidSetting, "steps must be a whole number, not 'x'"),
        (Dream, {"steps": True}, InvalidSetting, "steps must be a whole number, not True"),
        (Dream, {"octaves": 51}, InvalidSetting, "octaves must be 1 to 50, not 51"),
        (Dream, {"rate": float("nan")}, InvalidSetting, "rate must be 0 or more, not nan"),
        (Fool, {"radius": float("inf")}, InvalidSetting, "radius must be 0.01 or more, not inf"),
        (Dream, {"seed": 2**70}, InvalidSetting, "seed must be -9.22337e+18 to 9.22337e+18, not 1.18059e+21"),
        (Dream, {"stpes": 3}, UnknownName, "dream takes no 'stpes'; nearest: 'steps'"),
        (Dream, {"size": "12y"}, InvalidSetting, "'12y' is no size; write a side such as 320, or HEIGHTxWIDTH"),
        (Network, {"mean": "a"}, InvalidSetting, "'a' are no numbers; write them such as .485,.456,.406"),
        (Network, {"std": (0.0,)}, InvalidSetting, "std must be numbers above 0, not (0.0,)"),
        (Fool, {"photo": "a" * 500, "norm": 3}, InvalidSetting, "norm must be a text, not 3"),
        (Dream, {"photo": "a", "layers": [3] * 99}, None, ""),
        (Dream, {"preset": "essay"}, UnknownName, "there is no preset 'essay' here; nearest: 'essay-dream'"),
        (Dream, {"preset": ["quick"]}, UnknownName, "there is no preset '['quick']' here"),
        (Dream, {"preset": "own.toml:calm"}, None, ""),
        (Dream, {"preset": Path("own.toml")}, None, ""),
        (Dream, {"preset": {"base": "quick"}}, None, ""),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(cls, given, kind, text):
    given = {"photo": "a.png", **given} if cls is Dream else given
    if kind is None:
        assert cls.made(**given)
        return
    with pytest.raises(kind) as refused:
        cls.made(**given)
    assert str(refused.value).startswith(text)
    assert len(str(refused.value)) < 200


def test_what_must_be_given_is_asked_for():
    with pytest.raises(InvalidSetting, match="dream needs photo"):
        Dream.made()
    with pytest.raises(InvalidSetting, match="style needs photo"):
        Style()


def test_a_part_says_what_it_takes_without_names():
    with pytest.raises(InvalidSetting, match="views takes diversity, both in this order"):
        Views(2, True, 1)
    with pytest.raises(InvalidSetting, match="views is given both twice"):
        Views(2, True, both=False)


@pytest.mark.parametrize(
    ("given", "refused"),
    [(("sample:flower",), True), (("mix:1", nn.ReLU()), True), (("a.py:made", "mix"), False), (("bundled", 1), False)],
)
def test_a_call_says_that_its_network_comes_first(given, refused, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.png").touch()
    for words in [given, ("a.png",)] if refused else [given]:
        with pytest.raises(InvalidSetting, match="first argument of told is the network") if refused else nullcontext():
            told(*words)


@names_checked
def told(model, *others):
    return model, others


def test_numbers_of_numpy_paths_and_lists_are_taken():
    made = Dream.made(photo=Path("a.png"), layers=["mix"], octaves=np.int64(2), rate=np.float32(0.5).item())
    assert (made.layers, made.octaves, made.rate) == (("mix",), 2, 0.5)
    assert type(made.octaves) is int


def test_settings_stay_as_they_are():
    with pytest.raises(AttributeError):
        Dream.made(photo="a").octaves = 3


def test_sizes():
    assert (sized(None), sized(320), sized("427x640"), sized((4, 5))) == (None, 320, (427, 640), (4, 5))
    with pytest.raises(InvalidSetting):
        sized(99_999_999)


def test_what_a_type_allows_is_told_in_words():
    assert allowed(tuple[Any, ...]) == "values"
    assert allowed(Dream | None) == "a Dream"
    kinds = {item.name: item.kind for item in settings_of(Feature)}
    assert allowed(kinds["diversity"], bounds=True) == "1 to 64"
    assert allowed(kinds["both"]) == "true or false"
    assert issubclass(Feature, Settings)


@called_with(Scan)
def scanned(model, asked, output="scan.db", *, force=False):
    return model, asked, output, force


def test_a_function_of_settings_takes_them_whole_or_in_shorthand():
    asked = Scan.made(photos="photos", layers="mix", batch=3)
    assert scanned("net", "photos", "a.db", layers=["mix"], batch=3) == ("net", asked, "a.db", False)
    assert scanned("net", asked, "a.db", force=True) == ("net", asked, "a.db", True)
    assert scanned("net", asked, batch=4, output="b.db") == ("net", asked.changed(batch=4), "b.db", False)
    for wrong in (("photos", "a.db", "third"), (asked, "a.db", "third")):
        with pytest.raises(InvalidSetting, match="give what follows by its name"):
            scanned("net", *wrong)
    with pytest.raises(UnknownName, match="nearest: 'batch'"):
        scanned("net", "photos", bacth=3)
    assert list(inspect.signature(scanned).parameters)[:4] == ["model", "photos", "output", "layers"]


def test_settings_are_shared_with_another_class():
    zoom = Zoom.made(photo="a.png", layers=("mix",), steps=3, frames=2)
    assert zoom.shared(Dream) == Dream.made(photo="a.png", layers=("mix",), steps=3, preset="zoom")
    assert zoom.shared(Dream, photo="b.png").photo == "b.png"
