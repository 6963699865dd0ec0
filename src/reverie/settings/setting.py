"""A setting: a field with its type, bounds, default, help and group, and the classes that such fields make up."""

import functools
import inspect
import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, Self, TypeVar, dataclass_transform, get_args, get_origin

import msgspec
from msgspec import NODEFAULT, Meta, Struct, ValidationError

from reverie.errors import InvalidSetting, check_names
from reverie.settings.wording import allowed, alternatives, bare, shown

S = TypeVar("S", bound="Settings")
GROUPS = ("Common", "Picture", "Objective", "Network", "Output")  # of options, as helps have them one after the other


def asked(text: str, *, group: str = "Picture", **more: Any) -> Meta:
    """What a setting is, for an `Annotated` type.

    Args:
        text: help, in one line; `{}` in it stands for the names of its `choice`.
        group: of the options in the help, one of GROUPS.
        more: `flag` (of the command line, where it is not the name), `argument` (its place there, where it has no
            flag), `each` (a command asks once for each of several), `rare` (listed by --help-all only), `parse` (makes
            a value of what is given, before its type is checked), `choice` (the names that it may be), `reads` (photo,
            mask, file, code, network, unit or preset: what a record may not lead to without consent) and `names` (file,
            folder or network: what of this machine the user alone may name).
    """
    return Meta(description=text.replace("{}", str(more.get("choice", ""))), extra={"group": group, **more})


@dataclass(frozen=True)
class Setting:
    """One field of a class of settings.

    Attributes:
        part: name of the field that holds the part to which it belongs; empty for the class's own.
        kind: its type, without its help.
        default: `NODEFAULT` where it must be given.
    """

    name: str
    part: str
    kind: Any
    default: Any
    help: str
    more: Mapping[str, Any]

    @property
    def several(self) -> bool:
        """Whether it holds any number of values, each given by itself."""
        return "parse" not in self.more and any(
            get_origin(kind) is tuple and get_args(kind)[-1] is ... for kind in alternatives(self.kind)
        )

    @property
    def required(self) -> bool:
        """Whether it must be given."""
        return self.default is NODEFAULT

    @property
    def taken(self) -> Any:
        """The type of all that it may be given as: of several values one alone too, of what is read its text."""
        kinds = alternatives(bare(self.kind))
        each = [get_args(kind)[0] for kind in kinds if self.several and get_origin(kind) is tuple]
        several = [*kinds, *each, *([str] if "parse" in self.more else [])]
        return Any if Any in several else functools.reduce(operator.or_, several)

    def parameter(self) -> inspect.Parameter:
        """The setting as a parameter of a function, by its name alone."""
        default = inspect.Parameter.empty if self.required else self.default
        return inspect.Parameter(self.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=self.taken)

    def checked(self, value: Any) -> Any:
        """The value as its type has it.

        Raises:
            InvalidSetting: of another type, or out of bounds.
            UnknownName: a name that there is not.
        """
        if isinstance(value, Path):
            value = str(value)
        if "parse" in self.more:
            value = self.more["parse"](value)
        if value is None and self.default == ():
            value = ()
        if self.several and value is not None and not isinstance(value, list | tuple):
            value = (value,)
        if hasattr(value, "__index__") and not isinstance(value, int) and getattr(value, "ndim", 0) == 0:
            value = int(value)
        try:
            value = msgspec.convert(value, self.kind)
        except (ValidationError, OverflowError):
            raise self._wrong(value) from None
        for each in value if isinstance(value, tuple) else (value,):
            if isinstance(each, float) and not math.isfinite(each):
                raise self._wrong(value)
        self.choose(value)
        return value

    def choose(self, value: Any) -> None:
        """Refuses a name, or one of several, that the setting may not be.

        Raises:
            UnknownName: there is no such name.
        """
        for each in value if isinstance(value, tuple) else () if value is None else (value,):
            if "choice" in self.more:
                self.more["choice"].check(each)

    def _wrong(self, value: Any) -> InvalidSetting:
        numbers = int | float if float in alternatives(self.kind) else int
        bounded = isinstance(value, numbers) and not isinstance(value, bool)  # of the right type, but out of bounds
        return InvalidSetting(
            f"{self.name} must be {allowed(self.kind, bounds=bounded)}, not {f'{value:g}' if bounded else shown(value)}"
        )


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class _Frozen(msgspec.StructMeta):
    """Makes classes whose fields are given by name, unless they say otherwise, and stay as they are."""

    def __new__(cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **config: Any) -> Any:
        config = {"kw_only": True, **config, "frozen": True, "forbid_unknown_fields": True}
        return super().__new__(cls, name, bases, namespace, **config)

    def __call__(cls: Any, *given: Any, **named: Any) -> Any:
        check_names(cls.__name__, named, cls.__struct_fields__)
        named = cls.named(cls.__match_args__, given, named)
        missing = [item.name for item in msgspec.structs.fields(cls) if item.required and named.get(item.name) is None]
        if missing:
            raise InvalidSetting(f"{cls.word()} needs {' and '.join(missing)}")
        return super().__call__(**named)


class Settings(Struct, metaclass=_Frozen):
    """Settings that are complete and checked: to have one is to know that it is right.

    Raises:
        InvalidSetting: a value of another type, or out of its bounds; or one that must be given and is not.
        UnknownName: a name that there is not.
    """

    leading: ClassVar[tuple[str, ...]] = ()  # what a Python call may give without its name, in this order
    usage: ClassVar[tuple[str, ...]] = ()  # examples of what follows the command's name
    called: ClassVar[str] = ""  # the command, where it is not the class's name
    within: ClassVar[str] = ""  # the group of commands that it belongs to, whose name comes before its own
    made_by: ClassVar[str] = ""  # module:function that takes a network and these settings
    asks: ClassVar["type[Settings] | None"] = None  # how a command is told its network
    writes: ClassVar["type[Settings] | None"] = None  # and where what it makes goes

    def __post_init__(self) -> None:
        for setting in settings_of(type(self)):
            if not setting.part:
                value = setting.checked(getattr(self, setting.name))
                msgspec.structs.force_setattr(self, setting.name, value)

    @classmethod
    def word(cls) -> str:
        """The name by which it is asked for."""
        return cls.called or cls.__name__.lower()

    @classmethod
    def made(cls, **given: Any) -> Self:
        """Settings from flat names: those of its parts' fields stand beside its own; a whole part may be given too.

        Raises:
            UnknownName: a name that is none of them.
            InvalidSetting: as the class.
        """
        own = {item.name: item for item in settings_of(cls)}
        check_names(cls.word(), [name for name in given if name not in parts_of(cls)], own)
        values = {name: value for name, value in given.items() if name in parts_of(cls) or not own[name].part}
        for part, kind in parts_of(cls).items():
            changes = {name: value for name, value in given.items() if name in own and own[name].part == part}
            whole = values.get(part, kind())
            if not isinstance(whole, kind):
                raise InvalidSetting(f"{part} must be a reverie.{kind.__name__}, not {shown(whole)}")
            if changes:
                values[part] = msgspec.structs.replace(whole, **changes)
        return cls(**values)

    @classmethod
    def of(cls, *leading: Any, **given: Any) -> Self:
        """Settings that are given whole, or their first values in `leading` order and the others by name.

        Raises:
            UnknownName: as `made`.
            InvalidSetting: as `made`; or a value given twice.
        """
        if len(leading) == 1 and isinstance(leading[0], cls):
            return leading[0].changed(**given)
        return cls.made(**cls.named(cls.leading, leading, given))

    @classmethod
    def named(cls, order: Sequence[str], leading: Sequence[Any], given: Mapping[str, Any]) -> dict[str, Any]:
        """All values of a call by their names, the first ones of which were given in an order.

        Raises:
            InvalidSetting: too many without a name, or one given twice.
        """
        if len(leading) > len(order):
            raise InvalidSetting(f"{cls.word()} takes {', '.join(order)} in this order; give what follows by its name")
        first = dict(zip(order, leading, strict=False))
        twice = sorted(first.keys() & given.keys())
        if twice:
            raise InvalidSetting(f"{cls.word()} is given {twice[0]} twice")
        return {**first, **given}

    @classmethod
    def signature(
        cls, network: inspect.Parameter, more: Sequence[inspect.Parameter] = (), returned: Any = inspect.Signature.empty
    ) -> inspect.Signature:
        """How a function of a network, these settings and what it takes beside them is called, for `help`, editors."""
        own = {item.name: item for item in [*(item.parameter() for item in settings_of(cls)), *more]}
        own.pop(network.name, None)  # of a command that takes it as its argument
        first = [own.pop(name).replace(kind=inspect.Parameter.POSITIONAL_OR_KEYWORD) for name in cls.leading]
        parameters = [network.replace(kind=inspect.Parameter.POSITIONAL_ONLY), *first, *own.values()]
        return inspect.Signature(parameters, return_annotation=returned)

    def changed(self, **changes: Any) -> Self:
        """The settings with some values changed, those of the parts by their own names."""
        return type(self).made(**{**self.flat(), **changes}) if changes else self

    def settled(self) -> Self:
        """The settings with what is best, where nothing was said, by the others."""
        return self

    def shared(self, cls: type[S], **more: Any) -> S:
        """Settings of another class, with the values that both have."""
        own = self.flat()
        return cls.made(**{item.name: own[item.name] for item in settings_of(cls) if item.name in own} | more)

    def flat(self) -> dict[str, Any]:
        """All values by their names, those of the parts among them: `made(**flat())` is equal."""
        return {
            item.name: getattr(getattr(self, item.part) if item.part else self, item.name)
            for item in settings_of(type(self))
        }


@cache
def parts_of(cls: type[Settings]) -> Mapping[str, type[Settings]]:
    """The fields of a class that hold a part, with the parts' classes."""
    return {
        item.name: item.type
        for item in msgspec.structs.fields(cls)
        if isinstance(item.type, type) and issubclass(item.type, Settings)
    }


@cache
def settings_of(cls: type[Settings]) -> tuple[Setting, ...]:
    """All settings of a class, those of its parts in their place."""
    return tuple(_settings(cls))


def _settings(cls: type[Settings], part: str = "") -> Iterator[Setting]:
    for item in msgspec.structs.fields(cls):
        if item.name in parts_of(cls):
            yield from _settings(parts_of(cls)[item.name], item.name)
            continue
        metas = [meta for meta in getattr(item.type, "__metadata__", ()) if isinstance(meta, Meta) and meta.extra]
        about, more = (metas[-1].description or "", metas[-1].extra or {}) if metas else ("", {})
        yield Setting(item.name, part, item.type, item.default, about, more)
