"""Kernels as pictures."""

import numpy as np
import pytest
import torch
from torch import nn

import reverie
from reverie.errors import InvalidSetting
from reverie.image import to_uint8
from tiny import seeded


def folded(module, conv: str, norm: str) -> torch.Tensor:
    """The weights of a convolution with its batch norm's factor, by the formula."""
    conv, norm = module.get_submodule(conv), module.get_submodule(norm)
    factor = norm.weight / (norm.running_var + norm.eps).sqrt()
    return (conv.weight * factor.view(-1, 1, 1, 1)).detach()


def test_the_first_layer_is_drawn_in_colours(model, module):
    made = reverie.filters(model, "stem.1", order="channel", size=30)
    exact = folded(module, "stem.0", "stem.1") / torch.tensor(model.std).view(1, 3, 1, 1)
    assert torch.allclose(made.raw, exact, atol=1e-5)
    assert made.images.shape == (8, 3, 30, 30)
    cells = made.images[:, :, 5::10, 5::10]  # a kernel's cell is ten pixels wide
    top = exact.abs().amax((1, 2, 3), keepdim=True)
    assert torch.allclose(cells, 0.5 + 0.5 * exact / top, atol=1e-5)


def test_the_longest_stand_first(model, module):
    made = reverie.filters(model, "stem.1", most=5)
    exact = folded(module, "stem.0", "stem.1") / torch.tensor(model.std).view(1, 3, 1, 1)
    order = exact.flatten(1).norm(dim=1).argsort(descending=True)[:5].tolist()
    assert list(made.labels) == [f"stem.1:{index}" for index in order]


def test_deeper_kernels_are_a_mosaic_sorted_by_their_length(model, module):
    made = reverie.filters(model, "norm:3")
    exact = folded(module, "mix", "norm")[3]
    order = exact.flatten(1).norm(dim=1).argsort(descending=True)
    assert torch.allclose(made.raw[0], exact[order], atol=1e-6)
    assert made.findings[0].note.endswith(f"most block:{int(order[0])}")
    assert made.record.automatic["sources"] == [f"block:{index}" for index in order.tolist()]


def _of_stem(model, scale: str):
    return reverie.filters(model, "stem.1", scale=scale, order="channel", size=30)


def test_one_scale_or_each_on_its_own(model):
    own, shared = (_of_stem(model, scale) for scale in ("own", "shared"))
    peaks = own.raw.abs().amax((1, 2, 3))
    least, most = int(peaks.argmin()), int(peaks.argmax())
    assert torch.equal(own.images[most], shared.images[most])
    assert float((shared.images[least] - 0.5).abs().max()) < float((own.images[least] - 0.5).abs().max())
    assert torch.allclose(_of_stem(model, str(float(peaks.max()))).images, shared.images, atol=1e-6)


def test_a_residual_layer_shows_its_weights(model, module):
    made = reverie.filters(model, "block:2")
    assert made.raw.shape == (1, 8, 3, 3)
    exact = folded(module, "block.conv2", "block.bn2")[2]
    assert float(made.raw.norm()) == pytest.approx(float(exact.norm()), rel=1e-5)


@pytest.mark.parametrize("scale", ["own", "shared"])
def test_a_channel_of_a_sheet_repeats_alone(model, scale):
    made = reverie.filters(model, "norm", most=3, scale=scale, size=40)
    written = made.save("a.png", raw=True)
    assert np.array_equal(np.load(written[2].with_suffix(".npy")), made.raw[1].numpy())
    again = reverie.rerun(written[2], model)
    assert np.array_equal(to_uint8(again.images[0]), to_uint8(made.images[1]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layer": "norm:0+1"}, "'norm:0+1' is no single channel; name channels apart, such as block8:0-15"),
        ({"layer": "norm", "scale": "log"}, "there is no scale 'log' here; "
                                             "allowed are own, shared, or a number above 0"),
        ({"layer": "norm", "order": "size"}, "there is no order 'size' here; allowed are norm, channel"),
        ({"layer": "norm", "most": 0}, "most must be 1 or more, not 0"),
        ({"layer": "norm", "size": 4}, "size must be 8 to 2048, not 4"),
    ],
)
def test_what_cannot_be_drawn_is_refused(model, options, message):
    with pytest.raises(reverie.ReverieError) as caught:
        reverie.filters(model, **options)
    assert str(caught.value) == message


def test_a_layer_without_weights_is_refused():
    class Doubled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right, self.both = nn.Conv2d(3, 4, 1), nn.Conv2d(3, 4, 1), nn.ReLU()

        def forward(self, x):
            return self.both(self.left(x).relu() + self.right(x).relu())

    with pytest.raises(InvalidSetting) as caught:
        reverie.filters(reverie.load(seeded(Doubled), size=16), "both")
    assert str(caught.value) == (
        "'both:0' is the sum of left:0 and right:0 as they are, without weights; name a layer before it"
    )
