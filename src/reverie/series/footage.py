"""Footage: a film's pictures, one at a time, and its sound."""

import contextlib
import hashlib
import heapq
import itertools
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reverie.errors import UnsuitableImage
from reverie.extras import extra
from reverie.image import photo_path, replacing

# sound that a container holds as it is, and how else it is written
SOUNDS = {
    ".mp4": ({"aac", "mp3", "ac3", "eac3", "alac", "flac", "opus"}, "aac"),
    ".webm": ({"opus", "vorbis"}, "libopus"),
}


class Footage:
    """A film's file.

    Attributes:
        rate: frames a second, on average.
        count: frames as the file says; None where it does not.
        first: its first picture [1,3,H,W].
        described: its name and hash, for a record.

    Raises:
        UnsuitableImage: no film, or one without a picture.
        MissingExtra: PyAV is not installed.
    """

    def __init__(self, path: Path) -> None:
        self.av, self.path = extra("av", "video", "reading a film"), photo_path(path)
        with self._opened() as container:
            (stream, *_) = container.streams.video
            self.rate = float(stream.average_rate or stream.guessed_rate or Fraction(25))
            self.count: int | None = stream.frames or None
        first = next(self.pictures(), None)
        if first is None:
            raise UnsuitableImage(f"{path} holds no picture; name a film")
        self.first: Tensor = first

    @property
    def described(self) -> dict[str, str]:
        """Its name and the SHA-256 of its file."""
        with self.path.open("rb") as file:
            return {"film": self.path.name, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}

    def pictures(self) -> Iterator[Tensor]:
        """Its pictures [1,3,H,W] in [0,1], upright, one at a time."""
        with self._opened() as container:
            for frame in container.decode(video=0):
                pixels = np.rot90(frame.to_ndarray(format="rgb24"), round(frame.rotation / 90))
                yield torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].float() / 255

    def add_sound(self, silent: Path, place: Path) -> None:
        """Writes at `place` the silent film with this footage's sound, for as long as the film is."""
        ending = place.suffix.lower()
        with self._opened() as heard, self.av.open(str(silent)) as seen, replacing(place) as file:
            if ending not in SOUNDS or not heard.streams.audio:
                file.write(silent.read_bytes())
                return
            with self.av.open(file, "w", format=ending.removeprefix(".")) as made:
                pictures, sounds = _copied(made, seen, "video"), self._sounds(made, heard, ending)
                end = seen.duration / 1_000_000
                for packet in heapq.merge(pictures, sounds, key=_time):
                    if _time(packet) < end:
                        made.mux(packet)

    def _sounds(self, made: Any, heard: Any, ending: str) -> Iterator[Any]:
        """Packets of sound, as they are where the container takes them, else written anew."""
        kept, otherwise = SOUNDS[ending]
        source = heard.streams.audio[0]
        if source.codec_context.name in kept:
            return _copied(made, heard, "audio")
        stream = made.add_stream(otherwise, rate=48_000, layout="stereo")
        return self._encoded(stream, heard)

    def _encoded(self, stream: Any, heard: Any) -> Iterator[Any]:
        context = stream.codec_context
        fitting = self.av.AudioResampler(context.format, context.layout, context.rate, context.frame_size)
        for frame in itertools.chain(heard.decode(audio=0), [None]):
            for part in fitting.resample(frame):
                yield from stream.encode(part)
        yield from stream.encode(None)

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


def _copied(made: Any, source: Any, kind: str) -> Iterator[Any]:
    """A stream's packets as they are, for a stream of their own in another container."""
    old = getattr(source.streams, kind)[0]
    new = made.add_stream_from_template(old)

    def packets() -> Iterator[Any]:
        for packet in source.demux(old):
            if packet.dts is not None:  # the last one is empty: it says that there are no more
                packet.stream = new
                yield packet

    return packets()


def _time(packet: Any) -> float:
    return float(packet.dts * packet.time_base) if packet.dts is not None else 0.0
