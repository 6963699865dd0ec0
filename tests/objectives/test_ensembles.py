import pytest
import torch

import reverie
from reference import plain
from reverie.models.probe import Activations, probe
from reverie.objectives import channel, elsewhere, kept, l2, scores
from reverie.transforms import Jitter, Noise, draw
from tiny import Tiny, picture, seeded


@pytest.fixture(scope="module")
def other():
    return reverie.load(seeded(Tiny, seed=5), size=32)


def through(count: int):
    return draw((Jitter(0.2), Noise(0.1)), [torch.Generator().manual_seed(seed) for seed in range(count)], (48, 48))


def test_another_network_is_shown_what_the_first_one_sees(model, other):
    image, view = picture(1, 2, 3, 48, 48), through(2)
    found = (channel("mix", 1) + 2 * elsewhere(other, channel("block", 3))).score(
        probe(model, image, ["mix"], view=view)
    )
    seen = view(image)
    wanted = probe(model, seen, ["mix"])["mix"][:, 1].mean((1, 2)) + 2 * probe(other, seen, ["block"])["block"][
        :, 3
    ].mean((1, 2))
    assert torch.allclose(found, wanted, rtol=1e-5)
    assert repr(elsewhere(other, channel("block", 3))) == "Tiny/block:3"
    assert repr(2 * elsewhere(other, channel("block", 3) - l2())) == "2*Tiny/(block:3 - l2)"


def test_greys_and_colours_are_brought_to_the_other_network(model):
    grey = reverie.load(seeded(lambda: torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3))), size=32)
    coloured, image = probe(model, picture(1), []), picture(2, 1, 1, 48, 48)
    assert elsewhere(grey, channel("0", 1)).score(coloured).shape == (1,)
    lone = elsewhere(model, channel("mix", 1)).score(probe(grey, image, []))
    assert torch.allclose(lone, channel("mix", 1).score(probe(model, image.expand(1, 3, -1, -1), ["mix"])))


def test_what_is_kept_is_the_papers(model):
    photo, image, view = picture(3), picture(1), through(1)
    found = kept(model, "block", photo).score(probe(model, image, ["block"], view=view))
    features = [probe(model, view(item), ["block"])["block"][0].numpy() for item in (image, photo)]
    assert found.tolist() == pytest.approx([-plain.relative_distance(*features)], rel=1e-4)


def test_the_photo_itself_loses_nothing_whatever_it_is_seen_through(model):
    photo = picture(3)
    for count in (1, 3):
        seen = probe(model, photo.expand(count, -1, -1, -1), ["block"], view=through(count))
        assert torch.allclose(kept(model, "block", photo).score(seen), torch.zeros(count), atol=1e-6)
    assert kept(model, "block", photo[..., :24, :24]).score(seen).shape == (3,)


def test_rows_with_objectives_of_their_own_see_their_own_view(model, other):
    image, view, photo = picture(1, 3, 3, 48, 48), through(3), picture(3)
    seen = probe(model, image, ["block"], view=view)
    apart = [kept(model, "block", photo) + elsewhere(other, channel("mix", row)) for row in range(3)]
    together = [objective.score(seen)[row] for row, objective in enumerate(apart)]
    assert torch.allclose(scores(apart, seen), torch.stack(together), rtol=1e-4)


def test_both_rise_under_ascent(model, other):
    photo, image, found = picture(3), picture(1), []
    objective = kept(model, "block", photo) + elsewhere(other, channel("mix", 1))
    for _ in range(6):
        image.requires_grad_()
        score = objective.score(probe(model, image, objective.layers)).sum()
        (slope,) = torch.autograd.grad(score, image)
        found.append(float(score.detach()))
        image = (image + 0.01 * slope / slope.abs().mean()).detach()
    assert found[-1] > found[0]


def test_what_tiles_and_what_does_not(model, other):
    assert elsewhere(other, channel("mix", 1)).tiles
    assert not elsewhere(other, channel("logits", 1) + channel("mix", 1) - kept(other, "mix", picture(1))).tiles
    assert not kept(model, "mix", picture(1)).tiles
    part = Activations({}, picture(1)[..., :24])
    halves = [elsewhere(other, channel("mix", 1)).score(part) for _ in range(2)]
    assert torch.equal(*halves)
