import pytest
import torch

from reverie.errors import UnknownName
from reverie.figures.overlay import SHOW, coloured, overlay, strength
from tiny import picture

PHOTO = picture(1, 3, 20, 24)


def test_colours_run_evenly_between_the_anchors():
    anchors = ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (1.0, 1.0, 0.0))
    found = coloured(torch.tensor([[0.0, 0.25, 0.5, 0.75, 1.0, 2.0]]), anchors)
    assert found[0, 0].tolist() == [0, 0.5, 1, 1, 1, 1]
    assert found[1, 0].tolist() == [0, 0, 0, 0.5, 1, 1]


def test_a_maps_strength_is_what_is_positive():
    assert strength(torch.tensor([[-2.0, 0.0], [1.0, 4.0]])).tolist() == [[0, 0], [0.25, 1]]


def test_where_all_of_a_map_is_positive_it_is_what_is_above_the_least():
    found = strength(torch.tensor([[0.5, 0.6], [0.75, 1.0]]))
    assert torch.allclose(found, torch.tensor([[0, 0.2], [0.5, 1]]))


def test_a_gradients_strength_is_the_largest_magnitude_over_the_channels():
    raw = torch.zeros(3, 40, 40)
    raw[1, 2, 3], raw[0, 2, 3] = -3.0, 1.0
    raw[2, 5, 5:35] = 1.5  # enough positions that the one above is clipped
    assert strength(raw)[2, 3] == 1
    assert strength(raw)[5, 10] == 1
    assert strength(raw)[0, 0] == 0


@pytest.mark.parametrize("show", SHOW)
@pytest.mark.parametrize("raw", [picture(2, 3, 20, 24) - 0.5, picture(2, 20, 24) - 0.5, torch.zeros(20, 24)])
@pytest.mark.parametrize("photo", [PHOTO, PHOTO[:1]])
def test_every_picture_is_rgb_in_range(show, raw, photo):
    made = overlay(photo, raw, show)
    assert made.shape == (3, 20, 24)
    assert bool(made.isfinite().all())
    assert float(made.min()) >= 0
    assert float(made.max()) <= 1


def test_an_overlay_shows_the_grey_photo_where_nothing_speaks_for_the_unit():
    raw = torch.zeros(20, 24)
    raw[4, 5] = 2.0
    made = overlay(PHOTO, raw)
    assert torch.allclose(made[0, 0, 0], made[1, 0, 0])
    assert float(made[0, 4, 5] - made[2, 4, 5]) > 0.1
    assert torch.equal(overlay(PHOTO, raw, opacity=0.0)[0], overlay(PHOTO, raw, opacity=0.0)[2])


def test_signed_maps_are_blue_and_red_and_signed_gradients_lie_round_grey():
    raw = torch.tensor([[-1.0, 0.0, 1.0]])
    made = overlay(torch.zeros(3, 1, 3), raw, "signed")
    assert made[2, 0, 0] > made[0, 0, 0]
    assert made[0, 0, 2] > made[2, 0, 2]
    assert torch.allclose(made[:, 0, 1], torch.tensor(0.97))
    assert torch.allclose(overlay(torch.zeros(3, 1, 3), torch.zeros(3, 1, 3), "signed"), torch.tensor(0.5))


def test_an_unknown_way_is_refused():
    with pytest.raises(UnknownName) as caught:
        overlay(PHOTO, PHOTO, "heatmap")
    assert str(caught.value) == (
        "there is no way to show a map 'heatmap' here; nearest: 'map'; allowed are overlay, map, signed"
    )
