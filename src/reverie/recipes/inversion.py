"""Inversion: pictures rebuilt from what a layer returns for a photo, so that one sees what the layer keeps of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from reverie.constraints import in_range
from reverie.figures.result import Finding
from reverie.image import Size
from reverie.likeness import WINDOW, psnr, ssim
from reverie.models.model import Model
from reverie.models.probe import probe
from reverie.objectives import Objective, features
from reverie.objectives.activation_terms import select
from reverie.parameterizations import Fourier, Parameterization, SoftPixels
from reverie.recipes.depth import depth, strip_layers
from reverie.recipes.framing import check_position, native_photo
from reverie.recipes.origins import recorded
from reverie.recipes.stored import is_stored, stored_response
from reverie.recipes.terms import minus_priors
from reverie.settings.fields import sized
from reverie.settings.invert import Invert
from reverie.synthesis.ascent import Ascent
from reverie.synthesis.recipe import Recipe, Stage
from reverie.unit import Unit

MADE_OF: Mapping[str, Parameterization] = {"fourier": Fourier(), "pixels": SoftPixels()}
RATES: Mapping[str, Mapping[str, float]] = {  # of the ascents, by what the picture is made of
    "lbfgs": {"fourier": 0.02, "pixels": 0.02},
    "adam": {"fourier": 0.2, "pixels": 0.03},
}
VARIATION, ALPHA = 0.3, 0.003  # weights of the priors at the first layer; 100 times as much at the last


@recorded(Invert)
def invert(model: Model, asked: Invert) -> Recipe:
    """Rebuilds a photo from what layers return for it: what is lost was not seen.

    Raises:
        UnsuitableImage: a photo or a stored response that cannot be read, or of the wrong shape.
        UnknownName: no such layer, channel, parameterization or prior.
        InvalidSetting: a number out of range.

    Source: Mahendran, Vedaldi 2015; differs: L-BFGS on Fourier features, weights that follow the depth smoothly.
    """
    made_of, rates = asked.parameterization or "fourier", RATES[asked.ascent]
    material = MADE_OF[made_of] if isinstance(made_of, str) else made_of
    units = _units(model, "all" if asked.all else asked.layers)
    picture = None if is_stored(asked.photo) else native_photo(model, asked.photo, asked.size)
    area = _area(model, asked.size) if picture is None else (int(picture.shape[-2]), int(picture.shape[-1]))
    alike = next((name for name, part in MADE_OF.items() if type(part) is type(material)), "fourier")
    first = rates[alike] if asked.rate is None else asked.rate
    rows = []
    for unit in units:
        check_position(model, unit, area)
        if picture is None:
            wanted = stored_response(model, Path(str(asked.photo)), unit, area, pooled=asked.pooled)
        else:
            wanted = _seen(model, picture, unit)
        likeness = features(unit, wanted, pooled=asked.pooled)
        rows += [(unit, likeness, number) for number in range(asked.restarts)]
    objectives = tuple(
        minus_priors(likeness, _priors(model, unit) if asked.prior is None else asked.prior)
        for unit, likeness, _ in rows
    )
    names = tuple(str(unit) if number == 0 else f"{unit}#{number + 1}" for unit, _, number in rows)
    return Recipe(
        names=names,
        stages=(
            Stage(
                objectives, area, asked.steps, Ascent(asked.ascent, (first, first / 10), "cosine", betas=(0.9, 0.99))
            ),
        ),
        parameterization=material,
        constraint=None if material.bounded else in_range,
        seed=asked.seed,
        batch=asked.restarts,
        labels=names,
        each={"layers": tuple(str(unit) for unit, _, _ in rows)},
        reports=tuple(Rebuilt(likeness, picture, index == 0) for index, (_, likeness, _) in enumerate(rows)),
    )


@dataclass(frozen=True)
class Rebuilt:
    """Measures how near a rebuilt picture has come: in the layer, and in the photo where there is one."""

    likeness: Objective
    photo: Tensor | None
    first: bool

    def __call__(self, model: Model, image: Tensor) -> Finding:
        """The normalised error in the layer, and PSNR and SSIM to the photo."""
        with torch.no_grad():
            error = -float(self.likeness.score(probe(model, image.to(model.device), self.likeness.layers)))
        values = {"error": round(error, 6)}
        note = f"error {error:.2g}" if error >= 1e-3 else f"error {error:.0e}"
        if self.photo is None:
            return Finding(note, values)
        photo, made = self.photo[0].cpu(), image[0].cpu()
        values["psnr"] = round(min(psnr(photo, made), 100.0), 3)
        note += f", {values['psnr']:.1f} dB"
        if min(photo.shape[-2:]) >= WINDOW:
            values["ssim"] = round(ssim(photo, made), 4)
            note += f", SSIM {values['ssim']:.2f}"
        return Finding(note, values, (("photo", photo),) if self.first else ())


def _units(model: Model, layers: str | Sequence[str]) -> tuple[Unit, ...]:
    if not layers:
        names = strip_layers(model)
        layers = [names[2 * (len(names) - 1) // 3]]
    return model.units(strip_layers(model) if layers in ("all", ("all",)) else layers)


def _area(model: Model, size: int | str | Size | None) -> Size:
    wanted = sized(size) or model.size
    return (wanted, wanted) if isinstance(wanted, int) else wanted


def _seen(model: Model, picture: Tensor, unit: Unit) -> Tensor:
    with torch.no_grad():
        return select(probe(model, picture, [unit.layer])[unit.layer], unit)


def _priors(model: Model, unit: Unit) -> list[str]:
    """The deeper the layer, the less it says, and the more the priors must."""
    growth = 100 ** depth(model, unit.layer)
    return [f"quadratic-variation={VARIATION * growth:.6g}", f"alpha-norm={ALPHA * growth:.6g}"]
