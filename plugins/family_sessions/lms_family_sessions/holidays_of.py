"""When schools of a Land are closed: school holidays united with public holidays, and what nobody knows yet.

The dates come from the library `holidays`, which follows the lists of the conference of ministers of education (KMK).
What it leaves out is added here. Movable days, which each school chooses, and closures of nurseries are in no list.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from typing import Literal, get_args

import msgspec

DAY = timedelta(days=1)

Land = Literal["BW", "BY", "BE", "BB", "HB", "HH", "HE", "MV", "NI", "NW", "RP", "SL", "SN", "ST", "SH", "TH"]

LAENDER: tuple[Land, ...] = get_args(Land)

KNOWN_FROM = date(2020, 1, 1)
"""Of earlier days nothing is said; nobody plans them."""


class Span(msgspec.Struct, frozen=True, order=True):
    """Days from the first to the last."""

    first: date
    last: date

    def days(self) -> Iterator[date]:
        """Yield each day."""
        day = self.first
        while day <= self.last:
            yield day
            day += DAY


class FreeDays(msgspec.Struct, frozen=True):
    """Days without school with their names, and spans of which nobody can tell yet whether there is school."""

    free: dict[date, str]
    unknown: tuple[Span, ...]

    def known(self, day: date) -> bool:
        """Return whether it is known if there is school on a day that was asked about."""
        return not any(span.first <= day <= span.last for span in self.unknown)


def free_days(land: Land, first: date, last: date) -> FreeDays:
    """Return the days from `first` to `last` on which schools of a Land are closed, and the unknown ones.

    Days after the last holidays that are published for the Land are unknown, even those that are public holidays
    (these are in `free` as well). Saturdays and Sundays are named only if they belong to holidays: they lie within
    them, or between a free Friday and a free Monday.
    """
    found: dict[date, str] = {}
    for year in range(first.year, last.year + 1):
        found |= {day: name for day, name in _year(land, year).items() if first <= day <= last}
    spans = []
    if first < KNOWN_FROM:
        spans.append(Span(first, min(last, KNOWN_FROM - DAY)))
    if last > known_until(land):
        spans.append(Span(max(first, known_until(land) + DAY), last))
    return FreeDays(dict(sorted(found.items())), tuple(spans))


def long_weekend(free: FreeDays, saturday: date) -> bool:
    """Return whether a Saturday is part of holidays or of a long weekend, which begins with a free Friday.

    Ask about free days that begin at least on that Friday. A Monday that is free lengthens a weekend at its other
    end: it is not counted, as little as the bridge days that schools choose themselves.
    """
    return saturday in free.free or saturday - DAY in free.free


@cache
def known_until(land: Land) -> date:
    """Return the last day of the last holidays that are published for a Land."""
    year = KNOWN_FROM.year
    last = KNOWN_FROM - DAY
    while days := _school(land, year):
        last, year = max(days), year + 1
    return last


@cache
def _year(land: Land, year: int) -> dict[date, str]:
    """Return the free days of a year, before weekends between them; at most 16 Länder and a few years are kept."""
    named = _listed(land, year)
    near = {**_listed(land, year - 1), **named, **_listed(land, year + 1)}
    for day in list(near):
        if day.weekday() == 4 and day + 3 * DAY in near:
            for between in (day + DAY, day + 2 * DAY):
                if between.year == year:
                    named.setdefault(between, near[day])
    return named


def _listed(land: Land, year: int) -> dict[date, str]:
    from holidays.countries.germany import Germany  # takes long to import, and is needed by those who plan only

    public = Germany(subdiv=land, years=year, categories=("public",), language="de")
    return {**_school(land, year), **_added(land, year), **dict(public)}


@cache
def _school(land: Land, year: int) -> dict[date, str]:
    from holidays.countries.germany import Germany

    return dict(Germany(subdiv=land, years=year, categories=("school",), language="de"))


def _added(land: Land, year: int) -> dict[date, str]:
    """Return days without school that the library does not name.

    Bavaria: no lessons on Buß- und Bettag, the Wednesday before 23 November (Bavarian law of holidays, Art. 4).
    """
    if land != "BY":
        return {}
    latest = date(year, 11, 22)
    return {latest - ((latest.weekday() - 2) % 7) * DAY: "Buß- und Bettag"}
