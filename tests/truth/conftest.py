import numpy as np
import pytest
from painted import Coloured, drained
from PIL import Image

import reverie
from reverie.dataset.photo_sets import photo_set
from reverie.truth.assessment import Assessment
from reverie.truth.exemplars import responses
from reverie.truth.judge import judge_of
from tiny import Tiny, seeded


@pytest.fixture(scope="session")
def painted(tmp_path_factory):
    """Sixty plain pictures, redder and redder as they turn less blue, in an order of chance, in folders by redness."""
    place = tmp_path_factory.mktemp("painted")
    for number, rank in enumerate(np.random.default_rng(0).permutation(60)):
        pixels = np.random.default_rng(number).integers(0, 30, (32, 32, 3), dtype=np.uint8)
        pixels[..., 0] += np.uint8(3 * rank)
        pixels[..., 2] += np.uint8(3 * (59 - rank))
        folder = place / ("blue", "mixed", "red")[rank // 20]
        folder.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / f"{number:02}.png")
    return place


@pytest.fixture(scope="session")
def model():
    return reverie.load(Coloured(), size=32, mean=(0, 0, 0), std=(1, 1, 1))


@pytest.fixture(scope="session")
def judge(model):
    return judge_of(model, reverie.load(seeded(Tiny), size=48))


@pytest.fixture(scope="session")
def found(model, painted):
    return drained(responses(model, photo_set(painted), ["see"], workers=0))


@pytest.fixture
def assessment(found, judge):
    return Assessment(found, judge)
