import numpy as np
import pytest
import torch

import reverie
from reverie import recipes
from reverie.attribution.contributions import speaking_for
from reverie.errors import InvalidSetting, ReverieError
from reverie.models.moments import deviation
from reverie.models.probe import probe
from reverie.objectives import Objective, logit
from reverie.unit import Unit
from tiny import picture

PHOTO = picture(3, 1, 3, 48, 48)


def refusal(call) -> str:
    with pytest.raises(ReverieError) as caught:
        call()
    return str(caught.value)


def test_a_caricature_points_along_the_photos_features(model):
    made = reverie.caricature(model, PHOTO, "norm", steps=24)
    noise = reverie.caricature(model, PHOTO, "norm", steps=1, rate=0.0)
    assert made.findings[0].values["cosine"] > noise.findings[0].values["cosine"] + 0.01
    assert made.record.automatic["objectives"] == ["features^1(norm)"]
    assert [text for text, _ in made.findings[0].beside] == ["photo"]
    value, wanted = (probe(model, image, ["norm"])["norm"] for image in (made.images, PHOTO))
    cosine = float(torch.nn.functional.cosine_similarity(value, wanted, dim=1).mean())
    assert made.findings[0].values["cosine"] == pytest.approx(cosine, abs=1e-3)


def test_some_channels_or_positions_alone_may_be_exaggerated(model):
    made = recipes.caricature(model, PHOTO, ["mix:1+4", "block@2-5,3-4"], steps=1)
    assert made.names == ("mix:1+4", "block@2-5,3-4")
    assert [list(report.target.shape) for report in made.reports] == [[1, 2, 12, 12], [1, 8, 4, 2]]
    assert len(reverie.synthesize(model, made)) == 2


def test_toward_a_unit_each_feature_counts_by_what_it_brings(model):
    made = recipes.caricature(model, PHOTO, "mix", toward="logits:2", steps=1)
    assert torch.equal(made.reports[0].target, speaking_for(model, PHOTO, logit(2), "mix"))
    against = recipes.caricature(model, PHOTO, "mix", toward="logits:2", negative=True, steps=1)
    assert torch.equal(against.reports[0].target, speaking_for(model, PHOTO, -logit(2), "mix"))


def test_a_stored_response_is_a_map_of_directions(model, tmp_path):
    wanted = probe(model, PHOTO, ["mix"])["mix"]
    np.save(tmp_path / "map.npy", wanted.numpy())
    made = reverie.caricature(model, tmp_path / "map.npy", "mix", steps=3)
    made.save("a.png")
    assert torch.equal(reverie.rerun("a.png", model).images, made.images)
    assert refusal(lambda: reverie.caricature(model, tmp_path / "map.npy", "mix", toward="logits:1")) == (
        "--toward asks the network about a photo; a stored response is exaggerated as it is"
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"negative": True}, "--negative goes with --toward: it shows what lowers that unit"),
        ({"toward": "logits:0,1"}, "'logits:0,1' is 2 units; name one, or a joint one such as block8:0+1"),
        ({"cosine": -1}, "cosine must be 0 to 16, not -1"),
        ({"steps": 0}, "steps must be 1 or more, not 0"),
    ],
)
def test_wrong_settings_of_a_caricature_are_refused(model, settings, message):
    assert refusal(lambda: recipes.caricature(model, PHOTO, "mix", **settings)) == message


def test_a_unit_is_raised_and_the_photo_held(model):
    free, held = (reverie.accentuate(model, PHOTO, "mix:1", hold=hold, steps=20) for hold in (0, 10))
    for made in (free, held):
        before, after = (made.findings[0].values[key] for key in ("before", "after"))
        assert after > before
        assert before == pytest.approx(float(probe(model, PHOTO, ["mix"])["mix"][:, 1].mean()), abs=1e-4)
    assert (held.images - PHOTO).square().mean() < 0.8 * (free.images - PHOTO).square().mean()
    lowered = reverie.accentuate(model, PHOTO, "mix:1", negative=True, steps=12)
    assert lowered.findings[0].values["after"] < lowered.findings[0].values["before"]
    assert lowered.labels == ("-mix:1",)


def pull(model, objective, image):
    image = image.clone().requires_grad_()
    score = objective.score(probe(model, image, objective.layers)).sum()
    return torch.autograd.grad(score, image)[0]


def test_the_photo_pulls_back_as_strongly_as_the_unit_pulls(model):
    made = recipes.accentuate(model, PHOTO, "mix:1", layer="stem.2", hold=3.0, steps=1)
    ((own, first), (weight, second)) = made.stages[0].objectives[0].terms
    wish, keeping = (Objective(((1.0, term),)) for term in (first, second))
    assert (own, second.text) == (1.0, "kept(stem.2)")
    forth = pull(model, wish, PHOTO)
    back = pull(model, keeping, PHOTO + 0.02 * forth / forth.square().mean().sqrt())
    assert weight * float(back.norm()) == pytest.approx(3 * float(forth.norm()), rel=1e-3)
    assert float((forth * back).sum()) < 0


def test_only_the_mask_changes(model):
    mask = torch.zeros(1, 48, 48)
    mask[:, :, :24] = 1
    made = reverie.accentuate(model, PHOTO, "mix:1", mask=mask, steps=3)
    assert torch.allclose(made.images[..., 24:], PHOTO[..., 24:], atol=1e-6)
    assert (made.images[..., :24] - PHOTO[..., :24]).abs().mean() > 1e-3


def test_a_whole_layer_is_no_unit(model):
    message = refusal(lambda: recipes.accentuate(model, PHOTO, "mix"))
    assert message == "'mix' is a whole layer; name a unit such as 'mix:0', or dream the layer"


def test_each_picture_repeats_from_its_record(model):
    for made in (
        reverie.caricature(model, PHOTO, ["mix", "block"], toward="logits:1", steps=2),
        reverie.accentuate(model, PHOTO, ["mix:1", "mix:4"], steps=2),
    ):
        written = made.save(f"{made.record.recipe}.png", singles=True)
        assert torch.equal(reverie.rerun(written[0], model, photo=PHOTO).images, made.images)
        again = reverie.rerun(written[2], model, photo=PHOTO)
        assert torch.equal(again.images[0], made.images[1])


def test_a_passage_goes_from_one_unit_to_the_other(model):
    settings = {"size": 32, "steps": 24, "parameterization": "fourier"}  # each picture by itself
    made = reverie.interpolate(model, ["mix:1", "mix:4", "logits:1"], between=1, **settings)
    assert made.labels == (
        "mix:1", "50% mix:1\n50% mix:4", "mix:4", "50% mix:4\n50% logits:1", "tiger (logits:1)",
    )  # fmt: skip
    told = recipes.interpolate(model, ["mix:1", "mix:2 - mix:3"], between=1, **settings).labels
    assert told[1] == "50% mix:1\n50% (mix:2 - mix:3)"
    assert made.picture.width > 5 * 32  # one strip
    one, four = (made.record.automatic["objectives"][row] for row in (0, 2))
    scale = 1 / deviation(model, Unit("mix", (1,)))
    assert one == f"{scale:.12g}*mix:1"
    assert four.endswith("*mix:4")
    values = probe(model, made.images, ["norm"])["norm"].mean((2, 3))
    assert values[0, 1] > values[2, 1]
    assert values[2, 4] > values[0, 4]


def test_neighbours_are_alike(model):
    apart, alike = (
        reverie.interpolate(model, ["mix:1", "mix:4"], between=2, size=32, steps=12, **settings).images
        for settings in ({"parameterization": "fourier"}, {"align": "block=5"})
    )
    assert alike.diff(dim=0).square().mean() < 0.7 * apart.diff(dim=0).square().mean()


def test_a_passage_needs_two_units(model):
    with pytest.raises(InvalidSetting, match=r"^'mix:1' is one unit; name two or more to go from one to the other$"):
        recipes.interpolate(model, "mix:1")
