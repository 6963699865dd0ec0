import pytest
import torch
from torch import nn

import reverie
from reverie.errors import InvalidSetting, UnknownName
from reverie.models.integrity import weights_digest
from reverie.models.moments import channel_moments
from reverie.models.probe import probe
from reverie.unit import Unit
from tiny import CLASSES, Call, Tiny, picture, plain, seeded


def refusal(call) -> str:
    with pytest.raises((UnknownName, InvalidSetting)) as caught:
        call()
    return str(caught.value)


def test_an_unknown_layer_names_the_nearest(model):
    assert refusal(lambda: model.layer("block.conv3")) == (
        "Tiny has no layer 'block.conv3'; nearest: 'block.conv2', 'block.conv1', 'block.bn2'; "
        "list them with 'reverie layers Tiny'"
    )


def test_underscores_are_not_dots(model):
    assert "has no layer 'block_conv1'" in refusal(lambda: model.units("block_conv1:0"))


def test_a_channel_out_of_range_names_the_range(model):
    assert refusal(lambda: model.units("mix:12")) == (
        "'mix' of Tiny has 12 channels, 0 to 11; 12 is out of range, nearest: 'mix:11'"
    )


def test_a_channel_below_zero_is_refused(model):
    assert "out of range" in refusal(lambda: model.units(Unit("mix", (-1,))))


def test_positions_need_a_grid(model):
    assert refusal(lambda: model.units("logits:1@0,0")) == (
        "'logits' of Tiny has no rows and columns; leave out what follows '@'"
    )


def test_no_unit_is_refused(model):
    assert refusal(lambda: model.units([])) == "no unit is named; name at least one, such as 'block8:12'"


def test_a_sequentials_numbers_are_layers(sequential):
    assert sequential.units("3:1") == (Unit("3", (1,)),)


def test_classes_are_named_by_their_first_synonym_whole(model):
    assert model.units("logits:tiger") == (Unit("logits", (1,)),)
    assert model.units('logits:"Tiger cat"') == (Unit("logits", (0,)),)
    assert model.units("fc:beetle") == (Unit("fc", (3,)),)


def test_several_classes_of_a_name_are_listed(model):
    assert refusal(lambda: model.units("logits:owl")) == (
        "Tiny has 2 classes named 'owl': 'logits:2' (owl), 'logits:4' (owl); name one by its number"
    )


def test_an_unknown_class_names_the_nearest(model):
    assert refusal(lambda: model.units("logits:tig")) == "Tiny has no class 'tig'; nearest: 'tiger cat', 'tiger'"
    assert "nearest: 'beetle'" in refusal(lambda: model.units("logits:betle"))
    assert "has other channels than classes" in refusal(lambda: model.units("mix:tiger"))


def test_a_network_without_classes_says_so(sequential):
    assert refusal(lambda: sequential.units("logits:tiger")) == (
        "'tiger' in 'logits:tiger' is no channel number, and Sequential has no class names; "
        "give them with --classes FILE (classes= in Python), one a line"
    )


def test_labels_say_the_class(model):
    assert model.label(Unit("logits", (0,))) == "tiger cat (logits:0)"
    assert model.label(Unit("block", (0,))) == "block:0"


def test_normalisation_is_the_models_own(module):
    own = reverie.load(module, size=48, mean=(0.1, 0.2, 0.3), std=(0.5, 0.25, 1))
    image = picture(1)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in ((0.1, 0.2, 0.3), (0.5, 0.25, 1)))
    assert torch.allclose(own.normalised(image), (image - mean) / std)
    usual = reverie.load(module, size=48)
    assert usual.mean == (0.485, 0.456, 0.406)
    assert usual.std == (0.229, 0.224, 0.225)


def test_one_value_of_normalisation_stands_for_all_channels(module):
    assert reverie.load(module, size=48, mean=[0.5], std=[0.25]).mean == (0.5, 0.5, 0.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mean": [0.5, 0.5]}, "mean has 2 values, but the network's input has 3 channels"),
        ({"std": [0.5, 0, 0.5]}, "std must be numbers above 0, not (0.5, 0.0, 0.5)"),
        ({"precision": "float16"}, "there is no precision 'float16' here; nearest: 'bfloat16', 'float32'; "
                                   "allowed are float32, bfloat16, auto"),
    ],
)
def test_wrong_settings_are_refused(module, options, message):
    assert refusal(lambda: reverie.load(module, size=48, **options)) == message


@pytest.mark.parametrize("device", ["tpu", "cpu:x", "cuda:99", ""])
def test_a_device_that_is_not_here_is_refused(module, device):
    assert refusal(lambda: reverie.load(module, size=48, device=device)).startswith(
        f"there is no device '{device}' here; "
    )


def test_a_module_that_does_not_run_says_how_to_mend_it():
    head = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(2 * 30 * 30, 4))
    message = refusal(lambda: reverie.load(head, size=48))
    assert message.startswith("Sequential does not run on a picture of 48x48 with 3 channels (")
    assert message.endswith("); give its native size with --native-size (size= in Python)")
    assert reverie.load(head, size=32).layers["logits"].channels == 4


def test_grey_networks_have_one_channel():
    grey = reverie.load(nn.Sequential(nn.Conv2d(1, 4, 3)), size=32)
    assert (grey.channels, grey.mean, grey.std) == (1, (0.5,), (0.25,))
    assert reverie.feature(grey, "0:1", size=32, steps=2).images.shape == (1, 1, 32, 32)


def test_a_network_of_one_size_is_shown_the_picture_resized():
    head = nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(2 * 30 * 30, 4))
    fixed = reverie.load(seeded(lambda: head), size=32)
    assert fixed.takes_one_size(["logits"])
    made = reverie.feature(fixed, "logits:1", size=40, steps=2)
    assert made.images.shape == (1, 3, 40, 40)
    assert made.record.automatic["resized_to"] == [32, 32]


def test_a_fixed_head_squeezes_no_layer_before_it(photo):
    body = [nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 30 * 30, 4)]
    model = reverie.load(seeded(lambda: nn.Sequential(*body)), size=32)
    assert [model.takes_one_size([layer]) for layer in ("0", "1", "logits")] == [False, False, True]
    assert model.takes_one_size(["0", "logits"])
    image = picture(2, 1, 3, 40, 96)
    wanted = nn.functional.conv2d(model.normalised(image), body[0].weight, body[0].bias)
    assert torch.allclose(probe(model, image, ["0"])["0"], wanted, atol=1e-5)
    made = reverie.dream(model, photo, ["0"], octaves=1, steps=2)
    assert (made.images.shape, made.record.automatic["resized_to"]) == ((1, 3, 41, 53), None)
    about = reverie.explain(model, photo, "logits:1", size="40x96").record.automatic
    assert about["resized_to"] == [32, 32]
    assert "resized_to" not in reverie.explain(model, photo, "0:1", size="40x96").record.automatic


def test_the_smallest_side_is_where_the_network_starts_to_run():
    network = reverie.load(nn.Sequential(nn.Conv2d(3, 4, 7), nn.MaxPool2d(4), nn.Conv2d(4, 4, 3)), size=64)
    for layer, side in (("0", 7), ("1", 10), ("2", 18)):
        assert network.smallest_side([layer]) == side


def test_grid_is_that_of_the_layer(model):
    assert model.grid("mix", (40, 24)) == (10, 6)


def test_the_digest_is_that_of_the_weights(module, tmp_path):
    twin = seeded(Tiny)
    assert weights_digest(module) == weights_digest(twin)
    with torch.no_grad():
        twin.fc.bias[0] += 1e-3
    assert weights_digest(module) != weights_digest(twin)


def test_bfloat16_points_the_same_way(module):
    image = picture(1).requires_grad_()
    slopes = []
    for precision in ("float32", "bfloat16"):
        network = reverie.load(module, size=48, precision=precision)
        value = probe(network, image, ["block"])["block"]
        assert value.dtype == torch.float32
        slopes.append(torch.autograd.grad(value.mean(), image)[0].flatten())
    assert torch.nn.functional.cosine_similarity(*slopes, dim=0) > 0.9


def test_whitening_has_one_mean_and_deviation_for_each_channel(sequential):
    mean, deviation = channel_moments(sequential, "3")
    assert mean.shape == deviation.shape == (8,)
    assert float(deviation.min()) > 0


def test_a_module_that_cannot_be_copied_is_refused():
    class Stuck(nn.Module):
        def __deepcopy__(self, memo):
            raise TypeError("no copies")

    assert refusal(lambda: reverie.load(Stuck())) == (
        "the module cannot be copied (no copies); take out of it what cannot be, or give it a __deepcopy__ that can"
    )


def test_outputs_of_other_kinds_have_logits():
    class Named(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = plain()

        def forward(self, x):
            return {"features": x, "logits": self.body(x).mean((2, 3))}

    assert reverie.load(Named(), size=32).layers["logits"].channels == 8
    assert (
        reverie.load(nn.Sequential(plain(), Call(lambda x: (x.mean((2, 3)), x))), size=32).layers["logits"].channels
        == 8
    )


def test_loading_leaves_the_global_random_state(module):
    before = torch.random.get_rng_state()
    reverie.load(module, weights=None, size=48)
    reverie.load("squeezenet1_1", weights=None, size=64)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_random_networks_are_the_same_each_time_and_alive():
    first, second = (reverie.load("resnet18", weights=None, size=64) for _ in range(2))
    assert first.source["weights_sha256"] == second.source["weights_sha256"]
    value = probe(first, picture(1, 1, 3, 64, 64), ["layer4"])["layer4"]
    assert 0.1 < float(value.std()) < 10
    assert first.source["weights"] is None
    assert len(first.classes) == 1000
    assert CLASSES[1] in first.classes
