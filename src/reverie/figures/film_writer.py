"""Films: frames written one at a time, in memory that does not grow, to a file that appears whole or not at all."""

import contextlib
import io
import struct
from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol

import numpy as np
from PIL import GifImagePlugin, Image

from reverie.errors import InvalidSetting, OutputFailed
from reverie.extras import extra
from reverie.files import replacing
from reverie.image import Size
from reverie.paths import check_output

CODECS: Mapping[str, tuple[str, dict[str, str]]] = {
    ".mp4": ("libx264", {"crf": "17", "preset": "medium"}),
    ".webm": ("libvpx-vp9", {"crf": "24", "b": "0", "cpu-used": "4", "row-mt": "1"}),
}
TAGS = {"ITU709": 1, "ITU601": 6}  # how a stream names its matrix (ITU-T H.273)
LIMITED = 1  # 16 to 235 for black to white
FASTEST = 50  # frames a second that a GIF's hundredths of a second, at least two of them, can say


class Encoder(Protocol):
    """What turns frames of one size into a file of one kind."""

    def write(self, frame: np.ndarray) -> None:
        """One more frame, uint8 [H,W,3]."""
        ...

    def close(self) -> None:
        """What a whole file still needs."""
        ...


class Film:
    """A film that is written frame by frame; at `path` once it is closed, and not before.

    As a context manager it is closed at the end, and nothing is left of it after an exception.

    Args:
        path: .mp4 or .webm (which need the extra `video`), .gif or .webp.
        rate: frames a second.

    Attributes:
        frames: how many have been written.
        encoder: of the first frame on; that of .mp4 and .webm has the PyAV container, for further streams.

    Raises:
        OutputFailed: an ending that is not known, or a place that cannot be written.
        MissingExtra: PyAV is not installed.
        InvalidSetting: a rate that is none, or that the format cannot hold.
    """

    def __init__(self, path: Path, rate: float = 25) -> None:
        self.path, self.rate, self.frames = check_film(path), _rate(path, rate), 0
        self.size: Size | None = None
        self.encoder: Encoder | None = None
        self._open = contextlib.ExitStack()

    def write(self, frame: np.ndarray) -> None:
        """One more frame, uint8 [H,W,3]; all are of the size of the first.

        Raises:
            OutputFailed: a frame of another shape, or a disk that is full.
        """
        if frame.dtype != np.uint8 or frame.ndim != 3 or frame.shape[2] != 3 or 0 in frame.shape:
            raise OutputFailed(f"a film takes frames uint8 [H,W,3], not {frame.dtype} {list(frame.shape)}")
        size = frame.shape[0], frame.shape[1]
        if self.size not in (None, size):
            raise OutputFailed(f"the film's frames are of {_text(self.size)}, and this one is of {_text(size)}")
        with self._discarded_on_failure():
            if self.encoder is None:
                self.size = size
                file = self._open.enter_context(replacing(self.path))
                self.encoder = ENCODERS[self.path.suffix.lower()](file, size, self.rate, self.path.suffix.lower())
            self.encoder.write(np.ascontiguousarray(frame))
        self.frames += 1

    def close(self) -> None:
        """Puts the film in its place; once closed there is nothing more to do.

        Raises:
            OutputFailed: no frame was written, or the disk is full.
        """
        if self.encoder is None:
            if not self.frames:
                raise OutputFailed(f"nothing to write to {self.path}: no frame was finished")
            return
        with self._discarded_on_failure():
            encoder, self.encoder = self.encoder, None
            encoder.close()
            self._open.close()

    def discard(self) -> None:
        """Leaves nothing of a film that is not closed."""
        self.encoder = None
        with contextlib.suppress(_Discarded):
            stack = self._open.pop_all()
            stack.__exit__(_Discarded, _Discarded(), None)

    def __enter__(self) -> "Film":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is None:
            self.close()
        else:
            self.discard()

    @contextlib.contextmanager
    def _discarded_on_failure(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:  # PyAV's errors are of this kind too
            self.discard()
            raise OutputFailed(
                f"cannot write {self.path}: {error.strerror or error}; free some space or choose another folder"
            ) from error
        except OutputFailed:
            self.discard()
            raise


class _Discarded(Exception):
    """Ends a file on its way."""


def check_film(path: Path) -> Path:
    """`path` if a film can be put there.

    Raises:
        OutputFailed: where it cannot.
        MissingExtra: its format needs PyAV, which is not installed.
    """
    check_output(path, ENCODERS)
    if path.suffix.lower() in CODECS:
        extra("av", "video", f"a film as {path.suffix.lower()} (.gif and .webp do without)")
    return path


def _rate(path: Path, rate: float) -> Fraction:
    most = FASTEST if path.suffix.lower() == ".gif" else 1000
    if not 0 < rate <= most:
        raise InvalidSetting(f"a {path.suffix} film has up to {most} frames a second, not {rate:g}")
    return Fraction(rate).limit_denominator(1001)


def colour_space(height: int, width: int) -> str:
    """The matrix between RGB and a film's colours, that of HD or of SD: as players guess where it is not told."""
    return "ITU709" if width >= 1280 or height > 576 else "ITU601"


def _text(size: Size | None) -> str:
    return "" if size is None else f"{size[1]}x{size[0]}"


class _Video:
    """H.264 or VP9 by PyAV; an odd side gets one more line, since their colours are shared by pairs of pixels."""

    def __init__(self, file: IO[bytes], size: Size, rate: Fraction, ending: str) -> None:
        self.av = extra("av", "video", "a film")
        codec, options = CODECS[ending]
        self.odd = size[0] % 2, size[1] % 2
        self.container = self.av.open(file, "w", format=ending.removeprefix("."))
        self.stream = self.container.add_stream(codec, rate=rate, options=options)
        self.stream.height, self.stream.width = size[0] + self.odd[0], size[1] + self.odd[1]
        self.stream.pix_fmt = "yuv420p"
        self.matrix = colour_space(*size)
        context = self.stream.codec_context
        context.colorspace, context.color_range = TAGS[self.matrix], LIMITED
        context.color_primaries = context.color_trc = TAGS["ITU709"]  # sRGB's primaries, and the curve next to its own

    def write(self, frame: np.ndarray) -> None:
        frame = np.pad(frame, ((0, self.odd[0]), (0, self.odd[1]), (0, 0)), mode="edge")
        shown = self.av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(
            format="yuv420p", dst_colorspace=self.matrix, dst_color_range=LIMITED
        )
        for packet in self.stream.encode(shown):
            self.container.mux(packet)

    def close(self) -> None:
        for packet in self.stream.encode(None):
            self.container.mux(packet)
        self.container.close()


class _Gif:
    """Pillow's frames behind each other, each with its own 256 colours."""

    def __init__(self, file: IO[bytes], size: Size, rate: Fraction, _: str) -> None:
        self.file, self.rate, self.frames = file, rate, 0
        screen = struct.pack("<HHBBB", size[1], size[0], 0, 0, 0)
        file.write(b"GIF89a" + screen + b"!\xff\x0bNETSCAPE2.0\x03\x01\x00\x00\x00")  # for ever

    def write(self, frame: np.ndarray) -> None:
        # times are in hundredths: each frame lasts to where the next one should begin
        begin, end = (round(100 * number / self.rate) for number in (self.frames, self.frames + 1))
        picture = Image.fromarray(frame).quantize(256, dither=Image.Dither.FLOYDSTEINBERG)
        for block in GifImagePlugin.getdata(picture, duration=10 * (end - begin), include_color_table=True):
            self.file.write(block)
        self.frames += 1

    def close(self) -> None:
        self.file.write(b";")


class _Webp:
    """Pillow's still pictures as the frames of one animation (RIFF chunks VP8X, ANIM, ANMF)."""

    def __init__(self, file: IO[bytes], size: Size, rate: Fraction, _: str) -> None:
        self.file, self.rate, self.frames = file, rate, 0
        self.sides = _three(size[1] - 1) + _three(size[0] - 1)
        file.write(b"RIFF\0\0\0\0WEBP" + _chunk(b"VP8X", b"\x02\0\0\0" + self.sides) + _chunk(b"ANIM", bytes(6)))

    def write(self, frame: np.ndarray) -> None:
        begin, end = (round(1000 * number / self.rate) for number in (self.frames, self.frames + 1))
        still = io.BytesIO()
        Image.fromarray(frame).save(still, "WEBP", quality=90)
        place = bytes(6) + self.sides + _three(end - begin) + b"\0"
        self.file.write(_chunk(b"ANMF", place + still.getvalue()[12:]))  # without its own RIFF header
        self.frames += 1

    def close(self) -> None:
        length = self.file.tell() - 8
        self.file.seek(4)
        self.file.write(struct.pack("<I", length))


def _three(number: int) -> bytes:
    return struct.pack("<I", number)[:3]


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


ENCODERS: Mapping[str, Callable[[IO[bytes], Size, Fraction, str], Encoder]] = {
    ".mp4": _Video, ".webm": _Video, ".gif": _Gif, ".webp": _Webp,
}  # fmt: skip
