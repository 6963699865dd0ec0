import numpy as np
import pytest
import torch
from painted import coloured, drained

from reverie import recipes
from reverie.dataset.photo_sets import photo_set
from reverie.errors import InvalidSetting
from reverie.models.probe import probe
from reverie.synthesis import synthesize
from reverie.truth.assessment import Assessment
from reverie.truth.exemplars import responses
from reverie.truth.fooling_circuit import planted
from reverie.truth.idle_units import duplicates, idle
from reverie.truth.interpretability import Others
from reverie.truth.report import noticed, suspicious, units_found
from reverie.unit import Unit

RED, BLUE, GREEN = (Unit("see", (channel,)) for channel in range(3))


@pytest.fixture(scope="module")
def photos(painted):
    found = photo_set(painted)
    return torch.stack([found.framed(number, (32, 32)) for number in range(len(found))])


@pytest.fixture(scope="module")
def copy(model, photos):
    """The network in which the pictures of the red unit show the blue one; bright ones and noise are no photos."""
    chance = torch.Generator().manual_seed(0)
    bright = 0.3 + 0.7 * torch.rand((40, 3, 1, 1), generator=chance).expand(-1, -1, 32, 32)
    noise = 0.5 + 0.1 * torch.randn((20, 3, 32, 32), generator=chance)
    return planted(model, [(RED, BLUE)], photos, torch.cat([bright, noise]).clamp(0, 1))


def made(model):
    """A picture of the red unit, and of the green one as its control."""
    recipe = recipes.feature(model, [RED, GREEN], size=32, steps=40, parameterization="pixels")
    images = synthesize(model, recipe).images
    return images[:1], Others((GREEN,), images[None, 1:])


def test_a_fooling_circuit_answers_to_photos_as_before_and_shows_another_unit(model, copy, photos):
    before, after = (probe(each, photos, ["see"])["see"] for each in (model, copy))
    strongest = before[:, 0].amax((1, 2)).argsort(descending=True)[:15]
    peaks = [each[strongest, 0].amax((1, 2)) for each in (before, after)]
    assert np.corrcoef(torch.stack(peaks).numpy())[0, 1] > 0.9
    assert torch.equal(before[:, 1], after[:, 1])
    honest, fooled = (made(each)[0][0].mean((1, 2)) for each in (model, copy))
    assert honest[0] > honest[2] + 0.1
    assert fooled[2] > fooled[0] + 0.1


def test_interpretability_and_path_fall_where_a_circuit_is_planted(model, copy, painted, judge, found):
    beside = drained(responses(copy, photo_set(painted), ["see"], workers=0))
    own = [Assessment(found, judge).scores(RED, *made(model))]
    theirs = [Assessment(beside, judge).scores(RED, *made(copy))]
    blue, green = coloured(0.1, 0.05, 0.9), coloured(0.1, 0.9, 0.05)  # what a perfect circuit shows, and its control
    perfect = [Assessment(found, judge).scores(RED, blue[None], Others((GREEN,), green[None, None]))]
    for name, fooled in (("interpretability", theirs), ("interpretability", perfect), ("path", perfect)):
        assert fooled[0][name].value < own[0][name].value - 0.3
        assert fooled[0][name].wary
        assert noticed(name, own, fooled)[2] == "yes"
        assert noticed(name, own, own)[2] == "not surely: lower for 0 of 1 units"
    assert theirs[0]["path"].value < own[0]["path"].value
    assert "see:0" in suspicious(perfect)[0][1]
    assert suspicious(perfect)[0][2].startswith("do not read")


def test_no_circuit_fits_where_there_is_no_grid(model, photos):
    pair = Unit("logits", (0,)), Unit("logits", (1,))
    with pytest.raises(InvalidSetting, match="no circuit fits into 'logits'"):
        planted(model, [pair], photos, photos)


def test_a_circuit_is_planted_by_some_of_many_photos(found):
    some = found.several(4)
    assert torch.equal(some, torch.stack([found.photos.framed(number, (32, 32)) for number in (0, 20, 39, 59)]))
    assert len(found.several(256)) == 60


def test_idle_units_are_found(found):
    assert list(duplicates(np.array([[0, 0, 1.0], [1, 2, 0], [2, 4, 5], [3, 6, 0]]), np.ones(3, bool))) == [(0, 1)]
    (layer,) = idle(found)
    assert (layer.dead, layer.duplicate, layer.saturated) == ((), (), ())
    assert [row[0] for row in units_found(found)] == ["dead units", "duplicate units", "saturated units"]
    assert units_found(found)[0][1] == "0 of 3"
