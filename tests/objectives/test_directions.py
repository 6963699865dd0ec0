import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from reference import plain
from reverie import objectives
from reverie.errors import InvalidSetting
from reverie.models.probe import Activations, probe
from reverie.objectives import channel, directions_in, scores, write_directions
from reverie.unit import Unit
from tiny import picture


def seen(count: int = 2, channels: int = 5, size: tuple[int, int] = (3, 4), seed: int = 1) -> Activations:
    value = 2 * picture(seed, count, channels, *size) - 1
    return Activations({"a": value}, torch.zeros(count, 3, 8, 8))


VECTOR = picture(4, 5) - 0.5


@pytest.mark.parametrize("cosine", [0.0, 1.0, 2.5])
def test_a_direction_is_the_papers(cosine):
    objective = objectives.direction("a", VECTOR, cosine=cosine)
    wanted = [plain.direction(value, VECTOR.numpy(), cosine) for value in seen()["a"].numpy()]
    assert objective.score(seen()).tolist() == pytest.approx(wanted, rel=1e-5)
    assert objective.tiles
    longer = objectives.direction("a", 7 * VECTOR, cosine=cosine)
    assert torch.allclose(longer.score(seen()), objective.score(seen()))


def test_a_direction_of_one_channel_is_the_channel():
    one = torch.nn.functional.one_hot(torch.tensor(3), 5)
    assert torch.allclose(objectives.direction("a", one).score(seen()), channel("a", 3).score(seen()))


def test_a_direction_has_positions_and_a_name():
    objective = objectives.direction(Unit("a", (), (1, 1), (2, 3)), VECTOR, cosine=2, name="stripes")
    part = Activations({"a": seen()["a"][:, :, 1:2, 2:4]}, seen().picture)
    whole = objectives.direction("a", VECTOR, cosine=2, name="stripes")
    assert torch.allclose(objective.score(seen()), whole.score(part))
    assert repr(objective) == "stripes^2(a@1,2-3)"
    assert repr(objectives.direction("a", VECTOR)) == "direction(a)"
    assert not objective.tiles


@pytest.mark.parametrize("cosine", [0.0, 2.0])
def test_a_map_of_directions_is_the_papers(cosine):
    target = picture(8, 1, 5, 3, 4) - 0.5
    found = objectives.direction_map("a", target, cosine=cosine).score(seen())
    wanted = [plain.direction_map(value, target[0].numpy(), cosine) for value in seen()["a"].numpy()]
    assert found.tolist() == pytest.approx(wanted, rel=1e-5)
    assert objectives.direction_map("a", picture(8, 1, 5, 6, 8)).score(seen()).shape == (2,)


def test_a_guide_is_googles():
    features = picture(9, 1, 5, 2, 3) - 0.5
    value = seen(1)["a"].requires_grad_()
    score = objectives.guided("a", features).score(Activations({"a": value}, value))
    (slope,) = torch.autograd.grad(score.sum(), value)
    wanted = plain.objective_guide(value[0].detach().numpy(), features[0].numpy())
    assert torch.allclose(slope[0] * 12, torch.from_numpy(wanted).float(), atol=1e-6)
    best = float((value[0].detach() * torch.from_numpy(wanted)).sum() / 12)
    assert float(score.detach()) == pytest.approx(best, rel=1e-5)


def test_a_guide_may_match_some_channels_only():
    features = picture(9, 1, 5, 2, 3)
    found = objectives.guided(Unit("a", (1, 3)), features).score(seen())
    part = Activations({"a": seen()["a"][:, [1, 3]]}, seen().picture)
    assert torch.allclose(found, objectives.guided("a", features[:, [1, 3]]).score(part))


def test_diversity_is_the_papers():
    values = seen(4)
    found = objectives.diversity("a").score(values)
    assert found.tolist() == pytest.approx(plain.diversity(values["a"].numpy()), rel=1e-5)
    alike = Activations({"a": values["a"][:1].expand(4, -1, -1, -1)}, values.picture)
    assert objectives.diversity("a").score(alike).tolist() == pytest.approx([-1.0] * 4)
    assert objectives.diversity("a").score(seen(1)).tolist() == [0.0]


def test_alignment_is_the_papers():
    values = seen(5)
    found = objectives.alignment("a", decay=3).score(values)
    assert found.tolist() == pytest.approx(plain.alignment(values["a"].numpy(), 3), rel=1e-5)
    assert objectives.alignment("a").score(seen(1)).tolist() == [0.0]


def test_interpolation_runs_from_one_to_the_other():
    first, last = channel("a", 0), channel("a", 1)
    steps = objectives.interpolation(first, last, 5)
    assert [repr(step) for step in steps] == [
        "a:0", "0.75*a:0 + 0.25*a:1", "0.5*a:0 + 0.5*a:1", "0.25*a:0 + 0.75*a:1", "a:1",
    ]  # fmt: skip
    assert objectives.interpolation(first, last, 1) == (first,)


def test_arithmetic_goes_over_all_of_them():
    joint = objectives.direction("a", VECTOR) - 0.5 * objectives.guided("a", picture(9, 1, 5, 2, 3))
    joint = joint + 2 * objectives.diversity("a")
    parts = [objectives.direction("a", VECTOR), objectives.guided("a", picture(9, 1, 5, 2, 3))]
    wanted = parts[0].score(seen()) - 0.5 * parts[1].score(seen()) + 2 * objectives.diversity("a").score(seen())
    assert torch.allclose(joint.score(seen()), wanted)
    assert repr(joint) == "direction(a) - 0.5*guided(a) + 2*diversity(a)"
    assert joint.couples


def test_neighbours_that_share_an_objective_are_scored_together():
    values = seen(5)
    wide, narrow = channel("a", 0) + objectives.diversity("a"), channel("a", 1) + objectives.diversity("a")
    found = scores([wide, wide, narrow, narrow, narrow], values)
    first, last = values.split([2, 3])
    assert torch.allclose(found, torch.cat([wide.score(first), narrow.score(last)]))


def test_sums_over_tiles_are_those_of_the_whole():
    for objective in (objectives.direction("a", VECTOR, cosine=1), objectives.guided("a", picture(9, 1, 5, 2, 3))):
        (_, term), value = objective.terms[0], seen()["a"]
        halves = [Activations({"a": part}, seen().picture) for part in (value[..., :1], value[..., 1:])]
        assert torch.allclose(sum(term.statistics(half) for half in halves), term.statistics(seen()), rtol=1e-5)


@pytest.mark.parametrize("name", ["direction", "map", "guided", "diversity"])
def test_each_of_them_rises_under_ascent(model, name):
    photo = picture(5)
    made = {
        "direction": lambda: objectives.direction("mix", picture(3, 12) - 0.5, cosine=1),
        "map": lambda: objectives.direction_map("mix", objectives.photo_features(model, photo, "mix"), cosine=1),
        "guided": lambda: objectives.guided("mix", objectives.photo_features(model, photo, "mix")),
        "diversity": lambda: objectives.diversity("mix"),
    }
    objective, image, found = made[name](), picture(1, 2, 3, 48, 48), []
    for _ in range(6):
        image.requires_grad_()
        score = objective.score(probe(model, image, objective.layers)).sum()
        (slope,) = torch.autograd.grad(score, image)
        found.append(float(score.detach()))
        image = (image + 0.01 * slope / slope.abs().mean()).detach()
    assert found[-1] > found[0]


def test_a_concept_is_the_difference_of_means(model):
    stripes, others = [picture(1), picture(2, 3, 30, 40)], [picture(3)]
    found = objectives.concept(model, "mix", stripes, others)
    means = [objectives.photo_features(model, photo, "mix").mean((0, 2, 3)) for photo in (*stripes, *others)]
    assert torch.allclose(found, (means[0] + means[1]) / 2 - means[2])


def test_directions_are_written_and_read(tmp_path):
    rows = picture(1, 3, 5)
    assert torch.equal(directions_in(write_directions(tmp_path / "a.safetensors", rows), 5), rows)
    assert torch.equal(directions_in(write_directions(tmp_path / "b.safetensors", rows[0]), 5), rows[:1])
    save_file({"W_enc": rows.T.contiguous(), "decoder.weight": rows.T.contiguous()}, tmp_path / "sae.safetensors")
    assert torch.equal(directions_in(tmp_path / "sae.safetensors", 5), rows)
    save_file({"other": rows, "bias": torch.zeros(7)}, tmp_path / "one.safetensors")
    assert torch.equal(directions_in(tmp_path / "one.safetensors", 5), rows)
    np.save(tmp_path / "c.npy", rows.numpy())
    assert torch.equal(directions_in(tmp_path / "c.npy", 5), rows)


def test_files_that_are_no_dictionaries_are_refused(tmp_path):
    save_file({"x": picture(1, 5, 7), "y": picture(2, 5, 7)}, tmp_path / "two.safetensors")
    (tmp_path / "text.safetensors").write_text("no")
    refusals = {}
    for name, channels in (("two.safetensors", 5), ("two.safetensors", 6), ("text.safetensors", 5), ("no.npy", 5)):
        with pytest.raises(InvalidSetting) as caught:
            directions_in(tmp_path / name, channels)
        refusals[name, channels] = str(caught.value)
    assert refusals["two.safetensors", 5] == (
        "the dictionary two.safetensors holds several tensors of 5 channels (x, y); "
        "save one tensor [rows, 5] named 'directions'"
    )
    assert refusals["two.safetensors", 6] == (
        "the dictionary two.safetensors holds none of 6; save one tensor [rows, 6] named 'directions'"
    )
    for name in ("text.safetensors", "no.npy"):
        assert refusals[name, 5].startswith(f"the dictionary {tmp_path / name} cannot be read (")
        assert refusals[name, 5].endswith("); name a safetensors or .npy file of directions")
