"""Zooms: a camera that moves into a dream for ever, each frame dreamt from the one before."""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from reverie import recipes
from reverie.errors import InvalidSetting
from reverie.image import Photo
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.sources import load
from reverie.objectives import Objective
from reverie.record import Record, versions
from reverie.synthesis import AddedDetail, Recipe, synthesize
from reverie.synthesis.recipe import check, count
from reverie.video.frames import Frame, Shot, rounded
from reverie.video.optical_flow import camera, carried


def zoom(
    model: Model | str | nn.Module,
    photo: Photo,
    layers: str | Sequence[str] | None = None,
    *,
    frames: int = 250,
    zoom: float = 1.02,
    rotate: float = 0.0,
    right: float = 0.0,
    down: float = 0.0,
    steady: float = 0.1,
    fps: float = 25,
    preset: str = "zoom",
    **settings: Any,
) -> Shot:
    """A camera moves into a photo that turns into a dream, and goes on for as many frames as one likes.

    The first frame is the photo. Each further one is the last one, moved and dreamt a little; the colours of the
    photo are held on to, so that it goes neither dark nor grey.

    Args:
        photo: a file, `sample:flower`, `sample:china`, a picture, array or tensor.
        layers: UNIT or UNIT=WEIGHT to amplify, jointly; or each with the frame where it reigns: 'block8 at 60'.
        frames: how many.
        zoom: how much nearer each frame is than the one before; below 1 it moves away.
        rotate: degrees by which the camera turns in each frame.
        right: how far the camera moves in each frame, as a share of the width; below 0 to the left.
        down: as right, of the height; below 0 upwards.
        steady: share by which each frame's colours are drawn back to the photo's; 0 lets them go.
        fps: frames a second.
        preset: settings of each frame's dream to start from: zoom, default, google or essay-dream.
        settings: those of `dream`.

    Returns:
        A shot, of which no frame is made yet.

    Raises:
        UnsuitableImage: a photo that cannot be read, or too small for the network.
        UnknownName: no such layer, channel, class, preset or prior.
        InvalidSetting: a number out of range, or frames of layers that are not in order.
    """
    count("frames", frames)
    check("zoom", zoom, 0.5, 2)
    check("rotate", rotate, -180, 180)
    check("right", right, -0.5, 0.5)
    check("down", down, -0.5, 0.5)
    check("steady", steady, 0, 1)
    ready = load(model)
    way = Way(ready, photo, layers, preset=preset, **settings)
    flow = camera(way.recipe.size, zoom=zoom, rotate=rotate, right=right, down=down)

    def run(after: Frame | None) -> Iterator[Frame]:
        assert way.recipe.photo is not None
        first = way.recipe.photo.cpu()
        if after is None:
            after = Frame(0, frames, rounded(first))
            yield after
        for number in range(after.number + 1, frames):
            seen = carried(after.image, flow).clamp(0, 1)
            dreamt = synthesize(ready, way.recipe_at(number, seen.to(ready.device))).images
            after = Frame(number, frames, rounded(steadied(dreamt, first, steady)))
            yield after

    moves = {"frames": frames, "zoom": zoom, "rotate": rotate, "right": right, "down": down, "steady": steady,
             "fps": fps}  # fmt: skip
    arguments = {**way.recipe.origin[1], "layers": way.texts, **moves}
    return Shot(Record("zoom", arguments, ready.source, versions=versions()), frames, run, fps)


class Way:
    """The layers along a film, as one recipe at each frame."""

    def __init__(self, model: Model, photo: Photo, layers: str | Sequence[str] | None, **settings: Any) -> None:
        self.texts = [layers] if isinstance(layers, str) else list(layers or [])
        placed = [placed_at(text) for text in self.texts]
        self.recipe = recipes.dream(model, photo, [text for text, _ in placed] or None, **settings)
        self.texts = self.texts or list(self.recipe.each["layers"])
        self.keys: list[tuple[int, Objective]] = []
        if any(frame is not None for _, frame in placed):
            self.keys = self._keys(model, placed, settings)

    def _keys(
        self, model: Model, placed: Sequence[tuple[str, int | None]], settings: dict[str, Any]
    ) -> list[tuple[int, Objective]]:
        """Objectives by their frames, on one scale: a layer's score is what the photo gives it."""
        assert self.recipe.photo is not None
        frames = [frame for _, frame in placed if frame is not None]
        if len(frames) < len(placed) or sorted(set(frames)) != frames:
            raise InvalidSetting("give every layer its frame or none, each later than the one before: 'block8 at 60'")
        keys = []
        for (text, _), frame in zip(placed, frames, strict=True):
            alone = recipes.dream(model, self.recipe.photo, text, **{**settings, "size": None})
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
    """Of a symmetric matrix, whose smallest eigenvalues are lifted."""
    values, vectors = torch.linalg.eigh(matrix)
    return Tensor((vectors * values.clamp_min(1e-6) ** exponent) @ vectors.T)
