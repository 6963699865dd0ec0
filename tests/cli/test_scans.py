from pathlib import Path

import pytest
from PIL import Image

from killing import contents, photos_in
from reverie.dataset import scanning as run
from reverie.dataset.store import read_scan
from reverie.record import parse_record


@pytest.fixture
def photos(tmp_path) -> Path:
    return photos_in(tmp_path / "photos", 13)


@pytest.fixture
def scanned(cli, photos, factory, tmp_path) -> Path:
    status, _, err = cli("scan", photos, "--model", factory, "--layer", "mix", "--layer", "stem", "--workers", 0)
    assert status == 0, err
    return tmp_path / "photos-scan.db"


def test_scan_writes_one_file_and_says_what_it_holds(cli, photos, factory, tmp_path):
    words = ("scan", photos, "--model", factory, "--layer", "mix", "--workers", 0, "-o", "a.db")
    status, out, err = cli(*words)
    assert status == 0, err
    assert out == "wrote a.db: 12 photos, 1 layers; 1 photos could not be read and were passed over\n"
    assert "reverie: 007.png: passed over: " in err
    assert sorted(path.name for path in tmp_path.iterdir() if "a.db" in path.name) == ["a.db"]
    before = contents(tmp_path / "a.db")
    assert cli(*words)[0] == 0
    assert contents(tmp_path / "a.db") == before


def test_a_scan_that_is_stopped_goes_on_with_its_threads(cli, photos, factory, tmp_path, monkeypatch):
    words = ("scan", photos, "--model", factory, "--layer", "mix", "--workers", 0, "--batch", 4)
    monkeypatch.setattr(run, "EVERY", 0.0)
    monkeypatch.setattr(run, "SHARE", float("inf"))
    real, seen = run.Writer.commit, []

    def interrupted(writer, tallies, position):
        real(writer, tallies, position)
        seen.append(position)
        if len(seen) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(run.Writer, "commit", interrupted)
    status, out, err = cli(*words, "--threads", 1, "-o", "a.db")
    assert status == 130
    assert err.endswith("reverie: stopped\n")
    assert "(8 of 13 photos; the same command goes on)" in out
    assert read_scan(tmp_path / "a.db").position == 8
    assert cli(*words, "-o", "a.db")[0] == 0
    assert cli(*words, "--threads", 1, "-o", "b.db")[0] == 0
    assert contents(tmp_path / "a.db") == contents(tmp_path / "b.db")


def test_patches_are_a_sheet_with_records(cli, scanned, factory, tmp_path):
    words = ("patches", "mix:3", "--scan", scanned, "--model", factory, "--most", 4, "--side", 48, "-o", "p.png")
    status, out, err = cli(*words, "--singles", "--kind", "top", "--kind", "random", "--beside", "gradient")
    assert status == 0, err
    assert out.splitlines() == [
        "wrote p.png and 16 pictures in p",
        "8 of 8 crops alone give the recorded value back",
    ]
    files = sorted((tmp_path / "p").iterdir())
    assert len(files) == 16
    with Image.open(files[-1]) as picture:
        assert picture.size == (48, 48)
        record = parse_record(picture.text["reverie"])
    assert record.recipe == "patches"
    assert record.arguments["unit"] == "mix:3"
    assert record.automatic["doubt"] is None
    assert record.model["weights_sha256"] == read_scan(scanned).about.model["weights_sha256"]


def test_a_scan_runs_no_code_that_only_it_names(refused, scanned):
    assert "names code or weights of its own" in refused("patches", "mix:3", "--scan", scanned)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("mix:3", "--scan", "none.db"), "there is no scan none.db; make it with 'reverie scan FOLDER -o none.db'"),
        (("mix:99",), "has 12 channels, 0 to 11; 99 is out of range, nearest: 'mix:11'"),
        (("norm:3",), "was not scanned for 'norm'; nearest: 'mix'"),
        (("mix",), "'mix' is not one channel: a scan ranks channels; name it as LAYER:CHANNEL"),
        (("mix:3@1,1",), "'mix:3@1,1' is not one channel"),
        (("mix:3", "--kind", "best"), "there is no kind of patch 'best' here; nearest: 'least'; allowed are top"),
        (("mix:3", "--beside", "cam"), "there is no picture beside a patch 'cam' here; allowed are gradient"),
        (("mix:3", "--most", 0), "must be 1 or more, not 0"),
        (("mix:3", "--photos", "nowhere"), "there is no folder nowhere"),
    ],
)
def test_bad_questions_get_one_sentence(refused, scanned, factory, words, message):
    words = words if "--scan" in words else (*words, "--scan", scanned)
    assert message in refused("patches", *words, "--model", factory)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nowhere",), "there is no folder nowhere; name a folder of photos, a .tar file or a .txt file of paths"),
        (("photos", "--layer", "mxi"), "has no layer 'mxi'; nearest: 'mix'"),
        (("photos", "-o", "a.png"), "its ending must be one of .db"),
        (("photos", "-o", "none/a.db"), "there is no folder none; make it first"),
        (("photos", "--batch", 0), "batch must be 1 to 4096, not 0"),
        (("empty",), "holds no photo"),
    ],
)
def test_scans_that_cannot_begin_get_one_sentence(refused, photos, factory, tmp_path, words, message):
    (tmp_path / "empty").mkdir()
    assert message in refused("scan", *words, "--model", factory)
    assert not list(tmp_path.glob("*.db"))


def test_another_scan_is_not_overwritten(cli, refused, scanned, photos, factory):
    before = contents(scanned)
    message = refused("scan", photos, "--model", factory, "--layer", "stem", "--workers", 0)
    assert message.endswith(
        "is a scan with other layers; name another file with --output, or say --force to begin it anew"
    )
    assert contents(scanned) == before
    assert cli("scan", photos, "--model", factory, "--layer", "stem", "--workers", 0, "--force")[0] == 0
    assert list(read_scan(scanned).about.layers) == ["stem"]


def test_patches_of_a_photo_that_changed_say_so(cli, scanned, photos, factory):
    best = read_scan(scanned).tallies("mix").top.photos[3, 0]
    Image.new("RGB", (60, 60), "black").save(photos / f"{best:03}.png")
    status, out, err = cli("patches", "mix:3", "--scan", scanned, "--model", factory, "--most", 2, "-o", "p.png")
    assert status == 0, err
    assert "1 of 2 crops alone give the recorded value back; another photo or network" in out
