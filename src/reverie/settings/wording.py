"""What a type allows, in words: of a setting's type, for the sentence that refuses another value."""

import functools
import operator
from collections.abc import Iterator
from typing import Annotated, Any, get_args, get_origin

from msgspec import inspect as inspections

LONGEST = 60  # characters of a wrong value that a message repeats


def alternatives(kind: Any) -> tuple[Any, ...]:
    """The types that a type allows, without their help and bounds."""
    if get_origin(kind) is Annotated:
        return alternatives(get_args(kind)[0])
    arguments = get_args(kind)
    if type(kind).__name__ in ("UnionType", "Union") or get_origin(kind).__class__.__name__ == "_SpecialForm":
        return tuple(inner for item in arguments for inner in alternatives(item))
    return (kind,)


def bare(kind: Any) -> Any:
    """A type without help and bounds, such as `int | None`, for a signature."""
    if get_origin(kind) is tuple:
        return tuple[tuple(item if item is ... else bare(item) for item in get_args(kind))]  # type: ignore[misc]
    several = [bare(item) if get_origin(item) is tuple else item for item in alternatives(kind)]
    return functools.reduce(operator.or_, several)


def shown(value: Any) -> str:
    """A value for a message: never long, and in one line."""
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def allowed(kind: Any, *, bounds: bool = False) -> str:
    """What a type allows, in words such as `a whole number`; or the bounds of its numbers, where it has any."""
    info = inspections.type_info(kind)
    ends = [word for word in _bounds(info) if word] if bounds else []
    return " or ".join(dict.fromkeys(ends or (word for word in _worded(info) if word)))


def _worded(info: Any) -> Iterator[str]:
    match info:
        case inspections.Metadata():
            yield from _worded(info.type)
        case inspections.UnionType():
            for item in info.types:
                yield from _worded(item)
        case inspections.IntType():
            yield "a whole number"
        case inspections.FloatType():
            yield "a number"
        case inspections.LiteralType():
            yield f"one of {', '.join(map(str, info.values))}"
        case inspections.BoolType():
            yield "true or false"
        case inspections.StrType():
            yield "a text"
        case inspections.VarTupleType():
            word = next(_worded(info.item_type), "a value")
            yield " ".join([f"{word.partition(' ')[2]}s", *filter(None, _bounds(info.item_type))])
        case inspections.AnyType():
            yield "a value"
        case inspections.CustomType() | inspections.DataclassType() | inspections.StructType():
            yield f"{'an' if info.cls.__name__[0] in 'AEIOU' else 'a'} {info.cls.__name__}"
        case inspections.TupleType():
            yield f"{len(info.item_types)} {next(_worded(info.item_types[0])).partition(' ')[2]}s"
        case _:
            yield ""


def _bounds(info: Any) -> Iterator[str]:
    match info:
        case inspections.Metadata():
            yield from _bounds(info.type)
        case inspections.UnionType():
            for item in info.types:
                yield from _bounds(item)
        case inspections.IntType() | inspections.FloatType():
            low = info.ge if info.ge is not None else info.gt
            if low is not None and info.le is not None:
                yield f"{low:g} to {info.le:g}"
            elif low is not None:
                yield f"{low:g} or more" if info.gt is None else f"above {low:g}"
        case _:
            yield ""
