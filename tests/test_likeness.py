import math

import pytest
import torch

from reference.remakes import ssim as slow_ssim
from reverie.image import grey
from reverie.likeness import psnr, ssim
from tiny import picture


@pytest.mark.parametrize("channels", [1, 3])
def test_ssim_is_the_papers(channels):
    left = picture(1, channels, 17, 20)
    right = (left + 0.3 * (picture(2, channels, 17, 20) - 0.5)).clamp(0, 1)
    one, other = (grey(item[None])[0, 0] if channels == 3 else item[0] for item in (left, right))
    assert ssim(left, right) == pytest.approx(slow_ssim(one.double().numpy(), other.double().numpy()), abs=1e-6)
    assert 0 < ssim(left, right) < 1


def test_a_picture_is_most_like_itself():
    image = picture(3, 3, 16, 16)
    assert ssim(image, image) == pytest.approx(1)
    assert psnr(image, image) == math.inf
    assert ssim(image, 1 - image) < 0


def test_psnr_of_a_known_error():
    image = torch.full((3, 12, 12), 0.5)
    assert psnr(image, image + 0.1) == pytest.approx(20, abs=1e-4)
