"""The studio beside its engine: how soon it answers, what its previews cost, and what jobs leave behind."""

import argparse
import contextlib
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import torch

import reverie
from measurement import machine, median, table
from reverie import recipes
from reverie.synthesis import iterate

SMALL = {"size": 64, "octaves": 1, "steps": 2}
OVER = ("done", "stopped", "cancelled", "failed")


class Studio:
    """A studio that runs, and its only browser: a plain HTTP client."""

    def __init__(self, network: str, threads: int, folder: Path) -> None:
        self.began = time.perf_counter()
        words = ["--model", network, "--threads", str(threads), "--folder", str(folder), "--no-browser"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "reverie", "studio", *words], stdout=subprocess.PIPE, text=True
        )
        said = self.process.stdout.readline() if self.process.stdout else ""
        address = re.findall(r"http://\S+", said)[0]
        self.base, self.folder = address.partition("/?")[0], folder
        self.client = httpx.Client(base_url=self.base, timeout=120)
        self.client.get(address)
        self.client.get("/").raise_for_status()
        while not (found := self.client.get("/api/studio").json())["ready"]:
            time.sleep(0.01)
        self.network = found["network"]
        self.client.headers.update({"Origin": self.base, "X-Reverie-Token": found["token"]})
        self.ready = time.perf_counter() - self.began

    def job(self, **settings: Any) -> str:
        """A dream of the sample flower."""
        body = {"kind": "dream", "settings": settings, "pictures": {"photo": "sample:flower"}}
        return str(self.client.post("/api/jobs", json=body).raise_for_status().json()["id"])

    def wish(self, job: str, wish: str) -> None:
        """Cancels, stops ... a job."""
        self.client.post(f"/api/jobs/{job}/{wish}", json={})

    def answered(self, what: str, **given: Any) -> float:
        """Milliseconds until a question is answered, as often as it must be asked."""
        began = time.perf_counter()
        while (answer := self.client.post(f"/api/ask/{what}", json={"picture": "sample:flower", **given})).is_error:
            if answer.status_code != 503:  # busy
                answer.raise_for_status()
        return 1000 * (time.perf_counter() - began)

    def events(self) -> Iterator[tuple[float, dict[str, Any]]]:
        """When each state of a job came, and the state."""
        client, name = httpx.Client(base_url=self.base, cookies=self.client.cookies, timeout=120), ""
        with client, client.stream("GET", "/api/events") as stream:
            for line in stream.iter_lines():
                name = line[7:] if line.startswith("event: ") else name
                if line.startswith("data: ") and name == "job":
                    yield time.perf_counter(), json.loads(line[6:])

    def watched(self, job: str) -> list[tuple[float, dict[str, Any]]]:
        """All that a reader gets of a job, who looks at each preview."""
        found, shown = [], None
        for moment, state in self.events():
            if state["id"] != job:
                continue
            if state["preview"] and state["preview"] != shown:
                shown = state["preview"]
                self.client.get(shown)
            found.append((moment, state))
            if state["state"] in OVER:
                return found
        raise SystemExit("the studio has ended")

    def processes(self) -> list[int]:
        """Its own number and those of its children."""
        children = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [self.process.pid, *(int(number) for path in children for number in path.read_text().split())]

    def resident(self) -> int:
        """Megabytes in memory, of all its processes."""
        pages = [int(Path(f"/proc/{number}/statm").read_text().split()[1]) for number in self.processes()]
        return sum(pages) * 4096 // 1_000_000

    def close(self) -> None:
        """Ends it, as Ctrl-C does."""
        self.process.terminate()
        self.process.wait(10)
        self.client.close()


def engine(network: str, threads: int, **settings: Any) -> float:
    """Milliseconds of a step, without a studio."""
    torch.set_num_threads(threads)
    model = reverie.load(network)
    moments = [time.perf_counter() for _ in iterate(model, recipes.dream(model, "sample:flower", **settings))]
    return 1000 * (moments[-1] - moments[4]) / (len(moments) - 5)


def told(studio: Studio, **settings: Any) -> tuple[float, float]:
    """Milliseconds of a step in the studio, and previews a second."""
    states = [item for item in studio.watched(studio.job(**settings)) if item[1]["done"] >= 5]
    (first, begun), (last, ended) = states[0], next(item for item in states if item[1]["done"] == item[1]["total"])
    shown = len({state["preview"] for _, state in states if state["preview"]}) - 1
    return 1000 * (last - first) / (ended["done"] - begun["done"]), shown / (last - first)


def first_preview(studio: Studio) -> float:
    """Seconds from the request for a dream to its first preview."""
    began = time.perf_counter()
    job = studio.job()
    taken = next(moment for moment, state in studio.events() if state["id"] == job and state["preview"]) - began
    studio.wish(job, "cancel")
    return taken


def cancelling(studio: Studio) -> float:
    """Milliseconds from a request to cancel to the end of the job."""
    job = studio.job(size=320, octaves=1, steps=100_000)
    began = 0.0
    for moment, state in studio.events():
        if state["id"] == job and state["done"] > 3 and not began:
            began = time.perf_counter()
            threading.Thread(target=studio.wish, args=(job, "cancel")).start()
        if state["id"] == job and state["state"] == "cancelled":
            return 1000 * (moment - began)
    raise SystemExit("the studio has ended")


def desk(studio: Studio, repeats: int) -> dict[str, list[float]]:
    """Milliseconds of what the mixing desk is told when a fader moves."""
    layers = [layer["name"] for layer in studio.network["layers"] if layer["main"] and layer["size"]]
    found: dict[str, list[float]] = {"classes": [], "first": [], "next": []}
    for number in range(repeats + 1):  # the first one runs the network up to the layer
        asked = {"layer": layers[-2], "units": [{"channel": number, "how": "ablate"}]}
        found["classes"].append(studio.answered("desk", **asked))
        found["first"].append(studio.answered("dreaming", **asked))
        found["next"] += [studio.answered("dreaming", done=done, **asked) for done in range(1, 20)]
    return {name: values[1:] for name, values in found.items()}


def wait(studio: Studio, jobs: list[str]) -> None:
    """Until all have ended."""
    while not all(studio.client.get(f"/api/jobs/{job}").json().get("state", "done") in OVER for job in jobs[-50:]):
        time.sleep(0.05)


def queued(studio: Studio, count: int = 50) -> str:
    """What jobs leave behind that are queued and cancelled at random."""
    before = len(studio.processes())
    choice = random.Random(0)
    jobs = [studio.job(**{**SMALL, "steps": choice.choice([1, 20, 100_000])}) for _ in range(count)]
    for job in choice.sample(jobs, count):
        studio.wish(job, choice.choice(["cancel", "cancel", "stop"]))
        time.sleep(choice.random() / 20)
    wait(studio, jobs)
    works = studio.client.get("/api/works?limit=500").json()["works"]
    files = [path.name for path in studio.folder.iterdir() if path.is_file()]
    left = set(files) - {work["name"] for work in works}
    taken = list((studio.folder / ".studio" / "taken").iterdir())
    return f"{len(studio.processes()) - before} processes, {len(left) + len(taken)} files that are no works"


def memory(studio: Studio, count: int) -> list[tuple[int, int]]:
    """Megabytes after some of many jobs."""
    found = []
    for number in range(1, count + 1):
        wait(studio, [studio.job(**SMALL)])
        if number in (20, count // 2, count):
            found.append((number, studio.resident()))
    return found


def main() -> None:
    """Measures and prints the table."""
    parser = argparse.ArgumentParser(description=str(__doc__), formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--network", default="bundled", help="as for --model")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads(), help="threads of torch")
    parser.add_argument("--repeats", type=int, default=5, help="of what is timed")
    parser.add_argument("--steps", type=int, default=150, help="of the dream whose steps are timed")
    parser.add_argument("--jobs", type=int, default=200, help="after which memory is looked at")
    given = parser.parse_args()
    where, rows = machine(), []
    settings = {"size": 320, "octaves": 1, "steps": given.steps}

    def row(name: str, values: list[float], unit: str) -> None:
        rows.append([name, f"{median(values):.3g}", f"{min(values):.3g}", f"{max(values):.3g}", unit])
        print(rows[-1], file=sys.stderr)

    with tempfile.TemporaryDirectory() as place:
        starts = []
        for _ in range(given.repeats):
            with contextlib.closing(Studio(given.network, given.threads, Path(place))) as studio:
                starts.append(studio.ready)
        row("from the command to a page that can be used", starts, "s")
        with contextlib.closing(Studio(given.network, given.threads, Path(place))) as studio:
            time.sleep(2)  # somebody looks at the page
            row("from the click to the first preview", [first_preview(studio) for _ in range(given.repeats)], "s")
            row("from cancel to idle, at 320 px", [cancelling(studio) for _ in range(given.repeats)], "ms")
            turns = [
                (engine(given.network, given.threads, **settings), *told(studio, **settings))
                for _ in range(given.repeats)
            ]
            row("a step at 320 px, the engine alone", [alone for alone, _, _ in turns], "ms")
            row("a step at 320 px, in the studio", [inside for _, inside, _ in turns], "ms")
            row("slower", [100 * (inside / alone - 1) for alone, inside, _ in turns], "%")
            row("previews", [rate for _, _, rate in turns], "a second")
            moved = desk(studio, given.repeats)
            row("from a fader of the desk to the classes", moved["classes"], "ms")
            row("to the first step of the small dream", moved["first"], "ms")
            row("to each further step", moved["next"], "ms")
            left, grown = queued(studio), memory(studio, given.jobs)
    print(f"The studio with {given.network}, {given.threads} threads. {where}\n")
    print(table(["", "median", "least", "most", ""], rows))
    print(f"\n50 jobs queued and cancelled at random leave {left}.")
    print("In memory, MB after so many jobs: " + ", ".join(f"{number}: {count}" for number, count in grown))


if __name__ == "__main__":
    main()
