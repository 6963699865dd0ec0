import pytest
import torch
from torch import nn

from reverie.models.normalisation import BandedResponseNorm


@pytest.mark.parametrize("size", [2, 3, 5])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_it_equals_torchs_in_value_and_gradient(size, layout):
    plain = nn.LocalResponseNorm(size, alpha=0.3, beta=0.75, k=1.5)
    value = torch.randn(2, 7, 5, 4, generator=torch.Generator().manual_seed(size))
    value = value.contiguous(memory_format=layout).requires_grad_()
    weights = torch.randn(2, 7, 5, 4, generator=torch.Generator().manual_seed(9))
    outputs = [norm(value) for norm in (plain, BandedResponseNorm(plain))]
    slopes = [torch.autograd.grad((output * weights).sum(), value)[0] for output in outputs]
    assert torch.allclose(outputs[0], outputs[1], atol=1e-6)
    assert torch.allclose(slopes[0], slopes[1], atol=1e-5)


def test_values_without_a_grid_take_the_plain_way():
    plain = nn.LocalResponseNorm(3)
    value = torch.randn(2, 7, 5)
    assert torch.equal(BandedResponseNorm(plain)(value), plain(value))
