"""Repeats a run from its record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import nn

from reverie import recipes, settings
from reverie.errors import RecordRefused, ReverieError
from reverie.figures.result import Result
from reverie.files import record_text
from reverie.image import Pictures
from reverie.models.model import Model
from reverie.objectives import Objective
from reverie.parameterizations import Latent, Parameterization, latent
from reverie.parameterizations.latents import GENERATOR
from reverie.paths import path_named
from reverie.recipes.consent import check_arguments
from reverie.recipes.other_networks import Other
from reverie.recipes.recorded_files import Photos, looked_up, pictures_of
from reverie.recipes.recorded_networks import network_again, recorded_model
from reverie.recipes.repetition import Made, noted, repetition
from reverie.record import BUILT, Record, parse_record
from reverie.runs import Progress, Runner, finished
from reverie.settings.calling import names_checked
from reverie.settings.setting import Settings, settings_of
from reverie.synthesis import Recipe, Synthesis, synthesize
from reverie.synthesis.revival import Reading, revived, revived_recipe

OBJECTIVES = ("layers", "through", "unit", "units")  # arguments in which one may stand
ASKED_ANEW = {  # what is no recipe's picture: the command that makes it again
    "patches": "reverie patches UNIT --scan FILE",
    "grid": "reverie atlas grid LAYER",
    "image_map": "reverie map FOLDER",
    "zoom": "reverie zoom PHOTO",
    "film": "reverie film FILM",
}


def read_record(picture: str | Path) -> Record:
    """The record of a picture.

    Raises:
        RecordRefused: it has none, or one of another program.
    """
    text = record_text(path_named(picture))
    if text is None:
        raise RecordRefused(f"{picture} carries no record; only pictures that reverie wrote can be repeated")
    return parse_record(text)


@dataclass(frozen=True)
class _Given:
    """What the user names, for what a record names; see `recipe_of`.

    Attributes:
        read: the networks that objectives built by hand read.
    """

    model: Model
    photo: Photos
    beside: Path | None
    decoder: str | nn.Module | None
    read: Sequence[Model | nn.Module | str]
    also: Sequence[Model | nn.Module | str]
    trust: bool
    pictures: Pictures = field(default_factory=Pictures)

    def argument(self, name: str, value: Any) -> Any:
        """A record's argument with what it names for photos, files, code and networks."""
        if name == "parameterization" and isinstance(value, dict):
            return revived(value, self.reading(), Parameterization)
        if name == "also" and value:
            return _others(value, self.also, self.model, trust=self.trust)
        if name in OBJECTIVES and isinstance(value, list):
            reading = self.reading()
            return [revived(item, reading, Objective) if isinstance(item, dict) else item for item in value]
        if name in ("preset", "spectrum", "concept"):
            return value
        return looked_up(value, self.photo, self.beside, self.pictures)

    def reading(self) -> Reading:
        """What parts and objectives that were built by hand are read with: of the further networks each one once."""
        named = iter(self.read)

        def network(source: Mapping[str, Any]) -> Model:
            return network_again(
                source, next(named, None), trust=self.trust, remedy="--also", device=str(self.model.device)
            )

        return Reading(
            self.model,
            network,
            lambda recorded: _decoder(recorded, self.decoder, self.model, trust=self.trust),
            lambda shape, hashes: pictures_of(shape, hashes, self.photo),
        )


def recipe_of(
    record: Record,
    model: Model,
    *,
    photo: Photos = None,
    beside: Path | None = None,
    decoder: str | nn.Module | None = None,
    also: Sequence[Model | nn.Module | str] = (),
    trust: bool = False,
) -> Made:
    """The recipe that a record tells of.

    Args:
        photo: the photo that was used, or several (a mask is one too); else each is looked for by its name.
        beside: a folder in which to look for it, after the working folder.
        decoder: the user's own naming of the decoder that painted the picture.
        also: that of the other networks which the picture excites too, in their order.
        trust: run code that only the record names.

    Raises:
        RecordRefused: another program's recipe or arguments, a photo that is missing or another one, or code without
            consent.
    """
    if record.recipe in ASKED_ANEW:
        raise RecordRefused(
            f"'{record.recipe}' is not repeated from its record alone; run '{ASKED_ANEW[record.recipe]}' again"
        )
    given = _Given(model, photo, beside, decoder, () if record.arguments.get("also") else also, also, trust)
    made: Made = _built(record, given) if record.recipe == BUILT else _asked(record, given)
    if isinstance(made, Recipe):
        made = _together(record, made)
    if record.index is not None and not 0 <= record.index < len(made.names):
        raise RecordRefused(f"the record names picture {record.index} of {len(made.names)}; render the picture anew")
    return made


def _asked(record: Record, given: _Given) -> Made:
    """What a recipe's function makes of the record's arguments."""
    cls = _settings(record.recipe)
    known = {item.name for item in settings_of(cls)}
    if not set(record.arguments) <= known:
        raise RecordRefused(
            f"the record has the unknown argument '{min(set(record.arguments) - known)}'; update reverie"
        )
    check_arguments(record.arguments, cls)
    arguments = {name: given.argument(name, value) for name, value in record.arguments.items()}
    try:
        made: Made = recipes.recipe(cls)(given.model, **arguments)
    except ReverieError:
        raise
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise RecordRefused(f"the record's arguments are damaged ({error}); render the picture anew") from None
    return made


def _built(record: Record, given: _Given) -> Recipe:
    """The recipe built by hand that the record holds, tried with one step of each stage of its first batch."""
    try:
        made = revived_recipe(record.arguments, given.reading())
        first = made.select(made.batches()[0])
        synthesize(given.model, replace(first, stages=tuple(replace(stage, steps=1) for stage in first.stages)))
    except ReverieError:
        raise
    except Exception as error:
        raise RecordRefused(f"the record's Recipe does not run ({str(error)[:100]}); render the picture anew") from None
    return made


def runner_of(record: Record) -> Runner:
    """How what a record tells of is run."""
    runner: Runner = Synthesis if record.recipe == BUILT else recipes.recipe(_settings(record.recipe)).run
    return runner


def _settings(name: str) -> type[Settings]:
    """The settings of a recipe: reverie's own, or a plugin's that is installed here."""
    if not name:
        raise RecordRefused(
            "the picture is of a Recipe built by hand, which its record does not hold; run its code again"
        )
    own, plugged = settings.recipes(), settings.commands().plugged
    if name not in own and name not in plugged:
        raise RecordRefused(
            f"there is no recipe '{name}' here; known are {', '.join([*sorted(own), *plugged])}; "
            "a plugin's is known where its package is installed"
        )
    return own[name] if name in own else settings.commands()[name]


def _together(record: Record, made: Recipe) -> Recipe:
    """The pictures that ran in one batch, where the arguments tell of more: restarts that ran one by one."""
    names = record.automatic.get("members")
    if not isinstance(names, list) or len(names) >= len(made.names) or not all(name in made.names for name in names):
        return made
    return made.select([made.names.index(name) for name in names])


def _others(
    recorded: Sequence[Mapping[str, Any]],
    given: Sequence[Model | nn.Module | str],
    model: Model,
    *,
    trust: bool,
) -> tuple[Other, ...]:
    """The other networks that a record names, and what in them was to be excited."""
    if given and len(given) != len(recorded):
        raise RecordRefused(f"the record names {len(recorded)} further networks; name as many with --also")
    own: list[Any] = list(given) or [None] * len(recorded)
    return tuple(
        Other(
            network_again(item["network"], network, trust=trust, remedy="--also", device=str(model.device)),
            item["wish"],
        )
        for item, network in zip(recorded, own, strict=True)
    )


def _decoder(recorded: Mapping[str, Any], given: str | nn.Module | None, model: Model, *, trust: bool) -> Latent:
    """The decoder that a record names: its code runs only where somebody vouches for it."""
    name = str(recorded.get("decoder"))
    if given is None and name != GENERATOR and not (trust and ":" in name):
        raise RecordRefused(
            f"the record names a decoder of its own ({name}); name it yourself with --decoder, or say --trust"
        )
    found = latent(name if given is None else given, model.device)
    if found.source["weights_sha256"] != recorded.get("weights_sha256"):
        raise RecordRefused(
            f"{name} has other weights than the picture was painted with; name the right one with --decoder"
        )
    return found


@names_checked
def rerun(
    picture: str | Path,
    model: Model | nn.Module | str | None = None,
    *,
    unit: str | None = None,
    photo: Photos = None,
    decoder: str | nn.Module | None = None,
    also: Sequence[Model | nn.Module | str] = (),
    trust: bool = False,
    progress: Progress = None,
) -> Result:
    """Repeats a picture, or all of a sheet: on one machine's processor, with as many threads, the same bits.

    Args:
        picture: a PNG that reverie wrote, or a JPEG or WebP with its record beside it.
        model: the network, where the record names code or weights of its own.
        unit: of a sheet this one's picture alone.
        photo: the photo or mask, or several, where they are not found by their names.
        decoder: the decoder, where the picture was painted by the user's own.
        also: the other networks which the picture excites too, where the record names code or weights of its own.
        trust: load code and weight files that the record names.
        progress: True for a bar, a function that gets each event, None for a bar where a terminal waits for long.

    Raises:
        RecordRefused: no record, code without consent, or a photo or weights that are not those of the record.
    """
    record = read_record(picture)
    ready = recorded_model(record, model, trust=trust)
    recipe = recipe_of(
        record, ready, photo=photo, beside=path_named(picture).parent, decoder=decoder, also=also, trust=trust
    )
    return finished(repetition(record, runner_of(record), recipe, ready, unit).run(ready), progress)


def threads_of(record: Record) -> int | None:
    """The number of threads that made a picture, which decides its last bits; None where the record does not say."""
    return noted(record, "threads", 1024)
