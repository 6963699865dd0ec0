import contextlib

import pytest
import torch
from running import NETWORK, Live

import reverie
from reverie.atlas.building import BuildRun
from reverie.image import to_pil
from reverie.runs import finished
from reverie.settings.atlas import Build


@pytest.fixture(scope="session")
def live(tmp_path_factory):
    folder = tmp_path_factory.mktemp("studio")
    (folder / "nets.py").write_text(NETWORK)
    (folder / "photos").mkdir()
    for number, photo in enumerate(torch.rand(4, 3, 48, 48)):
        to_pil(photo).save(folder / "photos" / f"{number}.png")
    model = reverie.load(f"{folder / 'nets.py'}:tiny")
    asked = Build.made(layers=("mix",), size=24, steps=1, views="max", patches=3, workers=0, photos=folder / "photos")
    finished(BuildRun(model, asked, folder / "tiny.atlas"))
    with contextlib.closing(Live(folder, "--atlas", str(folder / "tiny.atlas"))) as live:
        assert live.studio["problem"] is None
        yield live
