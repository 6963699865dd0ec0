"""An atlas holds what the parts it is made of say, and however it was made it is the same."""

import contextlib
import itertools
import json
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import reverie
from killing import contents
from reverie import recipes
from reverie.atlas.atlas_file import read_atlas, scan_in, shown
from reverie.atlas.atlas_writer import AtlasWriter
from reverie.atlas.building import BuildRun
from reverie.atlas.feeding import readers
from reverie.atlas.site.tiles import decoded
from reverie.atlas.worker import webp
from reverie.attribution.effective_field import fired
from reverie.dataset.top_patches import patches
from reverie.errors import AtlasRefused, InvalidSetting, UnknownName, UnsuitableImage
from reverie.files import save
from reverie.image import to_pil
from reverie.models.probe import probe
from reverie.runs import finished, read
from reverie.settings.atlas import Build
from reverie.unit import Unit
from tiny import Bodied, picture, seeded

SMALL = {"layers": ("block", "mix", "logits"), "size": 24, "steps": 2, "batch": 4, "diversity": 2, "workers": 0}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Twelve photos of two classes, of which one is no picture."""
    place = tmp_path_factory.mktemp("photos")
    for number in range(12):
        path = place / ("even", "odd")[number % 2] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        to_pil(picture(number, 3, 40, 56)).save(path)
    (place / "odd" / "7.png").write_bytes(b"no picture")
    return place


def run(model, folder, path, **more) -> BuildRun:
    return BuildRun(model, Build.made(**{**SMALL, "photos": folder, **more}), path)


@pytest.fixture(scope="module")
def whole(model, folder, tmp_path_factory):
    return finished(run(model, folder, tmp_path_factory.mktemp("made") / "whole.atlas"))


def test_an_atlas_holds_every_unit_with_its_pictures(model, whole):
    assert [layer.layer for layer in whole.layers] == ["block", "mix", "logits"]
    assert whole.about.title == "Tiny"
    assert [layer.fed for layer in whole.layers] == [("mix",), ("logits",), ()]
    for layer in whole.layers:
        known = model.layer(layer.layer)
        assert (layer.channels, layer.size, layer.kind) == (known.channels, known.size, known.kind)
        assert [unit.unit for unit in whole.units(layer.layer)] == list(range(layer.channels))
        found = [(item.unit, item.view) for item in whole.pictures(layer.layer)]
        assert found == list(itertools.product(range(layer.channels), ("max", "min", "diverse-1", "diverse-2")))
        assert all(shown(item.image, whole.damaged).size == (24, 24) for item in whole.pictures(layer.layer))
    assert len(whole) == 4 * (8 + 12 + 5)
    assert {batch.state for batch in whole.batches()} == {"done"}


def test_a_picture_is_that_of_the_feature_in_its_batch_and_its_activation_is_clean(model, whole):
    made = finished_pictures(model, "mix:4-7", negative=True)
    for row, image in enumerate(made):
        kept = next(item for item in whole.pictures("mix", 4 + row) if item.view == "min")
        assert kept.image == webp(to_pil(image))
        with torch.no_grad():
            value = float(probe(model, image[None], ["mix"])["mix"][0, 4 + row].min())
        assert kept.activation == pytest.approx(value, rel=1e-4)


class Branching(nn.Module):
    """Two branches that join, a third one that autograd loses sight of, and a layer in place."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.left, self.right = nn.Conv2d(3, 4, 3), nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)
        self.lost, self.join, self.relu = nn.Conv2d(4, 4, 1), nn.Conv2d(8, 4, 1), nn.ReLU(inplace=True)

    def forward(self, x):
        x = self.relu(self.stem(x))
        both = torch.cat([self.left(x), self.right(x)], 1)
        return self.join(both) + self.lost(x).detach()


def test_a_layer_tells_which_of_the_others_read_it_next():
    model = reverie.load(seeded(Branching), size=16)
    fed = {name: json.loads(text) for name, text in readers(model, ["stem", "left", "right", "lost", "join"]).items()}
    assert fed == {
        "stem": ["left", "right", "lost"], "left": ["join"], "right": ["join"], "lost": None, "join": [],
    }  # fmt: skip
    assert json.loads(readers(model, ["stem", "join"])["stem"]) == ["join"]


def test_layers_that_return_one_tensor_are_read_alike_and_are_no_neighbours(folder, tmp_path):
    model = reverie.load(seeded(Bodied), size=24)
    fed = {name: json.loads(text) for name, text in readers(model, ["body.1", "body.2", "body", "head"]).items()}
    assert fed == {"body.1": ["body.2"], "body.2": ["head"], "body": ["head"], "head": []}
    layers = ("body.1", "body.2", "body")
    made = finished(run(model, folder, tmp_path / "a.atlas", layers=layers, views="max", steps=1, batch=16))
    for layer, others in (("body.1", {"body.2"}), ("body.2", {"body.1"}), ("body", {"body.1"})):
        links = [link for link in made.links(layer) if link.kind == "nearest across"]
        assert {link.other_layer for link in links} == others


@pytest.mark.parametrize("view", ["max", "min", "diverse-1", "diverse-2"])
def test_the_record_of_a_picture_repeats_it(model, whole, view, tmp_path):
    kept = next(item for item in whole.pictures("mix", 6) if item.view == view)
    save(shown(kept.image, whole.damaged), tmp_path / "a.png", str(whole.record(kept)))
    again = reverie.rerun(tmp_path / "a.png", model)
    assert webp(to_pil(again.images[0])) == kept.image


def finished_pictures(model, units, **more):
    return reverie.feature(model, units, size=24, steps=2, batch=4, **more).images


def test_statistics_patches_and_classes_are_those_of_the_photos(model, folder, whole):
    photos = whole.scan.photos()
    good = [number for number in range(12) if photos.names[number] != "odd/7.png"]
    with torch.no_grad():
        maps = torch.cat([probe(model, photos.framed(number, model.size)[None], ["mix"])["mix"] for number in good])
    for values in whole.statistics("mix"):
        own = maps[:, values.unit]
        assert values.photos == 11
        assert (values.best, values.least) == pytest.approx((float(own.max()), float(own.min())), rel=1e-4)
        assert values.mean == pytest.approx(float(own.mean()), abs=1e-5)
        assert values.firing == pytest.approx(float((own > 0).float().mean()), abs=1e-6)
        counts, _ = np.histogram(own.amax((1, 2)).numpy(), whole.edges(values))
        assert counts.tolist() == list(values.histogram)
        patches = whole.patches("mix", values.unit)
        assert [(item.kind, item.rank) for item in patches] == [
            *(("max", rank) for rank in range(5)), *(("least", rank) for rank in range(2)),
            *(("random", rank) for rank in range(2)),
        ]  # fmt: skip
        assert patches[0].photo == good[int(own.amax((1, 2)).argmax())]
        (top, bottom), (left, right) = (patches[0].top, patches[0].bottom), (patches[0].left, patches[0].right)
        crop = photos.framed(patches[0].photo, model.size)[:, top:bottom, left:right]
        assert patches[0].image == webp(to_pil(crop))
        classes = [item for item in whole.classes("mix", values.unit) if item.kind == "photos"]
        means = {
            name: float(own[[row for row, n in enumerate(good) if photos.kind(n) == name]].mean())
            for name in ("even", "odd")
        }
        assert [item.name for item in classes] == sorted(means, key=means.get, reverse=True)
        assert classes[0].value == pytest.approx(max(means.values()), abs=1e-5)


def test_patches_say_where_in_them_their_unit_fired(model, folder, tmp_path, monkeypatch):
    monkeypatch.setattr("reverie.attribution.effective_field.LARGE", 8)  # pixels: the network sees 16
    made = finished(run(model, folder, tmp_path / "a.atlas", views="max", layers=("mix",), limit=4))
    framed = 0
    for unit in range(4):
        found = patches(model, made.scan, made.scan.photos(), "mix", unit, most=5)
        wanted = [
            fired(model, patch.picture, Unit("mix", (unit,)), patch.place, patch.box) if patch.value > 0 else None
            for patch in found
        ]
        assert [item.fired for item in made.patches("mix", unit) if item.kind == "max"] == wanted
        framed += sum(box is not None for box in wanted)
    assert framed
    with contextlib.closing(sqlite3.connect(made.path)) as database:
        database.execute("UPDATE patches SET fired_bottom = 48 WHERE fired_bottom IS NOT NULL")
        database.commit()
    with pytest.raises(AtlasRefused, match="a damaged one"):
        made.patches("mix")


def test_the_nearest_units_are_those_that_correlate_most(whole):
    layers = {name: whole.scan.embeddings(name)[1] for name in ("block", "mix", "logits")}
    for unit in range(12):
        link = next(item for item in whole.links("mix", unit) if item.kind == "nearest across")
        best = max(
            float(np.corrcoef(layers["mix"][:, unit], layers[name][:, other])[0, 1])
            for name in ("block", "logits")
            for other in range(layers[name].shape[1])
        )
        assert link.value == pytest.approx(best, abs=1e-4)
        inside = [item for item in whole.links("mix", unit) if item.kind == "nearest"]
        assert all(item.other_layer == "mix" and item.other_unit != unit for item in inside)


def test_scores_say_where_the_pictures_stand_among_photos(whole):
    best = {values.unit: values.best for values in whole.statistics("mix")}
    pictures = {(item.unit, item.view): item.activation for item in whole.pictures("mix")}
    scores = whole.scores("mix")
    assert {item.name for item in scores} == {"reach", "percentile"}
    for score in scores:
        value = pictures[score.unit, score.view]
        if score.name == "reach":
            assert score.value == pytest.approx(value / best[score.unit])
        else:
            assert 0 <= score.value <= 100
            assert value <= best[score.unit] or score.value > 90


def test_an_atlas_that_was_left_at_any_event_opens_and_ends_as_an_unbroken_one(model, folder, whole, tmp_path):
    path, total = tmp_path / "left.atlas", 0
    for after in (1, 3, 9, 14, 25, 12):
        events = read(run(model, folder, path))
        list(itertools.islice(events, after))
        events.close()
        made = read_atlas(path)
        assert made.about == whole.about
        assert len(made) >= total
        total = len(made)
    assert 0 < total < len(whole)
    assert contents(finished(run(model, folder, path)).path) == contents(whole.path)


def test_a_limit_makes_whole_batches_and_the_rest_follows(model, folder, whole, tmp_path):
    begun = run(model, folder, tmp_path / "a.atlas", limit=3)
    notes = [event.note for event in begun.events()]
    first = begun.result()
    assert notes[0] == "3 layers, 12 units: up to 4 of each, since a batch of 4 is made whole"
    assert [unit.unit for unit in first.units("mix")] == [0, 1, 2, 3]
    assert len(first) == 3 * 4 * 4
    assert contents(finished(run(model, folder, first.path)).path) == contents(whole.path)


def test_layers_that_come_later_are_scanned_with_the_others_and_photos_need_no_second_naming(
    model, folder, whole, tmp_path
):
    first = finished(run(model, folder, tmp_path / "a.atlas", layers=("mix",), views="max"))
    assert {item.other_layer for item in first.links("mix") if item.kind.startswith("nearest")} == {"mix"}
    made = finished(run(model, None, first.path))
    found, wanted = contents(made.path), contents(whole.path)
    stale = ("recipes", "batches", "links")  # facts of the first look stay with what they were of
    assert {name: found[name] for name in found if name not in stale} == {
        name: wanted[name] for name in wanted if name not in stale
    }
    assert sorted(found["links"]) == sorted(wanted["links"])


def test_without_photos_there_are_pictures_and_weights_alone(model, tmp_path):
    made = finished(run(model, None, tmp_path / "a.atlas", views="max", layers=("mix",)))
    assert made.scan is None
    assert made.photos == ()
    assert not any(look("mix") for look in (made.statistics, made.patches, made.scores))
    assert {unit.dead for unit in made.units()} == {None}
    assert {link.kind for link in made.links("mix", 3)} <= {"fed by", "feeds"}
    assert {item.view for item in made.pictures("mix")} == {"max"}


def test_a_batch_that_fails_costs_no_other_and_is_tried_again(model, tmp_path, monkeypatch):
    real = recipes.feature

    def fails(model, units, **more):
        if units[0].layer == "block":
            raise InvalidSetting("not today")
        return real(model, units, **more)

    monkeypatch.setattr("reverie.atlas.worker.recipes.feature", fails)
    path = tmp_path / "a.atlas"
    made = finished(run(model, None, path, views="max", layers=("block", "mix")))
    bad = [batch for batch in made.batches() if batch.state == "failed"]
    assert {(batch.layer, batch.sentence) for batch in bad} == {("block", "not today")}
    assert made.told([path])[0].endswith("2 batches failed, the same command tries them again")
    assert ("", "", "{}") in contents(path)["recipes"]  # whatever the view was
    monkeypatch.undo()
    made = finished(run(model, None, path, views="max", layers=("block", "mix")))
    assert {batch.state for batch in made.batches()} == {"done"}
    assert len(made) == 20


def test_what_cannot_be_is_refused_in_a_sentence(model, folder, whole, tmp_path):
    with pytest.raises(AtlasRefused, match=r"is an atlas with other settings of the pictures"):
        finished(run(model, folder, whole.path, size=32))
    with pytest.raises(InvalidSetting, match="'3/2' is no shard"):
        run(model, folder, tmp_path / "a.atlas", shard="3/2")
    with pytest.raises(UnknownName, match="there is no view 'left' here; allowed are max, min, diverse"):
        run(model, folder, tmp_path / "a.atlas", views="max,left")
    with pytest.raises(UnknownName, match="nearest: 'mix'"):
        run(model, folder, tmp_path / "a.atlas", layers=("mux",))
    with pytest.raises(UnsuitableImage):
        run(model, tmp_path / "nowhere", tmp_path / "a.atlas")
    with pytest.raises(AtlasRefused, match="there is no atlas"):
        read_atlas(tmp_path / "a.atlas")
    with pytest.raises(UnknownName, match="has no layer 'mux'; nearest: 'mix'"):
        whole.pictures("mux")


def test_an_atlas_serves_as_a_scan(model, whole, tmp_path):
    assert scan_in(whole.path).about == whole.scan.about
    sheet = reverie.patches(model, "mix:3", whole.path, most=2)
    best = whole.patches("mix", 3)[0]
    assert sheet.records[0].automatic["value"] == pytest.approx(best.value, abs=1e-5)
    board = reverie.card(model, "mix:3", scan=whole.path, steps=1, link_steps=0, patches=2)
    assert board.data["best_photo"] == pytest.approx(best.value, abs=1e-5)
    assert {score["name"] for score in board.data["scores"]} >= {"reach", "naturalness"}
    without = finished(run(model, None, tmp_path / "a.atlas", views="max", layers=("mix",), limit=1))
    with pytest.raises(AtlasRefused, match="was built without photos"):
        scan_in(without.path)


@pytest.mark.parametrize(
    "change",
    [
        "PRAGMA application_id = 1",
        "CREATE TABLE more (a)",
        "CREATE VIEW more AS SELECT 1",
        "CREATE TRIGGER more AFTER INSERT ON units BEGIN SELECT 1; END",
        "UPDATE network SET value = '{' WHERE name = 'job'",
        "UPDATE network SET value = '[1, -5]' WHERE name = 'size'",
        "DELETE FROM network WHERE name = 'job'",
        "UPDATE layers SET channels = -1",
    ],
)
def test_a_strangers_file_is_refused_at_the_door(whole, tmp_path, change):
    path = tmp_path / "a.atlas"
    path.write_bytes(whole.path.read_bytes())
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute(change)
        database.commit()
    with pytest.raises(AtlasRefused, match="is no atlas of this program, or a damaged one; build it anew"):
        read_atlas(path)


def test_another_version_is_named(whole, tmp_path):
    path = tmp_path / "a.atlas"
    path.write_bytes(whole.path.read_bytes())
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(AtlasRefused, match="is an atlas of layout 99, this program reads 3; build it anew"):
        read_atlas(path)


def test_values_beyond_their_bounds_are_refused_where_they_are_read(whole, tmp_path):
    path = tmp_path / "a.atlas"
    path.write_bytes(whole.path.read_bytes())
    with contextlib.closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE pictures SET activation = 9e999, image = zeroblob(20)")
        database.execute("UPDATE statistics SET counts = '[1, 2', first_bin = 7")
        database.execute("UPDATE patches SET value = -9e999")
        database.execute("UPDATE batches SET count = 4097")
        database.commit()
    made = read_atlas(path)
    with pytest.raises(AtlasRefused, match="a damaged one"):
        made.batches("mix")
    for look in (made.pictures, made.patches):
        with pytest.raises(AtlasRefused, match="a damaged one"):
            look("mix")
    with pytest.raises(AtlasRefused, match="a damaged one"):
        made.edges(made.statistics("mix")[0])
    for bad in (b"", b"RIFF", webp(Image.new("RGB", (3000, 3)))):
        with pytest.raises(AtlasRefused, match="a damaged one"):
            shown(bad, made.damaged)


@pytest.mark.parametrize("most", [200, 400])  # pixels beyond which Pillow warns, and beyond twice as many fails
def test_a_picture_that_is_too_large_is_not_decoded(whole, monkeypatch, most):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", most)
    with pytest.raises(AtlasRefused, match="a damaged one"):
        shown(webp(Image.new("RGB", (24, 24))), whole.damaged)
    with pytest.raises(AtlasRefused, match=r"a picture of mix:1 is damaged"):
        decoded(webp(Image.new("RGB", (24, 24))), "mix:1")


def test_a_picture_may_be_asked_for_at_its_size_alone(whole):
    file = webp(Image.new("RGB", (30, 20)))
    assert shown(file, whole.damaged, (20, 30)).size == (30, 20)
    with pytest.raises(AtlasRefused, match="a damaged one"):
        shown(file, whole.damaged, (30, 20))


def test_scores_are_read_before_their_write_begins(whole, tmp_path):
    path = tmp_path / "a.atlas"
    path.write_bytes(whole.path.read_bytes())
    kept, within = whole.scores("mix"), []

    def read_slowly(writer):
        for score in kept:
            within.append(writer.database.in_transaction)
            yield score

    with AtlasWriter(path, whole.about) as writer:
        writer.score(("reach", "percentile"), read_slowly(writer))
        (spills,) = writer.database.execute("PRAGMA cache_spill").fetchone()
    assert within == [False] * len(kept)
    assert not spills
    assert read_atlas(path).scores("mix") == kept
    assert read_atlas(path).scores("block") == ()
