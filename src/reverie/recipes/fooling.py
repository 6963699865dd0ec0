"""Fooling: pictures that a network takes for what they are not; the file is the result."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from reverie.constraints import Ball, in_range
from reverie.errors import InvalidSetting
from reverie.figures.result import Finding
from reverie.image import Photo, Picture, Size, resize
from reverie.models.model import Model
from reverie.objectives import log_probability
from reverie.parameterizations import Cppn, Parameterization
from reverie.parameterizations.lattice import LEVELS, Lattice, Quantised, on_lattice
from reverie.paths import photo_path
from reverie.randomness import Generators
from reverie.recipes.aims import Aim, aim_of, class_of, climbed, probabilities
from reverie.recipes.framing import native_photo
from reverie.recipes.origins import recorded
from reverie.recipes.verdicts import Fooled, reread
from reverie.settings.fields import sized
from reverie.settings.fool import Fool, Universal
from reverie.settings.setting import settings_of
from reverie.synthesis.ascent import Ascent
from reverie.synthesis.recipe import Recipe, Stage, blank, check

METHODS: Mapping[str, str] = {  # and what each climbs with
    "pgd": "sign", "fgsm": "sign", "deepfool": "newton", "gradient": "gradient",
}  # fmt: skip
STEPS = 40
RADII = {"linf": 2.0, "l2": 1.0}
LARGEST = {"linf": 64.0, "l2": 64.0}  # radii beyond which nothing is a small change
RATES = {"gradient": 0.5, "deepfool": 1.05}
NOTHING: Mapping[str, tuple[str, Parameterization, float]] = {  # starts from no photo: how, what from, Adam's rate
    "noise": ("noise", Lattice(), 0.02), "grey": ("grey", Lattice(), 0.02), "cppn": ("noise", Quantised(Cppn()), 0.1),
}  # fmt: skip
GREY = 128 / LEVELS  # no change, in a picture of a change


@recorded(Fool)
def fool(model: Model, asked: Fool) -> Recipe:
    """Changes a photo, hardly to be seen, until the network takes it for something else.

    The search runs on pictures of 8 bits, so that a PNG file of the result fools as the result does.

    Raises:
        UnsuitableImage: a photo that cannot be read.
        UnknownName: no such class, method, norm or start.
        InvalidSetting: a number out of range, or settings that do not go together.

    Source: Goodfellow et al. 2015 (fgsm), Madry et al. 2018 (pgd), Moosavi-Dezfooli et al. 2016 (deepfool; differs: the
    nearest class is chosen once, at the photo), Nguyen et al. 2015 (from nothing; differs: by gradient, not evolution).
    """
    _check(asked.photo, asked.target, asked.method, asked.norm, asked.start, asked.radius)
    steps = STEPS if asked.steps is None else asked.steps
    if asked.target is not None:
        class_of(model, asked.target)  # before a photo is read
    if asked.photo is None:
        picture, area = None, _area(model, asked.size)
    else:
        picture = on_lattice(native_photo(model, asked.photo, asked.size))
        area = int(picture.shape[-2]), int(picture.shape[-1])
    aim = aim_of(model, picture, asked.target)
    reach = None if picture is None else _radius(asked.method, asked.norm, asked.radius)
    if picture is None:
        begun, made_of, first = NOTHING[asked.start]
        rate = first if asked.rate is None and asked.method == "pgd" else asked.rate
    else:
        rate, begun = asked.rate, asked.start
        made_of = Lattice() if reach is None or asked.norm == "linf" else Lattice(picture, reach)
    ascent = _ascent(asked.method, asked.norm, reach, rate, steps)
    within = in_range if picture is None or reach is None else Ball(picture, reach, asked.norm)
    return Recipe(
        names=("fooled",),
        stages=(
            Stage((climbed(model, asked.method, picture, aim),), area, 1 if asked.method == "fgsm" else steps, ascent),
        ),
        parameterization=made_of,
        constraint=None if made_of.bounded else within,
        start=begun,
        photo=picture,
        seed=asked.seed,
        labels=("result",),
        reports=(Fooled(picture, aim),),
    )


@recorded(Universal)
def universal(model: Model, asked: Universal) -> Recipe:
    """One change that makes a network take any photo for a class, learnt from many photos.

    The picture is the change itself, on a grey of level 128.

    Raises:
        UnsuitableImage: a photo that cannot be read.
        UnknownName: no such class.
        InvalidSetting: a number out of range.

    Source: Moosavi-Dezfooli et al. 2017; differs: by projected gradient descent towards one class.
    """
    _check("photos", asked.target, "pgd", "linf", "photo", asked.radius)
    aim = aim_of(model, None, asked.target)
    cropped = {photo: _cropped(model, photo) for photo in dict.fromkeys(asked.photos)}
    shown = torch.cat([cropped[photo] for photo in asked.photos])
    grey = blank(GREY, model.channels, model.size).to(model.device)
    reach = asked.radius / LEVELS
    return Recipe(
        names=("change",),
        stages=(
            Stage(
                (log_probability(aim.index, model.output, joint=True),),
                model.size,
                asked.steps,
                Ascent("sign", (reach / 5, reach / 40)),
            ),
        ),
        parameterization=Lattice(),
        transforms=(Added(shown, GREY, min(asked.batch, len(shown))),),
        constraint=Ball(grey, reach),
        start="photo",
        photo=grey,
        seed=asked.seed,
        labels=("change",),
        reports=(Everywhere(shown, aim),),
    )


def of_folder(asked: Fool) -> bool:
    """Whether one change for all photos of a folder is asked for."""
    return isinstance(asked.photo, str) and photo_path(asked.photo).is_dir()


def universal_of(model: Model, asked: Fool) -> Recipe:
    """The recipe of one change for all photos of a folder.

    Raises:
        InvalidSetting: no class to be taken for, or settings that only a change of one photo has.
    """
    if asked.target is None:
        raise InvalidSetting("a change for all photos of a folder needs a class to be taken for; name it with --as")
    given = asked.flat()
    known = {item.name for item in settings_of(Universal)} | {"photo"}
    odd = [item.name for item in settings_of(Fool) if item.name not in known and given[item.name] != item.default]
    if odd:
        raise InvalidSetting(f"a change for all photos of a folder goes without --{odd[0]}; leave it out")
    chosen = {name: given[name] for name in known & given.keys() - {"photo"} if given[name] is not None}
    return universal(model, asked.photo, **chosen)


@dataclass(frozen=True, eq=False)
class Added:
    """The picture is a change, which is added to some of many photos, other ones at each step.

    Attributes:
        photos: [n,C,H,W] in [0,1].
        grey: the picture's value where it changes nothing.
        batch: how many photos a step sees.
    """

    photos: Tensor
    grey: float
    batch: int

    def draw(self, generators: Generators, size: Size) -> Callable[[Tensor], Tensor]:
        """The photos of one step with the change on them, [batch,C,H,W]."""
        del size
        chosen = self.photos[torch.randperm(len(self.photos), generator=generators[0])[: self.batch]]
        return lambda image: (chosen + image - self.grey).clamp(0, 1)


@dataclass(frozen=True)
class Everywhere:
    """Measures of how many photos a change makes a network take for a class."""

    photos: Tensor
    aim: Aim

    def __call__(self, model: Model, image: Tensor) -> Finding:
        """The shares before and after, and the first photo with the change."""
        change = reread(image).to(model.device) - GREY

        def share(more: Tensor | float) -> float:
            shown = [probabilities(model, (photo + more).clamp(0, 1))[0] for photo in self.photos.split(1)]
            return sum(self.aim.reached(shares) for shares in shown) / len(shown)

        before, after, name = share(0.0), share(change), model.class_name(self.aim.index)
        values = {
            "photos": len(self.photos),
            "class": self.aim.index,
            "before": round(before, 4),
            "after": round(after, 4),
        }
        note = f"taken for {name}: {100 * before:.3g} % -> {100 * after:.3g} % of {len(self.photos)} photos"
        first = (self.photos[:1] + change).clamp(0, 1)[0].cpu()
        return Finding(note, values, ((f"a photo with it\n{name}", first),))


def _cropped(model: Model, photo: Picture) -> Tensor:
    """The middle of a photo, at the native size; there may be more of them than fit the memory."""
    picture = native_photo(model, photo, None)
    photo.forget()
    height, width = model.size
    short = max(height / picture.shape[-2], width / picture.shape[-1])
    if short > 1:
        picture = resize(picture, (round(picture.shape[-2] * short), round(picture.shape[-1] * short))).clamp(0, 1)
    top, left = (int(picture.shape[-2]) - height) // 2, (int(picture.shape[-1]) - width) // 2
    return on_lattice(picture[..., top : top + height, left : left + width])


def _check(
    photo: Photo | None, target: str | int | None, method: str, norm: str, start: str, radius: float | None
) -> None:
    if (photo is None) != (start != "photo"):
        raise InvalidSetting(f"name either a photo, or --start {', '.join(NOTHING)}")
    if photo is None and target is None:
        raise InvalidSetting("a picture from nothing needs a class to be taken for; name it with --as")
    if photo is None and method in ("fgsm", "deepfool"):
        raise InvalidSetting(f"{method} changes a photo; name one, or take pgd or gradient")
    if radius is not None:
        check("radius", radius, 0.01)
    if norm == "linf" and radius is not None and radius != round(radius):
        raise InvalidSetting(f"a radius of linf counts whole levels of 255, not {radius:g}; allowed are 1, 2, 3 ...")


def _radius(method: str, norm: str, radius: float | None) -> float | None:
    """The radius in values of [0,1]; the methods that look for the least change have none unless one is given."""
    if radius is None and method in ("deepfool", "gradient"):
        return None
    given = RADII[norm] if radius is None else radius
    return given / LEVELS if norm == "linf" else given


def _ascent(method: str, norm: str, reach: float | None, rate: float | None, steps: int) -> Ascent:
    if method in RATES:
        given = RATES[method] if rate is None else rate
        return Ascent(METHODS[method], (given, given))
    if reach is None:  # from nothing: as far as it goes
        assert rate is not None
        return Ascent("adam", (rate, rate / 4), betas=(0.9, 0.99))
    if method == "fgsm":
        return Ascent("sign" if norm == "linf" else "l2", (reach, reach))
    given = reach * (2.5 / steps if rate is None else rate)
    return Ascent("sign" if norm == "linf" else "l2", (given, given / 4 if rate is None else given))


def _area(model: Model, size: int | str | Size | None) -> Size:
    wanted = sized(size) or model.size
    return (wanted, wanted) if isinstance(wanted, int) else wanted
