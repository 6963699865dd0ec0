"""The cases: for each kind of input a generator of one malformed one, and what is asked of it."""

import contextlib
import dataclasses
import io
import json
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass

import torch

from reverie import recipes
from reverie.atlas.atlas_file import read_atlas, shown
from reverie.atlas.atlas_writer import AtlasWriter
from reverie.atlas.state import state_of
from reverie.cli import picture_commands
from reverie.cli.app import main
from reverie.cli.commands import whole
from reverie.dataset.store import read_scan
from reverie.figures.trace_file import read_trace
from reverie.files import record_text
from reverie.image import read, read_mask
from reverie.imagemap.map_file import read_map
from reverie.models.checkpoints import load_weights
from reverie.objectives.dictionaries import directions_in
from reverie.recipes.presets import DREAM, FEATURE, preset_named
from reverie.recipes.recorded_networks import recorded_model
from reverie.recipes.rerunning import recipe_of
from reverie.record import parse_record as parsed
from reverie.unit import parse

from . import mutations, networks
from .room import PRESET, Room


@dataclass(frozen=True)
class Case:
    """A malformed input.

    Attributes:
        about: it, or where it lies.
        call: what takes it, and may raise what a user can mend.
    """

    about: str
    call: Callable[[], object]


UNITS = ("mix", "mix:3", "mix:0-3,7", "block:1@2,3", "mix:0@:,2", "block:0+1", 'logits:"tiger cat"', "logits:owl",
         "mix~1")  # fmt: skip


def units(random_: random.Random, room: Room) -> Case:
    """A unit's text."""
    text = mutations.text(random_, random_.choice(UNITS))
    return Case(repr(text), lambda: (parse(text), room.model.units(text)))


def images(random_: random.Random, room: Room) -> Case:
    """A picture's file."""
    ending = random_.choice(list(room.images))
    path = room.folder / f"a.{ending}"
    path.write_bytes(mutations.content(random_, room.images[ending]))
    ask = random_.choice((read, read, read_mask, record_text))
    return Case(str(path), lambda: ask(path))


def records(random_: random.Random, room: Room) -> Case:
    """A picture's record."""
    record = random_.choice(room.records)
    data = dataclasses.asdict(record)
    for _ in range(random_.choice((1, 1, 2))):
        data = mutations.tree(random_, data)
    text = json.dumps(data)
    text = mutations.text(random_, text) if random_.random() < 0.1 else text

    def ask() -> None:
        found = parsed(text)
        ready = room.model if random_.random() < 0.9 else recorded_model(found, trust=False)
        recipe_of(found, ready, beside=room.folder)

    return Case(text, ask)


def presets(random_: random.Random, room: Room) -> Case:
    """A file of presets."""
    lines = PRESET.strip().splitlines()
    if random_.random() < 0.6:
        at = random_.randrange(len(lines))
        key = lines[at].partition("=")[0]
        worth = mutations.value(random_)
        lines[at] = f"{key}= {json.dumps(worth) if not isinstance(worth, dict) else '{}'}"
    text = "\n".join(lines)
    text = mutations.text(random_, text) if random_.random() < 0.5 else text
    path = room.folder / "own.toml"
    path.write_bytes(text.encode(errors="surrogatepass"))
    table = random_.choice((FEATURE, DREAM))

    def ask() -> None:
        preset_named(str(path), table)
        recipes.feature(room.model, "mix:1", preset=str(path), size=24)

    return Case(text, ask)


def scans(random_: random.Random, room: Room) -> Case:
    """A scan file."""
    path = room.folder / "a.db"
    path.write_bytes(mutations.content(random_, room.scan))

    def ask() -> None:
        found = read_scan(path)
        layer = random_.choice(list(found.about.layers) or ["none"])
        _ = found.names, found.kinds, found.failures, found.tallies(layer)
        found.embeddings(layer)

    return Case(str(path), ask)


def atlases(random_: random.Random, room: Room) -> Case:
    """An atlas file, its bytes changed, or values in its rows."""
    path = room.folder / "a.atlas"
    path.with_name("a.atlas-journal").unlink(missing_ok=True)
    if random_.random() < 0.5:
        path.write_bytes(mutations.content(random_, room.atlas))
        about = "bytes"
    else:
        path.write_bytes(room.atlas)
        about = mutations.rows(random_, path)

    def ask() -> None:
        found = read_atlas(path)
        for layer in found.layers:
            _ = layer.size, layer.fed
            for picture in found.pictures(layer.layer):
                shown(picture.image, found.damaged)
                found.recipe(picture.recipe)
            for patch in found.patches(layer.layer):
                shown(patch.image, found.damaged)
            for values in found.statistics(layer.layer):
                found.edges(values)
            found.classes(layer.layer), found.links(layer.layer), found.scores(layer.layer)
            if found.scan is not None and layer.layer in found.scan.about.layers:
                found.scan.tallies(layer.layer)
                found.scan.embeddings(layer.layer)
        found.units(), found.batches(), found.photos, len(found), state_of(found)
        with AtlasWriter(path, found.about) as writer:
            writer.known()

    return Case(f"{path}: {about}", ask)


def maps(random_: random.Random, room: Room) -> Case:
    """A map's file."""
    path = room.folder / "a.safetensors"
    path.write_bytes(mutations.content(random_, room.map))
    return Case(str(path), lambda: read_map(path))


def dictionaries(random_: random.Random, room: Room) -> Case:
    """A file of directions."""
    ending = random_.choice(list(room.arrays))
    path = room.folder / f"directions.{ending}"
    path.write_bytes(mutations.content(random_, room.arrays[ending]))
    return Case(str(path), lambda: directions_in(path, 12))


def traces(random_: random.Random, room: Room) -> Case:
    """A trace."""
    path = room.folder / "a.npz"
    path.write_bytes(mutations.content(random_, room.trace))
    return Case(str(path), lambda: read_trace(path))


def weights(random_: random.Random, room: Room) -> Case:
    """A file of weights."""
    ending = random_.choice(list(room.weights))
    path = room.folder / f"weights.{ending}"
    path.write_bytes(mutations.content(random_, room.weights[ending]))
    return Case(str(path), lambda: load_weights(room.module, path))


SMALL = {"dream": ["--octaves", "1", "--steps", "1", "--layer", "block"], "feature": ["--steps", "1", "--size", "24"],
         "invert": ["--steps", "1", "--layer", "block"], "style": ["--steps", "1", "--octaves", "1"],
         "caricature": ["--steps", "1", "--layer", "block"], "accentuate": ["--steps", "1"],
         "fool": ["--steps", "1"], "interpolate": ["--steps", "1", "--size", "24"], "grow": ["--size", "12"],
         "compare": ["--steps", "1", "--size", "24"], "sheet": ["--steps", "1", "--size", "24"],
         "zoom": ["--frames", "2", "--steps", "1", "--octaves", "1", "--layer", "block", "--size", "48"],
         "scan": ["--workers", "0", "--layer", "mix"], "map": ["--workers", "0", "--method", "pca"]}  # fmt: skip
LONG = ("--steps", "--link-steps")
SUBJECTS = {"feature": ["mix:1"], "interpolate": ["mix:0", "mix:1"], "grow": ["mix:0"], "compare": ["block"],
            "filters": ["mix"], "rerun": [], "plot": [], "patches": ["mix:0"], "sheet": ["mix:0-1"]}  # fmt: skip
ASKED = ("dream", "feature", "invert", "style", "caricature", "accentuate", "fool", "interpolate", "grow", "compare",
         "explain", "activations", "filters", "rerun", "plot", "patches", "sheet", "zoom", "scan", "map",
         "presets")  # fmt: skip

WITHOUT_NETWORK = ("rerun", "patches", "plot", "presets")  # or with the one that a record or a scan names


def options(random_: random.Random, room: Room) -> Case:
    """A command line."""
    name = random_.choice(ASKED)
    photo = str(room.photo)
    subject = SUBJECTS.get(name, [photo, *{"style": [photo], "accentuate": ["mix:0"]}.get(name, [])])
    folder = [str(room.photos)]
    subject = {"rerun": [photo], "plot": [photo], "scan": folder, "map": folder}.get(name, subject)
    output = {"sheet": "sheets", "zoom": "out.gif", "scan": "out.db"}.get(name, "out.png")
    words = [name, *subject, *SMALL.get(name, []), "-o", str(room.folder / output), "--force", "-q"]
    words = words if name != "presets" else [name]
    flags = _flags(name)
    for _ in range(random_.choice((1, 1, 2))):
        flag, takes = random_.choice(flags or [("--none", False)])
        words += [flag, _worth(random_, photo)] if takes else [flag]
        if flag in LONG and words[-1] == str(10**6):  # a right number, and hours of work
            words[-1] = str(10**30)
    if random_.random() < 0.2:
        words[1 % len(words)] = mutations.text(random_, words[1 % len(words)])
    return Case(repr(words), lambda: _commanded(words, room))


def _worth(random_: random.Random, photo: str) -> str:
    found = mutations.value(random_) if random_.random() < 0.8 else random_.choice((photo, "mix:0", "2", "0.1", "mean"))
    return str(found).replace("\0", "\ufffd")  # no command line can hold a null character


def _flags(name: str) -> list[tuple[str, bool]]:
    """A command's options, and whether each takes a value; those that start long work are left out."""
    command = whole(name)
    left = {"help", "output", "threads", "all", "model", "device", "smallest", "verify", "workers", "frames", "trust"}
    params = [item for item in command.params if item.param_type_name == "option" and item.name not in left]
    return [(item.opts[0], not item.is_flag) for item in params]


def _commanded(words: list[str], room: Room) -> None:
    """Runs a command in this process, with the small network; what it ends with is told as `Ended`."""
    kept, threads, loaded = picture_commands.loaded, torch.get_num_threads(), []
    said, argv = io.StringIO(), sys.argv
    sys.argv = ["reverie", *words]
    picture_commands.loaded = lambda network: loaded.append(network) or room.model
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            main()
    except SystemExit as ended:
        if ended.code not in (0, 2, None):
            raise AssertionError(f"status {ended.code}: {said.getvalue()[-300:]}") from None
        if "Traceback" in said.getvalue():
            raise AssertionError(said.getvalue()[-300:]) from None
        if ended.code == 2:
            raise Refused(said.getvalue()) from None
    finally:
        sys.argv, picture_commands.loaded = argv, kept
        torch.set_num_threads(threads)
    if words[0] not in WITHOUT_NETWORK and not loaded and "Usage:" not in said.getvalue():
        raise AssertionError(f"{words[0]} ran with another network than the small one")


class Refused(Exception):
    """A command that ended with status 2."""


def models(random_: random.Random, room: Room) -> Case:
    """A network."""
    del room
    module, about = networks.drawn(random_)
    return Case(about, lambda: networks.asked(module))


KINDS: dict[str, Callable[[random.Random, Room], Case]] = {
    "units": units, "images": images, "records": records, "presets": presets, "scans": scans, "atlases": atlases,
    "maps": maps, "dictionaries": dictionaries, "traces": traces, "weights": weights, "options": options,
    "models": models,
}  # fmt: skip
