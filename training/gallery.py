"""Make docs/gallery.md, docs/bundled.md and their pictures: ``python training/gallery.py``; prefixes of names choose.

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

import motifs
from class_images import RATE, STEPS

HERE = Path(__file__).resolve().parent
DOCS = HERE.parent / "docs"

LARGEST = 240_000  # bytes of a picture in the docs


@dataclass(frozen=True)
class Picture:
    """A picture of a page: its file's stem, what it shows, and the arguments of ``reverie`` that make it."""

    stem: str
    about: str
    arguments: str

    @property
    def command(self) -> str:
        """As one types it."""
        return f"reverie {self.arguments} -o {self.stem}.png"


@dataclass(frozen=True)
class Page:
    """A page of the docs: its file, what stands above and below, and its sections with their pictures."""

    file: str
    head: str
    sections: tuple[tuple[str, str, tuple[Picture, ...]], ...]
    tail: str = ""

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """All of them, in their order."""
        return tuple(picture for *_, pictures in self.sections for picture in pictures)

    @property
    def text(self) -> str:
        """As it is written."""
        parts = [self.head]
        for title, text, pictures in self.sections:
            parts.append(f"## {title}\n\n{text}")
            parts += [f"{p.about}\n\n![{p.stem}](images/{p.stem}.jpg)\n\n```sh\n{p.command}\n```" for p in pictures]
        return "\n\n".join([*parts, *([self.tail] if self.tail else [])]) + "\n"


def _drawn(stem: str, about: str, arguments: str) -> Picture:
    """A picture of the network of drawn motifs."""
    return Picture(stem, about, f"{arguments} --model bundled")


DREAMS = (
    _drawn("flower-dream", "The default: `mixed4b`, parts of animals and plants", "dream sample:flower"),
    _drawn("china-dream", "The default", "dream sample:china"),
    _drawn("flower-mixed3a", "`mixed3a`: edges and rounds", "dream sample:flower --layer mixed3a"),
    _drawn("china-mixed3b", "`mixed3b`: rounds become eyes", "dream sample:china --layer mixed3b"),
    _drawn("flower-mixed4a", "`mixed4a`: folds, petals, stripes", "dream sample:flower --layer mixed4a"),
    _drawn("china-mixed4c", "`mixed4c`: heads and teeth", "dream sample:china --layer mixed4c"),
    _drawn("flower-mixed5a", "`mixed5a`: rows of teeth, things that hang", "dream sample:flower --layer mixed5a"),
    _drawn("china-mixed5a", "`mixed5a`: balconies, hedges, a tree of scales", "dream sample:china --layer mixed5a"),
    _drawn("flower-google", "Google's loop of 2015", "dream sample:flower --layer mixed4b --preset google"),
    _drawn("china-essay", "The essay's settings", "dream sample:china --layer mixed4c --preset essay-dream"),
)
LAYERS = ("stem", "mixed3a", "mixed3b", "mixed4a", "mixed4b", "mixed4c", "mixed5a", "mixed5b")
SHEETS = tuple(
    _drawn(f"channels-{name}", f"`{name}`", f"feature {name}:0-23 --size 96 --steps 120") for name in LAYERS
)
CLASSES = (
    _drawn("classes", "Every class", f"feature logits:0-{len(motifs.CLASSES) - 1} --steps {STEPS} --rate {RATE:g}"),
)


LITE_DREAMS = (
    Picture("lite-flower", "The default: `block8`", "dream sample:flower"),
    Picture("lite-china", "`block11`", "dream sample:china --layer block11"),
    Picture("lite-flower-block6", "`block6`", "dream sample:flower --layer block6"),
    Picture("lite-china-block14", "`block14`", "dream sample:china --layer block14"),
)
LITE_SHEETS = (Picture("lite-channels", "Four channels of `block11`", "feature block11:0-3 --size 224 --preset quick"),)


def run(picture: Picture, folder: Path) -> Image.Image:
    """The picture of a command, made as the command line makes it."""
    from reverie.cli.app import app

    path = folder / f"{picture.stem}.png"
    app([*shlex.split(picture.arguments), "-o", str(path), "--quiet"], standalone_mode=False)
    with Image.open(path) as made:
        return made.convert("RGB")


def save_small(image: Image.Image, path: Path, largest: int = LARGEST) -> None:
    """As JPEG, of the best quality that keeps it within ``largest`` bytes."""
    for quality in range(92, 40, -4):
        image.save(path, quality=quality, optimize=True, progressive=True)
        if path.stat().st_size <= largest:
            return


HEAD = """# The bundled network

A small classifier of 72 drawn motifs, stripes to owls, trained by `training/` from pictures that are code; its data
is known to the last pixel, so that what is said of a unit can be checked. Every picture stands with the command that
made it; nothing was painted over. The page and its pictures are written by `python training/gallery.py`. The photos'
credit: [credits](credits.md)."""

DREAM_TEXT = "Two photos, dreamt at different layers and with different presets."

SHEET_TEXT = "The first 24 channels of every layer, from shallow to deep: colours, edges, textures, parts, creatures."

CLASS_TEXT = """What the network takes for the best picture of each class."""

TAIL = """## What it was taught with

Four pictures of every class, drawn by code: `python training/motifs.py motifs.png`. The network's numbers are in its
[card](../src/reverie/models/bundled/MODEL_CARD.md).

![motifs](images/motifs.jpg)"""


BUNDLED = Page(
    "bundled.md",
    HEAD,
    (
        ("Dreams", DREAM_TEXT, DREAMS),
        ("What the layers look for", SHEET_TEXT, SHEETS),
        ("The classes", CLASS_TEXT, CLASSES),
    ),
    TAIL,
)
LITE = Page(
    "gallery.md",
    """# Gallery

Every picture with the command that made it, on EfficientNet-Lite0, the network where none is named; nothing was painted
over. The page and its pictures are written by `python training/gallery.py lite`. The photos' credit:
[credits](credits.md). What the network of drawn motifs dreams has [a page of its own](bundled.md).""",
    (
        ("Dreams", "Two photos, from the default to deeper layers.", LITE_DREAMS),
        ("What a layer looks for", "Pictures that excite a channel each.", LITE_SHEETS),
    ),
)


def main(prefixes: Sequence[str]) -> None:
    """Make the pictures whose names begin with a prefix, all without one, and the pages."""
    images = DOCS / "images"
    images.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for picture in (*LITE.pictures, *BUNDLED.pictures):
            if not prefixes or picture.stem.startswith(tuple(prefixes)):
                save_small(run(picture, Path(folder)), images / f"{picture.stem}.jpg")
                print(picture.stem)
    if not prefixes or "motifs" in prefixes:
        save_small(motifs.sheet(size=64, wide=6), images / "motifs.jpg", 390_000)
    for page in (LITE, BUNDLED):
        (DOCS / page.file).write_text(page.text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
