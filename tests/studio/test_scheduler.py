"""The scheduler, without the process that computes: what it keeps of many jobs, and of units that cannot be drawn."""

import asyncio

import pytest

from reverie.errors import UnknownName
from reverie.studio import scheduler as module
from reverie.studio.companions import Companions
from reverie.studio.feed import Feed
from reverie.studio.jobs import Job
from reverie.studio.limits import ENDED
from reverie.studio.unit_pictures import UnitPictures
from reverie.studio.works import Works

POINTS = 20
STEP = {"total": 2000, "task": "", "note": "", "left": 1.0, "preview": None}


class Child:
    """Hears, and says nothing."""

    def __init__(self, process, heard, gone) -> None:
        self.told = []

    def tell(self, **message):
        self.told.append(message)


@pytest.fixture
def begun(tmp_path, monkeypatch):
    """Runs a function with a scheduler whose network is loaded."""
    monkeypatch.setattr(module, "Child", Child)

    def run(use):
        async def inside():
            scheduler = module.Scheduler({}, Works(tmp_path), Feed(), Companions(), object())
            scheduler._hear_ready({"layers": [{"name": "mix", "channels": 3}], "weights": "abc"})
            return use(scheduler)

        return asyncio.run(inside())

    return run


def test_of_many_jobs_the_last_ones_and_a_few_points_of_their_curves_are_kept(begun, monkeypatch):
    monkeypatch.setattr("reverie.studio.jobs.POINTS", POINTS)

    def use(scheduler):
        kept = []
        for _ in range(2 * ENDED):
            job = Job("dream", "dream", {})
            scheduler.add(job)
            for done in range(1, 3 * POINTS):
                scheduler._hear_event(job.id, done=done, score=done / 7, **STEP)
            scheduler._hear_ended(job.id, "done", None, [], "")
            longest = max(len(one.scores) for one in scheduler.jobs.values())
            kept.append((len(scheduler.jobs), len(scheduler.feed.states), longest))
        assert job.scores[0] == (1, 1 / 7, 0)
        return kept

    kept = begun(use)
    assert kept[-1] == kept[ENDED] == (ENDED, ENDED + 2, kept[0][2])
    assert kept[0][2] <= POINTS


def test_a_unit_that_cannot_be_drawn_is_not_asked_for_again(begun):
    def use(scheduler):
        units = UnitPictures(scheduler.works, scheduler)
        for _ in range(2):
            assert units.picture("mix", 1) is None
        scheduler._heard({"say": "unit", "layer": "mix", "channel": 1, "problem": "it has no gradient"})
        with pytest.raises(UnknownName, match="mix:1 has no picture: it has no gradient"):
            units.picture("mix", 1)
        units.picture("mix", 2)
        return [told["channel"] for told in scheduler.child.told if told.get("do") == "unit"]

    assert begun(use) == [1, 2]
