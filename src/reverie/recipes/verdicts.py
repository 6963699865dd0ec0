"""Verdicts: whether a changed photo fools a network, and others that were never asked."""

import io
from dataclasses import dataclass

from PIL import Image
from torch import Tensor

from reverie.figures.result import Finding
from reverie.image import read, to_pil
from reverie.models.classes import numbers_named
from reverie.models.model import Model
from reverie.parameterizations.lattice import LEVELS
from reverie.recipes.aims import BORDER, Aim, probabilities


@dataclass(frozen=True)
class Fooled:
    """Measures what the network takes a picture for: before, after, and after a file of it has been read again."""

    photo: Tensor | None
    aim: Aim

    def __call__(self, model: Model, image: Tensor) -> Finding:
        """Confidence in the class aimed at and in the photo's own, and the size of the change."""
        after = probabilities(model, image.to(model.device))[0]
        file = probabilities(model, reread(image).to(model.device))[0]
        before = None if self.photo is None else probabilities(model, self.photo)[0]
        taken = int(file.argmax())
        own = None if before is None else int(before.argmax())
        seen = self.aim.index if self.aim.rise or not self.aim.exclusive else taken
        fooled = self.aim.reached(file)
        missed = () if fooled else (f"not fooled: {model.class_name(taken)} {_percent(file[taken])}",)
        values: dict[str, object] = {
            "taken_for": taken,
            "fooled": fooled,
            "class": seen,
            "after": _rounded(after[seen]),
            "file": _rounded(file[seen]),
        }
        if before is None or self.photo is None or own is None:
            return Finding("\n".join([*missed, f"{model.class_name(seen)} {_percent(file[seen])}"]), values)
        change = (image.cpu() - self.photo.cpu())[0]
        values |= {
            "before": _rounded(before[seen]),
            "own_class": own,
            "own_before": _rounded(before[own]),
            "own_file": _rounded(file[own]),
            "linf": round(float(change.abs().max()) * LEVELS),
            "l2": round(float(change.norm()), 4),
        }
        gain = 0.25 / max(float(change.abs().max()), 1 / LEVELS)
        words = [
            f"{model.class_name(index)} {_percent(before[index])} -> {_percent(file[index])}"
            for index in dict.fromkeys((seen, own))
        ]
        note = "\n".join([*missed, *words, f"change {values['linf']} of 255, L2 {values['l2']:.3g}"])
        shown = (
            (f"photo\n{model.class_name(own)} {_percent(before[own])}", self.photo[0].cpu()),
            (f"change, x{gain:.0f}", (0.5 + gain * change).clamp(0, 1)),
        )
        return Finding(note, values, shown)


@dataclass(frozen=True)
class Prediction:
    """What a network takes a picture for.

    Attributes:
        network: its name.
        taken_for: name of the likeliest class.
        confidence: in that class.
        aimed: confidence in the class asked for, where the network has it.
    """

    network: str
    taken_for: str
    confidence: float
    aimed: float | None

    def __str__(self) -> str:
        aimed = "" if self.aimed is None else f" (the class asked for {100 * self.aimed:.3g} %)"
        return f"{self.taken_for} {100 * self.confidence:.3g} %{aimed}"


def prediction(model: Model, image: Tensor, of: Model, index: int) -> Prediction:
    """What a network takes a picture [1,C,H,W] for, and its confidence in another one's class of this number.

    The class is looked for by its name; between networks without names, but with as many classes, by its number.
    """
    shares = probabilities(model, image.to(model.device))[0]
    same = _same_class(model, of, index, len(shares))
    top, unnamed = int(shares.argmax()), not model.classes and of.layers["logits"].channels == len(shares)
    name, share = (of if unnamed else model).class_name(top), float(shares[top])
    if model.output.probable and not model.output.exclusive and share < BORDER:
        name, share = f"not {name}", 1 - share
    return Prediction(model.title, name, share, None if same is None else float(shares[same]))


def _same_class(model: Model, of: Model, index: int, count: int) -> int | None:
    if index < len(of.classes) and model.classes:
        hits = numbers_named(model.classes, of.class_name(index))
        return hits[0] if len(hits) == 1 else None
    return index if of.layers["logits"].channels == count else None


def reread(image: Tensor) -> Tensor:
    """A picture [1,C,H,W] as it comes back from a PNG file."""
    file = io.BytesIO()
    to_pil(image[0]).save(file, "PNG")
    file.seek(0)
    with Image.open(file) as opened:
        found = read(opened)
    return found[:, : image.shape[1]]


def _percent(share: Tensor) -> str:
    return f"{100 * float(share):.1f} %"


def _rounded(share: Tensor) -> float:
    return round(float(share), 6)
