import pytest
import torch
from torch import nn
from torch.nn import functional

import reverie
from reverie.models.probe import probe
from reverie.models.receptive_fields import Fields, covers
from tiny import picture


def changed(model, layer: str, row: int, column: int) -> tuple[set[int], set[int]]:
    """Rows and columns whose change changes the position: asked pixel by pixel on noise, of any channel."""
    image = picture(3, 1, 3, *model.size)
    with torch.no_grad():
        before = probe(model, image, [layer])[layer][0, :, row, column]
        rows, columns = set(), set()
        for y in range(model.size[0]):
            for x in range(model.size[1]):
                other = image.clone()
                other[:, :, y, x] = 1 - other[:, :, y, x]
                if not torch.equal(probe(model, other, [layer])[layer][0, :, row, column], before):
                    rows.add(y)
                    columns.add(x)
    return rows, columns


class Odd(nn.Module):
    """What no table knows: numbers taken apart and put together again; a dilation, an upsampling."""

    def __init__(self, mixed: bool = False) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.Conv2d(4, 4, 3, dilation=2, padding=2)
        self.up, self.mixed = nn.Upsample(scale_factor=2), mixed
        self.gate, self.last = nn.Conv2d(4, 4, 1), nn.Conv2d(4, 4, 1)

    def forward(self, x):
        x = functional.softplus(self.one(x))
        x = self.two(functional.fold(functional.unfold(x, 1), x.shape[-2:], 1))
        if self.mixed:
            x = x * torch.sigmoid(self.gate(x.mean((2, 3), keepdim=True)))
        return self.last(self.up(x))


@pytest.mark.parametrize("place", [(2, 3), (0, 0), (7, 6)])
def test_a_field_that_the_trace_lost_is_found_by_gradients(place):
    model = reverie.load(Odd(), size=(16, 14))
    fields = Fields(model, "up")
    assert model.layer("up").field is None
    rows, columns = fields.box(*place)
    found = changed(model, "up", *place)
    assert rows == (min(found[0]), max(found[0]) + 1)
    assert columns == (min(found[1]), max(found[1]) + 1)


def test_gradients_and_trace_agree_where_both_know(model, bundled):
    for network, layer in ((model, "mix"), (model, "block.bn2"), (bundled, "mixed3a")):
        fields = Fields(network, layer)
        assert network.layer(layer).field is not None
        height, width = network.layer(layer).size
        for place in ((0, 0), (height // 2, width // 3), (height - 1, width - 1)):
            assert fields.box(*place) == fields._asked(*place)


def test_what_mixes_all_positions_sees_the_whole_picture():
    model = reverie.load(Odd(mixed=True), size=(16, 14))
    assert covers(Fields(model, "last").box(3, 3), (16, 14))
    assert covers(Fields(model, "logits").box(0, 0), (16, 14))
    assert not covers(Fields(model, "one").box(3, 3), (16, 14))


def test_the_network_is_left_alone(model):
    before = [item.clone() for item in model.variants.plain.state_dict().values()]
    Fields(model, "logits").box(0, 0)
    assert all(
        torch.equal(one, two) for one, two in zip(before, model.variants.plain.state_dict().values(), strict=True)
    )
