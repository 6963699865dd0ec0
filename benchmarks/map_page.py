"""How long the page of an image map makes one wait, in Chromium without a screen and without a GPU.

    python benchmarks/map_page.py --photos 10000

Needs a program `chromium`, or another one named by --browser. A page of drawn thumbnails is opened, and dragged,
zoomed, pointed at, searched and rearranged as a hand does; the time between two of its frames is what is printed.
"""

import argparse
import base64
import json
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from reverie.dataset.layout import centres, grid_shape, on_grid, sliced
from reverie.imagemap.map_page import MapPage
from reverie.imagemap.sprites import Sprites, SpriteSheets, thumbnail_side

FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars",
    "--remote-debugging-pipe",
]  # fmt: skip
WATCH = """
window.times = []; window.tasks = [];
new PerformanceObserver(list => list.getEntries().forEach(entry => tasks.push(entry.duration)))
    .observe({type: "longtask"});
let before = performance.now();
requestAnimationFrame(function tick(now) { times.push(now - before); before = now; requestAnimationFrame(tick); });
"""


class Page:
    """A page in a browser that is spoken to through two pipes."""

    def __init__(self, browser: str, profile: str, size: tuple[int, int]) -> None:
        heard, self.speaking = os.pipe()
        self.hearing, said = os.pipe()
        command = [browser, *FLAGS, f"--user-data-dir={profile}", f"--window-size={size[0]},{size[1]}", "about:blank"]
        self.process = subprocess.Popen(
            ["sh", "-c", f'exec "$@" 3<&{heard} 4>&{said} 2>/dev/null', "sh", *command], pass_fds=(heard, said)
        )
        os.close(heard)
        os.close(said)
        self.number, self.rest, self.session = 0, b"", None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self.call("Page.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Asks the browser, and waits for the answer."""
        self.number += 1
        asked = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            asked["sessionId"] = self.session
        os.write(self.speaking, json.dumps(asked).encode() + b"\0")
        while True:
            while b"\0" not in self.rest:
                self.rest += os.read(self.hearing, 1 << 20)
            text, _, self.rest = self.rest.partition(b"\0")
            answer = json.loads(text)
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise RuntimeError(answer["error"])
                return answer["result"]

    def value(self, expression: str) -> Any:
        """What an expression gives in the page."""
        return self.call("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")

    def mouse(self, kind: str, x: float, y: float, **more: Any) -> None:
        """One movement of the hand."""
        self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **more)

    def screenshot(self, path: Path) -> None:
        """What is seen."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        """Ends the browser."""
        self.session = None
        self.call("Browser.close")
        self.process.wait(10)


def drawn(count: int, seed: int = 0) -> MapPage:
    """A map of so many small drawn pictures of twelve classes."""
    random = np.random.default_rng(seed)
    kinds = random.integers(12, size=count)
    middles = random.normal(size=(12, 2)) * 3
    shape = grid_shape(count)
    places = on_grid(middles[kinds] + random.normal(size=(count, 2)) * 0.7, shape)
    cells = sliced(places, shape)
    side = thumbnail_side(count, 128)
    sheets, colours = SpriteSheets(Sprites(side)), random.integers(40, 230, (12, 3))
    for kind in kinds:
        small = np.clip(colours[kind] + random.integers(-60, 60, (8, 8, 3)), 0, 255).astype(np.uint8)
        sheets.add(np.kron(small, np.ones((side // 8, side // 8, 1), np.uint8)))
    near = (np.arange(count)[:, None] + np.arange(1, 13)) % count
    assert len(centres(cells, shape)) == count
    return MapPage(
        f"{count} drawn pictures", ["drawn for a benchmark"], [f"picture {index}.png" for index in range(count)],
        [f"class {kind}" for kind in kinds], places, cells, shape, near, sheets.sprites,
    )  # fmt: skip


def hands(page: Page, size: tuple[int, int]) -> dict[str, Any]:
    """What is done to the page, by name."""
    middle = (size[0] - 340) / 2, size[1] / 2

    def drag() -> None:
        page.mouse("mousePressed", *middle, button="left", clickCount=1)
        for step in range(60):
            page.mouse("mouseMoved", middle[0] + 3 * step, middle[1] + 2 * step, button="left", buttons=1)
            time.sleep(1 / 60)
        page.mouse("mouseReleased", middle[0] + 180, middle[1] + 120, button="left", clickCount=1)

    def wheel(amount: float) -> None:
        for _ in range(30):
            page.mouse("mouseWheel", *middle, deltaX=0, deltaY=amount)
            time.sleep(1 / 60)

    def point() -> None:
        for step in range(90):
            page.mouse("mouseMoved", 100 + 8 * step, 100 + 6 * step)
            time.sleep(1 / 60)

    def click(name: str) -> None:
        page.value(f"document.getElementById('{name}').click()")
        time.sleep(1.5)

    def search() -> None:
        for words in ("c", "cl", "cla", "class", "class 7"):
            page.value(f"find.value = '{words}'; find.dispatchEvent(new Event('input'))")
            time.sleep(0.3)
        page.value("find.value = ''; find.dispatchEvent(new Event('input'))")

    def lasso() -> None:
        page.mouse("mousePressed", 200, 200, button="left", clickCount=1, modifiers=8)
        for x, y in ((700, 200), (700, 600), (200, 600)):
            page.mouse("mouseMoved", x, y, button="left", buttons=1, modifiers=8)
            time.sleep(1 / 20)
        page.mouse("mouseReleased", 200, 600, button="left", clickCount=1, modifiers=8)
        time.sleep(1)
        page.value("document.getElementById('clear').click()")

    return {
        "drag, all in view": drag,
        "point, all in view": point,
        "zoom in": lambda: wheel(-60),
        "drag, zoomed in": drag,
        "point, zoomed in": point,
        "zoom out": lambda: wheel(60),
        "to the plane": lambda: click("plane"),
        "drag on the plane": drag,
        "colours": lambda: click("colours"),
        "search": search,
        "lasso": lasso,
    }


def main() -> None:
    """Prints a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=10_000)
    parser.add_argument("--page", type=Path, help="a page that `reverie map` wrote, in place of a drawn one")
    parser.add_argument("--browser", default="chromium")
    parser.add_argument("--screenshots", type=Path, help="a folder for what was seen")
    given = parser.parse_args()
    size = 1600, 900
    with tempfile.TemporaryDirectory() as folder:
        path = given.page or Path(folder, "map.html")
        if given.page is None:
            path.write_text(str(drawn(given.photos)), encoding="utf-8")
        page = Page(given.browser, f"{folder}/profile", size)
        screen = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
        page.call("Emulation.setDeviceMetricsOverride", **screen)
        began = time.perf_counter()
        page.call("Page.navigate", url=path.resolve().as_uri())
        while page.value("document.documentElement.dataset.ready") != "yes":
            time.sleep(0.05)
        print(f"{path.stat().st_size / 1e6:.1f} MB, open after {time.perf_counter() - began:.1f} s")
        time.sleep(1)
        page.value(WATCH)
        print(f"{'':20} {'frames':>7} {'median':>8} {'95 %':>8} {'worst':>8}   longest task of the script, ms")
        for name, hand in hands(page, size).items():
            page.value("times = []; tasks = []")
            hand()
            times, tasks = np.array(page.value("times")), page.value("tasks")
            middle, most, worst = np.median(times), np.percentile(times, 95), times.max()
            print(f"{name:20} {len(times):7} {middle:8.1f} {most:8.1f} {worst:8.1f}   {max(tasks, default=0):.0f}")
            if given.screenshots:
                given.screenshots.mkdir(exist_ok=True)
                page.screenshot(given.screenshots / f"{name.replace(', ', '-').replace(' ', '-')}.png")
        page.close()


if __name__ == "__main__":
    main()
