"""A studio that runs: jobs, events, pictures, works and questions, over its HTTP interface alone."""

import io
import os
import re
import shlex
import signal

import numpy as np
import pytest
import torch
from PIL import Image
from running import Live, alive, events

import reverie
from reverie.atlas.atlas_file import read_atlas
from reverie.files import record_text


def png(height: int = 30, width: int = 40, seed: int = 0) -> bytes:
    content = io.BytesIO()
    noise = np.random.default_rng(seed).integers(0, 255, (height, width, 3), dtype=np.uint8)
    Image.fromarray(noise).save(content, "PNG")
    return content.getvalue()


def bring(live, content: bytes):
    return live.client.post("/api/pictures", content=content).raise_for_status().json()


def test_the_page_is_told_of_the_network(live):
    network = live.studio["network"]
    assert network["classes"][2] == "owl"
    assert {layer["name"]: layer["channels"] for layer in network["layers"]}["mix"] == 12
    kinds = {kind["name"] for kind in live.studio["kinds"]}
    assert {"dream", "feature", "explain", "style", "invert", "fool", "card"} <= kinds
    filmed = {kind["name"] for kind in live.studio["kinds"] if kind["film"]}
    assert filmed == kinds - {"activations", "card", "explain", "filters"}
    assert live.get("/api/forms/fool")["properties"]["norm"]["enum"] == ["linf", "l2"]
    assert "grad-cam" in live.get("/api/forms/explain")["properties"]["method"]["items"]["enum"]
    assert {item["name"] for item in network["names"]["dream"]["preset"]} >= {"default", "quick"}


def test_a_dream_becomes_a_work_whose_record_repeats_it(live):
    job = live.ended(live.job(seed=3))
    assert (job["state"], job["done"], job["total"], job["error"]) == ("done", 2, 2, None)
    assert job["scores"][-1][::2] == [2, 1]
    (name,) = job["works"]
    work = live.get(f"/api/works/{name}")
    assert work["settings"] == {"size": 48, "octaves": 1, "steps": 2, "layers": ["block"], "seed": 3}
    assert work["pictures"] == {"photo": "sample:flower"}
    told = "reverie dream sample:flower --layer block --octaves 1 --steps 2 --size 48 --seed 3 --threads 1"
    assert work["command"].startswith(told)
    picture = live.client.get(f"/api/works/{name}/picture")
    assert picture.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(live.client.get(f"/api/works/{name}/thumb").content)).format == "WEBP"
    again = live.ended(live.post("/api/jobs", kind="rerun", work=name)["id"])
    assert (again["state"], again["error"]) == ("done", None)
    first, second = (live.folder / live.get(f"/api/works/{work}")["name"] for work in (name, *again["works"]))
    assert np.array_equal(np.asarray(Image.open(first)), np.asarray(Image.open(second)))
    assert "reverie" in record_text(first)


def test_the_work_is_what_the_library_makes(live, photo):
    brought = bring(live, photo.read_bytes())
    job = live.ended(live.job(photo=brought["id"], seed=1))
    picture = Image.open(io.BytesIO(live.client.get(f"/api/works/{job['works'][0]}/picture").content))
    model = reverie.load(f"{live.folder.parent / 'nets.py'}:tiny")
    torch.set_num_threads(1)
    made = reverie.dream(model, photo, ["block"], size=48, octaves=1, steps=2, seed=1)
    assert np.array_equal(np.asarray(picture), np.asarray(made))


def test_a_picture_is_known_by_its_pixels_and_shown_anew(live):
    first, second = bring(live, png()), bring(live, png())
    assert first == second
    assert (first["width"], first["height"]) == (40, 30)
    shown = live.client.get(f"/api/pictures/{first['id']}")
    assert shown.headers["content-type"] == "image/jpeg"
    whole = Image.open(io.BytesIO(live.client.get(f"/api/pictures/{first['id']}?full").content))
    assert np.array_equal(np.asarray(whole), np.asarray(Image.open(io.BytesIO(png()))))
    assert live.client.get("/api/pictures/sample:china").status_code == 200
    content = io.BytesIO()
    Image.new("RGBA", (8, 8), (255, 0, 0, 99)).save(content, "PNG")
    see_through = bring(live, content.getvalue())["id"]
    assert live.client.get(f"/api/pictures/{see_through}").headers["content-type"] == "image/webp"


def test_stop_keeps_what_stands_and_cancel_drops_it(live):
    stopped, cancelled = live.job(steps=100_000), live.job(steps=100_000)
    live.running(stopped)
    assert live.get(f"/api/jobs/{cancelled}")["place"] == 1
    live.post(f"/api/jobs/{stopped}/stop")
    job = live.ended(stopped)
    assert job["state"] == "stopped"
    assert len(job["works"]) == 1
    live.running(cancelled)
    files = sorted(live.folder.iterdir())
    live.post(f"/api/jobs/{cancelled}/cancel")
    assert live.ended(cancelled)["state"] == "cancelled"
    assert sorted(live.folder.iterdir()) == files


def test_a_paused_job_waits_and_goes_on_and_questions_are_answered_meanwhile(live):
    job = live.job(steps=100_000)
    live.running(job)
    assert live.post(f"/api/jobs/{job}/pause")["state"] == "paused"
    assert live.post("/api/ask/classes", picture="sample:flower", most=2)["classes"]
    done = live.get(f"/api/jobs/{job}")["done"]
    assert live.post("/api/ask/classes", picture="sample:flower", most=2)["classes"]
    assert live.get(f"/api/jobs/{job}")["done"] == done
    live.post(f"/api/jobs/{job}/resume")
    live.until(lambda: live.get(f"/api/jobs/{job}"), lambda found: found["done"] > done)
    live.post(f"/api/jobs/{job}/cancel")
    live.ended(job)


def test_the_queue_is_reordered_and_what_waits_can_be_cancelled(live):
    first, *rest = [live.job(steps=100_000) for _ in range(4)]
    live.running(first)
    live.post(f"/api/jobs/{rest[2]}/move", before=rest[0])
    live.post(f"/api/jobs/{rest[0]}/move", before=None)
    order = [job["id"] for job in live.get("/api/jobs")][:4]
    assert order == [first, rest[2], rest[1], rest[0]]
    assert live.refused(f"/api/jobs/{first}/move", before=None) == "only jobs that wait can change their places"
    for job in reversed(order):
        live.post(f"/api/jobs/{job}/cancel")
    assert [live.ended(job)["state"] for job in order] == ["cancelled"] * 4


def test_events_tell_the_newest_state_and_a_reconnect_what_has_changed_since(live):
    job = live.job(steps=30)
    version, data = next(
        (version, data)
        for version, event, data in events(live)
        if event == "job" and data["id"] == job and data["state"] == "done"
    )
    assert data["works"]
    later = live.job(steps=1)
    names = set()
    for _, event, data in events(live, version):
        assert not (event == "job" and data["id"] == job)
        names.add(event)
        if event == "job" and data["id"] == later and data["state"] == "done":
            break
    assert names <= {"job", "jobs", "work"}


def test_a_preview_is_the_picture_as_it_stands(live):
    job = live.job(steps=100_000, size=96)
    address = live.until(lambda: live.get(f"/api/jobs/{job}")["preview"], lambda found: found)
    preview = live.client.get(address)
    assert preview.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(preview.content)).size == (96, 64)
    live.post(f"/api/jobs/{job}/cancel")
    live.ended(job)


def test_questions_are_answered(live):
    found = live.post("/api/ask/classes", picture="sample:flower", most=5)["classes"]
    assert sum(item["share"] for item in found) == pytest.approx(1, abs=1e-4)
    assert [item["share"] for item in found] == sorted((item["share"] for item in found), reverse=True)
    place = live.post("/api/ask/position", picture="sample:flower", layer="mix", x=0.99, y=0, most=3)
    assert (place["row"], place["column"]) == (0, place["columns"] - 1)
    assert len(place["units"]) == 3
    assert live.post("/api/ask/units", text="owl")["units"][0]["unit"] == "logits:2"
    assert [item["unit"] for item in live.post("/api/ask/units", text="mix:3-4")["units"]] == ["mix:3", "mix:4"]
    assert live.post("/api/ask/feeds", unit="mix:3")["from"]
    assert "no layer 'mixx'" in live.refused("/api/ask/position", picture="sample:flower", layer="mixx", x=0, y=0)


def test_what_a_mask_covers_is_grey_to_the_network(live):
    def shares(picture, **more):
        found = live.post("/api/ask/classes", picture=picture, most=5, **more)["classes"]
        return [item["share"] for item in sorted(found, key=lambda item: item["index"])]

    def plain(shade: int) -> str:
        content = io.BytesIO()
        Image.new("L", (48, 48), shade).save(content, "PNG")
        return bring(live, content.getvalue())["id"]

    covered, grey, photo = shares("sample:flower", mask=plain(255)), shares(plain(128)), shares("sample:flower")
    assert covered == pytest.approx(grey, abs=1e-3)
    assert covered != pytest.approx(photo, abs=1e-3)


def test_the_desk_answers_as_a_network_without_the_unit(live):
    given = {"picture": "sample:flower", "layer": "fc"}
    still = live.post("/api/ask/desk", **given, units=[])
    assert still["before"] == still["after"]
    clamped = live.post("/api/ask/desk", **given, units=[{"channel": 2, "how": "clamp", "value": 50}])
    assert {item["index"]: item["share"] for item in clamped["after"]}[2] == pytest.approx(1, abs=1e-4)
    assert clamped["before"] == [*still["before"]]
    assert live.post("/api/ask/desk", **given, units=[])["after"] == still["before"]


def test_a_job_runs_in_a_changed_network_and_is_spelt_with_what_was_changed(live):
    wish = {"kind": "dream", "settings": {"size": 48, "octaves": 1, "steps": 1, "layers": ["block"]}}
    wish |= {"pictures": {"photo": "sample:flower"}, "changes": {"block:3": "ablate", "block:1": "amplify(2.5)"}}
    work = live.get(f"/api/works/{live.ended(live.post('/api/jobs', **wish)['id'])['works'][0]}")
    assert work["changes"] == wish["changes"]
    assert shlex.split(work["command"]) == ["reverie", "rerun", str(live.folder / work["name"])]
    spelt = live.post("/api/command", **wish)
    assert spelt == {"command": "", "python": work["python"]}
    torch.set_num_threads(1)
    exec(work["python"], {"reverie": reverie})
    with Image.open("dream.png") as made, Image.open(live.folder / work["name"]) as kept:
        assert np.array_equal(np.asarray(made), np.asarray(kept))


def test_what_is_asked_for_works_and_units_is_asked_for_anew(live):
    (name,) = live.ended(live.job(steps=1))["works"]
    live.until(lambda: live.client.get("/api/units/block/3.webp").status_code, lambda status: status == 200)
    work = f"/api/works/{name}"
    for path in (work, f"{work}/picture", f"{work}/thumb", f"/api/pictures/work:{name}", "/api/units/block/3.webp"):
        assert live.client.get(path).headers["cache-control"] == "no-cache", path
    assert "max-age" in live.client.get("/api/pictures/sample:flower").headers["cache-control"]


def test_the_atlas_is_browsed_and_gives_units_their_pictures(live):
    told = live.until(lambda: live.get("/api/studio"), lambda found: found["atlas"]["ready"])
    assert told["atlas"] == {"name": "tiny.atlas", "ready": True, "problem": None}
    page = live.client.get("/atlas/")
    assert page.headers["content-type"].startswith("text/html")
    assert "connect-src" not in page.headers["content-security-policy"]  # so that default-src 'none' holds for it
    for name in re.findall(r'(?:src|href)="([^"#]+)"', page.text):
        assert live.client.get(f"/atlas/{name}").status_code == 200, name
    assert live.client.get("/atlas/data/network.js").headers["content-type"].startswith("text/javascript")
    found = live.until(lambda: live.client.get("/api/units/mix/5.webp"), lambda answer: answer.status_code == 200)
    (own,) = [item for item in read_atlas(live.folder.parent / "tiny.atlas").pictures("mix", 5) if item.view == "max"]
    shown, stored = (np.asarray(Image.open(io.BytesIO(item)).convert("RGB")) for item in (found.content, own.image))
    assert np.abs(shown.astype(int) - stored).mean() < 8  # WebP, written twice


def test_a_units_card_has_the_real_patches_that_there_are(live):
    wish = {"kind": "card", "settings": {"steps": 1, "size": 24, "link_steps": 0, "links": 1, "patches": 2}}
    wish["settings"]["unit"] = "mix:1"
    work = live.get(f"/api/works/{live.ended(live.post('/api/jobs', **wish)['id'])['works'][0]}")
    assert work["record"]["arguments"]["scan"] == str(live.folder.parent / "tiny.atlas")
    assert f"--scan {live.folder.parent / 'tiny.atlas'}" in work["command"]
    height = work["height"]
    wish["settings"]["unit"] = "block:1"  # which was not scanned
    work = live.get(f"/api/works/{live.ended(live.post('/api/jobs', **wish)['id'])['works'][0]}")
    assert "scan" not in work["record"]["arguments"]
    assert work["height"] < height


def test_a_unit_has_a_small_picture_soon(live):
    path = "/api/units/block/3.webp"
    found = live.until(lambda: live.client.get(path), lambda answer: answer.status_code == 200)
    assert Image.open(io.BytesIO(found.content)).format == "WEBP"
    assert live.client.get("/api/units/block/99.webp").status_code == 404


def test_works_are_listed_newest_first_a_page_at_a_time_and_deleted(live):
    made = [live.ended(live.job(steps=1))["works"][0] for _ in range(3)]
    page = live.get("/api/works?limit=2")
    assert [work["id"] for work in page["works"]] == [made[2], made[1]]
    assert page["more"]
    assert live.get(f"/api/works?limit=1&before={made[1]}")["works"][0]["id"] == made[0]
    for path in (f"/api/works/{made[2]}/thumb", f"/api/pictures/work:{made[2]}"):
        assert live.client.get(path).status_code == 200
    copies = {path.name for path in (live.folder / ".studio").rglob(f"*{made[2]}*")}
    assert len(copies) == 2
    assert live.client.delete(f"/api/works/{made[2]}").status_code == 200
    assert not [*(live.folder / ".studio").rglob(f"*{made[2]}*")]
    assert live.client.get(f"/api/works/{made[2]}").status_code == 404
    assert live.get("/api/works?limit=1")["works"][0]["id"] == made[1]


def test_a_film_is_written_beside_and_dropped_with_its_job(live):
    wish = {"kind": "dream", "settings": {"size": 48, "octaves": 1, "steps": 2, "layers": ["block"]}, "film": ".gif"}
    (name,) = live.ended(live.post("/api/jobs", **wish, pictures={"photo": "sample:flower"})["id"])["works"]
    assert live.get(f"/api/works/{name}")["film"]
    assert live.client.get(f"/api/works/{name}/film").headers["content-type"] == "image/gif"
    live.client.delete(f"/api/works/{name}")
    wish["settings"]["steps"] = 100_000
    job = live.post("/api/jobs", **wish, pictures={"photo": "sample:flower"})["id"]
    live.running(job)
    live.post(f"/api/jobs/{job}/cancel")
    live.ended(job)
    assert not list(live.folder.glob("*.gif"))


KINDS = {
    "feature": {"units": ["mix:0-1"], "size": 48, "steps": 2},
    "explain": {"method": ["gradient", "occlusion"], "window": 24, "size": 48, "control": True},
    "style": {"steps": 2, "octaves": 1, "size": 48, "layers": ["block"], "content_layers": ["mix"], "ascent": "adam"},
    "invert": {"layers": ["block", "mix"], "steps": 2, "size": 48},
    "fool": {"target": "beetle", "steps": 2, "size": 48},
    "caricature": {"layers": ["mix"], "steps": 2, "size": 48},
    "accentuate": {"unit": ["mix:1"], "layer": "block", "steps": 2, "size": 48},
    "activations": {"layer": "mix", "size": 48, "most": 4},
    "compare": {"layer": "mix", "few": 2, "steps": 2, "size": 48},
    "grow": {"unit": "mix:1", "steps": 1, "size": 24},
    "interpolate": {"through": ["mix:0", "mix:1"], "between": 1, "steps": 2, "size": 48},
    "filters": {"layer": "mix", "most": 2},
    "card": {"unit": "mix:1", "steps": 2, "size": 48, "link_steps": 1, "links": 1},
}
PHOTOS = {"style": {"photo": "sample:flower", "styles": ["sample:china"]}}


def test_all_kinds_are_tried(live):
    assert {kind["name"] for kind in live.studio["kinds"]} == {"dream", *KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_job_becomes_a_work(live, kind):
    form = live.get(f"/api/forms/{kind}")["properties"]
    photo = {"photo": "sample:flower"} if "photo" in form and kind != "compare" else {}
    job = live.post("/api/jobs", kind=kind, settings=KINDS[kind], pictures=PHOTOS.get(kind, photo))["id"]
    found = live.ended(job)
    assert (found["state"], found["error"]) == ("done", None)
    (name,) = found["works"]
    work = live.get(f"/api/works/{name}")
    assert work["kind"] == kind
    assert work["title"].startswith({"explain": "explain gradient, occlusion"}.get(kind, kind))
    spelt = {key: value for key, value in KINDS[kind].items() if key not in ("units", "method")}  # written out in full
    assert {key: work["settings"].get(key) for key in spelt} == spelt
    assert work["command"].startswith(f"reverie {kind}")


def test_a_sum_of_units_is_one_wish(live):
    settings = {"units": ["mix:0 + fc:1"], "size": 48, "steps": 1}
    job = live.ended(live.post("/api/jobs", kind="feature", settings=settings)["id"])
    assert (job["state"], job["error"]) == ("done", None)


def test_a_job_that_cannot_be_made_says_why_and_the_next_one_runs(live):
    job = live.ended(live.job(layers=["nowhere"]))
    assert job["state"] == "failed"
    assert "no layer 'nowhere'" in job["error"]
    assert live.ended(live.job())["state"] == "done"


def test_a_killed_worker_is_told_in_one_sentence_and_the_next_job_starts_in_a_fresh_one(live):
    job = live.job(steps=100_000)
    live.running(job)
    for number in live.workers():
        os.kill(number, signal.SIGKILL)
    found = live.ended(job)
    assert found["state"] == "failed"
    assert found["error"].startswith("the computing process ended (the system killed it")
    assert live.ended(live.job())["state"] == "done"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_all_also_where_it_was_ignored_and_the_picture_is_kept(tmp_path, number):
    live = Live(tmp_path, "--atlas", f"{tmp_path / 'nets.py'}", ignored=True)
    try:
        found = live.until(lambda: live.get("/api/studio")["atlas"], lambda found: found["problem"])
        assert "nets.py is no atlas of this program" in found["problem"]
        assert (tmp_path / "terminal.txt").read_text() == f"reverie: {found['problem']}\n"
        job = live.job(steps=100_000)
        live.running(job)
        workers = live.workers()
        assert workers
        live.process.send_signal(number)
        assert live.process.wait(30) == 0
        live.until(lambda: [alive(worker) for worker in workers], lambda found: not any(found))
        (picture,) = live.folder.glob("*.png")
        assert record_text(picture) is not None
    finally:
        live.close()
