"""Examples of a type, made from what it says about itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect as mi

TEXTS = ("example", "x", "office@example.org", "https://example.org", "2026", "A1", "Europe/Berlin")
"""What patterns usually ask for."""

MOST = 20
"""Nested so deep, a type is taken for one that never ends."""


class NoExample(Exception):
    """No example can be made; the message says of what."""


def example_of(kind: type, *, whole: bool) -> Any:
    """Return a value as JSON would hold it; with `whole` including what may be left out. Raises NoExample.

    Rules that only code knows it cannot keep: convert it to see. Examples that the type names come first.
    """
    return _Maker(whole).make(mi.type_info(kind), "", 0)


class _Maker:
    def __init__(self, whole: bool) -> None:
        self.whole = whole

    def make(self, kind: mi.Type, where: str, depth: int) -> Any:
        if depth > MOST:
            raise NoExample(f"{where} contains itself without end")

        def inner(part: mi.Type, place: str = where) -> Any:
            return self.make(part, place, depth + 1)

        match kind:
            case mi.Metadata(extra_json_schema={"examples": [first, *_]}):
                return msgspec.to_builtins(first)
            case mi.Metadata(type=real):
                return inner(real)
            case mi.StructType(fields=fields) | mi.TypedDictType(fields=fields) | mi.DataclassType(fields=fields):
                values = {
                    field.encode_name: inner(field.type, f"{where}.{field.encode_name}".lstrip("."))
                    for field in fields
                    if field.required or self.whole
                }
                if isinstance(kind, mi.StructType) and kind.tag_field:
                    values = {kind.tag_field: kind.tag, **values}
                return list(values.values()) if getattr(kind, "array_like", False) else values
            case mi.UnionType(types=types):
                return inner(next(part for part in types if not isinstance(part, mi.NoneType)))
            case mi.TupleType(item_types=types):
                return [inner(part) for part in types]
            case mi.CollectionType(item_type=item, min_length=least, max_length=most):
                count = max(least or 0, 1 if self.whole and most != 0 else 0)
                return [inner(item, f"{where}[]") for _ in range(count)]
            case mi.DictType(key_type=key, value_type=value, min_length=least, max_length=most):
                if not least and (not self.whole or most == 0):
                    return {}
                return {str(inner(key, f"{where}[]")): inner(value, f"{where}[]")}
        return _simple(kind, where)


def _simple(kind: mi.Type, where: str) -> Any:
    match kind:
        case mi.NoneType() | mi.AnyType():
            return None
        case mi.BoolType():
            return True
        case mi.IntType() | mi.FloatType():
            return _number(kind)
        case mi.StrType():
            return _text(kind, where)
        case mi.BytesType() | mi.ByteArrayType():
            return "eHh4"
        case mi.DateTimeType(tz=aware):
            return "2026-10-01T09:00:00" if aware is False else "2026-10-01T09:00:00Z"
        case mi.TimeType(tz=aware):
            return "09:00:00Z" if aware else "09:00:00"
        case mi.DateType():
            return "2026-10-01"
        case mi.TimeDeltaType():
            return "P1D"
        case mi.UUIDType():
            return "00000000-0000-7000-8000-000000000001"
        case mi.DecimalType():
            return "1"
        case mi.LiteralType(values=values):
            return values[0]
        case mi.EnumType(cls=cls):
            return next(iter(cls)).value
    raise NoExample(f"{where} is of a type that is not known here")


def _number(kind: mi.IntType | mi.FloatType) -> float:
    step = kind.multiple_of or 1
    if kind.ge is not None:
        least = kind.ge
    elif kind.gt is not None:
        least = kind.gt + 1
    else:
        tops = [top for top in (kind.le, None if kind.lt is None else kind.lt - 1) if top is not None]
        return min([step, *tops])
    return -(-least // step) * step


def _text(kind: mi.StrType, where: str) -> str:
    least, most = kind.min_length or 0, 10_000 if kind.max_length is None else kind.max_length
    for text in (*TEXTS, "x" * least, ""):
        if least <= len(text) <= most and (kind.pattern is None or re.search(kind.pattern, text)):
            return text
    raise NoExample(f"{where} must match {kind.pattern}")


def unbounded(kind: type) -> Iterator[tuple[str, str]]:
    """Find the fields (as `modules`, and `modules[]` for what it holds) of any length, each with its type."""
    yield from _unbounded(mi.type_info(kind), "", set())


def _unbounded(kind: mi.Type, where: str, seen: set[type]) -> Iterator[tuple[str, str]]:
    match kind:
        case mi.Metadata(type=real):
            yield from _unbounded(real, where, seen)
        case mi.StructType(cls=cls, fields=fields) | mi.TypedDictType(cls=cls, fields=fields):
            if cls not in seen:
                for field in fields:
                    yield from _unbounded(field.type, f"{where}.{field.encode_name}".lstrip("."), {*seen, cls})
        case mi.UnionType(types=types) | mi.TupleType(item_types=types):
            for part in types:
                yield from _unbounded(part, where, seen)
        case mi.StrType(max_length=None):
            yield where, "str"
        case mi.CollectionType(item_type=item, max_length=most):
            if most is None:
                yield where, "list[...]"
            yield from _unbounded(item, f"{where}[]", seen)
        case mi.DictType(key_type=key, value_type=value, max_length=most):
            if most is None:
                yield where, "dict[...]"
            yield from _unbounded(key, f"{where}[]", seen)
            yield from _unbounded(value, f"{where}[]", seen)
