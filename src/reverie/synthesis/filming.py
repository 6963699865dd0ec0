"""Filming: a run's steps, each put into a film on its way."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from reverie.errors import OutputFailed
from reverie.figures.contact_sheet import Layout
from reverie.figures.film_writer import Film
from reverie.figures.result import Result
from reverie.photo import opaque
from reverie.settings.calling import names_checked
from reverie.synthesis.engine import Step
from reverie.synthesis.recipe import Recipe

RATE = 25  # frames a second


@names_checked
def filmed(
    steps: Iterable[Step], recipe: Recipe, path: str | Path, *, rate: float = RATE, index: int | None = None
) -> Iterator[Step]:
    """The same steps; each is a frame of the film, at the finished picture's size, and the last one stays a second.

    However the run ends, what was made until then is a whole film. Of several pictures it shows the captioned sheet,
    grey where a picture's turn has not come.

    Args:
        steps: of `iterate(model, recipe)`.
        index: show this one of several pictures alone.

    Raises:
        OutputFailed: an ending that is not known, or a film that cannot be written; nothing of it is left.
        MissingExtra: .mp4 and .webm need PyAV.
    """
    film = Film(Path(path), rate)
    screen: Tensor | None = None
    frame: np.ndarray | None = None
    try:
        for step in steps:
            images = step.whole().detach().float().cpu()
            if screen is None:
                screen = torch.full((len(recipe.names), *images.shape[1:]), 0.5)
            screen[step.rows.start : step.rows.stop] = images
            shown = Result(screen, (), recipe.labels, alpha=recipe.alpha, layout=Layout(columns=recipe.columns))
            frame = np.asarray(opaque((shown if index is None else shown[index]).picture))
            film.write(frame)
            yield step
    except OutputFailed:
        film.discard()
        raise
    finally:
        if frame is not None:
            _end(film, frame)


def _end(film: Film, frame: np.ndarray) -> None:
    if film.encoder is None:  # it could not be written
        return
    for _ in range(round(film.rate)):
        film.write(frame)
    film.close()
