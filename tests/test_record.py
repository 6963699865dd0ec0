import json

import pytest

from reverie.errors import RecordRefused
from reverie.record import LONGEST, Record, parse_record, versions


def refusal(call) -> str:
    with pytest.raises(RecordRefused) as caught:
        call()
    return str(caught.value)


GOOD = {"recipe": "dream", "arguments": {}, "model": {}, "automatic": {}, "index": 0, "versions": {}}


def test_what_is_written_is_read():
    record = Record("dream", {"steps": 3, "layers": ["a"]}, {"name": "bundled"}, {"tile": None}, 2, versions())
    assert parse_record(str(record)) == record


def test_missing_fields_have_defaults():
    assert parse_record('{"recipe": "dream", "arguments": {}, "model": {}}').index == 0


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "3", "null", '"dream"', "{}", '{"recipe": "x"}', json.dumps({**GOOD, "more": 1}), "[" * 10**5],
)
def test_what_is_no_record_is_refused(text):
    assert refusal(lambda: parse_record(text)) == (
        "the picture's record cannot be read; it was not written by this program"
    )


@pytest.mark.parametrize(
    "change", [{"recipe": 3}, {"arguments": []}, {"model": None}, {"automatic": "x"}, {"versions": 1}]
)
def test_fields_of_other_kinds_are_refused(change):
    assert refusal(lambda: parse_record(json.dumps({**GOOD, **change}))) == (
        "the picture's record is damaged; render the picture anew"
    )


@pytest.mark.parametrize("index", ["0", 1.5, True, [0]])
def test_an_index_that_is_no_number_is_refused(index):
    assert refusal(lambda: parse_record(json.dumps({**GOOD, "index": index}))) == (
        "the picture's record is damaged: its index is no number; render the picture anew"
    )


def test_a_record_that_is_too_long_is_refused():
    long = Record("feature", {"units": ["x" * LONGEST]}, {})
    assert refusal(lambda: str(long)) == "the record takes 256 kB, more than 256; name fewer units"


def test_versions_are_those_that_decide():
    assert set(versions()) == {"reverie", "torch", "python"}
