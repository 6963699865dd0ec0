import errno
import io
import os
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from reverie.dataset.photo_batches import _unless_left_alone as unless_left_alone
from reverie.dataset.photo_batches import batches
from reverie.dataset.photo_sets import framed, photo_set
from reverie.errors import InvalidSetting, ReverieError, UnsuitableImage
from reverie.image import read, resize
from tiny import picture


def jpeg(seed: int, width: int = 40, height: int = 30) -> bytes:
    """A noisy picture; its first pixel tells the seed apart."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def folder(tmp_path):
    """Photos 0 to 6 in two classes, two of them unreadable, and files that are none."""
    place = tmp_path / "photos"
    for name in ("cats", "dogs", ".hidden"):
        (place / name).mkdir(parents=True)
    (place / "z.png").write_bytes(jpeg(0))
    for number in range(1, 6):
        (place / ("cats" if number < 4 else "dogs") / f"{number}.png").write_bytes(jpeg(number, 40 + number))
    (place / "cats/3.png").write_bytes(b"no picture")
    (place / "dogs/5.png").write_bytes(jpeg(5)[:200])
    (place / "notes.txt").write_text("nothing")
    (place / ".hidden/6.png").write_bytes(jpeg(6))
    (place / "dogs/._4.png").write_bytes(b"apple")
    return place


NAMES = ("z.png", "cats/1.png", "cats/2.png", "cats/3.png", "dogs/4.png", "dogs/5.png")


def packed(path, members: dict[str, bytes]):
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            item = tarfile.TarInfo(name)
            item.size = len(content)
            archive.addfile(item, io.BytesIO(content))
    return path


def test_a_folder_is_read_with_all_folders_below_it(folder):
    photos = photo_set(folder)
    assert photos.names == NAMES
    assert [photos.kind(index) for index in range(6)] == [None, "cats", "cats", "cats", "dogs", "dogs"]
    assert torch.equal(photos.read(1), read(folder / "cats/1.png")[0])
    assert len(photos) == 6


def test_tar_members_are_read_in_memory(tmp_path, folder):
    shard = packed(tmp_path / "a.tar", {"cats/1.png": jpeg(1, 41), "../../x.png": jpeg(7), "b.json": b"{}"})
    photos = photo_set(shard)
    before = sorted(tmp_path.rglob("*"))
    assert photos.names == ("cats/1.png", "../../x.png")
    assert torch.equal(photos.read(0), read(folder / "cats/1.png")[0])
    assert photos.read(1).shape == (3, 30, 40)
    assert sorted(tmp_path.rglob("*")) == before
    assert photos.kind(0) == "cats"


def test_shards_in_a_folder_are_parts_of_it(tmp_path):
    (tmp_path / "set").mkdir()
    packed(tmp_path / "set/1.tar", {"9.png": jpeg(9), "cats/8.png": jpeg(8)})
    packed(tmp_path / "set/0.tar", {"7.png": jpeg(7)})
    photos = photo_set(tmp_path / "set")
    assert photos.names == ("0.tar/7.png", "1.tar/9.png", "1.tar/cats/8.png")
    assert [photos.kind(index) for index in range(3)] == [None, None, "cats"]


def test_a_text_file_names_paths_from_its_own_folder(tmp_path, folder):
    (tmp_path / "list.txt").write_text(
        f"photos/dogs/4.png\n\nphotos/z.png\nphotos/z.png\n{folder}/cats/1.png\ngone.png\n"
    )
    photos = photo_set(tmp_path / "list.txt")
    assert photos.names == ("photos/dogs/4.png", "photos/z.png", f"{folder}/cats/1.png", "gone.png")
    assert torch.equal(photos.read(1), read(folder / "z.png")[0])
    with pytest.raises(UnsuitableImage, match=r"there is no file .*gone\.png"):
        photos.read(3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path.mkdir(), "holds no photo"),
        (lambda path: None, "there is no folder"),
        (lambda path: path.write_bytes(b"x"), "is no set of photos; name a folder, a .tar file or a .txt file"),
    ],
)
def test_what_is_no_set_of_photos_is_refused(tmp_path, make, message):
    make(tmp_path / "place")
    with pytest.raises(UnsuitableImage, match=message):
        photo_set(tmp_path / "place")


def test_a_packed_or_damaged_tar_is_refused(tmp_path):
    whole = packed(tmp_path / "a.tar", {"1.png": jpeg(1)}).read_bytes()
    for content in (b"\x1f\x8b" + bytes(600), whole[:700]):
        (tmp_path / "bad.tar").write_bytes(content)
        with pytest.raises(UnsuitableImage, match="no tar file that can be read"):
            photo_set(tmp_path / "bad.tar")


def test_a_shard_that_shrank_fails_photo_by_photo(tmp_path):
    shard = packed(tmp_path / "a.tar", {"1.png": jpeg(1), "2.png": jpeg(2)})
    photos = photo_set(shard)
    shard.write_bytes(shard.read_bytes()[:3000])
    with pytest.raises(UnsuitableImage, match="is cut off"):
        photos.read(1)


def test_names_that_are_no_text_are_spelt_out(tmp_path):
    (tmp_path / "set").mkdir()
    name = b"caf\xe9.png".decode("utf-8", "surrogateescape")
    (tmp_path / "set" / name).write_bytes(jpeg(1))
    photos = photo_set(tmp_path / "set")
    assert photos.names == ("caf\\xe9.png",)
    assert photos.read(0).shape == (3, 30, 40)
    assert len(photos.sha256) == 64


def test_framing_keeps_the_centre_and_eight_bits():
    photo = picture(1, 3, 20, 50)
    found = framed(photo, (10, 10))
    assert found.dtype == torch.uint8
    assert torch.equal(found, (resize(photo[None, :, :, 15:35], (10, 10))[0].clamp(0, 1) * 255).round().byte())
    eight = (photo * 255).round() / 255
    assert torch.equal(framed(eight, (20, 20)).float() / 255, eight[:, :, 15:35])


def test_a_photo_of_one_row_is_framed_without_a_huge_picture():
    assert framed(torch.rand(3, 1, 60000), (64, 48)).shape == (3, 64, 48)


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_pass_over_what_cannot_be_read(folder, workers):
    photos = photo_set(folder)
    found = list(batches(photos, (16, 12), 2, workers=workers))
    assert [item.indices for item in found] == [(0, 1), (2,), (4,)]
    assert [item.stop for item in found] == [2, 4, 6]
    assert [[index for index, _ in item.failures] for item in found] == [[], [3], [5]]
    assert "is not a picture" in found[1].failures[0][1]
    for item in found:
        for index, image in zip(item.indices, item.images, strict=True):
            assert torch.equal(image, photos.framed(index, (16, 12)))


def test_a_batch_of_nothing_is_empty(folder):
    (found,) = batches(photo_set(folder), (8, 8), 1, 3, 4)
    assert found.images.shape == (0, 3, 8, 8)
    assert found.indices == ()


def test_going_on_gives_the_same_batches(folder):
    photos = photo_set(folder)
    whole = list(batches(photos, (8, 8), 2))
    again = list(batches(photos, (8, 8), 2, whole[0].stop))
    for one, other in zip(whole[1:], again, strict=True):
        assert one.indices == other.indices
        assert torch.equal(one.images, other.images)


def test_a_workers_threads_keep_silent_only_about_a_reader_that_is_gone(capsys):
    unless_left_alone(ConnectionResetError, ConnectionResetError(104, "reset"), None)
    assert capsys.readouterr().err == ""
    unless_left_alone(ValueError, ValueError("of its own"), None)
    assert capsys.readouterr().err == "ValueError: of its own\n"


def test_workers_end_with_the_reader(folder):
    import multiprocessing

    run = batches(photo_set(folder), (8, 8), 1, workers=2)
    next(run)
    assert len(multiprocessing.active_children()) == 2
    run.close()
    assert not multiprocessing.active_children()


def test_a_worker_that_is_killed_is_told_in_one_sentence(folder):
    import multiprocessing

    run = batches(photo_set(folder), (8, 8), 1, workers=1)
    next(run)
    for child in multiprocessing.active_children():
        child.kill()
        child.join()
    with pytest.raises(ReverieError, match="a process that decodes photos was ended"):
        list(run)


def test_a_decoder_that_stumbles_costs_one_photo(folder, monkeypatch):
    from reverie.dataset import photo_sets as module

    def stumble(path, enough):
        raise IndexError("out of range")

    monkeypatch.setattr(module, "read", stumble)
    (found,) = batches(photo_set(folder), (8, 8), 2, 0, 2)
    assert [index for index, _ in found.failures] == [0, 1]
    assert "IndexError: out of range" in found.failures[0][1]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_only_files_are_photos(folder):
    whole = photo_set(folder).names
    os.mkfifo(folder / "a.png")
    os.mkfifo(folder / "a.tar")
    assert photo_set(folder).names == whole
    (folder / "list.txt").write_text("a.png\n", encoding="utf-8")
    (found,) = batches(photo_set(folder / "list.txt"), (8, 8), 1)
    assert "is a pipe or a device" in found.failures[0][1]


@pytest.mark.parametrize("workers", [0, 1])
def test_open_files_do_not_grow_with_the_photos(folder, monkeypatch, workers):
    resource = pytest.importorskip("resource")
    for number in range(60):
        shutil.copy(folder / "cats/1.png", folder / f"more-{number}.png")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken = len(list(Path("/proc/self/fd").glob("*"))) or 100
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, taken + 40), hard))
    try:
        (found,) = batches(photo_set(folder), (8, 8), 100, workers=workers)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert len(found.indices) >= 60


def test_too_many_open_files_end_a_pass_with_a_sentence(folder, monkeypatch):
    def crowded(path, enough):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr("reverie.dataset.photo_sets.read", crowded)
    with pytest.raises(ReverieError, match=r"^too many files are open at once; allow more with 'ulimit -n 4096'"):
        list(batches(photo_set(folder), (8, 8), 2, workers=0))


def test_chance_elsewhere_is_left_alone(folder):
    torch.manual_seed(5)
    before = torch.get_rng_state()
    list(batches(photo_set(folder), (8, 8), 2, workers=0))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize(("start", "batch", "workers"), [(7, 2, 0), (-1, 2, 0), (0, 0, 0), (0, 2, -1)])
def test_numbers_out_of_range_are_refused(folder, start, batch, workers):
    with pytest.raises(InvalidSetting):
        batches(photo_set(folder), (8, 8), batch, start, workers=workers)


def test_a_folder_of_images_within_each_class_is_no_class(tmp_path):
    for name in ("train/n01/images/1.png", "train/n02/images/2.png", "plain/3.png", "images/4.png", "5.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(jpeg(1))
    photos = photo_set(tmp_path)
    kinds = {name: photos.kind(number) for number, name in enumerate(photos.names)}
    assert kinds == {
        "train/n01/images/1.png": "n01",
        "train/n02/images/2.png": "n02",
        "plain/3.png": "plain",
        "images/4.png": "images",
        "5.png": None,
    }
