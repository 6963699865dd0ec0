import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

import reverie
from reverie.errors import InvalidSetting, UnsuitableImage
from reverie.image import resize, to_uint8
from reverie.motion import camera, carried
from reverie.series.films import continued
from reverie.series.footage import Footage
from reverie.series.shots import Reel
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
        ("folder", "folder is a folder; name a film in it"),
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
