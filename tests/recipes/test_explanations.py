import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import reverie
from reverie import recipes
from reverie.attribution import Attribution
from reverie.errors import Diverged, InvalidSetting, OutOfMemory, UnknownName, UnsuitableImage
from reverie.runs import finished
from tiny import Tiny, picture, seeded

ALL = ["gradient", "smoothgrad", "guided-backprop", "grad-cam", "occlusion"]
FEW = {"samples": 3, "window": 24}


def test_the_short_side_is_brought_to_the_native_size(model, photo):
    assert recipes.explain(model, photo).image.shape == (1, 3, 48, 62)
    assert recipes.explain(model, photo, size=60).image.shape == (1, 3, 46, 60)
    assert recipes.explain(model, photo, size="30x40").image.shape == (1, 3, 30, 40)


def test_the_top_class_is_explained_unless_a_unit_is_named(model, photo):
    explanation = recipes.explain(model, photo)
    with torch.no_grad():
        logits = reverie.probe(model, explanation.image, ["logits"])["logits"].flatten()
    assert explanation.unit.channels == (int(logits.argmax()),)
    assert explanation.label == model.label(explanation.unit)
    assert str(recipes.explain(model, photo, "logits:tiger").unit) == "logits:1"
    assert str(recipes.explain(model, photo, "block:3@2,4").unit) == "block:3@2,4"


@pytest.mark.parametrize("name", ["tiger", "Tiger", "1"])
def test_a_class_is_enough(model, photo, name):
    assert str(recipes.explain(model, photo, name).unit) == "logits:1"


def test_what_is_neither_a_layer_nor_a_class_is_told(model, photo):
    with pytest.raises(UnknownName, match=r"^'tigre' is no layer of Tiny, and Tiny has no class 'tigre'; nearest: "):
        recipes.explain(model, photo, "tigre")
    with pytest.raises(UnknownName, match=r"^Tiny has no layer 'tiger'; the class is logits:tiger$"):
        recipes.feature(model, "tiger")


def test_a_map_that_is_mostly_against_says_so(model, photo):
    explanation = recipes.explain(model, photo, method="occlusion", window=24)
    run = Attribution(model, explanation)
    plain = finished(run)
    raw = torch.full(explanation.size, -1.0)
    raw[:24] = 0.25
    run.last[0] = replace(run.last[0], estimate=replace(run.last[0].estimate, read=lambda: raw))
    share = 0.25 * 24 / (0.25 * 24 + (explanation.size[0] - 24))
    told = f"{share:.0%} of the map speaks for it, the rest against"
    made = run.result()
    assert made.findings[0].note == told
    assert told in made.record.automatic["notes"]
    assert plain.layout.title.startswith(f"{explanation.label}: ")


def test_several_methods_are_one_sheet_with_their_arrays(model, photo):
    made = reverie.explain(model, photo, "logits:tiger", method=ALL, **FEW)
    assert made.images.shape == (5, 3, 48, 62)
    assert made.labels == tuple(ALL)
    assert made[0].raw.shape == (1, 3, 48, 62)
    assert made[3].raw.shape == (1, 48, 62)
    with pytest.raises(InvalidSetting) as caught:
        _ = made.raw
    assert str(caught.value) == "gradients and maps do not stack; take them one by one, as in result[0].raw"
    assert float(made[0].raw.min()) < 0 < float(made[0].raw.max())
    assert reverie.explain(model, photo, method=["gradient", "guided-backprop"]).raw.shape == (2, 3, 48, 62)


def test_a_sheet_begins_with_the_photo_and_what_it_is_taken_for(model, photo):
    made = reverie.explain(model, photo, "logits:tiger", method=["gradient", "grad-cam"])
    (caption, shown), *rest = made.lead
    share = made.record.automatic["scores"]["probability"]
    assert caption == "the photo"
    assert made.layout.title == f"tiger (logits:1): {100 * share:.3g} %"
    assert torch.equal(shown, recipes.explain(model, photo).image[0])
    assert rest == []
    assert reverie.explain(model, photo, "block:3").layout.title.startswith("block:3: ")
    alone = reverie.explain(model, photo)
    assert alone.picture.size == (62, 48)


def test_several_photos_are_explained_together(model, photo):
    other = picture(9, 1, 3, 48, 62)
    first = reverie.explain(model, photo, method=["gradient", "occlusion"], **FEW)
    made = reverie.explain(model, [photo, other], method=["gradient", "occlusion"], **FEW)
    assert made.labels == ("1: gradient", "1: occlusion", "2: gradient", "2: occlusion")
    assert torch.equal(made.images[:2], first.images)
    assert torch.equal(made.arrays[1], first.arrays[1])
    assert made.records[3].automatic["unit"] == str(recipes.explain(model, other).unit)
    batch = torch.cat([other, other.flip(-1)])
    assert reverie.explain(model, batch).raw.shape == (2, 3, 48, 62)
    with pytest.raises(InvalidSetting) as caught:
        reverie.explain(model, [photo, torch.rand(3, 48, 48)])
    assert str(caught.value) == (
        "explain photos of one size together, not 48x48, 48x62; give size=(height, width)"
    )


def test_what_has_no_arrays_says_so(model, photo):
    with pytest.raises(InvalidSetting, match=r"^these pictures were not drawn from arrays"):
        _ = reverie.dream(model, photo, "block", steps=1, octaves=1).raw


def test_arrays_are_written_beside_the_pictures(model, photo, tmp_path):
    made = reverie.explain(model, photo, method=["gradient", "grad-cam"])
    written = made.save(tmp_path / "a.png", raw=True)
    names = ["a.png", "a/gradient.png", "a/grad-cam.png", "a/gradient.npy", "a/grad-cam.npy"]
    assert [path.relative_to(tmp_path).as_posix() for path in written] == names
    assert np.array_equal(np.load(written[3]), made.arrays[0].numpy())
    assert made[1].save(tmp_path / "b.png", raw=True) == [tmp_path / "b.png", tmp_path / "b.npy"]
    assert made[1].save(tmp_path / "c.png") == [tmp_path / "c.png"]


def test_the_record_says_what_was_explained(model, photo):
    record = reverie.explain(model, photo, "logits:tiger", method=ALL, **FEW).records[4]
    assert record.recipe == "explain"
    assert record.arguments["unit"] == "logits:1"
    assert record.arguments["method"] == "occlusion"
    about = record.automatic
    assert about["label"] == "tiger (logits:1)"
    assert 0 < about["scores"]["probability"] < 1
    assert about["done"] == about["total"] == 15
    assert about["facts"]["window"]["height"] == 24
    assert about["notes"][-1].startswith("caveat: a covered photo")
    assert json.loads(str(record))["automatic"] == json.loads(json.dumps(about))


@pytest.mark.parametrize("method", ALL)
def test_an_explanation_repeats_bit_by_bit(model, photo, method):
    made = reverie.explain(model, photo, "logits:2", method=ALL, seed=3, **FEW)
    index = ALL.index(method)
    made.save("a.png", singles=True)
    again = reverie.rerun(f"a/{method}.png", model)
    assert torch.equal(again.images, made.images[index : index + 1])
    assert torch.equal(again.raw, made[index].raw)
    assert str(again.record) == str(made.records[index])


def test_an_explanation_that_was_ended_early_repeats(model, photo):
    explanation = recipes.explain(model, photo, method="occlusion", window=12)
    whole, early = finished(Attribution(model, explanation)), finished(Attribution(model, explanation, most=1))
    assert early.record.automatic["done"] < early.record.automatic["total"]
    assert not torch.equal(early.raw, whole.raw)
    early.save("a.png")
    assert torch.equal(reverie.rerun("a.png", model).raw, early.raw)


def test_nothing_asked_is_nothing_answered(model, photo):
    explanation = recipes.explain(model, photo)
    assert len(Attribution(model, explanation).result()) == 0


def test_a_grey_network_is_asked_about_a_grey_photo(photo):
    class Grey(Tiny):
        def __init__(self):
            super().__init__()
            self.stem[0] = torch.nn.Conv2d(1, 8, 3, padding=1, bias=False)

    grey = reverie.load(seeded(Grey), size=48)
    made = reverie.explain(grey, photo, method=["gradient", "grad-cam"])
    assert made.images.shape == (2, 3, 48, 62)
    assert made[0].raw.shape == (1, 1, 48, 62)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"unit": "block:0-2"}, InvalidSetting,
         "'block:0-2' names 3 units; explain one, or join channels as in block8:0+1"),
        ({"unit": "logits:lion"}, UnknownName, "Tiny has no class 'lion'; nearest: 'tiger cat', 'tiger', 'owl'"),
        ({"method": []}, InvalidSetting,
         "name each method once, and at least one; such as --method gradient --method grad-cam"),
        ({"method": ["gradient", "gradient"]}, InvalidSetting,
         "name each method once, and at least one; such as --method gradient --method grad-cam"),
        ({"show": "heat"}, UnknownName,
         "there is no way to show a map 'heat' here; allowed are overlay, map, signed, auto"),
        ({"baseline": "gray"}, UnknownName,
         "there is no baseline 'gray' here; nearest: 'grey'; allowed are black, white, grey, mean, blur"),
        ({"opacity": 1.5}, InvalidSetting, "opacity must be 0 to 1, not 1.5"),
        ({"size": 1}, UnsuitableImage,
         "Tiny does not run on 1x1: the smallest side is 2; give a larger --size"),
        ({"unit": "block:0@99,0"}, UnknownName,
         "'block' has 24 rows and 31 columns on a picture of 48x62; row 99 is out of range, the last is 23"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused(model, photo, options, error, message):
    with pytest.raises(error) as caught:
        recipes.explain(model, photo, **options)
    assert str(caught.value) == message


def test_a_network_that_fails_or_lacks_memory_is_one_sentence(model, photo, monkeypatch):
    explanation = recipes.explain(model, photo)
    for text, error, message in (
        ("bad allocate memory", OutOfMemory, "the memory was not enough; lower --size, or use --precision bfloat16"),
        ("shapes differ", reverie.ReverieError,
         "Tiny failed on a picture of 48x62 (shapes differ); try its native size"),
    ):  # fmt: skip
        def fail(*_, text=text, **__):
            raise RuntimeError(text)

        monkeypatch.setattr("reverie.attribution.gradients.probe", fail)
        with pytest.raises(error) as caught:
            finished(Attribution(model, explanation))
        assert str(caught.value) == message


def test_an_attribution_that_is_not_a_number_is_refused(photo):
    class Broken(Tiny):
        def forward(self, x):
            return super().forward(x) * torch.nan

    broken = reverie.load(seeded(Broken), size=48)
    with pytest.raises(Diverged) as caught:
        reverie.explain(broken, photo)
    assert str(caught.value) == "gradient is not a number everywhere on this photo; use --precision float32"


def test_arrays_and_pictures_are_taken(model):
    image = picture(1, 3, 48, 48)
    first = reverie.explain(model, image, "logits:1")
    with Image.fromarray((image.permute(1, 2, 0).numpy() * 255).round().astype("uint8")) as shown:
        second = reverie.explain(model, shown, "logits:1")
    assert float(torch.cosine_similarity(first.raw.flatten(), second.raw.flatten(), 0)) > 0.95
