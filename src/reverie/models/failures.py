"""What torch says when a network or the memory fails, as one sentence."""

import contextlib
from collections.abc import Iterator

from reverie import memory
from reverie.errors import InvalidSetting, OutOfMemory, ReverieError
from reverie.image import Size
from reverie.models.causes import cause, line
from reverie.models.model import Model


@contextlib.contextmanager
def reported(model: Model, size: Size, remedy: str) -> Iterator[None]:
    """Turns the several ways in which torch says that memory ran out, or that the network cannot, into one.

    Args:
        size: of the picture that the network is shown.
        remedy: what helps where the memory was not enough.

    Raises:
        OutOfMemory: it was not.
        ReverieError: the network failed.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if memory.short(error):
            raise OutOfMemory(f"the memory was not enough; {remedy}") from None
        known = cause(error)
        if known:
            raise InvalidSetting(f"{model.name} cannot be asked: {known}") from error
        remedy = "; try its native size" if size != model.size else ""
        raise ReverieError(
            f"{model.name} failed on a picture of {size[0]}x{size[1]} ({line(error)}){remedy}"
        ) from error
