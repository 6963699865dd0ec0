"""How much memory a zoom takes as it grows longer: no timing, so any machine will do.

Each length runs in a process of its own, and what is counted is that process's largest resident memory.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from measurement import table


def peak(frames: int, size: int, layer: str) -> float:
    """The largest resident memory in MiB of a process that makes a zoom of so many frames."""
    words = [sys.executable, __file__, "--alone", str(frames), "--size", str(size), "--layer", layer]
    ran = subprocess.run(words, capture_output=True, text=True, check=True)
    return float(json.loads(ran.stdout.splitlines()[-1]))


def alone(frames: int, size: int, layer: str) -> float:
    """Makes the zoom here."""
    import reverie

    with tempfile.TemporaryDirectory() as folder:
        shot = reverie.zoom("bundled", "sample:flower", layer, frames=frames, size=size)
        shot.save(Path(folder) / "zoom.mp4")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Prints the table, or the number of one run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--frames", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--size", type=int, default=160, help="long side")
    parser.add_argument("--layer", default="mixed4b")
    parser.add_argument("--alone", type=int)
    options = parser.parse_args()
    if options.alone is not None:
        print(json.dumps(alone(options.alone, options.size, options.layer)))
        return
    found = [(frames, peak(frames, options.size, options.layer)) for frames in options.frames]
    rows = [[str(frames), f"{mib:.0f} MiB", f"{mib / found[0][1]:.3f}x"] for frames, mib in found]
    print(table(["frames", "largest resident memory", "of the first"], rows))


if __name__ == "__main__":
    main()
