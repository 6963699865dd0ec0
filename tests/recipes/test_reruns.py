import contextlib
import dataclasses
import itertools
import json
import shutil
from pathlib import Path

import pytest
import torch
from PIL import Image

import reverie
from reverie.errors import RecordRefused
from reverie.figures.result import Result
from reverie.files import save
from reverie.image import read, to_uint8
from reverie.recipes.recorded_networks import recorded_model
from reverie.recipes.rerunning import ASKED_ANEW, read_record, recipe_of
from reverie.record import Record
from reverie.record import parse_record as parsed
from reverie.settings import commands
from tiny import CLASSES, Tiny, seeded


def refusal(call) -> str:
    with pytest.raises(RecordRefused) as caught:
        call()
    return str(caught.value)


@pytest.fixture
def dreamt(model, photo):
    return reverie.dream(model, photo, "block", steps=2, octaves=2, prior=["l2=0.1"])


def with_record(made: Result, path, **changes) -> Result:
    """The first picture under a record that was changed."""
    Result(made.images[:1], (dataclasses.replace(made.record, **changes),), ("x",)).save(path)
    return path


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp"])
def test_a_dream_repeats_bit_by_bit(model, dreamt, name):
    dreamt.save(name)
    assert torch.equal(reverie.rerun(name, model).images, dreamt.images)


@pytest.mark.parametrize(
    "options",
    [
        {}, {"preset": "essay", "size": 40}, {"preset": "naive", "negative": True}, {"start": "grey", "seed": 7},
        {"parameterization": "pixels", "prior": ["total-variation=0.3"]}, {"reduction": "whitened", "size": "32x40"},
    ],
)  # fmt: skip
def test_a_feature_repeats_bit_by_bit(model, options):
    made = reverie.feature(model, "mix:3", **{"size": 32, "steps": 2, **options})
    made.save("a.png")
    again = reverie.rerun("a.png", model)
    assert torch.equal(again.images, made.images)
    assert str(again.record) == str(made.record)


def test_a_picture_of_a_batch_repeats_by_running_its_batch(model):
    made = reverie.feature(model, ["mix:0-3", "logits:tiger"], size=32, steps=3, batch=2)
    made.save("sheet.png", singles=True)
    assert torch.equal(reverie.rerun("sheet.png", model).images, made.images)
    assert torch.equal(reverie.rerun("sheet.png", model, unit="mix:3").images, made.images[3:4])
    for index, name in enumerate(["mix-0", "mix-1", "mix-2", "mix-3", "tiger-logits-1"]):
        file = f"sheet/{name}.png"
        assert len(read_record(file).arguments["units"]) == (1 if index == 4 else 2)
        assert torch.equal(reverie.rerun(file, model).images, made.images[index : index + 1])


def test_a_sole_batch_of_neurons_repeats_as_it_was_seen(model):
    made = reverie.feature(model, ["block:0@3,3", "block:1@8,9"], size=48, steps=2, batch=1)
    made.save("sheet.png", singles=True)
    assert torch.equal(reverie.rerun("sheet/block-0@3-3.png", model).images, made.images[:1])


def test_a_neuron_in_its_window_repeats(model):
    made = reverie.feature(model, "block:0@3,3", size=48, steps=2)
    made.save("a.png")
    assert torch.equal(reverie.rerun("a.png", model).images, made.images)


def test_a_picture_that_was_ended_early_repeats(model, photo):
    recipe = reverie.recipes.dream(model, photo, "block", steps=3, octaves=2)
    made = reverie.synthesize(model, recipe, itertools.islice(reverie.iterate(model, recipe), 4))
    made.save("a.png")
    assert torch.equal(reverie.rerun("a.png", model).images, made.images)


def test_a_start_from_a_photo_repeats(model, photo):
    made = reverie.feature(model, "mix:1", start=photo, size=32, steps=2)
    made.save("a.png")
    assert torch.equal(reverie.rerun("a.png", model).images, made.images)


def test_a_bundled_picture_repeats_by_itself(bundled, photo):
    made = reverie.dream(bundled, photo, "mixed3a", steps=1, octaves=1)
    made.save("a.png")
    assert torch.equal(reverie.rerun("a.png").images, made.images)


def test_a_photo_is_looked_for_beside_the_picture_and_may_be_named(model, photo, dreamt, tmp_path):
    (tmp_path / "out").mkdir()
    dreamt.save(tmp_path / "out" / "a.png")
    shutil.move(photo, tmp_path / "out" / "photo.png")
    assert torch.equal(reverie.rerun(tmp_path / "out" / "a.png", model).images, dreamt.images)
    shutil.move(tmp_path / "out" / "photo.png", tmp_path / "other.png")
    message = refusal(lambda: reverie.rerun(tmp_path / "out" / "a.png", model))
    assert message == "the photo photo.png is not here; name it with --photo FILE"
    again = reverie.rerun(tmp_path / "out" / "a.png", model, photo=tmp_path / "other.png")
    assert torch.equal(again.images, dreamt.images)


def test_another_photo_is_refused(model, photo, dreamt):
    dreamt.save("a.png")
    Image.new("RGB", (53, 41)).save(photo)
    assert refusal(lambda: reverie.rerun("a.png", model)) == (
        "photo.png is another photo than the picture was made from; name the right one with --photo FILE"
    )


def test_other_weights_are_refused(dreamt):
    dreamt.save("a.png")
    other = reverie.load(seeded(Tiny, seed=1), size=48)
    assert refusal(lambda: reverie.rerun("a.png", other)) == (
        "Tiny has other weights than the picture was made with; name the right ones with --model and --weights"
    )


def test_code_is_refused_unless_it_is_named_or_trusted(factory, photo):
    made = reverie.dream(factory, photo, "block", steps=1, octaves=1)
    made.save("a.png")
    assert str(made.record).count(str(photo.parent)) == 0
    assert refusal(lambda: reverie.rerun("a.png")) == (
        "the record names code or weights of its own (nets.py:tiny); name the network yourself with --model "
        "(and --weights), or say --trust"
    )
    assert torch.equal(reverie.rerun("a.png", factory).images, made.images)
    assert torch.equal(reverie.rerun("a.png", trust=True).images, made.images)


def evil(tmp_path) -> str:
    (tmp_path / "evil.py").write_text(
        f"open({str(tmp_path / 'ran')!r}, 'w').close()\ndef make():\n    raise SystemExit\n"
    )
    return f"{tmp_path / 'evil.py'}:make"


@pytest.mark.parametrize("said", [{}, {"code": False}, {"code": None}, {"weights": None}])
def test_code_is_refused_whatever_the_record_says_of_itself(dreamt, tmp_path, said):
    with_record(dreamt, "a.png", model={"name": evil(tmp_path), "weights": "default", **said})
    refusal(lambda: reverie.rerun("a.png"))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", ["resnet18", "bundled"])
def test_a_weights_file_is_refused_whatever_it_is_called(dreamt, name, monkeypatch):
    for reader in ("zoos.read_weights", "own_networks.safe_open"):
        monkeypatch.setattr(f"reverie.models.{reader}", lambda *_: pytest.fail("the file was read"))
    with_record(dreamt, "a.png", model={"name": name, "weights": "elsewhere/some.safetensors"})
    assert "name the network yourself with --model" in refusal(lambda: reverie.rerun("a.png"))


def test_a_record_of_own_bundled_weights_names_no_folder(tmp_path):
    from reverie.models.own_networks import BUNDLED

    shutil.copy(BUNDLED, tmp_path / "mine.safetensors")
    own = reverie.load("bundled", tmp_path / "mine.safetensors")
    assert str(tmp_path) not in str(dict(own.source))


@pytest.mark.parametrize(
    "source",
    [
        {"name": 3}, {"name": None}, {"name": "bundled", "mean": "x"}, {"name": "bundled", "std": {"a": 1}},
        {"name": "bundled", "precision": ["float32"]}, {"name": "bundled", "classes": 3},
        {"name": "bundled", "size": ["a", 1]}, {"name": "bundled", "weights": {"a": 1}},
    ],
)  # fmt: skip
def test_a_damaged_description_of_the_network_is_refused(dreamt, source):
    with_record(dreamt, "a.png", model=source)
    with pytest.raises(reverie.ReverieError):
        reverie.rerun("a.png")


@pytest.mark.parametrize(
    "arguments",
    [
        {"units": 3}, {"units": ["mix:1"], "steps": "many"}, {"units": ["mix:1"], "steps": 1.5},
        {"units": ["mix:1"], "prior": 3}, {"units": ["mix:1"], "size": {"photo": "x"}}, {"units": None}, {},
        {"units": ["mix:1"], "batch": "x"},
        {"units": ["mix:1"], "rate": "x"}, {"units": ["mix:1"], "steps": [1]}, {"units": [["mix:1"]]},
        {"units": ["mix:1"], "preset": ["default"]},
    ],
)  # fmt: skip
def test_damaged_arguments_are_refused(model, dreamt, arguments):
    with_record(dreamt, "a.png", recipe="feature", arguments=arguments)
    with pytest.raises(reverie.ReverieError):
        reverie.rerun("a.png", model)


@pytest.mark.parametrize("name", ASKED_ANEW)
def test_what_is_no_recipes_picture_names_the_command(model, dreamt, name):
    with_record(dreamt, "a.png", recipe=name)
    command = ASKED_ANEW[name]
    assert refusal(lambda: reverie.rerun("a.png", model)).endswith(f"; run '{command}' again")
    assert any(command.startswith(f"reverie {name} ") for name in commands())


def test_unknown_recipes_and_arguments_are_refused(model, dreamt):
    with_record(dreamt, "a.png", recipe="system")
    assert (
        refusal(lambda: reverie.rerun("a.png", model))
        == f"there is no recipe 'system' here; known are {', '.join(reverie.recipes.__all__)}; a plugin's is known "
        "where its package is installed"
    )
    with_record(dreamt, "b.png", arguments={**dreamt.record.arguments, "shell": "x"})
    assert (
        refusal(lambda: reverie.rerun("b.png", model)) == "the record has the unknown argument 'shell'; update reverie"
    )


@pytest.mark.parametrize("index", [5, -1])
def test_an_index_outside_the_batch_is_refused(model, dreamt, index):
    with_record(dreamt, "a.png", index=index)
    refusal(lambda: reverie.rerun("a.png", model))


def test_a_picture_without_a_record_is_refused(photo):
    assert refusal(lambda: reverie.rerun(photo)) == (
        f"{photo} carries no record; only pictures that reverie wrote can be repeated"
    )


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe\x00bad", b"[1]", b"{}", b"[" * 5000])
def test_a_damaged_record_beside_a_jpeg_is_refused(dreamt, tmp_path, content):
    dreamt.save("a.jpg")
    (tmp_path / "a.json").write_bytes(content)
    refusal(lambda: reverie.rerun("a.jpg"))


def test_records_of_another_photo_argument_are_refused(model, dreamt):
    with_record(
        dreamt, "a.png", arguments={**dreamt.record.arguments, "photo": {"photo": "../../etc/passwd", "sha256": ""}}
    )
    assert "the photo passwd is not here" in refusal(lambda: reverie.rerun("a.png", model))


def test_the_record_survives_in_the_file(dreamt):
    dreamt.save("a.png")
    assert parsed(str(dreamt.record)) == read_record("a.png")
    with Image.open("a.png") as file:
        assert file.text["reverie"] == str(dreamt.record)
    assert (to_uint8(read("a.png")[0]) == to_uint8(dreamt.images[0])).all()


def test_the_model_of_a_record_keeps_its_settings(factory):
    made = reverie.feature(reverie.load(factory, mean=(0.1, 0.2, 0.3), size=40), "block:1", steps=1)
    again = recorded_model(made.record, trust=True)
    assert (again.mean, again.size, again.classes) == ((0.1, 0.2, 0.3), (40, 40), CLASSES)
    assert recipe_of(made.record, again).size == (40, 40)


@pytest.mark.parametrize("options", [{"mean": (0.1, 0.2, 0.3)}, {"size": 40}, {"precision": "bfloat16"}])
def test_a_network_that_is_named_again_keeps_the_records_settings(factory, options):
    made = reverie.feature(reverie.load(factory, **options), "block:1", steps=2)
    made.save("a.png")
    assert torch.equal(reverie.rerun("a.png", factory).images, made.images)


def test_a_model_of_other_settings_gives_the_same_bits_or_is_refused(module, model):
    made = reverie.feature(model, "block:1", size=32, steps=2)
    made.save("a.png")
    other = reverie.load(module, size=48, mean=(0.1, 0.2, 0.3))
    with contextlib.suppress(RecordRefused):
        assert torch.equal(reverie.rerun("a.png", other).images, made.images)


@pytest.mark.parametrize("options", [{"weights": None}, {"weights": None, "mean": [0.5], "std": [0.5]}])
def test_a_random_network_of_torchvision_repeats_by_its_name(options):
    made = reverie.feature(reverie.load("squeezenet1_1", size=64, **options), "features.3:1", steps=1)
    made.save("a.png")
    assert torch.equal(reverie.rerun("a.png").images, made.images)


def test_plain_records_are_read():
    record = Record("feature", {"units": ["a"]}, {"name": "bundled"})
    assert parsed(str(record)) == record
    assert record.of(2).index == 2
    save(Image.new("RGB", (4, 4)), Path("x.png"), str(record))
    assert read_record("x.png") == record
    assert json.loads(str(record))["recipe"] == "feature"
