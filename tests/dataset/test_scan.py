import multiprocessing
import os
import shutil
import signal
import sqlite3

import numpy as np
import pytest
import torch
from kills import kill_often

import reverie
from killing import contents, photos_in
from reverie.dataset import scanning as run
from reverie.dataset.layer_tallies import Keeping, fresh
from reverie.dataset.layer_tallies import tallied as scanned
from reverie.dataset.photo_batches import batches
from reverie.dataset.photo_sets import photo_set
from reverie.dataset.scanning import main_layers, scan, scanning
from reverie.dataset.store import begun, read_scan
from reverie.dataset.top_patches import patch_record, patches
from reverie.dataset.writer import Writer
from reverie.errors import InvalidSetting, OutputFailed, ScanRefused, UnknownName, UnsuitableImage
from reverie.files import file_digest
from reverie.models.probe import probe
from reverie.unit import Unit
from tiny import Tiny, hook_count, seeded

LAYERS = ["stem", "block.relu~2", "mix", "logits"]
FEW = {"extremes": 3, "samples": 20, "examples": 6, "batch": 4, "workers": 0}


@pytest.fixture
def folder(tmp_path):
    return photos_in(tmp_path / "photos", 11)


@pytest.fixture
def made(model, folder, tmp_path):
    return scan(model, folder, tmp_path / "a.db", layers=LAYERS, **FEW)


def test_a_scan_holds_what_the_probe_says_of_each_photo(model, folder, made):
    photos = made.photos()
    assert made.complete
    assert made.names == photos.names
    assert list(made.failures) == [7]
    assert "is not a picture" in made.failures[7]
    good = [number for number in range(11) if number != 7]
    with torch.no_grad():
        seen = [probe(model, photos.framed(number, model.size)[None], LAYERS) for number in good]
    for layer in LAYERS:
        tallies, maps = made.tallies(layer), torch.cat([each[layer] for each in seen])
        peaks = maps.amax((2, 3))
        best = peaks.argmax(0)
        for channel in range(maps.shape[1]):
            assert tallies.top.photos[channel, 0] == good[best[channel]]
            assert tallies.top.values[channel, 0] == pytest.approx(float(peaks[best[channel], channel]), rel=1e-4)
            place = maps[best[channel], channel].flatten().argmax()
            assert tallies.top.places[channel, 0] == place
            assert tallies.bottom.values[channel, 0] == pytest.approx(float(maps[:, channel].min()), rel=1e-4, abs=1e-5)
        numbers, means = made.embeddings(layer)
        assert numbers.tolist() == good
        np.testing.assert_allclose(means, maps.mean((2, 3)), rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(tallies.moments.mean, maps.mean((0, 2, 3)), rtol=1e-3, atol=1e-5)


def test_the_engine_alone_feeds_tallies(model, folder):
    tallies = fresh(model, ["mix"], Keeping(2, True, 10, 5))
    seen = list(scanned(model, batches(photo_set(folder), model.size, 4, workers=0), ["mix"], tallies))
    assert [len(item.batch.indices) for item in seen] == [4, 3, 3]
    assert int(tallies["mix"].moments.photos[0]) == 10
    assert hook_count(model.variants.plain) == 0


def test_going_on_ends_with_the_very_same_file(model, folder, made, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "EVERY", 0.0)
    monkeypatch.setattr(run, "SHARE", float("inf"))
    path = tmp_path / "b.db"
    run_ = scanning(model, folder, path, layers=LAYERS, **FEW)
    next(run_), next(run_)
    run_.close()
    assert read_scan(path).position in (0, 4)
    again = scanning(model, folder, path, layers=LAYERS, **FEW)
    assert next(again).done == read_scan(path).position
    list(again)
    assert contents(path) == contents(made.path)
    assert [passed.done for passed in scanning(model, folder, path, layers=LAYERS, **FEW)] == [11]


def test_killed_scans_lose_nothing(tmp_path):
    cut, ended = kill_often(tmp_path, 3)
    assert cut == 3
    assert ended >= 1
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"layers": ["stem"]}, "a scan with other layers; name another file with --output, or say --force"),
        ({"batch": 2}, r"other photos in a batch, --batch \(4, not 2\)"),
        ({"extremes": 4}, "other settings of what is kept"),
        ({"seed": 1}, "other settings of what is kept"),
    ],
)
def test_scans_of_other_settings_do_not_mix(model, folder, made, change, message):
    before = contents(made.path)
    with pytest.raises(ScanRefused, match=message):
        scan(model, folder, made.path, **{"layers": LAYERS, **FEW, **change})
    assert contents(made.path) == before


def test_scans_of_other_networks_photos_threads_or_versions_do_not_mix(model, folder, made, monkeypatch, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "other.png").write_bytes((folder / "000.png").read_bytes())
    settings = {"layers": LAYERS, **FEW}
    with pytest.raises(ScanRefused, match="other weights or settings of the network"):
        scan(reverie.load(seeded(Tiny, seed=1), size=48), folder, made.path, **settings)
    monkeypatch.setattr(run, "versions", lambda: {"reverie": "0.0", "torch": "0"})
    with pytest.raises(ScanRefused, match="other versions of reverie, torch or Pillow"):
        scan(model, folder, made.path, **settings)
    monkeypatch.undo()
    torch.set_num_threads(torch.get_num_threads() + 1)
    with pytest.raises(ScanRefused, match="other number of threads, --threads"):
        scan(model, folder, made.path, **settings)
    torch.set_num_threads(torch.get_num_threads() - 1)
    (folder / "000.png").rename(folder / "999.png")
    with pytest.raises(ScanRefused, match="a scan with other photos"):
        scan(model, folder, made.path, **settings)
    gone = made.photos()
    assert gone.names == made.names
    with pytest.raises(UnsuitableImage, match="there is no file"):
        gone.read(0)
    with pytest.raises(ScanRefused, match="holds other photos than"):
        made.photos(elsewhere)
    assert scan(model, folder, made.path, force=True, **settings).names[-1] == "999.png"


def test_a_network_is_known_by_its_weights_not_by_its_name(folder, made):
    import dataclasses

    other = reverie.load(seeded(Tiny), size=48, classes=[*"abcde"])
    renamed = dataclasses.replace(other, name="x", source={**other.source, "name": "x"})
    assert scan(renamed, folder, made.path, layers=LAYERS, **FEW).complete


def test_two_scans_do_not_write_one_file(model, folder, made, tmp_path, monkeypatch):
    import reverie.dataset.database as module

    monkeypatch.setattr(module, "PATIENCE", 0.05)
    first = scanning(model, folder, tmp_path / "b.db", layers=LAYERS, **FEW)
    next(first)
    with pytest.raises(ScanRefused, match="is being written by another scan"):
        next(scanning(model, folder, tmp_path / "b.db", layers=LAYERS, **FEW))
    assert read_scan(tmp_path / "b.db").position == 0
    first.close()


def cut_off(path) -> None:
    """A process that is killed in the middle of a write, half of which is in the file."""

    def work() -> None:
        database = sqlite3.connect(path, isolation_level=None)
        database.execute("PRAGMA cache_size = 5")
        database.execute("BEGIN IMMEDIATE")
        database.execute("UPDATE tallies SET data = zeroblob(length(data))")
        os.kill(os.getpid(), signal.SIGKILL)

    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join()


def test_a_write_that_was_cut_off_is_undone_by_the_next_scan(model, folder, made):
    before = contents(made.path)
    cut_off(made.path)
    with pytest.raises(ScanRefused, match="was cut off while it was written; run the same scan again, it goes on"):
        read_scan(made.path)
    assert begun(made.path).batch == 4
    assert read_scan(made.path).complete
    cut_off(made.path)
    assert scan(model, folder, made.path, layers=LAYERS, **FEW).complete
    assert contents(made.path) == before


def rows(path, statement: str, *values) -> None:
    database = sqlite3.connect(path)
    database.execute(statement, values)
    database.commit()
    database.close()


@pytest.mark.parametrize(
    "damage",
    [
        "PRAGMA application_id = 7",
        "PRAGMA user_version = 3",
        "DROP TABLE photos",
        "CREATE TRIGGER t AFTER INSERT ON photos BEGIN DELETE FROM photos; END",
        "CREATE VIEW v AS SELECT 1",
        "UPDATE about SET value = '[]' WHERE name = 'layers'",
        "UPDATE about SET value = '-3' WHERE name = 'batch'",
        "UPDATE about SET value = '{' WHERE name = 'keeping'",
        """UPDATE about SET value = '{"extremes": 1e9}' WHERE name = 'keeping'""",
        """UPDATE about SET value = '{"stem": [1, [0, 4]]}' WHERE name = 'layers'""",
        "DELETE FROM about WHERE name = 'model'",
        "UPDATE progress SET position = 12",
        "UPDATE progress SET position = 'x'",
        "DELETE FROM progress",
    ],
)
def test_a_strangers_file_is_refused_at_the_door(made, damage):
    rows(made.path, damage)
    with pytest.raises(ScanRefused, match=r"is no scan of this program, or a damaged one|is a scan of layout 3"):
        read_scan(made.path)


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM tallies WHERE layer = 'mix' AND tally = 'top' AND part = 'values'",
        "UPDATE tallies SET data = x'00' WHERE layer = 'mix' AND part = 'counts'",
        "UPDATE tallies SET data = 'text' WHERE layer = 'mix' AND part = 'counts'",
        "UPDATE tallies SET data = zeroblob(length(data) - 1) || x'70' WHERE layer = 'mix' AND part = 'photos'",
        """UPDATE about SET value = '{"mix": [9000000, [12, 12]]}' WHERE name = 'layers'""",
        "UPDATE embeddings SET data = x'00' WHERE layer = 'mix'",
        "DELETE FROM embeddings WHERE first = 4",
    ],
)
def test_damaged_arrays_are_refused_when_they_are_read(made, damage):
    rows(made.path, damage)
    found = read_scan(made.path)
    with pytest.raises(ScanRefused, match="a damaged one"):
        found.tallies("mix"), found.embeddings("mix")


def test_what_is_no_database_is_refused(model, folder, tmp_path):
    (tmp_path / "x.db").write_bytes(b"SQLite format 3\0" + bytes(5000))
    with pytest.raises(ScanRefused, match="is no scan of this program"):
        read_scan(tmp_path / "x.db")
    with pytest.raises(ScanRefused, match="is no scan of this program"):
        scan(model, folder, tmp_path / "x.db", layers=LAYERS, **FEW)
    foreign = sqlite3.connect(tmp_path / "y.db")
    foreign.execute("CREATE TABLE mine (a)")
    foreign.commit()
    foreign.close()
    with pytest.raises(ScanRefused, match="is no scan of this program"):
        scan(model, folder, tmp_path / "y.db", layers=LAYERS, **FEW)
    assert list(contents(tmp_path / "y.db")) == ["mine"]
    with pytest.raises(ScanRefused, match=r"there is no scan .*make it with 'reverie scan FOLDER"):
        read_scan(tmp_path / "z.db")


def test_reading_writes_nothing(made):
    made.path.chmod(0o444)
    before = made.path.read_bytes(), sorted(made.path.parent.iterdir())
    found = read_scan(made.path)
    found.tallies("mix"), found.embeddings("mix"), found.kinds, found.failures
    assert (made.path.read_bytes(), sorted(made.path.parent.iterdir())) == before


def test_a_full_disk_is_told_and_nothing_is_lost(model, folder, made, tmp_path, monkeypatch):
    monkeypatch.setattr(run, "EVERY", 0.0)
    monkeypatch.setattr(run, "SHARE", float("inf"))
    path, real = tmp_path / "b.db", Writer.__enter__

    def small(writer):
        found = real(writer)
        pages = found.database.execute("PRAGMA page_count").fetchone()[0]
        found.database.execute(f"PRAGMA max_page_count = {pages + 15}")
        return found

    monkeypatch.setattr(Writer, "__enter__", small)
    with pytest.raises(OutputFailed, match=r"free some space .* run the same scan again: it goes on where it was"):
        scan(model, folder, path, layers=LAYERS, **FEW)
    monkeypatch.setattr(Writer, "__enter__", real)
    assert read_scan(path).position in (0, 4, 8)
    scan(model, folder, path, layers=LAYERS, **FEW)
    assert contents(path) == contents(made.path)


def test_bad_questions_are_answered_in_one_sentence(model, folder, made, tmp_path):
    with pytest.raises(UnknownName, match="has no layer 'mxi'; nearest: 'mix'"):
        scan(model, folder, tmp_path / "b.db", layers=["mxi"])
    with pytest.raises(UnknownName, match="was not scanned for 'norm'"):
        made.tallies("norm")
    with pytest.raises(UnsuitableImage, match="there is no folder"):
        scan(model, tmp_path / "none", tmp_path / "b.db")
    with pytest.raises(OutputFailed, match=r"its ending must be one of \.db"):
        scan(model, folder, tmp_path / "b.png")
    with pytest.raises(InvalidSetting, match="batch must be 1 to 4096, not 0"):
        scan(model, folder, tmp_path / "b.db", batch=0)
    assert not (tmp_path / "b.db").exists()
    without = scan(model, folder, tmp_path / "c.db", layers=["mix"], no_embeddings=True, **FEW)
    with pytest.raises(UnknownName, match="holds no embeddings"):
        without.embeddings("mix")
    assert not contents(without.path)["embeddings"]


def test_main_layers_are_the_blocks_and_the_output(model, bundled, sequential):
    assert main_layers(bundled) == [*(name for name in bundled.layers if name.startswith("mixed") and "." not in name),
                                    "logits"] or "stem" in main_layers(bundled)  # fmt: skip
    assert main_layers(sequential) == ["0", "3", "logits"]
    assert main_layers(model)[-1] == "logits"


def test_a_place_with_none_of_the_photos_is_refused_without_a_walk_through_it(made, tmp_path, monkeypatch):
    monkeypatch.setattr("reverie.dataset.store.photo_set", lambda _: pytest.fail("it was walked through"))
    (tmp_path / "other").mkdir()
    with pytest.raises(ScanRefused, match="holds other photos than"):
        made.photos(tmp_path / "other")


def test_a_full_disk_leaves_no_empty_file(model, folder, tmp_path, monkeypatch):
    def full(*_):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr("reverie.dataset.writer.plain", full)
    with pytest.raises(OutputFailed, match="free some space"):
        scan(model, folder, tmp_path / "new.db", layers=["stem"], workers=0)
    assert not list(tmp_path.glob("new.db*"))


def test_photos_that_were_overwritten_are_noticed(model, folder, made, tmp_path):
    settings = {"layers": LAYERS, **FEW}
    shutil.copytree(folder, tmp_path / "copied", copy_function=shutil.copyfile)  # with times of its own
    assert scan(model, tmp_path / "copied", made.path, **settings).complete
    shutil.copyfile(folder / "001.png", folder / "000.png")
    with pytest.raises(ScanRefused, match=r"^1 photos of .* were changed since they were scanned, '000\.png' first; "):
        scan(model, folder, made.path, **settings)


def test_patches_of_photos_that_are_gone_are_captioned_and_the_others_drawn(model, folder, made):
    layer = LAYERS[0]
    before = patches(model, made, made.photos(), layer, 0, most=5)
    assert all(patch.sha256 == file_digest(folder / patch.name) for patch in before)
    (folder / before[1].name).unlink()
    (folder / before[2].name).write_bytes(b"no picture")
    after = patches(model, made, made.photos(), layer, 0, most=5)
    assert [patch.value for patch in after] == [patch.value for patch in before]
    told = [patch.doubt for patch in after]
    assert told == [None, *["the photo is missing, or cannot be read any more"] * 2]
    assert patch_record(model, made, Unit(layer, (0,)), after[1]).automatic["sha256"] is None
    medians = patches(model, made, made.photos(), layer, 0, kind="median", most=99)
    assert not {before[1].name, before[2].name} & {patch.name for patch in medians}


@pytest.mark.parametrize("several", [False, True])
def test_copies_of_a_photo_count_once_unless_asked_for(model, folder, tmp_path, several):
    for number in range(3):
        shutil.copy(folder / "003.png", folder / f"9{number}.png")
    (folder / "link.png").symlink_to(folder / "003.png")
    made = scan(model, folder, tmp_path / "a.db", layers=["mix"], several=several, extremes=40, workers=0, batch=1)
    for kind in ("top", "least", "median", "random"):
        once = patches(model, made, made.photos(), "mix", 3, kind=kind, most=40)
        all_ = patches(model, made, made.photos(), "mix", 3, kind=kind, most=40, copies=True)
        names = {patch.name for patch in once}
        assert len(names & {"003.png", "90.png", "91.png", "92.png", "link.png"}) == 1, kind
        assert {patch.sha256 for patch in once} == {patch.sha256 for patch in all_}
        assert len(all_) > len(once)
    top = patches(model, made, made.photos(), "mix", 3, most=4)
    assert len(top) == 4
