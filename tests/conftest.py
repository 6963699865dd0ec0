import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from torch import nn

import reverie
from reverie.image import to_pil

sys.path.insert(0, str(Path(__file__).parent))

from browser import chromium as chromium
from tiny import CLASSES, Tiny, picture, plain, seeded


@pytest.fixture(autouse=True)
def _one_thread_and_own_folder(tmp_path, monkeypatch):
    """The number of threads belongs to the run, and nothing may be written into the repository."""
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def module() -> nn.Module:
    """The caller's own network, in training mode and with its weights free, as callers have it."""
    return seeded(Tiny).train()


@pytest.fixture(scope="session")
def model(module):
    return reverie.load(module, size=48, classes=CLASSES)


@pytest.fixture(scope="session")
def sequential():
    """A model of a plain Sequential: layers `0` to `4`, channels without batch norm."""
    return reverie.load(seeded(plain), size=48)


@pytest.fixture(scope="session")
def bundled():
    return reverie.load("bundled")


@pytest.fixture
def photo(tmp_path) -> Path:
    """A smooth photo of odd sides, 41 high and 53 wide."""
    coarse = picture(7, 1, 3, 9, 11)
    smooth = torch.nn.functional.interpolate(coarse, (41, 53), mode="bilinear", align_corners=False)
    to_pil(smooth[0]).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


@pytest.fixture
def grey_photo(tmp_path) -> Path:
    Image.new("RGB", (48, 48), (128, 128, 128)).save(tmp_path / "grey.png")
    return tmp_path / "grey.png"


@pytest.fixture
def factory(tmp_path) -> str:
    """A factory in a file, as `--model` names it."""
    tests = Path(__file__).parent
    (tmp_path / "nets.py").write_text(
        f"import sys\nsys.path.insert(0, {str(tests)!r})\nfrom tiny import Tiny, seeded, CLASSES\n"
        "def tiny():\n    return seeded(Tiny)\ntiny.size = 48\ntiny.classes = list(CLASSES)\n"
    )
    return f"{tmp_path / 'nets.py'}:tiny"
