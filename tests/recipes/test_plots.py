"""Plots of traced runs, from a result and from its file."""

import numpy as np
import pytest
from PIL import Image

import reverie
from reverie import recipes
from reverie.errors import RecordRefused


def test_a_plot_is_that_of_the_command_line(model, tmp_path):
    recipe = recipes.feature(model, "mix:2", size=24, steps=6)
    made = reverie.synthesize(model, recipe, reverie.iterate(model, recipe, trace=True))
    made.save(tmp_path / "a.png")
    drawn = reverie.plot(tmp_path / "a.png")
    assert np.array_equal(drawn.pixels, reverie.plot(made).pixels)
    assert drawn.lines[0].startswith("mix: ")
    assert repr(drawn) == f"<Chart: {drawn.lines[0]}>"
    assert drawn.save(tmp_path / "plot.png") == tmp_path / "plot.png"
    assert np.array_equal(np.asarray(Image.open(tmp_path / "plot.png")), drawn.pixels)


def test_without_a_trace_it_says_how_to_get_one(model, tmp_path):
    made = reverie.synthesize(model, recipes.feature(model, "mix:2", size=24, steps=1))
    made.save(tmp_path / "a.png")
    with pytest.raises(RecordRefused, match=r"give reverie\.synthesize the steps of iterate"):
        reverie.plot(made)
    with pytest.raises(RecordRefused, match="was made without a trace; make it with --trace"):
        reverie.plot(tmp_path / "a.png")
