"""Footage: a film's pictures, one at a time, and its sound."""

import contextlib
import heapq
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor

from reverie.errors import InvalidSetting, UnsuitableImage, check
from reverie.extras import extra
from reverie.figures.film_writer import colour_space
from reverie.files import file_digest, replacing
from reverie.image import resize
from reverie.paths import photo_path
from reverie.photo import check_regular
from reverie.video.pacing import USUAL, Pace, pace
from reverie.video.stills import Animation, Numbered, animated

# sound that a container holds as it is, and how else it is written
SOUNDS = {
    ".mp4": ({"aac", "mp3", "ac3", "eac3", "alac", "flac", "opus"}, "aac"),
    ".webm": ({"opus", "vorbis"}, "libopus"),
}
UNSAID = (0, 2)  # what FFmpeg has for colours that a film does not tell of
PRIMING = 0.05  # seconds of sound before the first picture that an encoder may need to begin


class Footage(Protocol):
    """Pictures that follow each other.

    Attributes:
        rate: frames a second.
        count: frames.
        first: its first picture [1,3,H,W].
        described: its name and hash, for a record.
    """

    rate: float
    count: int
    first: Tensor

    @property
    def described(self) -> dict[str, str]:
        """Its name and a SHA-256."""
        ...

    def pictures(self) -> Iterator[Tensor]:
        """Its pictures [1,3,H,W] in [0,1], upright, of square pixels, at the rate, one at a time."""
        ...


def footage(path: str | Path, rate: float | None = None) -> Footage:
    """A film, an animation, or a folder of numbered frames.

    Args:
        rate: of a folder's frames.

    Raises:
        UnsuitableImage: no film, or one without a picture.
        InvalidSetting: a rate for what has its own, or one that is none.
        MissingExtra: PyAV is not installed.
    """
    place = photo_path(path)
    if rate is not None and not place.is_dir():
        raise InvalidSetting(f"--fps is for a folder of frames; {place} has a rate of its own")
    check("fps", 1 if rate is None else rate, 0.01, 1000)
    return Numbered(place, rate) if place.is_dir() else Animation(place) if animated(place) else Film(place)


class Film:
    """A film's file, read by FFmpeg; see `Footage`.

    Raises:
        UnsuitableImage: no film, or one without a picture.
        MissingExtra: PyAV is not installed.
    """

    def __init__(self, path: Path) -> None:
        self.av, self.path = extra("av", "video", "reading a film"), photo_path(path)
        check_regular(self.path)
        with self._opened() as container:
            (stream, *_) = container.streams.video
            self.begin, self.pace = _paced(container, stream)
            self.stretch = float(stream.sample_aspect_ratio or 1)
        self.rate, self.count = self.pace.rate, self.pace.count
        first = next(self.pictures(), None)
        if first is None:
            raise UnsuitableImage(f"{path} holds no picture; name a film")
        self.first: Tensor = first

    @property
    def described(self) -> dict[str, str]:
        """Its name and the SHA-256 of its file."""
        return {"film": self.path.name, "sha256": file_digest(self.path)}

    def pictures(self) -> Iterator[Tensor]:
        """Its pictures [1,3,H,W] in [0,1], upright, of square pixels, at the rate, one at a time."""
        return self.pace.shown(self._begun())

    def _begun(self) -> Iterator[tuple[float, Tensor]]:
        """All pictures, with the seconds at which they begin."""
        with self._opened() as container:
            for frame in container.decode(video=0):
                # what says nothing of its colours is taken as players take it
                said = frame.colorspace not in UNSAID
                pixels = frame.to_ndarray(
                    format="rgb24", src_colorspace=None if said else colour_space(frame.height, frame.width)
                )
                image = _squared(torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255, self.stretch)
                yield (frame.time or 0.0) - self.begin, torch.rot90(image, round(frame.rotation / 90), (2, 3))

    def add_sound(self, silent: Path, place: Path) -> None:
        """Writes at `place` the silent film with this footage's sound, for as long as the film is."""
        ending = place.suffix.lower()
        with self._opened() as audio, self.av.open(str(silent)) as seen, replacing(place) as file:
            if ending not in SOUNDS or not audio.streams.audio:
                file.write(silent.read_bytes())
                return
            with self.av.open(file, "w", format=ending.removeprefix(".")) as made:
                pictures, sounds = _copied(made, seen, "video", 0.0), self._sounds(made, audio, ending)
                end = seen.duration / 1_000_000
                for packet in heapq.merge(pictures, sounds, key=_time):
                    if _time(packet) < end:
                        made.mux(packet)

    def _sounds(self, made: Any, audio: Any, ending: str) -> Iterator[Any]:
        """Packets of sound, as they are where the container takes them, else written anew."""
        kept, otherwise = SOUNDS[ending]
        source = audio.streams.audio[0]
        if source.codec_context.name in kept:
            return _copied(made, audio, "audio", self.begin)
        stream = made.add_stream(otherwise, rate=48_000, layout="stereo")
        return self._encoded(stream, audio)

    def _encoded(self, stream: Any, audio: Any) -> Iterator[Any]:
        context = stream.codec_context
        fitting = self.av.AudioResampler(context.format, context.layout, context.rate, context.frame_size)
        for frame in itertools.chain(self._decoded(audio), [None]):
            for part in fitting.resample(frame):
                yield from stream.encode(part)
        yield from stream.encode(None)

    def _decoded(self, audio: Any) -> Iterator[Any]:
        """Frames of sound, timed from the first picture on."""
        for frame in audio.decode(audio=0):
            frame.pts -= round(self.begin / frame.time_base)
            if frame.time >= -PRIMING:
                yield frame

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Any]:
        """The file, and one sentence for all that FFmpeg raises on a bad one."""
        try:
            with self.av.open(str(self.path)) as container:
                if not container.streams.video:
                    raise UnsuitableImage(f"{self.path} holds no picture; name a film")
                yield container
        except FileNotFoundError:
            raise UnsuitableImage(f"there is no file {self.path}; name a film") from None
        except IsADirectoryError:
            raise UnsuitableImage(f"{self.path} is a folder; name a film in it") from None
        except self.av.error.FFmpegError as error:
            raise UnsuitableImage(
                f"{self.path} is no film that can be read ({error.strerror or error}); save it as .mp4 first"
            ) from None


def _paced(container: Any, stream: Any) -> tuple[float, Pace]:
    """When a film's first picture begins, in seconds, and its pace, from the times in the file."""
    said = float(stream.average_rate or stream.guessed_rate or 0) or None
    packets = [packet for packet in container.demux(stream) if packet.size]
    times = sorted({packet.pts for packet in packets if packet.pts is not None})
    if len(times) < len(packets) or not times:  # no times: the rate is all there is
        return 0.0, Pace(said or USUAL, len(packets), True)
    unit, length = float(stream.time_base), max(packets, key=lambda packet: packet.pts).duration or 0
    begun = [(time - times[0]) * unit for time in times]
    return times[0] * unit, pace(begun, begun[-1] + length * unit, said)


def _squared(image: Tensor, stretch: float) -> Tensor:
    """An image whose pixels are so many times wider than high, with square ones and nothing lost."""
    height, width = image.shape[-2:]
    wide, high = round(width * max(1, stretch)), round(height * max(1, 1 / stretch))
    return resize(image, (high, wide)).clamp(0, 1)


def _copied(made: Any, source: Any, kind: str, begin: float) -> Iterator[Any]:
    """A stream's packets as they are, timed from `begin` on, for a stream of their own in another container."""
    old = getattr(source.streams, kind)[0]
    new = made.add_stream_from_template(old)

    def packets() -> Iterator[Any]:
        for packet in source.demux(old):
            if packet.dts is None:  # the last one is empty: it says that there are no more
                continue
            earlier = round(begin / packet.time_base)
            packet.dts, packet.pts = packet.dts - earlier, packet.pts - earlier
            if kind == "video" or _time(packet) >= -PRIMING:
                packet.stream = new
                yield packet

    return packets()


def _time(packet: Any) -> float:
    return float(packet.dts * packet.time_base) if packet.dts is not None else 0.0
