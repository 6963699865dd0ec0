"""A unit's card, with a scan of photos and without."""

import base64
import json
import re
import shutil

import numpy as np
import pytest
import torch

import reverie
from reverie.atlas.links import ENDED
from reverie.atlas.unit_board import CardRun
from reverie.dataset.scanning import scan
from reverie.dataset.store import read_scan
from reverie.errors import InvalidSetting, ScanRefused, UnknownName
from reverie.figures.board import board_page
from reverie.image import read, to_pil, to_uint8
from reverie.settings.card import Card
from tiny import CLASSES, Tiny, picture, seeded

FEW = {"steps": 2, "link_steps": 1, "links": 2, "size": 48}


def pictures(page: str) -> dict[str, bytes]:
    """The pictures of a page by their captions."""
    shown = r'data-caption="([^"]*)"[^>]*><img class="picture"[^>]*src="data:image/png;base64,([^"]+)"'
    found = re.findall(shown, page)
    return {caption: base64.b64decode(data) for caption, data in found}


def test_without_a_scan_it_says_what_is_missing(model):
    board = reverie.card(model, "norm:3", **FEW)
    assert [section.title for section in board.sections] == ["Made for it", "The network's classes", "Fed by", "Feeds"]
    assert [cell.caption for cell in board.sections[0].cells][:2] == ["maximum activation", "minimum activation"]
    assert len(board.sections[0].cells) == 6
    assert board.missing == (
        "Real patches, the histogram, the photos' classes and the nearest units need a scan of photos: "
        "make one with reverie scan FOLDER -o SCAN.db, and name it with --scan.",
    )


def test_the_peak_is_that_of_the_clean_picture(model):
    board = reverie.card(model, "norm:3", **FEW)
    picture = np.asarray(board.sections[0].cells[0].picture, dtype=np.float32) / 255
    image = read(picture)
    value = reverie.probe(model, image, ["norm"])["norm"][0, 3].max()
    assert board.data["peak"] == pytest.approx(float(value), abs=0.02)  # 8 bits


def test_a_picture_saved_from_the_page_repeats(model, tmp_path):
    board = reverie.card(model, "norm:3", **FEW)
    page = board_page(board)
    for caption in ("maximum activation", "minimum activation", "view 3", board.data["incoming"][1]["unit"]):
        saved = tmp_path / "saved.png"
        saved.write_bytes(pictures(page)[caption])
        again = reverie.rerun(saved, model)
        assert np.array_equal(to_uint8(again.images[0]), to_uint8(read(saved)[0]))


def test_a_class_has_a_card(model):
    board = reverie.card(model, "logits:beetle", **FEW)
    assert board.title == "beetle (logits:3)"
    assert "Feeds" not in [section.title for section in board.sections]
    data = re.search(r'id="data">(.*?)</script>', board_page(board), re.DOTALL)[1]
    assert json.loads(data)["unit"] == "logits:3"


def test_a_card_that_is_left_early_keeps_the_pictures_that_stand(model):
    run = CardRun(model, Card.made(unit="norm:3", **FEW))
    assert len(run.result()) == 0
    for event in run.events():
        if event.task == "views":
            break
    board = run.result()
    captions = [cell.caption for cell in board.sections[0].cells]
    assert captions[:3] == ["maximum activation", "minimum activation", "view 1"]
    assert board.missing[-1] == ENDED
    assert all(cell.record is None for cell in board.sections[-1].cells)


@pytest.fixture(scope="module")
def scanned(model, tmp_path_factory):
    """Photos of two classes, and their scan."""
    place = tmp_path_factory.mktemp("photos")
    for number in range(12):
        folder = place / ("even" if number % 2 == 0 else "odd")
        folder.mkdir(exist_ok=True)
        to_pil(picture(number, 3, 48, 48) * (1 if number % 2 else 0.4)).save(folder / f"{number}.png")
    scan(model, place, place / "s.db", layers=["norm", "block"], workers=0)
    return place / "s.db"


def test_with_a_scan_all_is_there(model, scanned):
    board = reverie.card(model, "norm:3", scan=scanned, patches=3, **FEW)
    titles = [section.title for section in board.sections]
    assert titles == [
        "Made for it", "Values in photos", "Photos' classes", "The network's classes",
        "Real patches that excite it most", "Least", "By chance", "Fed by", "Feeds", "Nearest units",
        "May its picture be believed?",
    ]  # fmt: skip
    assert board.missing[0] == "interpretability, clarity, path and agreement need at least 44 photos; there are 12."
    assert {score["name"] for score in board.data["scores"]} >= {"reach", "naturalness"}
    tallies = read_scan(scanned).tallies("norm")
    histogram = board.sections[1].histogram
    assert histogram.counts.sum() == 12
    best, made = (value for _, value in histogram.marks)
    assert (best, made) == pytest.approx((float(tallies.top.values[3, 0]), board.data["peak"]), abs=1e-5)
    top = board.sections[4].cells
    assert all(re.fullmatch(r"(even|odd)/\d+", cell.caption) for cell in top)
    assert [float(cell.note) for cell in top] == pytest.approx(tallies.top.values[3, :3].tolist(), rel=1e-3)
    assert len(board.sections[5].cells) == len(board.sections[6].cells) == 2


def test_classes_are_means_over_the_photos_of_a_folder(model, scanned):
    board = reverie.card(model, "norm:3", scan=scanned, patches=1, **FEW)
    wanted = {}
    for kind in ("even", "odd"):
        images = torch.cat([read(path) for path in sorted((scanned.parent / kind).iterdir())])
        with torch.no_grad():
            wanted[kind] = float(reverie.probe(model, images, ["norm"])["norm"][:, 3].mean())
    found = {name: value for name, value, number in board.data["photo_classes"] if number == 6}
    assert found == pytest.approx(wanted, abs=1e-4)


def test_the_nearest_units_are_of_the_scans_samples(model, scanned):
    board = reverie.card(model, "norm:3", scan=scanned, patches=1, **FEW)
    samples = read_scan(scanned).tallies("norm").samples
    matrix = np.corrcoef(samples.values[: len(samples)].T.astype(np.float64))[3]
    best = int(np.argsort(-np.where(np.arange(12) == 3, -2, matrix))[0])
    assert board.data["nearest"][0] == [f"norm:{best}", pytest.approx(matrix[best], abs=1e-3)]


def test_a_scan_of_another_network_is_refused(scanned):
    other = reverie.load(seeded(Tiny, seed=5), size=48, classes=CLASSES)
    with pytest.raises(ScanRefused, match=r"s\.db was made with other weights than Tiny; name its network"):
        reverie.card(other, "norm:3", scan=scanned, **FEW)


def test_a_layer_that_was_not_scanned_is_refused(model, scanned):
    with pytest.raises(UnknownName, match=r"s\.db was not scanned for 'mix'; nearest: "):
        reverie.card(model, "mix:3", scan=scanned, **FEW)


def test_a_photo_that_is_gone_costs_the_scores_alone(model, scanned, tmp_path):
    shutil.copytree(scanned.parent, tmp_path / "moved")
    (tmp_path / "moved" / "odd" / "5.png").unlink()
    board = reverie.card(model, "norm:3", scan=scanned, photos=str(tmp_path / "moved"), **FEW)
    assert any(line.startswith("No scores: ") and "5.png" in line for line in board.missing)
    assert "Real patches that excite it most" in [section.title for section in board.sections]


def test_photos_that_are_gone_are_missed(model, scanned, tmp_path):
    board = reverie.card(model, "norm:3", scan=scanned, photos=tmp_path / "gone", **FEW)
    assert board.missing[0].startswith("No real patches: ")
    assert "Values in photos" in [section.title for section in board.sections]


@pytest.mark.parametrize(
    ("unit", "error", "message"),
    [
        ("norm", InvalidSetting, "'norm' is a whole layer; name one channel, such as 'norm:0'"),
        ("norm:0-2", InvalidSetting, "'norm:0-2' is 3 units; name one channel, such as 'norm:0'"),
        ("logits:dragon", UnknownName, "Tiny has no class 'dragon'; nearest: 'tiger', 'tiger cat'"),
    ],
)
def test_refusals(model, unit, error, message):
    with pytest.raises(error) as caught:
        reverie.card(model, unit, **FEW)
    assert str(caught.value).startswith(message[:40])
