import numpy as np
import pytest
from PIL import Image, ImageDraw

from reverie.figures.contact_sheet import GAP, LINE, Layout, sheet
from reverie.figures.curves import Plot, curves
from reverie.figures.lettering import common_start, digits, fitted, legible, length, wrapped, write
from reverie.figures.marks import Mark, legend

SIZE = 13


@pytest.mark.parametrize(
    "text", ["inception4c.branch3.1.conv:12", "black-and-tan coonhound (logits:165)", "x" * 90, "a b"]
)
@pytest.mark.parametrize("width", [30, 60, 120, 300])
def test_lines_fit_and_hold_the_whole_text(text, width):
    lines = wrapped(text, width, SIZE)
    assert all(length(line, SIZE) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("most", [1, 2, 3])
def test_what_is_too_long_loses_its_middle(most):
    lines = fitted("mixed4c.branch3x3dbl_2.convolution.of.the.network.that.is.long:127", 110, SIZE, most)
    assert len(lines) <= most
    text = "".join(lines)
    assert text.startswith("mixed4")
    assert text.endswith(":127")
    assert "…" in text


def test_words_are_kept_together_where_they_can_be():
    assert wrapped("great grey owl (logits:24)", 100, SIZE) == ["great grey owl", "(logits:24)"]


@pytest.mark.parametrize(
    ("labels", "start"),
    [
        (["a.b.c:0", "a.b.c:1"], "a.b.c"),
        (["a.b.c:10", "a.b.c:11"], "a.b.c"),
        (["features.3.conv", "features.4.conv"], "features"),
        (["tiger", "tiger cat"], ""),
        (["owl (logits:24)", "rose (logits:2)"], ""),
        (["mix:1"], ""),
        (["mix:1", "-mix:1"], ""),
    ],
)
def test_what_labels_begin_with(labels, start):
    assert common_start(labels) == start


def test_what_long_captions_share_stands_once():
    pictures = [Image.new("RGB", (60, 60))] * 3
    labels = [f"inception4c.branch3.1.conv:{index}" for index in range(3)]
    shared = sheet(pictures, labels)
    told = sheet(pictures, [":0", ":1", ":2"], Layout("inception4c.branch3.1.conv"))
    assert np.array_equal(np.asarray(shared), np.asarray(told))
    fit = [f"mix:{index}" for index in range(3)]
    assert sheet(pictures, fit).height == 60 + LINE + 2 * GAP


def test_a_heading_begins_a_row():
    pictures = [Image.new("RGB", (30, 20), (index + 1, 0, 0)) for index in range(5)]
    page = np.asarray(sheet(pictures, ["x"] * 5, Layout(heads={0: "first", 2: "second"}, columns=4)))
    places = [np.argwhere((page == (index + 1, 0, 0)).all(-1))[0].tolist() for index in range(5)]
    rows = [row for row, _ in places]
    assert rows[0] == rows[1] < rows[2] == rows[3] == rows[4]
    assert places[0][1] == places[2][1] == GAP
    assert (page[: rows[0]] != 255).any()


@pytest.mark.parametrize("name", ["рысь (logits:1)", "señor (logits:1)", "虎 (logits:1)", "κύκνος (logits:1)"])
def test_names_of_any_alphabet_keep_their_number(name):
    shown, _ = legible(name, SIZE)
    assert shown.endswith("(logits:1)")
    page = Image.new("RGB", (200, 20), "white")
    write(ImageDraw.Draw(page), (0, 0), name, "black", SIZE)
    assert (np.asarray(page) < 128).any()


@pytest.mark.parametrize(
    ("value", "text"), [(2220.4, "2220"), (0.00123, "0.00123"), (12.345, "12.3"), (1e7, "1e+07"), (-1500, "-1500")]
)
def test_numbers_have_three_digits_that_tell(value, text):
    assert digits(value) == text


@pytest.mark.parametrize("size", [(8, 8), (24, 60), (224, 300)])
@pytest.mark.parametrize("lines", [{"a": [0, 1, 0.5]}, {"a": [0.0, 0.0]}, {"a": [-3, -1], "b": [-2, -2]}])
def test_curves_of_any_size_and_sign(size, lines):
    drawn = curves([Plot("title", lines, ("0", "share", "1"))] * 2, size)
    assert drawn.shape == (3, *size)
    assert 0 <= float(drawn.min()) < float(drawn.max()) <= 1


def test_marks_stand_in_a_line_under_each_caption_and_the_sheet_ends_with_their_meaning():
    pictures = [Image.new("RGB", (120, 60))] * 2
    marks = [(Mark("reach", 1.0), Mark("path", 0.5)), (Mark("reach", 0.2, wary=True),)]
    plain, made = sheet(pictures, ["a", "b"]), sheet(pictures, ["a", "b"], Layout(marks=marks))
    meaning = wrapped(legend(marks), made.width - 2 * GAP, 14)
    assert legend(marks) == "r reach, p path; red: do not believe the picture"
    assert made.height == plain.height + LINE * (1 + len(meaning))
    line = np.asarray(made)[plain.height : plain.height + LINE]
    red, grey, pale = ((line == ink).all(-1).any(0) for ink in ((0xB5, 0x36, 0x2A), (0x55, 0x58, 0x5F), (0xDD,) * 3))
    middle = made.width // 2
    assert red[middle:].any()
    assert not red[:middle].any()
    assert grey[:middle].sum() > grey[middle:].sum()
    assert pale[middle:].sum() > pale[:middle].sum() > 0
    assert legend([(), ()]) == ""
