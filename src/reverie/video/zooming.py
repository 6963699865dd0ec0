"""Zooms: a camera that moves into a dream for ever, each frame dreamt from the one before."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from reverie import recipes
from reverie.errors import InvalidSetting
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.sources import load
from reverie.objectives import Objective
from reverie.record import Record, versions
from reverie.settings.calling import called_with
from reverie.settings.dream import Dream
from reverie.settings.zoom import Zoom
from reverie.synthesis import AddedDetail, Recipe, synthesize
from reverie.video.frames import Frame, Shot, rounded
from reverie.video.optical_flow import camera, carried

MOVES = ("frames", "zoom", "rotate", "right", "down", "steady", "fps")  # of a zoom beside its dream, for its record


@called_with(Zoom)
def zoom(model: Model | str | nn.Module, asked: Zoom) -> Shot:
    """Moves a camera into a photo that turns into a dream, and goes on for as many frames as one likes.

    The first frame is the photo. Each further one is the last one, moved and dreamt a little; the colours of the
    photo are held on to, so that it goes neither dark nor grey. Each of several layers may be given the frame where it
    reigns: 'block8 at 60'.

    Returns:
        A shot, of which no frame is made yet.

    Raises:
        UnsuitableImage: a photo that cannot be read, or too small for the network.
        UnknownName: no such layer, channel, class, preset or prior.
        InvalidSetting: a number out of range, or frames of layers that are not in order.
    """
    ready, frames = load(model), asked.frames
    way = Way(ready, asked.shared(Dream))
    flow = camera(way.recipe.size, zoom=asked.zoom, rotate=asked.rotate, right=asked.right, down=asked.down)

    def run(after: Frame | None) -> Iterator[Frame]:
        assert way.recipe.photo is not None
        first = way.recipe.photo.cpu()
        if after is None:
            after = Frame(0, frames, rounded(first))
            yield after
        for number in range(after.number + 1, frames):
            seen = carried(after.image, flow).clamp(0, 1)
            dreamt = synthesize(ready, way.recipe_at(number, seen.to(ready.device))).images
            after = Frame(number, frames, rounded(steadied(dreamt, first, asked.steady)))
            yield after

    moves = {name: getattr(asked, name) for name in MOVES}
    arguments = {**way.recipe.origin[1], "layers": way.texts, **moves}
    return Shot(Record("zoom", arguments, ready.described, versions=versions()), frames, run, asked.fps)


class Way:
    """The layers along a film, as one recipe at each frame."""

    def __init__(self, model: Model, asked: Dream) -> None:
        self.texts = list(asked.layers)
        placed = [placed_at(text) for text in self.texts]
        self.recipe: Recipe = recipes.dream(model, asked, layers=[text for text, _ in placed])
        self.texts = self.texts or list(self.recipe.each["layers"])
        self.keys: list[tuple[int, Objective]] = []
        if any(frame is not None for _, frame in placed):
            self.keys = self._keys(model, placed, asked)

    def _keys(
        self, model: Model, placed: Sequence[tuple[str, int | None]], asked: Dream
    ) -> list[tuple[int, Objective]]:
        """Objectives by their frames, on one scale: a layer's score is what the photo gives it."""
        assert self.recipe.photo is not None
        frames = [frame for _, frame in placed if frame is not None]
        if len(frames) < len(placed) or sorted(set(frames)) != frames:
            raise InvalidSetting("give every layer its frame or none, each later than the one before: 'block8 at 60'")
        keys = []
        for (text, _), frame in zip(placed, frames, strict=True):
            alone = recipes.dream(model, asked, photo=self.recipe.photo, layers=text, size=None)
            objective = alone.stages[-1].objectives[0]
            with torch.no_grad():
                score = float(objective.score(probe(model, self.recipe.photo, objective.layers))[0])
            keys.append((frame, objective * (1 / max(abs(score), 1e-6))))
        return keys

    def recipe_at(self, number: int, photo: Tensor) -> Recipe:
        """The recipe of a frame that starts as this photo, with chances of its own."""
        stages = self.recipe.stages
        if self.keys:
            stages = tuple(replace(stage, objectives=(self._blended(number),)) for stage in stages)
        return replace(
            self.recipe,
            photo=photo,
            opacity=None,
            carry=AddedDetail(photo),
            stages=stages,
            seed=self.recipe.seed + number,
        )

    def _blended(self, number: int) -> Objective:
        """The layer that reigns at a frame, or the two between which it lies, the share of each eased."""
        before = [key for key in self.keys if key[0] <= number] or self.keys[:1]
        behind = [key for key in self.keys if key[0] > number]
        if not behind or before[-1] is behind[0]:
            return before[-1][1]
        (start, leaving), (end, coming) = before[-1], behind[0]
        share = (1 - math.cos(math.pi * (number - start) / (end - start))) / 2
        return (1 - share) * leaving + share * coming if share > 0 else leaving


def placed_at(text: str) -> tuple[str, int | None]:
    """`UNIT at FRAME` apart; None where no frame is said."""
    found = re.fullmatch(r"(.+?)\s+at\s+(\d+)", text)
    return (found[1], int(found[2])) if found else (text, None)


def steadied(image: Tensor, photo: Tensor, share: float) -> Tensor:
    """The image with the mean and the covariance of its colours drawn to the photo's by a share.

    The linear map between the two covariances that moves colours least.
    """
    mean, spread = _colours(image)
    wanted, width = _colours(photo)
    root = _power(spread, 0.5)
    inverse = _power(spread, -0.5)
    turn = inverse @ _power(root @ width @ root, 0.5) @ inverse
    drawn = torch.einsum("dc,nchw->ndhw", turn, image - mean) + wanted
    return torch.lerp(image, drawn, share).clamp(0, 1)


def _colours(image: Tensor) -> tuple[Tensor, Tensor]:
    """Mean [1,C,1,1] and covariance [C,C] of an image's colours."""
    mean = image.mean((2, 3), keepdim=True)
    values = (image - mean)[0].flatten(1)
    return mean, values @ values.T / values.shape[1] + 1e-6 * torch.eye(len(values))


def _power(matrix: Tensor, exponent: float) -> Tensor:
    """A power of a symmetric matrix, whose smallest eigenvalues are lifted."""
    values, vectors = torch.linalg.eigh(matrix)
    return Tensor((vectors * values.clamp_min(1e-6) ** exponent) @ vectors.T)
