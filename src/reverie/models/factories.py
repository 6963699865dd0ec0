"""Factories: functions of the user's own that return a network, in a file or a package."""

import importlib
import importlib.util
import inspect
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import nn

from reverie.errors import InvalidSetting, UnknownName, nearest
from reverie.models.zoos import import_torchvision
from reverie.paths import path_named


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


def said_by(thing: Any) -> dict[str, Any]:
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
