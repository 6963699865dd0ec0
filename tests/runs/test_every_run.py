"""One contract over all kinds of runs: whoever stops reading ends them, and what stands then is whole."""

import itertools
from pathlib import Path

import pytest
import torch
from PIL import Image

import reverie
from reverie import recipes
from reverie.atlas.layer_sheets import Sweep, sweep
from reverie.attribution import Attribution, Drawing
from reverie.dataset.scanning import ScanRun
from reverie.errors import InvalidSetting
from reverie.image import to_pil
from reverie.imagemap.build import MapRun
from reverie.runs import Reading, finished, read
from reverie.settings.map import Map
from reverie.settings.scan import Scan
from reverie.synthesis import Synthesis
from reverie.video.frames import Reel
from tiny import Tiny, hook_count, picture, seeded, state

SMALL = {"size": 24, "steps": 2}
SCANNED = {"batch": 2, "workers": 0, "layers": ("mix",), "extremes": 2, "samples": 8, "examples": 2}


def photos(folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    for number in range(5):
        to_pil(picture(number, 3, 40, 40)).save(folder / f"{number}.png")
    return folder


def feature(model, _, folder):
    run = Synthesis(model, recipes.feature(model, "mix:0-2", batch=1, **SMALL))
    return run, lambda made: made.save(folder / "a.png", singles=True)


def explain(model, photo, folder):
    run = Attribution(model, recipes.explain(model, photo, method=["gradient", "occlusion"], window=24))
    return run, lambda made: made.save(folder / "a.png", raw=True)


def activations(model, photo, folder):
    run = Drawing(model, recipes.activations(model, photo, "mix", most=3))
    return run, lambda made: made.save(folder / "a.png")


def filters(model, _, folder):
    return Drawing(model, recipes.filters(model, "stem.0", most=3)), lambda made: made.save(folder / "a.png")


def sheet(model, _, folder):
    return Sweep(sweep(model, ["mix:0-3", "logits:0"], folder, batch=2, **SMALL)), lambda made: made.write(html=True)


def zoom(model, photo, folder):
    shot = reverie.zoom(model, photo, "block", steps=1, octaves=1, frames=3)
    return Reel(shot, folder / "a.gif"), lambda made: made.write()


def scan(model, _, folder):
    return ScanRun(model, Scan.made(photos=photos(folder / "in"), **SCANNED), folder / "a.db"), lambda made: [made.path]


def image_map(model, _, folder):
    asked = Map.made(photos=photos(folder / "in"), method="pca", batch=2, workers=0)
    return MapRun(model, asked), lambda made: made.save(folder / "a.png")


KINDS = [feature, explain, activations, filters, sheet, zoom, scan, image_map]


def left(run, after: int) -> None:
    """Reads so many events, and closes."""
    events = read(run)
    list(itertools.islice(events, after))
    events.close()
    assert next(events, None) is None


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_can_be_left_at_every_event_and_what_stands_is_whole(kind, photo, tmp_path):
    owned = seeded(Tiny)
    before = state(owned)
    model = reverie.load(owned, size=48)
    total = len(list(kind(model, photo, folder(tmp_path, "whole"))[0].events()))
    assert total > 1
    for after in range(total + 1):
        run, write = kind(model, photo, folder(tmp_path, str(after)))
        left(run, after)
        assert state(owned) == before
        for made in model.variants._made.values():
            assert hook_count(made) == 0
            assert all(item.grad is None and not item.requires_grad for item in made.parameters())
        if after == 0 and kind is scan:
            continue  # there is no file
        stands = run.result()
        assert kind is scan or (len(stands) > 0) == (after > 0)  # a scan keeps what it has committed
        if not len(stands):
            continue
        written = write(stands)
        assert stands.told(written)[0].startswith(f"wrote {written[0]}")
        assert kind is sheet or len(repr(stands)) < 160
        for path in written:
            assert path.stat().st_size
            if path.suffix in (".png", ".gif"):
                with Image.open(path) as shown:
                    shown.load()


def folder(place: Path, name: str) -> Path:
    (place / name).mkdir()
    return place / name


@pytest.mark.parametrize("kind", [feature, explain, activations, filters])
def test_what_is_kept_early_is_what_the_whole_run_has_first(kind, model, photo, tmp_path):
    run = kind(model, photo, tmp_path)[0]
    whole = finished(run)
    early = kind(model, photo, tmp_path)[0]
    left(early, 2)
    stands = early.result()
    assert torch.equal(stands.images[:1], whole.images[:1])
    assert str(stands.records[0]) == str(whole.records[0])


@pytest.mark.parametrize("error", [KeyboardInterrupt, InvalidSetting("no")])
def test_a_reader_that_is_stopped_keeps_what_is_whole(model, error):
    def show(event):
        if event.done == 3:
            raise error

    run = Synthesis(model, recipes.feature(model, "mix:0-2", batch=1, **SMALL))
    reading = Reading(run, show)
    assert isinstance(reading.ended, KeyboardInterrupt | InvalidSetting)
    assert len(reading.result()) == 2
    assert reading.result().told([Path("a.png")]) == [
        "wrote a.png: Tiny, mix (ended at step 3 of 6, the last whole picture)"
    ]


def test_progress_is_told_to_a_function_drawn_or_kept_quiet(model, capsys):
    seen = []
    reverie.feature(model, "mix:0", progress=lambda event: seen.append((event.done, event.total)), **SMALL)
    assert seen == [(1, 2), (2, 2)]
    reverie.feature(model, "mix:0", **SMALL)
    reverie.feature(model, "mix:0", progress=True, **SMALL)
    assert capsys.readouterr() == ("", "")  # no terminal, and sooner done than a log's first line


def test_reprs_are_short(model):
    made = reverie.feature(model, "mix:0", **SMALL)
    assert repr(made) == "<Result: a picture of 24x24, mix:0>"
    assert repr(model) == "<Model Tiny: 3x48x48, 5 classes, 16 layers, on cpu>"


def test_layers_and_presets_are_listed(model):
    assert [layer.name for layer in reverie.layers(model)] == list(model.main)
    assert [layer.name for layer in reverie.layers(model, every=True)] == list(model.layers)
    assert "default" in reverie.presets()["feature"]
