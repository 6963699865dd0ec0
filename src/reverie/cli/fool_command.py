"""The command that fools a network."""

from pathlib import Path

from reverie import recipes
from reverie.cli.picture_commands import make, model_of, target_for
from reverie.cli.printed_tables import show
from reverie.cli.saying import say
from reverie.figures.result import Result
from reverie.image import read
from reverie.models.model import Model
from reverie.models.sources import load
from reverie.paths import photo_path
from reverie.recipes.fooling import of_folder, universal_of
from reverie.recipes.radii import settled, too_small, widened
from reverie.recipes.verdicts import prediction
from reverie.settings.fool import Fool
from reverie.settings.parts import Filmed, Network


def fool(asked: Fool, network: Network, writing: Filmed) -> None:
    """One fooling picture, whose file is asked again; or one change for all photos of a folder."""
    model = model_of(network)
    stem = "nothing" if asked.photo is None else photo_path(asked.photo).stem
    target = target_for(writing, f"{stem}-fool")
    if of_folder(asked):
        make(model, universal_of(model, asked), target, writing)
        return
    asked = settled(model, asked)
    others = [load(name) for name in asked.transfer]  # before the work: one of them may be missing
    ended: list[KeyboardInterrupt] = []

    def after(result: Result) -> Result:
        try:
            return _widened(model, result, asked, writing)
        except KeyboardInterrupt as error:  # what was found within the usual radius is kept
            ended.append(error)
            return result

    result = make(model, recipes.fool(model, asked), target, writing, after=after)
    if not writing.quiet:
        _ask_again(model, result, target, others)
    if ended:
        raise ended[0]


def _widened(model: Model, result: Result, asked: Fool, writing: Filmed) -> Result:
    """The fooling within the smallest radius that does, where the usual one does not; a film shows the usual one."""
    tried = too_small(result)
    if asked.photo is None or tried is None or writing.film or writing.trace:
        return result
    if not writing.quiet:
        say(f"a radius of {tried:g} does not do; looking for the smallest that does", err=True)
    found = widened(model, result, **asked.flat())
    if found is not result and not writing.quiet:
        say(f"the smallest radius that does: {found.record.arguments['radius']:.3g}")
    return found


def _ask_again(model: Model, result: Result, target: Path, others: list[Model]) -> None:
    """Says what the written file is taken for, read again, by this network and by others."""
    (finding,) = result.findings
    asked, file = int(finding.values["class"]), read(target)[:, : model.channels]
    own = prediction(model, file, model, asked)
    remedy = "" if finding.values["fooled"] else "; take a larger --radius, or more --steps"
    say(f"{target}, read again: {own.taken_for} {100 * own.confidence:.3g} %{remedy}")
    if not others:
        return
    rows = []
    pictures = [*([finding.beside[0][1][None]] if finding.beside else []), file]
    for each in [model, *others]:
        found = [str(prediction(each, picture, model, asked)) for picture in pictures]
        rows.append([each.name, *([] if len(found) == 2 else ["-"]), *found])
    show(["network", "photo", "file"], *rows)
