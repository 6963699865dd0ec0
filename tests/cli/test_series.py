import pytest
from test_commands import ctrl_c, files

from reverie.series import sheets

FAST = ["--size", 24, "--steps", 1, "--batch", 3]


def test_a_sheet_and_its_page(cli, factory, tmp_path):
    status, out, err = cli("sheet", "block:0-3", "logits", "-m", factory, *FAST, "--html")
    assert (status, err) == (0, "")
    assert out == "wrote block-0-3.png and block-0-3.html\nwrote logits.png and logits.html\n"
    assert len(files(tmp_path)) == 1 + 4 + 4 + 5


def test_ctrl_c_keeps_the_finished_pictures_and_the_same_command_goes_on(cli, factory, tmp_path, monkeypatch):
    run, drawn = sheets.synthesize, []

    def interrupted(model, recipe):
        drawn.append(recipe.names)
        return ctrl_c() if len(drawn) == 2 else run(model, recipe)

    monkeypatch.setattr(sheets, "synthesize", interrupted)
    (tmp_path / "out").mkdir()
    words = ["sheet", "block", "-m", factory, *FAST, "-o", "out"]
    message = "wrote out/block.png (3 of 8 pictures; the same command goes on)\n"
    assert cli(*words) == (130, message, "reverie: stopped\n")
    assert cli(*words) == (0, "wrote out/block.png\n", "")
    assert [names[0] for names in drawn] == ["block:0", "block:3", "block:3", "block:6"]


def test_quiet_says_nothing(cli, factory):
    assert cli("sheet", "block:0", "-m", factory, *FAST, "-q") == (0, "", "")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["blokc"], "has no layer 'blokc'; nearest: 'block'"),
        (["block", "block"], "a layer is named twice; name each once"),
        (["block", "-o", "no"], "there is no folder no; make it first"),
        (["block", "--steps", "0"], "steps must be 1 or more, not 0"),
    ],
)
def test_a_wrong_word_is_one_line(refused, factory, tmp_path, words, message):
    assert message in refused("sheet", *words, "-m", factory)
    assert files(tmp_path) == {"nets.py"}
