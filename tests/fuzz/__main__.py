"""`python -m tests.fuzz --cases N --seed S`: exits with 1 where a case did what it must not."""

import argparse
import sys
import time

from .cases import KINDS
from .running import Outcome, run


def main() -> int:
    """Runs the cases and prints what failed; the last line tells tried, refused well, failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description="Malformed inputs by the thousand.")
    parser.add_argument("--cases", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kind", action="append", choices=list(KINDS), help="these kinds alone")
    parser.add_argument("--only", type=int, help="the case of this number alone, as a failure names it")
    given = parser.parse_args()
    numbers = range(given.cases) if given.only is None else [given.only]
    began, outcome, shown = time.monotonic(), Outcome(), 0
    for outcome in run(numbers, given.seed, tuple(given.kind or KINDS)):
        for number, kind, about, reason in outcome.failed[shown:]:
            print(f"--- {kind} {number} of seed {given.seed}: {about!r}\n{reason}", flush=True)
        shown = len(outcome.failed)
    for kind, tried in sorted(outcome.tried.items()):
        print(f"{kind:13}{tried:6} tried {outcome.refused[kind]:6} refused")
    print(f"{outcome}, {(time.monotonic() - began) / max(1, outcome.tried.total()):.3f} s a case")
    return 1 if outcome.failed else 0


if __name__ == "__main__":
    sys.exit(main())
