"""The pages of an atlas: its site, written once into the studio's folder and served from a table of its files."""

import asyncio
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response

from reverie.errors import AtlasRefused, ReverieError
from reverie.studio.answers import ASKED
from reverie.studio.child import Child
from reverie.studio.companions import Companions
from reverie.studio.spawning import EXPORTER, spawned
from reverie.studio.works import Works

FIRST = "index.html"
LONGEST = 24 * 3600.0  # seconds that a site may take
POLICY = (  # it asks the studio nothing
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
KINDS = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml", ".webp": "image/webp", ".avif": "image/avif",
}  # fmt: skip


class AtlasPages:
    """The site of the atlas that the command line names, if it names one and that is of the network.

    Args:
        changed: is told when it is there, or why it never will be.
    """

    def __init__(self, companions: Companions, works: Works, changed: Callable[[], None]) -> None:
        self.companions, self.works, self.changed = companions, works, changed
        self.files: dict[str, Path] = {}
        self.problem: str | None = None
        self.child: Child | None = None
        atlas = companions.atlas
        self.task = None if atlas is None else asyncio.create_task(self._made(atlas))

    def plain(self) -> dict[str, Any] | None:
        """The atlas as the pages are told of it; None where none is named."""
        atlas = self.companions.atlas
        return None if atlas is None else {"name": atlas.name, "ready": FIRST in self.files, "problem": self.problem}

    def answer(self, name: str) -> Response:
        """A file of the site; what is not in its table is not there, whatever the name."""
        path = self.files.get(name or FIRST)
        if path is None:
            raise HTTPException(404)
        return FileResponse(path, media_type=KINDS[path.suffix], headers={"content-security-policy": POLICY, **ASKED})

    def close(self) -> None:
        """Ends the process that writes it."""
        if self.task is not None:
            self.task.cancel()
        if self.child is not None:
            self.child.kill()

    async def _made(self, atlas: Path) -> None:
        await self.companions.known.wait()
        try:
            if "atlas" in self.companions.problems:
                raise AtlasRefused(self.companions.problems["atlas"])
            place = await asyncio.to_thread(self._place, atlas)
            if not (place / FIRST).is_file():
                self.child = Child(spawned(EXPORTER), lambda _: None, lambda _: None)
                await self.child.ask(LONGEST, atlas=str(atlas), place=str(place))
            self.files = await asyncio.to_thread(_table, place)
        except (ReverieError, OSError) as error:
            self.problem = str(error)
        self.changed()

    def _place(self, atlas: Path) -> Path:
        """The folder of the site of the atlas as it is now; those of other atlases vanish."""
        now = atlas.stat()
        found = hashlib.sha256(f"{atlas.absolute()} {now.st_mtime_ns} {now.st_size}".encode()).hexdigest()[:16]
        place = self.works.hidden / f"atlas-{found}"
        for other in [*self.works.hidden.glob("atlas-*"), *self.works.hidden.glob(".atlas-*")]:
            if other != place:
                shutil.rmtree(other, ignore_errors=True)
        return place


def _table(folder: Path) -> dict[str, Path]:
    found = (path for path in folder.rglob("*") if path.suffix in KINDS and path.is_file())
    return {path.relative_to(folder).as_posix(): path for path in found}
