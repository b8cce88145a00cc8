"""The shared types let through what both databases can hold, and nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lms_core import types as t
from lms_core.db import Hundredths
from lms_core.types import BadValue, check_decimal, check_instant, check_json, check_zone

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


def refusal(check: Any, *arguments: Any) -> str | None:
    """Return why a check refuses, or None if it lets the value through."""
    try:
        check("field", *arguments)
    except BadValue as error:
        return error.reason if error.field == "field" else f"{error.field} is named"
    return None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("0", None),
        ("-0", None),
        ("7.5", None),
        ("300.00", None),
        ("-0.01", "must be between 0 and 300"),
        ("300.01", "must be between 0 and 300"),
        ("1e999999999", "must be between 0 and 300"),
        ("9" * 100_000, "must be between 0 and 300"),
        ("1.005", "at most 2 decimal places, and no exponent"),
        ("1.000", "at most 2 decimal places, and no exponent"),
        ("1e2", "at most 2 decimal places, and no exponent"),
        ("1e-999999999", "at most 2 decimal places, and no exponent"),
        ("0." + "3" * 100_000, "at most 2 decimal places, and no exponent"),
        ("NaN", "must be a finite number"),
        ("sNaN123", "must be a finite number"),
        ("Infinity", "must be a finite number"),
        ("-Infinity", "must be a finite number"),
    ],
)
def test_decimals(text: str, reason: str | None) -> None:
    assert refusal(check_decimal, Decimal(text), 0, 300) == reason


@given(st.decimals())
@example(Decimal("0E+5"))
@example(Decimal("-0.00"))
def test_a_decimal_that_passes_is_kept_exactly_and_written_plainly(value: Decimal) -> None:
    if refusal(check_decimal, value, -1_000, 1_000) is None:
        kept = Hundredths()
        number = kept.process_bind_param(value, None)  # type: ignore[arg-type]  # it asks no dialect
        assert kept.process_result_value(number, None) == value  # type: ignore[arg-type]  # nor here
        assert set(str(value)) <= set("-.0123456789")


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ({"maxTerms": 12, "milestones": [{"ects": 60.5, "byTerm": None}], "open": True}, None),
        ({"backslash": "\\u0000"}, None),
        ({"a": 2**63 - 1, "b": -(2**63)}, None),
        ({"a": [2**63]}, "must not hold an integer beyond 64 bits"),
        ({"a": {"b": -(10**30)}}, "must not hold an integer beyond 64 bits"),
        ({"a": float("nan")}, "must not hold an infinite number"),
        ([float("inf")], "must not hold an infinite number"),
        ({"a": ["x\0"]}, "must not hold the character NUL"),
        ({"a\0": 1}, "must not hold the character NUL"),
        ({"a": "x" * 20_000}, "at most 20,000 bytes"),
        (list(range(10_000)), "at most 20,000 bytes"),
    ],
)
def test_json(value: object, reason: str | None) -> None:
    assert refusal(check_json, value) == reason


@pytest.mark.parametrize("levels", [20, 21, 100, 5_000])
def test_json_may_be_nested_twenty_deep(levels: int) -> None:
    value: object = 1
    for _ in range(levels):
        value = [value]
    assert refusal(check_json, value) == (None if levels == 20 else "must be nested at most 20 deep")


@given(JSON)
def test_json_that_passes_is_written_and_read_back_as_it_was(value: object) -> None:
    if refusal(check_json, value) is None:
        text = msgspec.json.encode(value)
        assert msgspec.json.decode(text) == value
        assert len(text) <= 20_000


@pytest.mark.parametrize(
    ("year", "passes"), [(1, False), (1969, False), (1970, True), (2200, True), (2201, False), (9999, False)]
)
def test_instants(year: int, passes: bool) -> None:
    assert (refusal(check_instant, datetime(year, 12, 31, tzinfo=UTC)) is None) is passes


@pytest.mark.parametrize("zone", ["Europe/Berlin", "UTC", "America/Argentina/Buenos_Aires"])
def test_zones(zone: str) -> None:
    assert refusal(check_zone, zone) is None


@pytest.mark.parametrize("zone", ["Europe/Freiburg", "europe/berlin", "../../etc/passwd", "", "Europe"])
def test_zones_that_there_are_not(zone: str) -> None:
    assert refusal(check_zone, zone) == f"{zone!r} is not a time zone of the IANA database, such as Europe/Berlin"


def takes(kind: Any, value: Any) -> bool:
    try:
        return bool(msgspec.json.decode(msgspec.json.encode(value), type=kind) == value)
    except msgspec.ValidationError:
        return False


BOUNDS: dict[str, tuple[list[Any], list[Any]]] = {
    "Name": (["x", "Grüße, 世界 😀", " ", "x" * 200], ["", "x" * 201, "a\nb", "a\n", "a\0", "\x7f", "a\tb", 5]),
    "LongText": (["", "a\nb\n", "x" * 20_000], ["x" * 20_001, "a\0b", "\0", "a\0\n"]),
    "Body": (["", "# a\n\n<b>", "x" * 1_000_000], ["x" * 1_000_001, "a\0"]),
    "Key": (["a", "0.a_b-c", "a" * 120], ["", "-a", ".", "A", "a b", "a\n", "a/b", "ä", "a\0", "a" * 121]),
    "Email": (["a@b", "Ä.ß+x@exämple.org", f"{'a' * 250}@b.c"], ["a", "a@", "@b", "a@b@c", "a @b", "a@b\n", "İ@b", f"{'a' * 251}@b.c"]),
    "Password": (["x" * 12, "ä" * 200, "correct horse\n"], ["x" * 11, "x" * 201, "x" * 12 + "\0"]),
    "Secret": (["x", "x" * 200], ["", "x" * 201, "\0"]),
    "Sha256": (["0" * 64, "abcdef0123456789" * 4], ["0" * 63, "0" * 65, "A" * 64, "0" * 64 + "\n", "g" * 64]),
    "Zone": (["UTC", "Etc/GMT+1"], ["", "a b", "UTC\n", "a" * 65, "\0"]),
    "Count": ([0, 2_000_000_000], [-1, 2_000_000_001, 10**30, 1.5, True, "5"]),
    "Limit": ([1, 200], [0, 201, 10**30, "5"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BOUNDS)
def test_bounds(name: str) -> None:
    good, bad = BOUNDS[name]
    kind = getattr(t, name)
    assert {value: takes(kind, value) for value in [*good, *bad]} == dict.fromkeys(good, True) | dict.fromkeys(
        bad, False
    )


@given(st.text(max_size=300))
def test_an_address_that_passes_fits_its_column_in_lower_case(local: str) -> None:
    if takes(t.Email, address := f"{local}@example.org"):
        assert len(address.lower()) <= 254
