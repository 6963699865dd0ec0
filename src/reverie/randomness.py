"""Explicit sources of chance: one generator per picture, seeded from (seed, name), never from the place in a batch."""

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

Generators = Sequence[torch.Generator]


def generator(seed: int, name: str) -> torch.Generator:
    """A generator on the CPU (so that every device draws the same numbers) for the picture of this name."""
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def normal(shape: Sequence[int], generators: Generators) -> Tensor:
    """Standard normal numbers [N, *shape], row i drawn from generator i."""
    return torch.stack([torch.randn(tuple(shape), generator=source) for source in generators])


def uniform(low: float, high: float, shape: Sequence[int], generators: Generators) -> Tensor:
    """Uniform numbers in [low, high), shape [N, *shape], row i drawn from generator i."""
    return torch.stack([torch.rand(tuple(shape), generator=source) for source in generators]) * (high - low) + low


def integers(low: int, high: int, count: int, generators: Generators) -> list[list[int]]:
    """For each generator `count` whole numbers from low to high, both included."""
    return [torch.randint(low, high + 1, (count,), generator=source).tolist() for source in generators]
