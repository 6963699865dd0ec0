import numpy as np
import pytest
import torch

import reverie
from reference import attributions as reference
from reverie import recipes
from reverie.attribution import attribute, method_named
from reverie.attribution.sanity_checks import STEPS, area, control, curve, rank_correlation
from reverie.figures.curves import Plot, curves
from reverie.models.randomised import randomised
from reverie.objectives import logit, probability
from tiny import picture, state


def test_rank_correlation_is_spearmans_with_ties():
    for seed in range(4):
        first, second = ((6 * picture(seed + 10 * k, 5, 7)).round() for k in (0, 1))
        wanted = reference.rank_correlation(first.numpy(), second.numpy())
        assert rank_correlation(first, second) == pytest.approx(wanted, abs=1e-9)
    assert rank_correlation(first, first.exp()) == pytest.approx(1)
    assert np.isnan(rank_correlation(first, torch.ones(5, 7)))


def test_a_curve_leads_from_one_picture_to_the_other_in_the_order(model):
    before, after, objective = picture(1), picture(2), probability(2)
    order = torch.arange(48 * 48).flip(0)
    scores = curve(model, objective, before, after, order)
    assert len(scores) == STEPS + 1
    with torch.no_grad():
        half = after.clone()
        half[..., :24, :] = before[..., :24, :]
        wanted = [float(objective.score(reverie.probe(model, item, ["logits"]))) for item in (before, half, after)]
    assert [scores[0], scores[STEPS // 2], scores[-1]] == pytest.approx(wanted, abs=1e-5)


def test_the_area_is_that_of_trapezia():
    assert area((0.0, 1.0)) == 0.5
    assert area((1.0, 0.0, 1.0)) == 0.5
    assert area(tuple(np.linspace(0, 1, 33))) == pytest.approx(0.5)


def test_random_weights_are_random_and_the_network_is_left_alone(module, model):
    before = state(module), state(model.variants.plain)
    first, again, other = randomised(model), randomised(model), randomised(model, seed=1)
    assert (state(module), state(model.variants.plain)) == before
    image = picture(3)
    values = [reverie.probe(item, image, ["logits"])["logits"] for item in (model, first, again, other)]
    assert torch.equal(values[1], values[2])
    assert not torch.allclose(values[0], values[1], atol=1e-3)
    assert not torch.allclose(values[1], values[3], atol=1e-3)
    assert all(float(item.std()) > 1e-3 for item in values)
    assert list(first.layers) == list(model.layers)


def test_a_control_has_the_map_of_random_weights_and_all_curves(model):
    image, method = picture(4), method_named("grad-cam")
    raw = attribute(model, image, logit(1), method)[0]
    items = list(control(model, image, method, logit(1), probability(1), raw))
    last = items[-1]
    assert [item.done for item in items] == sorted(item.done for item in items)
    assert last.done == last.total
    assert torch.equal(last.random, attribute(randomised(model), image, logit(1), method)[0])
    assert -1 <= last.similarity <= 1
    assert {kind: set(lines) for kind, lines in last.areas.items()} == {
        "deletion": {"map", "random", "centre"}, "insertion": {"map", "random", "centre"},
    }  # fmt: skip
    assert last.curves["deletion"]["map"][0] == last.curves["insertion"]["map"][-1]


def test_the_true_order_deletes_faster_than_chance(bundled):
    image = reverie.recipes.explain(bundled, "sample:china").image
    with torch.no_grad():
        top = int(reverie.probe(bundled, image, ["logits"])["logits"].argmax())
    method = method_named("occlusion")
    raw = attribute(bundled, image, probability(top), method)[0]
    *_, last = control(bundled, image, method_named("gradient"), logit(top), probability(top), raw)
    assert last.areas["deletion"]["map"] < last.areas["deletion"]["random"]


def test_a_run_with_controls_can_be_looked_at_and_left_at_every_event(model, photo):
    run = recipes.explain.run(model, recipes.explain(model, photo, "logits:1", method="grad-cam", control=True))
    found = []
    for event in run.events():
        assert event.preview().size
        found.append(set(run.result().record.automatic.get("control", ())))
    assert {"similarity"} in found
    assert {"similarity", "deletion"} in found
    assert found[-1] == {"similarity", "deletion", "insertion"}


def test_controls_stand_beside_the_map_and_in_the_record(model, photo, tmp_path):
    made = reverie.explain(model, photo, "logits:1", method="grad-cam", control=True)
    assert made.images.shape == (1, 3, 48, 62)
    assert [name for name, _ in made.findings[0].beside] == [
        "random weights", "red: in the map's order\ngrey: chance, blue: centre",
    ]  # fmt: skip
    assert all(picture.shape == (3, 48, 62) for _, picture in made.findings[0].beside)
    assert set(made.record.automatic["control"]) == {"similarity", "deletion", "insertion"}
    notes = made.record.automatic["notes"]
    assert notes[1].startswith("rank correlation with the same map of random weights ")
    assert notes[2].startswith("area under the deletion curve ")
    made.save(tmp_path / "a.png")
    again = reverie.rerun(tmp_path / "a.png", model)
    assert str(again.record) == str(made.record)


def test_plots_are_drawn_in_their_colours():
    made = curves([Plot("a", {"map": [0, 1], "random": [0.5, 0.5]}), Plot("b", {"map": [1, 0]})], (64, 96))
    assert made.shape == (3, 64, 96)
    red = (made[0] > 0.6) & (made[1] < 0.4)
    assert bool(red[:32].any())
    assert bool(red[32:].any())


def test_a_map_of_one_pass_says_by_the_way_whether_random_weights_give_the_same(model, photo):
    maps = reverie.explain(model, photo, "logits:tiger", method=["gradient", "occlusion"], window=24)
    gradient, occlusion = (record.automatic for record in maps.records)
    alike = gradient["control"]["similarity"]
    assert -1 <= alike <= 1
    told = "the map stays the same" if alike > 0.5 else "the map is another one"
    assert any(note.startswith(f"with random weights {told}") for note in gradient["notes"])
    assert "control" not in occlusion
    whole = reverie.explain(model, photo, "logits:tiger", control=True).record.automatic["control"]
    assert whole["similarity"] == pytest.approx(alike)
