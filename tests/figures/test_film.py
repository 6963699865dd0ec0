import importlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reverie.errors import InvalidSetting, MissingExtra, OutputFailed
from reverie.figures.film_writer import ENCODERS, Film, check_film

av = pytest.importorskip("av")

NAMES = [f"a{ending}" for ending in ENCODERS]


def frames(count: int, height: int = 34, width: int = 48) -> list[np.ndarray]:
    """A bright bar that wanders over a blue ground."""
    made = []
    for number in range(count):
        frame = np.full((height, width, 3), (20, 40, 160), np.uint8)
        frame[:, 4 * number : 4 * number + 6] = (250, 220, 30)
        made.append(frame)
    return made


def write(name: str, pictures, rate: float = 25):
    with Film(Path(name), rate) as film:
        for picture in pictures:
            film.write(picture)


def read(name: str) -> list[np.ndarray]:
    """A film's frames by another program than the one that is tested, where there is one."""
    with av.open(name) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def pillow(name: str) -> tuple[list[np.ndarray], list[float]]:
    with Image.open(name) as file:
        shown, lasting = [], []
        for number in range(file.n_frames):
            file.seek(number)
            shown.append(np.asarray(file.convert("RGB")))
            lasting.append(file.info["duration"])
        return shown, lasting


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
@pytest.mark.parametrize("size", [(34, 48), (33, 47)])
def test_a_video_shows_every_frame(tmp_path, name, size):
    given = frames(9, *size)
    write(name, given, 10)
    seen = read(name)
    assert len(seen) == 9
    for frame, shown in zip(given, seen, strict=True):
        assert (shown.shape[0] - size[0], shown.shape[1] - size[1]) == (size[0] % 2, size[1] % 2)
        assert np.abs(shown[: size[0], : size[1]].astype(int) - frame).mean() < 12
    with av.open(name) as container:
        stream = container.streams.video[0]
        assert float(stream.average_rate) == pytest.approx(10, rel=1e-3)
        assert stream.codec_context.pix_fmt == "yuv420p"
    assert [item.name for item in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["a.mp4", "a.webm"])
@pytest.mark.parametrize(("size", "tag", "kr", "kb"), [((720, 1280), 1, 0.2126, 0.0722), ((34, 48), 6, 0.299, 0.114)])
def test_colours_are_turned_and_tagged_as_players_read_them(name, size, tag, kr, kb):
    red, green, blue = 200, 30, 30
    write(name, [np.full((*size, 3), (red, green, blue), np.uint8)])
    luma = kr * red + (1 - kr - kb) * green + kb * blue  # ITU-R BT.709 and BT.601, limited range
    meant = 16 + 219 * luma / 255, 128 + 112 * (blue - luma) / (1 - kb) / 255, 128 + 112 * (red - luma) / (1 - kr) / 255
    with av.open(name) as container:
        (frame,) = container.decode(video=0)
    assert (frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc) == (tag, 1, 1, 1)
    found = [np.frombuffer(plane, np.uint8)[0] for plane in frame.planes]
    assert found == pytest.approx(meant, abs=1.6)


@pytest.mark.parametrize("name", ["a.gif", "a.webp"])
@pytest.mark.parametrize("size", [(34, 48), (33, 47)])
def test_an_animation_shows_every_frame_for_its_time(tmp_path, name, size):
    given = frames(9, *size)
    write(name, given, 30)
    shown, lasting = pillow(name)
    assert len(shown) == 9
    for frame, picture in zip(given, shown, strict=True):
        assert picture.shape == frame.shape
        assert np.abs(picture.astype(int) - frame).mean() < 8
    assert sum(lasting) == pytest.approx(300, abs=5)
    assert [item.name for item in tmp_path.iterdir()] == [name]


def test_a_gif_runs_for_ever():
    write("a.gif", frames(2))
    with Image.open("a.gif") as file:
        assert file.info["loop"] == 0


def test_each_frame_of_a_gif_has_its_own_colours():
    noise = np.random.default_rng(0).integers(0, 256, (2, 40, 40, 3), dtype=np.uint8)
    noise[0, ..., 0] //= 8
    noise[1, ..., 2] //= 8
    write("a.gif", noise)
    shown, _ = pillow("a.gif")
    assert shown[0][..., 0].mean() < 40 < shown[0][..., 2].mean()
    assert shown[1][..., 2].mean() < 40 < shown[1][..., 0].mean()


@pytest.mark.parametrize("name", ["a.gif", "a.webp"])
def test_frames_go_to_the_disk_as_they_come(tmp_path, name):
    noise = np.random.default_rng(0).integers(0, 256, (1, 128, 128, 3), dtype=np.uint8)[0]
    with Film(tmp_path / name) as film:
        sizes = []
        for _ in range(6):
            film.write(noise)
            sizes.append(sum(item.stat().st_size for item in tmp_path.iterdir()))
    assert sorted(set(sizes)) == sizes
    assert sizes[0] > 0


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_left_after_an_exception(tmp_path, name):
    def broken():
        yield frames(1)[0]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write(tmp_path / name, broken())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", NAMES)
def test_an_older_film_stays_until_the_new_one_is_whole(tmp_path, name):
    (tmp_path / name).write_text("old")
    with Film(tmp_path / name) as film:
        for frame in frames(3):
            film.write(frame)
            assert (tmp_path / name).read_text() == "old"
    assert (tmp_path / name).stat().st_size > 100


def test_closing_twice_and_discarding_a_closed_film_change_nothing(tmp_path):
    film = Film(tmp_path / "a.gif")
    film.write(frames(1)[0])
    film.close()
    whole = (tmp_path / "a.gif").read_bytes()
    film.close()
    film.discard()
    assert (tmp_path / "a.gif").read_bytes() == whole


def test_a_film_without_a_frame_is_refused(tmp_path):
    with (
        pytest.raises(OutputFailed, match=r"^nothing to write to .*a\.gif: no frame was finished$"),
        Film(tmp_path / "a.gif"),
    ):
        pass
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (np.zeros((4, 6, 3), np.uint8), "the film's frames are of 48x34, and this one is of 6x4"),
        (np.zeros((34, 48, 3)), "a film takes frames uint8 [H,W,3], not float64 [34, 48, 3]"),
        (np.zeros((34, 48), np.uint8), "a film takes frames uint8 [H,W,3], not uint8 [34, 48]"),
    ],
)
def test_a_frame_of_another_shape_is_refused(tmp_path, frame, message):
    with pytest.raises(OutputFailed) as caught:
        write(tmp_path / "a.gif", [frames(1)[0], frame])
    assert str(caught.value) == message
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_one_sentence(tmp_path, monkeypatch):
    def no_space(*_, **__):
        raise OSError(28, "No space left on device")

    film = Film(tmp_path / "a.webp")
    film.write(frames(1)[0])
    monkeypatch.setattr(Image.Image, "save", no_space)
    with pytest.raises(OutputFailed, match=r"^cannot write .*a\.webp: No space left on device; free some space"):
        film.write(frames(1)[0])
    film.discard()
    assert not list(tmp_path.iterdir())


def test_a_place_that_cannot_be_written_is_refused_before_the_work(tmp_path):
    with pytest.raises(OutputFailed, match=r"^cannot write 'a\.avi': its ending must be one of \.mp4, \.webm, \.gif,"):
        check_film(tmp_path / "a.avi")
    with pytest.raises(OutputFailed, match=r"there is no folder .*no; make it first$"):
        Film(tmp_path / "no" / "a.mp4")


@pytest.mark.parametrize(("name", "rate", "most"), [("a.gif", 60, 50), ("a.mp4", 0, 1000), ("a.webp", -1, 1000)])
def test_a_rate_that_is_none_is_refused(name, rate, most):
    with pytest.raises(InvalidSetting) as caught:
        Film(Path(name), rate)
    assert str(caught.value) == f"a {name[1:]} film has up to {most} frames a second, not {rate:g}"


def test_without_pyav_the_message_names_the_extra(monkeypatch):
    def missing(name, *_):
        raise ModuleNotFoundError("no", name=name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(MissingExtra) as caught:
        check_film(Path("a.mp4"))
    assert str(caught.value) == (
        "a film as .mp4 (.gif and .webp do without) needs the library 'av'; "
        "install the extra 'video' in the folder of reverie's source: pip install -e '.[video]'"
    )
    assert check_film(Path("a.gif")).name == "a.gif"
