"""Explicit sources of chance: one generator per picture, seeded from (seed, name), never from the place in a batch."""

import contextlib
import hashlib
import warnings
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

Generators = Sequence[torch.Generator]


def generator(seed: int, name: str) -> torch.Generator:
    """A generator on the CPU (so that every device draws the same numbers) for the picture of this name."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Leaves torch's global generator and the filters of warnings as they were, whatever others' code does to them."""
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
        yield


def normal(shape: Sequence[int], generators: Generators) -> Tensor:
    """Standard normal numbers [N, *shape], row i drawn from generator i."""
    return torch.stack([torch.randn(tuple(shape), generator=source) for source in generators])


def uniform(low: float, high: float, shape: Sequence[int], generators: Generators) -> Tensor:
    """Uniform numbers in [low, high), shape [N, *shape], row i drawn from generator i."""
    return torch.stack([torch.rand(tuple(shape), generator=source) for source in generators]) * (high - low) + low


def integers(low: int, high: int, count: int, generators: Generators) -> list[list[int]]:
    """For each generator `count` whole numbers from low to high, both included."""
    return [torch.randint(low, high + 1, (count,), generator=source).tolist() for source in generators]
