"""Runs cases and tells what became of them."""

import contextlib
import random
import signal
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import torch

from reverie.errors import LONGEST, ReverieError

from .cases import KINDS, Case, Refused
from .room import Room

PATIENCE = 20  # seconds for one case


@dataclass
class Outcome:
    """What became of many cases.

    Attributes:
        tried, refused: by their kinds.
        failed: the number, the kind, the input and the reason of each that did what it must not.
    """

    tried: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[int, str, str, str]] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.tried.total()} tried, {self.refused.total()} refused well, {len(self.failed)} failed"


def run(numbers: Sequence[int], seed: int, kinds: Sequence[str] = tuple(KINDS)) -> Iterator[Outcome]:
    """The outcome so far, after each case; a case is the same for the same seed and number, whatever ran before it."""
    outcome = Outcome()
    with tempfile.TemporaryDirectory() as name, contextlib.chdir(name):
        room = Room(Path(name))
        for number in numbers:
            kind = kinds[number % len(kinds)]
            random_ = random.Random(f"{seed}/{number}")
            case = KINDS[kind](random_, room)
            refused, reason = tried(case)
            outcome.tried[kind] += 1
            outcome.refused[kind] += refused
            if reason:
                outcome.failed.append((number, kind, case.about[:300], reason))
            yield outcome


def tried(case: Case) -> tuple[bool, str]:
    """Whether a case was refused, and what was wrong with that or with what else happened."""
    began = time.monotonic()
    try:
        with _patience(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            case.call()
        refused, wrong = False, ""
    except Refused as error:
        refused, wrong = True, ""
        if not str(error).strip():
            wrong = "status 2 without a word"
    except ReverieError as error:
        refused, wrong = True, _wrong_with(str(error))
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:
        refused, wrong = False, "".join(traceback.format_exception(error)[-3:])
    torch.set_default_dtype(torch.float32)
    late = time.monotonic() - began > PATIENCE
    return refused, wrong or (f"took over {PATIENCE} s" if late else "")


def _wrong_with(message: str) -> str:
    if not message or len(message) > LONGEST + 10:
        return f"a message of {len(message)} characters"
    return "" if message.isprintable() else f"a message with control characters: {message!r}"


@contextlib.contextmanager
def _patience() -> Iterator[None]:
    def ended(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(f"still at it after {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, ended)
    signal.alarm(PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
