"""The weeks of a plan: sessions in theirs, everything else evenly over those in which she studies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from lms_core.api import SessionFacts, View
from lms_part_time_tracks.calendar import WEEK, Terms, minutes_a_week, minutes_of, monday_of, mondays, weeks_left
from lms_part_time_tracks.engine.problem import Assignment
from lms_part_time_tracks.translate import Facts, Translated


class WeekOfPlan(View, frozen=True, kw_only=True):
    """A week by its Monday: hours that the plan takes, of them in sessions, and those that she has (null: not said)."""

    monday: date
    hours: Decimal
    sessions: Decimal
    has: Decimal | None


def curve(facts: Facts, translated: Translated, plan: Sequence[Assignment], last: int) -> list[WeekOfPlan]:
    """Return the weeks from the present term to the last one of a plan.

    Those that are over have no hours: what a module took in them is done where she has a seat, and comes later else.
    """
    fixed = {one.module for one in translated.problem.fixed}
    terms, found = Terms(facts.catalogue.terms), list[WeekOfPlan]()
    for number in range(translated.problem.now, last + 1):
        term = terms[translated.first + number]
        left = weeks_left(term, facts.track, facts.settings)
        here = [one for one in plan if one.term == number]
        meetings = {one.module: _sessions(facts, one) for one in here}
        met = Counter[date]()
        for minutes in meetings.values():
            met.update(minutes)
        work = Counter(met)
        studied = _studied(left, met, facts.settings.idle_weeks)
        for one in here:
            rest = max(0, translated.problem.module(one.module).minutes - sum(meetings[one.module].values()))
            ahead = [monday for monday in studied if one.module in fixed or not _over(monday, facts)]
            for monday in ahead:
                work[monday] += rest // len(ahead)
        for monday in mondays(term):
            has = minutes_a_week([monday], facts.track)
            if _over(monday, facts):
                work[monday] = met[monday] = 0
            if has is not None and (monday not in left or _over(monday, facts)):
                has = 0
            found.append(
                WeekOfPlan(
                    monday=monday, hours=_hours(work[monday]), sessions=_hours(met[monday]),
                    has=None if has is None else _hours(has),
                )
            )  # fmt: skip
    return found


def _over(monday: date, facts: Facts) -> bool:
    return monday + WEEK <= facts.today


def _studied(left: Sequence[date], met: Counter[date], idle: int) -> list[date]:
    """Return the weeks in which she studies: without the last ones that have no sessions, in which nobody does."""
    rest = [monday for monday in left if not met[monday]]
    resting = set(rest[len(rest) - idle :]) if idle and len(left) > idle else set()
    return [monday for monday in left if monday not in resting]


def _sessions(facts: Facts, at: Assignment) -> Counter[date]:
    minutes = Counter[date]()
    sessions: Iterable[SessionFacts] = facts.sessions.get(UUID(at.run), ()) if at.run else ()
    for one in sessions:
        if one.cancelled_at is None:
            minutes[monday_of(one.starts.date())] += minutes_of(one)
    return minutes


def _hours(minutes: int) -> Decimal:
    return Decimal(minutes // 6) / 10
