"""Terms that read the picture: subtract them."""

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from reverie.image import resize
from reverie.models.probe import Activations
from reverie.objectives.objective import Objective, Term, constructor

GREY = 0.5


def _prior(text: str, total: Callable[[Tensor], Tensor], *, tiles: bool = True) -> Objective:
    """A term from a function that sums over a picture's pixels [N,C,H,W] -> [N]; its score is per pixel."""

    def statistics(activations: Activations) -> Tensor:
        sums = total(activations.picture)
        return torch.stack([sums, torch.full_like(sums, activations.picture[0].numel())], 1)

    return Objective(((1.0, Term(text, (), statistics, lambda sums: sums[:, 0] / sums[:, 1], tiles)),))


@constructor
def total_variation() -> Objective:
    """Mean absolute difference of neighbours. Source: Rudin, Osher, Fatemi 1992, anisotropic form; per pixel."""

    def total(picture: Tensor) -> Tensor:
        down, right = picture.diff(dim=-2).abs(), picture.diff(dim=-1).abs()
        return down.flatten(1).sum(1) + right.flatten(1).sum(1)

    return _prior("total_variation", total)


@constructor
def quadratic_variation() -> Objective:
    """Mean squared difference of neighbours: grain costs more than edges.

    Source: Mahendran, Vedaldi 2015, equation 5 with beta = 2; per pixel.
    """

    def total(picture: Tensor) -> Tensor:
        down, right = picture.diff(dim=-2).square(), picture.diff(dim=-1).square()
        return down.flatten(1).sum(1) + right.flatten(1).sum(1)

    return _prior("quadratic_variation", total)


@constructor
def alpha_norm(alpha: float = 6.0) -> Objective:
    """Mean distance from grey, in halves of the range, to the power of alpha: only what is nearly black or white costs.

    Source: Mahendran, Vedaldi 2015, section 2.1; per pixel, 1 for black and white.
    """
    return _prior("alpha_norm", lambda picture: (2 * (picture - GREY)).abs().pow(alpha).flatten(1).sum(1))


@constructor
def l1(reference: Tensor | None = None) -> Objective:
    """Mean absolute distance from grey, or from a photo [1,C,H,W], which is brought to the picture's size."""
    return _prior(
        _named("l1", reference),
        lambda picture: (picture - _reference(reference, picture)).abs().flatten(1).sum(1),
        tiles=reference is None,
    )


@constructor
def l2(reference: Tensor | None = None) -> Objective:
    """Mean squared distance from grey, or from a photo [1,C,H,W], which is brought to the picture's size."""
    return _prior(
        _named("l2", reference),
        lambda picture: (picture - _reference(reference, picture)).square().flatten(1).sum(1),
        tiles=reference is None,
    )


def _named(name: str, reference: Tensor | None) -> str:
    return name if reference is None else f"{name}-photo"


def _reference(reference: Tensor | None, picture: Tensor) -> Tensor | float:
    if reference is None:
        return GREY
    return resize(reference, (int(picture.shape[-2]), int(picture.shape[-1])))


PRIORS: Mapping[str, Callable[[], Objective]] = {
    "total-variation": total_variation,
    "l1": l1,
    "l2": l2,
    "quadratic-variation": quadratic_variation,
    "alpha-norm": alpha_norm,
}
PHOTO_PRIORS: Mapping[str, Callable[[Tensor], Objective]] = {"l1-photo": l1, "l2-photo": l2}
