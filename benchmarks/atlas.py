"""Units an hour of an atlas, by what takes the time; bytes of a unit; and how many pictures a second its writer enters.

python benchmarks/atlas.py PHOTOS --model bundled --layer mixed4c --layer mixed5b --limit 8
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import torch

import reverie
from measurement import CLOCKS, machine, table
from reverie.atlas import worker
from reverie.atlas.atlas_file import Atlas
from reverie.atlas.atlas_writer import AtlasWriter, Done
from reverie.atlas.building import BuildRun
from reverie.models.model import Model
from reverie.runs import Event
from reverie.settings.atlas import Build
from reverie.synthesis.batches import Synthesis

Clock = Callable[[], float]


NAMES = {
    "engine": "the engine's steps",
    "pictures": "looking at the pictures again, encoding, writing",
    "photos": "the scan of the photos",
}


class Timed:
    """Adds up how long the engine itself takes."""

    def __init__(self, clock: Clock) -> None:
        self.clock, self.seconds = clock, 0.0

    def synthesis(self) -> type[Synthesis]:
        """The engine's run, with a watch on its steps."""
        timed = self

        class Watched(Synthesis):
            def events(self) -> Iterator[Event]:
                steps = super().events()
                while True:
                    began = timed.clock()
                    event = next(steps, None)
                    timed.seconds += timed.clock() - began
                    if event is None:
                        return
                    yield event

        return Watched


def built(model: Model, asked: Build, path: Path, clock: Clock) -> tuple[Atlas, Counter[str], list[Done]]:
    """The atlas, the seconds of each part of the work, and its batches of pictures."""
    timed, seconds, batches = Timed(clock), Counter[str](), list[Done]()
    real, worker.Synthesis = worker.Synthesis, timed.synthesis()  # type: ignore[misc]
    try:
        run = BuildRun(model, asked, path)
        began = clock()
        for event in run.events():
            seconds[event.task] += clock() - began
            batches += event.finished
            began = clock()
        seconds["scores"] += clock() - began
    finally:
        worker.Synthesis = real  # type: ignore[misc]
    seconds["engine"] = timed.seconds
    seconds["pictures"] -= timed.seconds
    return run.result(), seconds, batches


def entered(atlas: Atlas, batches: list[Done], path: Path, seconds: float) -> float:
    """Pictures a second that a writer enters: the same batches as those of further units, one transaction each."""
    count, more = 0, 0
    with AtlasWriter(path, atlas.about) as writer:
        writer.enter_layers([msgspec.structs.replace(layer, channels=2**24) for layer in atlas.layers])
        began = time.perf_counter()
        while time.perf_counter() - began < seconds:
            more += 4096
            for done in batches:
                moved = {name: [moved_by(row, more) for row in rows] for name, rows in done.rows.items()}
                batch = msgspec.structs.replace(done.batch, first=done.batch.first + more)
                writer.enter(Done(batch, done.record, moved))
                count += len(done.rows.get("pictures", ()))
        return count / (time.perf_counter() - began)


def moved_by(row: object, more: int) -> object:
    """A row of another unit."""
    return msgspec.structs.replace(row, unit=row.unit + more)  # type: ignore[attr-defined]


def main() -> None:
    """Measures and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", help="a folder of photos, a .tar or a .txt, as for reverie scan")
    parser.add_argument("--model", default="bundled", help="the network, as for reverie atlas build")
    parser.add_argument("--layer", action="append", help="of the atlas; the main ones unless given")
    parser.add_argument("--limit", type=int, default=8, help="units of each layer, in whole batches")
    parser.add_argument("--size", type=int, default=None, help="side of the pictures, as for reverie atlas build")
    parser.add_argument("--steps", type=int, default=None, help="steps of a picture; the preset's unless given")
    parser.add_argument("--writing", type=float, default=5.0, help="seconds for which the writer is measured")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="threads of torch")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="cpu, with one thread: for a machine in use")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    where, model, clock = machine(), reverie.load(given.model), CLOCKS[given.clock]
    asked = Build.made(
        layers=tuple(given.layer or ()), photos=given.photos, limit=given.limit, size=given.size, steps=given.steps,
        workers=0,
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.atlas"
        atlas, seconds, batches = built(model, asked, path, clock)
        rate = entered(atlas, batches, Path(folder) / "written.atlas", given.writing)
        size, units, pictures, photos = path.stat().st_size, len(atlas.units()), len(atlas), len(atlas.photos)
        failed = sum(batch.state == "failed" for batch in atlas.batches())
    whole = sum(seconds.values())
    rows = [[NAMES.get(name, name), f"{value:.1f}", f"{value / whole:.1%}"] for name, value in seconds.most_common()]
    made = f"{len(atlas.layers)} layers, {units} units, {pictures} pictures of {atlas.about.job.size} px"
    print(f"{model.title}: {made}, {photos} photos, ", end="")
    print(f"{given.clock} clock, {given.threads} threads. {where}\n")
    print(table(["", "s", "share"], rows))
    print(f"\n{3600 * units / whole:.0f} units and {3600 * pictures / whole:.0f} pictures an hour; ", end="")
    print(f"{size / units / 1000:.1f} kB a unit in the file; the writer enters {rate:.0f} pictures a second")
    print(f"failed: {failed} batches", file=sys.stderr)


if __name__ == "__main__":
    main()
