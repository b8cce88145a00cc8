"""Public holidays where a programme takes place."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from functools import cache

from lms_family_sessions.holidays_of import Land


def public_holidays(land: Land | None, first: date, last: date) -> Collection[date]:
    """Return the public holidays of a Land, or those of all Länder, between two days."""
    return [day for year in range(first.year, last.year + 1) for day in _year(land, year) if first <= day <= last]


@cache
def _year(land: Land | None, year: int) -> tuple[date, ...]:
    import holidays

    return tuple(sorted(holidays.country_holidays("DE", subdiv=land, years=year)))
