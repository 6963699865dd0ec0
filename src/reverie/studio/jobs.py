"""Jobs: what somebody wants to be made, and how far it is."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

RERUN = "rerun"  # the kind of a job that repeats a work from its record
POINTS = 600  # of a score's curve that are kept
OVER = ("done", "stopped", "cancelled", "failed")


@dataclass(eq=False)
class Job:
    """Work that somebody asked for, from its place in the queue to its end.

    Attributes:
        given: the settings' flat values as the process that computes gets them, files of pictures among them.
        settings, pictures: as they were asked for.
        changes: of the network's units, as `intervene` takes them.
        film: ending of the film to write; empty for none.
        stage: how often the task has changed; scores of one stage, (done, score, stage), go together.
        place: among those that wait; 0 while it runs.
        wish: what was asked of the running job: pause, stop or cancel.
    """

    kind: str
    title: str
    given: Mapping[str, Any]
    settings: Mapping[str, Any] = field(default_factory=dict)
    pictures: Mapping[str, Any] = field(default_factory=dict)
    film: str = ""
    changes: Mapping[str, str] = field(default_factory=dict)
    photos: tuple[str, ...] = ()
    id: str = field(default_factory=lambda: secrets.token_hex(6))
    state: str = "queued"
    done: int = 0
    total: int | None = None
    task: str = ""
    stage: int = 0
    note: str = ""
    score: float | None = None
    left: float | None = None
    error: str | None = None
    works: tuple[str, ...] = ()
    preview: bytes | None = None
    shown: int = 0
    scores: list[tuple[int, float, int]] = field(default_factory=list)
    place: int = 0
    wish: str = ""
    made: float = field(default_factory=time.time)

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.state in OVER

    def heard(self, message: Mapping[str, Any]) -> None:
        """Notes what the process that computes says of it."""
        self.stage += message["task"] != self.task
        self.done, self.total, self.task = message["done"], message["total"], message["task"]
        self.note = message["note"] or self.note
        self.score, self.left = message["score"], message["left"]
        if message["preview"] is not None:
            self.preview, self.shown = message["preview"], self.shown + 1
        if self.score is not None:
            self.scores.append((self.done, self.score, self.stage))
            if len(self.scores) > POINTS:
                del self.scores[1::2]

    def ended(self, state: str, error: str | None = None, works: tuple[str, ...] = (), note: str = "") -> None:
        """Notes its end, and lets go of what is not needed any more."""
        self.state, self.error, self.works, self.left, self.place = state, error, works, None, 0
        self.note = note or self.note
        if works or state == "cancelled":
            self.preview = None

    def plain(self) -> dict[str, Any]:
        """Its state, for those who watch it."""
        preview = f"/api/jobs/{self.id}/preview/{self.shown}" if self.preview else None
        same = {name: getattr(self, name) for name in TOLD}
        return {**same, "preview": preview, "picture": self.pictures.get("photo")}

    def whole(self) -> dict[str, Any]:
        """All that is known of it."""
        more = {"settings": self.settings, "pictures": self.pictures, "scores": self.scores}
        return {**self.plain(), **more, "film": self.film, "changes": self.changes}


TOLD = (
    "id",
    "kind",
    "title",
    "state",
    "done",
    "total",
    "task",
    "stage",
    "note",
    "score",
    "left",
    "error",
    "works",
    "place",
    "made",
)
