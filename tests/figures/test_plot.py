import sys

import numpy as np
import pytest

from reverie.errors import RecordRefused
from reverie.figures.plot import chart
from reverie.figures.trace_file import Trace

pytest.importorskip("matplotlib")


def trace(steps: int = 30) -> Trace:
    along = np.linspace(0, 1, steps)
    features = np.stack([along, -along, 0 * along], 1)
    return Trace((along > 0.5).astype(np.int32), along**2, {"a": features, "b.c": features * 3})


def test_a_chart_has_a_panel_for_the_objective_and_for_each_layer():
    drawn = chart(trace(), "title", {"a": [0]})
    assert drawn.pixels.dtype == np.uint8
    assert drawn.pixels.shape == (900, 1000, 3)
    assert len(drawn.panels) == 3
    for rows, columns in drawn.panels:
        assert 0 <= rows.start < rows.stop <= 900
        assert len(columns) == 30
        assert 0 < columns[0] < columns[-1] < 1000
        assert (drawn.pixels[rows, int(columns[0]) : int(columns[-1])] < 128).any()


def test_the_curve_is_where_its_numbers_are():
    """The objective's square: dark pixels low at the middle step, high at the last one."""
    drawn = chart(Trace(np.zeros(30, np.int32), np.linspace(0, 1, 30) ** 2, {}))
    ((rows, columns),) = drawn.panels
    panel = drawn.pixels[rows].min(2) < 128

    def height(step: int) -> float:
        return 1 - np.flatnonzero(panel[:, int(columns[step])]).min() / (rows.stop - rows.start)

    assert height(28) > 0.75
    assert height(15) < 0.45


def test_a_film_grows_and_ends_with_the_chart():
    drawn = chart(trace())
    frames = list(drawn.frames())
    assert len(frames) == 30
    ink = [int((frame < 200).sum()) for frame in frames]
    assert ink == sorted(ink)
    assert ink[0] < ink[15] < ink[-1]
    assert ink[-1] >= 0.99 * (drawn.pixels < 200).sum()


def test_a_trace_without_a_step_is_refused():
    with pytest.raises(RecordRefused, match=r"^the trace holds no step; render the picture anew with --trace$"):
        chart(Trace(np.zeros(0, np.int32), np.zeros(0)))


def test_without_matplotlib_the_same_lines_are_drawn(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    drawn = chart(trace(), "title", {"a": [1]})
    assert drawn.pixels.shape[1:] == (1000, 3)
    assert len(drawn.panels) == 3
    rows, columns = drawn.panels[0]
    dark = drawn.pixels[rows].min(2)[5:-5] < 128
    heights = [np.flatnonzero(dark[:, int(columns[step])]).min() for step in (15, 28)]
    assert heights[1] < 0.25 * (rows.stop - rows.start) < heights[0]
    assert len(list(drawn.frames())) == 30

