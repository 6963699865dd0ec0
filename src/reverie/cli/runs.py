"""The commands that make pictures: parse, load, read the engine's steps into a bar, write."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, Self, TypeVar

from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

from reverie import recipes
from reverie.attribution import Kernels, Survey, drawn
from reverie.cli.bars import Bar
from reverie.cli.inquiries import explained, showed, surveyed
from reverie.cli.saying import say
from reverie.cli.tables import show
from reverie.errors import InvalidSetting, OutputFailed, ReverieError, UnknownName
from reverie.figures.film import check_film
from reverie.figures.result import Result
from reverie.figures.sheet import Layout
from reverie.image import photos_in
from reverie.models.model import Model
from reverie.models.moments import silent_units
from reverie.models.output import OUTPUTS
from reverie.models.readiness import computed_in_software, matrix_units
from reverie.models.sources import load
from reverie.paths import check_free as check_free
from reverie.paths import check_output, made_folder, path_named, photo_path, shortened
from reverie.recipes.repetition import Repetition, repetition
from reverie.recipes.reruns import read_record, recipe_of, recorded_model, threads_of
from reverie.recipes.wishes import wishes_of
from reverie.settings.dream import Dream
from reverie.settings.feature import Feature, Views
from reverie.settings.parts import Filmed, Network, Output, Recorded, Verified
from reverie.settings.rerun import Rerun
from reverie.synthesis import Recipe, Step, filmed, iterate, synthesize
from reverie.synthesis.verification import PHOTOS, told, verified


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
            f"{_listed([str(unit) for unit in silent])} never fired on the sample photos and on noise: "
            "the first steps try to wake what is silent",
            err=True,
        )
    after = (lambda result: verified(model, result, photos=by, other=other)) if writing.verify else None
    made = make(model, recipe, target, writing, after=after)
    if writing.verify and not writing.quiet:
        show(*told(made))


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
    again = repetition(record, recipe, ready, asked.unit)
    recipe = again.made
    if not isinstance(recipe, Recipe):
        if writing.film or writing.trace:
            raise InvalidSetting("--film and --trace go with pictures that were made in steps, not with explanations")
        if isinstance(recipe, Kernels):
            showed(drawn(ready, recipe), target, writing)
        elif isinstance(recipe, Survey):
            surveyed(ready, recipe, target, writing)
        else:
            explained(ready, recipe, target, writing, events=again.events(ready, recipe))
    else:
        make(ready, recipe, target, writing, again)


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
    use_threads(network.threads)
    ready = load(
        network.model,
        network.weights,
        device=network.device,
        precision=network.precision,
        mean=network.mean,
        std=network.std,
        size=network.native_size,
        classes=None if network.classes is None else _lines(Path(network.classes)),
        pooling=network.pooling,
        output=network.output_as,
        output_key=network.output_key,
    )
    for note in ready.notes:
        say(f"reverie: {note}", err=True)
    if ready.dtype.itemsize == 2 and not matrix_units(ready.device):
        slow = computed_in_software(ready.dtype, ready.device)
        lacks = "has no bfloat16 arithmetic" if slow else "has no matrix units for bfloat16"
        say(f"reverie: this device {lacks}: --precision float32 may be faster here, auto chooses", err=True)
    return ready


def _lines(path: Path) -> list[str]:
    try:
        return [line.strip() for line in path_named(path).read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise UnknownName(
            f"the class names {path} cannot be read ({error}); give a text file, one name a line"
        ) from None


def use_threads(count: int | None) -> None:
    """Sets how many threads torch computes with; None leaves it."""
    if count is None:
        return
    import torch

    torch.set_num_threads(count)


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
    steps = (
        iterate(model, recipe, trace=writing.trace)
        if again is None
        else again.steps(model, recipe, trace=writing.trace)
    )
    if film is not None:
        steps = filmed(steps, recipe, film, index=None if again is None else again.index)
    run = _Watched(recipe, through(steps), target, writing.watch, quiet=writing.quiet)
    result = synthesize(model, recipe, run.steps())
    result = result if again is None else again.wanted(result)
    if run.ended is not None and not len(result):
        raise run.ended
    result = result if after is None else after(result)
    written = result.save(target, singles=getattr(writing, "singles", False))
    if not writing.quiet or run.ended is not None:
        say(_told(run, written, made_with(model, _layers(recipe))))
        squeezed = result.record.automatic.get("resized_to") if len(result) else None
        if squeezed:
            say(f"{model.name} takes {squeezed[0]}x{squeezed[1]} only, to which the picture was resized for it")
        if result.silent and run.ended is None:
            say(_silence(result))
        if film is not None and film.exists():
            say(f"wrote {film}")
        for label, finding in zip(result.labels, result.findings, strict=False):
            say(f"{label}: {finding.note}")
    if run.ended is not None:
        raise run.ended
    return result


def rendered(model: Model, recipe: Recipe, target: Path, *, quiet: bool) -> Result:
    """Runs a recipe that is part of something else, with a bar; what ends it early ends the whole."""
    run = _Watched(recipe, iterate(model, recipe), target, None, quiet=quiet)
    result = synthesize(model, recipe, run.steps())
    if run.ended is not None:
        raise run.ended
    return result


def made_with(model: Model, layers: Sequence[str]) -> str:
    """A network and the layers that were asked of it, for the line that says what was written."""
    return f"{model.title}, {_listed(layers, 3)}"


def _layers(recipe: Recipe) -> list[str]:
    """All layers that a recipe's objectives look at, in their order."""
    return list(dict.fromkeys(layer for stage in recipe.stages for layer in stage.layers))


def _told(run: "_Watched", written: list[Path], made_with: str) -> str:
    rest = f" and {len(written) - 1} pictures in {written[0].with_suffix('')}" if len(written) > 1 else ""
    rest = f" and {written[1]}" if len(written) == 2 and written[1].parent == written[0].parent else rest
    what = "" if run.ended is None else f" (ended at step {run.done} of {run.total}, the last whole picture)"
    return f"wrote {written[0]}{rest}: {made_with}{what}"


def _listed(names: Sequence[str], most: int = 8) -> str:
    """The first names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _silence(result: Result) -> str:
    """One line about units that never fired."""
    silent = _listed(result.silent)
    if len(result) == 1:
        return f"{silent} never fired: the picture shows nothing of it; try another --seed or --start"
    return f"{len(result.silent)} of {len(result)} units never fired, their pictures show nothing: {silent}"


class _Watched:
    """The engine's steps, with a bar, and with an end that keeps what was made."""

    def __init__(self, recipe: Recipe, run: Iterator[Step], target: Path, every: int | None, *, quiet: bool) -> None:
        self.recipe, self.run, self.target, self.every = recipe, run, target, every
        self.quiet = quiet
        self.ended: ReverieError | KeyboardInterrupt | None = None
        self.done, self.total = 0, recipe.steps

    def steps(self) -> Iterator[Step]:
        """What `iterate` yields, until its end, Ctrl-C or an error that a user can mend."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[score]}"),
        )
        with Bar(*columns, quiet=self.quiet) as bar:
            task = bar.add_task(
                f"{self.recipe.stages[0].size[1]}x{self.recipe.stages[0].size[0]}", total=self.total, score=""
            )
            try:
                for step in self.run:
                    self.done = step.done
                    size = self.recipe.stages[step.stage].size
                    bar.update(task, completed=step.done, description=f"{size[1]}x{size[0]}")
                    if step.done % 8 == 1 or step.done == self.total:  # reading the score waits for a GPU
                        bar.update(task, score=f"objective {float(step.score.mean()):.4g}")
                    if self.every and step.done % self.every == 0 and step.done < self.total:
                        self._write(step)
                    if step.note and not self.quiet:
                        bar.console.print(
                            f"reverie: step {step.done}: {step.note}", markup=False, highlight=False, soft_wrap=True
                        )
                    yield step
            except (KeyboardInterrupt, ReverieError) as error:
                self.ended = error

    def _write(self, step: Step) -> None:
        images = step.whole().detach().float().cpu()
        labels = self.recipe.labels[step.rows.start : step.rows.stop]
        Result(images, (), labels, alpha=self.recipe.alpha, layout=Layout(columns=self.recipe.columns)).save(
            self.target
        )
