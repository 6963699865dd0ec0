"""Networks that cannot be asked: each is told its true cause in one sentence."""

import sys
import warnings

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import reverie
from reverie.errors import InvalidSetting
from reverie.models.probe import probe
from tiny import picture, plain, seeded


class Made(nn.Module):
    """A small network whose forward is a function of it and the picture."""

    def __init__(self, function, **parts) -> None:
        super().__init__()
        self.body, self.function = plain(), function
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x):
        return self.function(self, x)


class Two(nn.Module):
    def forward(self, x, mask):
        return x * mask


def scripted():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.jit.script(plain())


def quantized():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.Sequential(nn.Conv2d(3, 4, 3), torch.ao.nn.quantized.Quantize(0.1, 0, torch.quint8))


def lazy():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return nn.Sequential(nn.LazyConv2d(4, 3))


def within_itself():
    network = plain()
    network[0].owner = network
    return network


def on_meta():
    with torch.device("meta"):
        return plain()


REFUSED = {
    "is TorchScript": scripted,
    "is quantized": quantized,
    "'0' is lazy and has no weights yet": lazy,
    "'0.owner' is a module that contains it": within_itself,
    "lies on the meta device": on_meta,
    "forward wants 2 inputs (x, mask)": Two,
    "begins with a Conv3d": lambda: nn.Sequential(nn.Conv3d(1, 2, 1)),
    "another type, such as by .half()": lambda: Made(lambda own, x: own.body(x.half())),
    "its forward fails (KeyError: 'owl')": lambda: Made(lambda own, x: {}["owl"]),
    "its forward fails (SystemExit: 0)": lambda: Made(lambda own, x: sys.exit(0)),
    "returns no tensor of real numbers but NoneType": lambda: Made(lambda own, x: None),
}


@pytest.mark.parametrize("cause", REFUSED)
def test_what_cannot_be_asked_says_why(cause):
    with pytest.raises(InvalidSetting) as caught:
        reverie.load(REFUSED[cause](), size=32)
    assert cause in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "native size" not in str(caught.value)


def _without_gradient(own, x):
    with torch.no_grad():
        return own.body(x)


CUT = {
    "no gradient of it reaches the picture": _without_gradient,
    "no gradient of it reaches": lambda own, x: own.body(torch.from_numpy(x.detach().numpy())),
    "by reentrant checkpoints": lambda own, x: own.body[1:](checkpoint(own.body[0], x, use_reentrant=True)),
}


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("cause", CUT)
def test_a_gradient_that_is_cut_off_is_told_where_it_is_needed(cause):
    model = reverie.load(seeded(Made, CUT[cause]), size=32)
    with pytest.raises(InvalidSetting, match=cause):
        reverie.feature(model, "logits:1", size=32, steps=2)
    with pytest.raises(InvalidSetting, match=cause):
        reverie.explain(model, picture(1, 1, 3, 32, 32), "logits:1", size=32)
    made = reverie.explain(model, picture(1, 1, 3, 32, 32), "logits:1", method="occlusion", size=32)
    assert float(made.arrays[0].abs().max()) > 0


def test_what_looks_odd_and_can_be_asked_is():
    clip = Made(lambda own, x: own.over(x.unsqueeze(2)).mean((2, 3, 4)), over=nn.Conv3d(3, 4, (1, 3, 3)))
    assert reverie.load(clip, size=32).layers["logits"].channels == 4
    for network in (
        nn.Identity(),
        nn.Sequential(nn.AvgPool2d(3), nn.ReLU()),
        seeded(plain).half(),
        seeded(plain).double(),
    ):
        model = reverie.load(network, size=32)
        assert reverie.feature(model, "logits:0", size=32, steps=2).images.shape == (1, 3, 32, 32)
    half = reverie.load(seeded(plain).half(), size=32)
    wanted = reverie.load(seeded(plain).half().float(), size=32)
    seen, other = (probe(model, picture(1), ["logits"])["logits"] for model in (half, wanted))
    assert torch.equal(seen, other)


class Own(BaseException):
    """What no `except Exception` catches."""


@pytest.mark.parametrize(
    "line", ["import sys; sys.exit(0)", "raise GeneratorExit", "raise type('Own', (BaseException,), {})('mine')"]
)
@pytest.mark.parametrize("place", ["in the factory", "in the file"])
def test_a_factory_that_leaves_is_told(tmp_path, line, place):
    inside = "    " if place == "in the factory" else ""
    (tmp_path / "nets.py").write_text(f"def net():\n    pass\n{inside}{line}\n")
    with pytest.raises(InvalidSetting, match=r"failed: |cannot be imported: "):
        reverie.load(f"{tmp_path / 'nets.py'}:net")


def test_ctrl_c_in_a_factory_stays_ctrl_c(tmp_path):
    (tmp_path / "nets.py").write_text("def net():\n    raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        reverie.load(f"{tmp_path / 'nets.py'}:net")
