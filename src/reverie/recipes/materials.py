"""What a picture is made of, from plain arguments."""

from collections.abc import Mapping

from reverie.errors import UnknownName, nearest
from reverie.parameterizations import Fourier, Parameterization, Pixels

MADE_OF: Mapping[str, Parameterization] = {"pixels": Pixels(), "fourier": Fourier()}


def made_of(name: str) -> Parameterization:
    """The parameterization of this name.

    Raises:
        UnknownName: there is none.
    """
    if name not in MADE_OF:
        raise UnknownName(f"there is no parameterization '{name}'; nearest: {nearest(name, MADE_OF)}")
    return MADE_OF[name]
