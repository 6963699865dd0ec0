import numpy as np
import pytest
import torch
from torch import nn

import reverie
from reference.plain import convolution, make_step
from reverie import memory, recipes
from reverie.constraints import in_range
from reverie.errors import Diverged, InvalidSetting, OutOfMemory, ReverieError
from reverie.image import resize
from reverie.models.pruning import pruned
from reverie.objectives import Objective, Term, channel, layer
from reverie.parameterizations import Fourier, Pixels
from reverie.randomness import generator
from reverie.synthesis import AddedDetail, Ascent, Recipe, Resized, Stage, engine, iterate, synthesize
from reverie.transforms import Roll
from tiny import Tiny, hook_count, picture, seeded, state


def recipe(objectives=None, steps=3, size=(32, 32), **others) -> Recipe:
    objectives = objectives or (channel("block", 0),)
    names = tuple(f"row {index}" for index in range(len(objectives)))
    ascent = others.pop("ascent", Ascent("mean-abs", (0.01, 0.01)))
    given = {
        "names": names, "labels": names, "stages": (Stage(tuple(objectives), size, steps, ascent),),
        "parameterization": Pixels(), "constraint": in_range, "batch": len(names),
    }  # fmt: skip
    return Recipe(**{**given, **others})


def failing(after: int, error: Exception | None = None) -> Objective:
    """A channel whose gradient is not a number from a step on, or whose score raises."""
    calls = []

    def statistics(seen):
        calls.append(1)
        value = seen["block"][:, :1].flatten(1).mean(1, keepdim=True)
        if len(calls) > after and error is not None:
            raise error
        return value * float("nan") if len(calls) > after else value

    return Objective(((1.0, Term("failing", ("block",), statistics, lambda sums: sums[:, 0])),))


def test_steps_are_counted(model):
    made = recipe((channel("block", 0), channel("block", 1), channel("block", 2)), batch=2)
    steps = list(iterate(model, made))
    assert [step.done for step in steps] == list(range(1, 7))
    assert {step.total for step in steps} == {6}
    assert [step.index for step in steps] == [0, 1, 2] * 2
    assert [step.rows for step in steps] == [range(2)] * 3 + [range(2, 3)] * 3
    assert [len(step.score) for step in steps] == [2, 2, 2, 1, 1, 1]


def test_a_run_is_lazy_and_ends_when_nobody_reads(model):
    seen = next(iterate(model, recipe(steps=10**9)))
    assert seen.done == 1


def test_the_picture_keeps_to_its_range(model):
    for step in iterate(model, recipe(ascent=Ascent("sign", (0.9, 0.9)))):
        assert float(step.image.min()) >= 0
        assert float(step.image.max()) <= 1


def test_the_same_seed_gives_the_same_bits(model):
    first, second, other = (synthesize(model, recipe(seed=seed)).images for seed in (3, 3, 4))
    assert torch.equal(first, second)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("others", [{"transforms": (Roll(3),), "redirect": 2}, {"tile": 64}, {"importance": True}])
def test_what_other_branches_would_return_changes_no_bit(bundled, others):
    made = recipe((channel("mixed4b", 0), channel("mixed4b", 3)), size=(64, 96), **others)
    assert pruned(bundled, "mixed4b", [0, 3], (64, 96)) is not None
    whole = synthesize(bundled, made, iterate(bundled, made, trace=True))  # a trace tells all channels
    assert torch.equal(synthesize(bundled, made).images, whole.images)


def test_the_global_random_state_is_left_alone(model):
    before = torch.random.get_rng_state()
    synthesize(model, recipe(transforms=(Roll(3),)))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_batch_starts_and_scores_as_its_single_pictures(model):
    objectives = tuple(channel("block", index) for index in range(3))
    together = recipe(objectives, steps=2, transforms=(Roll(3),))
    for row in range(3):
        for joint, alone in zip(iterate(model, together), iterate(model, together.select([row])), strict=True):
            assert torch.allclose(joint.score[row], alone.score[0], rtol=1e-4)
            assert (joint.image[row] - alone.image[0]).abs().max() < 1e-3


def test_a_live_picture_does_not_depend_on_a_silent_neighbour():
    class Branches(nn.Module):
        """Channel 0 is the sum of a live and a dead branch; channel 1 is dead."""

        def __init__(self) -> None:
            super().__init__()
            self.live, self.dead, self.sum = nn.Conv2d(3, 2, 1), nn.Conv2d(3, 2, 1), nn.Identity()
            with torch.no_grad():
                self.live.bias.copy_(torch.tensor([9.0, -9.0]))
                self.dead.bias.fill_(-9.0)

        def forward(self, x):
            return self.sum(torch.relu(self.live(x)) + torch.relu(self.dead(x)))

    network = reverie.load(seeded(Branches), size=32)
    together = recipe((channel("sum", 0), channel("sum", 1)), steps=4, redirect=4)
    alone = synthesize(network, together.select([0])).images
    assert torch.allclose(synthesize(network, together).images[:1], alone, atol=1e-6)


def test_the_order_in_a_batch_does_not_matter(model):
    objectives = tuple(channel("block", index) for index in range(3))
    together = recipe(objectives, steps=1)
    turned = together.select([2, 0, 1])
    first, second = (synthesize(model, item).images for item in (together, turned))
    assert torch.allclose(second, first[[2, 0, 1]], atol=1e-6)


def test_nothing_is_left_on_the_callers_module():
    owned = seeded(Tiny).train()
    owned.fc.weight.requires_grad_(False)
    before = state(owned)
    ready = reverie.load(owned, size=48)
    reverie.feature(ready, "block:0", size=32, steps=2)
    assert state(owned) == before


def test_no_hook_and_no_weight_gradient_is_left(model):
    synthesize(model, recipe(redirect=2))
    for made in [model.variants.plain, *model.variants._made.values()]:
        assert all(parameter.grad is None and not parameter.requires_grad for parameter in made.parameters())
        assert hook_count(made) == 0


@pytest.mark.parametrize("redirect", [0, 5])
def test_nothing_is_left_after_an_exception(model, redirect):
    with pytest.raises(KeyError):
        synthesize(model, recipe((failing(2, KeyError("x")),), steps=5, redirect=redirect))
    for made in [model.variants.plain, *model.variants._made.values()]:
        assert all(parameter.grad is None and not parameter.requires_grad for parameter in made.parameters())
        assert hook_count(made) == 0
    assert torch.is_grad_enabled()
    assert torch.equal(torch.relu(torch.tensor([-1.0])), torch.zeros(1))
    assert len(torch.overrides._get_current_function_mode_stack()) == 0


def test_no_mode_is_left_while_a_run_waits(model):
    run = iterate(model, recipe(redirect=3))
    next(run)
    assert len(torch.overrides._get_current_function_mode_stack()) == 0
    assert torch.is_grad_enabled()


def test_a_run_goes_on_where_gradients_are_off(model):
    with torch.no_grad():
        made = synthesize(model, recipe()).images
    assert torch.equal(made, synthesize(model, recipe()).images)


def test_a_gradient_that_is_not_a_number_ends_the_run(model):
    kept, made = [], recipe((failing(2),), steps=5)

    def read():
        for step in iterate(model, made):
            kept.append((step.image.clone(), step))

    with pytest.raises(Diverged) as caught:
        read()
    assert str(caught.value) == (
        "the gradient was not a number at step 3; the picture of the step before is kept: "
        "lower --rate, or use --precision float32"
    )
    assert len(kept) == 2
    image, last = kept[-1]
    assert torch.equal(last.whole(), image)
    assert bool(image.isfinite().all())


@pytest.mark.parametrize(
    "error",
    [torch.OutOfMemoryError("CUDA out of memory"), MemoryError(), RuntimeError("can't allocate memory: you tried")],
)
def test_too_little_memory_says_what_to_lower(model, error):
    with pytest.raises(OutOfMemory) as caught:
        synthesize(model, recipe((failing(0, error),)))
    assert str(caught.value) == (
        "the memory was not enough; lower --size, --batch or --tile, or use --precision bfloat16"
    )


@pytest.mark.parametrize("side", [20_000, 32_768])
def test_sizes_that_cannot_be_are_refused_before_anything_is_made(model, monkeypatch, side):
    monkeypatch.setattr(memory, "available", lambda: 2**30)
    made = recipes.feature(model, "mix:0", size=side, steps=1)
    with pytest.raises(OutOfMemory, match=f"^a picture of {side}x{side} needs .* GB of memory, and 1.07 GB are free; "):
        next(iterate(model, made))
    with pytest.raises(OutOfMemory, match=f"^a picture of {side}x{side} needs .* lower --size$"):
        resize(torch.zeros(1, 3, 4, 4), (side, side))


@pytest.mark.parametrize("where", ["_start", "_decoder"])
def test_memory_that_ends_between_the_steps_is_one_sentence_too(model, monkeypatch, where):
    def fail(*_):
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: not enough memory: you tried ...")

    monkeypatch.setattr(engine, where, fail)
    with pytest.raises(OutOfMemory, match=r"^the memory was not enough; lower --size"):
        next(iterate(model, recipes.feature(model, "mix:0", size=32, steps=1)))


def test_other_errors_are_not_taken_for_memory(model):
    with pytest.raises(ReverieError) as caught:
        synthesize(model, recipe((failing(0, RuntimeError("shapes\nof many")),)))
    assert str(caught.value) == "Tiny failed on a picture of 32x32 (shapes); try its native size"


def test_an_end_before_its_time_keeps_what_was_made(model):
    made = recipe((channel("block", 0), channel("block", 1)), batch=1, steps=3)

    def four():
        for step in iterate(model, made):
            yield step
            if step.done == 4:
                return

    result = synthesize(model, made, four())
    assert len(result) == 2
    assert torch.equal(result.images[0], synthesize(model, made.select([0])).images[0])
    assert [record.automatic["steps_taken"] for record in result.records] == [3, 1]


def test_a_run_without_a_step_is_an_empty_result(model):
    assert synthesize(model, recipe(), iter(())).images.shape == (0, 3, 32, 32)


@pytest.mark.parametrize("start", ["grey", "zero", "photo", "noise"])
@pytest.mark.parametrize("parts", [(Pixels(), in_range), (Fourier(), None)], ids=["pixels", "fourier"])
def test_starts_are_what_they_say(model, start, parts):
    photo = 0.1 + 0.8 * picture(4, 1, 3, 32, 32)
    still = Ascent("sign", (0, 0))
    made = recipe(
        steps=1, start=start, photo=photo if start == "photo" else None, ascent=still,
        parameterization=parts[0], constraint=parts[1],
    )  # fmt: skip
    image = synthesize(model, made).images
    wanted = {"grey": torch.tensor(0.5), "zero": torch.tensor(0.0), "photo": photo}
    if start in wanted:
        assert torch.allclose(image, wanted[start].expand_as(image), atol=2e-3)
    else:
        assert 0.001 < float(image.std()) < 0.1


def test_google_is_the_notebooks_loop():
    """Four steps of the preset's ascent, against the notebook's `make_step` in plain loops."""
    std = (0.2, 0.25, 0.3)
    network = seeded(lambda: nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU()))
    model = reverie.load(network, size=16, mean=[0.5], std=std)
    photo = 0.2 + 0.6 * picture(3, 1, 3, 12, 14)
    made = recipes.dream(model, photo, "1", preset="google", octaves=1, steps=4, jitter=5)
    weight, bias = (item.detach().numpy().astype(float) for item in (network[0].weight, network[0].bias))
    chances = generator(made.seed, made.names[0])
    image = photo[0].numpy().astype(float)
    for step in iterate(model, made):
        rows, columns = torch.randint(-5, 6, (2,), generator=chances).tolist()
        image = make_step(image, (rows, columns), 1.5 / 255, weight, bias, np.array(std))
        assert np.abs(step.image[0].numpy() - image).max() < 1e-5
    assert convolution(image, weight, bias).shape == (4, 12, 14)


def test_octaves_carry_the_change_and_not_the_picture():
    photo = picture(5, 1, 3, 40, 56)
    carry, small = AddedDetail(photo), resize(photo, (20, 28))
    changed = (small + 0.05 * picture(6, 1, 3, 20, 28)).clamp(0, 1)
    wanted = (photo + resize(changed - small, (40, 56))).clamp(0, 1)
    assert torch.allclose(carry(changed, (40, 56)), wanted, atol=1e-6)
    assert torch.allclose(carry(small, (40, 56)), photo, atol=1e-6)
    assert not torch.allclose(Resized()(small, (40, 56)), photo, atol=0.05)
    same = carry(photo, (40, 56))
    assert torch.equal(same, photo)
    assert same.data_ptr() != photo.data_ptr()


def test_stages_go_on_from_the_picture_before(model):
    stages = tuple(
        Stage((channel("block", 0),), size, steps, Ascent("sign", (rate, rate)))
        for size, steps, rate in (((20, 24), 2, 0.01), ((30, 36), 1, 0.0))
    )
    first, second, last = iterate(model, recipe(stages=stages))
    assert torch.allclose(last.image, resize(second.image, (30, 36)).clamp(0, 1), atol=1e-6)
    assert first.whole().shape == last.whole().shape == (1, 3, 30, 36)
    assert (first.stage, last.stage) == (0, 1)


@pytest.mark.parametrize(
    ("others", "message"),
    [
        ({"start": "white"}, "there is no start 'white' here; allowed are noise, grey, zero, photo"),
        ({"constraint": None}, "Pixels leaves [0,1]; give the recipe a constraint"),
        ({"parameterization": Fourier()}, "Fourier keeps to [0,1]; a constraint goes with pixels only"),
        ({"names": ("a", "b")}, "every stage needs one objective for each picture"),
        ({"batch": 0}, "batch must be 1 or more, not 0"),
        ({"steps": 0}, "steps must be 1 or more, not 0"),
        (
            {"parameterization": Fourier(), "constraint": None, "ascent": Ascent(blur=(2.0, 1.0))},
            "a blur of the gradient goes with pixels only",
        ),
    ],
)
def test_parts_that_do_not_go_together_are_refused(others, message):
    with pytest.raises(ReverieError) as caught:
        recipe(**others)
    assert str(caught.value) == message


def test_a_start_from_a_photo_needs_one():
    with pytest.raises(InvalidSetting):
        recipe(start="photo")


def test_coupled_pictures_are_not_split():
    (_, term), *_ = channel("block", 0).terms
    tied = Objective(((1.0, Term(term.text, term.layers, term.statistics, term.score, couples=True)),))
    assert recipe((tied, tied, tied), batch=1).batches() == [range(3)]
    assert recipe((channel("block", 0),) * 3, batch=2).batches() == [range(2), range(2, 3)]


def test_steps_that_ascend_raise_the_score(model):
    scores = [float(step.score) for step in iterate(model, recipe((layer("block"),), steps=8))]
    assert scores[-1] > scores[0]


def test_on_a_gpu_the_score_is_looked_at_every_eighth_step():
    class Waiting:
        """A score whose number takes the device's step to read."""

        is_cuda, looked = True, 0

        def __ge__(self, until):
            self.looked += 1
            return torch.tensor([False])

    score, stage = Waiting(), Stage((channel("block", 0),), (32, 32), 16, Ascent("mean-abs", (0.01, 0.01)), until=0.0)
    assert [engine._enough(score, stage, index) for index in range(16)] == [False] * 16
    assert score.looked == 2
    assert engine._enough(torch.zeros(1), stage, 0)
    assert not engine._enough(torch.tensor([-1.0, 1.0]), stage, 7)
