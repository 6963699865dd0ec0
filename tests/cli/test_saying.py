"""What the commands say of strangers' files does not move the terminal's cursor."""

import ast
from pathlib import Path

import pytest

from reverie import cli
from reverie.cli.printed_tables import show
from reverie.cli.saying import say

HOSTILE = "cat\x1b[2J\r\u202e[bold]tac"
SPELT = r"cat\x1b[2J\r\u202e[bold]tac"


def test_each_line_is_one_line(capsys):
    say(f"wrote {HOSTILE}", "one\ntwo", "")
    say(HOSTILE, err=True)
    out, err = capsys.readouterr()
    assert out.splitlines() == [f"wrote {SPELT}", r"one\ntwo", ""]
    assert err == f"{SPELT}\n"


def test_a_tables_cells_are_spelt_out_and_no_markup(capsys):
    show(["network", "[/b]"], [HOSTILE, "1"], ["plain", "[/b] 2"])
    heads, first, second = capsys.readouterr().out.splitlines()
    assert heads.split() == ["network", "[/b]"]
    assert first.split() == [SPELT, "1"]
    assert second.split() == ["plain", "[/b]", "2"]


def test_nothing_else_in_the_commands_writes_to_the_terminal():
    """But for the help, which typer colours."""
    found = {
        path.stem
        for path in Path(cli.__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("typer.echo", "print", "sys.stdout.write")
    }
    assert found == {"saying", "signatures"}


@pytest.mark.parametrize(
    "words", [["explain", "--method", "gradient", "--size", 64], ["fool", "--steps", 1, "--radius", 1]]
)
def test_class_names_of_a_file_are_spelt_out(cli, tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    names = [HOSTILE.replace("\r", "").replace("cat", f"cat {number}") for number in range(72)]
    (tmp_path / "names.txt").write_text("\n".join(names), encoding="utf-8")
    command, *rest = words
    status, out, err = cli(command, "sample:flower", *rest, "--model", "bundled", "--classes", "names.txt")
    assert status == 0, err
    assert r"\x1b[2J\u202e[bold]tac" in out
    assert r"\n" not in out  # a note of several lines is told in several
    assert all(line.isprintable() for line in (out + err).splitlines())
