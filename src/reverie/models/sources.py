"""Where networks come from: the bundled one, torchvision's and timm's, factories in files and packages, any module."""

import inspect
import reprlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypedDict, Unpack, get_type_hints

import torch
from torch import nn

from reverie.errors import InvalidSetting
from reverie.models.checkpoints import load_weights, weights_source
from reverie.models.classes import check_count
from reverie.models.copying import copied
from reverie.models.factories import built, said_by
from reverie.models.known_classes import unknown_network
from reverie.models.making import Found, make_model
from reverie.models.model import Model
from reverie.models.names import DEFAULT, OWN
from reverie.models.own_networks import bundled, efficientnet_lite0
from reverie.models.readiness import device_named, precision_named
from reverie.models.zoos import TIMM, from_timm, from_torchvision, torchvision_names
from reverie.paths import path_named
from reverie.randomness import undisturbed
from reverie.settings.parts import Loading
from reverie.settings.setting import settings_of
from reverie.settings.spelling import LOADED
from reverie.settings.spelling import loading as settled


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
        InvalidSetting: a module that does not run, a wrong device or precision, or fewer or more class names than
            outputs.
    """
    if isinstance(name, Model):
        return name
    classes = names.get("classes")
    asked = settled(loading or Loading(), weights, names)
    place = device_named(asked.device)
    dtype = precision_named(asked.precision, place)
    found = _with(_found(name, _chosen(asked.weights)), asked, classes, dtype)
    text = name if isinstance(name, str) else type(name).__name__
    made = make_model(found, text, place, dtype, pooling=asked.pooling, output=asked.output_as, key=asked.output_key)
    if classes is not None:
        check_count(text, made.layers["logits"].channels, classes)
    return made


def _signature() -> inspect.Signature:
    """What `load` takes, by name, with the defaults of its settings."""
    own = {LOADED.get(item.name, item.name): item.default for item in settings_of(Loading)}
    first, weights, loading, _ = inspect.signature(load).parameters.values()
    kinds = get_type_hints(LoadNames)
    named = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=own[name], annotation=kind)
        for name, kind in kinds.items()
    ]
    return inspect.Signature([first, weights, loading, *named], return_annotation=Model)


load.__signature__ = _signature()  # type: ignore[attr-defined]


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
        source = {"name": type(name).__name__, "code": True, "weights": weights_source(weights)}
        if weights not in ("default", None):
            name = copied(name)  # the caller's module stays as it was found
            load_weights(name, Path(weights))
        return Found(name, source, **said_by(name))
    if not isinstance(name, str):
        raise InvalidSetting(
            f"a network is given by its name such as '{DEFAULT}', as a torch module or as reverie.load returned it, "
            f"not as {reprlib.repr(name)}"
        )
    if name == "bundled":
        return bundled(weights)
    if name == "efficientnet_lite0":
        return efficientnet_lite0(weights)
    if name.startswith(TIMM):
        return from_timm(name, weights)
    if ":" in name:
        return _from_factory(name, weights)
    if name in torchvision_names():
        return from_torchvision(name, weights)
    raise unknown_network(name, [*OWN, *torchvision_names()])


def _from_factory(name: str, weights: str | None) -> Found:
    module, factory, source = built(name)
    if weights not in ("default", None):
        load_weights(module, Path(weights))
    source = {**source, "weights": weights_source(weights), "code": True}
    return Found(module, source, random=weights is None, **{**said_by(module), **said_by(factory)})
