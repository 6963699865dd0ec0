"""The web application: addresses, and what answers to each; it waits for nobody and computes nothing."""

import asyncio

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from reverie.errors import ReverieError
from reverie.extras import installed
from reverie.paths import PACKED
from reverie.settings.parts import Network
from reverie.studio import limits, requests
from reverie.studio.answers import ASKED, failed, json_answer, read_json, refused, unknown
from reverie.studio.archive import Archive
from reverie.studio.assets import Assets
from reverie.studio.atlas_pages import AtlasPages
from reverie.studio.companions import Companions
from reverie.studio.feed import Feed
from reverie.studio.forks import job_of
from reverie.studio.guard import Session
from reverie.studio.pictures import Pictures
from reverie.studio.question_forms import QUESTIONS
from reverie.studio.scheduler import Scheduler
from reverie.studio.spawning import Process
from reverie.studio.unit_pictures import UnitPictures
from reverie.studio.works import Works

ROOMS = ("dream", "feature", "explain", "unit", "style", "invert", "fool", "desk", "atlas-room", "history")
WISHES = ("cancel", "stop", "pause", "resume")


class Studio:
    """All that answers.

    Args:
        network: as the command line names it.
        companions: files beside the network.
        first: the process that computes, where it has been begun already.
    """

    def __init__(
        self, network: Network, works: Works, session: Session, companions: Companions, first: Process | None
    ) -> None:
        self.network, self.works, self.session, self.companions = network, works, session, companions
        self.feed, self.pictures, self.assets = Feed(), Pictures(works), Assets()
        self.scheduler = Scheduler(msgspec.to_builtins(network.flat()), works, self.feed, companions, first)
        self.atlas = AtlasPages(companions, works, self.scheduler.tell_studio)
        self.units = UnitPictures(works, self.scheduler)
        self.archive = Archive(self.pictures, network, companions, self.scheduler.tell_work)

    def app(self) -> Starlette:
        """The application."""
        get, post = ["GET"], ["POST"]
        routes = [
            *(Route(f"/{room}", self.page, methods=get) for room in ("", *ROOMS)),
            Route("/pages/{name:path}", self.asset, methods=get),
            Route("/atlas/{name:path}", self.site, methods=get),
            Route("/api/studio", self.studio, methods=get),
            Route("/api/forms/{kind}", self.form, methods=get),
            *self.archive.routes(),
            Route("/api/jobs", self.jobs, methods=get),
            Route("/api/jobs", self.add, methods=post),
            Route("/api/jobs/{id}", self.job, methods=get),
            Route("/api/jobs/{id}/move", self.move, methods=post),
            Route("/api/jobs/{id}/preview/{number:int}", self.preview, methods=get),
            Route("/api/jobs/{id}/{wish}", self.wish, methods=post),
            Route("/api/events", self.events, methods=get),
            Route("/api/command", self.command, methods=post),
            Route("/api/ask/{what}", self.ask, methods=post),
            Route("/api/units/{layer}/{channel:int}.webp", self.unit, methods=get),
        ]
        return Starlette(
            routes=routes, exception_handlers={ReverieError: refused, HTTPException: unknown, Exception: failed}
        )

    async def close(self) -> None:
        """Ends the processes and the streams."""
        self.feed.close()
        self.pictures.close()
        self.atlas.close()
        await self.scheduler.close()

    async def page(self, _: Request) -> Response:
        """The page, of whichever room."""
        return self.assets.answer("index.html")

    async def asset(self, request: Request) -> Response:
        """A file of the pages."""
        return self.assets.answer(request.path_params["name"])

    async def site(self, request: Request) -> Response:
        """A file of the atlas's site."""
        return self.atlas.answer(request.path_params["name"])

    async def studio(self, _: Request) -> Response:
        """What there is."""
        scheduler = self.scheduler
        return json_answer(
            {
                "ready": scheduler.ready,
                "problem": scheduler.problem,
                "token": self.session.token,
                "folder": str(self.works.folder),
                "network": scheduler.network,
                "kinds": [{"name": name, "film": requests.filmed(cls)} for name, cls in requests.kinds().items()],
                "atlas": self.atlas.plain(),
                "atlas_commands": requests.atlas_commands(self.network),
                "scanned": list(self.companions.scanned),
                "scan_problem": self.companions.problems.get("scan"),
                "films": [*PACKED, ".gif", ".webp"] if installed("av") else [".gif", ".webp"],
                "bytes": limits.BYTES,
            }
        )

    async def form(self, request: Request) -> Response:
        """A form."""
        return json_answer(requests.form(request.path_params["kind"]))

    async def jobs(self, _: Request) -> Response:
        """All jobs."""
        return json_answer([job.plain() for job in self.scheduler.listed()])

    async def add(self, request: Request) -> Response:
        """One more job."""
        wanted = await read_json(request, requests.JobRequest)
        job = await asyncio.to_thread(job_of, wanted, self.pictures, self.companions)
        self.scheduler.add(job)
        return json_answer({"id": job.id}, 201)

    async def job(self, request: Request) -> Response:
        """All of a job."""
        return json_answer(self.scheduler.job(request.path_params["id"]).whole())

    async def wish(self, request: Request) -> Response:
        """Cancels, stops, pauses or resumes a job."""
        if request.path_params["wish"] not in WISHES:
            raise HTTPException(404)
        return json_answer(self.scheduler.wish(request.path_params["id"], request.path_params["wish"]).plain())

    async def move(self, request: Request) -> Response:
        """Puts a job elsewhere among those that wait."""
        self.scheduler.move(request.path_params["id"], (await read_json(request, requests.Move)).before)
        return json_answer([job.plain() for job in self.scheduler.listed()])

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

    async def command(self, request: Request) -> Response:
        """The command line of a request."""
        wanted = await read_json(request, requests.JobRequest)
        given = wanted, self.pictures, self.companions, self.network
        return json_answer(await asyncio.to_thread(requests.spelt, *given))

    async def ask(self, request: Request) -> Response:
        """A question about the network."""
        what = request.path_params["what"]
        if what not in QUESTIONS:
            raise HTTPException(404)
        given = msgspec.to_builtins(await read_json(request, QUESTIONS[what]))
        for name in ("picture", "mask"):
            if given.get(name) is not None:
                given[name] = await asyncio.to_thread(self.pictures.given, given[name])
        return json_answer(await self.scheduler.ask(what, given))

    async def unit(self, request: Request) -> Response:
        """A unit's small picture, where there is one by now."""
        unit, soon = request.path_params, "soon" in request.query_params
        found = self.units.picture(unit["layer"], unit["channel"], soon=soon)
        if found is None:
            return json_answer({"error": "the unit's picture is being made; an event tells when it is there"}, 202)
        return FileResponse(found, headers=ASKED)
