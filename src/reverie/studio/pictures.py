"""Pictures that are brought to the studio: decoded in a process of their own, kept under ids of our own."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from reverie.errors import OutputFailed, ReverieError, UnknownName, UnsuitableImage
from reverie.paths import SAMPLES, sample
from reverie.studio.child import Child, ChildLost
from reverie.studio.limits import BYTES, DECODING
from reverie.studio.spawning import DECODER, spawned
from reverie.studio.works import Works, name_of

ID = re.compile(r"[0-9a-f]{20}")


class TooLarge(ReverieError):
    """More bytes than are taken."""


def check_length(count: int) -> None:
    """Refuses a file of more bytes than are taken.

    Raises:
        TooLarge: it is.
    """
    if count > BYTES:
        raise TooLarge(f"the picture's file is larger than {BYTES // 10**6} MB; shrink it first")


class Pictures:
    """Finds pictures by their names: ids of those that were brought, `sample:flower`, `work:ID`."""

    def __init__(self, works: Works) -> None:
        self.works = works
        self.child: Child | None = None
        self.making: dict[str, asyncio.Lock] = {}

    async def bring(self, body: AsyncIterator[bytes]) -> dict[str, Any]:
        """Takes a picture file from a stream: its id and size.

        Raises:
            TooLarge: more bytes than are taken, as soon as they are there.
            UnsuitableImage: no picture, or one of too many pixels.
        """
        place = self.works.hidden / "taken" / secrets.token_hex(8)
        try:
            count = 0
            with place.open("wb") as file:
                async for part in body:
                    count += len(part)
                    check_length(count)
                    file.write(part)
            answer: dict[str, Any] = await self._decoded("taken", source=str(place), folder=str(self.works.photos))
            return answer
        except OSError as error:
            raise OutputFailed(f"the picture cannot be kept ({error.strerror}); free some space") from None
        finally:
            place.unlink(missing_ok=True)

    def path(self, name: str) -> Path:
        """The file of a picture's name.

        Raises:
            UnknownName: there is none.
        """
        kind, _, rest = name.partition(":")
        if kind == "work" and rest:
            return self.works.work(rest).path
        if kind == "sample" and rest in SAMPLES:
            return sample(rest)
        place = self.works.photos / f"{name}.png"
        if not ID.fullmatch(name) or not place.is_file():
            raise UnknownName("there is no such picture here; bring it again, or take sample:flower or sample:china")
        return place

    def given(self, name: str) -> str:
        """A picture's name as settings take it: a file's path, or a sample's name."""
        path = self.path(name)
        return name if name.startswith("sample:") else str(path)

    def named(self, file: str) -> str | None:
        """The name of a picture of which a record says the file's name; None where it is not here."""
        if file.removeprefix("sample:") in SAMPLES and file.startswith("sample:"):
            return file
        name = Path(file).name[:255]
        if ID.fullmatch(Path(name).stem) and (self.works.photos / name).is_file():
            return Path(name).stem
        return f"work:{name_of(Path(name))}" if name and (self.works.folder / name).is_file() else None

    async def shown(self, name: str) -> Path:
        """A picture's file for showing, made once."""
        path = await asyncio.to_thread(self.path, name)
        stem = f"{name.replace(':', '-')}-{path.stat().st_mtime_ns}"
        known = [self.works.hidden / "shown" / f"{stem}{ending}" for ending in (".jpg", ".webp")]
        async with self.making.setdefault(stem, asyncio.Lock()):
            found = next((place for place in known if place.is_file()), None)
            if found is None:
                found = Path(await self._decoded("shown", source=str(path), stem=str(known[0].with_suffix(""))))
        self.making.pop(stem, None)
        return found

    async def thumb(self, name: str) -> Path:
        """A work's small picture, made once."""
        work = await asyncio.to_thread(self.works.work, name)
        place = self.works.hidden / "thumbs" / f"{work.id}-{int(work.made * 1000)}.webp"
        async with self.making.setdefault(place.name, asyncio.Lock()):
            if not place.is_file():
                await self._decoded("thumb", source=str(work.path), place=str(place))
        self.making.pop(place.name, None)
        return place

    def close(self) -> None:
        """Ends the process that decodes."""
        if self.child is not None:
            self.child.kill()

    async def _decoded(self, do: str, **given: str) -> Any:
        """What the process that decodes answers; it is begun anew where a picture has cost it its life."""
        if self.child is None or self.child.ended:
            self.child = Child(spawned(DECODER), lambda _: None, lambda _: None)
        child = self.child
        try:
            return await child.ask(DECODING, do=do, **given)
        except TimeoutError:
            child.kill()
            raise UnsuitableImage("the picture takes too long to decode; save it anew as JPEG or PNG") from None
        except ChildLost:
            raise UnsuitableImage("the picture could not be decoded; save it anew as JPEG or PNG") from None
        except ReverieError as error:
            raise UnsuitableImage(str(error)) from None
