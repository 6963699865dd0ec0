import io

import numpy as np
import pytest
import torch

import reverie
from reverie import recipes
from reverie.errors import RecordRefused
from reverie.figures.trace_file import Trace, read_trace, rise
from reverie.recipes.rerunning import read_record


def traced(model, recipe):
    return reverie.synthesize(model, recipe, reverie.iterate(model, recipe, trace=True))


def plain_means(model, image, layer):
    with torch.no_grad():
        return reverie.probe(model, image, [layer])[layer].mean((2, 3))


def test_a_trace_is_the_mean_of_every_feature_before_each_step(model):
    recipe = recipes.feature(model, ["block:0", "mix:3"], preset="naive", size=32, steps=3, batch=2)
    images, means = [], []
    for step in reverie.iterate(model, recipe):
        images.append(step.image.clone())
    for image in images[:-1]:
        means.append([plain_means(model, image, layer) for layer in ("block", "mix")])
    result = traced(model, recipe)
    assert len(result.traces) == 2
    for row, trace in enumerate(result.traces):
        assert trace.stage.tolist() == [0, 0, 0]
        assert set(trace.features) == {"block", "mix"}
        assert trace.features["block"].shape == (3, 8)
        assert trace.features["mix"].shape == (3, 12)
        for number, (block, mix) in enumerate(means, 1):
            np.testing.assert_allclose(trace.features["block"][number], block[row], rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(trace.features["mix"][number], mix[row], rtol=1e-4, atol=1e-5)


def test_the_wanted_feature_of_a_trace_is_the_score(model):
    recipe = recipes.feature(model, ["block:0", "block:5"], size=32, steps=6, batch=2)
    for row, (trace, feature) in enumerate(zip(traced(model, recipe).traces, (0, 5), strict=True)):
        np.testing.assert_allclose(trace.features["block"][:, feature], trace.score, rtol=1e-5, atol=1e-6), row


def test_a_trace_changes_no_bit_and_is_none_unless_asked(model):
    recipe = recipes.feature(model, "block:1", size=32, steps=3)
    with_trace, without = traced(model, recipe), reverie.synthesize(model, recipe)
    assert torch.equal(with_trace.images, without.images)
    assert without.traces == ()
    assert "trace" not in without.record.automatic


def test_every_batch_and_every_octave_is_in_its_trace(model, photo):
    recipe = recipes.feature(model, "block:0-2", size=32, steps=2, batch=2)
    result = traced(model, recipe)
    assert [trace.score.shape for trace in result.traces] == [(2,)] * 3
    dreamt = traced(model, recipes.dream(model, photo, ["block", "mix=0.5"], octaves=2, steps=3))
    assert dreamt.traces[0].stage.tolist() == [0, 0, 0, 1, 1, 1]
    assert dreamt.traces[0].features["mix"].shape == (6, 12)


def test_tiles_give_nearly_the_means_of_the_whole(sequential):
    from tiny import picture

    image = torch.nn.functional.interpolate(picture(3, 1, 3, 9, 9), (96, 96), mode="bilinear")
    settings = {"octaves": 1, "steps": 1, "jitter": 0}
    whole = traced(sequential, recipes.dream(sequential, image, "1", **settings)).traces[0]
    tiled = traced(sequential, recipes.dream(sequential, image, "1", tile=48, **settings)).traces[0]
    assert np.abs(whole.features["1"]).max() > 0.1
    np.testing.assert_allclose(tiled.features["1"], whole.features["1"], rtol=0.05, atol=0.01)


def test_the_file_lies_beside_its_picture_and_the_record_has_its_hash(model, tmp_path):
    result = traced(model, recipes.feature(model, "block:0-1", size=32, steps=2))
    result.save("s.png")
    for number, name in enumerate(("block-0", "block-1")):
        record = read_record(tmp_path / "s" / f"{name}.png")
        found = read_trace(tmp_path / "s" / f"{name}.npz", record.automatic["trace"]["sha256"])
        np.testing.assert_array_equal(found.score, result.traces[number].score)
        np.testing.assert_array_equal(found.features["block"], result.traces[number].features["block"])
    assert not (tmp_path / "s.npz").exists()


def test_a_run_that_ends_early_has_the_steps_it_took(model):
    import itertools

    recipe = recipes.feature(model, "block:0", size=32, steps=9)
    steps = itertools.islice(reverie.iterate(model, recipe, trace=True), 4)
    assert len(reverie.synthesize(model, recipe, steps).traces[0].score) == 4


def some_trace() -> Trace:
    return Trace(np.zeros(2, np.int32), np.ones(2, np.float32), {"a.b~2": np.ones((2, 3), np.float32)})


def test_the_same_numbers_are_the_same_bytes():
    assert bytes(some_trace()) == bytes(some_trace())


def test_another_trace_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    with pytest.raises(
        RecordRefused, match=r"^the trace .*a\.npz cannot be read \(No such file or directory\); it bel"
    ):
        read_trace(path)
    path.write_bytes(bytes(some_trace()))
    assert read_trace(path, some_trace().sha256).features["a.b~2"].shape == (2, 3)
    with pytest.raises(RecordRefused, match="is not the trace that was written with the picture"):
        read_trace(path, "0" * 64)


def packed(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"", b"PK", b"junk" * 9, packed(a=np.zeros(1)), packed(stage=np.zeros(2), score=np.zeros(3)),
        packed(stage=np.array([{}]), score=np.zeros(1)), packed(stage=np.zeros(1), score=np.zeros(1), x=np.zeros(1)),
        bytes(some_trace())[:-40],
    ],
)  # fmt: skip
def test_a_damaged_trace_is_refused(tmp_path, content):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(RecordRefused, match="is not a trace, or is damaged; render the picture anew with --trace"):
        read_trace(tmp_path / "a.npz")


def test_features_rise_pass_or_never_do():
    steps = np.linspace(0, 1, 40)[:, None]
    values = np.concatenate([steps, -steps, 0 * steps, np.sin(steps * np.pi), 0.001 * steps, 1 + 0 * steps], 1)
    moved = rise(values)
    assert moved.risen.tolist() == [True, False, False, False, False, False]
    assert moved.passing.tolist() == [False, False, False, True, False, False]
    assert moved.never.tolist() == [False, True, True, False, True, True]
    assert moved.silent.tolist() == [False, True, True, False, False, False]
    assert moved.order[0] == 0
    assert moved.order[-1] == 1
    assert str(moved) == "1 of 6 rise, 1 rise and fall back, 4 never rise; 2 of the 6 are silent"


def test_one_step_rises_nothing():
    assert str(rise(np.ones((1, 3)))) == "0 of 3 rise, 0 rise and fall back, 3 never rise; 0 of the 3 are silent"
