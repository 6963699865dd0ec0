from dataclasses import replace
from pathlib import Path

import pytest
import torch

from reverie.errors import OutputFailed
from reverie.image import read
from reverie.record import Record, parse_record
from reverie.video.frames import Frame, Reel, Shot, rounded
from tiny import picture


def shot(total: int = 4, *, start: float = 0.5, channels: int = 3, log: list[int] | None = None) -> Shot:
    """Each frame is half of the last one and half of noise of its own."""

    def run(after: Frame | None):
        image = torch.full((1, channels, 11, 14), start) if after is None else after.image
        for number in range(0 if after is None else after.number + 1, total):
            image = rounded((image + picture(number, 1, channels, 11, 14)) / 2)
            if log is not None:
                log.append(number)
            yield Frame(number, total, image)

    return Shot(Record("zoom", {"start": start, "frames": total}, {"name": "none"}), total, run, 25)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_frame_read_from_its_file_is_the_frame(channels):
    reel = Reel(shot(channels=channels), Path("a.gif"))
    for frame in reel.frames():
        assert torch.equal(reel._read(frame.number), frame.image)


def test_a_film_is_written_with_its_record_and_the_folder_goes(tmp_path):
    assert shot().save("a.gif") == Path("a.gif")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.gif", "a.json"]
    assert parse_record(Path("a.json").read_text()).recipe == "zoom"
    assert read("a.gif").shape == (1, 3, 11, 14)


@pytest.mark.parametrize("ending", ["gif", "webp"])
def test_a_film_taken_up_again_equals_an_unbroken_one(ending):
    log: list[int] = []
    shot().save(f"whole.{ending}")
    run = Reel(shot(log=log), Path(f"ended.{ending}")).frames()
    next(run)
    next(run)
    run.close()
    assert Path(f"ended.{ending}.frames/000001.png").is_file()
    shot(log=log).save(f"ended.{ending}")
    assert log == [0, 1, 2, 3]
    assert Path(f"ended.{ending}").read_bytes() == Path(f"whole.{ending}").read_bytes()


def test_a_film_that_ended_early_can_be_written_and_goes_on():
    shot().save("whole.gif")
    reel = Reel(shot(), Path("a.gif"))
    run = reel.frames()
    next(run)
    run.close()
    reel.write()
    assert Path("a.gif").is_file()
    assert Path("a.gif.frames").is_dir()
    shot().save("a.gif")  # without force: it is the same film
    assert Path("a.gif").read_bytes() == Path("whole.gif").read_bytes()


def test_all_frames_done_but_the_film_not_written():
    log: list[int] = []
    list(Reel(shot(log=log), Path("a.gif")).frames())
    shot(log=log).save("a.gif")
    assert log == [0, 1, 2, 3]


def test_frames_of_another_film_are_kept_without_force():
    run = Reel(shot(), Path("a.gif")).frames()
    next(run)
    run.close()
    with pytest.raises(OutputFailed) as caught:
        Reel(shot(start=0.1), Path("a.gif"))
    assert str(caught.value) == (
        "a.gif.frames holds frames of another film; say --force to give them up, or name another film"
    )
    shot(start=0.1).save("a.gif", force=True)
    shot(start=0.1).save("b.gif")
    assert Path("a.gif").read_bytes() == Path("b.gif").read_bytes()


def test_a_strange_folder_is_never_emptied():
    folder = Path("a.gif.frames")
    folder.mkdir()
    (folder / "mine.txt").write_text("mine")
    with pytest.raises(OutputFailed, match="holds frames of another film"):
        Reel(shot(), Path("a.gif"))
    shot().save("a.gif", force=True)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


@pytest.mark.parametrize("taken", ["a.gif", "a.json"])
def test_what_is_there_is_kept_without_force(taken):
    Path(taken).write_text("mine")
    with pytest.raises(OutputFailed, match=f"^{taken} exists already; say --force to overwrite it, or name another"):
        shot().save("a.gif")
    assert Path(taken).read_text() == "mine"
    shot().save("a.gif", force=True)


def test_a_wrong_ending_is_one_sentence():
    with pytest.raises(OutputFailed, match=r"^cannot write 'a.png': its ending must be one of \.mp4, \.webm"):
        shot().save("a.png")


def test_frames_without_a_file():
    assert [frame.number for frame in shot().frames()] == [0, 1, 2, 3]


def test_a_first_frame_that_fails_leaves_nothing(tmp_path):
    def run(after):
        raise OutputFailed("no")
        yield

    with pytest.raises(OutputFailed):
        replace(shot(), run=run).save("a.gif")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("fails", ["film.json", "000000.png", "a.gif", "a.json"])
def test_after_a_full_disk_the_same_command_goes_on(tmp_path, monkeypatch, fails):
    plain = Path.replace

    def full(self, target):
        if Path(target).name == fails:
            raise OSError(28, "No space left on device")
        return plain(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", full)
        with pytest.raises(OutputFailed, match="No space left on device"):
            shot().save("a.gif")
    assert {path.name for path in tmp_path.iterdir()} <= {"a.gif.frames"}
    if fails == "film.json":
        assert list(tmp_path.iterdir()) == []
    shot().save("a.gif")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.gif", "a.json"]


def test_an_empty_folder_of_frames_is_no_other_film():
    Path("a.gif.frames").mkdir()
    assert shot().save("a.gif").is_file()
