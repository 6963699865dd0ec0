"""Seconds until `reverie --help` has answered, as whole processes."""

import argparse
import subprocess
import sys
import time

from measurement import machine, median, table


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=str(__doc__), formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--repeats", type=int, default=10, help="processes that are timed, after one that is not")
    given = parser.parse_args()
    where, taken = machine(), []
    for _ in range(given.repeats + 1):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-m", "reverie", "--help"], check=True, capture_output=True)
        taken.append(time.perf_counter() - start)
    print(f"reverie --help, median of {given.repeats} processes. {where}\n")
    rows = [["reverie --help", f"{median(taken[1:]):.2f}", f"{min(taken[1:]):.2f}", f"{max(taken[1:]):.2f}"]]
    print(table(["", "s", "least", "most"], rows))


if __name__ == "__main__":
    main()
