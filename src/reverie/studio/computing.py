"""Computing: one job after the other, and questions between two steps, in the process that has the network."""

import contextlib
import itertools
import os
import sys
import threading
import traceback
from collections import deque
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reverie.errors import ReverieError
from reverie.models.model import Model
from reverie.runs import read
from reverie.studio.file_checks import Fitting as Fitting  # the process begins with what is imported here
from reverie.studio.job_runs import Order, Telling, reason, written
from reverie.studio.messages import Line
from reverie.studio.questions import Questions
from reverie.studio.unit_drawing import UnitDrawing

Wanted = tuple[bool, int, Mapping[str, Any]]  # a unit's picture: whether soon, a number that grows, and which


class Worker:
    """Computes with one network on one device."""

    def __init__(self, line: Line, model: Model, drawing: UnitDrawing) -> None:
        self.line, self.model, self.questions, self.drawing = line, model, Questions(model), drawing
        self.numbers = itertools.count()
        self.changed = threading.Condition()
        self.orders: deque[Order] = deque()
        self.asked: deque[Mapping[str, Any]] = deque()
        self.units: list[Wanted] = []
        self.wishes: dict[str, str] = {}  # by job, until it has ended: pause, stop or cancel

    def run(self) -> None:
        """Computes for ever; the process ends with its line."""
        threading.Thread(target=self._listen, daemon=True).start()
        self.questions.warm()
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.orders or self.asked or self.units)
                order = self.orders.popleft() if self.orders else None
            self._answer()
            if order is not None:
                self._work(order)
            elif self.units:
                self._draw()

    def _listen(self) -> None:
        while (message := self.line.receive()) is not None:
            with self.changed:
                self._take(message)
                self.changed.notify_all()
        os._exit(0)

    def _take(self, message: dict[str, Any]) -> None:
        kind = message.pop("do")
        if kind == "job":
            self.orders.append(Order(**message))
            self.wishes[message["id"]] = ""
        elif kind == "wish":
            if message["id"] in self.wishes:  # else it has ended meanwhile
                self.wishes[message["id"]] = message["wish"]
        elif kind == "unit":
            self.units.append((message.pop("soon"), next(self.numbers), message))
        else:
            self.asked.append(message)

    def _work(self, order: Order) -> None:
        """Runs a job to its end, or to where somebody ends it; then tells how it ended and what it has left."""
        run, error, began = None, None, False
        try:
            run = order.run(self.model)
            telling = Telling()
            with contextlib.closing(read(run)) as events:
                for event in events:
                    began = True
                    said = telling.plain(event)
                    if said is not None:
                        self.line.send(say="event", id=order.id, **said)
                    self._answer()
                    if self._left(order.id):
                        break
        except Exception as caught:
            error = caught
        wish = self.wishes.pop(order.id, "")
        self.line.send(say="ended", id=order.id, **self._end(order, run if began else None, error, wish))

    def _left(self, job: str) -> bool:
        """Whether somebody wishes the job to end; waits while it is paused, and goes on answering."""
        while self.wishes.get(job) == "pause":
            with self.changed:
                self.changed.wait_for(lambda: self.asked or self.wishes.get(job) != "pause")
            self._answer()
        return self.wishes.get(job) in ("stop", "cancel")

    def _end(self, order: Order, run: Any, error: Exception | None, wish: str) -> dict[str, Any]:
        if error is not None and not isinstance(error, ReverieError):
            _explain(error)
        told: dict[str, Any] = {"state": "done", "error": None, "files": [], "note": ""}
        if error is not None:
            told |= {"state": "failed", "error": reason(error)}
        elif wish in ("stop", "cancel"):
            told["state"] = "stopped" if wish == "stop" else "cancelled"
        if run is None or wish == "cancel":
            if order.film:
                Path(order.film).unlink(missing_ok=True)
            return told
        try:
            made = run.result()
            if len(made):
                told["files"] = written(made, order, self.model)
                told["note"] = " · ".join(made.told([Path(order.target)])[1:])[:2000]
            elif wish == "stop":
                told["state"] = "cancelled"
        except Exception as caught:
            told |= {"state": "failed", "error": told["error"] or reason(caught)}
            _explain(caught)
        return told

    def _answer(self) -> None:
        """Answers all questions that wait."""
        while self.asked:
            message = dict(self.asked.popleft())
            number = message.pop("number")
            try:
                self.line.send(number=number, answer=self.questions.answer(**message))
            except Exception as error:
                if not isinstance(error, ReverieError):
                    _explain(error)
                self.line.send(number=number, error=reason(error))

    def _draw(self) -> None:
        """Makes a unit's small picture, and answers between its steps; an order that comes meanwhile is first.

        Of the units that are wanted soon, else of the others, the one that was asked for last.
        """
        chosen = max(self.units, key=lambda item: item[:2])
        self.units.remove(chosen)
        problem, done, wanted = None, True, chosen[2]
        try:
            done = self.drawing.draw(**wanted, go_on=self._draws_on)
        except Exception as error:
            if not isinstance(error, ReverieError):
                _explain(error)
            problem = reason(error)
        if done:
            self.line.send(say="unit", layer=wanted["layer"], channel=wanted["channel"], problem=problem)
        else:
            self.units.append(chosen)

    def _draws_on(self) -> bool:
        self._answer()
        return not self.orders


def _explain(error: BaseException) -> None:
    traceback.print_exception(error, file=sys.stderr)
