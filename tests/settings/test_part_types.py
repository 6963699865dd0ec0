"""Parts built by hand of values of other types than their fields say."""

import pytest

from reverie import Ascent, Recipe, Stage, iterate, synthesize
from reverie.errors import ReverieError
from reverie.objectives import channel
from reverie.parameterizations import Fourier
from reverie.transforms import Jitter

WISH = channel("mix", 1)


def stage(objectives=(WISH,), size=(16, 16), ascent=Ascent()):  # noqa: B008
    return Stage(objectives, size, 1, ascent)


def recipe(names=("a",), stages=None, parameterization=Fourier(), **more):  # noqa: B008
    return Recipe(names, (stage(),) if stages is None else stages, parameterization, **more)


@pytest.mark.parametrize(
    ("build", "said"),
    [
        (lambda: stage(size=64), "size of Stage must be 2 whole numbers, not 64"),
        (lambda: stage(size=(16, 16, 3)), "size of Stage must be 2 whole numbers, not (16, 16, 3)"),
        (lambda: stage("mix:1"), "objectives of Stage must be Objectives, not 'mix:1'"),
        (lambda: stage(ascent="adam"), "ascent of Stage must be an Ascent, not 'adam'"),
        (lambda: Ascent(rate=0.1), "rate of Ascent must be 2 numbers, not 0.1"),
        (lambda: Fourier(cutoff="a"), "cutoff of Fourier must be a number, not 'a'"),
        (lambda: Jitter(None), "amount of Jitter must be a number, not None"),
        (lambda: recipe(parameterization="fourier"), "parameterization of Recipe must be a Parameterization, not 'f"),
        (lambda: recipe(parameterization=Fourier), "parameterization of Recipe must be a Parameterization, not <cl"),
        (lambda: recipe(transforms=("jitter",)), "transforms of Recipe must be Transforms, not ('jitter',)"),
        (lambda: recipe(photo="a.png"), "photo of Recipe must be a Tensor, not 'a.png'"),
        (lambda: recipe(seed="x"), "seed of Recipe must be a whole number, not 'x'"),
        (lambda: recipe(stages=()), "a recipe needs at least one name and one stage"),
        (lambda: recipe(labels=("a", "b")), "a recipe needs one label for each picture, or none"),
        (lambda: synthesize("bundled", recipe()), "model of synthesize must be a Model, not 'bundled'; reverie.load"),
    ],
)
def test_a_value_of_another_type_is_refused_in_a_sentence(build, said):
    with pytest.raises(ReverieError) as refused:
        build()
    assert str(refused.value).startswith(said)


def test_a_list_or_one_value_alone_stands_for_several():
    made = recipe("a", stage(WISH, [16, 16]), transforms=[Jitter(0.1)])
    assert made == recipe(transforms=(Jitter(0.1),))
    assert Ascent(blur=[2.0, 1.0]).blur == (2.0, 1.0)


def test_labels_are_the_names_unless_given(model):
    assert recipe().select([0]).labels == ("a",)
    assert synthesize(model, recipe()).labels == ("a",)


@pytest.mark.parametrize(("wish", "said"), [("nope", "has no layer 'nope'"), ("mix", "99 is out of range")])
def test_a_recipe_says_what_the_network_does_not_have(model, wish, said):
    with pytest.raises(ReverieError, match=said):
        next(iterate(model, recipe(stages=stage(channel(wish, 99)))))
