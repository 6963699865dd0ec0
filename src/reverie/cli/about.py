"""What a report of a fault should name: versions, the device, and which extras are installed."""

import platform
import re
from collections.abc import Iterator
from importlib import metadata

import torch

from reverie.models.readiness import device_named, matrix_units

OF_ITS_MAKERS = ("bench", "dev", "docs")  # extras that no command needs
ASKED = re.compile(r"^([\w.-]+).*extra == ['\"]([\w-]+)['\"]")  # a requirement of an extra, in a package's metadata


def about() -> list[str]:
    """Lines, the first of which is the version alone."""
    device = device_named("auto")
    named = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.processor() or platform.machine()
    units = "with" if matrix_units(device) else "without"
    return [
        f"reverie {metadata.version('reverie')}",
        f"python {platform.python_version()} on {platform.system()} {platform.release()}",
        f"torch {torch.__version__}, torchvision {_version('torchvision')}, numpy {_version('numpy')}",
        f"device {device.type}: {named}, {torch.get_num_threads()} threads, {units} matrix units for bfloat16",
        *(f"extra {name}: {', '.join(found)}" for name, found in extras().items()),
    ]


def extras() -> dict[str, list[str]]:
    """What each extra brings, with the version that is installed, as the package's own metadata names it."""
    found: dict[str, list[str]] = {}
    for package, name in _asked():
        if name not in OF_ITS_MAKERS:
            found.setdefault(name, []).append(f"{package} {_version(package)}")
    return found


def _asked() -> Iterator[tuple[str, str]]:
    for line in metadata.requires("reverie") or ():
        if match := ASKED.match(line):
            yield match[1], match[2]


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "missing"
