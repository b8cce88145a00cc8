"""How hard a plan is on each person, and which of two plans is fairer to whoever has it hardest.

Pure. What is here is about single people: none of it may be shown to planners but through `reports`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from lms_core.api import SessionConstraint
from lms_family_sessions.calendars import Calendar
from lms_family_sessions.constraints import Constraint, intervals
from lms_family_sessions.holidays_of import FreeDays, Land

Kind = Literal[
    "cannot", "rather_not", "school_free", "school_unknown", "outside_core", "overnight", "short_notice", "consecutive"
]

WEIGHTS: dict[Kind, int] = {
    "cannot": 1000,  # a session at a time when she cannot come; outweighs all the rest of a term
    "rather_not": 40,  # a session at a time when she would rather not
    "school_free": 30,  # each day of a session on which a school that matters to her is closed
    "school_unknown": 10,  # each day of which nobody can tell yet
    "overnight": 20,  # a session that cannot be had without a night away
    "short_notice": 15,  # a session that is announced later than the programme promises
    "consecutive": 10,  # each weekend with sessions after another one
    "outside_core": 1,  # each half hour, begun, before or after the core hours
}
"""What weighs how much. One thing that somebody cannot come to is more than anything that is only unpleasant, a day
without school about as much as a wish, and nobody's comfort outweighs somebody's exclusion: plans are compared by
whoever has it hardest, not by sums over people."""

RECORDED = 4
"""A session that can be seen later costs a quarter of what it would at a time that does not suit her; so does one
from elsewhere of what it would cost whoever cannot come."""

_OF_TIME: frozenset[Kind] = frozenset({"cannot", "rather_not", "school_free", "school_unknown", "outside_core"})


class Meeting(msgspec.Struct, frozen=True, kw_only=True):
    """A session at its times (aware, one for each of its days). `recorded` can be seen later by whoever was not there.

    Who lives elsewhere spends a night away for an `overnight` one, unless its mode lets her stay at home.
    """

    key: str
    times: tuple[tuple[datetime, datetime], ...]
    mode: Literal["on_site", "online", "hybrid"] = "on_site"
    overnight: bool = False
    recorded: bool = False


class Person(msgspec.Struct, frozen=True):
    """Whoever has to come: when she cannot or would rather not, and which school calendars matter to her.

    `elsewhere` is when she cannot or would rather not by the word of any plugin; it may say the same once more.
    """

    key: str
    constraints: tuple[Constraint, ...] = ()
    calendars: tuple[Calendar, ...] = ()
    elsewhere: tuple[SessionConstraint, ...] = ()


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """What a programme promises: core hours, and weeks of notice, counted from when a plan is `announced`.

    Public holidays are those of `land`, or where it is null those of all Länder.
    """

    core_from: time = time(9)
    core_to: time = time(16)
    notice_weeks: int = 8
    zone: str = "Europe/Berlin"
    land: Land | None = None
    announced: datetime


Schools = Mapping[Calendar, FreeDays]
"""The free days of all calendars that matter to anybody, over all days that are planned."""


def cost(person: Person, meeting: Meeting, policy: Policy, schools: Schools) -> Counter[Kind]:
    """Return what a session alone costs a person, by kind; kinds that cost nothing are left out."""
    days = days_of(meeting, policy)
    found: Counter[Kind] = Counter()
    for strength in ("cannot", "rather_not"):
        if any(one.strength == strength and hits(one, meeting) for one in person.constraints) or any(
            one.strength == strength and overlaps(one, meeting) for one in person.elsewhere
        ):
            found[strength] = WEIGHTS[strength]
            break
    closed = [any(day in schools[one].free for one in person.calendars) for day in days]
    unknown = [any(not schools[one].known(day) for one in person.calendars) for day in days]
    found["school_free"] = WEIGHTS["school_free"] * sum(closed)
    found["school_unknown"] = WEIGHTS["school_unknown"] * sum(
        maybe and not sure for maybe, sure in zip(unknown, closed, strict=True)
    )
    found += for_everybody(meeting, policy)
    if meeting.recorded:
        found = Counter({kind: _less(amount) if kind in _OF_TIME else amount for kind, amount in found.items()})
    elif meeting.mode != "on_site" and "cannot" in found:
        found["cannot"] = _less(found["cannot"])
    return +found


def for_everybody(meeting: Meeting, policy: Policy) -> Counter[Kind]:
    """Return what a session costs whoever comes, whatever her needs are."""
    zone = ZoneInfo(policy.zone)
    found: Counter[Kind] = Counter()
    for starts, ends in meeting.times:
        early = _minutes(policy.core_from) - _minutes(starts.astimezone(zone).time())
        late = _minutes(ends.astimezone(zone).time()) - _minutes(policy.core_to)
        found["outside_core"] += WEIGHTS["outside_core"] * sum(-(-max(0, one) // 30) for one in (early, late))
    if meeting.overnight and meeting.mode == "on_site":
        found["overnight"] = WEIGHTS["overnight"]
    if meeting.times[0][0] < policy.announced + timedelta(weeks=policy.notice_weeks):
        found["short_notice"] = WEIGHTS["short_notice"]
    return +found


def hits(one: Constraint, meeting: Meeting) -> bool:
    """Return whether a constraint holds at any time of a session."""
    return any(next(intervals(one, *times), None) for times in meeting.times)


def overlaps(one: SessionConstraint, meeting: Meeting) -> bool:
    """Return whether what a plugin says of a person is about any time of a session."""
    return any(one.starts < ends and starts < one.ends for starts, ends in meeting.times)


def days_of(meeting: Meeting, policy: Policy) -> list[date]:
    """Return the days of a session where the programme is."""
    zone = ZoneInfo(policy.zone)
    return sorted({moment.astimezone(zone).date() for moment, _ in meeting.times})


def weekend(days: Iterable[date]) -> int | None:
    """Return the number of the weekend that days are in: one more than that of the weekend before."""
    return next(((day.toordinal() - 1) // 7 for day in days if day.weekday() >= 5), None)


def burden(person: Person, meetings: Sequence[Meeting], policy: Policy, schools: Schools) -> Counter[Kind]:
    """Return what a plan costs a person, by kind."""
    found: Counter[Kind] = Counter()
    for meeting in meetings:
        found += cost(person, meeting, policy, schools)
    weekends = {weekend(days_of(meeting, policy)) for meeting in meetings} - {None}
    found["consecutive"] = WEIGHTS["consecutive"] * sum(one is not None and one + 1 in weekends for one in weekends)
    return +found


def leximin(burdens: Iterable[int]) -> tuple[int, ...]:
    """Return burdens from the heaviest down: of two plans for the same people the smaller one is fairer.

    The worst-off counts first; among equals the next one, and so on.
    """
    return tuple(sorted(burdens, reverse=True))


def _less(amount: int) -> int:
    return -(-amount // RECORDED)


def _minutes(clock: time) -> int:
    return clock.hour * 60 + clock.minute
