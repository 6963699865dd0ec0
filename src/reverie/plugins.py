"""Plugins: parts that a user's own package adds by an entry point, imported only when they are named."""

import ast
import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from reverie.errors import PluginBroken, ReverieError, printable

Part = TypeVar("Part")


@cache
def offered(group: str) -> Mapping[str, tuple[EntryPoint, ...]]:
    """The entry points of `reverie.GROUP` that installed packages declare, by name; nothing is imported."""
    found: dict[str, tuple[EntryPoint, ...]] = {}
    for point in entry_points(group=f"reverie.{group}"):
        found[point.name] = (*found.get(point.name, ()), point)
    return found


class Table(Mapping[str, Part]):
    """Parts by name: reverie's own, and those of plugins, each of which is imported when it is first asked for."""

    def __init__(self, group: str, own: Callable[[], Mapping[str, Part]], read: Callable[[Any], Part | None]) -> None:
        """A table.

        Args:
            group: of entry points, without `reverie.`.
            own: finds reverie's own parts, whose names no plugin takes.
            read: makes a part of what an entry point names; None where it is no such part.
        """
        self._group, self._own, self._read = group, own, read
        self._loaded: dict[str, Part] = {}

    @property
    def own(self) -> Mapping[str, Part]:
        """Reverie's own parts."""
        return self._own()

    @property
    def plugged(self) -> Mapping[str, EntryPoint]:
        """The plugins' entry points by name, from their packages' metadata alone."""
        return {name: points[0] for name, points in offered(self._group).items() if name not in self.own}

    def __getitem__(self, name: str) -> Part:
        """The part of this name.

        Raises:
            PluginBroken: a plugin that cannot be imported, is no such part, or shares its name with another one.
        """
        if name in self.own:
            return self.own[name]
        if name not in self._loaded:
            self._loaded[name] = self._load(offered(self._group)[name])
        return self._loaded[name]

    def _load(self, points: tuple[EntryPoint, ...]) -> Part:
        point, *others = points
        if others:
            both = " and ".join(sorted(package(each) for each in points))
            raise PluginBroken(f"'{point.name}' is a plugin of {both}; uninstall all but one of them")
        try:
            part = self._read(point.load())
        except ReverieError:
            raise
        except Exception as error:
            reason = printable(f"{type(error).__name__}: {error}", 200)
            raise PluginBroken(f"the plugin '{point.name}' of {package(point)} cannot be used ({reason})") from error
        if part is None:
            raise PluginBroken(
                f"{point.value}, the plugin '{point.name}' of {package(point)}, is none of {self._group}"
            )
        return part

    def forget(self) -> None:
        """Lets go of what was imported, for packages that are installed meanwhile."""
        offered.cache_clear()
        self._loaded.clear()

    def __contains__(self, name: object) -> bool:
        return name in self.own or name in offered(self._group)

    def __iter__(self) -> Iterator[str]:
        return iter((*self.own, *self.plugged))

    def __len__(self) -> int:
        return len(self.own) + len(self.plugged)


def modules_of(package: str) -> Iterator[ModuleType]:
    """All modules of a folder of the package, imported."""
    for item in pkgutil.iter_modules(importlib.import_module(package).__path__):
        yield importlib.import_module(f"{package}.{item.name}")


@cache
def named(package: str) -> Mapping[str, Any]:
    """What the modules of a folder of the package name: all of their tables `BY_NAME` together."""
    tables = [vars(module).get("BY_NAME", {}) for module in modules_of(package)]
    return {name: part for table in tables for name, part in table.items()}


@cache
def names_in(package: str) -> tuple[str, ...]:
    """The names of what `named` finds, from the source of those tables alone: no module is imported."""
    found: list[str] = []
    for file in sorted(Path(__file__).parent.joinpath(*package.split(".")[1:]).glob("*.py")):
        _, begun, rest = file.read_text(encoding="utf-8").partition("\nBY_NAME")
        table = ast.parse(f"BY_NAME{rest}").body[0] if begun else None
        if isinstance(table, ast.Assign | ast.AnnAssign) and isinstance(table.value, ast.Dict):
            found += [str(key.value) for key in table.value.keys if isinstance(key, ast.Constant)]
    return tuple(found)


def package(point: EntryPoint) -> str:
    """The package of an entry point, with its version."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else point.value
