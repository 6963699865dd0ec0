import pytest
import torch

from reverie.image import read, resize
from reverie.video.optical_flow import camera, carried, optical_flow, seen_before
from tiny import picture

SIZE = (40, 56)


def textured(seed: int = 3, height: int = 96, width: int = 120):
    """Noise with shapes of some pixels, which a flow can follow."""
    return resize(picture(seed, 1, 3, height // 4, width // 4), (height, width)).clamp(0, 1)


def test_a_still_camera_changes_nothing():
    image = picture(1, 1, 3, *SIZE)
    assert camera(SIZE).abs().max() == 0
    assert torch.allclose(carried(image, camera(SIZE)), image, atol=1e-5)


def test_whole_pixels_are_a_shift():
    image = picture(1, 1, 3, *SIZE)
    moved = carried(image, camera(SIZE, right=2 / SIZE[1], down=-3 / SIZE[0]))
    assert torch.allclose(moved[..., 3:, :-2], image[..., :-3, 2:], atol=1e-4)


def test_a_quarter_turn_clockwise_turns_the_picture_the_other_way():
    image = picture(1, 1, 3, 33, 33)
    assert torch.allclose(carried(image, camera((33, 33), rotate=90)), image.rot90(1, (-2, -1)), atol=1e-4)


def test_two_zooms_are_one():
    image = textured()
    size = image.shape[-2:]
    twice = carried(carried(image, camera(size, zoom=1.1)), camera(size, zoom=1.1))
    once = carried(image, camera(size, zoom=1.21))
    assert (twice - once).abs().mean() < 0.01
    inner = image[..., 24:72, 30:90]
    assert torch.allclose(carried(image, camera(size, zoom=2)), resize(inner, tuple(size)), atol=0.08)


def test_a_carried_edge_is_mirrored_not_grey():
    image = torch.full((1, 3, 12, 12), 0.9)
    assert torch.allclose(carried(image, camera((12, 12), right=0.4, zoom=0.7)), image, atol=1e-5)


def test_the_flow_of_a_known_move_is_found():
    pytest.importorskip("cv2")
    last = textured()
    size = last.shape[-2:]
    wanted = camera(size, zoom=1.04, rotate=1, right=0.02)
    found = optical_flow(last, carried(last, wanted).clamp(0, 1))
    assert (found - wanted)[..., 12:-12, 12:-12].abs().mean() < 0.25


def test_what_was_hidden_is_not_seen_before():
    pytest.importorskip("cv2")
    ground, thing = textured(3, 160, 200), textured(9, 160, 200)

    def frame(left: int):
        image = ground.clone()
        image[..., 50:110, left : left + 60] = thing[..., 50:110, 60:120]
        return image

    last, new = frame(60), frame(68)
    seen = seen_before(optical_flow(last, new), optical_flow(new, last))[0, 0]
    assert set(seen.unique().tolist()) <= {0.0, 1.0}
    assert seen[54:106, 72:124].mean() > 0.95  # the thing itself
    assert seen[54:106, 60:68].mean() < 0.4  # the ground that it uncovers
    assert seen[:40].mean() > 0.95


def test_what_lies_outside_the_last_frame_was_not_seen():
    flow = camera(SIZE, right=0.25)
    seen = seen_before(flow, camera(SIZE, right=-0.25))[0, 0]
    assert seen[:, :42].mean() == 1
    assert seen[:, 42:].mean() == 0


def test_a_flow_that_does_not_come_back_is_refused():
    there = camera(SIZE, right=0.1)
    assert seen_before(there, torch.zeros_like(there)).mean() < 0.05


@pytest.mark.parametrize("size", [(5, 9), (16, 16)])
def test_tiny_frames_have_a_flow(size):
    pytest.importorskip("cv2")
    assert optical_flow(picture(1, 1, 3, *size), picture(1, 1, 3, *size)).shape == (1, 2, *size)


def test_grey_frames_have_a_flow():
    pytest.importorskip("cv2")
    last = textured()[:, :1]
    assert optical_flow(last, last).abs().mean() < 0.05


def test_the_sample_photo_keeps_its_sharpness_over_many_moves():
    image = resize(read("sample:china"), (80, 120)).clamp(0, 1)
    flow = camera((80, 120), right=0.004)
    moved = image
    for _ in range(10):
        moved = carried(moved, flow).clamp(0, 1)
    assert moved.diff(dim=-1).abs().mean() > 0.6 * image.diff(dim=-1).abs().mean()
