"""Films: each frame's dream starts from the last one's, carried along by the film's own motion, so that it stays."""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import torch
from torch import Tensor, nn

from reverie import recipes
from reverie.image import in_channels, resize
from reverie.models.model import Model
from reverie.models.sources import load
from reverie.record import Record, versions
from reverie.settings.calling import called_with
from reverie.settings.dream import Dream
from reverie.settings.film import Film as Asked
from reverie.synthesis import AddedDetail, Recipe, Stage, synthesize
from reverie.transforms import gaussian
from reverie.video.footage import Film
from reverie.video.footage import footage as footage_of
from reverie.video.frames import Frame, Shot, rounded
from reverie.video.optical_flow import carried, optical_flow, seen_before

FRESH = 0.25  # share of the whole climb that each frame gets at least: what was not seen before is dreamt so fast
SOFT = 2.0  # pixels of blur where what is kept meets what is new


@called_with(Asked)
def film(model: Model | str | nn.Module, asked: Asked) -> Shot:
    """Dreams each frame of a film from the dream of the one before, so that the picture does not flicker.

    What the last dream changed is carried along by the optical flow, but for what the last frame did not show, and
    each frame is dreamt only as much as is missing there; a cut begins anew.

    Returns:
        A shot, of which no frame is made yet.

    Raises:
        UnsuitableImage: footage that cannot be read, or too small for the network.
        UnknownName: no such layer, channel, class, preset or prior.
        InvalidSetting: a number out of range.
        MissingExtra: PyAV or OpenCV is not installed.
    """
    ready, source = load(model), footage_of(asked.footage, asked.fps)
    recipe = recipes.dream(ready, asked.shared(Dream, photo=source.first))
    carry, every, frames = asked.carry, asked.every, asked.frames

    def shown(start: int) -> Iterator[Tensor]:
        held = image = None
        for picture in islice(source.pictures(), start * every, frames and frames * every, every):
            if image is None or picture is not held:
                image = in_channels(resize(picture, recipe.size).clamp(0, 1), ready.channels)
            held = picture
            yield image

    total = -(-source.count // every)
    total = min(total, frames) if frames else total

    def run(after: Frame | None) -> Iterator[Frame]:
        pictures = shown(0 if after is None else after.number)
        last = None if after is None else next(pictures)
        for number, picture in enumerate(pictures, 0 if after is None else after.number + 1):
            if picture is last and after is not None:  # a picture that is held: so is its dream
                after = replace(after, number=number)
                yield after
                continue
            start, kept = picture, torch.zeros(1, 1, *recipe.size)
            if last is not None and after is not None and carry:
                start, kept = continued(picture, last, after.image, carry)
            share = max(1 - float(kept.mean()), FRESH)
            dreamt = synthesize(ready, _on(recipe, start.to(ready.device), share)).images
            image = torch.lerp(start, dreamt, ((1 - kept) / share).clamp(0, 1))
            after, last = Frame(number, total, rounded(image)), picture
            yield after

    arguments = {
        **recipe.origin[1], "photo": source.described, "carry": carry, "every": every, "frames": frames,
        "silent": asked.silent,
    }  # fmt: skip
    finish = source.add_sound if isinstance(source, Film) and not asked.silent else None
    return Shot(
        Record("film", arguments, ready.described, versions=versions()), total, run, source.rate / every, finish
    )


def continued(picture: Tensor, last: Tensor, dreamt: Tensor, carry: float) -> tuple[Tensor, Tensor]:
    """A frame with the last one's change on it, and the share of that change which is kept, [1,1,H,W].

    Args:
        picture: the film's frame, [1,C,H,W].
        last: the film's last frame.
        dreamt: what was made of the last frame.
        carry: share of the change that is kept where the last frame showed the same.
    """
    flow = optical_flow(last, picture)
    kept = carry * gaussian(seen_before(flow, optical_flow(picture, last)), SOFT)
    return (picture + kept * carried(dreamt - last, flow)).clamp(0, 1), kept


def _on(recipe: Recipe, start: Tensor, share: float) -> Recipe:
    """The recipe on another picture, with a share of its climb.

    A stage that climbs until a score is left out: it would carry each frame as far, however much of it is kept.
    """
    stages = tuple(_shortened(stage, share) for stage in recipe.stages if stage.until is None)
    return replace(recipe, photo=start, opacity=None, carry=AddedDetail(start), stages=stages)


def _shortened(stage: Stage, share: float) -> Stage:
    """A share of a stage's climb, which may be less than one of its steps."""
    steps = math.ceil(stage.steps * share)
    slower = stage.steps * share / steps
    rate = stage.ascent.rate[0] * slower, stage.ascent.rate[1] * slower
    return replace(stage, steps=steps, ascent=replace(stage.ascent, rate=rate))
