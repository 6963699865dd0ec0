"""The two zoos of networks, torchvision and timm, imported with care, and their weights.

timm (PyTorch Image Models) is an extra; its networks are named `timm:vit_base_patch16_224`.
"""

import contextlib
import importlib
import logging
import sys
import urllib.error
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from reverie.errors import InvalidSetting, MissingExtra, UnknownName, WeightsUnavailable, nearest
from reverie.extras import extra
from reverie.models.checkpoints import classes_in, fit, read_weights, weights_source
from reverie.models.making import Found

TIMM = "timm:"
_KEPT: list[Any] = []  # operator schemas live as long as their library object


def import_torchvision() -> Any:
    """torchvision, also beside a CPU-only torch, for which its compiled operators are missing.

    Raises:
        InvalidSetting: it is not installed.
    """
    if "torchvision" in sys.modules:
        return sys.modules["torchvision"]
    try:
        return importlib.import_module("torchvision")
    except ModuleNotFoundError as error:
        raise InvalidSetting(
            f"torchvision cannot be imported ({error}); install it with 'pip install torchvision'"
        ) from None
    except RuntimeError as error:
        if "torchvision::" not in str(error):
            raise
    # two detection operators that no classifier uses are looked up on import: their schemas are enough
    for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
        del sys.modules[name]
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _KEPT.append(library)
    return importlib.import_module("torchvision")


def torchvision_names() -> list[str]:
    """All classifiers of torchvision."""
    models = import_torchvision().models
    return [str(name) for name in models.list_models(module=models)]


def torchvision_file(name: str) -> Path:
    """Where torchvision keeps a network's usual weights once they have been fetched."""
    url = import_torchvision().models.get_model_weights(name).DEFAULT.url
    return Path(torch.hub.get_dir()) / "checkpoints" / Path(url).name


def at_hand(name: str) -> bool:
    """Whether a network's usual weights are here, so that nothing is fetched; timm asks its server in any case."""
    return name in torchvision_names() and torchvision_file(name).is_file()


def from_torchvision(name: str, weights: str | None) -> Found:
    """A classifier of torchvision's, with its usual weights, those of a file, or random ones (None).

    Raises:
        WeightsUnavailable: weights that cannot be had, or do not fit.
    """
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
    source = {"name": name, "weights": weights_source(weights)}
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


def timm_names() -> list[str]:
    """All of timm's networks, without the tags of their weights; none where timm is not installed."""
    try:
        return [str(name) for name in _timm().list_models()]
    except MissingExtra:
        return []


def is_timm_name(name: str) -> bool:
    """Whether timm builds a network of this name from its own code: no folder's, no hub's."""
    bare = name.removeprefix(TIMM)
    return name.startswith(TIMM) and ":" not in bare and bare.partition(".")[0] in timm_names()


def from_timm(name: str, weights: str | None) -> Found:
    """A network of timm's, as `timm:NAME`; weights as of `from_torchvision`.

    Raises:
        ReverieError: as `timm_network`, or weights that do not fit.
    """
    said = timm_network(name, pretrained=weights == "default")
    if weights not in ("default", None):
        state = read_weights(Path(weights))
        count = classes_in(said["module"], state)
        if count is not None:
            said = timm_network(name, pretrained=False, num_classes=count)
        fit(said["module"], state, weights)
    source = {"name": name, "weights": weights_source(weights)}
    return Found(source=source, random=weights is None, **said)


def timm_network(name: str, *, pretrained: bool, **settings: Any) -> dict[str, Any]:
    """A network by its name, with timm's weights or random ones: `module`, `size`, `mean`, `std`, `classes`.

    Args:
        settings: of timm's own, such as `num_classes`.

    Raises:
        MissingExtra: timm is not installed.
        UnknownName: timm has no such network, or no weights of such a tag.
        WeightsUnavailable: the weights are neither in timm's cache nor to be fetched.
    """
    timm, bare = _timm(), name.removeprefix(TIMM)
    plain, _, tag = bare.partition(".")
    if not is_timm_name(name):
        raise UnknownName(f"timm has no network '{bare}'; nearest: {nearest(bare, timm_names())}")
    known = [item.partition(".")[2] for item in timm.list_pretrained(f"{plain}.*")]
    if "." in bare and tag not in known:
        raise UnknownName(f"timm has no weights '{tag}' of {plain}; there are {', '.join(known) or 'none'}")
    try:
        with _quiet():
            module = timm.create_model(bare, pretrained=pretrained, **settings)
    except Exception as error:
        if not pretrained:
            raise InvalidSetting(f"timm cannot build '{bare}': {_line(error)}") from error
        raise WeightsUnavailable(
            f"the weights of {name} are not in timm's cache and cannot be fetched ({_line(error)}): name a file with "
            "--weights FILE, take random ones with --weights none, or use the network 'bundled'"
        ) from None
    return {"module": module, **_described(timm, module)}


def _described(timm: Any, module: torch.nn.Module) -> dict[str, Any]:
    settings = timm.data.resolve_model_data_config(module)
    channels, height, width = settings["input_size"]
    usual = channels == len(settings["mean"])
    subset = timm.data.infer_imagenet_subset(module)
    return {
        "size": (height, width),
        "mean": settings["mean"] if usual else None,
        "std": settings["std"] if usual else None,
        "classes": timm.data.ImageNetInfo(subset).label_descriptions() if subset else [],
    }


def _timm() -> Any:
    import_torchvision()  # timm needs it, also where only its schemas can be had
    return extra("timm", "timm", "a network of timm")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No advice to timm's own users, no log of retries, and the caller's random state left alone."""
    log = logging.getLogger("huggingface_hub")
    level = log.level
    log.setLevel(logging.CRITICAL)
    try:
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.manual_seed(0)
            yield
    finally:
        log.setLevel(level)


def _line(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= 100 else text[:99] + "…"
