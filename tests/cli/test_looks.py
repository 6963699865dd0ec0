"""Photos that a call is given are opened once and decoded once, whoever asks for them."""

import builtins
import collections
import io
import shlex
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageFile

import reverie
from reverie import image, recipes, settings
from reverie.atlas.activation_grid import PhotoGridRun
from reverie.image import Picture, Pictures, read, read_at, read_opacity, to_pil
from reverie.settings.fool import Fool
from reverie.settings.grid import Grid
from reverie.settings.setting import settings_of
from reverie.settings.spelling import command_line
from reverie.truth.verification import FEWEST, verified
from tiny import picture

SMALL = {"size": 24, "steps": 1}
ASKED = {  # by recipes, and a word that tells several cases of one apart: the photos by their settings, and the rest
    "accentuate": (["photo", "mask"], {"unit": "mix:1", **SMALL}),
    "activations": (["photo"], {"layer": "mix", "most": 2}),
    "caricature": (["photo"], {"layers": "mix", **SMALL}),
    "compare": (["photo"], {"layer": "mix", "few": 2, **SMALL}),
    "dream": (["photo", "guide", "mask"], {"layers": ["mix:0", "block:1"], "octaves": 2, **SMALL}),
    "explain": (["photo"], {"unit": "mix:1", "method": ["gradient", "grad-cam"]}),
    "feature": (["start", "mask"], {"units": "mix:1", **SMALL}),
    "feature concept": (["concept", "against"], {"units": "mix", **SMALL}),
    "feature maco": (["spectrum"], {"units": "mix:1", "preset": "maco", **SMALL}),
    "fool": (["photo"], {"smallest": True, "target": "tiger", "norm": "l2", "steps": 3}),
    "invert": (["photo"], {"layers": ["mix", "block"], **SMALL}),
    "style": (["photo", "styles", "region", "style_region"], {"octaves": 1, "layers": "stem.0", **SMALL}),
    "universal": (["photos"], {"target": 1, "steps": 1}),
}  # fmt: skip
EACH = [pytest.param(name.split()[0], *asked, id=name) for name, asked in ASKED.items()]


@pytest.fixture
def looks(monkeypatch):
    """Counts how often each file is opened, and decoded, by their names."""
    opened, decoded = collections.Counter(), collections.Counter()
    plain, load = builtins.open, ImageFile.ImageFile.load

    def counted(file, mode="r", *more, **options):
        opened[Path(file).name if isinstance(file, str | Path) and "r" in mode else None] += 1
        return plain(file, mode, *more, **options)

    def loaded(self):
        decoded[Path(self.filename or "none").name] += bool(self.tile)
        return load(self)

    monkeypatch.setattr(builtins, "open", counted)
    monkeypatch.setattr(io, "open", counted)
    monkeypatch.setattr(ImageFile.ImageFile, "load", loaded)
    return opened, decoded


@pytest.fixture
def once(looks):
    """That each of some files was opened and decoded once since the last time that it was asked."""

    def check(files) -> None:
        names = [Path(file).name for file in files]
        assert names
        for kind, found in zip(("opened", "decoded"), looks, strict=True):
            assert {name: found[name] for name in names} == dict.fromkeys(names, 1), kind
            found.clear()

    return check


def drawn(folder: Path, names) -> dict[str, str]:
    """A photo for each setting, of one aspect."""
    found = {}
    for number, name in enumerate(names):
        coarse = torch.nn.functional.interpolate(picture(number, 1, 3, 5, 5), (40, 40), mode="bilinear")
        found[name] = str(folder / f"of-{name}.png")
        to_pil(coarse[0]).save(found[name])
    return found


def test_all_settings_that_read_photos_are_asked_here():
    wanted = {
        (name, item.name)
        for name, cls in settings.recipes().items()
        for item in settings_of(cls)
        if item.more.get("reads") in ("photo", "mask")
    }
    assert wanted == {(name.split()[0], field) for name, (fields, _) in ASKED.items() for field in fields}


@pytest.mark.parametrize(("name", "fields", "more"), EACH)
def test_a_recipe_looks_at_each_photo_once(model, tmp_path, once, name, fields, more):
    files = drawn(tmp_path, fields)
    made = getattr(reverie, name)(model, **files, **more)
    once(files.values())
    arguments = made.records[0].arguments
    for field in {*fields} - {"concept", "against", "spectrum"}:
        told = arguments[field][0] if isinstance(arguments[field], list) else arguments[field]
        assert told == Picture(files[field]).plain("mask" if field == "mask" else "photo")


@pytest.mark.parametrize(("name", "fields", "more"), EACH)
def test_a_command_and_its_repetition_look_at_each_photo_once(tmp_path, cli, factory, once, name, fields, more):
    files = drawn(tmp_path, fields)
    if name == "universal":
        Path("in").mkdir()
        Path(files["photos"]).rename("in/of-photos.png")
        asked = Fool.made(photo="in", **more)
    else:
        asked = settings.recipes()[name].made(**files, **more)
    told = command_line(asked.word(), asked, asked.asks.made(model=factory), asked.writes.made(output="made.png"))
    words = shlex.split(told)[1:]
    status, _, err = cli(*words)
    assert status == 0, err
    once(files.values())
    photos = ["--photo", "in/of-photos.png"] if name == "universal" else []
    assert cli("rerun", "made.png", *photos, "-m", factory, "-o", "again.png")[0] == 0
    if not {"concept", "spectrum"} & {*fields}:  # of which the record holds the numbers
        once(files.values())
    assert torch.equal(read("made.png"), read("again.png"))


def test_a_photo_named_twice_is_looked_at_once(model, tmp_path, once):
    file = drawn(tmp_path, ["photo"])["photo"]
    reverie.style(model, file, [file, Path(file)], layers="stem.0", octaves=1, region=[file, file], **SMALL)
    once([file])
    made = reverie.dream(model, file, layers="mix", guide=file, mask=file, octaves=1, **SMALL)
    once([file])
    made.save(tmp_path / "made.png")
    reverie.rerun(tmp_path / "made.png", model)
    once([file])
    reverie.universal(model, [file, file], target=1, steps=1)
    once([file])


def test_a_grid_of_a_photo_looks_at_it_once(model, tmp_path, once):
    files = drawn(tmp_path, ["photo"])
    run = PhotoGridRun(model, Grid.of("mix", photo=files["photo"], steps=1, size=16))
    once(files.values())
    assert run.named == Picture(files["photo"]).plain()


def test_pictures_are_verified_by_photos_that_are_looked_at_once(model, tmp_path, once):
    files = drawn(tmp_path, map(str, range(FEWEST)))
    made = reverie.feature(model, "mix:1", size=24, steps=1)
    assert verified(model, made, photos=list(files.values())).records[0].automatic["verification"]["scores"]
    once(files.values())


def test_a_file_that_changes_is_told_of_as_it_was_used(model, tmp_path):
    file = drawn(tmp_path, ["photo"])["photo"]
    whole, before = reverie.explain(model, file, "mix:1").records[0].arguments["photo"], Picture(file)
    assert whole == before.plain()
    Image.new("RGB", (40, 40), "red").save(file)
    again = recipes.explain(model, before, "mix:1")
    assert again.origin[1]["photo"] == whole
    assert torch.equal(again.image, recipes.explain(model, before, "mix:1").image)
    assert Picture(file).plain() != whole


def test_a_picture_is_whatever_a_photo_may_be(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (9, 7, 4), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    grey = np.random.default_rng(0).random((9, 7), np.float32)
    Image.fromarray((65535 * grey).astype(np.uint16)).save(tmp_path / "deep.png")
    tensor = picture(1, 3, 9, 7)
    for photo in (tmp_path / "a.png", Image.fromarray(pixels), pixels[..., :3], pixels, grey, tensor, pixels / 255,
                  str(tmp_path / "deep.png")):  # fmt: skip
        found = Picture.of(photo)
        assert Picture.of(found) is found
        assert found.size == (9, 7)
        assert torch.equal(read(found), read(photo))
        assert found.name == (Path(photo).name if isinstance(photo, str | Path) else "array")
    assert torch.equal(read_opacity(pixels, (9, 7)), read_opacity(tmp_path / "a.png", (9, 7)))
    assert read_opacity(tensor, (9, 7)) is None
    shared = Pictures()
    assert shared.of("a.png") is shared.of(Path("a.png"))
    assert shared.of(pixels) is not shared.of(pixels.copy())


def test_what_is_shown_small_is_reduced_before_it_becomes_floats(tmp_path, monkeypatch):
    shapes = []
    made = image._from_array
    monkeypatch.setattr(image, "_from_array", lambda array, what: shapes.append(array.shape) or made(array, what))
    big = np.repeat(np.repeat(np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8), 10, 0), 10, 1)
    Image.fromarray(big).save(tmp_path / "a.png")
    for photo in (tmp_path / "a.png", big, Image.fromarray(big)):
        found = Picture(photo)
        assert found.sha256 == Picture(big).sha256
        assert (read_at(found, 30) - read_at(big, 30)).abs().mean() < 1.5 / 255
        assert shapes == [(60, 80, 3), (300, 400, 3)]
        shapes.clear()


def test_hashes_stay_when_the_pixels_go(tmp_path, looks):
    file = drawn(tmp_path, ["photo"])["photo"]
    found = Picture(file)
    found.forget()
    assert found.plain()["sha256"] == Picture(file).sha256
    assert looks[1]["of-photo.png"] == 2
    assert read(found).shape == (1, 3, 40, 40)
    assert looks[1]["of-photo.png"] == 3
