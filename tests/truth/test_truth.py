import numpy as np
import pytest
import torch
from PIL import Image

import reverie
from reverie.dataset.photos import photo_set
from reverie.errors import InvalidSetting
from reverie.truth.judging import Truth, _share, truth
from reverie.unit import Unit
from tiny import Tiny, seeded


class Red(torch.nn.Module):
    """Channel 0 is the mean redness of a few pixels, channel 1 the mean blueness."""

    def __init__(self) -> None:
        super().__init__()
        self.see = torch.nn.Conv2d(3, 2, 5)
        with torch.no_grad():
            self.see.weight.zero_()
            self.see.bias.zero_()
            self.see.weight[0, 0], self.see.weight[1, 2] = 1 / 25, 1 / 25

    def forward(self, x):
        return self.see(x)


@pytest.fixture
def photos(tmp_path):
    """Forty plain pictures, redder and redder as they turn less blue, in an order of chance."""
    (tmp_path / "set").mkdir()
    for number, rank in enumerate(np.random.default_rng(0).permutation(40)):
        pixels = np.random.default_rng(number).integers(0, 30, (32, 32, 3), dtype=np.uint8)
        pixels[..., 0] += np.uint8(5 * rank)
        pixels[..., 2] += np.uint8(5 * (39 - rank))
        Image.fromarray(pixels).save(tmp_path / "set" / f"{number:02}.png")
    return photo_set(tmp_path / "set")


def test_pictures_of_what_a_unit_wants_tell_which_photo_excites_it_more(photos):
    model = reverie.load(Red(), size=32, mean=(0, 0, 0), std=(1, 1, 1))
    judge = reverie.load(seeded(Tiny), size=48)
    red, blue = torch.zeros(3, 32, 32), torch.zeros(3, 32, 32)
    red[0], blue[2] = 1, 1
    units = [Unit("see", (0,)), Unit("see", (1,)), Unit("see", (1,))]
    right, also, wrong = truth(model, judge, units, torch.stack([red, blue, red]), photos, workers=0)
    assert right.pairs == 25
    assert right.optimised == pytest.approx(1.0)
    assert 0.75 < right.best < 0.95
    assert right.above == pytest.approx(1 / right.best)
    for found in (right, also):
        assert min(found.natural, found.both) > 0.9
        assert found.synthetic > 0.9
    assert wrong.synthetic < 0.1  # a picture of the contrary misleads
    assert wrong.natural == also.natural
    assert wrong.optimised == pytest.approx(0.0)


def test_shares_are_of_all_pairs_and_ties_count_half():
    assert _share(np.array([3.0, 1.0]), np.array([2.0, 1.0])) == pytest.approx((2 + 0.5) / 4)


def test_a_unit_that_no_photo_fires_has_no_ratio():
    assert np.isnan(Truth(Unit("x", (0,)), 1.0, 0.0, 0.5, 0.5, 0.5, 1).above)


def test_bad_questions_are_refused(photos, tmp_path):
    model, judge = reverie.load(Red(), size=32), reverie.load(seeded(Tiny), size=48)
    with pytest.raises(InvalidSetting, match="a network cannot judge its own pictures"):
        truth(model, model, [Unit("see", (0,))], torch.zeros(1, 3, 32, 32), photos)
    (tmp_path / "few.txt").write_text("set/00.png\nset/01.png\n")
    with pytest.raises(InvalidSetting, match="2 photos are too few to ask about; give at least 16"):
        truth(model, judge, [Unit("see", (0,))], torch.zeros(1, 3, 32, 32), photo_set(tmp_path / "few.txt"))
