"""The page of an activation atlas, in a browser."""

import pytest
from PIL import Image

from browser import complaints, violations
from reverie.atlas.grid_figure import ActivationGrid, GridCell
from reverie.record import Record


@pytest.fixture(scope="module")
def page_file(tmp_path_factory):
    """Five of nine cells, one without a picture, two with patches and classes."""
    red, blue = (Image.new("RGB", (16, 16), colour) for colour in ("#c03020", "#2040c0"))
    patches = ((blue.resize((64, 64)), "sky/1.png"), (red.resize((64, 64)), "<b>.png"))
    cells = (
        GridCell(0, 0, red, 7, (("tiger", 0.4), ("owl <b>", 0.1)), patches),
        GridCell(0, 1, blue, 5, (("tiger cat", 0.2),), patches),
        GridCell(1, 1, red, 9, (("beetle", 0.3),), ()),
        GridCell(1, 2, None, 6),
        GridCell(2, 1, blue, 5, (("owl <b>", 1.0),), patches[:1]),
    )
    made = ActivationGrid("mix", ("12 photos of </script>", "each cell"), (3, 3), 16, cells, Record("grid", {}, {}))
    path = tmp_path_factory.mktemp("page") / "grid.html"
    path.write_text(made.page, encoding="utf-8")
    return path


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (390, "dark")])
def test_axe_finds_nothing_wrong_and_nothing_is_wider_than_the_screen(chromium, page_file, width, scheme):
    page = chromium.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    heard = complaints(page)
    page.goto(page_file.as_uri())
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert heard == []
    page.close()


def test_cells_are_gone_through_by_keys_searched_and_linked(chromium, page_file):
    page = chromium.new_page(viewport={"width": 1200, "height": 800})
    page.goto(f"{page_file.as_uri()}#0,0")
    assert page.locator("#count").inner_text() == "Row 1, column 1: 7 activations"
    assert page.locator("#bars b").all_inner_texts() == ["tiger", "owl <b>"]
    named = page.locator("#patches i").evaluate_all("nodes => nodes.map(node => [node.title, node.ariaLabel])")
    assert named == [["sky/1.png", "a patch of sky/1.png"], ["<b>.png", "a patch of <b>.png"]]
    page.locator("#wall button").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert page.url.endswith("#1,1")
    assert page.locator("#real").is_hidden()
    page.keyboard.press("ArrowLeft")  # nothing there
    assert page.url.endswith("#1,1")
    page.keyboard.press("/")
    page.keyboard.type("OWL")
    assert page.locator("#said").inner_text() == "2 of 5 cells speak for it"
    page.keyboard.press("Escape")
    assert page.locator("#said").inner_text() == ""
    page.close()
