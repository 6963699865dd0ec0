"""The command `reverie`."""

from reverie.cli.app import main

if __name__ == "__main__":
    main()
