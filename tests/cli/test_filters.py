import re

from PIL import Image

from reverie.record import parse_record


def test_kernels_of_a_layer(cli, factory, tmp_path):
    words = ("filters", "stem.1", "--model", factory, "-o", "k.png", "--html", "--scale", "shared")
    status, out, err = cli(*words, "--singles")
    assert status == 0, err
    assert re.fullmatch(r"wrote k.png, k.html and 8 pictures in k\nfull colour is a weight of [\d.]+\n", out)
    with Image.open(tmp_path / "k.png") as sheet:
        assert sheet.width > 4 * 160
    status, out, err = cli("rerun", next((tmp_path / "k").iterdir()), "--model", factory, "-o", "again.png")
    assert (status, out) == (0, "wrote again.png\n"), err


def test_connections_of_a_channel(cli, factory, tmp_path):
    words = ("filters", "norm:3", "--model", factory, "--steps", "1", "--links", "2", "-o", "c.png", "--html")
    status, out, err = cli(*words)
    assert status == 0, err
    assert "fed by" in out
    assert "block:" in out
    assert out.endswith("wrote c.png and c.html\n")
    assert cli(*words)[0] == 2
    assert cli(*words, "--force")[0] == 0


def test_kernels_of_a_channel_by_choice(cli, factory, tmp_path):
    status, out, _ = cli("filters", "norm:3", "--model", factory, "--kernels", "-o", "k.png")
    assert (status, out) == (0, "wrote k.png\neach on its own scale\n")
    with Image.open(tmp_path / "k.png") as picture:
        assert parse_record(picture.text["reverie"]).recipe == "filters"


def test_mistakes_get_one_sentence(refused, factory):
    where = ("--model", factory)
    assert refused("filters", "nowhere", *where).startswith(f"{factory} has no layer 'nowhere'; nearest: ")
    assert refused("filters", "norm:99", *where).endswith("99 is out of range, nearest: 'norm:11'")
    assert refused("filters", "norm:3", *where, "--pictures", "nowhere") == (
        "there is no folder nowhere of pictures; make one with 'reverie sheet LAYER'"
    )
    assert refused("filters", "norm:0+1", *where).endswith("name channels apart, such as block8:0-15")
    assert refused("filters", "norm", *where, "-o", "a.gif").startswith("cannot write 'a.gif'")


def test_nothing_is_left_where_it_is_stopped(cli, factory, tmp_path, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("reverie.figures.poster.poster", stop)
    before = set(tmp_path.iterdir())
    status, _, err = cli("filters", "norm:3", "--model", factory, "--steps", "1", "--links", "1", "-o", "c.png")
    assert (status, err) == (130, "reverie: stopped\n")
    assert set(tmp_path.iterdir()) - before <= {tmp_path / "__pycache__"}
