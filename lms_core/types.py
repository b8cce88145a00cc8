"""Bounded wire types that every domain shares.

msgspec accepts NaN, endless decimals, integers of any size and NUL characters as they come. Whatever a client
sends passes through one of the types or checks below, so that the database never sees a value it cannot hold.
"""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated

import msgspec
from msgspec import Meta, Struct
from uuid_utils.compat import uuid7

__all__ = [
    "Body",
    "Count",
    "Email",
    "Instant",
    "Key",
    "Limit",
    "LongText",
    "Name",
    "Password",
    "Payload",
    "Secret",
    "Sha256",
    "View",
    "WallTime",
    "Zone",
    "check_decimal",
    "check_instant",
    "check_json",
    "check_zone",
    "new_id",
    "now",
]

# `$` alone also matches before a trailing newline; `(?!\n)$` does not, in Python and in ECMAScript alike.
END = r"(?!\n)$"

Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=rf"^[^\x00-\x1f\x7f]*{END}")]
"""One line of text for people: a title, a person's name, a file's name."""

LongText = Annotated[str, Meta(max_length=20_000, pattern=r"^[^\x00]*$")]
"""Several lines of text for people; no NUL."""

Body = Annotated[str, Meta(max_length=1_000_000, pattern=r"^[^\x00]*$")]
"""The text of a unit (Markdown with HTML in it); no NUL."""

Key = Annotated[str, Meta(min_length=1, max_length=120, pattern=rf"^[a-z0-9][a-z0-9._-]*{END}")]
"""A short name that people and addresses use: lower case letters, digits, dot, hyphen, underscore."""

Email = Annotated[str, Meta(min_length=3, max_length=254, pattern=rf"^[^\x00-\x20\x7f@]+@[^\x00-\x20\x7f@]+{END}")]
Password = Annotated[str, Meta(min_length=12, max_length=200)]
Secret = Annotated[str, Meta(min_length=1, max_length=200, pattern=rf"^[^\x00]*{END}")]
"""A password or token as typed in; only its length is bounded, so that a wrong one is refused as wrong."""

Sha256 = Annotated[str, Meta(pattern=rf"^[0-9a-f]{{64}}{END}")]
"""A SHA-256 digest as 64 lower-case hexadecimal digits."""

Count = Annotated[int, Meta(ge=0, le=2_000_000_000)]
Instant = Annotated[datetime, Meta(tz=True)]
"""A moment that happened, with its offset; kept in UTC. Check it with `check_instant`."""

WallTime = Annotated[datetime, Meta(tz=False)]
"""A planned time as a clock on the wall shows it; means something only together with a `Zone`."""

Zone = Annotated[str, Meta(min_length=1, max_length=64, pattern=rf"^[A-Za-z0-9_+/-]+{END}")]
"""The name of a time zone in the IANA database, such as Europe/Berlin. Check it with `check_zone`."""

Limit = Annotated[int, Meta(ge=1, le=200)]


class Payload(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What a client sends: camelCase on the wire, unknown fields refused."""


class View(Struct, frozen=True, rename="camel"):
    """What the server answers: camelCase on the wire."""


def check_decimal(field: str, value: Decimal, minimum: int, maximum: int, places: int = 2) -> None:
    """Raise ValueError unless `value` is finite, within the bounds (inclusive) and has at most `places` decimals."""
    if not value.is_finite():
        raise ValueError(f"{field}: must be a number, not {value}")
    exponent = value.as_tuple().exponent
    if not (isinstance(exponent, int) and -20 <= exponent <= 20 and minimum <= value <= maximum):
        raise ValueError(f"{field}: must be between {minimum} and {maximum}")
    if value != round(value, places):
        raise ValueError(f"{field}: at most {places} decimal places")


def check_instant(field: str, value: datetime) -> None:
    """Raise ValueError unless `value` lies between the years 1970 and 2200, where UTC can be computed."""
    if not 1970 <= value.year <= 2200:
        raise ValueError(f"{field}: must lie between the years 1970 and 2200")


def check_json(field: str, value: object) -> None:
    """Raise ValueError unless both databases can keep `value` (decoded JSON): 20,000 bytes, no NUL, no huge integer."""
    try:
        text = msgspec.json.encode(value)
    except (OverflowError, RecursionError, TypeError, ValueError):
        raise ValueError(f"{field}: holds a number beyond 64 bits or is nested too deeply") from None
    if len(text) > 20_000:
        raise ValueError(f"{field}: at most 20,000 bytes")
    if b"\\u0000" in text:
        raise ValueError(f"{field}: must not hold the character NUL")


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def check_zone(field: str, value: str) -> None:
    """Raise ValueError unless `value` names a time zone of the IANA database."""
    if value not in _zones():
        raise ValueError(f"{field}: {value!r} is not a time zone of the IANA database, such as Europe/Berlin")


def now() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


new_id = uuid7
"""Return a new UUIDv7: unique, and increasing with time."""
