"""Bounded wire types that every domain shares.

msgspec accepts NaN, endless decimals, integers of any size and NUL characters as they come. Whatever a client
sends passes through one of the types or checks below, so that the database never sees a value it cannot hold.
"""

from __future__ import annotations

import hashlib
import zoneinfo
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from math import isfinite
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Meta, Struct
from uuid_utils.compat import uuid7

__all__ = [
    "BadValue",
    "Body",
    "Count",
    "Email",
    "FileName",
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
    "instant_of",
    "new_id",
    "now",
]

# `$` alone also matches before a trailing newline; `(?!\n)$` does not, in Python and in ECMAScript alike.
END = r"(?!\n)$"

Name = Annotated[str, Meta(min_length=1, max_length=200, pattern=rf"^[^\x00-\x1f\x7f]*{END}")]
"""One line of text for people: a title, a person's name, a file's name."""

FileName = Annotated[str, Meta(min_length=1, max_length=255, pattern=rf"^[^\x00-\x1f\x7f]*{END}")]
"""The name of a file as people see it, in any script; never part of an address or a key in the store."""

LongText = Annotated[str, Meta(max_length=20_000, pattern=r"^[^\x00]*$")]
"""Several lines of text for people; no NUL."""

Body = Annotated[str, Meta(max_length=1_000_000, pattern=r"^[^\x00]*$")]
"""The text of a unit (Markdown with HTML in it); no NUL."""

Key = Annotated[str, Meta(min_length=1, max_length=120, pattern=rf"^[a-z0-9][a-z0-9._-]*{END}")]
"""A short name that people and addresses use: lower case letters, digits, dot, hyphen, underscore."""

# \u0130 is the one character that grows in lower case, beyond what the column holds
Email = Annotated[
    str,
    Meta(min_length=3, max_length=254, pattern=rf"^[^\x00-\x20\x7f@\u0130]+@[^\x00-\x20\x7f@\u0130]+{END}"),
]
Password = Annotated[str, Meta(min_length=12, max_length=200, pattern=rf"^[^\x00]*{END}")]
Secret = Annotated[str, Meta(min_length=1, max_length=200, pattern=rf"^[^\x00]*{END}")]
"""A password or token as typed in; it may be shorter than a new password, so that a wrong one is refused as wrong."""

Sha256 = Annotated[str, Meta(pattern=rf"^[0-9a-f]{{64}}{END}")]
"""A SHA-256 digest as 64 lower-case hexadecimal digits."""

Count = Annotated[int, Meta(ge=0, le=2_000_000_000)]
Instant = Annotated[datetime, Meta(tz=True)]
"""A moment that happened, with its offset; kept in UTC. Check it with `check_instant`."""

_LOCAL = {"format": "date-time-local", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?$"}
WallTime = Annotated[datetime, Meta(tz=False, extra_json_schema={"extra": _LOCAL})]
"""A planned time as a clock on the wall shows it; means something only together with a `Zone`."""

Zone = Annotated[str, Meta(min_length=1, max_length=64, pattern=rf"^[A-Za-z0-9_+/-]+{END}")]
"""The name of a time zone in the IANA database, such as Europe/Berlin. Check it with `check_zone`."""

Limit = Annotated[int, Meta(ge=1, le=200)]


class Payload(Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """What a client sends: camelCase on the wire, unknown fields refused."""


class View(Struct, frozen=True, rename="camel"):
    """What the server answers: camelCase on the wire."""


class BadValue(ValueError):
    """A value that a field cannot have: the field's name on the wire, and the reason. For the checks of a Struct."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def check_decimal(field: str, value: Decimal, minimum: int, maximum: int, places: int = 2) -> None:
    """Raise BadValue unless `value` is finite, within the bounds (inclusive), with at most `places` decimals.

    An exponent is refused: what is answered has none.
    """
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int):
        raise BadValue(field, "must be a finite number")
    if not minimum <= value <= maximum:
        raise BadValue(field, f"must be between {minimum} and {maximum}")
    if not -places <= exponent <= 0:
        raise BadValue(field, f"at most {places} decimal places, and no exponent")


def check_instant(field: str, value: datetime) -> None:
    """Raise BadValue unless `value` lies between the years 1970 and 2200, where UTC can be computed."""
    if not 1970 <= value.year <= 2200:
        raise BadValue(field, "must lie between the years 1970 and 2200")


def check_json(field: str, value: object) -> None:
    """Raise BadValue unless both databases can keep `value` (decoded JSON).

    That is: at most 20,000 bytes, nested at most 20 deep, no NUL, and no number that is infinite or an integer
    beyond 64 bits.
    """
    try:
        size = len(msgspec.json.encode(value))
    except RecursionError:
        raise BadValue(field, "must be nested at most 20 deep") from None
    if size > 20_000:
        raise BadValue(field, "at most 20,000 bytes")
    _check_json(field, value, 20)


def _check_json(field: str, value: object, levels: int) -> None:
    if levels < 0:
        raise BadValue(field, "must be nested at most 20 deep")
    match value:
        case dict():
            for key, item in value.items():
                _check_json(field, key, levels)
                _check_json(field, item, levels - 1)
        case list():
            for item in value:
                _check_json(field, item, levels - 1)
        case str() if "\0" in value:
            raise BadValue(field, "must not hold the character NUL")
        case float() if not isfinite(value):
            raise BadValue(field, "must not hold an infinite number")
        case int() if not -(2**63) <= value < 2**63:
            raise BadValue(field, "must not hold an integer beyond 64 bits")


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())


def check_zone(field: str, value: str) -> None:
    """Raise BadValue unless `value` names a time zone of the IANA database."""
    if value not in _zones():
        raise BadValue(field, f"{value!r} is not a time zone of the IANA database, such as Europe/Berlin")


def instant_of(wall: datetime, zone: str) -> datetime:
    """Return the moment (UTC) at which a clock in the zone shows this; the first, where it does so twice."""
    return wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def _clock() -> datetime:
    return datetime.now(UTC)


def now() -> datetime:
    """Return the present moment in UTC; everything that asks for the time asks here, so that tests can move it."""
    return _clock()


def digest(secret: str) -> str:
    """Return the SHA-256 under which a token or link is kept; the secret itself never is."""
    return hashlib.sha256(secret.encode()).hexdigest()


new_id = uuid7
"""Return a new UUIDv7: unique, and increasing with time."""
