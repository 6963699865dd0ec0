import pytest

from reverie import errors
from reverie.errors import ReverieError, nearest


def test_all_errors_are_of_one_tree():
    kinds = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, Exception)]
    assert all(issubclass(kind, ReverieError) for kind in kinds)
    assert all(f"+ {kind.__name__}" in errors.__doc__ for kind in kinds if kind is not ReverieError)
    assert issubclass(errors.UnknownName, LookupError)
    assert issubclass(errors.UnsuitableImage, ValueError)
    assert issubclass(errors.InvalidSetting, ValueError)


@pytest.mark.parametrize(
    ("name", "shown"),
    [("bloc4", "'Block4', 'block1'"), ("BLOCK4", "'Block4', 'block1'"), ("qqqq", "'conv1', 'stem'")],
)
def test_nearest_names_come_first_and_else_the_first_ones(name, shown):
    assert nearest(name, ["conv1", "stem", "block1", "Block4"], 2) == shown


def test_nearest_of_nothing_is_nothing():
    assert nearest("x", []) == ""
