"""What networks' outputs mean: one logit, independent labels, probabilities within, several outputs, maps."""

import pytest
import torch
from torch import nn
from torch.nn import functional

import reverie
from reverie.attribution.occlusion import Occlusion
from reverie.cli.picture_commands import target_for
from reverie.errors import InvalidSetting, ReverieError, UnknownName
from reverie.image import read, to_pil
from reverie.models.output import Output
from reverie.models.probe import probe
from reverie.objectives import log_probability, presence, probability
from reverie.settings.parts import Output as Writing
from tiny import Call, picture, plain, seeded

SIDE = 32


class Halves(nn.Module):
    """Channel 0 is how red the left half is, channel 1 how red the right half is: independent labels."""

    def __init__(self, end=lambda x: x, count: int = 2, offset: float = 0.0) -> None:
        super().__init__()
        self.body, self.end, self.count, self.offset = nn.Conv2d(3, 1, 1), end, count, offset
        with torch.no_grad():
            self.body.weight.copy_(torch.tensor([4.0, 0.0, 0.0]).view(1, 3, 1, 1))
            self.body.bias.fill_(-2.0)

    def forward(self, x):
        value = self.body(x)
        middle = value.shape[-1] // 2
        votes = torch.stack([value[..., :middle].mean((1, 2, 3)), value[..., middle:].mean((1, 2, 3))], 1)
        return self.end(votes[:, : self.count] + self.offset)


def loaded(*args, output="auto", **options):
    return reverie.load(Halves(*args), size=SIDE, mean=[0.0], std=[1.0], output=output, **options)


def red_left() -> torch.Tensor:
    image = torch.full((1, 3, SIDE, SIDE), 0.2)
    image[:, 0, :, : SIDE // 2] = 0.9
    return image


@pytest.mark.parametrize(
    ("end", "count", "kind", "exclusive"),
    [
        (lambda x: x, 1, "sigmoid", False),
        (lambda x: x.squeeze(1), 1, "sigmoid", False),
        (lambda x: x, 2, "softmax", True),
        (torch.sigmoid, 1, "probability", False),
        (lambda x: torch.sigmoid(x).clone().view(-1, 2), 2, "probability", False),
        (lambda x: x.softmax(1), 2, "probability", True),
        (lambda x: x.exp() / x.exp().sum(1, keepdim=True), 2, "probability", True),
        (lambda x: x.log_softmax(1), 2, "softmax", True),
        (lambda x: x.log_softmax(1).exp(), 2, "probability", True),
        (lambda x: (x.softmax(1) + (2 * x).softmax(1)) / 2, 2, "probability", True),
        (torch.relu, 1, "raw", False),
        (lambda x: x.clamp(0, 1), 2, "softmax", True),  # a range alone says nothing
    ],
)
def test_the_end_of_the_forward_says_what_outputs_are(end, count, kind, exclusive):
    model = loaded(end, count)
    assert (model.output.kind, model.output.exclusive) == (kind, exclusive)
    assert model.source["output"] == kind
    assert model.layers["logits"].channels == count


def test_the_reading_can_be_said_and_is_checked():
    for kind in ("softmax", "sigmoid", "probability", "raw"):
        assert loaded(output=kind).output.kind == kind
    with pytest.raises(UnknownName, match="allowed are auto, softmax, sigmoid, probability, raw"):
        loaded(output="tanh")
    with pytest.raises(InvalidSetting, match="a softmax of one output is always 1"):
        loaded(lambda x: x, 1, output="softmax")


@pytest.mark.parametrize("kind", ["softmax", "sigmoid", "probability", "raw"])
def test_probabilities_are_those_of_the_formulas(kind):
    logits = picture(2, 3, 4, 5, 6) * (1 if kind == "probability" else 4)
    wanted = {
        "softmax": logits.exp() / logits.exp().sum(1, keepdim=True),
        "sigmoid": 1 / (1 + (-logits).exp()),
        "probability": logits, "raw": logits,
    }[kind]  # fmt: skip
    output = Output(kind)
    assert torch.allclose(output.probabilities(logits), wanted, atol=1e-6)
    assert torch.allclose(output.shares(logits), wanted.mean((2, 3)), atol=1e-6)
    if kind != "raw":
        assert torch.allclose(output.logarithms(logits), wanted.log(), atol=1e-4)
        assert torch.allclose(output.logarithms(logits, absent=True), (1 - wanted).log(), atol=1e-4)


def test_one_logit_is_a_probability_by_its_sigmoid():
    model = loaded(lambda x: x - 19, 1)
    made = reverie.explain(model, red_left(), method=["occlusion", "rise"], samples=40, size=SIDE)
    logit = float(probe(model, red_left(), ["logits"])["logits"].flatten()[0])
    scores = made.records[0].automatic["scores"]
    assert scores["probability"] == pytest.approx(1 / (1 + torch.tensor(-logit).exp().item()), abs=1e-6)
    assert scores["logit"] == pytest.approx(logit, abs=1e-5)
    assert "the one output is made a probability by the sigmoid" in made.records[0].automatic["reading"]


def occluded(model, image, objective) -> torch.Tensor:
    method = Occlusion(8, 8, "black")
    *_, last = method.estimates(model, image, objective)
    return last.raw


def test_occlusion_of_independent_labels_blames_the_right_half():
    model = loaded(output="sigmoid")
    image = red_left()
    found = occluded(model, image, probability(0, model.output))

    def score(x):  # by hand: the left half's mean red
        return torch.sigmoid(4 * x[:, 0, :, : SIDE // 2].mean((1, 2)) - 2)

    wanted = torch.zeros(SIDE, SIDE)
    for row in range(0, SIDE, 8):
        for column in range(0, SIDE, 8):
            covered = image.clone()
            covered[..., row : row + 8, column : column + 8] = 0
            wanted[row : row + 8, column : column + 8] = score(image) - score(covered)
    assert torch.allclose(found, wanted, atol=1e-5)
    assert float(found[:, SIDE // 2 :].abs().max()) < 1e-6 < float(found[:, : SIDE // 2].min())


@pytest.mark.parametrize("method", ["occlusion", "rise"])
def test_explanations_by_a_sigmoid_within_and_without_are_one(method):
    options = {"method": method, "size": SIDE, "samples": 60} if method == "rise" else {"method": method, "size": SIDE}
    outside = reverie.explain(loaded(output="sigmoid"), red_left(), "logits:1", **options)
    within = reverie.explain(loaded(torch.sigmoid), red_left(), "logits:1", **options)
    assert torch.allclose(outside.arrays[0], within.arrays[0], atol=1e-6)
    assert outside.record.automatic["scores"]["probability"] == pytest.approx(
        within.record.automatic["scores"]["probability"]
    )


def test_controls_are_of_the_same_reading():
    model = loaded(lambda x: x, 1)
    made = reverie.explain(model, red_left(), method="occlusion", control=True, size=SIDE)
    deletion = made.record.automatic["control"]["deletion"]
    assert 0 < deletion["map"] < 1
    shown = float(probe(model, red_left(), ["logits"])["logits"].sigmoid().flatten()[0])
    assert made.record.automatic["scores"]["probability"] == pytest.approx(shown, abs=1e-6)


def fooled(model, target=None, image=None, **options):
    settings = {"steps": 30, "radius": 40, **options}
    return reverie.fool(model, red_left() if image is None else image, target=target, size=SIDE, **settings)


@pytest.mark.parametrize("end", [lambda x: x, torch.sigmoid])
@pytest.mark.parametrize("offset", [0.0, -1.7])
@pytest.mark.parametrize("method", ["pgd", "deepfool", "gradient"])
def test_fooling_one_output_crosses_one_half(end, offset, method, tmp_path):
    model = loaded(end, 1, offset)
    chosen = {"radius": 120} if method == "pgd" else {"radius": None}
    made = fooled(model, method=method, rate=200.0 if method == "gradient" else None, **chosen)
    to_pil(made.images[0]).save(tmp_path / "f.png")

    def share(image):
        value = probe(model, image, ["logits"])["logits"].flatten()[0]
        return float(value if end is torch.sigmoid else value.sigmoid())

    before, after = share(red_left()), share(read(tmp_path / "f.png"))
    assert (before > 0.5) == (offset == 0.0)
    assert (after > 0.5) != (before > 0.5)
    values = made.findings[0].values
    assert values["fooled"] is True
    assert values["before"] == pytest.approx(before, abs=2e-2)
    assert values["file"] == pytest.approx(after, abs=1e-5)


def test_fooling_independent_labels_adds_one_and_leaves_the_other():
    model = loaded(output="sigmoid")
    made = fooled(model, target=1, radius=80)
    assert made.findings[0].values["fooled"] is True
    shares = probe(model, made.images, ["logits"])["logits"].sigmoid().flatten()
    assert float(shares[1]) > 0.5
    with pytest.raises(InvalidSetting, match="already"):
        fooled(model, target=0)


def test_a_raw_output_is_taken_for_nothing():
    with pytest.raises(InvalidSetting, match="outputs are raw"):
        fooled(loaded(output="raw"))


def test_terms_of_a_reading_are_those_of_the_formulas():
    logits = torch.tensor([[1.0, -3.0]])

    class Seen:
        def __getitem__(self, _):
            return logits[:, :, None, None]

    sigmoid = Output("sigmoid", False)
    share = 1 / (1 + torch.tensor(3.0).exp())
    assert probability(1, sigmoid).score(Seen()).item() == pytest.approx(float(share))
    assert log_probability(1, sigmoid).score(Seen()).item() == pytest.approx(float(share.log()), rel=1e-5)
    assert log_probability(1, sigmoid, absent=True).score(Seen()).item() == pytest.approx(
        float((1 - share).log()), rel=1e-5
    )
    assert presence(1, sigmoid).score(Seen()).item() == pytest.approx(-3.0)


def test_a_rerun_reads_as_the_record_says(tmp_path, factory):
    made = reverie.explain(reverie.load(factory, output="sigmoid"), picture(1), "logits:1", method="occlusion", size=48)
    made.save(tmp_path / "e.png")
    again = reverie.rerun(tmp_path / "e.png", model=factory, photo=picture(1))
    assert again.record.model["output"] == "sigmoid"
    assert torch.equal(again.images, made.images)


@pytest.mark.parametrize(
    ("names", "given"), [(["dog", "cat", "bus"], "3 class names are"), (["dog"], "1 class name is")]
)
def test_class_names_that_do_not_fit_are_refused(names, given):
    with pytest.raises(InvalidSetting) as caught:
        loaded(classes=names)
    assert str(caught.value) == f"Halves has 2 outputs, but {given} given; give one for each output, in their order"


class Several(nn.Module):
    """A network that returns what a function makes of its features [N,8,h,w] and logits [N,5]."""

    def __init__(self, returned) -> None:
        super().__init__()
        self.body, self.fc, self.returned = plain(), nn.Linear(8, 5), returned

    def forward(self, x):
        features = self.body(x)
        embedding = features.mean((2, 3))
        return self.returned(features, embedding, self.fc(embedding))


class Answer:
    def __init__(self, map, logits) -> None:
        self.map, self.logits = map, logits


RETURNED = {
    "features, out": (lambda f, e, y: {"features": f, "out": y}, "out"),
    "embedding, logits": (lambda f, e, y: (e, y), "1"),
    "logits, embedding": (lambda f, e, y: (y, e), "0"),
    "map, logits": (lambda f, e, y: [f, y], "1"),
    "heads": (lambda f, e, y: {"heads": [y, e], "map": f}, "heads.0"),
    "object": (lambda f, e, y: Answer(f, y), "logits"),
}


@pytest.mark.parametrize("name", RETURNED)
def test_the_logits_are_found_among_several(name):
    returned, path = RETURNED[name]
    module = seeded(Several, returned)
    model = reverie.load(module, size=48)
    image = picture(1)
    wanted = seeded(Several, lambda f, e, y: y).eval()(model.normalised(image))
    assert torch.allclose(probe(model, image, ["logits"])["logits"].flatten(), wanted.flatten(), atol=1e-5)
    assert model.source["output_key"] == path
    assert f"'{path}' is taken; another one is named with --output-key" in model.notes[0]


def test_as_many_channels_as_classes_win_and_a_key_wins_over_all():
    module = seeded(Several, lambda f, e, y: {"out": f, "side": e, "y": y})
    assert reverie.load(module, size=48, classes=list("abcde")).source["output_key"] == "y"
    assert reverie.load(module, size=48).source["output_key"] == "out"
    chosen = reverie.load(module, size=48, output_key="side")
    assert (chosen.layers["logits"].channels, chosen.notes) == (8, ())
    with pytest.raises(UnknownName, match="returns no one tensor 'aux'; nearest: 'out'"):
        reverie.load(module, size=48, output_key="aux")
    with pytest.raises(InvalidSetting, match="returns no tensor of real numbers"):
        reverie.load(seeded(Several, lambda f, e, y: "owl"), size=48)


@pytest.mark.parametrize("end", [lambda x: x, lambda x: x.squeeze(1)])
def test_a_map_without_channels_is_one_channel(end):
    module = seeded(lambda: nn.Sequential(nn.Conv2d(3, 1, 3, padding=1), nn.Softplus(), Call(end)))
    model = reverie.load(module, size=48)
    seen = probe(model, picture(1, 2, 3, 48, 48), ["logits"])["logits"]
    assert seen.shape == (2, 1, 48, 48)
    given = model.normalised(picture(1, 2, 3, 48, 48))
    wanted = functional.softplus(functional.conv2d(given, module[0].weight, module[0].bias, padding=1)).detach()
    assert torch.allclose(seen, wanted, atol=1e-5)
    assert model.output.kind == "raw"
    assert str(model.units("logits:0@3,4")[0]) == "logits:0@3,4"
    made = reverie.explain(model, picture(1), "logits:0@3,4", method="occlusion", size=48)
    assert made.record.automatic["scores"] == {"activation": pytest.approx(float(wanted[0, 0, 3, 4]), abs=1e-5)}


def test_tokens_stay_tokens():
    class Tokens(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed = nn.Conv2d(3, 9, 8, 8)

        def forward(self, x):
            return self.embed(x).flatten(2).transpose(1, 2)

    assert reverie.load(seeded(Tokens), size=24).layers["logits"].channels == 9


class Segmenter(nn.Module):
    """Class 1 at a position is how red it is, class 0 nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 2, 1)
        with torch.no_grad():
            self.conv.weight.zero_()
            self.conv.weight[1, 0] = 6.0
            self.conv.bias.copy_(torch.tensor([0.0, -3.0]))

    def forward(self, x):
        return {"aux": x[:, :2], "out": self.conv(x)}


def test_a_position_of_a_segmentation_is_asked_alone():
    model = reverie.load(Segmenter(), size=SIDE, mean=[0.0], std=[1.0])
    image = red_left()
    made = reverie.explain(
        model, image, "logits:1@8,4", method=["occlusion", "rise"], window=8, stride=8, samples=600, size=SIDE
    )
    share = torch.sigmoid(torch.tensor(6 * 0.9 - 3))  # a softmax of two is the sigmoid of their difference
    assert made.records[0].automatic["scores"]["probability"] == pytest.approx(float(share), abs=1e-5)
    found = made.arrays[0]
    inside = torch.zeros(SIDE, SIDE, dtype=torch.bool)
    inside[8:16, 0:8] = True
    grey = torch.sigmoid(torch.tensor(6 * 0.5 - 3))
    assert torch.allclose(found[inside], share - grey, atol=1e-4)
    assert float(found[~inside].abs().max()) < 1e-6
    rise = made.arrays[1]
    assert float(rise[6:11, 2:7].mean()) > float(rise.mean())
    whole = reverie.explain(model, image, "logits:1", method="occlusion", size=SIDE).record.automatic["scores"]
    right = torch.sigmoid(torch.tensor(6 * 0.2 - 3))
    assert whole["probability"] == pytest.approx(float((share + right) / 2), abs=1e-5)


def test_output_names_a_picture_and_says_how_readings_are_said():
    with pytest.raises(ReverieError, match="how outputs are read is said by --output-as sigmoid"):
        target_for(Writing.made(output="sigmoid"), "x")
