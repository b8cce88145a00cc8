"""How a field of a week is written in one cell of a table, and read again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple, get_args, get_type_hints

import msgspec
from msgspec import inspect

from lms_university_weeks.week import Clock, Ects, Key, Language

NONE = "none"
"""What is written where an empty list is meant, and an empty cell means something else: a lecturer who cannot come."""

_YES = ("yes", "ja", "true", "wahr", "1")
_NO = ("no", "nein", "false", "falsch", "0")
_NONE = (NONE, "keine", "nie", "never")
_GERMAN_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
# an item of a list: in quotes if a mark of the list stands in it, else up to the next semicolon
_ITEM = re.compile(r'[ ;]*+(?:"((?:[^"]|"")*+)"(?= *+(?:;|$))|([^;]*+))')
_PATTERNS = {
    get_args(Key)[1].pattern: "a key of lower-case letters, digits, dots, hyphens and underscores",
    get_args(Clock)[1].pattern: "a time of day such as 08:30",
    get_args(Ects)[1].pattern: "ECTS such as 2.5",
    r"^([a-z]{2})?(?!\n)$": "a language of two letters, such as de",
    get_args(Language)[1].pattern: "a language of two letters, such as de",
}
_EXAMPLES: dict[type[inspect.Type], str] = {
    inspect.DateType: "2027-03-01",
    inspect.IntType: "2",
    inspect.VarTupleType: "1,2",
    inspect.StrType: "hall",
}
_FIELDS = {"ects": "2.5", "percent": "80"}


class WrongCell(Exception):
    """What stands in a cell cannot be what its column holds; says what would be right."""


class Column(NamedTuple):
    """A field as a column: its header, its name in Python, its type, and what an empty cell means."""

    header: str
    name: str
    annotation: Any
    type: inspect.Type
    required: bool
    default: Any


@cache
def columns(kind: type[msgspec.Struct]) -> tuple[Column, ...]:
    """Return the columns of a Struct, in the order of its fields."""
    hints = get_type_hints(kind, include_extras=True)
    fields = inspect.type_info(kind).fields  # type: ignore[attr-defined]  # of a Struct it is a StructType
    return tuple(
        Column(
            one.encode_name, one.name, hints[one.name], one.type, one.required, None if one.required else one.default
        )
        for one in fields
    )


def choices(column: Column) -> tuple[str, ...]:
    """Return the words among which a cell of the column chooses, if it does."""
    match column.type:
        case inspect.LiteralType(values=values):
            return tuple(str(value) for value in values)
        case inspect.BoolType():
            return ("yes", "no")
    return ()


def written(column: Column, value: Any) -> str | int:
    """Write the value of a field as a cell; `read` gives it back."""
    if value in (None, ()):
        return "" if value == column.default else NONE
    return value if type(value) is int else _text(value)


def read(column: Column, text: str) -> Any:
    """Read a cell as the value of its field. Raises WrongCell."""
    if not text.strip(" ") and (text == "" or not isinstance(column.type, inspect.StrType)):
        if column.required:
            raise WrongCell(f"is required: {wanted(column.type)}")
        return column.default
    for attempt in (text, text.strip()):  # blanks around a name belong to it, around anything else they do not
        try:
            return msgspec.convert(_builtin(column.type, attempt), column.annotation)
        except (msgspec.ValidationError, ValueError):
            continue
    raise WrongCell(f"{_short(text)} is not {wanted(column.type)}")


def wanted(kind: inspect.Type) -> str:
    """Say in words what a cell may hold."""
    match kind:
        case inspect.UnionType():
            return wanted(_plain(kind))
        case inspect.IntType(ge=least, le=most):
            return f"a whole number from {least} to {most}"
        case inspect.BoolType():
            return "yes or no"
        case inspect.LiteralType(values=values):
            return f"one of {', '.join(str(value) for value in values)}"
        case inspect.DateType():
            return "a date such as 2027-03-01"
        case inspect.DateTimeType():
            return "a day and a time such as 2027-03-01 18:00"
        case inspect.UUIDType():
            return "an id such as 0190a6e0-5f3c-7000-8000-000000000000"
        case inspect.VarTupleType(item_type=item, max_length=most):
            return f"{wanted(item)}{f' (at most {most} of them)' if most else ''}; between several stands a semicolon"
        case inspect.StructType(fields=fields):
            names = " ".join(one.encode_name if one.required else f"[{one.encode_name}]" for one in fields)
            return f"`{names}`, such as {' '.join(_example(one) for one in fields)}"
        case inspect.StrType(pattern=pattern, max_length=most):
            return _PATTERNS.get(str(pattern), f"one line of at most {most} characters")
    raise TypeError(f"no cell holds a {kind}")


def _example(field: inspect.Field) -> str:
    return _FIELDS.get(field.name) or _EXAMPLES[type(_plain(field.type))]


def _text(value: Any) -> str:
    match value:
        case datetime():
            return value.isoformat(" ", "auto" if value.second or value.microsecond else "minutes")
        case bool():
            return "yes" if value else "no"
        case tuple():
            return "; ".join(_item(one) for one in value)
        case msgspec.Struct():
            return _parts(value)
    return str(value)


def _item(value: Any) -> str:
    text = _text(value)
    marked = isinstance(value, str) and (";" in text or text.startswith('"') or text != text.strip(" "))
    return '"' + text.replace('"', '""') + '"' if marked else text


def _parts(value: msgspec.Struct) -> str:
    parts = (getattr(value, field) for field in value.__struct_fields__)
    return " ".join(
        ",".join(map(str, part)) if isinstance(part, tuple) else str(part) for part in parts if part not in (None, ())
    )


def _builtin(kind: inspect.Type, text: str) -> Any:
    """Return what a text says, for msgspec to check against the bounds. Raises ValueError."""
    word = text.strip().lower()
    match kind:
        case inspect.UnionType():
            return _builtin(_plain(kind), text)
        case inspect.VarTupleType(item_type=item):
            return [] if word in _NONE and isinstance(item, inspect.StructType) else _list(item, _items(text))
        case inspect.StructType(fields=fields):
            return _fields(fields, re.sub(r" *+, *", ",", text).split())
        case inspect.BoolType() if word in (*_YES, *_NO):
            return word in _YES
        case inspect.IntType() if re.fullmatch(r"[+-]?[0-9]{1,9}", word):
            return int(word)
        case inspect.LiteralType():
            return word
        case inspect.DateType():
            return _day(word)
        case inspect.DateTimeType():
            day, _, time = word.replace("t", " ").partition(" ")
            return f"{_day(day)}T{time or '00:00'}" + (":00" if time.count(":") < 2 else "")
        case inspect.StrType() | inspect.UUIDType():
            return text
    raise ValueError(text)


def _day(word: str) -> str:
    german = _GERMAN_DAY.fullmatch(word)
    return date(int(german[3]), int(german[2]), int(german[1])).isoformat() if german else word


def _plain(kind: inspect.Type) -> inspect.Type:
    """Return the type without the null that it may be."""
    if isinstance(kind, inspect.UnionType):
        return next(one for one in kind.types if not isinstance(one, inspect.NoneType))
    return kind


def _list(item: inspect.Type, texts: Iterable[str]) -> list[Any]:
    return [_builtin(item, text) for text in texts]


def _items(text: str) -> list[str]:
    found = ((quoted, plain.rstrip(" ")) for quoted, plain in _ITEM.findall(text))
    return [quoted.replace('""', '"') if quoted else plain for quoted, plain in found if quoted or plain]


def _fields(fields: tuple[inspect.Field, ...], parts: list[str]) -> dict[str, Any]:
    if len(parts) > len(fields):
        raise ValueError(parts)
    told: dict[str, Any] = {}
    for field, part in zip(fields, parts, strict=False):
        kind = _plain(field.type)
        inner = kind.item_type if isinstance(kind, inspect.VarTupleType) else None
        told[field.encode_name] = _list(inner, part.split(",")) if inner else _builtin(kind, part)
    return told


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:60]}...")
