import itertools
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import reverie
from reverie import recipes
from reverie.errors import InvalidSetting, UnsuitableImage
from reverie.image import resize, to_uint8
from reverie.video.film_dreams import _on, continued
from reverie.video.footage import Film as Footage
from reverie.video.footage import footage as footage_of
from reverie.video.frames import Reel
from reverie.video.optical_flow import camera, carried
from tiny import picture

av = pytest.importorskip("av")
pytest.importorskip("cv2")

FAST = {"steps": 5, "octaves": 1}
SIZE = (48, 64)
MOVE = {"right": 0.02, "zoom": 1.01}


def pan(count: int) -> list[np.ndarray]:
    """A camera's way over noise with large shapes."""
    photo = resize(picture(5, 1, 3, 20, 24), (96, 128)).clamp(0, 1)
    frames = []
    for _ in range(count):
        frames.append(to_uint8(photo[0, :, 24:72, 32:96]))
        photo = carried(photo, camera((96, 128), right=0.01, zoom=1.01)).clamp(0, 1)
    return frames


def written(path: str, frames: list[np.ndarray], sound: str | None = None, rate: int = 10) -> Path:
    """A film of these frames, lossless in colour but for its pairs of pixels, with a tone by choice."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"crf": "10"})
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], "yuv420p"
        tone = container.add_stream(sound, rate=48_000, layout="mono") if sound else None
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode(None))
        if tone is not None:
            length = 48_000 * len(frames) // rate
            samples = (3000 * np.sin(np.arange(length) / 20)).astype(np.int16)[None]
            whole = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
            whole.rate = 48_000
            context = tone.codec_context
            fitting = av.AudioResampler(context.format, context.layout, context.rate, context.frame_size or None)
            for frame in (whole, None):
                for part in fitting.resample(frame):
                    container.mux(tone.encode(part))
            container.mux(tone.encode(None))
    return Path(path)


@pytest.fixture
def footage():
    return written("in.mp4", pan(5))


def frames(model, footage, **settings):
    return [frame.image for frame in reverie.film(model, footage, "block", **{**FAST, **settings}).frames()]


def test_footage_is_read_frame_by_frame(footage):
    source = Footage(footage)
    pictures = list(source.pictures())
    assert (len(pictures), source.count, source.rate) == (5, 5, 10)
    for number, seen in enumerate(pictures):
        apart = [float((seen[0].permute(1, 2, 0) * 255 - torch.from_numpy(meant)).abs().mean()) for meant in pan(5)]
        assert apart.index(min(apart)) == number
        assert min(apart) < 12  # pairs of pixels share their colours


def test_without_carrying_each_frame_is_its_own_dream(model, footage):
    pictures = list(Footage(footage).pictures())
    for made, picture_ in zip(frames(model, footage, carry=0), pictures, strict=True):
        wanted = reverie.dream(model, picture_, "block", **FAST).images
        assert (made - wanted).abs().max() <= 0.5 / 255 + 1e-6


def test_no_frame_climbs_until_a_score(model):
    photo = picture(5, 1, 3, *SIZE)
    recipe = recipes.dream(model, photo, "block", octaves=1)
    *climb, last = recipe.stages
    assert last.until is not None
    assert [stage.steps for stage in _on(recipe, photo, 0.5).stages] == [-(-stage.steps // 2) for stage in climb]


def flicker(images: list[torch.Tensor]) -> float:
    flow = camera(SIZE, **MOVE)
    apart = [(new - carried(last, flow)).abs()[..., 6:-6, 6:-6] for last, new in itertools.pairwise(images)]
    return float(torch.cat(apart).mean())


def test_a_carried_film_flickers_less_and_is_as_much_of_a_dream(model, footage):
    pictures = [item.clamp(0, 1) for item in Footage(footage).pictures()]
    plain, along = frames(model, footage, carry=0), frames(model, footage)
    own = flicker(pictures)  # of the footage: the encoder's and the interpolation's
    assert flicker(along) - own < 0.5 * (flicker(plain) - own)

    def changed(images):
        return float(np.mean([(a - b).abs().mean() for a, b in zip(images, pictures, strict=True)]))

    assert 0.6 < changed(along) / changed(plain) < 1.7


def test_the_change_is_carried_with_the_motion():
    last = resize(picture(5, 1, 3, 20, 24), (80, 96)).clamp(0.2, 0.8)
    flow = camera((80, 96), right=4 / 96)
    new = carried(last, flow).clamp(0, 1)
    change = torch.zeros_like(last)
    change[..., 40:44, 50:54] = 0.2
    start, kept = continued(new, last, last + change, 0.5)
    carried_change = start - new
    assert carried_change[..., 41:43, 47:49].mean() == pytest.approx(0.1, abs=0.01)
    assert carried_change[..., 41:43, 52:54].abs().mean() < 0.01
    assert float(kept.mean()) == pytest.approx(0.5, abs=0.06)


def test_a_cut_begins_anew():
    last, new = (resize(picture(seed, 1, 3, 20, 24), (80, 96)).clamp(0, 1) for seed in (1, 2))
    assert float(continued(new, last, (last + 0.3).clamp(0, 1), 0.8)[1].mean()) < 0.4


def test_a_film_taken_up_again_equals_an_unbroken_one(model, footage):
    def shot():
        return reverie.film(model, footage, "block", every=2, **FAST)

    shot().save("whole.mp4")
    run = Reel(shot(), Path("ended.mp4")).frames()
    next(run)
    next(run)
    run.close()
    shot().save("ended.mp4")
    assert Path("ended.mp4").read_bytes() == Path("whole.mp4").read_bytes()


@pytest.mark.parametrize(
    ("settings", "count", "rate"),
    [({}, 5, 10), ({"every": 2}, 3, 5), ({"frames": 2}, 2, 10), ({"every": 3, "frames": 9}, 2, 10 / 3)],
)
def test_every_and_frames_choose(model, footage, settings, count, rate):
    shot = reverie.film(model, footage, "block", steps=1, octaves=1, carry=0, **settings)
    assert (shot.total, shot.rate) == (count, pytest.approx(rate))
    assert len(list(shot.frames())) == count


def test_the_size_is_the_films(model, footage):
    made = frames(model, footage, size=32, frames=2)
    assert all(image.shape == (1, 3, 24, 32) for image in made)


@pytest.mark.parametrize(
    ("source", "sound", "target", "heard"),
    [
        ("in.mp4", "aac", "out.mp4", "aac"),
        ("in.mkv", "pcm_s16le", "out.mp4", "aac"),
        ("in.mp4", "aac", "out.webm", "opus"),
    ],
)
def test_sound_is_kept(model, source, sound, target, heard):
    written(source, pan(5), sound)
    reverie.film(model, source, "block", steps=1, octaves=1, carry=0).save(target)
    with av.open(target) as made:
        (stream,) = made.streams.audio
        assert stream.codec_context.name == heard
        samples = sum(frame.samples for frame in made.decode(audio=0))
        assert samples / 48_000 == pytest.approx(0.5, abs=0.06)
    with av.open(target) as made:
        assert len(list(made.decode(video=0))) == 5


def test_sound_packets_are_the_same_bytes(model):
    written("in.mp4", pan(5), "aac")
    reverie.film(model, "in.mp4", "block", steps=1, octaves=1, carry=0).save("out.mp4")

    def packets(path):
        with av.open(path) as container:
            return [bytes(packet) for packet in container.demux(audio=0) if packet.size]

    assert packets("out.mp4")[:10] == packets("in.mp4")[:10]


@pytest.mark.parametrize("target", ["out.gif", "out.mp4"])
def test_a_film_without_sound(model, target):
    written("in.mp4", pan(3), "aac")
    reverie.film(model, "in.mp4", "block", steps=1, octaves=1, carry=0, silent=target == "out.mp4").save(target)
    with av.open(target) as made:
        assert not made.streams.audio


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("no.mp4", "there is no file no.mp4; name a film"),
        ("folder", "the folder folder holds no photo; allowed are JPEG, PNG, WebP and what else Pillow reads"),
        (
            "text.mp4",
            "text.mp4 is no film that can be read (Invalid data found when processing input); save it as .mp4 first",
        ),
    ],
)
def test_bad_footage_is_one_sentence(model, name, message):
    Path("folder").mkdir()
    Path("text.mp4").write_text("just some words, and a few more so that it is longer than a header")
    with pytest.raises(UnsuitableImage) as caught:
        reverie.film(model, name, "block")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"carry": 1}, "carry must be 0 to 0.99, not 1"),
        ({"every": 0}, "every must be 1 or more, not 0"),
        ({"frames": 0}, "frames must be 1 or more, not 0"),
    ],
)
def test_a_number_out_of_range_is_one_sentence(model, footage, settings, message):
    with pytest.raises(InvalidSetting) as caught:
        reverie.film(model, footage, "block", **settings)
    assert str(caught.value) == message


def timed(path: str, frames: list[np.ndarray], times: list[int], sound_at: int | None = None, **options) -> Path:
    """A film whose frames begin at these milliseconds, with a click of sound at one of them."""
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=1000, options={"crf": "10", "bf": "0"})
        stream.height, stream.width, stream.pix_fmt = *frames[0].shape[:2], "yuv420p"
        stream.codec_context.time_base = Fraction(1, 1000)
        for name, value in options.items():
            setattr(stream.codec_context, name, value)
        tone = None if sound_at is None else container.add_stream("aac", rate=48_000, layout="mono")
        for frame, begin in zip(frames, times, strict=True):
            shown = av.VideoFrame.from_ndarray(frame, format="rgb24")
            shown.pts, shown.time_base = begin, Fraction(1, 1000)
            container.mux(stream.encode(shown))
        container.mux(stream.encode(None))
        if tone is not None:
            length = 48 * (times[-1] - times[0] + 400)
            samples = np.zeros((1, length), np.float32)
            samples[0, 48 * (sound_at - times[0]) :][:2400] = 0.5
            for first in range(0, length - 1023, 1024):
                part = av.AudioFrame.from_ndarray(samples[:, first : first + 1024].copy(), format="fltp", layout="mono")
                part.rate, part.pts, part.time_base = 48_000, first + 48 * times[0], Fraction(1, 48_000)
                container.mux(tone.encode(part))
            container.mux(tone.encode(None))
    return Path(path)


def greys(count: int) -> list[np.ndarray]:
    """Frames each brighter than the one before."""
    return [np.full((48, 64, 3), 30 + 190 * number // count, np.uint8) for number in range(count)]


def levels(pictures) -> list[float]:
    return [round(float(item.mean()) * 255) for item in pictures]


def test_uneven_times_are_kept_by_frames_that_are_repeated():
    times = [*range(0, 1000, 100), *range(3000, 3500, 100)]  # a hold of two seconds
    source = Footage(timed("a.mkv", greys(15), times))
    assert (source.rate, source.pace.even) == (pytest.approx(10), False)
    seen = levels(source.pictures())
    assert len(seen) == source.count == 35
    assert sum(level == seen[9] for level in seen) == 21
    assert seen[29] < seen[30] < seen[31]


@pytest.mark.parametrize("jitter", [0, 1, -1])
def test_a_clocks_rounding_is_no_uneven_time(jitter):
    times = [round(1000 * number / 30 + jitter * (number % 2)) for number in range(12)]
    source = Footage(timed("a.mkv", greys(12), times))
    assert (source.count, source.pace.even, source.rate) == (12, True, pytest.approx(30, rel=0.02))
    assert len(list(source.pictures())) == 12


def click(path) -> float:
    """When the sound begins."""
    with av.open(path) as made:
        for frame in made.decode(audio=0):
            loud = np.flatnonzero(np.abs(frame.to_ndarray().astype(float)[0]) > 0.1)
            if len(loud):
                return float(frame.time + loud[0] / 48_000)
    return -1


@pytest.mark.parametrize(("source", "target"), [("a.ts", "b.mp4"), ("a.mkv", "b.mp4"), ("a.mkv", "b.webm")])
def test_sound_stays_in_step_where_a_film_does_not_begin_at_0(model, source, target):
    timed(source, greys(6), [5000 + 100 * number for number in range(6)], sound_at=5300)
    film = reverie.film(model, source, "block", steps=1, octaves=1, carry=0)
    film.save(target)
    assert film.total == 6
    assert click(target) == pytest.approx(0.3, abs=0.06)


def test_pixels_that_are_not_square_become_so():
    assert Footage(timed("a.mkv", greys(2), [0, 40], sample_aspect_ratio=Fraction(4, 3))).first.shape[-2:] == (48, 85)
    assert Footage(timed("b.mkv", greys(2), [0, 40], sample_aspect_ratio=Fraction(1, 2))).first.shape[-2:] == (96, 64)


@pytest.mark.parametrize(("size", "matrix"), [((720, 1280), "ITU709"), ((48, 64), "ITU601")])
@pytest.mark.parametrize("tagged", [True, False])
@pytest.mark.parametrize("full", [True, False])
def test_footage_is_read_in_its_own_colours(size, matrix, tagged, full):
    frame = av.VideoFrame.from_ndarray(np.full((*size, 3), (200, 30, 30), np.uint8), format="rgb24")
    with av.open("a.mp4", "w") as container:
        stream = container.add_stream("libx264", rate=10, options={"crf": "5", "preset": "ultrafast"})
        stream.height, stream.width, stream.pix_fmt = *size, "yuv420p"
        if tagged:
            stream.codec_context.colorspace = {"ITU709": 1, "ITU601": 6}[matrix]
        stream.codec_context.color_range = 2 if full else 1
        shown = frame.reformat(format="yuv420p", dst_colorspace=matrix, dst_color_range=2 if full else 1)
        container.mux(stream.encode(shown))
        container.mux(stream.encode(None))
    assert np.abs(to_uint8(Footage(Path("a.mp4")).first[0])[9, 9].astype(int) - (200, 30, 30)).max() <= 3


def test_a_folder_of_numbered_frames_is_footage(model):
    Path("shots").mkdir()
    for number, frame in enumerate(greys(12)):
        Image.fromarray(frame).save(f"shots/frame{number}.png")
    source = footage_of("shots", 5)
    assert (source.rate, source.count) == (5, 12)
    assert levels(source.pictures()) == sorted(levels(source.pictures()))
    shot = reverie.film(model, "shots", "block", steps=1, octaves=1, frames=2)
    assert (shot.total, shot.rate) == (2, 25)
    assert shot.record.arguments["photo"]["film"] == "shots"
    Image.new("RGB", (8, 8)).save("shots/frame3.png")
    with pytest.raises(UnsuitableImage, match=r"frame3\.png is 8x8 and the first frame 64x48; bring all to one size$"):
        list(source.pictures())
    with pytest.raises(InvalidSetting, match=r"^--fps is for a folder of frames; "):
        footage_of("a.mp4", 5)


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_animations_keep_their_holds(model, name):
    pictures = [Image.fromarray(frame) for frame in greys(4)]
    pictures[0].save(name, save_all=True, append_images=pictures[1:], duration=[100, 100, 500, 100], loop=0)
    source = footage_of(name)
    assert (source.rate, source.count) == (10, 8)
    seen = levels(source.pictures())
    assert [seen.count(level) for level in sorted(set(seen))] == [1, 1, 5, 1]
    images = [frame.image for frame in reverie.film(model, name, "block", steps=1, octaves=1).frames()]
    assert all(torch.equal(image, images[2]) for image in images[3:7])
    assert not torch.equal(images[1], images[2])


def test_a_still_picture_is_footage_of_one_frame():
    Image.fromarray(greys(1)[0]).save("a.png")
    assert footage_of("a.png").count == 1
