"""Memory: how much is left, so that what cannot fit is refused before anything is allocated."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from reverie.errors import OutOfMemory

CGROUP = Path("/sys/fs/cgroup")  # version 2: what a container may take, and what it has taken


def available() -> int | None:
    """Bytes that this process may still take, as far as the system tells; None where it does not."""
    return min(_limits(), default=None)


def require(count: int, what: str, remedy: str) -> None:
    """Refuses what takes so many bytes where they are not there.

    Args:
        what: subject of the sentence, with its number, such as "a picture of 9x9".
        remedy: what helps.

    Raises:
        OutOfMemory: they are not.
    """
    left = available()
    if left is not None and count > left:
        raise OutOfMemory(f"{what} needs {_gigabytes(count)} of memory, and {_gigabytes(left)} are free; {remedy}")


def short(error: BaseException) -> bool:
    """Whether an error says, in one of the ways of Python, torch and its devices, that memory ran out."""
    words = (
        "allocate memory",
        "not enough memory",
        "out of memory",
        "bad_alloc",
        "storage size calculation overflowed",
    )
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(word in str(error).lower() for word in words)
    )


@contextlib.contextmanager
def reported(remedy: str) -> Iterator[None]:
    """Turns an error that says that memory ran out into one sentence.

    Raises:
        OutOfMemory: it did.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        if not short(error):
            raise
        raise OutOfMemory(f"the memory was not enough; {remedy}") from None


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.3g} GB" if count < 1e15 else "more than any machine's"


def _limits() -> Iterator[int]:
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        yield next(1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
        taken = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, StopIteration, ValueError):
        taken = 0
        if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
            yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if sys.platform != "win32":
        import resource  # of Unix alone

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            yield max(0, limit - taken)
    yield from _container()


def _container() -> Iterator[int]:
    """What is left of a container's memory; what it holds of files' pages can be had back."""
    try:
        most, now = ((CGROUP / f"memory.{name}").read_text(encoding="ascii") for name in ("max", "current"))
        facts = dict(line.split() for line in (CGROUP / "memory.stat").read_text(encoding="ascii").splitlines())
        if most.strip() != "max":
            yield max(0, int(most) - int(now) + int(facts["inactive_file"]))
    except (OSError, ValueError, KeyError):
        return
