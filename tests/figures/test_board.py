"""Boards as a page and as a picture."""

import base64
import io
import json
import re

import numpy as np
import pytest
from PIL import Image

from reverie.figures.board import Bar, Board, Cell, HistogramPlot, Section, board_page, rows_of
from reverie.figures.poster import poster, write_board
from reverie.record import RECORD_KEY

NASTY = '</script><script>alert("x")</script><b>&'


def tile(colour: str, side: int = 32) -> Image.Image:
    return Image.new("RGB", (side, side), colour)


@pytest.fixture
def board():
    cells = (Cell(tile("red"), NASTY, "note", '{"recipe": "feature"}', tile("blue", 3), 1), Cell(None, "nothing"))
    histogram = HistogramPlot(np.array([0.0, 1, 2, 4]), np.array([1, 4, 4]), (("mark", 3.0),))
    sections = (
        Section("Pictures", NASTY, cells, width=8, side=64),
        Section("Values", "", histogram=histogram, bars=(Bar(NASTY, "0.5", 0.5), Bar("less", "-1", -1.0)), width=4),
    )
    return Board("a:1", NASTY, (("layer", NASTY),), sections, (NASTY,), {"unit": NASTY})


def test_the_page_is_whole_and_escaped(board):
    page = board_page(board)
    assert NASTY not in page
    assert page.count("<script") == page.count("</script>") == 2
    assert not re.search(r"(src|href)=\"(?!data:)", page.replace('href = ', ""))
    data = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1]
    assert json.loads(data) == {"unit": NASTY}


def test_a_picture_saved_from_the_page_has_its_record(board):
    source = re.search(r'class="picture"[^>]*src="data:image/png;base64,([^"]+)"', board_page(board))[1]
    with Image.open(io.BytesIO(base64.b64decode(source))) as picture:
        assert picture.text[RECORD_KEY] == '{"recipe": "feature"}'
        assert np.array_equal(np.asarray(picture), np.asarray(tile("red")))


def test_a_histogram_has_even_bars_of_the_same_area():
    heights = np.array(HistogramPlot(np.array([0.0, 1, 2, 4]), np.array([1, 4, 4])).heights)
    assert heights.max() == 1
    parts = [heights[:14].sum(), heights[14:28].sum(), heights[28:].sum()]  # 56 bars over 0 to 4
    assert np.allclose(np.array(parts) / sum(parts), [1 / 9, 4 / 9, 4 / 9])


def test_a_mark_stands_on_the_axis():
    histogram = HistogramPlot(np.array([-8.0, 0, 1, 2, 8]), np.array([0, 1, 1, 0]), (("far", 4.0),))
    assert histogram.span == (0.0, 4.0)
    assert histogram.places == [("far", 4.0, 1.0)]
    three = HistogramPlot(np.array([0.0, 1]), np.array([1]), (("near", 0.9), ("far", 1.0), ("low", 0.2)))
    assert [name for name, *_ in three.places] == ["far", "near", "low"]  # names of inner marks stand below
    assert HistogramPlot(np.array([0.0, 1]), np.array([0])).span == (0.0, 1.0)


def test_sections_stand_in_rows():
    widths = [12, 4, 4, 4, 6, 8]
    rows = rows_of([Section(str(width), width=width) for width in widths])
    assert [[section.width for section in row] for row in rows] == [[12], [4, 4, 4], [6], [8]]


def test_the_poster_shows_every_part(board):
    picture = poster(board)
    assert picture.width == 1400
    pixels = np.asarray(picture).reshape(-1, 3)
    for colour, least in (((255, 0, 0), 64 * 64), ((0, 0, 255), 30 * 30)):
        assert (pixels == colour).all(1).sum() == least


def test_both_files_are_written(board, tmp_path):
    assert write_board(board, tmp_path / "a.png", html=True) == [tmp_path / "a.png", tmp_path / "a.html"]
    assert (tmp_path / "a.html").read_text().startswith("<!doctype html>")
