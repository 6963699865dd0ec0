import contextlib
import re

import pytest

from reverie.errors import InvalidSetting
from reverie.unit import Unit, parse

TEXTS = {
    "mixed4a": [Unit("mixed4a")],
    "mixed4a:12": [Unit("mixed4a", (12,))],
    "3:1": [Unit("3", (1,))],
    "layer1.0.relu~2": [Unit("layer1.0.relu~2")],
    "layer1.0.relu~2:3": [Unit("layer1.0.relu~2", (3,))],
    "mixed4a:12@4,5": [Unit("mixed4a", (12,), (4, 4), (5, 5))],
    "mixed4a:12@4,:": [Unit("mixed4a", (12,), (4, 4), None)],
    "mixed4a:12@:,5": [Unit("mixed4a", (12,), None, (5, 5))],
    "mixed4a:12@2-6,3-9": [Unit("mixed4a", (12,), (2, 6), (3, 9))],
    "mixed4a@4,5": [Unit("mixed4a", (), (4, 4), (5, 5))],
    "mixed4a:0-2,40": [Unit("mixed4a", (index,)) for index in (0, 1, 2, 40)],
    "mixed4a:7-7": [Unit("mixed4a", (7,))],
    "mixed4a:0+1+2": [Unit("mixed4a", (0, 1, 2))],
    "mixed4a:0+1,5@1,2": [Unit("mixed4a", (0, 1), (1, 1), (2, 2)), Unit("mixed4a", (5,), (1, 1), (2, 2))],
    "logits:292": [Unit("logits", (292,))],
    "logits:tiger": [Unit("logits", ("tiger",))],
    'logits:"tiger cat"': [Unit("logits", ("tiger cat",))],
    'logits:"king, the",owl': [Unit("logits", ("king, the",)), Unit("logits", ("owl",))],
    'logits:"a+b"+owl': [Unit("logits", ("a+b", "owl"))],
    'logits:"mail@4,5"': [Unit("logits", ("mail@4,5",))],
}


@pytest.mark.parametrize("text", TEXTS)
def test_grammar_is_read(text):
    assert list(parse(text)) == TEXTS[text]


@pytest.mark.parametrize("unit", {str(unit): unit for units in TEXTS.values() for unit in units}.values(), ids=str)
def test_what_a_unit_writes_is_read_back(unit):
    assert parse(str(unit)) == (unit,)


@pytest.mark.parametrize("text", ["mixed4a", "mixed4a:12@2-6,3-9", "mixed4a:0+1+2", 'logits:"tiger cat"', "a~2:1@:,5"])
def test_a_single_unit_keeps_its_text(text):
    assert [str(unit) for unit in parse(text)] == [text]


@pytest.mark.parametrize(
    "text",
    ["", ":3", "a:", "a:1,", "a:1++2", "a:,1", "a:-1", "a:1.5", 'a:"x', 'a:x"', 'a"x"', 'a:""', "a:+"],
)
def test_what_is_no_unit_is_refused_with_the_grammar(text):
    with pytest.raises(InvalidSetting, match=re.escape("write LAYER, LAYER:CHANNEL, LAYER:0-15,40")):
        parse(text)


def test_a_number_is_no_unit():
    with pytest.raises(InvalidSetting, match="a unit is named by a text such as 'block8:12', not 12"):
        parse(12)


@pytest.mark.parametrize("text", ["a:1@", "a:1@4", "a:1@4,", "a:1@,5", "a:1@4-,5", "a@4", "a:1@-1,5"])
def test_what_is_no_position_is_refused(text):
    with pytest.raises(InvalidSetting) as caught:
        parse(text)
    assert str(caught.value) == f"'{text}' has no position that can be read: write @ROW,COLUMN, @4,:, @:,5 or @2-6,3-9"


def test_a_digit_that_is_no_number_is_a_name_or_refused():
    with contextlib.suppress(InvalidSetting):
        assert parse("a:²") == (Unit("a", ("²",)),)


def test_backward_spans_are_refused():
    with pytest.raises(InvalidSetting, match=r"^'5-2' in 'a:5-2' runs backwards: write the smaller channel first$"):
        parse("a:5-2")
    with pytest.raises(
        InvalidSetting, match=r"^'6-2' in 'a:1@6-2,3' runs backwards: write the smaller position first$"
    ):
        parse("a:1@6-2,3")


def test_shifted_moves_positions_only():
    assert Unit("a", (1,), (4, 6), None).shifted(3, 9) == Unit("a", (1,), (1, 3), None)
    assert Unit("a", (1,)).shifted(3, 9) == Unit("a", (1,))


@pytest.mark.parametrize("text", ["a:" + "1" * 5000, "a:1@" + "9" * 5000 + ",2", "a:0-" + "9" * 12, "a:1+" + "2" * 99])
def test_numbers_without_end_are_refused_in_a_short_sentence(text):
    with pytest.raises(InvalidSetting, match="names a number of ten digits or more") as caught:
        parse(text)
    assert len(str(caught.value)) < 150
