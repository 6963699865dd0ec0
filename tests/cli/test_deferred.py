"""Calls in Python that are refused before torch is imported."""

import json
import subprocess
import sys

import pytest

CALLS = {
    'reverie.feature("efficientnet_lite0", "logits:tabbby")': "efficientnet_lite0 has no class 'tabbby'; nearest: 'tab",
    'reverie.feature("bundled", "mixed4a:")': "'mixed4a:' is not a unit: write LAYER",
    'reverie.feature("bundled", "mixed4a:1", stpes=3)': "feature takes no 'stpes'; nearest: 'steps'",
    'reverie.feature("bundled", "mixed4a:1", steps=0)': "steps must be 1 or more, not 0",
    'reverie.dream("bundled", "no.png")': "there is no file no.png",
    'reverie.dream("bundled", "sample:flower", preset="googel")': "there is no preset 'googel' here; nearest: 'google'",
    'reverie.fool("bundled", "sample:flower", target="ovl")': "bundled has no class 'ovl'; nearest: 'owl'",
    'reverie.feature("resnet5", "layer1:1")': "there is no network 'resnet5'; nearest: 'resnet50'",
    'reverie.load("resnet5")': "there is no network 'resnet5'; nearest: 'resnet50'",
    'reverie.load("nets.pyx")': "there is no network 'nets.pyx'; nearest: ",
    'reverie.feature("bundled", "mixed4a:1", negative=True, both=True)': "--both shows the negative side beside",
    'reverie.explain("bundled", "sample:flower", "ovl")': "'ovl' is no layer of bundled, and bundled has no",
}
REFUSED = """
import json, sys, reverie
for call in json.loads(sys.argv[1]):
    try:
        eval(call)
    except reverie.ReverieError as error:
        print(json.dumps([call, str(error), type(error).__name__, "torch" in sys.modules]))
"""
USED = """
import inspect, pydoc, sys
from reverie import feature
assert "torch" not in sys.modules
assert inspect.isroutine(feature)
assert "Makes pictures" in pydoc.render_doc(feature) and "diversity: " in pydoc.render_doc(feature)
import reverie
assert inspect.isfunction(reverie.feature) and inspect.signature(reverie.feature) == inspect.signature(feature)
made = feature("bundled", "stem:0", size=32, steps=1)
assert len(made) == 1 and feature.__doc__ == reverie.feature.__doc__
"""


def ran(*words: str) -> str:
    done = subprocess.run([sys.executable, "-c", *words], capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_wrong_in_a_call_is_refused_before_torch_is_imported_and_after_in_the_same_words():
    import reverie

    told = [json.loads(line) for line in ran(REFUSED, json.dumps(list(CALLS))).splitlines()]
    assert [call for call, *_ in told] == list(CALLS)
    for call, said, kind, torch in told:
        assert said.startswith(CALLS[call])
        assert not torch, call
        with pytest.raises(reverie.ReverieError) as caught:
            eval(call, {"reverie": reverie})
        assert (str(caught.value), type(caught.value).__name__) == (said, kind)


def test_a_deferred_function_is_told_and_called_as_it_is():
    ran(USED)
