"""The site is built without a warning and without a connection; its links lead somewhere."""

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

pytest.importorskip("furo")
DOCS = Path(__file__).parents[2] / "docs"
ATLAS = "_static/bundled-atlas"  # an exported site
LARGEST = 400 * 1024  # bytes of one picture
ALL, ALL_ATLAS = 20 * 1024**2, 12 * 1024**2


class Page(HTMLParser):
    """What a page loads, where it leads, the places that others can lead to, and how many words it says itself."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.images: list[dict[str, str | None]] = []
        self.places: set[str] = set()
        self.words, self.inside = 0, False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.inside |= tag == "article"
        self.places |= {value for key, value in attrs if key == "id" and value}
        if tag == "a" and given.get("href"):
            self.links.append(given["href"])
        if tag == "img":
            self.images.append(given)
        if tag in ("script", "img", "iframe", "video", "source") and given.get("src"):
            self.loaded.append(given["src"])
        if tag == "link" and given.get("href") and given.get("rel") not in ("next", "prev", "canonical"):
            self.loaded.append(given["href"])

    def handle_endtag(self, tag):
        self.inside &= tag != "article"

    def handle_data(self, data):
        self.words += len(data.split()) if self.inside else 0


def built(folder: Path) -> Path:
    ran = subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "-W", "--keep-going", str(DOCS), str(folder)],
        capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return folder


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    return built(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="session")
def pages(site) -> dict[str, Page]:
    found = {path.relative_to(site).as_posix(): path for path in site.rglob("*.html") if "_static" not in path.parts}
    return {name: Page(path.read_text(encoding="utf-8")) for name, path in found.items()}


def test_no_picture_is_too_large():
    pictures = {path for path in DOCS.rglob("*") if path.suffix in (".jpg", ".png", ".webp")}
    sizes = {path.name: path.stat().st_size for path in pictures if not path.is_relative_to(DOCS / ATLAS)}
    assert not {name for name, size in sizes.items() if size > LARGEST}
    assert sum(sizes.values()) < ALL
    assert sum(path.stat().st_size for path in (DOCS / ATLAS).rglob("*")) < ALL_ATLAS


def test_every_picture_is_shown_somewhere():
    text = "".join(path.read_text() for path in [*DOCS.rglob("*.md"), DOCS.parent / "README.md"])
    assert not [path.name for path in (DOCS / "images").iterdir() if f"images/{path.name}" not in text]


def test_each_page_is_there_and_says_something(pages):
    sources = {path.relative_to(DOCS).with_suffix(".html").as_posix() for path in DOCS.rglob("*.md")}
    assert not {name for name in sources if name not in pages or pages[name].words < 50}


def test_nothing_is_loaded_from_elsewhere(pages):
    for name, page in pages.items():
        assert not [item for item in page.loaded if re.match(r"(https?:)?//", item)], name


def test_pictures_wait_until_they_are_seen(pages):
    for name, page in pages.items():
        assert not [item for item in page.images if item.get("loading") != "lazy"], name


def test_every_link_leads_somewhere(site, pages):
    lost = []
    for name, page in pages.items():
        for link in page.links:
            if re.match(r"[a-z]+:", link):
                continue
            path, place = urldefrag(unquote(link))
            target = (site / name).parent / path if path else site / name
            other = pages.get(os.path.relpath(target, site))
            if not target.exists() or (place and other and place not in other.places):
                lost.append(f"{name}: {link}")
    assert not lost


def test_every_command_and_public_name_is_in_the_reference(pages):
    import reverie
    from reverie.settings import commands

    assert {f"command-{name.replace(' ', '-')}" for name in commands().own} <= pages["reference/commands.html"].places
    anchors = pages["reference/python.html"].places
    ends = {place.rpartition(".")[2] for place in anchors} | {name for name, home in reverie._HOMES.items() if not home}
    assert set(reverie.__all__) <= ends


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not here")
def test_the_search_and_the_atlas_work_from_the_disk(site):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page()
        page.goto(f"{(site / 'search.html').as_uri()}?q=occlusion")
        page.wait_for_selector("#search-results li a[href^='explain.html']", timeout=20_000)
        page.goto((site / "atlas.html").as_uri())
        page.locator(f"a[href^='{ATLAS}']").first.click()
        page.wait_for_selector(".layers .strip a", timeout=20_000)  # the atlas' own page is drawn
        browser.close()
