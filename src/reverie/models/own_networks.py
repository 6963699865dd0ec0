"""The networks that come with reverie: the bundled one, and EfficientNet-Lite0."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from reverie.errors import InvalidSetting, WeightsUnavailable
from reverie.models import efficientnet_lite0 as lite
from reverie.models.checkpoints import fit, read_weights, weights_source
from reverie.models.integrity import check_whole
from reverie.models.known_classes import imagenet_classes
from reverie.models.making import Found
from reverie.models.names import BUNDLED
from reverie.models.zoos import import_torchvision


def bundled(weights: str | None) -> Found:
    """The network of drawn motifs, with its own weights or those of a file.

    Raises:
        InvalidSetting: random weights.
        WeightsUnavailable: weights that cannot be read, or are another network's.
    """
    from reverie.models.bundled.motif_net import MotifNet

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
        {"name": "bundled", "weights": weights_source(weights)},
        (side, side),
        mean,
        std,
        classes,
        moments=moments,
    )


def efficientnet_lite0(weights: str | None) -> Found:
    """EfficientNet-Lite0 with its ImageNet weights, those of a file, or random ones (None).

    Raises:
        WeightsUnavailable: weights that are not installed, cannot be read, or do not fit.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = lite.EfficientNetLite0()
    if weights is not None:
        path = lite.weights_file() if weights == "default" else Path(weights)
        fit(module, lite.renamed(read_weights(path)), path)
    return Found(
        module,
        {"name": "efficientnet_lite0", "weights": weights_source(weights)},
        (lite.SIZE, lite.SIZE),
        (lite.MEAN,) * 3,
        (lite.STD,) * 3,
        imagenet_classes() or import_torchvision().models.get_model_weights("resnet50").DEFAULT.meta["categories"],
        random=weights is None,
    )
