"""Widgets of a notebook: what a run tells them, how a button ends it, and how a browser draws them."""

import base64
import io
import json

import pytest
from PIL import Image

import reverie
from browser import violations
from reverie.errors import InvalidSetting, MissingExtra, UnknownName
from reverie.figures.board import Board
from reverie.runs import Event
from reverie.synthesis.batches import Synthesis

pytest.importorskip("anywidget")
from reverie.notebook import live, unit_cards
from reverie.notebook.live import as_jpeg


class Counting:
    """A run of so many events, which tells what it was asked."""

    def __init__(self, most=10_000, fails=None):
        self.most, self.fails, self.seen = most, fails, 0

    def events(self):
        for number in range(1, self.most + 1):
            self.seen = number
            yield Event(number, self.most, "counting", "half" if number == 5 else "", lambda: Image.new("RGB", (4, 4)))
            if self.fails is not None:
                raise self.fails

    def result(self):
        return self.seen


def test_a_run_tells_its_widget_and_gives_its_result():
    shown = live(Counting(10))
    assert shown.result() == 10
    told = shown.widget
    assert (told.state, told.done, told.total, told.task, told.note) == ("ended", 10, 10, "counting", "half")
    with Image.open(io.BytesIO(told.picture)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (4, 4))


def test_the_button_ends_it_and_what_stands_is_the_result():
    run = Counting(10**9)
    shown = live(run)
    shown.widget._handle_custom_msg({"stop": True}, [])
    assert 1 <= shown.result() < 10**9
    assert shown.widget.state == "stopped"


@pytest.mark.parametrize(("error", "note"), [(InvalidSetting("no"), "no"), (ZeroDivisionError("0"), "ZeroDivision")])
def test_what_fails_is_told_and_raised_when_the_result_is_asked_for(error, note):
    shown = live(Counting(3, error))
    with pytest.raises(type(error)):
        shown.result()
    assert shown.widget.state == "failed"
    assert shown.widget.note.startswith(note)


def test_a_picture_is_the_one_that_is_made_without_a_widget(model):
    recipe = reverie.recipes.feature(model, "stem:1", steps=3, size=32)
    made = live(Synthesis(model, recipe))
    assert (made.result().images == reverie.synthesize(model, recipe).images).all()
    assert made.widget.picture == as_jpeg(made.result().picture)
    assert "text/plain" in str(made._repr_mimebundle_())


def test_a_card_is_shown_as_a_page_and_another_unit_can_be_named(model):
    cards = unit_cards(model, "stem:1", steps=1, link_steps=0, size=32)
    board = cards.result()
    assert isinstance(board, Board)
    assert board.title in cards.widget.page
    cards.widget._handle_custom_msg({"show": "stem:2"}, [])
    assert cards.result().title == "stem:2"
    assert "stem:2" in cards.widget.page
    cards.widget._handle_custom_msg({"show": "nowhere:2"}, [])
    assert cards.widget.state == "failed"
    assert "nowhere" in cards.widget.note


def test_the_first_unit_must_be_one(model):
    with pytest.raises(UnknownName):
        unit_cards(model, "nowhere:1")


def test_without_anywidget_its_extra_is_named(monkeypatch):
    from reverie.notebook import widget

    widget._kind.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "anywidget", None)
    with pytest.raises(MissingExtra, match="notebook"):
        live(Counting(1))
    widget._kind.cache_clear()


PAGE = """<!doctype html><html lang="en"><title>A notebook</title><meta name="viewport" content="width=device-width">
<main><h1>A notebook</h1><div id="here"></div></main>
<script type="module">
const source = {source};
const {{ default: widget }} = await import(URL.createObjectURL(new Blob([source], {{ type: "text/javascript" }})));
const bytes = Uint8Array.from(atob({picture}), (letter) => letter.charCodeAt(0));
const held = {{ ...{held}, picture: new DataView(bytes.buffer) }};
const heard = {{}};
window.sent = [];
window.model = {{
  get: (name) => held[name],
  on: (name, call) => (heard[name] ??= []).push(call),
  send: (content) => window.sent.push(content),
  set: (name, value) => {{ held[name] = value; (heard[`change:${{name}}`] ?? []).forEach((call) => call()); }},
}};
widget.render({{ model: window.model, el: document.getElementById("here") }});
document.body.dataset.ready = "yes";
</script>"""


def shown_in(tab, **held):
    from reverie.notebook.widget import widget

    made = widget()
    names = ("done", "total", "task", "note", "page", "unit", "state")
    values = {name: getattr(made, name) for name in names} | held
    picture = base64.b64encode(as_jpeg(Image.new("RGB", (64, 48), (200, 60, 40)))).decode()
    html = PAGE.format(source=json.dumps(made._esm), picture=json.dumps(picture), held=json.dumps(values))
    tab.set_content(html)
    tab.add_style_tag(content=made._css)
    tab.wait_for_selector("body[data-ready]")


def test_a_browser_draws_a_run_and_sends_what_is_clicked(chromium):
    page = chromium.new_page(viewport={"width": 390, "height": 800})
    shown_in(page, state="running", done=3, total=8, task="96x96", note="silent")
    assert page.locator(".reverie-told").inner_text() == "96x96 3 of 8 · silent"
    assert page.locator("progress").get_attribute("value") == "3"
    assert page.locator(".reverie-picture").evaluate("image => image.decode().then(() => image.naturalWidth)") == 64
    assert page.locator("form").is_hidden()
    page.get_by_role("button", name="Stop").click()
    assert page.evaluate("window.sent") == [{"stop": True}]
    page.evaluate("window.model.set('state', 'ended')")
    assert page.get_by_role("button", name="Stop").is_hidden()
    assert not violations(page)
    page.close()


def test_a_browser_draws_a_card_and_asks_for_another_unit(chromium):
    page = chromium.new_page()
    shown_in(page, state="ended", unit="mixed4c:12", page="<!doctype html><html lang=en><title>c</title><p>all of it")
    assert page.frame_locator("iframe").locator("p").inner_text() == "all of it"
    page.get_by_label("Unit").fill("mixed4c:13")
    page.get_by_role("button", name="Show").click()
    assert page.evaluate("window.sent") == [{"show": "mixed4c:13"}]
    page.close()
