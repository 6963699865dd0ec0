"""Where networks come from: the bundled one, torchvision's and timm's, factories in files and packages, any module."""

import importlib
import importlib.util
import inspect
import json
import sys
import urllib.error
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from reverie.errors import InvalidSetting, UnknownName, WeightsUnavailable, nearest
from reverie.image import Size
from reverie.models import efficientnet_lite0 as lite
from reverie.models.checkpoints import classes_in, fit, load_weights, read_weights
from reverie.models.copying import copied
from reverie.models.integrity import check_whole
from reverie.models.making import make_model
from reverie.models.model import Model
from reverie.models.names import DEFAULT, OWN
from reverie.models.pooling import POOLINGS
from reverie.models.readiness import device_named, precision_named
from reverie.models.zoos import (
    TIMM,
    imagenet_classes,
    import_torchvision,
    timm_network,
    torchvision_file,
    torchvision_names,
)
from reverie.paths import path_named
from reverie.randomness import undisturbed

BUNDLED = Path(__file__).parent / "bundled" / "motifs.safetensors"


@dataclass(frozen=True)
class _Found:
    """A network before it is made ready."""

    module: nn.Module
    source: Mapping[str, Any]
    size: Size = (224, 224)
    mean: Sequence[float] | None = None
    std: Sequence[float] | None = None
    classes: Sequence[str] = ()
    random: bool = False
    moments: Mapping[str, tuple[Tensor, Tensor]] | None = None


@undisturbed()
def load(
    name: str | nn.Module | Model = DEFAULT,
    weights: str | Path | None = "default",
    *,
    device: str = "auto",
    precision: str = "float32",
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    size: int | Size | None = None,
    classes: Sequence[str] | None = None,
    pooling: str = "own",
    output: str = "auto",
    output_key: str | None = None,
) -> Model:
    """A network made ready to be asked.

    Args:
        name: `efficientnet_lite0`, `bundled`, a torchvision classifier, `timm:NAME`, `path/to/file.py:factory`,
            `package.module:factory`, or any module.
        weights: `default`; a file of weights (safetensors, or a state dict); None or `none` for random ones.
        device: auto, cpu, cuda, cuda:1 or mps.
        precision: float32; bfloat16, whose image stays float32, faster where there are matrix units for it; or auto,
            bfloat16 there and float32 elsewhere.
        mean: of the network's input, for values in [0,1]; ImageNet's unless the network says otherwise
        std: of the network's input, as mean
        size: native side or (height, width), 224 unless the network says else.
        classes: names in the order of the logits.
        pooling: own, or average in place of every maximum, for smoother pictures.
        output: how outputs are read: softmax, sigmoid (independent labels, or one), probability (already), or raw;
            auto looks at how the network's forward ends.
        output_key: which of several outputs holds the classes, such as out or 1; automatic.

    Raises:
        UnknownName: no such network or factory.
        WeightsUnavailable: weights that cannot be had, or do not fit.
        InvalidSetting: a module that does not run, or a wrong device or precision.
    """
    if isinstance(name, Model):
        return name
    if pooling not in POOLINGS:
        raise InvalidSetting(f"there is no pooling '{pooling}'; allowed are {', '.join(POOLINGS)}")
    place = device_named(device)
    dtype = precision_named(precision, place)
    chosen = None if weights is None or str(weights) == "none" else str(weights)
    if chosen not in (None, "default"):
        chosen = str(path_named(chosen))
    found = _found(name, chosen)
    text = name if isinstance(name, str) else type(name).__name__
    native = found.size if size is None else (size, size) if isinstance(size, int) else (int(size[0]), int(size[1]))
    return make_model(
        found.module,
        text,
        device=place,
        dtype=dtype,
        size=native,
        mean=found.mean if mean is None else mean,
        std=found.std if std is None else std,
        classes=found.classes if classes is None else classes,
        random=found.random,
        source={
            **found.source,
            "precision": str(dtype).removeprefix("torch."),
            "classes": classes and list(classes),
            **_pooled(pooling),
        },
        moments={layer: (m.to(place), s.to(place)) for layer, (m, s) in (found.moments or {}).items()},
        pooling=pooling,
        output=output,
        key=output_key,
    )


def _pooled(pooling: str) -> dict[str, str]:
    return {} if pooling == "own" else {"pooling": pooling}


def _found(name: str | nn.Module, weights: str | None) -> _Found:
    if isinstance(name, nn.Module):
        source = {"name": type(name).__name__, "code": True, "weights": _weights_source(weights)}
        if weights not in ("default", None):
            name = copied(name)  # the caller's module stays as it was found
            load_weights(name, Path(weights))
        return _Found(name, source, **_said_by(name))
    if name == "bundled":
        return _bundled(weights)
    if name == "efficientnet_lite0":
        return _efficientnet_lite0(weights)
    if name.startswith(TIMM):
        return _from_timm(name, weights)
    if ":" in name:
        return _from_factory(name, weights)
    if name in torchvision_names():
        return _from_torchvision(name, weights)
    known = [*OWN, *torchvision_names()]
    raise UnknownName(
        f"there is no network '{name}'; nearest: {nearest(name, known)}; "
        "list them with 'reverie models', take timm's as timm:NAME, or name your own as path/to/file.py:factory"
    )


def _bundled(weights: str | None) -> _Found:
    from reverie.models.bundled.network import MotifNet

    path = BUNDLED if weights == "default" else None if weights is None else Path(weights)
    if path is None:
        raise InvalidSetting("the bundled network comes with its weights; for random ones name another network")
    if path == BUNDLED:
        check_whole(path, "bundled network")
    try:
        with safe_open(path, "pt") as file:
            about = dict(file.metadata() or {})
            tensors = {key: file.get_tensor(key).float() for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        remedy = "install reverie anew" if path == BUNDLED else "name weights that training/train.py wrote"
        raise WeightsUnavailable(
            f"the bundled network's weights {path.name} cannot be read ({error}); {remedy}"
        ) from None
    if not {"classes", "mean", "std", "size"} <= set(about):
        raise WeightsUnavailable(
            f"the weights {path.name} are not the bundled network's: they do not name its classes; "
            "name weights that training/train.py wrote"
        )
    classes = json.loads(about["classes"])
    module = MotifNet(len(classes), activation=about.get("activation", "silu"))
    fit(module, {key: value for key, value in tensors.items() if not key.startswith("statistics/")}, path)
    side = int(about["size"])
    moments = {
        key.split("/")[1]: (value, tensors[key.replace("/mean", "/std")])
        for key, value in tensors.items()
        if key.startswith("statistics/") and key.endswith("/mean")
    }
    mean, std = ([float(item) for item in json.loads(about[key])] for key in ("mean", "std"))
    return _Found(
        module,
        {"name": "bundled", "weights": _weights_source(weights)},
        (side, side),
        mean,
        std,
        classes,
        moments=moments,
    )


def _efficientnet_lite0(weights: str | None) -> _Found:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = lite.EfficientNetLite0()
    if weights is not None:
        path = lite.weights_file() if weights == "default" else Path(weights)
        fit(module, lite.renamed(read_weights(path)), path)
    return _Found(
        module,
        {"name": "efficientnet_lite0", "weights": _weights_source(weights)},
        (lite.SIZE, lite.SIZE),
        (lite.MEAN,) * 3,
        (lite.STD,) * 3,
        imagenet_classes(),
        random=weights is None,
    )


def _from_torchvision(name: str, weights: str | None) -> _Found:
    models = import_torchvision().models
    entry = models.get_model_weights(name).DEFAULT
    # the two Inceptions re-normalise their input when they carry torchvision's weights, and have training-only heads
    extra: dict[str, Any] = {}
    if name in ("googlenet", "inception_v3"):
        extra = {"aux_logits": False, "init_weights": False, "transform_input": weights is not None}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = models.get_model(name, weights=None, **extra)
    if weights is not None:
        state = _torchvision_state(name, entry) if weights == "default" else read_weights(Path(weights))
        count = classes_in(module, state)
        if count is not None:  # a network of this kind that was taught other classes
            module = models.get_model(name, weights=None, num_classes=count, **extra)
        fit(module, state, weights, without="aux" if extra else "")
    crop = entry.transforms().crop_size[0] if weights is not None or name == "inception_v3" else 224
    source = {"name": name, "weights": _weights_source(weights)}
    return _Found(module, source, (crop, crop), classes=entry.meta["categories"], random=weights is None)


def _torchvision_state(name: str, entry: Any) -> Mapping[str, Tensor]:
    """The weights that torchvision names, from its cache or its server."""
    file = torchvision_file(name)
    folder = file.parent
    try:
        if not file.is_file():
            folder.mkdir(parents=True, exist_ok=True)
            torch.hub.download_url_to_file(entry.url, str(file), file.stem.rpartition("-")[2], progress=False)
    except (urllib.error.URLError, OSError, RuntimeError) as error:
        reason = getattr(error, "reason", error)
        raise WeightsUnavailable(
            f"the weights of {name} are not here and cannot be fetched ({reason}): put {file.name} into {folder}, "
            "name a file with --weights FILE, take random ones with --weights none, or use the network 'bundled'"
        ) from None
    return read_weights(file)


def _from_timm(name: str, weights: str | None) -> _Found:
    said = timm_network(name, pretrained=weights == "default")
    if weights not in ("default", None):
        state = read_weights(Path(weights))
        count = classes_in(said["module"], state)
        if count is not None:
            said = timm_network(name, pretrained=False, num_classes=count)
        fit(said["module"], state, weights)
    source = {"name": name, "weights": _weights_source(weights)}
    return _Found(source=source, random=weights is None, **said)


def _from_factory(name: str, weights: str | None) -> _Found:
    module, factory, source = built(name)
    if weights not in ("default", None):
        load_weights(module, Path(weights))
    source = {**source, "weights": _weights_source(weights), "code": True}
    return _Found(module, source, random=weights is None, **{**_said_by(module), **_said_by(factory)})


def built(name: str) -> tuple[nn.Module, Callable[[], Any], dict[str, Any]]:
    """The module that a factory named `path/to/file.py:function` or `package.module:function` makes, and the factory.

    Third, how a record names it: without the folder, with the hash of the code.

    Raises:
        UnknownName: no such file, module or function.
        InvalidSetting: it fails, or returns no module.
    """
    import_torchvision()
    factory = _factory(name)
    try:
        code = inspect.getsourcefile(factory)
    except TypeError:  # a built-in, or a class of one
        code = None
    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            module = factory()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # also one that leaves the program, which would end without a word
        raise InvalidSetting(f"the factory {name} failed: {_sentence(error)}") from error
    if not isinstance(module, nn.Module):
        raise InvalidSetting(f"the factory {name} returned {type(module).__name__}, not a torch.nn.Module")
    shown = f"{Path(name.rpartition(':')[0]).name}:{name.rpartition(':')[2]}" if ".py:" in name else name
    return (
        module,
        factory,
        {"name": shown, "code_sha256": sha256(Path(code).read_bytes()).hexdigest() if code else None},
    )


def _factory(name: str) -> Callable[[], Any]:
    """The function behind `path/to/file.py:function` or `package.module:function`; an existing file wins."""
    place, _, function = name.rpartition(":")
    if not (place and function):
        raise UnknownName(f"'{name}' names no factory; write path/to/file.py:function or package.module:function")
    path = path_named(place)
    try:
        if path.is_file():
            spec = importlib.util.spec_from_file_location(f"reverie_factory_{path.stem}", path)
            if spec is None or spec.loader is None:
                raise UnknownName(f"{place} is not a Python file; a factory is named path/to/file.py:function")
            module = importlib.util.module_from_spec(spec)
            sys.modules[spec.name] = module  # dataclasses and quoted annotations look their module up
            spec.loader.exec_module(module)
        elif path.suffix == ".py" or "/" in place:
            raise UnknownName(f"there is no file {place}; a factory is named path/to/file.py:function")
        else:
            module = importlib.import_module(place)
    except UnknownName:
        raise
    except ModuleNotFoundError as error:
        raise UnknownName(
            f"{place} cannot be imported: no module named '{error.name}'; install it, or name a file"
        ) from error
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise InvalidSetting(f"{place} cannot be imported: {_sentence(error)}") from error
    found = getattr(module, function, None)
    if not callable(found):
        functions = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        raise UnknownName(f"{place} has no function '{function}'; nearest: {nearest(function, functions)}")
    return found  # type: ignore[no-any-return]


def _sentence(error: BaseException) -> str:
    """An exception on one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def _said_by(thing: Any) -> dict[str, Any]:
    """What a module or its factory says of itself by attributes `mean`, `std`, `size`, `classes`."""
    said: dict[str, Any] = {}
    for key in ("mean", "std", "classes"):
        value = getattr(thing, key, None)
        if isinstance(value, list | tuple):
            said[key] = value
    size = getattr(thing, "size", None)
    if isinstance(size, int) and not isinstance(size, bool):
        said["size"] = (size, size)
    elif isinstance(size, list | tuple) and len(size) == 2:
        said["size"] = (int(size[0]), int(size[1]))
    return said


def _weights_source(weights: str | None) -> str | None:
    return weights if weights in (None, "default") else "file:" + Path(weights).name
