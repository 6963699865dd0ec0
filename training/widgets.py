"""Make the pictures of docs/notebooks.md: a run halfway, and a card, as a browser draws them."""

import base64
import io
import json
import shutil
import time
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

import reverie
from reverie.notebook import live, unit_cards
from reverie.synthesis.batches import Synthesis

IMAGES = Path(__file__).resolve().parents[1] / "docs" / "images"
NAMES = ("done", "total", "task", "note", "page", "unit", "state")
PAGE = """<!doctype html><html lang="en"><title>A notebook</title><style>body {{ margin: 16px; }} {style}</style>
<div id="here"></div><script type="module">
const {{ default: widget }} = await import(URL.createObjectURL(new Blob([{source}], {{ type: "text/javascript" }})));
const bytes = Uint8Array.from(atob({picture}), (letter) => letter.charCodeAt(0));
const held = {{ ...{held}, picture: new DataView(bytes.buffer) }};
widget.render({{ model: {{ get: (name) => held[name], on() {{}}, send() {{}} }}, el: window.here }});
document.body.dataset.ready = "yes";
</script>"""


def page(widget: object) -> str:
    """A page that shows a widget as it stands."""
    held = {name: getattr(widget, name) for name in NAMES}
    picture = base64.b64encode(widget.picture).decode()
    texts = [json.dumps(item).replace("<", "\\u003c") for item in (widget._esm, picture, held)]
    return PAGE.format(style=widget._css, source=texts[0], picture=texts[1], held=texts[2])


def shoot(html: str, name: str, width: int, height: int) -> None:
    """Saves the page as a picture of the docs."""
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": width, "height": height})
        tab.set_content(html)
        tab.wait_for_selector("body[data-ready]")
        tab.wait_for_timeout(1500)
        shot = tab.screenshot()
        browser.close()
    with Image.open(io.BytesIO(shot)) as picture:
        picture.convert("RGB").save(IMAGES / f"{name}.jpg", quality=88, optimize=True)


def main() -> None:
    """Makes both."""
    model = reverie.load("bundled")
    recipe = reverie.recipes.feature(model, ["mixed4c:12", "mixed4c:30", "mixed4c:72"], size=128, steps=160)
    run = live(Synthesis(model, recipe))
    while run.widget.done < 40:
        time.sleep(0.2)
    html = page(run.widget)
    run.stop()
    shoot(html, "notebook-live", 440, 224)
    cards = unit_cards(model, "mixed4c:12", steps=48, link_steps=12, size=96)
    cards.result()
    shoot(page(cards.widget), "notebook-card", 900, 800)


if __name__ == "__main__":
    main()
