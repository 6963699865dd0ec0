import contextlib

import pytest

from reverie.errors import InvalidSetting
from reverie.expression import MOST_TERMS, Sum, Weighed, check_text, looks_like_sum, negated, parse_sum
from reverie.unit import Unit, parse

SUMS = {
    "a:12 - 0.5*a:40": [(1, Unit("a", (12,)), ""), (-0.5, Unit("a", (40,)), "")],
    '2*logits:tabby - logits:"red fox"': [(2, Unit("logits", ("tabby",)), ""), (-1, Unit("logits", ("red fox",)), "")],
    "logits:red fox + .25 * b@1,2": [(1, Unit("logits", ("red fox",)), ""), (0.25, Unit("b", (), (1, 1), (2, 2)), "")],
    "-a:0+1": [(-1, Unit("a", (0, 1)), "")],
    "- a:1 + 1e-3*3:1": [(-1, Unit("a", (1,)), ""), (0.001, Unit("3", (1,)), "")],
    "mean-square(a) - 2*sum(a:3)": [(1, Unit("a"), "mean-square"), (-2, Unit("a", (3,)), "sum")],
    'logits:"a - b" - a:1': [(1, Unit("logits", ("a - b",)), ""), (-1, Unit("a", (1,)), "")],
}  # fmt: skip


@pytest.mark.parametrize("text", SUMS)
def test_sums_are_read_and_read_back(text):
    found = parse_sum(text)
    assert found == Sum(tuple(Weighed(*term) for term in SUMS[text]))
    assert looks_like_sum(text)
    assert parse_sum(str(found)) == found


@pytest.mark.parametrize("weight", [0.1 + 0.2, 1 / 3, 1e-300, 123456789.125])
def test_weights_keep_their_last_bit(weight):
    made = Sum((Weighed(weight, Unit("a", (1,))), Weighed(-weight, Unit("b"))))
    assert parse_sum(str(made)) == made


@pytest.mark.parametrize(
    "text",
    ["a", "a:12", "a:0-15,40", "a:0+1+2", "a:3@2-6,3-9", "logits:tiger cat", 'logits:"a - b"', 'logits:"2*x + y"',
     "convnext-tiny.stages-0:1-2", "layer1.0.relu~2:3", "logits:black-and-tan", "a:1+2,3-4"],
)  # fmt: skip
def test_what_units_write_is_no_sum(text):
    assert not looks_like_sum(text)
    assert parse(text)


WRONG = {
    "a:1 - ": "there is no unit at character 7 of 'a:1 - '",
    "a:1 + 2*": r"there is no unit at character 7 of 'a:1 \+ 2\*'",
    "a:1 - 0*b": "the weight 0 at character 7 of 'a:1 - 0\\*b' is not above 0",
    "a:1 - 1e999*b": "the weight inf at character 7",
    "a:1-2 - b": "'a:1-2' at character 1 of 'a:1-2 - b' is 2 units; a term is one",
    "a:1 - - b": "there is no unit at character 7",
    "a:1 - b:5-2": r"runs backwards: write the smaller channel first \(at character 7 of 'a:1 - b:5-2'\)",
    "a:1 + b:": r"'b:' is not a unit: .* \(at character 7 of 'a:1 \+ b:'\)",
    " + ".join(["a"] * (MOST_TERMS + 1)): "has 257 terms; 256 are allowed",
}


@pytest.mark.parametrize("text", WRONG)
def test_what_is_wrong_is_told_with_its_place(text):
    with pytest.raises(InvalidSetting, match=WRONG[text]) as caught:
        parse_sum(text)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "a:1 - __import__('os')",
        "(a:1)",
        "a:1 + " * 9000 + "b",
        "a:1 - " + "9" * 5000 + "*b",
        '"' * 99,
        "a:1 - (b:2 + (c))" * 50,
    ],
)
def test_hostile_texts_are_units_or_refused(text):
    with contextlib.suppress(InvalidSetting):
        assert isinstance(parse_sum(text), Sum)


@pytest.mark.parametrize(
    ("text", "minimum"),
    [
        ("mix:1", "-mix:1"),
        ("-mix:1", "mix:1"),
        ("0.3*mix:1", "-0.3*mix:1"),
        ("mix:1 - 0.3*mix:2", "-(mix:1 - 0.3*mix:2)"),
        ("-mix:1 + mix:2", "-(-mix:1 + mix:2)"),
        ('logits:"a - b"', '-logits:"a - b"'),
    ],
)
def test_the_negative_of_a_sum_is_of_the_whole_sum(text, minimum):
    assert negated(text) == minimum


@pytest.mark.parametrize(
    "text",
    ["a:12 -0.5*a:40", "a:12-0.5*a:40", "a:12 -", "a:12-", "a:12+", "a:1+2 +a:3", "a:1@2,3-a:4", "logits:owl -",
     "a:1 -2"],
)  # fmt: skip
def test_signs_without_their_spaces_are_told(text):
    with pytest.raises(InvalidSetting, match=r"is no unit and no sum: \+ and - of a sum stand between spaces, as in"):
        check_text(text)
