"""How long the site of an atlas makes one wait, in headless Chromium without a GPU, from the disk.

    python benchmarks/site.py

Sites of drawn pictures are made of one small site whose files are copied under other names, so that the browser loads
and decodes each of them as if it were another one. What is told: the time until the first page stands with its
pictures, the bytes that it and the first wall need, and the time between two frames while walls are scrolled.
"""

import argparse
import json
import re
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from drawn_atlas import DrawnAtlas
from reverie.atlas.site.publishing import SiteRun
from reverie.atlas.site.scripts import write_script
from reverie.atlas.site.tiles import encoding
from reverie.runs import finished

BASE = 1024  # units that are really drawn
WATCH = """
window.times = []; let before = performance.now();
requestAnimationFrame(function tick(now) { times.push(now - before); before = now; requestAnimationFrame(tick); });
"""
SEEN = """() => {
  const shown = [...document.querySelectorAll('.wall .row:not([hidden]) a:not([hidden]), .strip .picture')];
  const near = shown.map(node => [node, node.getBoundingClientRect()]);
  const inside = near.filter(([, box]) => box.bottom > 0 && box.top < innerHeight).map(([node]) => node);
  const sheets = new Set(inside.map(node => node.style.backgroundImage.slice(5, -2)));
  for (const name of sheets) {
    window.looked ??= new Map();
    if (!looked.has(name)) {
      const image = new Image();
      image.src = name;
      looked.set(name, image);
    }
  }
  return inside.length > 0 && [...sheets].every(name => looked.get(name).complete);
}"""
UNIT = """() => document.querySelectorAll('.picture').length > 20"""


def data_of(site: Path, name: str) -> Any:
    """What a script hands over."""
    text = (site / f"{name}.js").read_text(encoding="utf-8")
    body = re.fullmatch(r"atlas\.put\('[^']*','([^']*)'\);\n", text)[1]
    return json.loads(json.loads('"' + body.replace('"', '\\"') + '"'))


def multiplied(base: Path, place: Path, layers: list[int]) -> Path:
    """A site of so many units in each layer, made of the files of one layer of BASE units."""
    shutil.copytree(base, place, ignore=shutil.ignore_patterns("data"))
    network, about = data_of(base, "data/network"), data_of(base, "data/0/layer")
    search = data_of(base, "data/0/search")
    network["layers"] = [
        {**network["layers"][0], "name": f"block{number}", "units": units, "channels": units, "shape": [112 >> number // 3] * 2}  # noqa: E501
        for number, units in enumerate(layers)
    ]
    write_script(place, "data/network", network)
    for name in ("classes", "recipes"):
        shutil.copy(base / f"data/{name}.js", place / f"data/{name}.js")
    for number in range(-(-len(layers) // 8)):
        write_front(base, place, number, min(8, len(layers) - 8 * number))
    for number, units in enumerate(layers):
        times = -(-units // BASE)
        dead = [one + BASE * again for again in range(times) for one in about["dead"] if one + BASE * again < units]
        write_script(place, f"data/{number}/layer", {**about, "units": units, "dead": dead})
        several = {name: (search[name] * times)[:units] for name in ("shown", "classes")}
        write_script(place, f"data/{number}/search", {**search, **several})
        for measure in range(len(network["measures"])):
            column = (data_of(base, f"data/0/by-{measure}") * times)[:units]
            write_script(place, f"data/{number}/by-{measure}", column)
        for kind, each in (("s32", 1024), ("s128", 64), ("views", 8), ("patches", 8)):
            for sheet in range(-(-units // each)):
                source = base / f"data/0/{kind}-{sheet % (BASE // each)}.webp"
                if source.is_file():
                    shutil.copy(source, place / f"data/{number}/{kind}-{sheet}.webp")
        for shard in range(-(-units // 64)):
            text = (base / f"data/0/units-{shard % (BASE // 64)}.js").read_text(encoding="utf-8")
            named = re.sub(r'data/0/units-\d+', f"data/{number}/units-{shard}", text, count=1)
            (place / f"data/{number}/units-{shard}.js").write_text(named, encoding="utf-8")
    return place


def write_front(base: Path, place: Path, number: int, rows: int) -> None:
    """The pictures in front of some layers: the first large sheet's, made smaller."""
    with Image.open(base / "data/0/s128-0.webp") as sheet:
        corners = [(128 * (number % 8), 128 * (number // 8)) for number in range(64)]
        tiles = [sheet.crop((left, top, left + 128, top + 128)) for left, top in corners]
    page = Image.new("RGB", (12 * 72, rows * 72))
    for at in range(12 * rows):
        page.paste(tiles[at % 64].convert("RGB").resize((72, 72)), (at % 12 * 72, at // 12 * 72))
    page.save(place / f"data/front-{number}.webp", quality=70, method=4)


def weight(site: Path, addresses: set[str], but: str = "/s128-") -> int:
    """The bytes of the files that a page has asked for, but for those that sharpen a wall that is there already."""
    files = [site / address.rpartition("/site/")[2].partition("#")[0] for address in addresses if but not in address]
    return sum(file.stat().st_size for file in files if file.is_file())


def opened(browser: Any, site: Path, address: str, seen: str = SEEN) -> tuple[Any, float, int]:
    """A page, how many seconds passed until its pictures stood, and the bytes that it had loaded by then."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    asked: set[str] = set()
    page.on("request", lambda request: asked.add(request.url))
    began = time.perf_counter()
    page.goto(f"{(site / 'index.html').as_uri()}{address}", wait_until="commit")
    page.wait_for_function("() => document.documentElement.dataset.ready")
    page.wait_for_function(seen, polling="raf")
    return page, time.perf_counter() - began, weight(site, asked)


def scrolled(page: Any, wheel: int) -> np.ndarray:
    """The times between frames, in milliseconds, while a wheel is turned 120 times."""
    page.evaluate(WATCH)
    page.mouse.move(700, 500)
    for _ in range(120):
        page.mouse.wheel(0, wheel)
        page.wait_for_timeout(16)
    return np.array(page.evaluate("times"))[1:]


def main() -> None:
    """Prints what was measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--browser", default=shutil.which("chromium"))
    given = parser.parse_args()
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        whole, base = Path(folder, "whole", "site"), Path(folder, "base")
        whole.parent.mkdir()
        made = finished(SiteRun(DrawnAtlas([64, 64]), whole, encoding("webp")))
        print(f"{made.size / made.units / 1000:.1f} kB a unit with six views and 21 patches: {sizes(whole, 64)}")
        finished(SiteRun(DrawnAtlas([BASE], whole=False), base, encoding("webp")))
        browser = playwright.chromium.launch(executable_path=given.browser, args=["--no-sandbox", "--disable-gpu"])
        page, seconds, size = opened(browser, whole, "#/block0:12", UNIT)
        print(f"a unit's page: {seconds:.2f} s, {size / 1e6:.2f} MB")
        page.close()
        sites = {
            "10,000 units": [96, 160, 256, 384, 512, 640, 768, 896, 1024, 1264, 2000, 2000],
            "100,000 units": [100_000],
        }
        for title, layers in sites.items():
            site = multiplied(base, Path(folder, title.replace(",", "").replace(" ", "-"), "site"), layers)
            print(title)
            for name, address in {"first page": "#/", "a wall": f"#/block{len(layers) - 1}"}.items():
                page, seconds, size = opened(browser, site, address)
                print(f"  {name}: {seconds:.2f} s, {size / 1e6:.2f} MB")
                page.close()
            for side, order in ((32, ""), (64, ""), (128, ""), (32, "&sort=-best"), (64, "&sort=-best")):
                page, seconds, _ = opened(browser, site, f"#/block{len(layers) - 1}?px={side}{order}")
                for wheel in (120, 2400):
                    times = scrolled(page, wheel)
                    middle, most, worst = np.median(times), np.percentile(times, 95), times.max()
                    told = f"median {middle:.1f} ms, 95 % {most:.1f}, worst {worst:.0f}"
                    print(f"  {side} px{', sorted' if order else ''}, {wheel} px a turn: {len(times)} frames, {told}")
                page.close()
        browser.close()


def sizes(site: Path, units: int) -> str:
    """Kilobytes of each kind of files for each unit."""
    found: dict[str, int] = {}
    for path in (site / "data" / "0").iterdir():
        kind = path.stem.rpartition("-")[0] or path.stem
        found[kind] = found.get(kind, 0) + path.stat().st_size
    return ", ".join(f"{kind} {size / units / 1000:.2f}" for kind, size in sorted(found.items()))


if __name__ == "__main__":
    main()
