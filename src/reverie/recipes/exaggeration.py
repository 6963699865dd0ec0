"""A photo taken further: what a layer sees in it exaggerated, and a unit raised while the photo stays itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from reverie.attribution.contributions import speaking_for
from reverie.constraints import in_range
from reverie.errors import InvalidSetting
from reverie.expression import negated
from reverie.figures.result import Finding
from reverie.image import Photo, Size
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.models.rectifiers import Redirected
from reverie.objectives import Objective, activation, direction_map, kept
from reverie.objectives.activation_terms import select
from reverie.parameterizations import Fourier
from reverie.recipes.deep_dream import usual_layer
from reverie.recipes.depth import main_line
from reverie.recipes.framing import check_positions, native_photo
from reverie.recipes.origins import recorded
from reverie.recipes.parameterizing import made_of, masked
from reverie.recipes.stored import is_stored, stored_response
from reverie.recipes.terms import minus_priors
from reverie.recipes.wishes import Wish, wishes_of
from reverie.settings.accentuate import Accentuate
from reverie.settings.caricature import Caricature
from reverie.settings.fields import sized
from reverie.synthesis.ascent import Ascent
from reverie.synthesis.recipe import Recipe, Stage
from reverie.transforms import Jitter, Noise, Rotate, Scale
from reverie.unit import Unit

SMOOTH = Fourier(cutoff=0.265)  # without the finest grain, as the default preset of features
BETAS = (0.5, 0.95)
NUDGE = 0.02  # root mean square of a small change to a photo


@recorded(Caricature)
def caricature(model: Model, asked: Caricature) -> Recipe:
    """Exaggerates what layers see in a photo: a new picture, each position of which points along the photo's features.

    Raises:
        UnsuitableImage: a photo or a stored response that cannot be read.
        UnknownName: no such layer, channel, class, parameterization or prior.
        InvalidSetting: a number out of range, or a layer that does not lead to the unit.

    Source: Olah et al. 2018, "The Building Blocks of Interpretability", and its caricatures weighed by attribution.
    """
    if asked.negative and asked.toward is None:
        raise InvalidSetting("--negative goes with --toward: it shows what lowers that unit")
    units = model.units(asked.layers or usual_layer(model))
    picture = None if is_stored(asked.photo) else native_photo(model, asked.photo, asked.size)
    area = _area(model, asked.size) if picture is None else (int(picture.shape[-2]), int(picture.shape[-1]))
    check_positions(model, units, [area])
    material = SMOOTH if asked.parameterization is None else made_of(asked.parameterization)
    targets = [
        _target(model, asked.photo, picture, unit, area, asked.toward, negative=asked.negative) for unit in units
    ]
    names = tuple(str(unit) for unit in units)
    objectives = tuple(
        minus_priors(direction_map(unit, target, cosine=asked.cosine), asked.prior)
        for unit, target in zip(units, targets, strict=True)
    )
    return Recipe(
        names=names,
        stages=(Stage(objectives, area, asked.steps, Ascent("adam", (asked.rate, asked.rate / 20), betas=BETAS)),),
        parameterization=material,
        transforms=_within_a_cell(model, units, area),
        constraint=None if material.bounded else in_range,
        seed=asked.seed,
        redirect=16,
        batch=1 if picture is None else min(len(units), model.together(area)),
        labels=names,
        each={"layers": names},
        reports=tuple(
            Alike(unit, target, picture if index == 0 else None)
            for index, (unit, target) in enumerate(zip(units, targets, strict=True))
        ),
    )


@dataclass(frozen=True)
class Alike:
    """Measures how truly a caricature's features point along those that it exaggerates."""

    unit: Unit
    target: Tensor
    photo: Tensor | None

    def __call__(self, model: Model, image: Tensor) -> Finding:
        """The cosine, mean over those positions that have a target."""
        with torch.no_grad():
            value = select(probe(model, image.to(model.device), [self.unit.layer])[self.unit.layer], self.unit)
        cosine = functional.cosine_similarity(value, self.target, dim=1)
        there = self.target.abs().sum(1) > 0
        found = float(cosine[there].mean()) if bool(there.any()) else 0.0
        beside = () if self.photo is None else (("photo", self.photo[0].cpu()),)
        return Finding(f"cosine {found:.2f}", {"cosine": round(found, 4)}, beside)


def _area(model: Model, size: int | str | Size | None) -> Size:
    wanted = sized(size) or model.size
    return (wanted, wanted) if isinstance(wanted, int) else wanted


def _target(
    model: Model, photo: Photo, picture: Tensor | None, unit: Unit, size: Size, toward: str | None, *, negative: bool
) -> Tensor:
    """The directions [1,c,h,w] along which the unit's positions are to point."""
    if picture is None:
        if toward is not None:
            raise InvalidSetting("--toward asks the network about a photo; a stored response is exaggerated as it is")
        return stored_response(model, Path(str(photo)), unit, size)
    if toward is None:
        with torch.no_grad():
            return select(probe(model, picture, [unit.layer])[unit.layer], unit)
    (wanted, *more) = model.units(toward)
    if more:
        raise InvalidSetting(f"'{toward}' is {1 + len(more)} units; name one, or a joint one such as block8:0+1")
    check_positions(model, [wanted], [size])
    wish = activation(wanted)
    found = select(speaking_for(model, picture, -wish if negative else wish, unit.layer), unit)
    if not bool(found.any()):
        raise InvalidSetting(
            f"nothing in '{unit}' {'lowers' if negative else 'raises'} '{toward}' on this photo; name another layer"
        )
    return found


def _within_a_cell(model: Model, units: Sequence[Unit], size: Size) -> tuple[Jitter, Rotate]:
    """Shifts and turns that leave each feature in its cell of the layers' grids."""
    cells = max(max(model.grid(unit.layer, size)) for unit in units)
    return Jitter(min(4 / 128, 0.5 / cells)), Rotate(min(3.0, 60 / cells))


@recorded(Accentuate)
def accentuate(model: Model, asked: Accentuate) -> Recipe:
    """Changes a photo so that units respond more while an early layer's features stay: what in it they look for.

    Raises:
        UnsuitableImage: a photo that cannot be read.
        UnknownName: no such layer, channel, class or prior.
        InvalidSetting: a number out of range, or a whole layer.

    Source: Hamblin et al. 2024, "Feature Accentuation: Revealing 'What' Features Respond to in Natural Images";
    differs: the squared distance from the photo's features, balanced where the photo has been changed a little.
    """
    picture = native_photo(model, asked.photo, asked.size)
    area = int(picture.shape[-2]), int(picture.shape[-1])
    wishes = wishes_of(model, asked.unit, size=area)
    check_positions(model, [term.unit for wish in wishes for term in wish.units], [area])
    aims = [_aim(wish) for wish in wishes]
    objectives = tuple(
        minus_priors(_raised(model, aim, picture, asked.layer, asked.hold, asked.negative), asked.prior, picture)
        for aim in aims
    )
    names = tuple(map(str, wishes))
    return Recipe(
        names=names,
        stages=(Stage(objectives, area, asked.steps, Ascent("adam", (asked.rate, asked.rate / 10), betas=BETAS)),),
        parameterization=masked(Fourier(), asked.mask, picture),
        transforms=(Jitter(0.06), Scale(1.0, 1.6), Rotate(4), Noise(0.02)),
        start="photo",
        photo=picture,
        seed=asked.seed,
        redirect=16,
        batch=1,  # the photo is seen beside each picture through the same draw
        labels=tuple(negated(wish.label(model)) if asked.negative else wish.label(model) for wish in wishes),
        each={"unit": tuple(wish.plain(model) for wish in wishes)},
        reports=tuple(Raised(aim, picture, index == 0) for index, aim in enumerate(aims)),
    )


def _aim(wish: Wish) -> Objective:
    def respond(unit: Unit, written: str) -> Objective:
        if not unit.channels and not written:
            raise InvalidSetting(f"'{unit}' is a whole layer; name a unit such as '{unit.layer}:0', or dream the layer")
        return activation(unit, written or "mean")

    return wish.objective(respond)


def _raised(model: Model, aim: Objective, picture: Tensor, layer: str | None, hold: float, negative: bool) -> Objective:
    """An aim, against what is lost of the photo's features."""
    held = _held(model, aim.layers) if layer is None else model.layer(layer).name
    wish, keeping = (-1 if negative else 1) * aim, kept(model, held, picture)
    return wish + hold * _balance(model, wish, keeping, picture) * keeping if hold else wish


def _balance(model: Model, wish: Objective, keeping: Objective, picture: Tensor) -> float:
    """The weight with which the photo pulls back as strongly as a unit pulls, once a picture has moved by NUDGE."""

    def pull(objective: Objective, image: Tensor) -> Tensor:
        with torch.enable_grad(), Redirected():
            image = image.detach().requires_grad_()
            loss = -objective.score(probe(model, image, objective.layers)).sum()
            return torch.autograd.grad(loss, image)[0]

    forth = pull(wish, picture)
    moved = picture - NUDGE * forth / forth.square().mean().sqrt().clamp_min(1e-20)
    back = pull(keeping, moved)
    return float(torch.linalg.vector_norm(forth) / torch.linalg.vector_norm(back).clamp_min(1e-20))


def _held(model: Model, layers: Sequence[str]) -> str:
    """The layer on the main line about a quarter of the way to the first of these layers."""
    order = list(model.layers)
    first = min(layers, key=order.index)
    before = [item.name for item in main_line(model) if order.index(item.name) < order.index(first)]
    return before[len(before) // 4] if before else first


@dataclass(frozen=True)
class Raised:
    """Measures what an aim scored on the photo, and what it scores now."""

    aim: Objective
    photo: Tensor
    first: bool

    def __call__(self, model: Model, image: Tensor) -> Finding:
        """The score of both pictures, a unit's mean activation, without any shift or noise."""
        with torch.no_grad():
            both = torch.cat([self.photo, image.to(self.photo)])
            before, after = (round(float(score), 6) for score in self.aim.score(probe(model, both, self.aim.layers)))
        beside = (("photo", self.photo[0].cpu()),) if self.first else ()
        return Finding(f"{before:.3g} to {after:.3g}", {"before": before, "after": after}, beside)
