import itertools
import json

import pytest
from PIL import Image

from reverie.synthesis import iterate

FEW = ("--steps", "1", "--link-steps", "1", "--links", "2", "--size", "48", "--patches", "2")


@pytest.fixture
def scan(cli, factory, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(3):
        Image.effect_noise((60, 50), 40 + 40 * number).convert("RGB").save(folder / f"{number}.png")
    status, _, err = cli("scan", folder, "--model", factory, "--layer", "norm", "-o", "s.db", "--workers", "0")
    assert status == 0, err
    return tmp_path / "s.db"


def test_a_card_is_a_picture_and_a_page(cli, factory, scan, tmp_path):
    words = ("card", "norm:3", "--model", factory, "--scan", scan, *FEW, "-o", "c.png")
    status, out, err = cli(*words)
    assert status == 0, err
    assert out.endswith("wrote c.png and c.html\n")
    assert "The photos have no classes" in out
    with Image.open(tmp_path / "c.png") as poster:
        assert poster.width == 1400
    page = (tmp_path / "c.html").read_text()
    assert json.loads(page.partition('id="data">')[2].partition("</script>")[0])["photos"] == 3
    assert cli(*words)[0] == 2
    assert cli(*words, "--force", "--quiet")[:2] == (0, "")


def test_mistakes_get_one_sentence(refused, factory, scan):
    where = ("--model", factory)
    assert refused("card", "norm", *where).startswith("'norm' is a whole layer; name one channel, such as 'norm:0'")
    assert refused("card", "mix:1", *where, "--scan", scan).startswith(f"{scan} was not scanned for 'mix'; nearest: ")
    assert refused("card", "norm:1", *where, "--scan", "no.db").startswith("there is no scan no.db; make it with")
    assert refused("card", "norm:1", "--scan", scan).startswith("efficientnet_lite0 has no layer 'norm'")
    assert refused("card", "norm:1", *where, "--links", "0") == "links must be 1 or more, not 0"


def test_nothing_is_left_where_it_is_stopped(cli, factory, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("reverie.atlas.unit_board.strongest", stop)
    before = set(tmp_path.iterdir())
    status, _, err = cli("card", "norm:3", "--model", factory, *FEW, "-o", "c.png")
    assert (status, err) == (130, "reverie: stopped\n")
    assert set(tmp_path.iterdir()) - before <= {tmp_path / "__pycache__"}


def ending_at(number):
    """The engine, in which somebody presses Ctrl-C after so many steps."""
    steps = itertools.count(1)

    def interrupted(*given, **named):
        for step in iterate(*given, **named):
            yield step
            if next(steps) == number:
                raise KeyboardInterrupt

    return interrupted


@pytest.mark.parametrize("words", [("card", "norm:3", "--size", "48"), ("filters", "norm:3", "--html")])
def test_what_stands_when_it_is_ended_is_written(cli, factory, tmp_path, monkeypatch, words):
    monkeypatch.setattr("reverie.synthesis.batches.iterate", ending_at(2))
    status, out, err = cli(*words, "--model", factory, "--steps", "4", "--links", "2", "-o", "c.png")
    assert (status, err) == (130, "reverie: stopped\n")
    assert "The run was ended early: pictures are missing, or as they stood then.\nwrote c.png and c.html\n" in out
    assert (tmp_path / "c.png").is_file()
