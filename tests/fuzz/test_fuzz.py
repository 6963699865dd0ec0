"""A quick share of the malformed inputs; `python -m tests.fuzz --cases 10000` runs many more."""

import random

import pytest

from reverie.errors import InvalidSetting

from .cases import KINDS, Case
from .running import run, tried

CASES = 300  # 25 of each kind


def test_malformed_inputs_are_refused_in_a_sentence_or_taken():
    *_, outcome = run(range(CASES), seed=1)
    assert outcome.failed == []
    assert set(outcome.tried) == set(KINDS)
    assert outcome.refused.total() > CASES / 2


def _raising(error: BaseException) -> Case:
    def call() -> None:
        raise error

    return Case("", call)


@pytest.mark.parametrize("error", [TypeError("x"), SystemExit(0), MemoryError(), InvalidSetting("")])
def test_what_must_not_happen_is_told(error):
    refused, wrong = tried(_raising(error))
    assert wrong
    assert refused == isinstance(error, InvalidSetting)
    assert tried(_raising(InvalidSetting("a is b; write c"))) == (True, "")


def test_a_case_is_the_same_for_the_same_seed_and_number(tmp_path):
    first, again = (KINDS["units"](random.Random("1/3"), None) for _ in range(2))
    assert first.about == again.about
