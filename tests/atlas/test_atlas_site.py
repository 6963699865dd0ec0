"""The site of an atlas: ordinary files whose names, numbers and pictures are those of the atlas, and nothing else."""

import contextlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from browser import complaints, violations
from reverie.atlas.building import BuildRun
from reverie.atlas.site.atlas_contents import AtlasContents
from reverie.atlas.site.contents import (
    CellEntry,
    GridEntry,
    Kind,
    Layer,
    Link,
    Measure,
    Patch,
    Picture,
    SiteHistogram,
    UnitEntry,
)
from reverie.atlas.site.folder import MARK
from reverie.atlas.site.publishing import PAGES, SiteRun
from reverie.atlas.site.scripts import quoted, short
from reverie.atlas.site.tiles import encoding, tile
from reverie.cli.app import app
from reverie.errors import AtlasRefused, OutputFailed
from reverie.image import to_pil
from reverie.runs import finished
from reverie.settings.atlas import Build
from tiny import picture

MARKUP = "</script><img src=x onerror=document.title='broken'>"
CLASSES = [MARKUP, "tabby, tabby cat", "it's \\ \u2028 {{ x }}", "<b>bold</b>"]
UNITS, DEAD = 70, 3


def webp(colour: tuple[int, int, int], size: tuple[int, int] = (24, 24)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "WEBP", lossless=True)
    return buffer.getvalue()


def colour(layer: int, unit: int, view: int) -> tuple[int, int, int]:
    return 3 * unit, 40 + 80 * layer, 30 * view


def made(view: str, layer: int, unit: int) -> Picture:
    return Picture(view, webp(colour(layer, unit, VIEWS.index(view))), 1.5, 0)


WIDE, VIEWS = webp((0, 0, 200), (8, 4)), ("max", "min")
CELLS, FIRED = ((0, 0), (0, 2), (1, 1), (2, 2)), (0.25, 0.3125, 0.5, 0.25)


class Strange:
    """Two layers of a stranger's network, each unit's picture of a colour of its own."""

    title, side = MARKUP, 24
    facts = (("photos", MARKUP),)
    recipes = ({"recipe": "feature", "arguments": {"size": 24, "note": MARKUP}},)
    measures = (Measure("reach", "reach", "How far.", True, (0, 1), 0.3), Measure("best", "best photo"))
    views = (Kind("max", "maximum activation", "Made."), Kind("min", "minimum activation"))
    patches = ((Kind("max", "Real patches"), 2), (Kind("random", "By chance"), 1))
    layers = (
        Layer("block<0>/a", "Block", UNITS, 96, (12, 12), (7, 9)),
        Layer("logits", "Linear", 4, 4),
    )

    def entries(self, layer: str) -> Iterator[UnitEntry]:
        number = [item.name for item in self.layers].index(layer)
        for unit in range(self.layers[number].units):
            dead = number == 0 and unit == DEAD
            yield UnitEntry(
                unit,
                CLASSES[unit] if number else "",
                dead,
                {"best": float(unit % 7), **({} if unit % 2 else {"reach": unit / 100})},
                {"best": (0.25, 1.5)},
                [] if dead else [made(view, number, unit) for view in VIEWS],
                [Patch("max", WIDE, 2.0, f"cats/{MARKUP}.png", FIRED), Patch("random", webp((0, 9, 0)), 0.5, "b.png")],
                SiteHistogram(-1, 3, [0.5, 1, 0.0, 0.25], (("best photo", 2.5),)),
                [(CLASSES[(unit + rank) % 4], 2.0 - rank, 5) for rank in range(2)],
                [(CLASSES[0], 0.75)],
                [Link("block<0>/a:2", 0.5, MARKUP), Link("inside:1", -0.25)],
                [Link("logits:1", -0.5)],
                [Link("block<0>/a:5", 0.9)],
                [MARKUP],
            )  # fmt: skip

    def grid(self, layer: str) -> GridEntry | None:
        if layer == "logits":
            return None
        cells = [
            CellEntry(row, column, 5 + row, webp((80 * row, 80 * column, 9)), ((MARKUP, 0.5), (CLASSES[1], 0.25)),
                      [(WIDE, f"cats/{MARKUP}.png")] * (2 - row))
            for row, column in CELLS
        ]  # fmt: skip
        return GridEntry(3, 3, 24, MARKUP, cells)


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("sites") / "site"
    made = finished(SiteRun(Strange(), place, encoding("webp", 100)))
    assert len(made) == UNITS + 4
    return place


def read(site: Path, name: str):
    """A script's data, read as a browser reads it."""
    text = (site / "data" / f"{name}.js").read_text(encoding="utf-8")
    found = re.fullmatch(r"atlas\.put\('([^'\n]*)','([^'\n]*)'\);\n", text)
    assert found, text[:80]
    named, data = (json.loads(json.loads('"' + part.replace('"', '\\"') + '"')) for part in found.groups())
    assert named == f"data/{name}"
    return data


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as sheet:
        return np.asarray(sheet.convert("RGBA")).astype(int)


def test_the_files_of_a_site_hold_the_atlas(site):
    network = read(site, "network")
    assert [(layer["name"], layer["units"], layer["dead"]) for layer in network["layers"]] == [
        ("block<0>/a", UNITS, 1),
        ("logits", 4, 0),
    ]
    assert network["layers"][0]["sees"] == [7, 9]
    assert network["title"] == MARKUP
    first, second = read(site, "0/units-0"), read(site, "0/units-1")
    assert [item["unit"] for item in (*first["units"], *second["units"])] == list(range(UNITS))
    unit = first["units"][12]
    assert unit["numbers"] == {"best": 5, "reach": 0.12}
    assert unit["intervals"] == {"best": [0.25, 1.5]}
    assert unit["views"] == [[0, 1.5, 0], [1, 1.5, 0]]
    patches = {kind: [[value, first["texts"][photo], *more] for value, photo, *more in unit["patches"][kind]]
               for kind in ("max", "random")}  # fmt: skip
    assert patches == {
        "max": [[2, f"cats/{MARKUP}.png", [25, 31, 50, 25]]],
        "random": [[0.5, "b.png"]],
    }
    assert [unit["feeds"][0][:2], unit["feeds"][1]] == [["block<0>/a:2", 0.5], ["inside:1", -0.25]]
    assert first["texts"][unit["feeds"][0][2]] == MARKUP
    assert read(site, "0/by-1") == [unit % 7 for unit in range(UNITS)]
    assert read(site, "0/by-0")[:3] == [0, None, 0.02]
    assert read(site, "0/layer") == {"units": UNITS, "dead": [DEAD], "bare": [DEAD], "labels": None}
    assert read(site, "recipes")[0]["arguments"]["note"] == MARKUP


def test_every_class_knows_its_unit_and_those_that_it_fires(site):
    classes = read(site, "classes")
    for number, name in enumerate(classes["names"]):
        assert classes["own"][number] == [1, CLASSES.index(name)]
        firing, taken = read(site, "class-0")[number]
        first = [unit for layer, unit, value, rank in firing if layer == 0 and rank == 0]
        assert first == [unit for unit in range(UNITS) if CLASSES[unit % 4] == name]
        assert len(taken) == (UNITS + 4) * (name == CLASSES[0])
        assert classes["counts"][number] == len({(layer, unit) for layer, unit, _, _ in (*firing, *taken)})


def test_sheets_show_each_unit_at_its_place(site):
    small, large = (
        pixels(site / "data/0/s32-0.webp"),
        [pixels(site / f"data/0/s128-{number}.webp") for number in (0, 1)],
    )
    views = [pixels(site / f"data/0/views-{number}.webp") for number in range(9)]
    assert small.shape[:2] == (3 * 24, 32 * 24)  # no tile is larger than its picture
    assert [sheet.shape[:2] for sheet in large] == [(8 * 24, 8 * 24), (24, 8 * 24)]
    assert views[0].shape[:2] == (8 * 24, 24)
    assert views[8].shape[:2] == (6 * 24, 24)
    for unit in (0, 1, 31, 32, 63, 64, 69):
        seen = [
            small[unit // 32 * 24 + 12, unit % 32 * 24 + 12],
            large[unit // 64][unit % 64 // 8 * 24 + 12, unit % 8 * 24 + 12],
        ]
        for found in seen:
            assert found[:3] == pytest.approx(colour(0, unit, 0), abs=12)
        assert views[unit // 8][unit % 8 * 24 + 12, 12][:3] == pytest.approx(colour(0, unit, 1), abs=12)
    assert small[12, DEAD * 24 + 12, 3] == 0
    patches = pixels(site / "data/0/patches-0.webp")
    assert patches.shape[:2] == (8 * 64, 3 * 64)
    assert (patches[2, 32, 3], patches[32, 32, 3], patches[32, 96, 3], patches[32, 160, 3]) == (0, 255, 0, 255)


def test_an_activation_atlas_lies_beside_its_layers_units(site):
    grid = read(site, "0/grid")
    assert [layer["grid"] for layer in read(site, "network")["layers"]] == [True, False]
    assert (grid["height"], grid["width"], grid["most"], grid["about"]) == (3, 3, 2, MARKUP)
    assert [tuple(cell[:3]) for cell in grid["cells"]] == [(row, column, 5 + row) for row, column in CELLS]
    classes = [(grid["classes"][name], value) for name, value in grid["cells"][0][3]]
    assert classes == [(MARKUP, 0.5), (CLASSES[1], 0.25)]
    assert [[grid["photos"][name] for name in cell[4]] for cell in grid["cells"]] == [
        [f"cats/{MARKUP}.png"] * number for number in (2, 2, 1, 0)
    ]
    cells, pieces = pixels(site / "data/0/cells-0.webp"), pixels(site / "data/0/pieces-0.webp")
    assert cells.shape[:2] == (24, 16 * 24)
    assert pieces.shape[:2] == (4 * 64, 2 * 64)
    for number, (row, column) in enumerate(CELLS):
        assert cells[12, number * 24 + 12][:3] == pytest.approx((80 * row, 80 * column, 9), abs=12)
    assert [pieces[2 * 64 + 32, place * 64 + 32, 3] for place in range(2)] == [255, 0]
    assert not (site / "data/1/grid.js").exists()


def test_units_that_stand_for_a_layer_are_living_and_evenly_spread(site):
    front = read(site, "network")["layers"][0]["front"]
    assert front == [0, 6, 12, 18, 24, 30, 35, 41, 47, 53, 59, 65]
    assert pixels(site / "data/front-0.webp")[36, 72 * 2 + 36][:3] == pytest.approx(colour(0, 12, 0), abs=12)


def test_no_text_of_a_stranger_is_markup_or_ends_a_script(site):
    for path in site.rglob("*.js"):
        if path.parent.name != "pages":
            text = path.read_text(encoding="utf-8")
            assert not re.findall(r"[<>&\u2028\u2029]", text), path
            assert text.count("'") == 4
    assert MARKUP not in (site / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("text", ["'", "\\", "\\'", '"', "</script>", "\u2028", "\n", "\\u0027", "é\x00"])
def test_a_quoted_text_comes_back(text):
    body = quoted(text)[1:-1]
    assert "'" not in body
    assert json.loads(json.loads('"' + body.replace('"', '\\"') + '"')) == text


def test_pages_ask_for_nothing_from_elsewhere_and_write_no_markup():
    for item in PAGES.iterdir():
        text = item.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.findall(r"https?:|//\w+\.\w|@import|fetch\(|XMLHttp|WebSocket|sendBeacon|import\(", text), (
            item.name
        )
        assert not re.findall(
            r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(|javascript:|srcdoc", text
        ), item.name
        assert not re.findall(r"<script>|<style|style=|onclick=", text), item.name
    page = PAGES.joinpath("index.html").read_text(encoding="utf-8")
    for name in re.findall(r'(?:src|href)="([^"#]+)"', page):
        assert PAGES.joinpath(name.removeprefix("pages/")).is_file()
    policy = re.search(r'content="(default-src[^"]+)"', page)[1]
    assert policy.startswith("default-src 'none'")
    assert "unsafe" not in policy


def test_a_site_stands_whole_or_not_at_all(tmp_path):
    events = SiteRun(Strange(), tmp_path / "site", encoding("webp")).events()
    next(events)
    events.close()
    assert not list(tmp_path.iterdir())


def test_a_damaged_picture_is_refused_in_a_sentence(tmp_path):
    class Damaged(Strange):
        def entries(self, layer):
            return iter([UnitEntry(0, pictures=[Picture("max", b"RIFF no picture")])])

    with pytest.raises(AtlasRefused, match=r"a picture of block<0>/a:0 is damaged"):
        finished(SiteRun(Damaged(), tmp_path / "site", encoding("webp")))
    assert not list(tmp_path.iterdir())


def test_numbers_are_short_and_finite():
    assert [short(value) for value in (1.23456, 12345678.0, float("nan"), float("inf"), None, 2.0)] == [
        1.235,
        12350000,
        None,
        None,
        None,
        2,
    ]


def test_a_patch_much_enlarged_shows_its_pixels():
    small = Image.fromarray(np.array([[[0, 0, 0], [255, 255, 255]]] * 2, np.uint8))
    assert set(np.unique(tile(small, 64, real=True)[..., 0])) == {0, 255}
    assert len(np.unique(tile(small, 64)[..., 0])) > 2


@pytest.fixture(scope="module")
def built(model, tmp_path_factory):
    place = tmp_path_factory.mktemp("built")
    for number in range(8):
        path = place / "photos" / ("even", "odd")[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        to_pil(picture(number, 3, 40, 56)).save(path)
    asked = Build.made(
        layers=("mix", "logits"), size=24, steps=1, batch=8, diversity=2, workers=0, photos=place / "photos"
    )
    return finished(BuildRun(model, asked, place / "tiny.atlas"))


def test_a_site_shows_what_the_atlas_file_holds(built, tmp_path):
    contents = AtlasContents(built)
    assert [(layer.name, layer.units) for layer in contents.layers] == [("mix", 12), ("logits", 5)]
    assert [kind.key for kind in contents.views] == ["max", "min", "diverse-1", "diverse-2"]
    assert {measure.key for measure in contents.measures} >= {"best", "firing", "percentile"}
    entries = list(contents.entries("mix"))
    for entry in entries:
        assert [item.file for item in entry.pictures] == [item.image for item in built.pictures("mix", entry.channel)]
        best = built.statistics("mix", entry.channel)[0].best
        assert entry.numbers["best"] == best
        assert entry.dead == bool(built.units("mix")[entry.channel].dead)
        assert ("best photo", best) in entry.histogram.marks
        assert [patch.value for patch in entry.patches] == [item.value for item in built.patches("mix", entry.channel)]
        assert {name for name, *_ in entry.classes} == {"even", "odd"}
    assert [entry.label for entry in contents.entries("logits")] == [
        "tiger cat, tabby",
        "tiger",
        "owl",
        "beetle",
        "owl",
    ]
    made = CliRunner().invoke(app, ["atlas", "export", str(built.path), "-o", str(tmp_path / "site"), "-q"])
    assert made.exit_code == 0, made.output
    recipe = read(tmp_path / "site", "recipes")[read(tmp_path / "site", "0/units-0")["units"][0]["views"][1][2]]
    assert recipe["arguments"]["negative"] is True


def test_only_a_sites_own_folder_is_replaced(built, tmp_path):
    def export(*words):
        made = CliRunner().invoke(
            app, ["atlas", "export", str(built.path), "-o", str(tmp_path / "there"), "-q", *words]
        )
        return made.exit_code, made.output

    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "mine.txt").write_text("kept", encoding="utf-8")
    code, said = export("--force")
    assert code == 2
    assert "is no site of an atlas" in said.replace("\n", " ")
    assert (tmp_path / "there" / "mine.txt").is_file()
    (tmp_path / "there" / MARK).touch()
    assert export()[0] == 2
    assert export("--force")[0] == 0
    assert not (tmp_path / "there" / "mine.txt").exists()
    code, said = CliRunner().invoke(app, ["atlas", "export", str(built.path), "--format", "gif"]).exit_code, None
    assert code == 2


def test_no_folder_to_put_it_in_is_told(tmp_path):
    from reverie.atlas.site.folder import check_folder

    with pytest.raises(OutputFailed, match="there is no folder"):
        check_folder(tmp_path / "none" / "site", force=False)


PAGES_SHOWN = {
    "network": "#/",
    "found": "#/?q=tabby",
    "layer": "#/block%3C0%3E%2Fa",
    "sorted": "#/block%3C0%3E%2Fa?sort=-best&live=1&px=96",
    "unit": "#/block%3C0%3E%2Fa:12",
    "grid": "#/block%3C0%3E%2Fa?grid=1,1",
    "dead": "#/block%3C0%3E%2Fa:3",
    "pair": "#/block%3C0%3E%2Fa:12/logits:1",
    "class": "#/class/tabby,+tabby+cat",
    "classes": "#/class/",
    "nowhere": "#/block9:12",
}


def opened(chromium, site: Path, address: str, width: int = 1400, scheme: str = "light"):
    """The page at an address, once it is drawn, and what it complained of."""
    page = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    heard = complaints(page)
    page.goto(f"{(site / 'index.html').as_uri()}{address}")
    settled(page, address)
    return page, heard


def settled(page, address: str) -> None:
    page.wait_for_function("address => document.documentElement.dataset.ready === address", arg=address)


@pytest.mark.parametrize("kind", PAGES_SHOWN)
def test_every_page_is_drawn_without_a_complaint_and_passes_axe(chromium, site, kind):
    page, heard = opened(chromium, site, PAGES_SHOWN[kind])
    assert heard == []
    assert violations(page) == []
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 800})
    page.reload()
    settled(page, PAGES_SHOWN[kind])
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.title() != "broken"
    assert page.locator("main img, main script").count() == 0
    page.close()


def test_texts_of_a_stranger_show_as_texts(chromium, site):
    page, _ = opened(chromium, site, PAGES_SHOWN["unit"])
    assert page.locator("#crumbs a").first.text_content() == MARKUP
    assert page.locator(".notes p").text_content() == MARKUP
    assert MARKUP in page.locator(".bars a").all_text_contents()
    assert page.locator(".facts .mark").get_attribute("aria-label") == "1 of 5, be wary"  # reach is 0.12 of 1
    page.locator("summary", has_text="Records").click()
    page.wait_for_selector("pre")
    record = json.loads(page.locator("pre").first.text_content())
    assert record["arguments"] == {"note": MARKUP, "size": 24, "units": ["block<0>/a:12"]}
    page.close()


def test_a_frame_shows_where_in_a_patch_a_unit_fired(chromium, site):
    page, _ = opened(chromium, site, PAGES_SHOWN["unit"])
    assert page.locator(".fired").count() == 1
    inner, outer = (page.locator(css).first.bounding_box() for css in (".fired", ".first .picture"))
    for side, share, of in (("x", 0.25, "width"), ("y", 0.3125, "height")):
        assert inner[side] - outer[side] == pytest.approx(share * outer[of], abs=1)
    assert (inner["width"], inner["height"]) == pytest.approx((0.5 * outer["width"], 0.25 * outer["height"]), abs=1)
    page.close()


def test_cells_are_gone_through_by_keys_and_linked(chromium, site):
    page, heard = opened(chromium, site, "#/block%3C0%3E%2Fa")
    page.locator("nav a", has_text="Activation atlas").click()
    settled(page, "#/block%3C0%3E%2Fa?grid=all")
    chosen = page.locator(".chosen")
    assert chosen.locator("h2").first.text_content() == "Row 2, column 2"  # the middle
    page.locator(".seen button").first.click()
    assert page.url.endswith("?grid=0,0")
    assert chosen.locator(".bars li > :first-child").all_text_contents() == [MARKUP, CLASSES[1]]
    pieces = chosen.locator(".cells figure")
    assert pieces.evaluate_all("nodes => nodes.map(node => node.title)") == [f"cats/{MARKUP}.png"] * 2
    page.keyboard.press("ArrowRight")  # over an empty cell
    assert page.url.endswith("?grid=0,2")
    page.keyboard.press("ArrowDown")
    assert page.url.endswith("?grid=2,2")
    assert page.locator(".seen button[aria-pressed=true]").get_attribute("aria-label").startswith("Row 3, column 3")
    page.keyboard.press("ArrowLeft")  # nothing there
    assert page.url.endswith("?grid=2,2")
    page.locator("nav a", has_text="Units").click()
    settled(page, "#/block%3C0%3E%2Fa")
    assert page.locator(".wall").count() == 1
    assert heard == []
    page.close()


def test_every_link_leads_to_a_page(chromium, site):
    page, _ = opened(chromium, site, "#/")
    seen = set()
    for address in (PAGES_SHOWN[name] for name in ("network", "layer", "unit", "pair", "class", "classes")):
        page.evaluate("address => { location.hash = address }", address)
        settled(page, address)
        seen |= set(
            page.locator("a[href^='#']:not(.skip)").evaluate_all(
                "nodes => nodes.map(node => node.getAttribute('href'))"
            )
        )
    assert len(seen) > 60
    assert page.evaluate("list => list.filter(text => atlas.parsed(text).page === 'nowhere')", sorted(seen)) == []
    others = page.locator("a").evaluate_all(
        "nodes => nodes.map(node => node.protocol).filter(text => text !== 'file:')"
    )
    assert others == []
    page.close()


def test_the_keys_walk_the_list_in_view(chromium, site):
    page, heard = opened(chromium, site, "#/block%3C0%3E%2Fa?sort=-best&live=1")
    cells = page.locator(".wall .row:not([hidden]) a:not([hidden])")
    order = cells.evaluate_all("nodes => nodes.map(node => node.ariaLabel)")
    wanted = sorted((unit for unit in range(UNITS) if unit != DEAD), key=lambda unit: (-(unit % 7), unit))
    assert order == [f"block<0>/a:{unit}" for unit in wanted]
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    base = "#/block%3C0%3E%2Fa:{}?sort=-best&live=1"
    settled(page, base.format(wanted[0]))
    page.keyboard.press("j")
    settled(page, base.format(wanted[1]))
    assert "2 of 69" in page.locator(".steps .count").text_content()
    page.keyboard.press("p")
    settled(page, f"#/block%3C0%3E%2Fa:{wanted[1]}/block%3C0%3E%2Fa:{wanted[2]}?sort=-best&live=1")
    page.keyboard.press("p")
    settled(page, base.format(wanted[2]))
    page.keyboard.press("d")
    settled(page, "#/logits:3?sort=-best&live=1")
    page.keyboard.press("u")
    settled(page, "#/block%3C0%3E%2Fa:3?sort=-best&live=1")
    page.keyboard.press("d")
    settled(page, "#/logits:3?sort=-best&live=1")
    page.keyboard.press("w")
    settled(page, "#/logits?sort=-best&live=1")
    page.keyboard.press("/")
    page.keyboard.type("bold")
    settled(page, "#/logits?q=bold&sort=-best&live=1")
    assert set(cells.evaluate_all("nodes => nodes.map(node => node.ariaLabel)")) == {"logits:2", "logits:3"}
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.locator("#keys button").click()
    assert not page.locator("#keys").is_visible()
    assert heard == []
    page.close()


def test_words_find_channels_classes_and_photos(chromium, site):
    page, _ = opened(chromium, site, "#/")
    wanted = {
        "12-14": [12, 13, 14], "block<0>/a:5": [5], "CATS/": list(range(UNITS)), "zebra": [],
        "tabby": [unit for unit in range(UNITS) if unit % 4 < 2], "tabby 4": [4], "tabby 3": [],
    }  # fmt: skip
    found = page.evaluate("words => Promise.all(words.map(q => atlas.order(0, { q })))", list(wanted))
    assert dict(zip(wanted, found, strict=True)) == wanted
    page.close()


def test_a_missing_file_is_told_in_a_sentence(chromium, site, tmp_path):
    import shutil

    shutil.copytree(site, tmp_path / "broken")
    (tmp_path / "broken/data/0/units-0.js").unlink()
    page, _ = opened(chromium, tmp_path / "broken", PAGES_SHOWN["unit"])
    assert "data/0/units-0.js of this atlas is missing or damaged" in page.locator("main").text_content()
    page.close()


def test_the_run_can_be_left_at_every_event(tmp_path):
    for number in range(2):
        with contextlib.closing(SiteRun(Strange(), tmp_path / "site", encoding("webp")).events()) as events:
            for _ in range(number):
                next(events)
        assert not list(tmp_path.iterdir())
