import importlib
import inspect
import types

import pytest

import reverie


@pytest.mark.parametrize("name", reverie.__all__)
def test_every_name_imports(name):
    assert getattr(reverie, name) is not None
    assert name in dir(reverie)


def test_a_map_has_its_commands_name_too():
    assert reverie.map is reverie.image_map
    assert "map" not in reverie.__all__


def test_names_are_sorted_and_each_once():
    assert reverie.__all__ == sorted(set(reverie.__all__))


def test_homes_are_those_of_the_names():
    assert list(reverie._HOMES) == reverie.__all__
    for name, home in reverie._HOMES.items():
        if home:
            assert getattr(importlib.import_module(home), name) is getattr(reverie, name)
        else:
            assert isinstance(getattr(reverie, name), types.ModuleType)


def test_types_see_the_same_names():
    import ast
    from pathlib import Path

    tree = ast.parse(Path(reverie.__file__).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    named = {alias.name: node.module for node in block.body for alias in node.names}
    assert named == {name: home or "reverie" for name, home in reverie._HOMES.items()}


def test_other_names_are_attribute_errors():
    with pytest.raises(AttributeError, match=r"^module 'reverie' has no attribute 'dreem'$"):
        _ = reverie.dreem


@pytest.mark.parametrize("name", ["objectives", "parameterizations", "recipes", "synthesis"])
def test_the_folders_export_what_they_say(name):
    module = importlib.import_module(f"reverie.{name}")
    assert all(hasattr(module, item) for item in module.__all__)


@pytest.mark.parametrize("name", [name for name in reverie.__all__ if inspect.isfunction(getattr(reverie, name))])
def test_signatures_tell_what_is_taken_and_returned(name):
    told = inspect.signature(getattr(reverie, name))
    assert told.return_annotation is not inspect.Signature.empty
    assert "Meta(" not in str(told)
    kinds = {item.kind for item in told.parameters.values()}
    assert inspect.Parameter.VAR_KEYWORD not in kinds
    assert inspect.Parameter.VAR_POSITIONAL not in kinds


NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
CALLED = [name for name in reverie.__all__ if inspect.isfunction(getattr(reverie, name))]


@pytest.mark.parametrize("name", [*CALLED, "Canvas", "Climb", "Style", "Views"])
def test_a_misspelt_keyword_is_answered_with_the_nearest(name):
    function = getattr(reverie, name)
    known = [item.name for item in inspect.signature(function).parameters.values() if item.kind in NAMED]
    for word in known:
        with pytest.raises(reverie.ReverieError, match=f"takes no '{word}x'; nearest: '{word}'"):
            function(*(["bundled"] if name in CALLED else []), **{f"{word}x": 1})
    if not known:
        with pytest.raises(reverie.ReverieError, match=f"{name} takes no 'all'; nearest: none, it"):
            function(all=1)
