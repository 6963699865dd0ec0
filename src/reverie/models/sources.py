"""Where networks come from: the bundled one, torchvision's and timm's, factories in files and packages, any module."""

import inspect
import json
import urllib.error
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict, Unpack, get_type_hints

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from reverie.errors import InvalidSetting, UnknownName, WeightsUnavailable, nearest
from reverie.models import efficientnet_lite0 as lite
from reverie.models.checkpoints import classes_in, fit, load_weights, read_weights
from reverie.models.copying import copied
from reverie.models.factories import built, said_by
from reverie.models.integrity import check_whole
from reverie.models.making import Found, make_model
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
from reverie.settings.parts import Loading
from reverie.settings.setting import settings_of

BUNDLED = Path(__file__).parent / "bundled" / "motifs.safetensors"


class LoadNames(TypedDict, total=False):
    """The names that `load` takes."""

    device: str
    precision: str
    mean: Sequence[float] | str | None
    std: Sequence[float] | str | None
    size: int | Sequence[int] | str | None
    classes: Sequence[str] | None
    pooling: str
    output: str
    output_key: str | int | None


@undisturbed()
def load(
    name: str | nn.Module | Model = DEFAULT,
    weights: str | Path | None = "default",
    loading: Loading | None = None,
    **names: Unpack[LoadNames],
) -> Model:
    """A network made ready to be asked.

    Args:
        name: `efficientnet_lite0`, `bundled`, a torchvision classifier, `timm:NAME`, `path/to/file.py:factory`,
            `package.module:factory`, or any module.
        weights: `default`; a file of weights (safetensors, or a state dict); None or `none` for random ones.
        loading: the settings whole; what stands beside them goes before.
        device: auto, cpu, cuda, cuda:1 or mps.
        precision: float32; bfloat16, whose image stays float32, faster where there are matrix units for it; or auto,
            bfloat16 there and float32 elsewhere.
        mean: of the network's input, for values in [0,1]; ImageNet's unless the network says otherwise.
        std: of the network's input, as mean.
        size: native side or (height, width), 224 unless the network says else.
        classes: names in the order of the logits.
        pooling: own, or average in place of every maximum, for smoother pictures.
        output: how outputs are read: softmax, sigmoid (independent labels, or one), probability (already), or raw;
            auto looks at how the network's forward ends.
        output_key: which of several outputs holds the classes, such as out or 1; automatic.

    Raises:
        UnknownName: no such network or factory, or a name that is none of these.
        WeightsUnavailable: weights that cannot be had, or do not fit.
        InvalidSetting: a module that does not run, or a wrong device or precision.
    """
    if isinstance(name, Model):
        return name
    classes = names.pop("classes", None)
    asked = _asked(loading or Loading(), weights, names)
    if asked.pooling not in POOLINGS:
        raise InvalidSetting(f"there is no pooling '{asked.pooling}'; allowed are {', '.join(POOLINGS)}")
    place = device_named(asked.device)
    dtype = precision_named(asked.precision, place)
    found = _with(_found(name, _chosen(asked.weights)), asked, classes, dtype)
    text = name if isinstance(name, str) else type(name).__name__
    return make_model(
        found, text, place, dtype, pooling=asked.pooling, output=asked.output_as, key=asked.output_key
    )  # fmt: skip


def _signature() -> inspect.Signature:
    """What `load` takes, by name, with the defaults of its settings."""
    own = {item.name: item.default for item in settings_of(Loading)}
    first, weights, loading, _ = inspect.signature(load).parameters.values()
    kinds = get_type_hints(LoadNames)
    named = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=own[ALSO.get(name, name)], annotation=kind)
        for name, kind in kinds.items()
    ]
    return inspect.Signature([first, weights, loading, *named], return_annotation=Model)


ALSO = {"size": "native_size", "output": "output_as"}  # what Python calls otherwise than the command line
load.__signature__ = _signature()  # type: ignore[attr-defined]


def _asked(loading: Loading, weights: str | Path | None, names: Mapping[str, Any]) -> Loading:
    """The settings with what is said beside them."""
    unknown = sorted(names.keys() - get_type_hints(LoadNames).keys())
    if unknown:
        raise UnknownName(f"load takes no '{unknown[0]}'; nearest: {nearest(unknown[0], get_type_hints(LoadNames))}")
    given = {ALSO.get(name, name): value for name, value in names.items()}
    given |= {} if weights == "default" else {"weights": None if weights is None else str(weights)}
    for name in ("mean", "std"):
        if given.get(name) is not None and not isinstance(given[name], str):
            given[name] = tuple(float(value) for value in given[name])
    if isinstance(given.get("output_key"), int):
        given["output_key"] = str(given["output_key"])
    return loading.changed(**given)


def _chosen(weights: str | None) -> str | None:
    """`default`, a file, or None for random ones."""
    if weights is None or weights == "none":
        return None
    return weights if weights == "default" else str(path_named(weights))


def _with(found: Found, asked: Loading, classes: Sequence[str] | None, dtype: torch.dtype) -> Found:
    """A network with what the user says of it, and its record."""
    size, source = asked.native_size, {**found.source, "precision": str(dtype).removeprefix("torch.")}
    source |= {"classes": classes and list(classes), **_pooled(asked.pooling)}
    return replace(
        found,
        source=source,
        size=found.size if size is None else (size, size) if isinstance(size, int) else size,
        mean=found.mean if asked.mean is None else asked.mean,
        std=found.std if asked.std is None else asked.std,
        classes=found.classes if classes is None else classes,
    )


def _pooled(pooling: str) -> dict[str, str]:
    return {} if pooling == "own" else {"pooling": pooling}


def _found(name: str | nn.Module, weights: str | None) -> Found:
    if isinstance(name, nn.Module):
        source = {"name": type(name).__name__, "code": True, "weights": _weights_source(weights)}
        if weights not in ("default", None):
            name = copied(name)  # the caller's module stays as it was found
            load_weights(name, Path(weights))
        return Found(name, source, **said_by(name))
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


def _bundled(weights: str | None) -> Found:
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
    return Found(
        module,
        {"name": "bundled", "weights": _weights_source(weights)},
        (side, side),
        mean,
        std,
        classes,
        moments=moments,
    )


def _efficientnet_lite0(weights: str | None) -> Found:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = lite.EfficientNetLite0()
    if weights is not None:
        path = lite.weights_file() if weights == "default" else Path(weights)
        fit(module, lite.renamed(read_weights(path)), path)
    return Found(
        module,
        {"name": "efficientnet_lite0", "weights": _weights_source(weights)},
        (lite.SIZE, lite.SIZE),
        (lite.MEAN,) * 3,
        (lite.STD,) * 3,
        imagenet_classes(),
        random=weights is None,
    )


def _from_torchvision(name: str, weights: str | None) -> Found:
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
    return Found(module, source, (crop, crop), classes=entry.meta["categories"], random=weights is None)


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


def _from_timm(name: str, weights: str | None) -> Found:
    said = timm_network(name, pretrained=weights == "default")
    if weights not in ("default", None):
        state = read_weights(Path(weights))
        count = classes_in(said["module"], state)
        if count is not None:
            said = timm_network(name, pretrained=False, num_classes=count)
        fit(said["module"], state, weights)
    source = {"name": name, "weights": _weights_source(weights)}
    return Found(source=source, random=weights is None, **said)


def _from_factory(name: str, weights: str | None) -> Found:
    module, factory, source = built(name)
    if weights not in ("default", None):
        load_weights(module, Path(weights))
    source = {**source, "weights": _weights_source(weights), "code": True}
    return Found(module, source, random=weights is None, **{**said_by(module), **said_by(factory)})


def _weights_source(weights: str | None) -> str | None:
    return weights if weights in (None, "default") else "file:" + Path(weights).name
