"""The process that computes, without a process: what it answers while it draws, and units that cannot be drawn."""

from PIL import Image

from reverie.errors import UnknownName
from reverie.studio.computing import Worker
from reverie.studio.unit_drawing import STEPS, UnitDrawing


class Line:
    """Hears what is sent."""

    def __init__(self) -> None:
        self.sent = []

    def send(self, **message):
        self.sent.append(message)


class Drawing:
    """Draws in so many steps; after each of them somebody asks."""

    def __init__(self, steps: int, problem: Exception | None = None) -> None:
        self.steps, self.problem = steps, problem

    def draw(self, layer, channel, place, go_on):
        for number in range(self.steps):
            self.worker.asked.append({"number": number, "what": "units", "given": {"text": "mix:1"}})
            assert go_on()
            assert self.worker.line.sent[-1]["number"] == number
        if self.problem is not None:
            raise self.problem
        return True


def worker_with(model, drawing) -> Worker:
    drawing.worker = worker = Worker(Line(), model, drawing)
    worker._take({"do": "unit", "soon": False, "layer": "mix", "channel": 1, "place": "x.webp"})
    return worker


def test_questions_are_answered_between_the_steps_of_a_units_picture(model):
    worker = worker_with(model, Drawing(3))
    worker._draw()
    assert worker.line.sent[-1] == {"say": "unit", "layer": "mix", "channel": 1, "problem": None}


def test_a_units_picture_lets_others_come_between_after_each_step(model, tmp_path):
    asked = []
    assert UnitDrawing(model).draw("mix", 1, str(tmp_path / "x.webp"), lambda: asked.append(1) or True)
    assert len(asked) >= STEPS
    with Image.open(tmp_path / "x.webp") as picture:
        assert picture.format == "WEBP"
    assert not UnitDrawing(model).draw("mix", 1, str(tmp_path / "y.webp"), lambda: False)
    assert not (tmp_path / "y.webp").exists()


def test_who_is_wanted_soon_is_drawn_first_then_who_was_asked_for_last(model):
    worker = worker_with(model, Drawing(0))
    for channel, soon in ((2, True), (3, False), (4, True), (5, False)):
        worker._take({"do": "unit", "soon": soon, "layer": "mix", "channel": channel, "place": "x.webp"})
    for _ in range(5):
        worker._draw()
    assert [told["channel"] for told in worker.line.sent] == [4, 2, 5, 3, 1]


def test_a_unit_that_cannot_be_drawn_is_told_once(model):
    worker = worker_with(model, Drawing(0, UnknownName("it has no gradient")))
    worker._draw()
    assert worker.line.sent == [{"say": "unit", "layer": "mix", "channel": 1, "problem": "it has no gradient"}]
    assert not worker.units
