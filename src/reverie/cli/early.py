"""What a command refuses before torch is imported: files that are not there, taken outputs, malformed texts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from reverie.cli.saying import say
from reverie.errors import UnknownName, UnsuitableImage
from reverie.expression import check_text
from reverie.extras import ensure, installed, remedy
from reverie.models.classes import check_count, class_number, names_in
from reverie.models.known_classes import check_classes, check_network, known_classes
from reverie.paths import (
    FILMS,
    FORMATS,
    PACKED,
    check_free,
    check_output,
    path_named,
    photo_path,
)
from reverie.settings.feature import GROUNDS
from reverie.settings.fields import in_file

PHOTOS = ("photos", "photo", "styles", "guide", "region", "style_region", "concept", "against", "spectrum", "mask")
PICTURES = "there is no file {}; name a photo, a folder of photos, or 'sample:flower'"
MASKS = "there is no file {}; name a picture that is white where the other may change"
RESPONSES = "there is no file {}; name a photo, 'sample:flower', or a stored response .npy"
SETS = "there is no folder {}; name a folder of photos, a .tar file or a .txt file of paths"
FILES = {
    "dictionary": "there is no dictionary {0}; name a safetensors or .npy file of directions",
    "classes": "the class names {0} cannot be read (there is no such file); give a text file, one name a line",
    "scan": "there is no scan {0}; make it with 'reverie scan FOLDER -o {0.name}'",
    "atlas": "there is no atlas {0}; make it with 'reverie atlas build -o {0.name}'",
    "atlases": "there is no atlas {0}; make it with 'reverie atlas build -o {0.name}'",
    "footage": "there is no file {0}; name a film",
    "picture": "there is no file {0}; name a picture that reverie wrote",
}
NETWORKS = ("model", "network", "transfer", "judge", "verify_with")
UNITS = ("units", "unit", "layers", "layer", "content_layers", "through", "toward")
OF_SETS = ("scan", "map", "patches", "score", "doctor", "atlas build")  # whose photos are a whole set
OF_RESPONSES = ("caricature", "invert")  # whose photo may be a stored response
GOING_ON = ("sheet", "scan", "zoom", "film", "atlas build")  # what is at their output is gone on with
STARTED = ("feature", "sheet")  # from a photo too
ENDINGS = {
    "zoom": FILMS,
    "film": FILMS,
    "scan": (".db",),
    "atlas build": (".atlas",),
    "atlas merge": (".atlas",),
    "atlas export": (),
    "score": (".json",),
    "doctor": (".json",),
}  # of the others' outputs they are those of pictures; none are those of folders


def writable(command: str) -> str:
    """What a command may write to, as its help says it."""
    endings = ENDINGS.get(command, tuple(FORMATS))
    if not endings:
        return "a folder"
    listed = f"a file, {' or '.join(filter(None, (', '.join(endings[:-1]), endings[-1])))}"
    if command in ENDINGS:
        return listed
    return f"{listed.replace('.png', '.png (with its record)')}; a new numbered name in a folder, or here"


def check_early(command: str, given: dict[str, Any]) -> None:
    """Refuses what can be refused from the words and the disk alone; names a film's fallback where PyAV is missing.

    Raises:
        ReverieError: one sentence, as the work itself would say it later.
    """
    for name, value in given.items():
        several = value if isinstance(value, list) else [] if value is None else [value]
        if name in PHOTOS:
            _check_photos([str(item) for item in several], _wanted(command, name))
        elif name in FILES:
            _check_file(several, FILES[name])
        elif name in UNITS:
            _check_units([item for item in several if isinstance(item, str)])
    _check_network(given)
    _check_classes(command, given)
    _check_preset(given.get("preset"))
    if command in STARTED:
        _check_start(given.get("start"))
    _check_films(command, given)
    _check_place(command, given)


def _wanted(command: str, name: str) -> str:
    """What is said where a photo is missing: what should be named there."""
    if command in OF_SETS or (command, name) == ("atlas grid", "photos"):
        return SETS
    if name in ("mask", "region", "style_region"):
        return MASKS
    return RESPONSES if name == "photo" and command in OF_RESPONSES else PICTURES


def _check_photos(names: Sequence[str], message: str) -> None:
    """Refuses photos of which none is there: one that is missing does not cost the others."""
    missing = [path for path in map(photo_path, names) if not path.exists()]
    if missing and len(missing) == len(names):
        raise UnsuitableImage(message.format(missing[0]))


def _check_file(names: Sequence[Any], message: str) -> None:
    for path in map(path_named, names):
        if not path.exists():
            raise UnknownName(message.format(path))


def _check_units(texts: Sequence[str]) -> None:
    for text in texts:
        check_text(text)


def _check_network(given: Mapping[str, Any]) -> None:
    weights = given.get("weights")
    if weights not in (None, "default", "none") and not path_named(str(weights)).is_file():
        raise UnknownName(f"there is no weights file {weights}; name a safetensors file or a saved state dict")
    if given.get("method") == "umap":
        ensure("umap", "umap", "UMAP")
    for name in _texts(given, (*NETWORKS, "parameterization")):
        place, colon, _ = name.rpartition(":")
        if colon and place.endswith(".py") and not path_named(place).is_file():
            raise UnknownName(f"there is no file {place}; a factory is named path/to/file.py:function")
    for name in _texts(given, NETWORKS):
        if name.startswith("timm:"):
            ensure("timm", "timm", "a network of timm")
        if name != "none":  # a judge
            check_network(name)


def _texts(given: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    several = [given.get(name) for name in names]
    return [text for each in several for text in (each if isinstance(each, list) else [each]) if isinstance(text, str)]


def _check_classes(command: str, given: Mapping[str, Any]) -> None:
    """Classes of networks whose names are known, and by --classes of all; numbers of a dictionary are none."""
    network, file = str(given.get("model")), given.get("classes")
    classes = known_classes(network, given.get("weights"))
    if file:
        known, classes = len(classes), names_in(file)
        check_count(network, known or len(classes), classes)
    if not classes or given.get("dictionary") or given.get("concept"):
        return
    for name in UNITS:
        several = given.get(name)
        for text in several if isinstance(several, list) else [several]:
            if isinstance(text, str):
                check_classes(network, classes, text, alone=command == "explain")
    target = given.get("target")
    if target is not None and not str(target).isdigit():
        class_number(classes, str(target), "logits", network)


def _check_preset(name: Any) -> None:
    file = f"{str(name).partition('.toml')[0]}.toml"
    if in_file(name) and not path_named(file).is_file():
        raise UnknownName(f"the presets {file} cannot be read (no such file); name a TOML file")


def _check_start(start: Any) -> None:
    if isinstance(start, str) and start not in GROUNDS:
        GROUNDS.check(start)
        _check_photos([start], PICTURES)


def _check_films(command: str, given: dict[str, Any]) -> None:
    if command == "film":
        ensure("av", "video", "reading a film")
        ensure("cv2", "video", "optical flow")
    if installed("av"):
        return
    name = "output" if command == "zoom" else "film"
    wanted = given.get(name)
    if wanted is not None and Path(wanted).suffix.lower() in PACKED:
        given[name] = str(Path(wanted).with_suffix(".webp"))
        say(
            f"reverie: a film as {Path(wanted).suffix} needs the library 'av', so it is written as {given[name]}; "
            f"{remedy('video')}",
            err=True,
        )


def _check_place(command: str, given: Mapping[str, Any]) -> None:
    output, force = given.get("output"), bool(given.get("force"))
    if output is not None:
        _check_target(path_named(output), ENDINGS.get(command, tuple(FORMATS)), force or command in GOING_ON)
    if given.get("film") is not None:
        check_free(check_output(path_named(given["film"]), FILMS), force)


def _check_target(path: Path, endings: Sequence[str], force: bool) -> None:
    if not endings or path.is_dir() or (not path.suffix and not path.exists() and path.parent.is_dir()):
        return
    check_free(check_output(path, endings), force)
