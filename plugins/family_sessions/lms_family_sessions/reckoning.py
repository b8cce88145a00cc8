"""Deadlines of those who have less time: arithmetic of days."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta

DAY = timedelta(days=1)

Span = tuple[date, date | None]
"""Days, both included; null: no end."""


def extended(since: date, due: date, spans: Iterable[Span], most: int) -> date:
    """Return the day on which as many days without protection have passed as everybody had until the deadline.

    Each protected day from `since` on moves it by one day; if that leads into protected days, these as well. By `most`
    days at the utmost.
    """
    limit = due + most * DAY
    lost = sorted(set(_days(spans, since, limit)))
    moved = due
    for day in lost:
        if day > moved:
            break
        moved += DAY
    return min(moved, limit)


def compensated(since: date, due: date, hours: int, full: int) -> date:
    """Return a deadline for who has `hours` a week where `full` are planned for: T * (full / hours - 1) days later.

    T is the time from `since` to the deadline; a part of a day counts as one (Tübingen). `hours` are at least 1.
    """
    missing = max(0, (due - since).days) * max(0, full - hours)
    return due + -(-missing // hours) * DAY


def _days(spans: Iterable[Span], first: date, last: date) -> Iterator[date]:
    for begins, ends in spans:
        day = max(begins, first)
        until = last if ends is None else min(ends, last)
        while day <= until:
            yield day
            day += DAY
