"""Runs that meet at the same time, found in one sweep over all sessions by their beginnings."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec

from lms_core.api import SessionFacts


class Meeting(msgspec.Struct, frozen=True):
    """Two runs, the lower id first, with sessions at the same time: the first such day, and if there are others."""

    runs: tuple[UUID, UUID]
    first: date
    others: bool


def meetings(sessions: Iterable[SessionFacts], today: date) -> tuple[Meeting, ...]:
    """Return all runs that meet at the same time from today on, on site or online, in the order of time.

    Cancelled sessions do not count, nor those for some of the participants: they may be for others.
    """
    found: dict[tuple[UUID, UUID], tuple[date, bool]] = {}
    going: list[tuple[float, SessionFacts]] = []
    for starts, ends, one in sorted(_moments(sessions, today), key=lambda at: (at[0], at[2].session_id)):
        going = [(until, other) for until, other in going if until > starts]
        for _, other in going:
            if one.run_id != other.run_id:
                pair = (min(one.run_id, other.run_id), max(one.run_id, other.run_id))
                day = one.starts.date()
                first, others = found.get(pair, (day, False))
                found[pair] = (first, others or day != first)
        going.append((ends, one))
    return tuple(Meeting(pair, first, others) for pair, (first, others) in found.items())


def _moments(sessions: Iterable[SessionFacts], today: date) -> Iterable[tuple[float, float, SessionFacts]]:
    for one in sessions:
        if one.cancelled_at is None and not one.for_named and one.ends.date() >= today:
            zone = ZoneInfo(one.zone)
            yield one.starts.replace(tzinfo=zone).timestamp(), one.ends.replace(tzinfo=zone).timestamp(), one
