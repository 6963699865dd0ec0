"""All scores of units' pictures, by network, preset and judge; it goes on where it was.

python benchmarks/truth.py PLACE PHOTOS --network FILE.py:googlenet --layer inception3b ... --judge efficientnet_lite0

PLACE keeps the pictures (NETWORK/PRESET/SEED/UNIT/most) and the results (results.jsonl); with --table it prints the
tables of docs/truth.md from these alone. With --fooled each unit is also shown by the pictures of the next one, as a
perfect fooling circuit shows them.
"""

import argparse
import json
import time
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from scipy.stats import spearmanr
from torch import Tensor

import reverie
from measurement import table
from reverie.dataset.photo_sets import photo_set
from reverie.image import to_uint8
from reverie.models.model import Model
from reverie.models.moments import silent_channels
from reverie.synthesis import synthesize
from reverie.truth.assessment import Assessment, Scored
from reverie.truth.exemplars import Responses, responses
from reverie.truth.interpretability import CONTROLS, Others
from reverie.truth.judge import judge_of

SIDE = 160
FOOLED = "fooled"  # pictures of another unit, as a fooling circuit shows them
COLUMNS = ("reach", "interpretability", "natural", "both", "clarity", "label", "path", "naturalness", "agreement")
Row = dict[str, Any]


def title(model: Model) -> str:
    """A network's name without its file."""
    return model.title.rpartition(":")[2]


def units(model: Model, layers: Sequence[str], several: int) -> list[str]:
    """So many channels of each layer, evenly spread over those that fire on ordinary pictures."""
    found = []
    for layer in layers:
        silent = set(silent_channels(model, layer))
        firing = [number for number in range(model.layer(layer).channels) if number not in silent]
        found += [f"{layer}:{firing[(2 * number + 1) * len(firing) // (2 * several)]}" for number in range(several)]
    return found


def pictures(given: argparse.Namespace, model: Model, wanted: Sequence[str], preset: str) -> None:
    """Makes a picture of each unit for each seed, where it is not there yet."""
    for seed in range(given.seeds):
        folder = given.place / title(model) / preset / str(seed)
        lacking = [unit for unit in wanted if not list((folder / unit).glob("most.*"))]
        if not lacking:
            continue
        recipe = reverie.recipes.feature(
            model, lacking, preset=preset, size=SIDE, seed=seed, **({"batch": given.batch} if given.batch else {})
        )
        for unit, image in zip(lacking, synthesize(model, recipe).images, strict=True):
            (folder / unit).mkdir(parents=True, exist_ok=True)
            Image.fromarray(to_uint8(image)).save(folder / unit / "most.png")


def shown(place: Path, unit: str, preset: str, seeds: int) -> Tensor:
    """The pictures [M,3,H,W] of a unit."""
    found = []
    for seed in range(seeds):
        (path,) = (place / preset / str(seed) / unit).glob("most.*")
        found.append(torch.from_numpy(np.array(Image.open(path))).permute(2, 0, 1).float() / 255)
    return torch.stack(found)


def cast(unit: str, wanted: Sequence[str], *, fooled: bool) -> tuple[str, list[str]]:
    """Whose pictures a unit is shown by, and the others: the next CONTROLS of the layer that are neither."""
    layer = [other for other in wanted if other.partition(":")[0] == unit.partition(":")[0]]
    first = layer.index(unit) + 1
    after = [*layer[first:], *layer[: first - 1]]
    return (after[0], after[1 : CONTROLS + 1]) if fooled else (unit, after[:CONTROLS])


def read(work: Generator[Any, None, Responses]) -> Responses:
    """What the photos say."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            said: Responses = end.value
            return said


def row(network: str, judge: str, preset: str, scored: Scored) -> Row:
    """A line of the results."""
    told = {score.name: [score.value, score.low, score.high] for score in scored.scores}
    more = dict(scored["interpretability"].more) if "interpretability" in scored else {}
    return {
        "network": network,
        "judge": judge,
        "preset": preset,
        "unit": str(scored.unit),
        "scores": told,
        "more": more,
    }


def measured(given: argparse.Namespace, done: set[tuple[str, ...]]) -> Iterator[Row]:
    """The lines that are not there yet."""
    model = reverie.load(given.network)
    name = title(model)
    wanted = units(model, given.layer, given.units)
    maker = model if given.device == "cpu" else reverie.load(given.network, device=given.device)
    for preset in given.preset:
        pictures(given, maker, wanted, preset)
    if not given.judge:
        return
    found = read(responses(model, photo_set(given.photos), given.layer, workers=0))
    for asked in given.judge:
        judge = judge_of(model, asked)
        assert judge is not None
        label = title(judge.model)
        assessment = Assessment(found, judge)
        for unit in wanted:
            for preset in [*given.preset, *([FOOLED] if given.fooled else [])]:
                if (name, label, preset, unit) in done:
                    continue
                made = given.preset[0] if preset == FOOLED else preset
                of, beside = cast(unit, wanted, fooled=preset == FOOLED)
                own, *others = (shown(given.place / name, each, made, given.seeds) for each in (of, *beside))
                against = Others(model.units(beside), torch.stack(others, 1))
                yield row(name, label, preset, assessment.scores(model.units(unit)[0], own, against))


def value(line: Row, name: str) -> float:
    """A score of a line; nan where it was left out."""
    if name in line["scores"]:
        return float(line["scores"][name][0])
    return float(line["more"].get(name, float("nan")))


def cell(lines: Sequence[Row], name: str) -> str:
    """The mean over units with its 95 % interval; of reach the median."""
    values = np.array([value(line, name) for line in lines])
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return "-"
    if name == "reach":
        return f"{np.median(values):.2f}"
    return f"{values.mean():.2f} ± {1.96 * values.std(ddof=1) / len(values) ** 0.5:.2f}"


def tables(lines: Sequence[Row]) -> Iterator[str]:
    """The tables: by network, judge and preset; then how far two judges agree."""
    groups: dict[tuple[str, str, str], list[Row]] = {}
    for line in lines:
        groups.setdefault((line["network"], line["judge"], line["preset"]), []).append(line)
    rows = [[*key, str(len(each)), *(cell(each, name) for name in COLUMNS)] for key, each in sorted(groups.items())]
    yield table(["network", "judge", "preset", "units", *COLUMNS], rows)
    rows = []
    for (network, judge, preset), each in sorted(groups.items()):
        for other in sorted({key[1] for key in groups if key[0] == network and key[1] > judge and key[2] == preset}):
            beside = {line["unit"]: line for line in groups[network, other, preset]}
            both = [(line, beside[line["unit"]]) for line in each if line["unit"] in beside]
            told = [f"{_agreed(both, name):.2f}" for name in ("interpretability", "natural", "both", "clarity")]
            rows.append([network, preset, f"{judge}, {other}", str(len(both)), *told])
    yield table(["network", "preset", "judges", "units", "interpretability", "natural", "both", "clarity"], rows)


def fooling(lines: Sequence[Row]) -> Iterator[str]:
    """By network, judge and layer what falls where units are shown by others' pictures: each unit's own and fooled."""
    fooled = {(line["network"], line["judge"], line["unit"]): line for line in lines if line["preset"] == FOOLED}
    layers = dict.fromkeys((network, judge, unit.partition(":")[0]) for network, judge, unit in fooled)
    rows = []
    for network, judge, layer in layers:
        here = [key for key in fooled if key[:2] == (network, judge) and key[2].startswith(f"{layer}:")]
        first = {(x["network"], x["judge"], x["unit"]): x for x in reversed(lines) if x["preset"] == "default"}
        for name in ("interpretability", "path"):
            pairs = np.array([[value(first[key], name), value(fooled[key], name)] for key in here])
            pairs = pairs[np.isfinite(pairs).all(1)]
            told = [f"{own:.2f} to {other:.2f}" for own, other in pairs]
            lower = f"{(pairs[:, 1] < pairs[:, 0]).sum()} of {len(pairs)}"
            own, other = pairs.mean(0)
            rows.append([network, judge, layer, name, f"{own:.2f}", f"{other:.2f}", lower, ", ".join(told)])
    yield table(["network", "judge", "layer", "score", "own", "fooled", "lower", "units"], rows)


def _agreed(both: Sequence[tuple[Row, Row]], name: str) -> float:
    pairs = np.array([[value(line, name) for line in pair] for pair in both])
    pairs = pairs[np.isfinite(pairs).all(1)]
    return float(spearmanr(pairs[:, 0], pairs[:, 1]).statistic) if len(pairs) > 3 else float("nan")


def main() -> None:
    """Measures what is lacking, and prints the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("place", type=Path, help="a folder for pictures and results")
    parser.add_argument("photos", nargs="?", help="a folder of photos, as for reverie scan")
    parser.add_argument("--network", help="the network that is asked about")
    parser.add_argument("--layer", action="append", default=[], help="of the channels")
    parser.add_argument("--judge", action="append", default=[], help="a network that compares; pictures alone without")
    parser.add_argument("--device", default="cpu", help="that makes the pictures; all else is computed on the CPU")
    parser.add_argument("--preset", action="append", default=[], help="of the pictures")
    parser.add_argument("--units", type=int, default=8, help="of each layer")
    parser.add_argument("--seeds", type=int, default=2, help="pictures of each unit")
    parser.add_argument("--fooled", action="store_true", help="also by another unit's pictures; default first")
    parser.add_argument("--batch", type=int, help="pictures at once")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="threads of torch")
    parser.add_argument("--table", action="store_true", help="print the tables alone")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    given.place.mkdir(parents=True, exist_ok=True)
    file = given.place / "results.jsonl"
    lines = [json.loads(text) for text in file.read_text().splitlines()] if file.is_file() else []
    if not given.table:
        done = {(line["network"], line["judge"], line["preset"], line["unit"]) for line in lines}
        began = time.perf_counter()
        for line in measured(given, done):
            with file.open("a", encoding="utf-8") as kept:
                kept.write(f"{json.dumps(line)}\n")
            lines.append(line)
        print(f"{time.perf_counter() - began:.0f} s\n")
    print("\n\n".join([*tables(lines), *fooling(lines)]))


if __name__ == "__main__":
    main()
