import numpy as np
import pytest
import torch
from PIL import Image

import reverie
from reverie import recipes
from reverie.errors import InvalidSetting, ReverieError, UnknownName, UnsuitableImage
from reverie.image import read, resize
from reverie.likeness import psnr, ssim
from reverie.recipes.depth import depth, main_line, strip_layers
from reverie.recipes.rerunning import read_record
from tiny import picture

SMALL = {"size": 32, "steps": 3}


def refusal(call, kind=ReverieError) -> str:
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def smooth(side: int = 48):
    return torch.nn.functional.interpolate(picture(7, 1, 3, 9, 9), (side, side), mode="bilinear")


@pytest.mark.parametrize("ascent", ["lbfgs", "adam"])
@pytest.mark.parametrize("made_of", ["fourier", "pixels"])
def test_a_shallow_layer_gives_the_photo_back(model, made_of, ascent):
    photo = smooth()
    made = reverie.invert(model, photo, "stem.2", steps=80, parameterization=made_of, ascent=ascent)
    (finding,) = made.findings
    assert finding.values["error"] < 0.03
    assert finding.values["psnr"] > 20
    assert psnr(photo[0], made.images[0]) == pytest.approx(finding.values["psnr"], abs=1e-3)
    assert ssim(photo[0], made.images[0]) == pytest.approx(finding.values["ssim"], abs=1e-3)
    assert finding.note.startswith("error ")
    assert f", {finding.values['psnr']:.1f} dB, SSIM 0." in finding.note


def test_the_error_is_that_of_the_layer(model):
    photo = smooth()
    made = reverie.invert(model, photo, "mix", **{**SMALL, "size": 48})
    seen = [reverie.probe(model, image, ["mix"])["mix"] for image in (photo, made.images)]
    wanted = float((seen[0] - seen[1]).square().sum() / seen[0].square().sum())
    assert made.findings[0].values["error"] == pytest.approx(wanted, rel=1e-4)
    assert made.record.automatic["found"] == [made.findings[0].values]


def test_less_comes_back_from_below(model):
    made = reverie.invert(model, smooth(), ["stem.2", "logits"], steps=60)
    first, last = (finding.values["psnr"] for finding in made.findings)
    assert first > last + 3


def test_units_and_restarts_are_rows_with_starts_of_their_own(model):
    recipe = recipes.invert(model, smooth(), ["block:0-1", "mix"], restarts=2, ascent="adam", **SMALL)
    assert recipe.names == ("block:0", "block:0#2", "block:1", "block:1#2", "mix", "mix#2")
    assert [len(rows) for rows in recipe.batches()] == [2, 2, 2]
    made = reverie.synthesize(model, recipe)
    assert not torch.equal(made.images[4], made.images[5])
    alone = reverie.invert(model, smooth(), "mix", ascent="adam", **SMALL)
    assert torch.allclose(alone.images[0], made.images[4], atol=1e-3)


def test_a_picture_of_a_strip_repeats_by_its_own_layer(model, photo):
    made = reverie.invert(model, photo, ["stem.2", "mix:0-1", "logits"], restarts=2, **SMALL)
    made.save("strip.png", singles=True)
    for index, name in enumerate(["stem.2", "stem.2#2", "mix-0", "mix-0-2"]):
        file = f"strip/{name.replace('#', '-')}.png"
        record = read_record(file)
        assert record.arguments["layers"] == [["stem.2", "stem.2", "mix:0", "mix:0"][index]]
        assert torch.equal(reverie.rerun(file, model).images, made.images[index : index + 1])


def test_all_goes_from_the_first_layer_to_the_logits(model, bundled):
    assert strip_layers(bundled) == [
        "stem",
        "mixed3a",
        "mixed3b",
        "mixed4a",
        "mixed4b",
        "mixed4c",
        "mixed5a",
        "mixed5b",
        "logits",
    ]
    made = recipes.invert(bundled, "sample:flower", "all", size=64, steps=1)
    assert list(made.names) == strip_layers(bundled)
    assert recipes.invert(bundled, "sample:flower", size=64, steps=1).names == ("mixed4c",)
    assert strip_layers(model)[-1] == "logits"
    assert len(main_line(model)) >= 4
    assert [depth(bundled, name) for name in (next(iter(bundled.layers)), "logits")] == [0, 1]


def test_the_priors_follow_the_depth(bundled):
    made = recipes.invert(bundled, "sample:flower", ["stem", "mixed5b"], size=64, steps=1)
    weights = [{term.text: -weight for weight, term in own.terms} for own in made.stages[0].objectives]
    for name in ("quadratic_variation", "alpha_norm"):
        assert 0 < weights[0][name] < 0.2 * weights[1][name]
    plain = recipes.invert(bundled, "sample:flower", "stem", prior=["l2=0.5"], size=64, steps=1)
    assert repr(plain.stages[0].objectives[0]) == "features(stem) - 0.5*l2"


def test_a_stored_response_will_do(model, photo, tmp_path):
    image = resize(read(photo), (32, 32)).clamp(0, 1)
    stored = reverie.probe(model, image, ["mix"])["mix"]
    np.save(tmp_path / "mix.npy", stored[0].numpy())
    np.save(tmp_path / "means.npy", stored[0].mean((1, 2)).numpy())
    from_photo = reverie.invert(model, image, "mix", **SMALL)
    from_file = reverie.invert(model, tmp_path / "mix.npy", "mix", **SMALL)
    assert torch.allclose(from_photo.images, from_file.images, atol=1e-4)  # the layout in memory rounds otherwise
    assert set(from_file.findings[0].values) == {"error"}
    pooled = reverie.invert(model, "means.npy", "mix", pooled=True, **SMALL)
    from_means = reverie.invert(model, image, "mix", pooled=True, **SMALL)
    assert torch.allclose(pooled.images, from_means.images, atol=1e-4)
    from_file.save("again.png")
    assert torch.equal(reverie.rerun("again.png", model).images, from_file.images)
    np.save(tmp_path / "mix.npy", 2 * stored[0].numpy())
    assert "mix.npy is another photo" in refusal(lambda: reverie.rerun("again.png", model))


def test_a_sheet_shows_the_photo_first(model, photo):
    made = reverie.invert(model, photo, ["block", "mix"], **SMALL)
    assert made.picture.width > 3 * 32
    assert [text for text, _ in made.findings[0].beside] == ["photo"]
    assert made.findings[1].beside == ()
    assert made[1].findings == made.findings[1:]
    single = reverie.invert(model, photo, "mix", **SMALL)
    assert [path.name for path in single.save("one.png")] == ["one.png", "one-sheet.png"]
    with Image.open("one.png") as file:
        assert file.size == (single.images.shape[-1], single.images.shape[-2])


def test_the_short_side_is_the_native_one(model, photo):
    assert recipes.invert(model, photo, "mix", steps=1).size == (48, round(53 * 48 / 41))
    assert recipes.invert(model, photo, "mix", steps=1, size="40x36").size == (40, 36)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"restarts": 0}, "restarts must be 1 to 64, not 0"),
        ({"steps": 0}, "steps must be 1 or more, not 0"),
        ({"parameterization": "pixel"}, "there is no parameterization 'pixel' here; nearest: 'pixels'; "
                                        "allowed are fourier, pixels"),
        ({"ascent": "sgd"}, "there is no ascent 'sgd' here; allowed are lbfgs, adam"),
        ({"layers": "mixx"}, "Tiny has no layer 'mixx'; nearest: 'mix'; list them with 'reverie layers Tiny'"),
        ({"prior": ["l3=1"]}, "there is no prior 'l3' here; "
           "allowed are total-variation, l1, l2, quadratic-variation, alpha-norm; write NAME=WEIGHT"),
    ],
)
def test_wrong_settings_are_refused(model, photo, change, message):
    assert refusal(lambda: recipes.invert(model, photo, **{"layers": "mix", **change})) == message


def test_wrong_files_are_refused(model, tmp_path):
    np.save(tmp_path / "short.npy", np.zeros(3, np.float32))
    np.save(tmp_path / "whole.npy", np.zeros(12, np.int64))
    np.save(tmp_path / "means.npy", np.ones(12, np.float32))
    (tmp_path / "bad.npy").write_text("no array")
    call = lambda name: refusal(lambda: recipes.invert(model, name, "mix", size=32))  # noqa: E731
    assert call("none.npy") == "there is no file none.npy; name a photo, a folder of photos, or 'sample:flower'"
    assert call("short.npy") == (
        "short.npy has the shape [3], but 'mix' returns [12, 8, 8] on a picture of 32x32; name the layer it is from"
    )
    assert call("means.npy") == (
        "means.npy has the shape [12], but 'mix' returns [12, 8, 8] on a picture of 32x32; "
        "say --pooled for a vector of means, or name its --size"
    )
    assert call("whole.npy") == "whole.npy holds int64, or values that are no numbers; allowed are finite floats"
    assert call("bad.npy").startswith("bad.npy is not a stored array (")
    assert {InvalidSetting, UnknownName, UnsuitableImage} < set(ReverieError.__subclasses__())
