"""What is left of an atlas is told for the whole, by measured shares first and by its own pace then."""

import pytest

from reverie.atlas.building import BuildRun
from reverie.atlas.forecast import Forecast, picture_cost
from reverie.image import to_pil
from reverie.runs import Event, read
from reverie.settings.atlas import Build
from tiny import picture

PARTS = {"photos": (10, 1.0), "facts": (4, 5.0), "pictures": (6, 20.0), "scores": (1, 3.0)}
WHOLE = sum(items * cost for items, cost in PARTS.values())


def told(seconds: dict[str, float]) -> list[tuple[str, float | None, float]]:
    """Of each event its part, what is told to be left, and what is."""
    now, found = 0.0, []
    forecast, end = Forecast(PARTS, lambda: now), sum(items * seconds[name] for name, (items, _) in PARTS.items())
    for name, (items, _) in PARTS.items():
        for done in range(items + 1):
            now += seconds[name] if done else 0
            found.append((name, forecast.timed(Event(done, items, name)).left, end - now))
    return found


def test_at_the_measured_shares_what_is_left_is_exact_from_the_first_piece_on():
    found = told({name: 0.5 * cost for name, (_, cost) in PARTS.items()})
    assert found[0] == ("photos", None, 0.5 * WHOLE)
    assert all(left == pytest.approx(true) for _, left, true in found[1:])


def test_pictures_that_take_longer_are_told_at_their_own_pace():
    found = told({**{name: cost for name, (_, cost) in PARTS.items()}, "pictures": 50.0, "scores": 7.5})
    pictures = [(left, true) for name, left, true in found if name == "pictures"]
    assert pictures[0][0] < pictures[0][1]
    assert all(left == pytest.approx(true) for left, true in pictures[1:])


def test_while_a_piece_is_made_what_is_left_falls_and_never_below_nothing():
    times = iter((0.0, 8.0, 12.0, 40.0))
    forecast = Forecast({"pictures": (2, 1.0)}, lambda: next(times))
    left = [forecast.timed(Event(done, 2, "pictures")).left for done in (0, 1, 1, 1)]
    assert left == [None, 8.0, 4.0, 0.0]


def test_a_smaller_picture_and_fewer_steps_cost_less():
    assert picture_cost(192, 112, (224, 224)) == pytest.approx(picture_cost(192, 224, (224, 224)) / 4)
    assert picture_cost(96, 64, (64, 64)) == pytest.approx(picture_cost(192, 64, (64, 64)) / 2)


def test_a_build_tells_what_is_left_of_all_its_parts(model, tmp_path):
    for number in range(4):
        to_pil(picture(number, 3, 40, 56)).save(tmp_path / f"{number}.png")
    asked = Build.made(layers=("mix",), views="max", photos=tmp_path, size=24, steps=1, batch=4, workers=0)
    events = list(read(BuildRun(model, asked, tmp_path / "a.atlas")))
    tasks = list(dict.fromkeys(event.task for event in events))
    assert tasks == ["atlas", "photos", "facts", "pictures", "scores"]
    assert all(event.left is not None for event in events if event.task in ("pictures", "scores"))
    assert events[-1].left == 0
    again = [event.task for event in read(BuildRun(model, asked, tmp_path / "a.atlas"))]
    assert "pictures" not in again
    assert again[-1] == "scores"
