import pytest
import torch
from torch import nn

import reverie
from reverie import recipes
from reverie.errors import InvalidSetting, RecordRefused, UnknownName
from reverie.models.moments import deviation
from reverie.models.probe import probe
from reverie.unit import Unit
from tiny import CLASSES, Tiny, picture, seeded

SMALL = {"size": 32, "steps": 3}


@pytest.fixture(scope="module")
def other():
    return reverie.load(seeded(Tiny, seed=5), size=32, classes=CLASSES)


def test_one_picture_excites_units_of_two_networks(model, other):
    settings = {"size": 32, "steps": 24, "parameterization": "pixels"}
    alone = reverie.feature(model, "mix:1", **settings).images
    both = reverie.feature(model, "mix:1", also=[(other, "block:3")], **settings).images
    felt = [float(probe(other, image, ["block"])["block"][:, 3].mean()) for image in (alone, both)]
    assert felt[1] > felt[0]


def test_a_second_network_counts_as_much_as_the_first(model, other):
    made = recipes.feature(model, "mix:1", also=[(other, "block:3=0.5")], **SMALL)
    (_, (weight, term)) = made.stages[0].objectives[0].terms
    wanted = 0.5 * deviation(model, Unit("mix", (1,))) / deviation(other, Unit("block", (3,)))
    assert weight == pytest.approx(wanted)
    assert term.text == "Tiny/block:3"


def test_the_same_class_is_found_by_its_name(model, other):
    made = recipes.feature(model, "logits:tiger", also=[other], **SMALL)
    assert made.stages[0].objectives[0].terms[1][1].text == "Tiny/logits:1"
    with pytest.raises(InvalidSetting, match=r"^'mix:1' is no class with a name; say what in Tiny is meant"):
        recipes.feature(model, "mix:1", also=[other], **SMALL)
    with pytest.raises(UnknownName, match=r"^Tiny has 2 classes named 'owl'"):
        recipes.feature(model, "logits:2", also=[other], **SMALL)


def test_dreams_of_two_networks_are_on_the_photos_scale(model, other):
    photo = picture(1)
    made = recipes.dream(model, photo, "block", also=[(other, "mix")], reduction="mean-square", octaves=1, steps=2)
    ((own, first), (weight, second)) = made.stages[0].objectives[0].terms
    seen = probe(model, photo, ["block"])
    scores = [float(term.score(term.statistics(seen))) for term in (first, second)]
    assert own * scores[0] == pytest.approx(weight * scores[1], rel=1e-4)
    assert reverie.synthesize(model, made).images.shape == photo.shape


def test_tiles_show_both_networks_the_same_part(model, other):
    made = reverie.dream(
        model, picture(1, 1, 3, 96, 96), "block", also=[(other, "block")], tile=48, octaves=1, steps=2
    )
    assert made.images.shape == (1, 3, 96, 96)


@pytest.mark.parametrize("wish", ["", "mix:1", "mix:1=2"])
def test_it_repeats_from_its_record(model, other, wish):
    made = reverie.feature(model, ["logits:tiger", "logits:3"], also=[(other, wish)], batch=1, **SMALL)
    written = made.save("sheet.png", singles=True)
    assert made.record.arguments["also"][0]["wish"] == wish
    assert made.record.arguments["also"][0]["network"]["weights_sha256"] == other.source["weights_sha256"]
    assert torch.equal(reverie.rerun(written[2], model, also=[other]).images[0], made.images[1])
    with pytest.raises(RecordRefused, match=r"names code or weights of its own \(Tiny\); .* with --also, or say"):
        reverie.rerun(written[2], model)
    with pytest.raises(RecordRefused, match=r"other weights than the picture was made with; name the right one with"):
        reverie.rerun(written[2], model, also=[model])
    with pytest.raises(RecordRefused, match=r"^the record names 1 further networks; name as many with --also$"):
        reverie.rerun(written[2], model, also=[other, other])


def test_what_does_not_go_together_is_refused(model, other):
    many = reverie.load(seeded(lambda: nn.Sequential(nn.Conv2d(5, 4, 3))), size=32)
    with pytest.raises(InvalidSetting, match=r"^Sequential takes 5 channels and Tiny 3; no picture is one for both$"):
        recipes.feature(model, "mix:1", also=[(many, "0:1")], **SMALL)
    with pytest.raises(InvalidSetting, match=r"^'mix:0-1' is 2 units of Tiny; name one for each --also$"):
        recipes.feature(model, "mix:1", also=[(other, "mix:0-1")], **SMALL)
    with pytest.raises(UnknownName, match="has no layer 'mixx'"):
        recipes.feature(model, "mix:1", also=[(other, "mixx:1")], **SMALL)
    large = reverie.load(nn.Sequential(nn.Conv2d(3, 4, 40)), size=64)
    with pytest.raises(InvalidSetting, match=r"^Sequential does not run on a picture of 32x32 up to 0: the smallest"):
        recipes.feature(model, "mix:1", also=[(large, "0:1")], **SMALL)
    with pytest.raises(InvalidSetting, match="is no network; write MODEL=UNIT"):
        recipes.feature(model, "mix:1", also=[3], **SMALL)


def test_no_folder_is_written_down(model, factory, tmp_path):
    made = reverie.feature(model, "mix:1", also=[f"{factory}=mix:2"], **SMALL)
    assert made.record.automatic["objectives"][0].endswith("*nets.py:tiny/mix:2")
    assert str(tmp_path) not in str(made.record)


def test_a_neuron_is_computed_whole_where_another_network_looks_on(model, other):
    assert recipes.feature(model, "block:0@3,3", steps=1).window is not None
    assert recipes.feature(model, "block:0@3,3", also=[(other, "mix:1")], steps=1).window is None


def test_a_concept_is_a_unit(model, tmp_path):
    photos, against = [picture(1), picture(2)], [picture(3)]
    made = reverie.feature(model, "mix", concept=photos, against=against, **SMALL)
    assert made.labels == ("concept in mix",)
    assert made.record.automatic["objectives"] == ["concept^1(mix)"]
    kept = made.record.arguments["concept"]
    wanted = torch.nn.functional.normalize(reverie.objectives.concept(model, "mix", photos, against), dim=0)
    assert torch.allclose(torch.tensor(kept["vector"]), wanted, atol=1e-5)
    assert (kept["photos"], kept["against"]) == (2, 1)
    made.save("a.png")
    assert torch.equal(reverie.rerun("a.png", model).images, made.images)


def test_without_others_a_concept_is_set_off_from_ordinary_pictures(model):
    made = reverie.feature(model, "mix", concept=picture(1), both=True, **SMALL)
    assert made.labels == ("concept in mix", "-concept in mix")
    assert made.record.arguments["concept"]["against"] == 0


def test_concepts_that_are_none_are_refused(model, tmp_path):
    for settings, message in (
        ({"against": [picture(1)]}, "--against goes with --concept: name the photos that have what these lack"),
        ({"concept": [picture(1)], "against": [picture(1)]}, "the photos are alike in 'mix': there is no concept "),
        ({"concept": {"vector": ["x"]}}, "the concept's numbers are damaged; render the picture anew"),
        ({"concept": {"vector": [1.0, 2.0]}}, "the concept has other channels than the layer; measure it in this very"),
        ({"concept": [picture(1)], "reduction": "sum"}, "--reduction is of channels; directions have --cosine"),
    ):
        with pytest.raises(InvalidSetting) as caught:
            recipes.feature(model, "mix", **settings)
        assert str(caught.value).startswith(message)
    with pytest.raises(InvalidSetting, match="a concept goes with one layer"):
        recipes.feature(model, ["mix", "block"], concept=[picture(1)])
