"""Interventions against hand computation: a plain module with its outputs changed by hand gives the same."""

import threading

import pytest
import torch
from torch import Tensor, nn

import reverie
from reverie.errors import InvalidSetting, RecordRefused, UnknownName
from reverie.models.edits import Change, change_named
from reverie.models.feature_maps import Form
from reverie.models.probe import listen
from reverie.recipes.recorded_networks import recorded_model
from reverie.recipes.rerunning import read_record
from tiny import Tiny, picture, seeded, state


def seen(model, image, layer="logits") -> Tensor:
    with torch.no_grad():
        return reverie.probe(model, image, [layer])[layer]


def by_hand(model, image, name: str, change) -> Tensor:
    """The logits of the untouched network when a hook of one's own changes one module's output."""
    module = seeded(Tiny).eval()

    def hook(_, __, output):
        output = output.clone()
        change(output)
        return output

    module.get_submodule(name).register_forward_hook(hook)
    with torch.no_grad():
        return module(model.normalised(image))[..., None, None]


@pytest.mark.parametrize(
    ("unit", "change", "hand"),
    [
        ("block:3", "ablate", lambda x: x[:, 3].fill_(0)),
        ("block:0-2", reverie.amplify(2), lambda x: x[:, 0:3].mul_(2)),
        ("block:1+4", reverie.clamp(1.5), lambda x: x[:, 1:5:3].fill_(1.5)),
        ("block:2@3,:", reverie.clamp(-1), lambda x: x[:, 2, 3].fill_(-1)),
        ("block:2@1-4,2-6", reverie.amplify(-0.5), lambda x: x[:, 2, 1:5, 2:7].mul_(-0.5)),
        ("block", "amplify(0)", lambda x: x.zero_()),
        ("mix:5", "clamp(2)", lambda x: x[:, 5].fill_(2)),  # a convolution whose batch norm is folded elsewhere
        ("stem.1:0", "amplify(3)", lambda x: x[:, 0].mul_(3)),  # what an in-place rectifier overwrites next
    ],
)
def test_logits_equal_those_of_a_hook_by_hand(model, unit, change, hand):
    image = picture(1, 2, 3, 48, 48)
    untouched = seen(model, image)
    with reverie.intervene(model, {unit: change}):
        found = seen(model, image)
    torch.testing.assert_close(found, by_hand(model, image, unit.partition(":")[0], hand), rtol=1e-4, atol=1e-4)
    assert not torch.allclose(found, untouched, atol=1e-3)
    assert torch.equal(seen(model, image), untouched)


def test_a_class_is_changed_by_its_name_and_a_tap_returns_what_was_changed(model):
    image = picture(1)
    usual = seen(model, image)
    with reverie.intervene(model, {"logits:beetle": reverie.clamp(7), "block:3": "ablate"}):
        assert float(seen(model, image)[0, 3]) == 7
        assert not seen(model, image, "block")[:, 3].any()
        heard = {}
        listen(model, image, ["block", "logits"], lambda name, value: heard.update({name: value.clone()}))
    assert not heard["block"][:, 3].any()
    assert float(heard["logits"][0, 3]) == 7
    assert float(usual[0, 3]) != 7


def test_the_second_call_of_a_module_is_changed_alone(model):
    image = picture(1)
    with reverie.intervene(model, {"block.relu~2:0": reverie.clamp(4)}):
        assert bool((seen(model, image, "block")[:, 0] == 4).all())
        assert not bool((seen(model, image, "block.relu~1")[:, 0] == 4).all())


def divide_within(model, image) -> None:
    with reverie.intervene(model, {"block:0": reverie.amplify(3)}):
        assert bool((seen(model, image, "block")[:, 0] == 6).all())
        raise ZeroDivisionError


def test_blocks_nest_in_order_and_end_with_exceptions(model):
    image, before = picture(1), state(model.variants.plain)
    usual = seen(model, image, "block")
    with reverie.intervene(model, {"block:0": reverie.clamp(2)}):
        with pytest.raises(ZeroDivisionError):
            divide_within(model, image)
        assert bool((seen(model, image, "block")[:, 0] == 2).all())
    assert torch.equal(seen(model, image, "block"), usual)
    assert state(model.variants.plain) == before


def test_other_threads_and_other_models_see_the_network_as_it_is(model, sequential):
    image, other = picture(1), {}
    usual, apart = seen(model, image), seen(sequential, image, "4")
    with reverie.intervene(model, {"block": "ablate"}):
        thread = threading.Thread(target=lambda: other.update(logits=seen(model, image)))
        thread.start()
        thread.join()
        assert torch.equal(seen(sequential, image, "4"), apart)
        assert not torch.equal(seen(model, image), usual)
    assert torch.equal(other["logits"], usual)


def test_gradients_follow_the_change(model):
    image = picture(1).requires_grad_()
    with reverie.intervene(model, {"block:3": "ablate", "block:1": reverie.amplify(2)}):
        found = reverie.probe(model, image, ["block"])["block"]
    assert not torch.autograd.grad(found[:, 3].sum(), image, retain_graph=True)[0].any()
    own = torch.autograd.grad(reverie.probe(model, image, ["block"])["block"][:, 1].sum(), image)[0]
    torch.testing.assert_close(torch.autograd.grad(found[:, 1].sum(), image)[0], 2 * own)


def test_heads_of_an_attention_and_tokens_are_changed_where_their_grid_says():
    from reverie.models.edits import Edit, replacing
    from reverie.unit import Unit

    forms = {
        "heads": Form("NHTC", 1, 1.0), "tokens": Form("NTC", 1, 1.0), "turned": Form("TNC", 1, 1.0),
        "last": Form("NHWC"), "class": Form("NTC", 1, 1.0, "@class"),
    }  # fmt: skip
    values = {
        "heads": torch.ones(2, 3, 5, 4), "tokens": torch.ones(2, 5, 12), "turned": torch.ones(5, 2, 12),
        "last": torch.ones(2, 2, 2, 12), "class": torch.ones(2, 5, 12),
    }  # fmt: skip
    for name, form in forms.items():
        unit = Unit(name, (7,), (0, 0), None if name == "class" else (1, 1))
        changed = replacing([Edit(unit, Change(value=9))], lambda _, form=form: form, (8, 8))[name](values[name])
        assert changed.shape == values[name].shape
        assert int((changed == 9).sum()) == 2, name  # of each picture one number
        grid = form.grid(changed, (8, 8))
        assert bool((grid[:, 7, 0, -1] == 9).all())
        assert bool((values[name] == 1).all())


def test_a_layer_that_returns_several_has_its_first_changed():
    class Several(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.two, self.last = Both(), nn.Conv2d(4, 5, 1)

        def forward(self, x):
            first, second = self.two(x)
            return self.last(first + second)

    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x):
            value = self.conv(x)
            return value, value * 2

    model = reverie.load(seeded(Several), size=16)
    image = picture(1, 1, 3, 16, 16)
    with reverie.intervene(model, {"two": "ablate"}), torch.no_grad():
        found = seen(model, image)
        torch.testing.assert_close(found, model.variants.plain.last(2 * seen(model, image, "two.conv")))


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"nothing:1": "ablate"}, UnknownName, "has no layer 'nothing'"),
        ({"block:99": "ablate"}, UnknownName, "99 is out of range"),
        ({"logits:heron": "ablate"}, UnknownName, "no class 'heron'"),
        ({"block:1": "remove"}, InvalidSetting, "'remove' changes no unit; allowed are 'ablate', 'amplify"),
        ({"block:1": "amplify(nan)"}, InvalidSetting, "changes no unit"),
        ({"block:1": None}, InvalidSetting, "changes no unit"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_changed(model, changes, error, words):
    with pytest.raises(error, match=words.replace("(", r"\(")), reverie.intervene(model, changes):
        raise AssertionError
    with pytest.raises(InvalidSetting, match="finite"):
        reverie.clamp(float("inf"))
    with pytest.raises(InvalidSetting, match=r"reverie\.load"), reverie.intervene("bundled", {}):
        raise AssertionError


def test_positions_that_a_picture_does_not_have_are_refused_when_it_is_seen(model):
    with reverie.intervene(model, {"block:1@30,30": "ablate"}):
        with pytest.raises(UnknownName, match="24 rows and 24 columns"):
            seen(model, picture(1))
        assert seen(model, picture(1, 1, 3, 64, 64)).shape[1] == 5
    assert seen(model, picture(1)).shape[1] == 5


@pytest.mark.parametrize("change", [Change(), Change(factor=0.1), Change(factor=-3), Change(value=1e-9)])
def test_a_change_is_read_back_from_its_text(change):
    assert change_named(str(change)) == change


def test_an_occlusion_map_is_of_the_changed_network(model, photo):
    asked = {"method": "occlusion", "size": 48}
    usual = reverie.explain(model, photo, "logits:3", **asked).raw
    with reverie.intervene(model, {"mix": "ablate"}):  # nothing of the picture reaches the logits
        assert not reverie.explain(model, photo, "logits:3", **asked).raw.any()
    assert torch.equal(reverie.explain(model, photo, "logits:3", **asked).raw, usual)


def test_pictures_made_under_an_intervention_say_so_and_repeat(bundled, photo, tmp_path):
    asked = {"size": 64, "octaves": 1, "steps": 2}
    usual = reverie.dream(bundled, photo, "mixed4a", **asked).images
    with reverie.intervene(bundled, {"mixed3a:0-31": "ablate", "mixed3b:2": reverie.amplify(1.5)}):
        changed = reverie.dream(bundled, photo, "mixed4a", **asked)
    (path,) = changed.save(tmp_path / "changed.png")
    assert not torch.equal(changed.images, usual)
    assert torch.equal(reverie.rerun(path, photo=photo).images, changed.images)
    record = read_record(path)
    assert record.model["interventions"][-1] == ["mixed3b:2", "amplify(1.5)"]
    for damaged in ("ablate", [["mixed3b:2"]], [["mixed3b:2", 3]], {"mixed3b:2": "ablate"}):
        with pytest.raises(RecordRefused, match="damaged"):
            recorded_model(type(record)("dream", {}, {**record.model, "interventions": damaged}))


def test_positions_are_refused_where_the_picture_is_seen_in_parts(bundled, photo):
    with (
        reverie.intervene(bundled, {"mixed3a:1@0,0": "ablate"}),
        pytest.raises(InvalidSetting, match="'mixed3a:1@0,0' cannot be changed while the network sees"),
    ):
        reverie.dream(bundled, photo, "mixed4a", size=128, octaves=1, steps=1, tile=64)


def test_a_continuation_equals_the_whole_network(model):
    image = picture(1, 2, 3, 48, 48)
    going_on = reverie.Continuation(model, image, "block")
    assert going_on.direct
    changes = {"block:3": "ablate", "mix:1": reverie.amplify(2), "logits:1": reverie.clamp(1)}
    ran = []
    handle = model.variants.module(["block", "mix"]).stem[0].register_forward_hook(
        lambda _, given, __: ran.append(len(given[0]))
    )
    try:
        with reverie.intervene(model, changes):
            found = going_on.probe(["block", "logits"])
    finally:
        handle.remove()
    assert ran == [0]  # nothing was computed from the pixels
    with reverie.intervene(model, changes):
        whole = reverie.probe(model, image, ["block", "logits"])
    for layer in ("block", "logits"):
        torch.testing.assert_close(found[layer], whole[layer], rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(going_on.probe(["logits"])["logits"], seen(model, image), rtol=1e-4, atol=1e-5)


def test_a_continuation_starts_from_the_pixels_where_it_must(model):
    image = picture(1)
    inside = reverie.Continuation(model, image, "block.bn2")  # a residual leads past it
    assert not inside.direct
    going_on = reverie.Continuation(model, image, "block")
    for changes in ({"stem.0:2": "ablate"}, {"block.bn2:1": reverie.clamp(1)}):
        with reverie.intervene(model, changes):
            for each in (inside, going_on):
                torch.testing.assert_close(each.probe(["logits"])["logits"], seen(model, image), rtol=1e-4, atol=1e-5)
    assert torch.equal(going_on.probe(["stem.0"])["stem.0"], seen(model, image, "stem.0"))


def test_a_continuation_that_begins_under_an_intervention_holds_none(model):
    image = picture(1)
    with reverie.intervene(model, {"stem.0:2": "ablate", "block:1": reverie.amplify(2)}):
        going_on = reverie.Continuation(model, image, "block")
        torch.testing.assert_close(going_on.probe(["logits"])["logits"], seen(model, image), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(going_on.probe(["logits"])["logits"], seen(model, image), rtol=1e-4, atol=1e-5)


def test_a_sequence_goes_on_from_each_part(sequential):
    assert reverie.Continuation(sequential, picture(1), "2").direct
