"""The commands."""

import importlib
import inspect
import io
import os
import sys
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import Annotated, Any

import typer

from reverie.cli.signals import answered
from reverie.cli.signatures import arguments, command, option, refused
from reverie.errors import InvalidSetting, OutputFailed, ReverieError
from reverie.models.names import DEFAULT

LONGEST_WORD = 50_000  # characters of one argument
FLAGS = {"layers": "--layer", "content_layers": "--content-layer", "target": "--as"}  # others are called as they are

app = typer.Typer(
    name="reverie",
    help="See what a vision network sees: feature visualization and Deep Dream for any torch network.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def main() -> None:
    """Runs the command line: 2 for what the user can mend, 130 for Ctrl-C, and never a traceback for either."""
    try:
        _check_start()
        try:
            app()
        finally:
            if sys.stdout is not None:
                sys.stdout.flush()
    except BrokenPipeError:  # the reader of a pipe has gone
        _write_nowhere()
        sys.exit(1)
    except OSError as error:
        _write_nowhere()
        typer.echo(f"reverie: {refused(error)}", err=True)
        sys.exit(2)
    except ReverieError as error:
        typer.echo(f"reverie: {error}", err=True)
        sys.exit(2)


def _check_start() -> None:
    """What else would end in a library's own words: a working folder that is gone, an argument without end.

    What the terminal's code page lacks is spelt out.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        Path.cwd()
    except OSError:
        raise OutputFailed("the working folder is gone; change into another one") from None
    long = next((word for word in sys.argv[1:] if len(word) > LONGEST_WORD), None)
    if long is not None:
        raise InvalidSetting(f"'{long[:40]}...' has {len(long)} characters; write less, or the name of a file")


def _write_nowhere() -> None:
    """Else the interpreter would try once more to write what cannot be written."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _parameter(name: str, kind: Any, default: Any, text: str, *flags: str) -> inspect.Parameter:
    info = typer.Option(
        *(flags or (f"--{name.replace('_', '-')}",)), help=text, show_default=default not in (None, False)
    )
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, info])


def _model_option() -> inspect.Parameter:
    return _parameter(
        "model",
        str,
        DEFAULT,
        "Network: efficientnet_lite0, bundled, a torchvision name, timm:NAME, path/file.py:factory or package:factory.",
        "--model",
        "-m",
    )


def _loading() -> list[inspect.Parameter]:
    """Options of `reverie.load`, with its own help, and the threads."""
    helps = {item.name: item.help for item in arguments("models/sources.py", "load")[1]}
    triple = "; three numbers such as .5,.5,.5"
    return [
        _parameter("weights", str, "default", helps["weights"]),
        _parameter("device", str, "auto", helps["device"]),
        _parameter("precision", str, "float32", helps["precision"]),
        _parameter("mean", str | None, None, helps["mean"] + triple),
        _parameter("std", str | None, None, helps["std"] + triple),
        _parameter("native_size", str | None, None, helps["size"]),
        _parameter("classes", Path | None, None, "A file of class names, one a line, in the order of the logits."),
        _parameter("pooling", str, "own", helps["pooling"]),
        _parameter("output_as", str, "auto", helps["output"]),
        _parameter("output_key", str | None, None, helps["output_key"]),
        _parameter("threads", int | None, None, "Threads of the processor; as many as torch sees fit by default."),
    ]


def _writing() -> list[inspect.Parameter]:
    return [
        _parameter(
            "output",
            Path | None,
            None,
            "Picture to write: .png (with its record), .jpg or .webp; a new numbered name in a folder, or here.",
            "--output",
            "-o",
        ),
        _parameter("force", bool, False, "Overwrite an existing picture."),
        _parameter("film", Path | None, None, "Film of the run to write: .mp4, .webm, .gif or .webp."),
        _parameter(
            "trace", bool, False, "Write every feature's mean activation at each step beside the picture (.npz)."
        ),
        _parameter("singles", bool, False, "Write each of several pictures too, into a folder of the sheet's name."),
        _parameter("watch", int | None, None, "Write the picture as it stands every N steps."),
        _parameter("quiet", bool, False, "No progress; errors only.", "--quiet", "-q"),
    ]


def _register(
    name: str,
    module: str,
    function: str,
    subject: inspect.Parameter,
    runner: Callable[..., None],
    more: Sequence[inspect.Parameter] = (),
    without: Sequence[str] = (),
) -> None:
    about, known = arguments(module, function)
    taken = {subject.name, subject.name.removesuffix("s"), *(item.name for item in more)}
    own = [option(item, FLAGS.get(item.name)) for item in known if item.name not in {*taken, "render"}]
    written = [item for item in _writing() if item.name not in without]
    parameters = [subject, _model_option(), *own, *more, *_loading(), *written]
    app.command(name)(command(runner, parameters, about))


def _several(name: str, metavar: str, text: str) -> inspect.Parameter:
    info = typer.Argument(help=text, metavar=metavar)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[list[str], info])


def _perhaps(name: str, metavar: str, text: str) -> inspect.Parameter:
    info = typer.Argument(help=text, metavar=metavar, show_default=False)
    annotation = Annotated[str | None, info]
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def _one(name: str, metavar: str, text: str) -> inspect.Parameter:
    info = typer.Argument(help=text, metavar=metavar)
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[str, info])


def _later(module: str, function: str) -> Callable[..., None]:
    """A command's function, imported with torch only when it runs."""

    def run(**given: Any) -> None:
        ready = getattr(importlib.import_module(f"reverie.cli.{module}"), function)
        with answered():
            ready(**given)

    run.__name__ = function
    return run


_register(
    "dream",
    "recipes/dreams.py",
    "dream",
    _several("photos", "PHOTO...", "Photos, folders of photos, sample:flower or sample:china."),
    _later("runs", "dream"),
    without=("singles",),
)
_RAW = _parameter("raw", bool, False, "Write the numbers too, as .npy beside each picture.")
_register(
    "activations",
    "recipes/responses.py",
    "activations",
    _several("photos", "PHOTO...", "Photos, folders of photos, sample:flower or sample:china."),
    _later("explaining", "activations"),
    [_RAW],
    without=("film", "trace", "watch"),
)
_register(
    "explain",
    "recipes/explanations.py",
    "explain",
    _several("photos", "PHOTO...", "Photos, folders of photos, sample:flower or sample:china."),
    _later("explaining", "explain"),
    [_RAW],
    without=("film", "trace"),
)
_HTML = _parameter("html", bool, False, "Write beside the picture a page for a browser.")
_register(
    "filters",
    "recipes/weights.py",
    "filters",
    _one("layer", "LAYER", "LAYER or LAYER:0-15 for kernels; LAYER:CHANNEL for what feeds a channel, what it feeds."),
    _later("weights", "filters"),
    [
        *[
            option(item)
            for item in arguments("atlas/links.py", "connections")[1]
            if item.name in ("links", "steps", "pictures", "seed")
        ],
        _parameter("kernels", bool, False, "Of a single channel draw the kernels alone."),
        _HTML,
        _RAW,
    ],
    without=("film", "trace", "watch"),
)
_register(
    "feature",
    "recipes/features.py",
    "feature",
    _several("units", "UNIT...", "LAYER, LAYER:CHANNEL, LAYER:0-15, LAYER:3@4,5, logits:CLASS ..."),
    _later("runs", "feature"),
    [
        _parameter("verify", bool, False, "Say how good the pictures are, and note it in their records."),
        _parameter("verify_with", str | None, None, "A second network to show pictures of classes to, as for --model."),
        _parameter(
            "photos",
            list[str] | None,
            None,
            "With --verify: photos, or folders of them, to measure by; the sample photos otherwise; repeatable.",
        ),
    ],
)
_register(
    "caricature",
    "recipes/caricatures.py",
    "caricature",
    _one("photo", "PHOTO", "A photo, sample:flower or sample:china; or a stored response, FILE.npy."),
    _later("photos", "caricature"),
)
_register(
    "accentuate",
    "recipes/caricatures.py",
    "accentuate",
    _one("photo", "PHOTO", "A photo, sample:flower or sample:china."),
    _later("photos", "accentuate"),
    [_several("unit", "UNIT...", "What to raise: LAYER:CHANNEL, LAYER:0-15, logits:CLASS ...")],
)
_register(
    "interpolate",
    "recipes/passages.py",
    "interpolate",
    _several("through", "UNIT...", "Two units or more, in their order: LAYER:CHANNEL, logits:CLASS ..."),
    _later("comparisons", "interpolate"),
)
_register(
    "compare",
    "recipes/comparisons.py",
    "compare",
    _one("layer", "LAYER", "The layer whose features are compared."),
    _later("comparisons", "compare"),
    [
        _parameter("every", int, 8, "Measure how far the features' gradients cancel every so many steps."),
        _parameter("sample", int, 32, "By the length of this many features' gradients, evenly spread; 0 for all."),
    ],
)
_register(
    "grow",
    "recipes/comparisons.py",
    "grow",
    _one("unit", "UNIT", "The feature map to grow: LAYER:CHANNEL."),
    _later("comparisons", "grow"),
    without=("singles",),
)


def _register_series(
    name: str, module: str, function: str, subject: inspect.Parameter, output: str, recipe: tuple[str, str]
) -> None:
    """A command of many runs: its own options, those of the recipe that each run is of, the network's, the output's."""
    about, own = arguments(module, function)
    known = {item.name for item in own}
    own += tuple(item for item in arguments(*recipe)[1] if item.name not in known)
    taken = {subject.name, "photo", "units", "folder", "output", "after", "settings"}
    options = [option(item, "--layer" if item.name == "layers" else None) for item in own if item.name not in taken]
    written = [item for item in _writing() if item.name not in ("output", "watch", "film", "trace", "singles", *known)]
    written.append(_parameter("output", Path | None, None, output, "--output", "-o"))
    app.command(name)(
        command(_later("series", name), [subject, _model_option(), *options, *_loading(), *written], about)
    )


_register_series(
    "sheet",
    "series/sheets.py",
    "sheet",
    _several("layers", "LAYER...", "LAYER for all its channels, or units such as LAYER:0-63; one sheet each."),
    "Folder for the sheets and their pictures, or the one sheet's picture; here unless given.",
    ("recipes/features.py", "feature"),
)
_register_series(
    "zoom",
    "series/zooms.py",
    "zoom",
    _one("photo", "PHOTO", "A photo, sample:flower or sample:china."),
    "Film to write: .mp4, .webm, .gif or .webp; PHOTO-zoom.mp4 here unless given.",
    ("recipes/dreams.py", "dream"),
)
_register_series(
    "film",
    "series/films.py",
    "film",
    _one("footage", "FILM", "A film that FFmpeg reads, such as an .mp4."),
    "Film to write: .mp4, .webm, .gif or .webp; FILM-dream.mp4 here unless given.",
    ("recipes/dreams.py", "dream"),
)


_register(
    "card",
    "atlas/cards.py",
    "card",
    _one("unit", "UNIT", "One channel: LAYER:CHANNEL, or logits:CLASS."),
    _later("cards", "card"),
    without=("film", "trace", "singles", "watch"),
)
_register(
    "invert",
    "recipes/inversion.py",
    "invert",
    _one("photo", "PHOTO", "A photo, sample:flower or sample:china; or a stored response, FILE.npy."),
    _later("photos", "invert"),
    [_parameter("all", bool, False, "From the first layer to the logits, on one sheet with the photo.")],
)
_register(
    "style",
    "recipes/painting.py",
    "style",
    _one("photo", "CONTENT", "The photo to paint, sample:flower or sample:china."),
    _later("photos", "style"),
    [_several("styles", "STYLE...", "Pictures whose style to take.")],
    without=("singles",),
)
_register(
    "fool",
    "recipes/fooling.py",
    "fool",
    _perhaps("photo", "[PHOTO]", "The photo to change; a folder for one change of all its photos; none for --start."),
    _later("photos", "fool"),
    [
        _parameter("smallest", bool, False, "Look for the least radius that is enough."),
        _parameter("transfer", list[str] | None, None, "Ask another network too, as for --model; repeatable."),
    ],
    without=("singles",),
)


def _scanning() -> list[inspect.Parameter]:
    own = [option(item, FLAGS.get(item.name)) for item in arguments("dataset/run.py", "scan")[1]]
    written = [_parameter("quiet", bool, False, "No progress; errors only.", "--quiet", "-q")]
    output = _parameter(
        "output", Path | None, None, "File to write, a .db; FOLDER-scan.db here unless given.", "--output", "-o"
    )
    taken = ("photos", "output")
    return [*(item for item in own if item.name not in taken), output, *_loading(), *written]


app.command("scan")(
    command(
        _later("scans", "scan"),
        [
            _one("photos", "FOLDER", "A folder of photos, a .tar file, or a .txt file that names one path a line."),
            _model_option(),
            *_scanning(),
        ],
        arguments("dataset/run.py", "scan")[0],
    )
)
app.command("patches")(
    command(
        _later("scans", "patches"),
        [
            _several("units", "UNIT...", "LAYER:CHANNEL, LAYER:0-3, logits:CLASS ..."),
            _parameter("scan", Path, inspect.Parameter.empty, "The file that 'reverie scan' wrote."),
            _parameter(
                "model", str | None, None, "The network, where the scan names code of its own.", "--model", "-m"
            ),
            _parameter("trust", bool, False, "Load code and weight files that the scan names."),
            *[
                option(item)
                for item in arguments("series/examples.py", "patches")[1]
                if item.name not in ("units", "scan")
            ],
            *[item for item in _loading() if item.name in ("weights", "device", "threads")],
            *[item for item in _writing() if item.name in ("output", "force", "singles", "quiet")],
        ],
        arguments("series/examples.py", "patches")[0],
    )
)


def _register_map() -> None:
    about, own = arguments("dataset/maps.py", "image_map")
    options = [option(item) for item in own if item.name not in ("photos", "heard")]
    subject = _one("photos", "FOLDER", "A folder of photos (sub-folders are classes), a .tar file or a .txt of paths.")
    output = "Picture to write: .png (with its record), .jpg or .webp; the page and the map's file lie beside it."
    written = [item for item in _writing() if item.name in ("force", "quiet")]
    written.append(_parameter("output", Path | None, None, output, "--output", "-o"))
    run = _later("maps", "map_photos")
    app.command("map")(command(run, [subject, _model_option(), *options, *_loading(), *written], about))


_register_map()


def _picture() -> inspect.Parameter:
    info = typer.Argument(
        help="A PNG that reverie wrote, or a JPEG or WebP with its record beside it.", metavar="PICTURE"
    )
    return inspect.Parameter("picture", inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[Path, info])


app.command("rerun")(
    command(
        _later("runs", "rerun"),
        [
            _picture(),
            _parameter(
                "model",
                str | None,
                None,
                "The network, where the record names code or weights of its own.",
                "--model",
                "-m",
            ),
            _parameter("unit", str | None, None, "Of a sheet of several this one's picture alone."),
            _parameter(
                "photo", list[str] | None, None, "The photo or mask, where it is not found by its name; repeatable."
            ),
            _parameter("decoder", str | None, None, "The decoder that painted it, path/to/file.py:factory."),
            _parameter(
                "also",
                list[str] | None,
                None,
                "The other networks that it excites, where the record names code or weights of their own; repeatable.",
            ),
            _parameter("trust", bool, False, "Load code and weight files that the record names."),
            *[item for item in _loading() if item.name in ("weights", "device", "threads")],
            *_writing(),
        ],
        "Repeats a picture, or all of a sheet, from the record inside it: the same bits on the same machine.",
    )
)


def _network() -> inspect.Parameter:
    info = typer.Argument(help="Network, as for --model.", metavar="MODEL")
    return inspect.Parameter("model", inspect.Parameter.KEYWORD_ONLY, default=DEFAULT, annotation=Annotated[str, info])


app.command("plot")(
    command(
        _later("plots", "plot"),
        [
            _picture(),
            *[item for item in _writing() if item.name in ("output", "force", "quiet")],
            _parameter("film", Path | None, None, "Film in which the curves grow: .mp4, .webm, .gif or .webp."),
        ],
        "Draws a traced run: the objective and the features' activation over the steps, which rise, which never do.",
    )
)


app.command("layers")(
    command(
        _later("listings", "layers"),
        [
            _network(),
            _parameter("all", bool, False, "All layers, those inside the blocks too."),
            _parameter("json", bool, False, "All layers as JSON, for programs."),
            *_loading(),
        ],
        "Lists a network's blocks, or all layers: name, kind, channels, size, receptive field, stride, calls.",
    )
)


app.command("models")(
    command(
        _later("listings", "models"),
        [_parameter("timm", bool, False, "List timm's networks too.")],
        "Lists the networks that can be named.",
    )
)
app.command("presets")(command(_later("listings", "presets"), [], "Lists the presets, with what each is for."))


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"reverie {metadata.version('reverie')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", help="Say the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    del version
