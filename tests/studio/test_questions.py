"""Questions at the desk: how much of the network runs for an answer, and that a dream is watched a step at a time."""

import io
from itertools import islice

import pytest
import torch
from PIL import Image
from torch.utils._python_dispatch import TorchDispatchMode

import reverie
from reverie import recipes
from reverie.studio.job_runs import jpeg
from reverie.studio.questions import Questions
from reverie.synthesis import Synthesis

OFF = ({"channel": 3, "how": "ablate"},)


class Convolutions(TorchDispatchMode):
    """Counts the convolutions of something: an empty batch costs none."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten.convolution.default and len(args[0]):
            self.count += 1
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(("layer", "after"), [("stem", 3), ("block", 1), ("mix", 0)])
def test_class_bars_run_the_layers_after_the_changed_one_alone(model, layer, after):
    asks = Questions(model)
    asks.desk("sample:flower", layer, ())
    with Convolutions() as ran:
        asks.desk("sample:flower", layer, OFF)
    assert ran.count == after


def test_a_small_dream_is_that_of_the_changed_network_a_step_at_a_time(model):
    asks = Questions(model)
    answers = [asks.dreaming("sample:flower", "block", OFF, ["mix"], done=done) for done in range(3)]
    assert [(answer["done"], answer["total"]) for answer in answers] == [(1, 40), (2, 40), (3, 40)]
    with reverie.intervene(model, {"block:3": "ablate"}):
        recipe = recipes.dream(model, "sample:flower", ["mix"], size=48, octaves=1, steps=40)
        pictures = [jpeg(event.preview()) for event in islice(Synthesis(model, recipe).events(), 3)]
    assert [answer["picture"] for answer in answers] == pictures
    with Image.open(io.BytesIO(pictures[0])) as picture:
        assert picture.size == (48, 32)


def test_a_small_dream_begins_anew_where_a_fader_moves_and_where_it_has_ended(model, monkeypatch):
    monkeypatch.setattr("reverie.studio.dreaming.STEPS", 2)
    asks = Questions(model)

    def done(units, seen):
        return asks.dreaming("sample:flower", "block", units, ["mix"], done=seen)["done"]

    assert [done(OFF, 0), done(OFF, 1), done((), 2), done((), 1), done((), 2), done((), 0)] == [1, 2, 1, 2, 1, 1]
