"""What is spelt as a command line is read back by the command line as the same settings."""

import shlex

import pytest

from reverie.cli.commands import whole
from reverie.cli.signatures import _settings
from reverie.settings.dream import Dream
from reverie.settings.explain import Explain
from reverie.settings.feature import Feature
from reverie.settings.fool import Fool
from reverie.settings.invert import Invert
from reverie.settings.parts import Explained, Filmed, Network, Several, Verified
from reverie.settings.spelling import command_line, python_call
from reverie.settings.style import StyleTransfer

ASKED = [
    ("dream", Dream.made(photo="a b.png", layers=["block8:3=-0.5", 'logits:"tiger cat"'], size=(40, 60), mask="m.png",
                         strength=0.5, rate=0.01, prior=["l1=0.1"], seed=-3), Filmed.made(film="a.webp")),
    ("feature", Feature.made(units=["a:0 + 0.5*b:1", "c"], negative=True, window=False, diversity=4), Verified()),
    ("feature", Feature.made(units=["c"], window=True, start="grey"), Verified.made(output="x.png", force=True)),
    ("explain", Explain.made(photo="p.png", method=["gradient", "grad-cam"], control=True, unit="tiger"), Explained()),
    ("style", StyleTransfer.made(photo="p.png", styles=["a.png", "b.png"], style_weight=["1", "2.5"]), Filmed()),
    ("fool", Fool.made(target="owl", start="noise", radius=2), Filmed()),
    ("invert", Invert.made(photo="p.png", all=True), Several()),
]  # fmt: skip
NETWORK = Network.made(model="bundled", mean=".5,.5,.5", native_size=64, threads=2)


@pytest.mark.parametrize(("command", "asked", "writing"), ASKED)
def test_a_command_line_is_read_as_what_it_was_spelt_from(command, asked, writing):
    line = command_line(command, asked, NETWORK, writing)
    program, name, *words = shlex.split(line)
    assert (program, name) == ("reverie", command)
    parser = whole(command)
    given = parser.make_context(command, words).params
    classes = [type(asked), type(NETWORK), type(writing)]
    found = list(_settings(classes, {key: value for key, value in given.items() if value not in ((), [])}))
    first = found[0][0] if isinstance(found[0], list) else found[0]
    assert [first, *found[1:]] == [asked, NETWORK, writing]


@pytest.mark.parametrize(("command", "asked", "writing"), ASKED)
def test_a_call_in_python_gives_the_same_settings(command, asked, writing):
    class Reverie:
        @staticmethod
        def load(name, **options):
            return name

        def __getattr__(self, name):
            return lambda network, *leading, **given: (name, network, type(asked).of(*leading, **given))

    call = python_call(command, asked, NETWORK)
    assert eval(call, {"reverie": Reverie()}) == (command, "bundled", asked)


def test_a_call_in_a_changed_network_is_of_that_network():
    asked = Dream.made(photo="sample:flower")
    network, changes = Network.made(model="bundled", native_size=64), {"mixed4a:1": "ablate"}
    assert python_call("dream", asked, network, "dream.png", changes) == (
        "model = reverie.load('bundled', size=64)\n"
        "with reverie.intervene(model, {'mixed4a:1': 'ablate'}):\n"
        "    reverie.dream(model, 'sample:flower').save('dream.png')"
    )


def test_the_shortest_call_names_what_must_be_named_alone():
    asked = Dream.made(photo="sample:flower")
    assert command_line("dream", asked, Network(), Filmed()) == "reverie dream sample:flower"
    call = python_call("dream", asked, Network(), "dream.png")
    assert call == "reverie.dream('efficientnet_lite0', 'sample:flower').save('dream.png')"
