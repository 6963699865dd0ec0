"""The command `reverie`."""

import importlib

from reverie.cli.signals import stop_at_once


def main() -> None:
    """Runs the command line, which a signal ends at once until a run is under way."""
    stop_at_once()
    importlib.import_module("reverie.cli.app").main()


if __name__ == "__main__":
    main()
