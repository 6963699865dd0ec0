"""The web application: addresses, and what answers to each; it waits for nobody and computes nothing."""

import asyncio
import traceback
from collections.abc import AsyncIterator
from importlib import metadata
from typing import Any, TypeVar

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from reverie.errors import ReverieError, UnknownName
from reverie.extras import installed
from reverie.paths import PACKED
from reverie.settings.parts import Network
from reverie.studio import limits, requests
from reverie.studio.assets import Assets
from reverie.studio.feed import Feed
from reverie.studio.guard import Session
from reverie.studio.pictures import Pictures, TooLarge, check_length
from reverie.studio.scheduler import Busy, Scheduler
from reverie.studio.unit_pictures import UnitPictures
from reverie.studio.works import Works

ROOMS = (
    "/",
    "/dream",
    "/feature",
    "/explain",
    "/unit",
    "/style",
    "/invert",
    "/fool",
    "/desk",
    "/atlas-room",
    "/history",
)
WISHES = ("cancel", "stop", "pause", "resume")
KEPT = {"cache-control": "private, max-age=86400"}
T = TypeVar("T")


class Studio:
    """All that answers.

    Args:
        network: as the command line names it.
    """

    def __init__(self, network: Network, works: Works, session: Session) -> None:
        self.network, self.works, self.session = network, works, session
        self.feed, self.pictures, self.assets = Feed(), Pictures(works), Assets()
        self.scheduler = Scheduler(msgspec.to_builtins(network.flat()), works, self.feed)
        self.units = UnitPictures(works, self.scheduler)

    def app(self) -> Starlette:
        """The application."""
        get, post = ["GET"], ["POST"]
        routes = [
            *(Route(room, self.page, methods=get) for room in ROOMS),
            Route("/pages/{name:path}", self.asset, methods=get),
            Route("/api/studio", self.studio, methods=get),
            Route("/api/forms/{kind}", self.form, methods=get),
            Route("/api/pictures", self.bring, methods=post),
            Route("/api/pictures/{name}", self.picture, methods=get),
            Route("/api/jobs", self.jobs, methods=get),
            Route("/api/jobs", self.add, methods=post),
            Route("/api/jobs/{id}", self.job, methods=get),
            Route("/api/jobs/{id}/move", self.move, methods=post),
            Route("/api/jobs/{id}/preview/{number:int}", self.preview, methods=get),
            Route("/api/jobs/{id}/{wish}", self.wish, methods=post),
            Route("/api/events", self.events, methods=get),
            Route("/api/works", self.listed, methods=get),
            Route("/api/works/{id}", self.work, methods=get),
            Route("/api/works/{id}", self.delete, methods=["DELETE"]),
            Route("/api/works/{id}/{what}", self.file, methods=get),
            Route("/api/command", self.command, methods=post),
            Route("/api/ask/{what}", self.ask, methods=post),
            Route("/api/units/{layer}/{channel:int}.webp", self.unit, methods=get),
        ]
        return Starlette(
            routes=routes, exception_handlers={ReverieError: _refused, HTTPException: _unknown, Exception: _failed}
        )

    async def close(self) -> None:
        """Ends the processes and the streams."""
        self.feed.close()
        self.pictures.close()
        await self.scheduler.close()

    async def page(self, _: Request) -> Response:
        """The page, of whichever room."""
        return self.assets.answer("index.html")

    async def asset(self, request: Request) -> Response:
        """A file of the pages."""
        return self.assets.answer(request.path_params["name"])

    async def studio(self, _: Request) -> Response:
        """What there is."""
        scheduler = self.scheduler
        kinds = [{"name": name, "about": _first(cls.__doc__)} for name, cls in requests.kinds().items()]
        network = scheduler.network or {}
        return _json(
            {
                "ready": scheduler.ready,
                "problem": scheduler.problem,
                "token": self.session.token,
                "version": metadata.version("reverie"),
                "folder": str(self.works.folder),
                "network": scheduler.network,
                "kinds": kinds,
                "methods": network.get("methods", []),
                "presets": network.get("presets", {}),
                "atlas": False,
                "films": [*PACKED, ".gif", ".webp"] if installed("av") else [".gif", ".webp"],
                "limits": {"bytes": limits.BYTES, "pixels": limits.PIXELS},
            }
        )

    async def form(self, request: Request) -> Response:
        """A form."""
        return _json(requests.form(request.path_params["kind"]))

    async def bring(self, request: Request) -> Response:
        """Takes a picture."""
        check_length(_length(request))
        return _json(await self.pictures.bring(request.stream()), 201)

    async def picture(self, request: Request) -> Response:
        """A picture that was brought, a sample or a work, for showing or whole."""
        name = request.path_params["name"]
        if "full" in request.query_params:
            return FileResponse(await asyncio.to_thread(self.pictures.path, name), headers=KEPT)
        return FileResponse(await self.pictures.shown(name), headers=KEPT)

    async def jobs(self, _: Request) -> Response:
        """All jobs."""
        return _json([job.told() for job in self.scheduler.listed()])

    async def add(self, request: Request) -> Response:
        """One more job."""
        wanted = await _read(request, requests.JobRequest)
        job = await asyncio.to_thread(requests.job, wanted, self.pictures)
        self.scheduler.add(job)
        return _json({"id": job.id}, 201)

    async def job(self, request: Request) -> Response:
        """All of a job."""
        return _json(self.scheduler.job(request.path_params["id"]).whole())

    async def wish(self, request: Request) -> Response:
        """Cancels, stops, pauses or resumes a job."""
        if request.path_params["wish"] not in WISHES:
            raise HTTPException(404)
        return _json(self.scheduler.wish(request.path_params["id"], request.path_params["wish"]).told())

    async def move(self, request: Request) -> Response:
        """Puts a job elsewhere among those that wait."""
        self.scheduler.move(request.path_params["id"], (await _read(request, requests.Move)).before)
        return _json([job.told() for job in self.scheduler.listed()])

    async def preview(self, request: Request) -> Response:
        """The newest preview of a job."""
        preview = self.scheduler.job(request.path_params["id"]).preview
        if preview is None:
            raise HTTPException(404)
        return Response(preview, media_type="image/jpeg")

    async def events(self, request: Request) -> Response:
        """What changes, for as long as somebody reads."""
        last = request.headers.get("last-event-id", "0")
        return StreamingResponse(
            self.feed.stream(int(last) if last.isdecimal() and len(last) < 16 else 0), media_type="text/event-stream"
        )

    async def listed(self, request: Request) -> Response:
        """Works, newest first."""
        limit = request.query_params.get("limit", "60")
        count = min(int(limit), 500) if limit.isdecimal() and len(limit) < 6 else 60
        found, more = await asyncio.to_thread(self.works.newest, count, request.query_params.get("before"))
        return _json({"works": [work.told() for work in found], "more": more})

    async def work(self, request: Request) -> Response:
        """All of a work."""
        return _json(await asyncio.to_thread(self._work, request.path_params["id"]))

    async def delete(self, request: Request) -> Response:
        """Deletes a work."""
        name = request.path_params["id"]
        await asyncio.to_thread(self.works.delete, name)
        self.scheduler.tell_work(name, gone=True)
        return _json({"id": name, "gone": True})

    async def file(self, request: Request) -> Response:
        """A work's picture, small picture or film."""
        name, what = request.path_params["id"], request.path_params["what"]
        if what == "thumb":
            return FileResponse(await self.pictures.thumb(name), headers=KEPT)
        work = await asyncio.to_thread(self.works.work, name)
        path = {"picture": work.path, "film": work.film}.get(what)
        if path is None:
            raise HTTPException(404)
        saved = path.name if "download" in request.query_params else None
        return FileResponse(path, headers=KEPT, filename=saved)

    async def command(self, request: Request) -> Response:
        """The command line of a request."""
        wanted = await _read(request, requests.JobRequest)
        return _json(await asyncio.to_thread(requests.spelt, wanted, self.pictures, self.network))

    async def ask(self, request: Request) -> Response:
        """A question about the network."""
        what = request.path_params["what"]
        if what not in requests.QUESTIONS:
            raise HTTPException(404)
        given = msgspec.to_builtins(await _read(request, requests.QUESTIONS[what]))
        for name in ("picture", "mask"):
            if given.get(name) is not None:
                given[name] = await asyncio.to_thread(self.pictures.given, given[name])
        return _json(await self.scheduler.ask(what, given))

    async def unit(self, request: Request) -> Response:
        """A unit's small picture, where there is one by now."""
        found = self.units.picture(request.path_params["layer"], request.path_params["channel"])
        if found is None:
            return _json({"error": "the unit's picture is being made; an event tells when it is there"}, 202)
        return FileResponse(found, headers=KEPT)

    def _work(self, name: str) -> dict[str, Any]:
        work = self.works.work(name)
        made = requests.forked(work, self.pictures)
        wanted = requests.JobRequest(work.record.recipe, **made)
        try:
            spelt = requests.spelt(wanted, self.pictures, self.network)
        except ReverieError:  # a photo that is not here any more, or a picture of another door
            spelt = {"command": f"reverie rerun {work.path.name}", "python": f"reverie.rerun({work.path.name!r})"}
        return {
            **work.told(),
            **made,
            **spelt,
            "record": msgspec.to_builtins(work.record),
            "rerun": requests.again(work),
        }


def _first(text: str | None) -> str:
    return (text or "").strip().partition("\n")[0]


def _json(data: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(data), status, media_type="application/json")


def _length(request: Request) -> int:
    said = request.headers.get("content-length", "0")
    return int(said) if said.isdecimal() and len(said) < 16 else 0


async def _read(request: Request, kind: type[T]) -> T:
    """A request's JSON body as a type has it; never more of it than is allowed."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise HTTPException(415, "send JSON, and say so: Content-Type: application/json")
    content = b""
    async for part in _limited(request, limits.BODY):
        content += part
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise HTTPException(400, f"this cannot be read ({error})") from None


async def _limited(request: Request, most: int) -> AsyncIterator[bytes]:
    count = 0
    async for part in request.stream():
        count += len(part)
        if count > most:
            raise HTTPException(413, f"more than {most // 1000} kB; send less")
        yield part


async def _refused(_: Request, error: Exception) -> Response:
    """What a user can mend, in one sentence."""
    status = 404 if isinstance(error, UnknownName) else 413 if isinstance(error, TooLarge) else 400
    answer = _json({"error": str(error)}, 503 if isinstance(error, Busy) else status)
    if status == 413:  # nobody reads the rest
        answer.headers["connection"] = "close"
    return answer


async def _unknown(_: Request, error: Exception) -> Response:
    status = getattr(error, "status_code", 404)
    return _json({"error": str(getattr(error, "detail", "there is nothing here"))}, status)


async def _failed(_: Request, error: Exception) -> Response:
    if not isinstance(error, ClientDisconnect):
        traceback.print_exception(error)
    return _json({"error": "the studio failed at this; its terminal tells more"}, 500)
