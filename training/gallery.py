"""Make docs/gallery.md and its pictures: ``python training/gallery.py``, with prefixes of names after it only those.

Every picture is one ``reverie`` command, which stands under it; only its JPEG is made smaller than reverie's own.
"""

from __future__ import annotations

import shlex
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"
for folder in (HERE, HERE.parent / "src"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

import motifs  # noqa: E402 (its folder had to be put on the path first)
from class_images import RATE, STEPS  # noqa: E402

LARGEST = 115_000  # bytes of a picture in the docs


@dataclass(frozen=True)
class Picture:
    """A picture of the gallery: its file's stem, what it shows, and the arguments of ``reverie`` that make it."""

    stem: str
    about: str
    arguments: str

    @property
    def command(self) -> str:
        """As one types it."""
        return f"reverie {self.arguments} --model bundled -o {self.stem}.png"


DREAMS = (
    Picture("flower-dream", "The default: `mixed4b`, parts of animals and plants", "dream sample:flower"),
    Picture("china-dream", "The default", "dream sample:china"),
    Picture("flower-mixed3a", "`mixed3a`: edges and rounds", "dream sample:flower --layer mixed3a"),
    Picture("china-mixed3b", "`mixed3b`: rounds become eyes", "dream sample:china --layer mixed3b"),
    Picture("flower-mixed4a", "`mixed4a`: folds, petals, stripes", "dream sample:flower --layer mixed4a"),
    Picture("china-mixed4c", "`mixed4c`: heads and teeth", "dream sample:china --layer mixed4c"),
    Picture("flower-mixed5a", "`mixed5a`: rows of teeth, things that hang", "dream sample:flower --layer mixed5a"),
    Picture("china-mixed5a", "`mixed5a`: balconies, hedges, a tree of scales", "dream sample:china --layer mixed5a"),
    Picture("flower-google", "Google's loop of 2015", "dream sample:flower --layer mixed4b --preset google"),
    Picture("china-essay", "The essay's settings", "dream sample:china --layer mixed4c --preset essay-dream"),
)
LAYERS = ("stem", "mixed3a", "mixed3b", "mixed4a", "mixed4b", "mixed4c", "mixed5a", "mixed5b")
SHEETS = tuple(
    Picture(f"channels-{name}", f"`{name}`", f"feature {name}:0-23 --size 96 --steps 120") for name in LAYERS
)
CLASSES = (
    Picture("classes", "Every class", f"feature logits:0-{len(motifs.CLASSES) - 1} --steps {STEPS} --rate {RATE:g}"),
)


def run(picture: Picture, folder: Path) -> Image.Image:
    """The picture of a command, made as the command line makes it."""
    from reverie.cli.app import app

    path = folder / f"{picture.stem}.png"
    app([*shlex.split(picture.arguments), "--model", "bundled", "-o", str(path), "--quiet"], standalone_mode=False)
    with Image.open(path) as made:
        return made.convert("RGB")


def save_small(image: Image.Image, path: Path, largest: int = LARGEST) -> None:
    """As JPEG, of the best quality that keeps it within ``largest`` bytes."""
    for quality in range(92, 40, -4):
        image.save(path, quality=quality, optimize=True, progressive=True)
        if path.stat().st_size <= largest:
            return


def page() -> str:
    """docs/gallery.md."""
    parts = [HEAD]
    for title, text, pictures in (
        ("Dreams", DREAM_TEXT, DREAMS),
        ("What the layers look for", SHEET_TEXT, SHEETS),
        ("The classes", CLASS_TEXT, CLASSES),
    ):
        parts.append(f"## {title}\n\n{text}")
        parts += [f"{p.about}\n\n![{p.stem}](images/{p.stem}.jpg)\n\n```sh\n{p.command}\n```" for p in pictures]
    return "\n\n".join([*parts, TAIL]) + "\n"


HEAD = """# Gallery

Every picture with the command that made it, on the bundled network; nothing was painted over. The page and its
pictures are written by `python training/gallery.py`. The photos' credit: [credits.md](credits.md)."""

DREAM_TEXT = "Two photos, dreamt at different layers and with different presets."

SHEET_TEXT = "The first 24 channels of every layer, from shallow to deep: colours, edges, textures, parts, creatures."

CLASS_TEXT = """What the network takes for the best picture of each class."""

TAIL = """## What it was taught with

Four pictures of every class, drawn by code: `python training/motifs.py motifs.png`. The network's numbers are in its
[card](../src/reverie/models/bundled/MODEL_CARD.md).

![motifs](images/motifs.jpg)"""


def main(prefixes: Sequence[str]) -> None:
    """Make the pictures whose names begin with a prefix, all without one, and the page."""
    images = DOCS / "images"
    images.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for picture in (*DREAMS, *SHEETS, *CLASSES):
            if not prefixes or picture.stem.startswith(tuple(prefixes)):
                save_small(run(picture, Path(folder)), images / f"{picture.stem}.jpg")
                print(picture.stem)
    if not prefixes or "motifs" in prefixes:
        save_small(motifs.sheet(size=72, wide=6), images / "motifs.jpg", 4 * LARGEST)
    (DOCS / "gallery.md").write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
