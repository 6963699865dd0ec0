import errno
import io
import itertools
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from reverie.errors import OutputFailed
from reverie.figures.contact_sheet import Layout, sheet
from reverie.figures.result import Result
from reverie.figures.trace_file import Trace
from reverie.image import to_uint8
from reverie.record import Record
from tiny import picture

TRACE = Trace(np.zeros(1, np.int64), np.zeros(1))
RECORD = Record("feature", {"units": ["a"]}, {"name": "bundled"})


def several(count: int, labels=None) -> Result:
    labels = labels or tuple(f"mix:{index}" for index in range(count))
    return Result(picture(1, count, 3, 20, 24), tuple(RECORD.of(index) for index in range(count)), labels)


def test_one_picture_is_itself():
    one = several(1)
    assert np.array_equal(np.asarray(one), to_uint8(one.images[0]))
    assert np.asarray(one).dtype == np.uint8
    assert np.array_equal(np.asarray(one.picture), np.asarray(one))
    assert one.record == RECORD


def test_several_pictures_are_stacked_and_shown_as_a_sheet():
    three = several(3)
    assert np.asarray(three).shape == (3, 20, 24, 3)
    assert np.asarray(three, dtype=np.float32).dtype == np.float32
    assert three.picture.size[0] > 3 * 24
    assert [item.size for item in three.pictures] == [(24, 20)] * 3


def test_it_shows_itself_in_a_notebook():
    with Image.open(io.BytesIO(several(2)._repr_png_())) as shown:
        assert np.array_equal(np.asarray(shown), np.asarray(several(2).picture))


@pytest.mark.parametrize("index", [0, 1, 2, -1, -3])
def test_one_of_several(index):
    three = several(3)
    assert torch.equal(three[index].images, three.images[index][None])
    assert three[index].labels == (three.labels[index],)
    assert three[index].record.index == index % 3


def test_a_result_can_be_walked_through():
    assert len(list(itertools.islice(iter(several(3)), 10))) == 3


@pytest.mark.parametrize("index", [3, -4])
def test_an_index_out_of_range_is_an_error(index):
    with pytest.raises(IndexError):
        several(3)[index]


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp"])
def test_a_sheet_has_its_pictures_in_its_folder(tmp_path, suffix):
    written = several(3, ("tiger (logits:1)", "a/b", "a/b")).save(tmp_path / f"out{suffix}")
    names = [path.relative_to(tmp_path).as_posix() for path in written]
    endings = [suffix] if suffix == ".png" else [suffix, ".json"]
    wanted = [f"out/{name}{ending}" for ending in endings for name in ("tiger-logits-1", "a-b", "a-b_")]
    assert names == [f"out{suffix}", *wanted]
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == set(written)


def test_every_file_that_is_written_is_named(tmp_path):
    one, two = several(1), several(2)
    one, two = (replace(each, traces=(TRACE,) * len(each), arrays=tuple(each.images)) for each in (one, two))
    assert one.told(one.save("a.jpg", raw=True)) == ["wrote a.jpg, a.json, a.npz and a.npy"]
    assert one.told(one.save("b.png")) == ["wrote b.png and b.npz"]
    assert two.told(two.save("c.png")) == ["wrote c.png and 4 files in c"]
    assert several(2).told(several(2).save("d.png")) == ["wrote d.png and 2 pictures in d"]
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 4 + 2 + 5 + 3


def test_one_picture_is_the_bare_picture(tmp_path):
    assert several(1).save(tmp_path / "a.png") == [tmp_path / "a.png"]
    with Image.open(tmp_path / "a.png") as file:
        assert np.array_equal(np.asarray(file), np.asarray(several(1)))


def test_file_names_stay_in_their_folder(tmp_path):
    labels = ("../../x", "..", "/etc/passwd", "a" * 300)
    written = several(4, labels).save(tmp_path / "out.png")
    assert all(path.parent == tmp_path / "out" for path in written[1:])
    assert len({path.name for path in written}) == 5


def test_a_picture_on_its_way_has_no_record(tmp_path):
    made = Result(several(2).images, (), ("a", "b"))
    assert made.save(tmp_path / "a.png") == [tmp_path / "a.png"]
    assert not (tmp_path / "a").exists()


def test_several_pictures_need_no_labels():
    assert Result(several(2).images).picture.size[0] > 48


def test_nothing_is_not_written(tmp_path):
    with pytest.raises(OutputFailed) as caught:
        Result(torch.zeros(0, 3, 4, 4)).save(tmp_path / "a.png")
    assert str(caught.value) == f"nothing to write to {tmp_path / 'a.png'}: no picture was finished"


def test_a_file_in_the_folders_place_is_one_sentence(tmp_path):
    (tmp_path / "out").write_text("mine")
    with pytest.raises(OutputFailed, match=r"^cannot make the folder .*out for the sheet's pictures \(File exists\); "):
        several(2).save(tmp_path / "out.png")
    assert (tmp_path / "out").read_text() == "mine"


def test_finished_pictures_of_a_sheet_stay(tmp_path, monkeypatch):
    calls, save = [], Image.Image.save

    def third(self, *args, **kwargs):
        calls.append(1)
        if len(calls) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(self, *args, **kwargs)

    monkeypatch.setattr(Image.Image, "save", third)
    with pytest.raises(OutputFailed):
        several(3).save(tmp_path / "out.png")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["mix-0.png", "mix-1.png"]
    assert not (tmp_path / "out.png").exists()


@pytest.mark.parametrize("count", [1, 2, 7, 16])
@pytest.mark.parametrize("size", [(24, 20), (10, 60), (90, 8)])
def test_a_sheet_holds_every_picture_once(count, size):
    pictures = [Image.new("RGB", size, (index + 1, 0, 0)) for index in range(count)]
    page = np.asarray(sheet(pictures, ["caption"] * count))
    for index in range(count):
        assert (page == (index + 1, 0, 0)).all(-1).sum() == size[0] * size[1]


@pytest.mark.parametrize(("count", "together"), [(9, 3), (21, 3), (10, 5), (4, 4)])
def test_what_belongs_together_stands_side_by_side(count, together):
    pictures = [Image.new("RGB", (30, 20), (index + 1, 0, 0)) for index in range(count)]
    page = np.asarray(sheet(pictures, ["x"] * count, Layout(together=together)))
    tops = [int((page == (index + 1, 0, 0)).all(-1).any(1).argmax()) for index in range(count)]
    for first in range(0, count, together):
        assert len(set(tops[first : first + together])) == 1


def test_a_long_caption_takes_three_lines_and_a_wider_place():
    page = sheet([Image.new("RGB", (30, 30))], ["a very long caption " * 9])
    assert page.size == (120 + 2 * 6, 30 + 3 * 18 + 2 * 6)


def test_grey_pictures_make_a_sheet():
    assert Result(picture(1, 2, 1, 8, 8), (), ("a", "b")).picture.mode == "RGB"


def test_what_never_fired_is_named_and_marked():
    records = tuple(Record("feature", {}, {}, {"silent": [1]}, index) for index in range(2))
    made = Result(picture(1, 2, 3, 150, 150), records, ("a:0", "a:1"))
    assert made.silent == ("a:1",)
    assert made[1].silent == ("a:1",)
    assert made[0].silent == ()
    assert Result(made.images, (), made.labels).silent == ()
    unmarked = Result(made.images, (), ("a:0", "a:1\nnever fired"))
    assert made.picture.tobytes() == unmarked.picture.tobytes()


@pytest.mark.parametrize(
    ("count", "columns"), [(1, 1), (2, 2), (3, 3), (5, 5), (6, 3), (7, 4), (8, 4), (16, 6), (60, 10)]
)
def test_a_sheet_leaves_few_places_empty(count, columns):
    page = sheet([Image.new("RGB", (40, 40))] * count, ["x"] * count)
    assert (page.width - 6) // 46 == columns


def full_after(monkeypatch, ending: str, times: int = 0):
    """The disk is full as soon as so many files of an ending have been written."""
    plain, left = Path.replace, [times]

    def replace(self, target):
        if Path(target).suffix == ending:
            left[0] -= 1
            if left[0] < 0:
                raise OSError(errno.ENOSPC, "No space left on device")
        return plain(self, target)

    monkeypatch.setattr(Path, "replace", replace)


def traced(count: int) -> Result:
    traces = tuple(Trace(np.zeros(2, np.int64), np.zeros(2), {}) for _ in range(count))
    return replace(several(count), traces=traces, arrays=tuple(several(count).images))


@pytest.mark.parametrize(("count", "ending", "times"), [(1, ".png", 0), (1, ".npy", 0), (3, ".png", 2), (3, ".npy", 2)])
def test_a_full_disk_leaves_whole_pictures_alone(tmp_path, monkeypatch, count, ending, times):
    full_after(monkeypatch, ending, times)
    with pytest.raises(OutputFailed, match="No space left on device"):
        traced(count).save(tmp_path / "a.png", raw=True)
    left = [path.name for path in sorted(tmp_path.rglob("*")) if path.is_file()]
    assert left == [f"mix-{index}.{each}" for index in range(times) for each in ("npy", "npz", "png")]


@pytest.mark.parametrize("ending", [".jpg", ".json"])
def test_a_full_disk_leaves_neither_a_picture_nor_its_record(tmp_path, monkeypatch, ending):
    full_after(monkeypatch, ending)
    with pytest.raises(OutputFailed):
        several(1).save(tmp_path / "a.jpg")
    assert list(tmp_path.iterdir()) == []


def test_an_older_picture_stays_when_the_disk_is_full(tmp_path, monkeypatch):
    several(1).save(tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    full_after(monkeypatch, ".png")
    with pytest.raises(OutputFailed):
        traced(1).save(tmp_path / "a.png")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.png", before)]
