"""Examples of settings: made from the types, those named first, and honest where none can be made."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from msgspec import Meta

from lms_core.contract.examples import NoExample, example_of, unbounded


class Colour(Enum):
    RED = "red"


class Place(msgspec.Struct, frozen=True, tag="place", tag_field="kind"):
    city: Annotated[str, Meta(max_length=40)]


class Everything(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    zone: Annotated[str, Meta(examples=["Europe/Berlin", "Europe/Rome"])]
    mail_address: Annotated[str, Meta(pattern=r"^\S+@\S+$", max_length=100)]
    digits: Annotated[str, Meta(min_length=30, max_length=30)]
    share: Annotated[float, Meta(gt=0, le=1)]
    below: Annotated[int, Meta(lt=0)]
    fifths: Annotated[int, Meta(ge=11, multiple_of=5)]
    wall: Annotated[datetime, Meta(tz=False)]
    moment: Annotated[datetime, Meta(tz=True)]
    day: date
    hour: time
    pause: timedelta
    ects: Decimal
    person: UUID
    colour: Colour
    mode: Literal["on_site", "online"]
    place: Place
    rooms: Annotated[list[Annotated[str, Meta(max_length=9)]], Meta(min_length=2, max_length=9)]
    pair: tuple[int, bool]
    maybe: Annotated[str, Meta(max_length=9)] | None = None
    tags: frozenset[str] = frozenset()
    weights: dict[str, int] = {}
    raw: bytes = b""


SMALLEST = {
    "zone": "Europe/Berlin", "mailAddress": "office@example.org", "digits": "x" * 30, "share": 1, "below": -1,
    "fifths": 15, "wall": "2026-10-01T09:00:00", "moment": "2026-10-01T09:00:00Z", "day": "2026-10-01",
    "hour": "09:00:00", "pause": "P1D", "ects": "1", "person": "00000000-0000-7000-8000-000000000001",
    "colour": "red", "mode": "on_site", "place": {"kind": "place", "city": "example"},
    "rooms": ["example", "example"], "pair": [1, True],
}  # fmt: skip


def test_examples_are_made_from_types_and_fit_them() -> None:
    smallest, fullest = (example_of(Everything, whole=whole) for whole in (False, True))
    assert smallest == SMALLEST
    more = {"maybe": "example", "tags": ["example"], "weights": {"example": 1}, "raw": "eHh4"}
    assert fullest == {**SMALLEST, **more}
    for example in (smallest, fullest):
        msgspec.convert(example, Everything)


class Folder(msgspec.Struct):
    inside: Folder


class Odd(msgspec.Struct):
    code: Annotated[str, Meta(pattern="^[0-9]{3}-[a-z]$")]


class Complex(msgspec.Struct):
    value: complex


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (Folder, f"{'.'.join(['inside'] * 21)} contains itself without end"),
        (Odd, "code must match ^[0-9]{3}-[a-z]$"),
        (Complex, "value is of a type that is not known here"),
    ],
)
def test_where_none_can_be_made_it_says_of_what(kind: type[Any], reason: str) -> None:
    with pytest.raises(NoExample) as caught:
        example_of(kind, whole=False)
    assert str(caught.value) == reason


def test_what_has_no_bound_is_named_by_its_place() -> None:
    assert list(unbounded(Everything)) == [
        ("zone", "str"),
        ("tags", "list[...]"),
        ("tags[]", "str"),
        ("weights", "dict[...]"),
        ("weights[]", "str"),
    ]
    assert list(unbounded(Folder)) == []
