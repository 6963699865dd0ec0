"""A studio that runs, for tests: its process, and a client that has been let in."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx

TESTS = Path(__file__).parents[1]
NETWORK = (
    f"import sys\nsys.path.insert(0, {str(TESTS)!r})\nfrom tiny import Tiny, seeded, CLASSES\n"
    "def tiny():\n    return seeded(Tiny)\ntiny.size = 48\ntiny.classes = list(CLASSES)\n"
)
LONG = 60.0  # seconds after which a test gives up


class Live:
    """A studio that runs, and a browser that has been let in."""

    def __init__(self, folder: Path, *words: str, ignored: bool = False) -> None:
        (folder / "nets.py").write_text(NETWORK)
        self.folder = folder / "my pictures"
        command = [sys.executable, "-m", "reverie", "studio", "-m", f"{folder / 'nets.py'}:tiny", "--threads", "1"]
        with (folder / "terminal.txt").open("w") as terminal:
            self.process = subprocess.Popen(
                [*command, "--folder", str(self.folder), "--no-browser", *words],
                stdout=subprocess.PIPE, stderr=terminal, text=True, cwd=folder,
                preexec_fn=(lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)) if ignored else None,
            )  # fmt: skip
        self.client = None
        try:
            self._enter()
        except BaseException:
            self.close()
            raise

    def entered_by(self) -> str:
        """The address that lets one more browser in, once."""
        return next(found[0] for line in self.process.stdout if (found := re.search(r"http://\S+", line)))

    def _enter(self) -> None:
        self.entry = self.entered_by()
        self.base = self.entry.partition("/?")[0]
        self.client = httpx.Client(base_url=self.base, timeout=LONG)
        self.client.get(self.entry)
        self.studio = self.until(lambda: self.get("/api/studio"), lambda found: found["ready"] or found["problem"])
        self.client.headers.update({"Origin": self.base, "X-Reverie-Token": self.studio["token"]})

    def get(self, path: str):
        return self.client.get(path).raise_for_status().json()

    def post(self, path: str, **body):
        answer = self.client.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def refused(self, path: str, **body) -> str:
        answer = self.client.post(path, json=body)
        assert 400 <= answer.status_code < 500, answer.text
        return answer.json()["error"]

    def job(self, kind: str = "dream", photo: str = "sample:flower", **settings) -> str:
        settings = {"size": 48, "octaves": 1, "steps": 2, "layers": ["block"], **settings}
        return self.post("/api/jobs", kind=kind, settings=settings, pictures={"photo": photo})["id"]

    def until(self, ask, there):
        end = time.monotonic() + LONG
        while not there(found := ask()):
            assert time.monotonic() < end, found
            time.sleep(0.02)
        return found

    def ended(self, job: str):
        return self.until(lambda: self.get(f"/api/jobs/{job}"), lambda found: found["state"] in OVER)

    def running(self, job: str):
        return self.until(lambda: self.get(f"/api/jobs/{job}"), lambda found: found["done"] > 0)

    def workers(self) -> list[int]:
        """Processes that this one has started, and that live."""
        found = Path(f"/proc/{self.process.pid}/task").glob("*/children")
        return [int(number) for path in found for number in path.read_text().split()]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        if self.client is not None:
            self.client.close()


OVER = ("done", "stopped", "cancelled", "failed")


def events(live: Live, after: int = 0):
    """(id, name, data) of each event, without an end."""
    with live.client.stream("GET", "/api/events", headers={"Last-Event-ID": str(after)}) as stream:
        found: dict[str, str] = {}
        for line in stream.iter_lines():
            name, _, value = line.partition(": ")
            found[name] = value
            if not line and "data" in found:
                yield int(found["id"]), found["event"], json.loads(found["data"])
                found = {}


def alive(number: int) -> bool:
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
