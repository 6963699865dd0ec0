"""The scheduler: jobs that wait, the one that runs, and the process that computes them."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from reverie.errors import InvalidSetting, ReverieError, UnknownName
from reverie.studio.child import Child, ChildLost, Message, said
from reverie.studio.companions import Companions
from reverie.studio.feed import Feed
from reverie.studio.jobs import Job
from reverie.studio.limits import ENDED, FAREWELL, PATIENCE, QUEUED
from reverie.studio.spawning import WORKER, Process, spawned
from reverie.studio.works import Works

IMPATIENT = 10.0  # seconds after which a process that does not heed a cancel is ended
MOST_DEATHS = 3  # after which no further one is begun


class Busy(ReverieError):
    """Nobody can answer now."""


class Scheduler:
    """Hands jobs to the process that computes, one at a time.

    Args:
        network: flat settings of the network.
        companions: files beside the network.
        first: the process that computes, where it has been begun already.
    """

    def __init__(
        self,
        network: Mapping[str, Any],
        works: Works,
        feed: Feed,
        companions: Companions,
        first: Process | None = None,
    ) -> None:
        self.named, self.works, self.feed, self.companions = network, works, feed, companions
        self.jobs: dict[str, Job] = {}
        self.waiting: list[Job] = []
        self.running: Job | None = None
        self.network: dict[str, Any] | None = None
        self.problem: str | None = None
        self.ready, self.closing = False, False
        self.hear_unit: Callable[..., None] = lambda **_: None  # is told of units' small pictures
        self.idle = asyncio.Event()
        self.idle.set()
        self.deaths = 0  # in a row, of processes that never came to compute
        self.child = self._begun(first)

    def _begun(self, process: Process | None = None) -> Child:
        child = Child(process or spawned(WORKER), self._heard, self._gone)
        child.tell(network=dict(self.named), companions=self.companions.named)
        return child

    def add(self, job: Job) -> None:
        """One more job, after all others.

        Raises:
            InvalidSetting: too many wait already.
        """
        if len(self.waiting) >= QUEUED:
            raise InvalidSetting(f"{QUEUED} jobs wait already; cancel some, or let them be done first")
        if self.problem is not None:
            raise InvalidSetting(self.problem)
        self.jobs[job.id] = job
        self.waiting.append(job)
        self._forget()
        self._go_on()
        self._order()

    def job(self, name: str) -> Job:
        """The job of this id.

        Raises:
            UnknownName: there is none.
        """
        if name not in self.jobs:
            raise UnknownName("there is no such job; it may have been forgotten, its picture is among the works")
        return self.jobs[name]

    def listed(self) -> list[Job]:
        """All jobs: the running one, those that wait in their order, those that have ended, newest first."""
        ended = [job for job in reversed(self.jobs.values()) if job.over]
        return [*([self.running] if self.running else []), *self.waiting, *ended]

    def wish(self, name: str, wish: str) -> Job:
        """Cancels, stops, pauses or resumes a job; one that has ended stays as it is."""
        job = self.job(name)
        if job in self.waiting and wish in ("cancel", "stop"):
            self.waiting.remove(job)
            job.ended("cancelled")
            self._order()
        elif job is self.running and not (job.wish == "cancel" or job.wish == wish):
            job.wish = wish
            job.state = {"pause": "paused", "resume": "running"}.get(wish, job.state)
            self.child.tell(do="wish", id=job.id, wish=wish)
            if wish == "cancel":
                self._end_soon(job, self.child)
        self._tell(job)
        return job

    def move(self, name: str, before: str | None) -> None:
        """Puts a job that waits before another one, or to the end.

        Raises:
            InvalidSetting: one of them does not wait.
        """
        job = self.job(name)
        if job not in self.waiting or (before is not None and self.job(before) not in self.waiting):
            raise InvalidSetting("only jobs that wait can change their places")
        if before == name:
            return
        self.waiting.remove(job)
        at = len(self.waiting) if before is None else self.waiting.index(self.job(before))
        self.waiting.insert(at, job)
        self._order()

    async def ask(self, what: str, given: Mapping[str, Any]) -> Any:
        """The answer to a question about the network.

        Raises:
            Busy: it does not come soon.
            ReverieError: what is wrong with the question.
        """
        if not self.ready:
            raise Busy(self.problem or "the network is being loaded; ask again in a moment")
        try:
            return await self.child.ask(PATIENCE, do="ask", what=what, given=given)
        except TimeoutError:
            raise Busy("the network is busy with a long step of a job; ask again when it is done") from None
        except ChildLost as error:
            raise Busy(str(error)) from None

    async def close(self) -> None:
        """Ends the process that computes; what its job has made by now is kept, where that does not take long."""
        self.closing = True
        if self.running is not None:
            if self.running.wish != "cancel":
                self.child.tell(do="wish", id=self.running.id, wish="stop")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self.idle.wait(), FAREWELL)
        self.child.kill()

    def _heard(self, message: Message) -> None:
        getattr(self, f"_hear_{message.pop('say')}")(**message)

    def _hear_ready(self, network: dict[str, Any]) -> None:
        self.network, self.ready, self.deaths = network, True, 0
        self.tell_studio()
        self._go_on()

    def _hear_companions(self, problems: dict[str, str], scanned: list[str]) -> None:
        self.companions.heard(problems, scanned)
        self.tell_studio()

    def _hear_problem(self, text: str) -> None:
        self.problem = text
        for job in self.waiting:
            job.ended("failed", text)
            self._tell(job)
        self.waiting.clear()
        self.tell_studio()

    def _hear_event(self, id: str, **message: Any) -> None:
        job = self.running
        if job is not None and job.id == id:
            job.heard(message)
            self._tell(job)

    def _hear_ended(self, id: str, state: str, error: str | None, files: list[str], note: str) -> None:
        job = self.running
        if job is None or job.id != id:
            return
        works = tuple(filter(None, [self.works.added(Path(files[0]))])) if files else ()
        self._end(job, state, error, works, note)

    def _hear_unit(self, **message: Any) -> None:
        self.hear_unit(**message)

    def _gone(self, status: int) -> None:
        """Somebody, or the system, has ended the process that computes: its job has failed, another one begins."""
        self.deaths += not self.ready
        self.ready = False
        if self.closing or self.problem is not None:
            self.idle.set()
            return
        if self.network is None or self.deaths > MOST_DEATHS:
            self._hear_problem(f"the computing process ended while it loaded the network ({said(status)})")
            return
        self.child = self._begun()
        if self.running is not None:
            state = "cancelled" if self.running.wish == "cancel" else "failed"
            text = f"the computing process ended ({said(status)}); ask for a smaller picture, or try again"
            self._end(self.running, state, None if state == "cancelled" else text)
        self.tell_studio()

    def _end(self, job: Job, state: str, error: str | None, works: tuple[str, ...] = (), note: str = "") -> None:
        job.ended(state, error, works, note)
        self.running = None
        self.idle.set()
        for work in works:
            self.tell_work(work, gone=False)
        self._tell(job)
        self._forget()
        self._go_on()
        self._order()

    def _go_on(self) -> None:
        """Begins the next job, where there is one and somebody to do it."""
        if self.running is not None or not self.waiting or not self.ready or self.closing:
            return
        job = self.running = self.waiting.pop(0)
        self.idle.clear()
        job.state, job.place = "running", 0
        target = self.works.place(job.kind)
        film = str(target.with_suffix(job.film)) if job.film else ""
        self.child.tell(
            do="job",
            id=job.id,
            kind=job.kind,
            given=job.given,
            target=str(target),
            film=film,
            changes=job.changes,
            photos=job.photos,
        )
        self._tell(job)

    def _end_soon(self, job: Job, child: Child) -> None:
        """Ends a process that does not heed a cancel: a step of a huge picture can take minutes."""

        def end() -> None:
            if self.running is job and self.child is child:
                child.kill()

        asyncio.get_running_loop().call_later(IMPATIENT, end)

    def _forget(self) -> None:
        """Lets go of the jobs that ended longest ago."""
        ended = [job for job in self.jobs.values() if job.over]
        for job in ended[: max(0, len(ended) - ENDED)]:
            del self.jobs[job.id]
            self.feed.forget(f"job {job.id}")

    def _order(self) -> None:
        for place, job in enumerate(self.waiting, 1):
            if job.place != place:
                job.place = place
                self._tell(job)
        self.feed.publish("jobs", "jobs", lambda: {"order": [job.id for job in self.listed()]})

    def _tell(self, job: Job) -> None:
        self.feed.publish(f"job {job.id}", "job", job.plain)

    def tell_work(self, work: str, *, gone: bool = True) -> None:
        """Tells that a work has been made or deleted."""
        self.feed.tell(f"work {work}", "work", {"id": work, "gone": gone})

    def tell_studio(self) -> None:
        """Tells that what there is has changed."""
        self.feed.publish("studio", "studio", lambda: {"ready": self.ready, "problem": self.problem})
