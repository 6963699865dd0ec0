import pytest
import torch
from torch import nn

import reverie
from reverie import recipes
from reverie.errors import ReverieError
from reverie.parameterizations import latent
from reverie.parameterizations.latents import BEYOND
from reverie.randomness import generator
from tiny import hook_count, state

CPU = torch.device("cpu")


class Painter(nn.Module):
    """Five numbers to a picture of 8 pixels."""

    def __init__(self, out=torch.sigmoid) -> None:
        super().__init__()
        self.line, self.out = nn.Linear(5, 3 * 8 * 8), out

    def forward(self, z):
        return self.out(self.line(z)).view(-1, 3, 8, 8)


@pytest.fixture
def decoder(tmp_path) -> str:
    """A decoder's factory in a file, as the command line names it."""
    (tmp_path / "paint.py").write_text(
        "import torch\nfrom torch import nn\n\nclass Paint(nn.Module):\n    def __init__(self):\n"
        "        super().__init__()\n        self.line = nn.Linear(5, 192)\n    def forward(self, z):\n"
        "        return self.line(z).sigmoid().view(-1, 3, 8, 8)\n\ndef make():\n    return Paint()\n"
    )
    return f"{tmp_path / 'paint.py'}:make"


def refusal(call) -> str:
    with pytest.raises(ReverieError) as caught:
        call()
    return str(caught.value)


def test_a_decoder_paints_at_any_size():
    part = latent(Painter(), CPU)
    latents = part.init((3, 20, 31), [generator(0, "a"), generator(0, "b")])
    assert latents.shape == (2, 5)
    image = part.decode(latents, (20, 31))
    assert image.shape == (2, 3, 20, 31)
    assert torch.equal(part.decode(latents, (8, 8)), part.decoder(latents))


def test_a_latent_beyond_reach_is_drawn_back():
    part = latent(Painter(), CPU)
    far, edge = 100 * torch.ones(1, 5), 1 + BEYOND / 5**0.5
    assert torch.allclose(part.decode(far, (8, 8)), part.decoder(torch.full((1, 5), edge)), atol=1e-6)
    near = 0.5 * torch.ones(1, 5)
    assert torch.equal(part.decode(near, (8, 8)), part.decoder(near))


def test_a_photo_that_the_decoder_can_paint_is_found():
    part = latent(Painter(), CPU)
    photo = part.decoder(0.5 * part.init((3, 8, 8), [generator(0, "a")]))
    assert (part.decode(part.encode(photo), (8, 8)) - photo).abs().max() < 0.01
    assert torch.equal(part.encode(photo), part.encode(photo))


def test_the_callers_decoder_is_left_as_it_was(model):
    owned = Painter().train()
    before = state(owned)
    made = reverie.feature(model, "mix:1", parameterization=owned, size=32, steps=2)
    assert state(owned) == before
    assert hook_count(owned) == 0
    assert made.record.arguments["parameterization"]["decoder"] == "Painter"


def test_a_decoder_climbs(model):
    run = list(reverie.iterate(model, recipes.feature(model, "mix:2", parameterization=Painter(), size=32, steps=20)))
    assert float(run[-1].score) > float(run[0].score)


def test_code_runs_again_only_with_consent(model, decoder, tmp_path):
    made = reverie.feature(model, "mix:1", parameterization=decoder, size=32, steps=2)
    assert str(tmp_path) not in str(made.record)
    made.save("a.png")
    assert refusal(lambda: reverie.rerun("a.png", model)) == (
        "the record names a decoder of its own (paint.py:make); name it yourself with --decoder, or say --trust"
    )
    assert torch.equal(reverie.rerun("a.png", model, decoder=decoder).images, made.images)
    assert torch.equal(reverie.rerun("a.png", model, trust=True).images, made.images)
    assert refusal(lambda: reverie.rerun("a.png", model, decoder=Painter())) == (
        "paint.py:make has other weights than the picture was painted with; name the right one with --decoder"
    )


def test_a_module_without_a_file_must_be_named_again(model):
    owned = Painter()
    made = reverie.feature(model, "mix:1", parameterization=owned, size=32, steps=2)
    made.save("a.png")
    assert "names a decoder of its own (Painter)" in refusal(lambda: reverie.rerun("a.png", model, trust=True))
    assert torch.equal(reverie.rerun("a.png", model, decoder=owned).images, made.images)


def test_the_bundled_generator_runs_again_without_consent(model):
    made = reverie.feature(model, "mix:1", parameterization="generator", size=(32, 40), steps=2)
    recorded = made.record.arguments["parameterization"]
    assert recorded["decoder"] == "generator"
    assert recorded["code_sha256"] is None
    made.save("a.png")
    assert torch.equal(reverie.rerun("a.png", model).images, made.images)
    assert "has other weights" in refusal(lambda: reverie.rerun("a.png", model, decoder=Painter()))


@pytest.mark.parametrize(
    ("decoder", "message"),
    [
        (nn.Conv2d(3, 3, 1), "how many latents does Conv2d take? Give it an attribute `latent`, a whole number"),
        (Painter(torch.tanh), "Painter paints outside [0,1]; end it with a sigmoid, or (x + 1) / 2 after a tanh"),
        (nn.Sequential(nn.Linear(4, 6), nn.Sigmoid()), "Sequential must return pictures [N,C,H,W]; end it with a view"),
    ],
)
def test_what_paints_no_pictures_is_refused(decoder, message):
    assert refusal(lambda: latent(decoder, CPU)) == message


def test_a_decoder_of_another_number_says_so():
    painter = Painter()
    painter.latent = 7
    assert refusal(lambda: latent(painter, CPU)).startswith("Painter does not take latents [2,7] (")


def test_colours_must_be_those_of_the_network():
    grey = reverie.load(nn.Conv2d(1, 4, 3), size=16)
    assert refusal(lambda: recipes.feature(grey, "logits:1", parameterization=Painter(), size=16)) == (
        "Painter paints 3 channels and Conv2d takes 1; they must be as many"
    )
