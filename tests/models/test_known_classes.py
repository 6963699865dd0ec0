"""Class names that are known before a network is loaded."""

import importlib.machinery

import pytest

from reverie.errors import UnknownName
from reverie.models import known_classes as module
from reverie.models.known_classes import check_classes, check_network, imagenet_classes, known_classes
from reverie.models.names import BLOCKS, OWN
from reverie.models.own_networks import efficientnet_lite0
from reverie.models.sources import load
from reverie.models.zoos import import_torchvision, torchvision_names


@pytest.mark.parametrize("name", OWN)
def test_own_networks_have_the_classes_and_the_layers_that_are_known_of_them(name):
    network = load(name)
    assert tuple(known_classes(name)) == network.classes
    assert {layer.partition(".")[0] for layer in network.layers} == {*BLOCKS[name], "logits"}


def test_torchvisions_networks_have_the_classes_that_are_known_of_them():
    models = import_torchvision().models
    for name in torchvision_names():
        assert list(known_classes(name)) == models.get_model_weights(name).DEFAULT.meta["categories"], name
    for name in ("lenet", "timm:resnet18", "nets.py:make", "fasterrcnn_resnet50_fpn", None):
        assert not known_classes(name)


def test_names_without_a_colon_are_those_of_networks():
    for name in (*OWN, *torchvision_names(), "timm:any", "nets.py:make"):
        check_network(name)
    with pytest.raises(UnknownName, match="there is no network 'resnet5'; nearest: 'resnet50'"):
        check_network("resnet5")


def test_of_weights_from_a_file_no_classes_are_known():
    assert known_classes("resnet18", "none") == known_classes("resnet18")
    assert not known_classes("resnet18", "own.pt")


@pytest.mark.parametrize("source", ["", "_IMAGENET_CATEGORIES = None", "_IMAGENET_CATEGORIES = read()", "x = ("])
def test_where_torchvisions_source_does_not_list_them_the_network_says(tmp_path, monkeypatch, source):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "_meta.py").write_text(source)
    spec = importlib.machinery.ModuleSpec("torchvision", None)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda name: spec)
    assert imagenet_classes() == ()
    check_network("resnet5")
    assert efficientnet_lite0(None).classes[1] == "goldfish"


CLASSES = ["tiger cat, tabby", "owl", "king - crab", "a=b", "owl"]


@pytest.mark.parametrize(
    "text",
    [
        "logits:tiger cat", 'logits:"tiger cat"', "logits:Tiger Cat=2", "logits:king - crab", "logits:a=b", "logits",
        "logits:3", "block8:12 - 0.5*logits:tiger cat", "mean(logits:tiger cat) + total_variation", "head:no such",
        "logits:0-3,tiger cat",
    ],
)  # fmt: skip
def test_what_may_be_a_class_or_is_the_networks_to_judge_passes(text):
    check_classes("net", CLASSES, text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("logits:tiger", "net has no class 'tiger'; nearest: 'tiger cat'"),
        ("logits:tiger=2", "net has no class 'tiger'; nearest: 'tiger cat'"),
        ("logits:owl", "net has 2 classes named 'owl': 'logits:1' (owl), 'logits:4' (owl); name one by its number"),
        ("block8:12 - 0.5*logits:tigre", "net has no class 'tigre'; nearest: 'tiger cat'"),
        ("logits:tiger cat+ant", "net has no class 'ant'; nearest: 'tiger cat'"),
    ],
)
def test_a_misspelt_class_names_the_nearest(text, message):
    with pytest.raises(UnknownName) as caught:
        check_classes("net", CLASSES, text)
    assert message in str(caught.value)


def test_a_word_alone_is_a_class_where_it_can_be_no_layer():
    own = "efficientnet_lite0"
    for name, word in [(own, "block7.expand"), (own, "12"), (own, " Tiger Cat "), ("bundled", "stem.0"),
                       ("bundled", "blok:2"), ("resnet18", "layer3")]:  # fmt: skip
        check_classes(name, CLASSES, word, alone=True)
    for name, word in ((own, "tigre"), ("bundled", "block7"), ("resnet18", "tiger, cat")):
        with pytest.raises(UnknownName, match=rf"^'{word}' is no layer of {name}, and {name} has no class '{word}'; "):
            check_classes(name, CLASSES, word, alone=True)
