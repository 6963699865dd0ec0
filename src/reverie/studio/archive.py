"""The archive: pictures that are brought, and works that have been made, over HTTP."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from reverie.errors import ReverieError
from reverie.settings.parts import Network
from reverie.studio.answers import ASKED, KEPT, announced, json_answer
from reverie.studio.companions import Companions
from reverie.studio.forks import forked, repeatable
from reverie.studio.pictures import Pictures, check_length
from reverie.studio.requests import JobRequest, spelt, spelt_rerun


class Archive:
    """What there is in the folder.

    Args:
        gone: is told the id of a work that has been deleted.
    """

    def __init__(
        self, pictures: Pictures, network: Network, companions: Companions, gone: Callable[[str], None]
    ) -> None:
        self.pictures, self.works, self.gone = pictures, pictures.works, gone
        self.network, self.companions = network, companions

    def routes(self) -> list[Route]:
        """Its addresses."""
        return [
            Route("/api/pictures", self.bring, methods=["POST"]),
            Route("/api/pictures/{name}", self.picture, methods=["GET"]),
            Route("/api/works", self.listed, methods=["GET"]),
            Route("/api/works/{id}", self.work, methods=["GET"]),
            Route("/api/works/{id}", self.delete, methods=["DELETE"]),
            Route("/api/works/{id}/{what}", self.file, methods=["GET"]),
        ]

    async def bring(self, request: Request) -> Response:
        """Takes a picture."""
        check_length(announced(request))
        return json_answer(await self.pictures.bring(request.stream()), 201)

    async def picture(self, request: Request) -> Response:
        """A picture that was brought, a sample or a work, for showing or whole."""
        name = request.path_params["name"]
        if "full" in request.query_params:
            path = await asyncio.to_thread(self.pictures.path, name)
        else:
            path = await self.pictures.shown(name)
        return FileResponse(path, headers=ASKED if name.startswith("work:") else KEPT)

    async def listed(self, request: Request) -> Response:
        """Works, newest first."""
        limit = request.query_params.get("limit", "60")
        count = min(int(limit), 500) if limit.isdecimal() and len(limit) < 6 else 60
        found, more = await asyncio.to_thread(self.works.newest, count, request.query_params.get("before"))
        return json_answer({"works": [work.plain() for work in found], "more": more})

    async def work(self, request: Request) -> Response:
        """All of a work."""
        return json_answer(await asyncio.to_thread(self._work, request.path_params["id"]))

    async def delete(self, request: Request) -> Response:
        """Deletes a work."""
        name = request.path_params["id"]
        await asyncio.to_thread(self.works.delete, name)
        self.gone(name)
        return json_answer({"id": name, "gone": True})

    async def file(self, request: Request) -> Response:
        """A work's picture, small picture or film."""
        name, what = request.path_params["id"], request.path_params["what"]
        if what == "thumb":
            return FileResponse(await self.pictures.thumb(name), headers=ASKED)
        work = await asyncio.to_thread(self.works.work, name)
        path = {"picture": work.path, "film": work.film}.get(what)
        if path is None:
            raise HTTPException(404)
        saved = path.name if "download" in request.query_params else None
        return FileResponse(path, headers=ASKED, filename=saved)

    def _work(self, name: str) -> dict[str, Any]:
        work = self.works.work(name)
        made, again = forked(work, self.pictures), spelt_rerun(work)
        try:
            said = spelt(JobRequest(work.record.recipe, **made), self.pictures, self.companions, self.network)
        except ReverieError:  # a photo that is not here any more, or a picture of another door
            said = again
        if made["changes"] and repeatable(work):
            said["command"] = again["command"]
        more = {"record": msgspec.to_builtins(work.record), "rerun": repeatable(work)}
        return {**work.plain(), **made, **said, **more}
