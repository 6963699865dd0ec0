import numpy as np
import pytest
import torch
from torch import nn

import reverie
from reference import attributions as reference
from reverie.attribution import attribute, stretches
from reverie.attribution.baselines import baseline
from reverie.attribution.incremental import Covered
from reverie.attribution.occlusion import Occlusion, coarse_to_fine, heat
from reverie.attribution.stretches import trunk
from reverie.errors import InvalidSetting
from reverie.objectives import channel, logit, probability
from tiny import Tiny, picture, seeded, state


def scorer(model, objective):
    def score(image):
        with torch.no_grad():
            shown = torch.from_numpy(image)[None].float()
            return float(objective.score(reverie.probe(model, shown, objective.layers)))

    return score


@pytest.mark.parametrize(("window", "stride", "size"), [(12, 6, (48, 48)), (13, 5, (41, 53)), (10, 10, (37, 45))])
@pytest.mark.parametrize("cover", ["grey", "blur"])
def test_the_map_is_the_papers_loop(model, window, stride, size, cover):
    image, objective = picture(1, 1, 3, *size), probability(2)
    covering = baseline(cover, model, image)[0].double().numpy()
    wanted, losses = reference.occlusion(scorer(model, objective), image[0].double().numpy(), covering, window, stride)
    *_, last = Occlusion(window, stride, cover).estimates(model, image, objective)
    assert np.abs(wanted).max() > 1e-4
    assert np.allclose(last.raw.numpy(), wanted, atol=1e-3 * max(map(abs, losses.values())))
    best = max(losses, key=losses.get)
    assert (last.facts["window"]["top"], last.facts["window"]["left"]) == best
    assert last.facts["window"]["before"] - last.facts["window"]["after"] == pytest.approx(losses[best], abs=1e-5)


def test_the_map_is_captums(module, model):
    attr = pytest.importorskip("captum.attr")
    image = picture(2)
    module.eval()
    oracle = attr.Occlusion(module).attribute(
        model.normalised(image), sliding_window_shapes=(3, 16, 16), strides=(3, 8, 8), target=1
    )[0]
    module.train()
    found = attribute(model, image, logit(1), Occlusion(16, 8, "mean"))[0]
    assert torch.allclose(found.expand(3, -1, -1), oracle.float(), atol=1e-3 * float(oracle.abs().max()))


class Deep(nn.Module):
    """Odd kernels and strides, a pooling that rounds up, an even kernel, branches: [N,3,H,W] to [N,4]."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 6, 7, 2, 3, bias=False), nn.BatchNorm2d(6), nn.ReLU(inplace=True))
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.even = nn.Conv2d(6, 8, 4, 2, 1)
        self.left, self.right = nn.Conv2d(8, 4, (1, 5), padding=(0, 2)), nn.Conv2d(8, 4, (3, 1), padding=(1, 0))
        self.join = nn.Conv2d(8, 8, 3, padding=1)
        self.head = nn.Linear(8, 4)

    def forward(self, x):
        x = self.even(self.pool(self.first(x)))
        x = torch.relu(torch.cat([self.left(x), self.right(x)], 1))
        return self.head(self.join(x).amax((2, 3)))


@pytest.fixture(scope="module")
def deep():
    return reverie.load(seeded(Deep), size=64)


@pytest.mark.parametrize("size", [(64, 64), (97, 81), (70, 111)])
@pytest.mark.parametrize("window", [9, 16])
@pytest.mark.parametrize("network", ["deep", "model", "bundled"])
def test_patched_forwards_are_whole_forwards(request, monkeypatch, network, size, window):
    """For every window, the corners and the cut ones too; and something was patched at all."""
    monkeypatch.setattr(stretches, "SPLIT", 0.0)  # so that it pays in small networks too
    model = request.getfixturevalue(network)
    image, objective = picture(3, 1, 3, *size), logit(1)
    rows, columns = Occlusion(window, 7 if window == 9 else 16).spans(*size)
    windows = [(row, column) for row in rows for column in columns]
    cover = baseline("grey", model, image)
    parts = [windows[i : i + 16] for i in range(0, len(windows), 16)]
    fast, plain = (Covered(model, image, cover, objective, some) for some in (parts, []))
    assert all(stretches and stretches[0].crop < size for stretches in fast.plans.values())
    plans = {tuple(stretches) for stretches in fast.plans.values()}
    assert len(plans) > 1 or len(parts) == 1  # those by the edge reach less
    wanted, found = (torch.cat([each.scores(part) for part in parts]) for each in (plain, fast))
    before = objective.score(reverie.probe(model, image, ["logits"]))
    assert float((found - wanted).abs().max()) <= 1e-4 * float((wanted - before).abs().max()) + 1e-7


def test_a_hidden_unit_is_reached_by_the_trunk_before_it(bundled):
    image = picture(3, 1, 3, 96, 96)
    assert [node.name for node in trunk(bundled, image, ["mixed4a"])][-1] == "mixed3b"
    names = [node.name for node in trunk(bundled, image, ["logits"])]
    assert names[1:4] == ["stem.0.0", "stem.0.1", "stem.0.2"]
    assert names[-1] == "mixed5b"
    objective = channel("mixed4a", 5)
    wanted, losses = reference.occlusion(
        scorer(bundled, objective), image[0].double().numpy(), np.full((3, 96, 96), 0.5), 24, 24
    )
    found = attribute(bundled, image, objective, Occlusion(24, 24))[0]
    assert np.allclose(found.numpy(), wanted, atol=1e-3 * max(map(abs, losses.values())))


class Skipping(Tiny):
    """A side door past the trunk: patching it would be wrong."""

    def forward(self, x):
        y = self.block(self.stem(x))
        y = torch.relu(self.norm(self.mix(y)))
        return self.fc(y.mean((2, 3))) + x.mean((1, 2, 3))[:, None]


class Looking(nn.Module):
    """What one position sees depends on the whole picture, in a part that looks local."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.gate, self.last = nn.Conv2d(3, 6, 3, padding=1), Gate(), nn.Conv2d(6, 4, 3, padding=1)

    def forward(self, x):
        return self.last(self.gate(self.conv(x))).mean((2, 3))


class Gate(nn.Module):
    def forward(self, x):
        return x * torch.tensor(x.mean((1, 2, 3)).tolist()).view(-1, 1, 1, 1) + x.relu()


@pytest.mark.parametrize("make", [Skipping, Looking])
def test_networks_that_cannot_be_patched_run_whole(make, monkeypatch):
    monkeypatch.setattr(stretches, "SPLIT", 0.0)
    model = reverie.load(seeded(make), size=48)
    image, objective = picture(1), logit(1)
    wanted, losses = reference.occlusion(
        scorer(model, objective), image[0].double().numpy(), np.full((3, 48, 48), 0.5), 16, 16
    )
    found = attribute(model, image, objective, Occlusion(16, 16))[0]
    assert np.allclose(found.numpy(), wanted, atol=1e-3 * max(map(abs, losses.values())))


def test_a_first_map_stands_early_and_becomes_the_last(bundled):
    image = picture(1, 1, 3, 96, 96)
    estimates = list(Occlusion(12, 6).estimates(bundled, image, logit(3)))
    assert estimates[0].done < estimates[0].total / 10
    assert [item.done for item in estimates] == sorted({item.done for item in estimates})
    assert estimates[-1].done == estimates[-1].total == 15 * 15
    maps = [item.raw for item in estimates]
    assert all(bool(item.isfinite().all()) for item in maps)
    last = maps[-1].flatten()

    def likeness(item):
        return float(torch.corrcoef(torch.stack([item.flatten(), last]))[0, 1])

    assert likeness(maps[len(maps) // 4]) > 0.5
    assert likeness(maps[len(maps) // 2]) > likeness(maps[0])


def test_the_curve_and_the_most_important_window_stand_beside_the_map(bundled):
    photo = picture(1, 1, 3, 96, 96)
    *_, last = Occlusion(24, 12).estimates(bundled, photo, logit(3))
    (caption, framed), (_, plot) = last.beside(photo[0])
    window = last.facts["window"]
    assert caption == f"without the window\n{window['before']:.3g} becomes {window['after']:.3g}"
    changed = (framed != photo[0]).any(0)
    rows, columns = changed.any(1).nonzero(), changed.any(0).nonzero()
    assert [int(rows[0]), int(columns[0])] == [window["top"], window["left"]]
    assert [len(rows), len(columns)] == [window["height"], window["width"]]
    assert not bool(changed[window["top"] + 4 : window["top"] + 20, window["left"] + 4 : window["left"] + 20].any())
    assert plot.shape == (3, 96, 96)
    assert bool(((plot[0] > 0.6) & (plot[1] < 0.4)).any())
    made = reverie.explain(bundled, photo, method="occlusion", window=24, size=(96, 96))
    assert len(made.findings[0].beside) == 2
    both = reverie.explain(bundled, photo, method=["gradient", "occlusion"], window=24, size=(96, 96))
    assert both.findings == ()


def test_cells_go_from_coarse_to_fine():
    order = coarse_to_fine(5, 6)
    assert sorted(order) == list(range(30))
    assert order[:4] == [0, 24, 4, 28]
    assert order[4:9] == [2, 26, 12, 16, 14]


def test_an_unknown_window_has_the_nearest_known_loss():
    losses = torch.tensor([[1.0, torch.nan], [torch.nan, 4.0]])
    spans = [(0, 2), (2, 4)]
    found = heat(losses, spans, spans, (4, 4))
    assert found[0, 0] == 1
    assert found[3, 3] == 4
    assert set(found.flatten().tolist()) == {1.0, 4.0}


@pytest.mark.parametrize(
    ("window", "stride", "message"),
    [
        (49, None, "window must be 1 to 48, the photo's short side, not 49"),
        (0, None, "window must be 1 to 48, the photo's short side, not 0"),
        (8, 9, "stride must be 1 to 8, the window's side, so that no gap is left, not 9"),
        (8, 0, "stride must be 1 to 8, the window's side, so that no gap is left, not 0"),
    ],
)
def test_windows_are_checked(model, window, stride, message):
    with pytest.raises(InvalidSetting) as caught:
        attribute(model, picture(1), logit(0), Occlusion(window, stride))
    assert str(caught.value) == message


def test_the_model_is_left_as_found_after_an_error(deep, monkeypatch):
    network = deep.variants.module(["logits"])
    before = state(network)
    monkeypatch.setattr(stretches, "SPLIT", 0.0)
    monkeypatch.setattr(Covered, "_patched", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        attribute(deep, picture(1, 1, 3, 64, 64), logit(1), Occlusion(16, 16))
    assert state(network) == before


def test_bfloat16_is_refused():
    rounded = reverie.load(seeded(Tiny), size=48, precision="bfloat16")
    with pytest.raises(InvalidSetting, match="bfloat16's rounding; use --precision float32"):
        attribute(rounded, picture(1), logit(1), Occlusion())
