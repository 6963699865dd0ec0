"""The commands that make a photo anew."""

from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from reverie import recipes
from reverie.cli.runs import make, model_of, split, target_for
from reverie.errors import InvalidSetting
from reverie.figures.result import Result
from reverie.image import photo_path, photos_in, read
from reverie.models.model import Model
from reverie.models.sources import load
from reverie.recipes.fooling import Verdict, verdict
from reverie.recipes.radii import smallest_radius, too_small, widened


def invert(**given: Any) -> None:
    """One picture, or a sheet of one for each layer."""
    photo, everything, layers = given.pop("photo"), given.pop("all"), given.pop("layers")
    settings, writing = split(given)
    settings["prior"] = settings["prior"] or None  # unless some are named the layer's depth decides
    model = model_of(settings)
    target = target_for(writing["output"], f"{photo_path(photo).stem}-invert", writing["force"])
    make(model, recipes.invert(model, photo, "all" if everything else layers, **settings), target, writing)


def caricature(**given: Any) -> None:
    """One picture, or a sheet of one for each layer."""
    photo, layers = given.pop("photo"), given.pop("layers")
    settings, writing = split(given)
    model = model_of(settings)
    target = target_for(writing["output"], f"{photo_path(photo).stem}-caricature", writing["force"])
    make(model, recipes.caricature(model, photo, layers, **settings), target, writing)


def accentuate(**given: Any) -> None:
    """One picture, or a sheet of one for each unit."""
    photo, unit = given.pop("photo"), given.pop("unit")
    settings, writing = split(given)
    model = model_of(settings)
    target = target_for(writing["output"], f"{photo_path(photo).stem}-accentuate", writing["force"])
    make(model, recipes.accentuate(model, photo, unit, **settings), target, writing)


def style(**given: Any) -> None:
    """One painting."""
    photo, styles = given.pop("photo"), given.pop("styles")
    settings, writing = split(given)
    settings["prior"] = settings["prior"] or None
    settings |= {name: settings[name] or () for name in ("style_weight", "region", "style_region")}
    model = model_of(settings)
    target = target_for(writing["output"], f"{photo_path(photo).stem}-style", writing["force"])
    make(model, recipes.style(model, photo, styles, **settings), target, writing)


def fool(**given: Any) -> None:
    """One fooling picture, whose file is asked again; or one change for all photos of a folder."""
    photo, smallest, others = given.pop("photo"), given.pop("smallest"), given.pop("transfer") or []
    settings, writing = split(given)
    model = model_of(settings)
    if photo is not None and photo_path(photo).is_dir():
        _universal(model, photo, smallest, others, settings, writing)
        return
    stem = "nothing" if photo is None else photo_path(photo).stem
    target = target_for(writing["output"], f"{stem}-fool", writing["force"])
    if smallest:
        if photo is None or settings["radius"] is not None:
            raise InvalidSetting("--smallest looks for the radius of a change to a photo: name a photo and no --radius")
        settings["radius"] = smallest_radius(model, photo, **settings)
    asked = [load(name) for name in others]  # before the work: one of them may be missing
    ended: list[KeyboardInterrupt] = []

    def after(result: Result) -> Result:
        try:
            return _widened(model, result, photo, settings, writing)
        except KeyboardInterrupt as error:  # what was found within the usual radius is kept
            ended.append(error)
            return result

    result = make(model, recipes.fool(model, photo, **settings), target, writing, after=after)
    if not writing["quiet"]:
        _ask_again(model, result, target, asked)
    if ended:
        raise ended[0]


def _widened(
    model: Model, result: Result, photo: str | None, settings: dict[str, Any], writing: dict[str, Any]
) -> Result:
    """The fooling within the smallest radius that does, where the usual one does not; a film shows the usual one."""
    tried = too_small(result)
    if photo is None or tried is None or writing["film"] or writing["trace"]:
        return result
    if not writing["quiet"]:
        typer.echo(f"a radius of {tried:g} does not do; looking for the smallest that does", err=True)
    found = widened(model, result, photo, **settings)
    if found is not result and not writing["quiet"]:
        typer.echo(f"the smallest radius that does: {found.record.arguments['radius']:.3g}")
    return found


def _universal(
    model: Model, folder: str, smallest: bool, others: list[str], settings: dict[str, Any], writing: dict[str, Any]
) -> None:
    if settings["target"] is None:
        raise InvalidSetting("a change for all photos of a folder needs a class to be taken for; name it with --as")
    usual = {"method": "pgd", "norm": "linf", "start": "photo", "rate": None, "size": None}
    odd = [name for name, value in usual.items() if settings[name] != value]
    odd += ["smallest"] * smallest + ["transfer"] * bool(others)
    if odd:
        raise InvalidSetting(f"a change for all photos of a folder goes without --{odd[0]}; leave it out")
    chosen = {name: settings[name] for name in ("target", "radius", "steps", "seed") if settings[name] is not None}
    target = target_for(writing["output"], f"{Path(folder).name}-fool", writing["force"])
    make(model, recipes.universal(model, photos_in(folder), **chosen), target, writing)


def _ask_again(model: Model, result: Result, target: Path, others: list[Model]) -> None:
    """Says what the written file is taken for, read again, by this network and by others."""
    (finding,) = result.findings
    asked, file = int(finding.values["class"]), read(target)[:, : model.channels]
    own = verdict(model, file, model, asked)
    remedy = "" if finding.values["fooled"] else "; take a larger --radius, or more --steps"
    typer.echo(f"{target}, read again: {own.taken_for} {100 * own.confidence:.3g} %{remedy}")
    if not others:
        return
    table = Table("network", "photo", "file", box=None, pad_edge=False)
    pictures = [*([finding.beside[0][1][None]] if finding.beside else []), file]
    for each in [model, *others]:
        found = [_told(verdict(each, picture, model, asked)) for picture in pictures]
        table.add_row(each.name, *([] if len(found) == 2 else ["-"]), *found)
    console = Console()
    (console if console.is_terminal else Console(width=160)).print(table)


def _told(found: Verdict) -> str:
    aimed = "" if found.aimed is None else f" (the class asked for {100 * found.aimed:.3g} %)"
    return f"{found.taken_for} {100 * found.confidence:.3g} %{aimed}"
