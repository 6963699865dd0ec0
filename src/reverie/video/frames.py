"""Shots: frames that come one from another, kept in a folder until their film is whole, so that none is lost."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from reverie.errors import OutputFailed, RecordRefused, listed
from reverie.figures.film_writer import Film
from reverie.figures.naming import listed_files
from reverie.files import save, together, write_whole
from reverie.image import read, to_pil, to_uint8
from reverie.paths import path_named
from reverie.record import Record, parse_record
from reverie.runs import Event, Progress, finished

SETTINGS = "film.json"  # in the folder of frames: what they are frames of


@dataclass(frozen=True)
class Frame:
    """A finished frame.

    Attributes:
        number: from 0.
        total: how many there will be; None where nobody knows.
        image: [1,C,H,W], of values that 8 bits hold, so that a frame read from its file is the frame itself.
    """

    number: int
    total: int | None
    image: Tensor


def rounded(image: Tensor) -> Tensor:
    """The image [1,C,H,W] as its file will hold it."""
    return torch.from_numpy(to_uint8(image[0])).permute(2, 0, 1)[None].float() / 255


@dataclass(frozen=True)
class Shot:
    """A film that can be made.

    Attributes:
        record: of what it is made.
        total: how many frames; None where nobody knows.
        run: makes the frames behind one, or from the first one on.
        rate: frames a second.
        finish: what else the film needs, from its picture alone and its place.
    """

    record: Record
    total: int | None
    run: Callable[[Frame | None], Iterator[Frame]]
    rate: float
    finish: Callable[[Path, Path], None] | None = None

    def __repr__(self) -> str:
        """Short: what film."""
        count = "frames" if self.total is None else f"{self.total} frames"
        return f"<Shot: {self.record.recipe} of {self.record.model.get('name')}, {count} at {self.rate:g} a second>"

    def frames(self) -> Iterator[Frame]:
        """All frames, one at a time; to stop, stop reading."""
        return self.run(None)

    def save(self, path: str | Path, *, force: bool = False, progress: Progress = None) -> Path:
        """Makes the film, .mp4, .webm, .gif or .webp, in memory that does not grow with it.

        A run that was killed is taken up where it stopped, and gives the film that it would have given.

        Args:
            force: overwrite a film, or the frames of another one that was not finished.
            progress: True for a bar, a function that gets each event, None for a bar where a terminal waits for long.

        Raises:
            OutputFailed: a film or another one's frames are in the way, or cannot be written.
            MissingExtra: PyAV is not installed.
        """
        return finished(Reel(self, path_named(path), force=force), progress).write()[0]


class Reel:
    """The run of a shot, whose frames lie in a folder beside the film's place, `NAME.mp4.frames`, until it is whole.

    Attributes:
        done: how many frames are finished.
        whole: whether no frame is to come.

    Raises:
        OutputFailed: a film or another one's frames are in the way.
    """

    def __init__(self, shot: Shot, path: Path, *, force: bool = False) -> None:
        self.shot, self.path = shot, Film(path, shot.rate).path  # which refuses a place or a rate that it cannot have
        self.folder = path.with_name(f"{path.name}.frames")
        self.done, self.whole = 0, False
        if self._is_begun(force=force):
            while self._place(self.done).is_file():
                self.done += 1
            return
        for taken in (path, path.with_suffix(".json")):
            if taken.exists() and not force:
                raise OutputFailed(
                    f"{taken} exists already; say --force to overwrite it, or name another with --output"
                )

    def frames(self) -> Iterator[Frame]:
        """The frames that are still to be made, each of which lies in the folder when it is yielded."""
        last = self.done - 1
        after = None if last < 0 else Frame(last, self.shot.total, self._read(last))
        for frame in self.shot.run(after):
            if not self.done:
                self._begin()  # not before there is something to keep
            save(to_pil(frame.image[0]), self._place(frame.number))
            self.done = frame.number + 1
            yield frame
        self.whole = True

    def events(self) -> Iterator[Event]:
        """Makes the frames that are still to be made, one for each event."""
        for frame in self.frames():
            picture = frame.image[0]
            yield Event(
                frame.number + 1,
                self.shot.total,
                self.path.name,
                preview=lambda picture=picture: to_pil(picture),  # type: ignore[misc]
                finished=(frame,),
            )

    def result(self) -> "Reel":
        """The frames that are finished, to be written as a film."""
        return self

    def __len__(self) -> int:
        """How many frames are finished."""
        return self.done

    def told(self, written: Sequence[Path]) -> list[str]:
        """Where the film was written to, what it was made with, and whether that is all."""
        record = self.shot.record
        far = f"{self.done} of {self.shot.total or 'its'} frames, in {self.folder}"
        rest = "" if self.whole else f" ({far}; the same command goes on)"
        made_with = f"{record.model.get('name')}, {listed(record.arguments['layers'], 3)}"
        return [f"wrote {listed_files(written)}: {made_with}{rest}"]

    def write(self) -> list[Path]:
        """Writes the film of the frames that there are, with its record beside it; of a whole one the folder goes."""
        finish = self.shot.finish
        target = self.path if finish is None else self.folder / f"picture{self.path.suffix}"
        record = self.path.with_suffix(".json")
        with together([self.path, record]):
            try:
                with Film(target, self.shot.rate) as film:
                    for number in range(self.done):
                        film.write(to_uint8(read(self._place(number))[0]))
                if finish is not None:
                    finish(target, self.path)
            finally:
                if finish is not None:
                    target.unlink(missing_ok=True)
            write_whole(record, str(self.shot.record).encode())
        if self.whole:
            self._clear()
        return [self.path, record]

    def _is_begun(self, *, force: bool) -> bool:
        """Whether the folder holds frames of this very film; those of another one go only by force."""
        if not self.folder.exists() or (self.folder.is_dir() and not any(self.folder.iterdir())):
            return False
        try:
            begun = parse_record((self.folder / SETTINGS).read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, RecordRefused):
            begun = None
        wanted = parse_record(str(self.shot.record))
        if begun is not None and (begun.recipe, begun.arguments, begun.model) == (
            wanted.recipe, wanted.arguments, wanted.model
        ):  # fmt: skip
            return True
        if not force:
            raise OutputFailed(
                f"{self.folder} holds frames of another film; say --force to give them up, or name another film"
            )
        self._clear()
        return False

    def _begin(self) -> None:
        try:
            self.folder.mkdir(exist_ok=True)
        except OSError as error:
            raise OutputFailed(
                f"cannot make the folder {self.folder} for the frames ({error.strerror}); choose another name"
            ) from error
        try:
            write_whole(self.folder / SETTINGS, str(self.shot.record).encode())
        except OutputFailed:
            if not any(self.folder.iterdir()):
                self.folder.rmdir()
            raise

    def _clear(self) -> None:
        """Takes away what a reel writes, and the folder unless somebody put more into it."""
        for path in self.folder.iterdir():
            if path.name == SETTINGS or re.fullmatch(r"\d{6}\.png", path.name):
                path.unlink()
        if not any(self.folder.iterdir()):
            self.folder.rmdir()

    def _place(self, number: int) -> Path:
        return self.folder / f"{number:06d}.png"

    def _read(self, number: int) -> Tensor:
        with Image.open(self._place(number)) as picture:
            channels = len(picture.getbands())
        return read(self._place(number))[:, :channels]
