"""The studio's rooms in a browser: what a person does there, and what axe says of them."""

import io
import json
import re

import pytest
from PIL import Image
from tests.browser import chromium, complaints, violations  # noqa: F401

pytest.importorskip("starlette", reason="Starlette is not installed")
pytest.importorskip("uvicorn", reason="uvicorn is not installed")
expect = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed").expect
expect.set_options(timeout=60_000)

ROOMS = ["dream", "feature", "explain", "unit", "style", "invert", "fool", "desk", "atlas-room", "history"]
ASK = """async settings => {
  const {token} = await (await fetch("/api/studio")).json();
  const pictures = {photo: JSON.parse(localStorage.getItem("reverie.photo")).pic};
  const headers = {"Content-Type": "application/json", "X-Reverie-Token": token};
  await fetch("/api/jobs", {method: "POST", headers, body: JSON.stringify({kind: "dream", settings, pictures})});
}"""
GOES = re.compile("/(preview|thumb|command$)")
MADE = re.compile("^/api/works/")
DROP = """async ([place, ...pictures]) => {
  const files = new DataTransfer();
  for (const bytes of pictures) files.items.add(new File([new Uint8Array(bytes)], "beach.png", {type: "image/png"}));
  for (const name of ["dragover", "drop"])
    document.querySelector(place).dispatchEvent(
      new DragEvent(name, {dataTransfer: files, bubbles: true, cancelable: true}));
}"""
REDRAW = """async () => {
  const {photo} = await import("/pages/parts/store.js");
  photo.set({...photo.get()});
  await new Promise(requestAnimationFrame);
}"""
REMEMBER = """async count => {
  const {scores} = await import("/pages/parts/live.js");
  scores.set(new Map([...scores.get(), ...Array.from({length: count}, (_, at) => [`gone${at}`, [[1, 1]]])]));
}"""
REMEMBERED = """async () => {
  const {jobs, scores} = await import("/pages/parts/live.js");
  return [...scores.get().keys()].every(id => jobs.get().has(id));
}"""


@pytest.fixture(scope="module")
def address(live):
    """The address of the studio, with its token, good for one use."""
    return live.entered_by()


@pytest.fixture(scope="module")
def entered(chromium, address):  # noqa: F811
    """What a browser holds that has been let in, of a studio whose network is loaded."""
    with chromium.new_context() as context:
        page = context.new_page()
        page.goto(address)
        page.get_by_role("heading", name="Bring a photo").wait_for()
        yield context.storage_state()


@pytest.fixture
def empty(chromium, entered):  # noqa: F811
    """A page of somebody who has brought nothing yet."""
    with chromium.new_context(storage_state=entered, viewport={"width": 1400, "height": 900}) as context:
        context.set_default_timeout(60_000)
        page = context.new_page()
        heard, refused = complaints(page), []
        page.on("response", lambda answer: refused.append(answer) if answer.status >= 400 else None)
        yield page
        assert not [each for each in heard if "Failed to load" not in each]
        # a preview may go while it is asked for, a work may have been deleted, a text be half typed; 503: asked again
        assert not [each for each in refused if not GOES.search(each.url) and each.status != 503]


@pytest.fixture
def page(empty):
    """A page with a photo."""
    flower = {"pic": "sample:flower", "name": "flower", "width": 640, "height": 427}
    empty.add_init_script(f"localStorage['reverie.photo'] ??= '{json.dumps(flower)}'")
    return empty


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    """A picture of two halves, as a file."""
    path = tmp_path_factory.mktemp("photos") / "beach.png"
    picture = Image.new("RGB", (96, 64), (220, 180, 120))
    picture.paste((40, 90, 160), (0, 0, 96, 32))
    picture.save(path)
    return path


def opened(page, address, path):
    page.goto(re.sub(r"/\?.*", path, address))
    page.get_by_role("navigation", name="Rooms").wait_for()
    return page


def fill(page, **values):
    for name, value in values.items():
        page.locator(f"#set-{name}").fill(str(value))
        page.locator(f"#set-{name}").press("Tab")


def kept(page, name):
    return json.loads(page.evaluate(f"localStorage.getItem('reverie.{name}')"))


def test_a_photo_is_dropped_dreamt_stopped_found_after_a_reload_and_compared(empty, address, photo):
    page = empty
    opened(page, address, "/dream").get_by_role("heading", name="Bring a photo").wait_for()
    page.evaluate(DROP, ["main", list(photo.read_bytes())])
    page.get_by_alt_text("beach.png").wait_for()

    page.get_by_role("button", name="block: the whole layer").click()
    page.get_by_role("spinbutton", name="Weight of block").fill("0.5")
    fill(page, size=64, octaves=2, steps=5000)
    page.get_by_text("reverie dream").filter(has_text="block=0.5").wait_for()
    page.keyboard.press("Control+Enter")
    page.locator("svg.curve").wait_for()
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("Paused at").wait_for()
    page.get_by_role("button", name="Go on").click()
    page.get_by_role("button", name="Stop and keep").click()
    page.get_by_text(", kept").wait_for()
    picture = page.locator(".print > img").first
    expect(picture).to_have_attribute("src", MADE)
    made = picture.get_attribute("src")

    page.reload()
    page.get_by_role("button", name="Before | after").click()
    expect(picture).to_have_attribute("src", made)
    page.get_by_role("slider", name="Before and after").press("ArrowRight")
    assert page.locator(".print").evaluate("element => element.style.getPropertyValue('--cut')") == "51%"

    fill(page, octaves=1, steps=2)
    page.get_by_role("button", name="Another seed").click()
    page.get_by_text("Done").wait_for()
    expect(page.locator("#set-seed")).to_have_value("1")

    page.get_by_role("link", name="History").click()
    page.locator(".card").nth(1).wait_for()
    for index in (0, 1):
        page.locator(".card input").nth(index).check()
    page.get_by_role("button", name="Compare the two").click()
    page.get_by_role("heading", name="Two beside each other").wait_for()
    expect(page.get_by_role("row", name="seed").get_by_role("cell")).to_have_text(["1", "as it comes"])


def test_a_work_is_made_again_put_back_into_its_form_and_deleted(page, address):
    opened(page, address, "/dream?unit=block").locator("#set-steps").wait_for()
    fill(page, size=48, octaves=1, steps=2)
    page.get_by_role("button", name="Dream", exact=True).click()
    page.get_by_role("button", name="Open", exact=True).click()
    page.get_by_role("button", name="Make it again").click()
    page.get_by_text("Done").wait_for()

    page.get_by_role("button", name="Open", exact=True).click()
    page.get_by_role("button", name="Into the form").click()
    expect(page.locator("#set-steps")).to_have_value("2")
    assert kept(page, "form.dream")["units"] == [{"unit": "block", "weight": 1}]

    page.get_by_role("link", name="History").click()
    made = page.locator(".card a").first.get_attribute("href")
    page.locator(".card a").first.click()
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete it").click()
    page.locator(".card").first.wait_for()
    expect(page.locator(f".card a[href='{made}']")).to_have_count(0)


def test_what_is_typed_stays_whatever_is_drawn_anew_meanwhile(page, address):
    opened(page, address, "/dream").locator("#set-steps").wait_for()
    for name, text in (("steps", "12"), ("prior", "l1=0.1, l2=1")):
        if name == "prior":
            page.get_by_text("More settings").click()
        field = page.locator(f"#set-{name}")
        field.press_sequentially(text)
        page.evaluate(REDRAW)
        expect(field).to_have_value(text)
        field.press("Tab")
    page.locator("pre").filter(has_text=re.compile("--steps 12.*--prior l1=0.1 --prior l2=1", re.DOTALL)).wait_for()


def test_names_are_chosen_from_lists(page, address):
    opened(page, address, "/dream").locator("#set-preset").select_option("quick")
    page.locator("pre").filter(has_text="--preset quick").wait_for()
    page.locator("#set-preset").select_option("default")
    page.locator("pre").filter(has_not_text="--preset").wait_for()
    opened(page, address, "/explain").locator("#seen-layer").select_option("block")
    page.locator(".looking").hover()
    page.get_by_text(re.compile(r"Row \d+ of 24")).wait_for()
    opened(page, address, "/desk").locator("#desk-layer").select_option("mix")
    page.get_by_placeholder("a channel of mix,").wait_for()
    assert kept(page, "desk")["layer"] == "mix"


def test_a_mask_is_painted_kept_over_a_reload_and_asked_for(page, address):
    opened(page, address, "/dream").get_by_role("button", name="Mask").click()
    canvas = page.get_by_role("application", name="Mask")
    canvas.press("ArrowRight")
    canvas.press(" ")
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 60)
    page.mouse.up()
    page.get_by_text("--mask").wait_for()

    page.reload()
    page.get_by_role("button", name="Mask").click()
    pixels = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean)"
    page.locator("canvas.mask.restored").wait_for()
    assert canvas.evaluate(pixels)
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Done").click()
    page.locator("pre").filter(has_not_text="--mask").wait_for()


@pytest.mark.parametrize(
    ("room", "values", "verb"),
    [
        ("feature?unit=mix:3", {"size": 48, "steps": 2}, "Make it"),
        ("dream?way=accentuate&unit=block:3", {"size": 48, "steps": 2}, "Raise it"),
        ("invert?unit=block", {"size": 48, "steps": 2}, "Rebuild"),
        ("fool", {"target": "beetle", "steps": 2}, "Fool it"),
        ("style?unit=block", {"size": 48, "octaves": 1, "steps": 2}, "Paint"),
    ],
)
def test_a_room_makes_its_picture(page, address, room, values, verb):
    opened(page, address, f"/{room}").locator("#set-seed").wait_for()
    if verb == "Paint":
        page.get_by_role("button", name="sample:china").first.click()
    fill(page, **values)
    page.get_by_role("button", name=verb, exact=True).click()
    page.get_by_text("Done").wait_for()
    expect(page.locator(".print > img").first).to_have_attribute("src", MADE)


def test_several_pictures_that_are_dropped_on_a_picker_or_chosen_in_it_are_kept(page, address):
    plain = [io.BytesIO() for _ in range(4)]
    for shade, content in enumerate(plain):
        Image.new("L", (8, 8), shade).save(content, "PNG")
    opened(page, address, "/style").locator("#set-seed").wait_for()
    page.evaluate(DROP, ["[aria-label=Styles]", *(list(content.getvalue()) for content in plain[:2])])
    styles = page.get_by_role("group", name="Styles")
    expect(styles.get_by_role("img")).to_have_count(2)
    files = [{"name": "a.png", "mimeType": "image/png", "buffer": content.getvalue()} for content in plain[2:]]
    styles.locator("input").set_input_files(files)
    expect(styles.get_by_role("img")).to_have_count(4)
    assert kept(page, "photo")["name"] == "flower"


def test_explain_shows_classes_what_is_seen_where_and_maps_and_paints_a_region_away(page, address):
    opened(page, address, "/explain").locator(".bars li").first.wait_for()
    page.locator(".looking").hover()
    page.locator(".seen li").first.wait_for()
    page.get_by_text(re.compile(r"Row \d+ of 12")).wait_for()

    second = page.locator(".bars button").nth(1)
    second.click()
    expect(second).to_have_attribute("aria-pressed", "true")
    name = second.inner_text()
    page.get_by_role("status").filter(has_text=f"Maps are of {name}").wait_for()
    page.reload()
    chosen = page.locator(".bars [aria-pressed=true]")
    expect(chosen).to_have_text(name)
    page.get_by_role("button", name="Top class").click()
    expect(chosen).to_have_count(0)

    page.get_by_role("button", name="Draw the map").click()
    page.get_by_alt_text("Map by gradient").wait_for()

    page.get_by_role("button", name="Paint away").click()
    page.get_by_role("application", name="Region").press(" ")
    page.get_by_role("heading", name="Classes without what is painted away").wait_for()
    expect(page.locator(".bars .was")).to_have_count(page.locator(".bars li").count())


def test_a_unit_is_found_and_carried_to_the_dream_and_the_desk(page, address):
    opened(page, address, "/unit").get_by_role("searchbox").fill("mix:1")
    page.get_by_role("link", name="mix:1", exact=True).click()
    page.get_by_role("heading", name="mix:1", exact=True).wait_for()
    page.keyboard.press("j")
    page.get_by_role("heading", name="mix:2", exact=True).wait_for()
    page.get_by_role("heading", name="What feeds it").wait_for()
    page.get_by_role("link", name="Dream with it").click()
    page.get_by_role("slider", name="Weight of mix:2").wait_for()
    page.go_back()
    page.get_by_role("link", name="Put it on the desk").click()
    page.get_by_role("group", name="What is done with mix:2").wait_for()


def test_the_desk_answers_when_a_fader_moves(page, address):
    page.add_init_script("localStorage.setItem('reverie.desk', '{\"layer\": \"block\", \"units\": []}')")
    opened(page, address, "/desk").get_by_text("Nothing is changed yet.").wait_for()
    page.get_by_role("button", name="Units seen in the middle").click()
    page.get_by_role("button", name="All of them").click()
    page.get_by_text("Answered in").wait_for()
    page.get_by_role("button", name="Dream along").click()
    page.get_by_text(re.compile(r"A small dream, step \d+ of 40")).wait_for()
    small = page.get_by_alt_text("A small dream of flower")
    expect(small).to_have_attribute("src", re.compile("^data:image/jpeg"))
    page.get_by_role("button", name="Dream along").click()
    expect(page.get_by_alt_text("flower", exact=True)).to_have_attribute("src", re.compile("sample:flower"))
    share = page.locator(".bars output").first
    off = share.inner_text()
    page.get_by_role("button", name="Times").first.click()
    page.get_by_role("slider").first.fill("4")
    expect(share).not_to_have_text(off)
    page.get_by_role("button", name="Dream with the network so changed").wait_for()
    page.get_by_text("reverie.intervene").wait_for()


def test_the_queue_is_seen_reordered_and_cancelled(page, address):
    opened(page, address, "/dream").locator("#set-steps").wait_for()
    page.evaluate(REMEMBER, 200)
    for channel in (3, 4, 5):
        page.evaluate(ASK, {"layers": [f"mix:{channel}"], "steps": 5000, "size": 64})
    page.get_by_role("button", name="Queue 3").click()
    waiting = page.locator(".drawer .what")
    page.get_by_role("button", name=re.compile("Earlier.*:5")).click()
    expect(waiting.nth(1)).to_contain_text(":5")
    expect(waiting.nth(2)).to_contain_text(":4")
    for channel in (4, 5, 3):
        page.get_by_role("button", name=re.compile(f"Cancel.*:{channel}")).click()
    page.get_by_text("Nothing runs, nothing waits.").wait_for()
    assert page.evaluate(REMEMBERED)  # no curve of a job that the server has forgotten


def test_the_atlas_is_seen_in_its_room_and_a_units_page_leads_to_it(page, address):
    opened(page, address, "/unit?unit=mix:3").get_by_text("tiny.atlas").wait_for()
    page.get_by_text("the parts of photos that really excite it").wait_for()
    page.get_by_role("link", name="In the atlas").click()
    seen = page.frame_locator("iframe[title='Atlas tiny.atlas']")
    seen.get_by_role("heading", name="mix:3", exact=True).wait_for()
    seen.get_by_role("heading", name="Real patches").first.wait_for()
    seen.get_by_role("link", name="next").click()
    seen.get_by_role("heading", name="mix:4", exact=True).wait_for()
    expect(seen.locator("html")).to_have_attribute("data-shade", "dark")
    page.get_by_role("button", name="Light theme").click()
    expect(seen.locator("html")).to_have_attribute("data-shade", "light")


def test_a_film_of_the_run_is_brought_home(page, address):
    opened(page, address, "/dream?unit=block").locator("#set-steps").wait_for()
    fill(page, size=48, octaves=1, steps=3)
    page.get_by_role("button", name="Film .webp").click()
    page.get_by_role("button", name="Dream", exact=True).click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Film").click()
    with Image.open(download.value.path()) as film:
        assert (film.format, film.is_animated, film.size) == ("WEBP", True, (48, 32))
    assert download.value.suggested_filename.endswith(".webp")


def test_a_photo_is_taken_by_the_camera(empty, address):
    opened(empty, address, "/dream").get_by_role("button", name="Photograph").click()
    empty.locator("video").evaluate("video => video.videoWidth || new Promise(seen => (video.onloadeddata = seen))")
    empty.get_by_role("button", name="Take it").click()
    empty.get_by_alt_text("camera.png").wait_for()
    assert kept(empty, "photo")["width"] > 1
    expect(empty.get_by_role("dialog", name="Camera")).to_have_count(0)


def test_keys_have_a_sheet_and_can_be_switched_off(page, address):
    opened(page, address, "/dream").locator("#set-seed").wait_for()
    page.keyboard.press("?")
    page.get_by_role("heading", name="Keys").wait_for()
    page.get_by_label("Keys without Ctrl work").uncheck()
    page.get_by_role("button", name="Close").last.click()
    page.keyboard.press("t")
    page.keyboard.press("h")
    assert (page.evaluate("document.documentElement.dataset.theme"), page.url[-5:]) == ("dark", "dream")


def test_every_room_passes_axe_in_both_themes_and_fits_a_phone(page, address):
    page.add_init_script("localStorage.setItem('reverie.theme', '\"dark\"')")
    for room in [*ROOMS, "unit?unit=logits:3"]:
        opened(page, address, f"/{room}").locator("h1").first.wait_for()
        assert not violations(page), room
        page.get_by_role("button", name="Light theme").click()
        assert not contrasts(page), room
        page.set_viewport_size({"width": 390, "height": 844})
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, room
        page.set_viewport_size({"width": 1400, "height": 900})


def contrasts(page):
    """What axe says of colours, which are all that a theme changes."""
    said = page.evaluate("axe.run(document, {runOnly: ['color-contrast']})")["violations"]
    return [node["html"] for rule in said for node in rule["nodes"]]
