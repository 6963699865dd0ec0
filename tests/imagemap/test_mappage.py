import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from reverie.imagemap.map_page import MapPage
from reverie.imagemap.sprites import Sprites

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
NAMES = ["<img src=x onerror=document.title='broken'>.png", "</script><script>document.title='broken'</script>",
         "a & b \"c\" 'd'.png", "<!-- <script>", "{{ title }}.png"]  # fmt: skip
CLASSES = ["<b>bold</b>", "</script>", None, "plain", "plain"]


@pytest.fixture
def page():
    sprites = Sprites(64).adding([np.full((64, 64, 3), 40 * index, np.uint8) for index in range(5)])
    places = np.array([[0.5, 0.5], [2.5, 0.5], [1.5, 1.5], [0.7, 0.6], [2, 1]])
    near = np.array([[3, 2], [4, 2], [4, 3], [0, 2], [1, 2]])
    about = ["5 photos", "<i>not</i> slanted"]
    return MapPage("<map>", about, NAMES, CLASSES, places, np.array([0, 2, 4, 3, 5]), (2, 3), near, sprites, 1)


def test_the_data_come_back_and_no_name_is_markup(page):
    text = str(page)
    assert len(re.findall(r"<script", text)) == len(re.findall(r"</script", text)) == 2
    assert "<img" not in text
    assert "<b>" not in text
    assert "<title>&lt;map&gt;</title>" in text
    assert "<p>&lt;i&gt;not&lt;/i&gt; slanted</p>" in text
    data = json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])
    assert data["names"] == NAMES
    assert data["classes"] == ["</script>", "<b>bold</b>", "plain"]
    assert data["kinds"] == [1, 0, -1, 2, 2]
    assert data["places"][:4] == [0.5, 0.5, 2.5, 0.5]
    assert (data["cells"], data["rows"], data["columns"], data["fresh"]) == ([0, 2, 4, 3, 5], 2, 3, 1)
    assert data["neighbours"][:4] == [3, 2, 4, 2]
    assert data["sheets"][0]["source"].startswith("data:image/webp;base64,")


def test_the_page_fetches_nothing(page):
    text = str(page)
    assert not re.findall(r"https?://|src=\"(?!data:)|<link|@import|fetch\(|XMLHttpRequest", text)
    assert "default-src 'none'" in text


def drawn(folder, address: str) -> str:
    """The page once it is ready.

    The browser's virtual time does not wait for pictures that are being decoded, which the page waits for: what was
    dumped too early is asked for again.
    """
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
             "--disable-background-networking", "--disable-component-update", "--virtual-time-budget=4000"]  # fmt: skip
    for attempt in range(4):
        words = [BROWSER, *flags, f"--user-data-dir={folder / f'profile{attempt}'}", "--dump-dom", address]
        ran = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60)
        if 'data-ready="yes"' in ran.stdout:
            return ran.stdout
    return pytest.fail(f"the page does not get ready: {ran.stdout[-300:]}{ran.stderr[-300:]}")


@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium")
@pytest.mark.parametrize("index", range(5))
def test_names_like_markup_show_as_text(page, tmp_path, index):
    (tmp_path / "page.html").write_text(str(page), encoding="utf-8")
    text = drawn(tmp_path, f"{(tmp_path / 'page.html').as_uri()}#photo-{index}")
    shown = text.partition('<section id="photo">')[2].partition("</section>")[0]
    escaped = NAMES[index].replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert f'<div class="name">{escaped}</div>' in shown
    assert "<title>&lt;map&gt;</title>" in text
    assert "<img" not in text
