import numpy as np
import pytest
import torch
from torch import nn

import reverie
from reference.remakes import deepfool_step, pgd_step
from reverie import recipes
from reverie.constraints import Ball
from reverie.errors import InvalidSetting, ReverieError
from reverie.image import read, to_pil
from reverie.parameterizations.lattice import on_lattice
from reverie.recipes.verdicts import prediction
from tiny import CLASSES, picture, seeded


class Fragile(nn.Module):
    """A classifier that small changes upset: each pixel votes, with a bend."""

    def __init__(self, side: int = 32) -> None:
        super().__init__()
        self.vote, self.side = nn.Linear(3 * side * side, len(CLASSES)), side

    def forward(self, x):
        return self.vote(torch.tanh(0.5 * x).flatten(1))


class Patterns(nn.Module):
    """A classifier of any size, of patterns of 5 pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, len(CLASSES), 5, padding=2)

    def forward(self, x):
        return 60 * torch.tanh(self.conv(x)).mean((2, 3))


@pytest.fixture(scope="module")
def fragile():
    return reverie.load(seeded(Fragile), size=32, classes=CLASSES, mean=[0.5], std=[0.25])


@pytest.fixture(scope="module")
def patterns():
    return reverie.load(seeded(Patterns), size=32, classes=["tiger", "owl", "bee", "ant", "cat"])


def photo(seed: int = 1):
    return torch.nn.functional.interpolate(0.3 + 0.4 * picture(seed, 1, 3, 8, 8), (32, 32), mode="bilinear")


def probabilities(model, image):
    return reverie.probe(model, image, ["logits"])["logits"].flatten(1).softmax(1)[0].detach()


def refusal(call) -> str:
    with pytest.raises(ReverieError) as caught:
        call()
    return str(caught.value)


def rival(model) -> int:
    """A class that is not the photo's own, and not the likeliest other."""
    return int(probabilities(model, photo()).argsort()[-3])


METHODS = [
    {"method": "pgd"}, {"method": "pgd", "norm": "l2", "radius": 2.0}, {"method": "fgsm", "radius": 4},
    {"method": "deepfool"}, {"method": "gradient"}, {"method": "pgd", "radius": 6},
    {"method": "deepfool", "norm": "l2"}, {"method": "fgsm", "norm": "l2", "radius": 2.0},
]  # fmt: skip


@pytest.mark.parametrize("options", METHODS, ids=lambda item: "-".join(map(str, item.values())))
@pytest.mark.parametrize("aimed", [False, True])
def test_every_method_fools_and_its_file_does(fragile, options, aimed, tmp_path):
    if aimed and options["method"] == "fgsm":
        pytest.skip("one step aims nowhere far")
    target = rival(fragile) if aimed else None
    made = reverie.fool(fragile, photo(), target=target, **options)
    found = made.findings[0].values
    assert found["fooled"]
    made.save("a.png")
    file = read("a.png")
    assert torch.equal(file, made.images)
    taken = int(probabilities(fragile, file).argmax())
    assert taken == found["taken_for"]
    assert taken == target if aimed else taken != found["own_class"]
    assert found["file"] == pytest.approx(float(probabilities(fragile, file)[found["class"]]), abs=1e-5)
    assert found["file"] == found["after"]
    change = (file - on_lattice(photo()))[0]
    assert found["linf"] == round(float(change.abs().max()) * 255)
    assert found["l2"] == pytest.approx(float(change.norm()), abs=1e-3)
    if options["method"] in ("pgd", "fgsm"):
        radius = options.get("radius", 2)
        assert found[options.get("norm", "linf")] <= radius * (1 + 1e-6)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_ball_is_the_papers_projection(norm):
    center, slope, radius = photo(2), picture(5, 1, 3, 32, 32) - 0.5, 0.02 if norm == "linf" else 0.5
    image = center.clone()
    wanted = center.double().numpy()
    for _ in range(3):
        unit = slope.sign() if norm == "linf" else slope / slope.norm()
        image = Ball(center, radius, norm)(image + radius * 0.6 * unit)
        wanted = pgd_step(wanted, slope.double().numpy(), center.double().numpy(), radius * 0.6, radius, norm)
    assert np.abs(image.numpy() - wanted).max() < 1e-5


def test_deepfools_first_step_is_the_papers(fragile):
    made = recipes.fool(fragile, photo(), method="deepfool", rate=1.0, steps=1)
    image = on_lattice(photo())
    own = int(probabilities(fragile, image).argmax())
    (text,) = [term.text for _, term in made.stages[0].objectives[0].terms]
    other = int(text.split("(")[1].split(" ")[0])
    leaf = image.clone().requires_grad_()
    logits = reverie.probe(fragile, leaf, ["logits"])["logits"].flatten()
    slopes = np.stack([torch.autograd.grad(item, leaf, retain_graph=True)[0].numpy() for item in logits])
    values = logits.detach().numpy()
    steps = {k: deepfool_step(values, slopes, own, k) for k in range(len(values)) if k != own}
    assert other == min(steps, key=lambda k: float((steps[k] ** 2).sum()))
    latents = image.clone().requires_grad_()
    climb = made.stages[0].ascent.start(latents)

    def slope():
        score = made.stages[0].objectives[0].score(reverie.probe(fragile, latents, ["logits"]))
        return score, torch.autograd.grad(-score.sum(), latents)[0]

    climb(slope, 0.0)
    assert np.abs((latents.detach() - image).numpy() - steps[other]).max() < 1e-6


def test_deepfool_changes_less_than_pgd(fragile):
    least = reverie.fool(fragile, photo(), method="deepfool").findings[0].values
    usual = reverie.fool(fragile, photo(), norm="l2").findings[0].values
    assert least["l2"] < 0.7 * usual["l2"]


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_the_smallest_radius_is_the_smallest(patterns, norm):
    radius = reverie.smallest_radius(patterns, photo(), norm=norm, steps=20)
    below = radius - 1 if norm == "linf" else radius * 0.9

    def fooled(within: float) -> bool:
        return bool(reverie.fool(patterns, photo(), norm=norm, radius=within, steps=20).findings[0].values["fooled"])

    assert fooled(radius)
    assert below <= 0 or not fooled(below)
    assert refusal(lambda: reverie.smallest_radius(patterns, photo(), norm="l2", steps=1, target=3, radius=60.0)) == (
        "no change of l2 up to 60 fools Patterns; take more --steps"
    )


def test_where_the_usual_radius_does_not_do_the_smallest_is_found(patterns):
    within = reverie.synthesize(patterns, recipes.fool(patterns, photo(), steps=20))
    assert not within.findings[0].values["fooled"]  # within 2 of 255
    made = reverie.fool(patterns, photo(), steps=20)
    found = made.record.arguments["radius"]
    assert made.findings[0].values["fooled"]
    assert found == reverie.smallest_radius(patterns, photo(), steps=20) > 2
    assert made.record.automatic["too_small"] == 2
    made.save("a.png")
    assert torch.equal(reverie.rerun("a.png", patterns, photo=photo()).images, made.images)


def test_a_fooling_that_cannot_be_stays_as_it_is(patterns):
    asked = {"target": 3, "steps": 1, "method": "fgsm"}
    made = reverie.fool(patterns, photo(), **asked)
    assert made.findings[0].values["fooled"] or "too_small" not in made.record.automatic


@pytest.mark.parametrize("start", ["noise", "grey", "cppn"])
def test_a_picture_of_nothing_fools(fragile, start):
    made = reverie.fool(fragile, target="beetle", start=start, steps=120 if start == "cppn" else 30)
    found = made.findings[0]
    assert found.values["fooled"]
    assert found.values["file"] > 0.9
    assert torch.equal(made.images, on_lattice(made.images))
    assert found.beside == ()
    assert found.note.startswith("beetle ")


def test_python_takes_what_the_command_line_does(fragile, patterns, tmp_path):
    for number in range(3):
        to_pil(picture(number, 3, 32, 32)).save(tmp_path / f"{number}.png")
    whole = reverie.fool(fragile, tmp_path, target="tiger", steps=2)
    assert torch.equal(whole.images, reverie.universal(fragile, str(tmp_path), target="tiger", steps=2).images)
    for given, message in (({}, "needs a class to be taken for"), ({"target": 2, "norm": "l2"}, "goes without --norm")):
        with pytest.raises(InvalidSetting, match=message):
            reverie.fool(fragile, tmp_path, **given)
    made = reverie.fool(patterns, photo(), steps=20, smallest=True, transfer="bundled")
    assert made.record.arguments["radius"] == reverie.smallest_radius(patterns, photo(), steps=20)
    assert made.notes[-1].startswith("bundled: ")
    with pytest.raises(InvalidSetting, match="--smallest looks for"):
        reverie.fool(patterns, photo(), smallest=True, radius=2)


def test_one_change_fools_on_many_photos(fragile):
    photos = [photo(seed) for seed in range(5)]
    made = reverie.universal(fragile, photos, target="tiger", radius=24, steps=40, batch=3)
    found = made.findings[0].values
    assert found["photos"] == 5
    assert found["after"] > found["before"]
    assert found["after"] >= 0.8
    change = made.images - 128 / 255
    assert float(change.abs().max()) <= 24.01 / 255
    taken = [int(probabilities(fragile, (on_lattice(item) + change).clamp(0, 1)).argmax()) for item in photos]
    assert sum(index == 1 for index in taken) / 5 == pytest.approx(found["after"])


def test_foolings_repeat_bit_by_bit(fragile, tmp_path):
    for seed in (1, 2):
        to_pil(photo(seed)[0]).save(tmp_path / f"p{seed}.png")
    makers = {
        "a.png": lambda: reverie.fool(fragile, "p1.png", norm="l2"),
        "b.png": lambda: reverie.fool(fragile, target=2, start="noise", steps=5),
        "d.png": lambda: reverie.fool(fragile, target=2, start="cppn", steps=5),
        "c.png": lambda: reverie.universal(fragile, ["p1.png", "p2.png"], target=2, steps=3),
    }
    for name, make in makers.items():
        made = make()
        made.save(name)
        assert torch.equal(reverie.rerun(name, fragile).images, made.images), name


def test_other_networks_are_asked_by_name_or_number(fragile, patterns):
    image = on_lattice(photo())
    named = prediction(patterns, image, fragile, CLASSES.index("tiger"))
    assert named.network == "Patterns"
    assert named.aimed == pytest.approx(float(probabilities(patterns, image)[0]), abs=1e-6)
    assert prediction(patterns, image, fragile, CLASSES.index("beetle")).aimed is None
    numbered = reverie.load(seeded(Patterns, seed=2), size=32)
    other = reverie.load(seeded(Patterns, seed=3), size=32)
    expected = float(probabilities(numbered, image)[2])
    assert prediction(numbered, image, other, 2).aimed == pytest.approx(expected, abs=1e-6)
    nameless = reverie.load(seeded(Fragile, seed=2), size=32)
    top = int(probabilities(nameless, image).argmax())
    assert prediction(nameless, image, fragile, 2).taken_for == CLASSES[top]  # as many classes: the other's names
    own = prediction(fragile, image, fragile, 1)
    assert own.confidence == pytest.approx(float(probabilities(fragile, image).max()), abs=1e-6)


def test_what_is_shown(fragile):
    (finding,) = reverie.fool(fragile, photo(), radius=2).findings
    captions = [text.split("\n")[0] for text, _ in finding.beside]
    assert captions == ["photo", "change, x32"]
    assert torch.equal(finding.beside[0][1], on_lattice(photo())[0])
    magnified = finding.beside[1][1]
    assert float((magnified - 0.5).abs().max()) == pytest.approx(0.25, abs=1e-2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "cw"}, "there is no method 'cw' here; allowed are pgd, fgsm, deepfool, gradient"),
        ({"norm": "l1"}, "there is no norm 'l1' here; allowed are linf, l2"),
        ({"start": "noise"}, "name either a photo, or --start noise, grey, cppn"),
        ({"radius": 1.5}, "a radius of linf counts whole levels of 255, not 1.5; allowed are 1, 2, 3 ..."),
        ({"radius": 0.0}, "radius must be 0.01 or more, not 0"),
        ({"target": "dog"}, "Fragile has no class 'dog'; nearest: 'tiger cat', 'tiger', 'owl'"),
        ({"steps": 0}, "steps must be 1 or more, not 0"),
    ],
)
def test_wrong_settings_are_refused(fragile, change, message):
    assert refusal(lambda: recipes.fool(fragile, photo(), **change)) == message


def test_what_makes_no_sense_is_refused(fragile):
    own = int(probabilities(fragile, on_lattice(photo())).argmax())
    name = CLASSES[own].split(",")[0]
    assert refusal(lambda: recipes.fool(fragile, photo(), target=own)) == (
        f"the photo is a {name} already; name another class with --as, or none"
    )
    assert refusal(lambda: recipes.fool(fragile, start="noise")) == (
        "a picture from nothing needs a class to be taken for; name it with --as"
    )
    assert refusal(lambda: recipes.fool(fragile, target=1, start="grey", method="deepfool")) == (
        "deepfool changes a photo; name one, or take pgd or gradient"
    )
