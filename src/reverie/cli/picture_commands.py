"""The commands that make pictures: parse, load, read the engine's steps into a bar, write."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

from reverie import recipes
from reverie.cli.printed_tables import show
from reverie.cli.run_reader import kept
from reverie.cli.saying import say
from reverie.errors import InvalidSetting, OutputFailed, ReverieError, listed
from reverie.figures.film_writer import check_film
from reverie.figures.result import Result
from reverie.image import photos_in
from reverie.models.loading import loaded, use_threads
from reverie.models.model import Model
from reverie.models.moments import silent_units
from reverie.models.readiness import computed_in_software, matrix_units
from reverie.models.sources import load
from reverie.paths import check_free as check_free
from reverie.paths import check_output, made_folder, path_named, photo_path, shortened
from reverie.recipes.recorded_networks import recorded_model
from reverie.recipes.repetition import Repetition, repetition
from reverie.recipes.rerunning import read_record, recipe_of, runner_of, threads_of
from reverie.recipes.wishes import wishes_of
from reverie.runs import Run
from reverie.settings.dream import Dream
from reverie.settings.feature import Feature, Views
from reverie.settings.parts import OUTPUTS, Filmed, Network, Output, Recorded, Verified
from reverie.settings.rerun import Rerun
from reverie.synthesis import Recipe, Step, Synthesis, filmed
from reverie.truth.verification import PHOTOS, verdict_rows, verified


class OfPhoto(Protocol):
    """Settings of one photo."""

    photo: Any

    def changed(self, **changes: Any) -> Self:
        """The settings with some values changed."""
        ...


P = TypeVar("P", bound=OfPhoto)


def dream(asked: Sequence[Dream], network: Network, writing: Filmed) -> None:
    """One picture for each photo."""
    wanted = all_photos(asked, writing)
    if len(wanted) > 1 and writing.film is not None:
        raise OutputFailed(f"{len(wanted)} photos do not fit in the one film {writing.film}; dream them one by one")
    model = model_of(network)

    def made(one: Dream, target: Path) -> None:
        make(model, recipes.dream(model, one), target, writing)

    each_photo(wanted, "dream", "dreamt", writing, made)


def feature(asked: Feature, network: Network, writing: Verified) -> None:
    """One picture, or a sheet of several, with a verdict on each by choice."""
    if (writing.verify_with or writing.photos) and not writing.verify:
        raise InvalidSetting("--verify-with and --photos go with --verify")
    directions = bool(asked.dictionary or asked.concept)
    if writing.verify and (directions or asked.views != Views()):
        raise InvalidSetting("--verify measures units alone: leave out --dictionary, --concept, --diversity and --both")
    by = [photo for name in writing.photos or PHOTOS for photo in photos_in(name)]
    model = model_of(network)
    other = load(writing.verify_with) if writing.verify_with else None
    target = target_for(writing, "feature")
    recipe = recipes.feature(model, asked)
    plain = not (writing.quiet or directions)
    wishes = () if directions else wishes_of(model, asked.units)
    if writing.verify and any(wish.unit is None for wish in wishes):
        raise InvalidSetting("--verify measures units alone: leave out sums and objectives")
    silent = silent_units(model, [term.unit for wish in wishes for term in wish.units]) if plain else ()
    if silent:
        say(
            f"{listed([str(unit) for unit in silent])} never fired on the sample photos and on noise: "
            "the first steps try to wake what is silent",
            err=True,
        )
    after = (lambda result: verified(model, result, photos=by, other=other)) if writing.verify else None
    made = make(model, recipe, target, writing, after=after)
    if writing.verify and not writing.quiet:
        show(*verdict_rows(made))


def rerun(asked: Rerun, network: Recorded, writing: Filmed) -> None:
    """Repeats a picture, a sheet or a unit of it, as the record says, with its threads unless others are named."""
    picture = Path(asked.picture)
    record = read_record(picture)
    use_threads(threads_of(record) if network.threads is None else network.threads)
    options = {} if network.weights == "default" else {"weights": network.weights}
    ready = recorded_model(record, network.model, trust=network.trust, device=network.device, **options)
    recipe = recipe_of(
        record,
        ready,
        photo=asked.photo,
        beside=picture.parent,
        decoder=asked.decoder,
        also=asked.also,
        trust=network.trust,
    )
    target = target_for(writing, f"{picture.stem}-again")
    again = repetition(record, runner_of(record), recipe, ready, asked.unit)
    if isinstance(again.made, Recipe):
        make(ready, again.made, target, writing, again)
        return
    if writing.film or writing.trace:
        raise InvalidSetting("--film and --trace go with pictures that were made in steps, not with explanations")
    keep(again.run(ready), target, writing)


def all_photos(asked: Sequence[P], writing: Output) -> list[P]:
    """The settings for each photo, folders opened; several of them need a folder to be written to."""
    found = [one.changed(photo=photo) for one in asked for photo in photos_in(str(one.photo))]
    output = _place(writing)
    if len(found) > 1 and output is not None and output.suffix:
        raise OutputFailed(
            f"{len(found)} photos do not fit in the one picture {output}; name a folder with --output, or none"
        )
    if len(found) > 1 and output is not None and not made_folder(output):
        raise OutputFailed(f"there is no folder {output} for the pictures; make it first")
    return found


def each_photo(asked: Sequence[P], ending: str, done: str, writing: Output, make: Callable[[P, Path], None]) -> None:
    """Makes something of each photo; one bad photo does not cost the others."""
    failed = 0
    for one in asked:
        try:
            make(one, target_for(writing, f"{photo_path(one.photo).stem}-{ending}"))
        except ReverieError as error:
            if len(asked) == 1:
                raise
            say(f"reverie: {one.photo}: {error}", err=True)
            failed += 1
    if failed:
        raise ReverieError(f"{failed} of {len(asked)} photos could not be {done}")


def model_of(network: Network) -> Model:
    """The network that the options name, with the threads that they say."""
    ready = loaded(network)
    for note in ready.notes:
        say(f"reverie: {note}", err=True)
    if ready.dtype.itemsize == 2 and not matrix_units(ready.device):
        slow = computed_in_software(ready.dtype, ready.device)
        lacks = "has no bfloat16 arithmetic" if slow else "has no matrix units for bfloat16"
        say(f"reverie: this device {lacks}: --precision float32 may be faster here, auto chooses", err=True)
    return ready


def _place(writing: Output) -> Path | None:
    return None if writing.output is None else path_named(writing.output)


def target_for(writing: Output, stem: str) -> Path:
    """Where to write, checked before the work begins: a new number in a folder, else the name given."""
    output = _place(writing) or Path()
    if str(output) in OUTPUTS and not output.is_dir():
        raise OutputFailed(f"--output names the picture to write; how outputs are read is said by --output-as {output}")
    if made_folder(output):
        number, stem = 1, shortened(stem)
        while (output / f"{stem}-{number}.png").exists():
            number += 1
        return check_output(output / f"{stem}-{number}.png")
    path = check_output(output)
    check_free(path, writing.force)
    if path.suffix.lower() != ".png":
        check_free(path.with_suffix(".json"), writing.force)  # the record's place
    return path


def check_beside(path: Path, pictures: int, writing: Output, *, raw: bool) -> None:
    """Refuses to overwrite what would be written beside a picture, or into a sheet's folder."""
    folder = path.with_suffix("")
    singles = raw or getattr(writing, "singles", False) or getattr(writing, "trace", False)
    if pictures > 1 and singles and folder.is_dir() and any(folder.iterdir()):
        check_free(folder, writing.force)
    if pictures == 1 and raw:
        check_free(path.with_suffix(".npy"), writing.force)


def make(
    model: Model,
    recipe: Recipe,
    target: Path,
    writing: Filmed,
    again: Repetition | None = None,
    *,
    through: Callable[[Iterable[Step]], Iterator[Step]] = iter,
    after: Callable[[Result], Result] | None = None,
) -> Result:
    """Runs a recipe, writes what it made, and says where; what was whole when it ended early is written too.

    Args:
        again: of a run that was made before what is wanted of it.
        through: reads the steps on their way.
        after: adds to the result before it is written.
    """
    film = None if writing.film is None else path_named(writing.film)
    if film is not None:
        check_free(check_film(film), writing.force)
    if writing.trace:
        check_free(target.with_suffix(".npz"), writing.force)
    several = again is None or again.index is None
    check_beside(target, len(recipe.names) if several else 1, writing, raw=False)
    if len(recipe.names) == 1 and recipe.reports:
        check_free(target.with_stem(f"{target.stem}-sheet"), writing.force)
    most, index = (None, None) if again is None else (again.taken, again.index)
    watching = [] if film is None else [lambda steps: filmed(steps, recipe, film, index=index)]
    run = Synthesis(model, recipe, trace=writing.trace, most=most, index=index, watching=[*watching, through])

    def told(result: Result) -> Result:
        result = result if after is None else after(result)
        notes = [f"wrote {film}"] if film is not None and film.exists() else []
        return replace(result, notes=(*result.notes, *notes))

    return keep(run, target, writing, after=told)


def keep(
    run: Run[Result],
    target: Path,
    writing: Output,
    *,
    raw: bool = False,
    after: Callable[[Result], Result] | None = None,
) -> Result:
    """Reads a run of pictures and writes them; what was whole when it ended early is written too."""
    return kept(
        run,
        lambda result: result.save(target, singles=getattr(writing, "singles", False), raw=raw),
        quiet=writing.quiet,
        watch=getattr(writing, "watch", None),
        target=target,
        after=after,
    )
