"""A week of a student: what she has done, what there is to do, and what is coming."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from lms_core.api import (
    AsyncConnection,
    Context,
    DeadlineFacts,
    FieldError,
    InvalidInput,
    SessionFacts,
    UnitOfRun,
    View,
    read_deadlines,
    read_sessions,
    read_units,
)
from lms_part_time_tracks.calendar import DAY, WEEK, Terms, minutes_a_week, minutes_of, monday_of, mondays, weeks_left
from lms_part_time_tracks.milestones import Due, standing_of
from lms_part_time_tracks.pace import USUAL, Paced, pace_of
from lms_part_time_tracks.tracks import FIRST, LAST
from lms_part_time_tracks.translate import Facts


class SessionOfWeek(View, frozen=True, kw_only=True):
    """A session of a run in which she has a seat, by the clock where it is."""

    session_id: UUID
    run_id: UUID
    run: str
    title: str
    starts: datetime
    ends: datetime
    zone: str
    mode: str
    place: str


class DeadlineOfWeek(View, frozen=True, kw_only=True):
    """Until when she has to do a unit: the moment that holds for her."""

    run_id: UUID
    run: str
    unit_key: str
    title: str
    due: datetime


class UnitOfWeek(Paced, frozen=True, kw_only=True):
    """A unit with the day by which it should be done, and the run that it is in."""

    run: str


class Week(View, frozen=True, kw_only=True):
    """A week of a student from Monday on.

    `done_minutes` are those of the units that she completed in the week before. `units` should be done by its Sunday,
    by her pace of today; in the present week those are among them that should have been done before. They take
    `needed_minutes`, sessions take `in_sessions_minutes`, and `has_minutes` are those that she has said that she has
    (null: nothing; 0: the week is lost to work or leave). `behind_minutes` should be done by today and are not (below
    0: she is ahead). `next` is the first of the dates that nobody can move whose demand is not met. What was due in a
    week that is over is not kept: then `units`, `needed_minutes`, `behind_minutes` and `next` are null.
    """

    first_day: date
    last_day: date
    done_minutes: int
    units: list[UnitOfWeek] | None
    sessions: list[SessionOfWeek]
    deadlines: list[DeadlineOfWeek]
    needed_minutes: int | None
    in_sessions_minutes: int
    has_minutes: int | None
    behind_minutes: int | None
    next: Due | None


def read_monday(text: str) -> date:
    """Return a Monday that somebody asks about. Raises InvalidInput for what is none."""
    with suppress(ValueError):
        day = date.fromisoformat(text)
        if day.isoformat() == text and not day.weekday() and FIRST <= day <= LAST:
            return day
    reason = f"must be a Monday from {FIRST} to {LAST}, such as {monday_of(FIRST + WEEK)}"
    raise InvalidInput("There is no such week.", errors=[FieldError("query.from", reason)])


async def read_week(context: Context, connection: AsyncConnection, facts: Facts, monday: date) -> Week:
    """Return a week of a student. Three statements."""
    who = facts.standing.person_id
    taught = {one.run_id for one in facts.catalogue.runs}
    mine = {one.run_id for one in facts.standing.places if one.state in ("enrolled", "completed")}
    runs = sorted(mine & taught)
    units = await read_units(connection, who, runs)
    deadlines = await read_deadlines(connection, who, context.programme_id)
    sessions = await read_sessions(connection, runs, who)
    return await asyncio.to_thread(_week_of, facts, monday, units, deadlines, sessions)


def _week_of(
    facts: Facts,
    monday: date,
    units: Sequence[UnitOfRun],
    deadlines: Sequence[DeadlineFacts],
    sessions: Sequence[SessionFacts],
) -> Week:
    zone, titles = ZoneInfo(facts.settings.zone), {one.run_id: one.title for one in facts.catalogue.runs}
    pace, sunday = pace_of(facts, units, deadlines), monday + 6 * DAY
    present = monday_of(facts.today)
    since, over = date.min if monday == present else monday, monday < present
    due = [
        UnitOfWeek(run=run.title, **{name: getattr(unit, name) for name in Paced.__struct_fields__})
        for run in pace.runs
        for unit in run.units
        if unit.by and since <= unit.by <= sunday
    ]
    held = [one for one in sessions if one.cancelled_at is None and monday <= one.starts.date() <= sunday]
    return Week(
        first_day=monday,
        last_day=sunday,
        done_minutes=sum(
            one.minutes or USUAL
            for one in units
            if one.completed_at and monday - WEEK <= one.completed_at.astimezone(zone).date() < monday
        ),
        units=None if over else sorted(due, key=lambda one: (one.by or sunday, one.run)),
        sessions=[
            SessionOfWeek(
                session_id=one.session_id, run_id=one.run_id, run=titles[one.run_id], title=one.title,
                starts=one.starts, ends=one.ends, zone=one.zone, mode=one.mode, place=one.place,
            )
            for one in sorted(held, key=lambda one: (one.starts, one.session_id))
        ],
        deadlines=[
            DeadlineOfWeek(
                run_id=one.run_id, run=titles[one.run_id], unit_key=one.unit_key, title=one.title, due=one.holds_until
            )
            for one in sorted(deadlines, key=lambda one: (one.holds_until, one.unit_key))
            if one.run_id in titles and monday <= one.holds_until.astimezone(zone).date() <= sunday
        ],
        needed_minutes=None if over else sum(one.minutes for one in due),
        in_sessions_minutes=sum(minutes_of(one) for one in held),
        has_minutes=_has(facts, monday),
        behind_minutes=None if over else sum(one.behind_minutes for one in pace.runs),
        next=None if over else _next(facts),
    )  # fmt: skip


def _has(facts: Facts, monday: date) -> int | None:
    terms = Terms(facts.catalogue.terms)
    term = terms[terms.at(monday + 3 * DAY)]
    lost = monday in mondays(term) and monday not in weeks_left(term, facts.track, facts.settings)
    has = minutes_a_week([monday], facts.track)
    return 0 if lost and has is not None else has


def _next(facts: Facts) -> Due | None:
    try:
        return standing_of(facts).next
    except ValueError:  # the policy of the programme contradicts itself; whoever asks for a plan is told so
        return None
