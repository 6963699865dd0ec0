import sys

import pytest

from reverie.cli.app import main


@pytest.fixture
def cli(monkeypatch, capsys):
    """Runs the command and gives its status, its output and its errors."""

    def run(*words) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["reverie", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return run


@pytest.fixture
def refused(cli):
    """Runs a command that must end with status 2 and one line."""

    def run(*words) -> str:
        status, out, err = cli(*words)
        assert status == 2, err
        assert len(err.splitlines()) == 1, err
        assert err.startswith("reverie: ")
        assert "Traceback" not in err + out
        assert out == ""
        return err.removeprefix("reverie: ").rstrip("\n")

    return run
