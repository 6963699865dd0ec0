"""Label: the class of photos, or the simple formula of classes, whose presence a unit tells best."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from reverie.dataset.tallies import Array
from reverie.truth.intervals import area_interval

LONGEST = 3  # classes in a formula
BEAM = 4  # formulas that are made longer
FEWEST = 3  # photos on either side of a formula
BETTER = 0.005  # by which a longer formula must tell it better
SHUFFLES = 100


@dataclass(frozen=True, eq=False)
class Formula:
    """Classes joined by AND, OR and NOT.

    Attributes:
        text: such as `tabby OR tiger cat`.
        where: which photos it holds for, [n].
        kinds: the classes in it; none is counted twice, and no more than LONGEST are.
        joint: the word that joins the last one; empty of a single class.
        negations: how many of the classes stand behind a NOT.
    """

    text: str
    where: Array
    kinds: tuple[str, ...]
    joint: str = ""
    negations: int = 0


@dataclass(frozen=True)
class Label:
    """The formula that a unit tells best.

    Attributes:
        formula: as text.
        area: the chance that a photo for which it holds excites the unit more than one for which it does not.
        interval: of 95 %.
        effect: (mean where it holds - mean elsewhere) / deviation elsewhere.
        chance: the area that the best formula of shuffled classes stays below in 95 of 100 shuffles.
        photos: for which it holds, and all.
    """

    formula: str
    area: float
    interval: tuple[float, float]
    effect: float
    chance: float
    photos: tuple[int, int]

    @property
    def real(self) -> bool:
        """Whether it tells more than chance does."""
        return self.area > self.chance


def label(values: Array, kinds: Sequence[str | None], *, seed: int = 0) -> Label | None:
    """The formula that goes best with a unit's values [n] in photos of these classes; None without two classes.

    Source: Bykov et al. 2023, "Labeling neural representations with inverse recognition" (INVERT); the effect is that
    of Kopf et al. 2024 (CoSy); differs: formulas are looked for anew in shuffled classes, as the best of many is high
    by chance.
    """
    from scipy.stats import rankdata  # slow to import

    known = np.array([kind is not None for kind in kinds])
    values, named = values[known], np.array([kind for kind in kinds if kind is not None])
    names = [name for name in dict.fromkeys(named.tolist()) if FEWEST <= (named == name).sum() <= len(named) - FEWEST]
    if len(names) < 2:
        return None
    ranks = rankdata(values)
    best = _best(ranks, named, names)
    if best is None:
        return None
    chance = np.random.default_rng(seed)
    found = (_best(ranks, chance.permutation(named), names) for _ in range(SHUFFLES))
    areas = [_area(ranks, each) for each in found if each is not None]
    inside, outside = values[best.where], values[~best.where]
    value = _area(ranks, best)
    effect = float((inside.mean() - outside.mean()) / max(float(outside.std()), 1e-12))
    interval = area_interval(value, len(inside), len(outside))
    return Label(best.text, value, interval, effect, float(np.quantile(areas, 0.95)), (len(inside), len(values)))


def _best(ranks: Array, named: Array, names: Sequence[str]) -> Formula | None:
    """The formula of the largest area by a search that keeps the BEAM best of each length."""
    atoms = [atom for name in names for atom in _atoms(name, named == name)]
    beam = _first(ranks, atoms)
    best = beam[0] if beam else None
    for _ in range(1, LONGEST):
        longer = {item.text: item for first in beam for item in _longer(first, atoms)}
        beam = _first(ranks, longer.values())
        if best is None or not beam or _area(ranks, beam[0]) < _area(ranks, best) + BETTER:
            break
        best = beam[0]
    return best


def _first(ranks: Array, items: Iterable[Formula]) -> list[Formula]:
    """The BEAM of the largest area, of equal ones those of fewer negations."""
    return sorted(items, key=lambda item: (-_area(ranks, item), item.negations))[:BEAM]


def _atoms(name: str, where: Array) -> Iterator[Formula]:
    yield Formula(name, where, (name,))
    yield Formula(f"NOT {name}", ~where, (name,), negations=1)


def _longer(first: Formula, atoms: Sequence[Formula]) -> Iterator[Formula]:
    for atom in atoms:
        if atom.kinds[0] in first.kinds:
            continue
        for word, where in (("AND", first.where & atom.where), ("OR", first.where | atom.where)):
            # where a part says nothing new the shorter formula stands
            if FEWEST <= where.sum() <= len(where) - FEWEST and not (where == first.where).all():
                inner = first.text if first.joint in ("", word) else f"({first.text})"
                kinds, negations = first.kinds + atom.kinds, first.negations + atom.negations
                yield Formula(f"{inner} {word} {atom.text}", where, kinds, word, negations)


def _area(ranks: Array, item: Formula) -> float:
    """The share of pairs of a photo inside and one outside in which the first one's rank is higher; ties count half."""
    inside = int(item.where.sum())
    return float((ranks[item.where].sum() - inside * (inside + 1) / 2) / (inside * (len(ranks) - inside)))
