"""By when which unit of a run: in proportion to the hours that a student has, never past a deadline of all.

The first pace is reckoned from the whole run and stays while she keeps up with it. When she is more than a week behind
or ahead, what is left is spread anew from today on.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import accumulate
from uuid import UUID

import msgspec

from lms_core.api import (
    AsyncConnection,
    Context,
    DeadlineFacts,
    UnitOfRun,
    View,
    read_deadlines,
    read_units,
)
from lms_part_time_tracks.calendar import DAY, WEEK, Terms, minutes_a_week, weeks_left
from lms_part_time_tracks.translate import Facts

USUAL = 60
"""Minutes that a unit takes of which nobody has said it."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A unit that is to be done: what it takes, and its deadline, if it has one."""

    unit_key: str
    minutes: int
    done: bool
    latest: date | None = None


class Paced(View, frozen=True, kw_only=True):
    """A unit, the day by which it should be done (null: it is), and the deadline of all, if it has one."""

    run_id: UUID
    unit_key: str
    title: str
    minutes: int
    by: date | None
    deadline: date | None


class PaceOfRun(View, frozen=True, kw_only=True):
    """The pace of a run that a student has a seat in.

    `behind_minutes` of work should be done by now and are not (below 0: she is ahead). `needed_minutes` are those a
    week that the rest takes on average until the end; `replanned`: it was spread anew.
    """

    run_id: UUID
    title: str
    ends_on: date
    behind_minutes: int
    needed_minutes: int
    replanned: bool
    units: list[Paced]


class Pace(View, frozen=True, kw_only=True):
    """What a student does when, in all her runs.

    `this_week_minutes` are those of what should be done by Sunday; `has_minutes` what she has said that she has for it
    (null: nothing).
    `proposals` say what would help when the rest takes more than she has.
    """

    runs: list[PaceOfRun]
    this_week_minutes: int
    has_minutes: int | None
    proposals: list[str]


async def read_pace(context: Context, connection: AsyncConnection, facts: Facts) -> Pace:
    """Return the pace of a student. Two statements."""
    who = facts.standing.person_id
    units = await read_units(connection, who, sorted(current_runs(facts)))
    return pace_of(facts, units, await read_deadlines(connection, who, context.programme_id))


def current_runs(facts: Facts) -> set[UUID]:
    """Return the runs of the present term in which a student has a seat and that she has not completed."""
    term = Terms(facts.catalogue.terms).at(facts.today)
    return {one.run_id for one in facts.standing.places if one.state == "enrolled" and one.term == term}


def pace_of(facts: Facts, units: Sequence[UnitOfRun], deadlines: Sequence[DeadlineFacts]) -> Pace:
    """Return the pace of a student; units of other runs than the current ones are passed over."""
    terms, current = Terms(facts.catalogue.terms), current_runs(facts)
    by_run: dict[UUID, list[UnitOfRun]] = {}
    for one in units:
        if one.run_id in current:
            by_run.setdefault(one.run_id, []).append(one)
    titles = {one.run_id: one.title for one in facts.catalogue.runs}
    runs = [
        _of_run(facts, terms, run_id, titles[run_id], by_run[run_id], deadlines)
        for run_id in sorted(by_run, key=lambda one: (titles[one], one))
    ]
    week = weeks_left(terms[terms.at(facts.today)], facts.track, facts.settings)
    has = minutes_a_week([one for one in week if one <= facts.today < one + WEEK] or week, facts.track)
    this_week, proposals = _this_week(runs, facts.today), _proposals(runs, has)
    return Pace(runs=runs, this_week_minutes=this_week, has_minutes=has, proposals=proposals)


def spread(steps: Sequence[Step], weeks: Sequence[tuple[date, int]], ends_on: date) -> list[date]:
    """Return by when each step should be done, in their order: in each week as much as its share of all minutes.

    Weeks are Mondays with the minutes that she has in them; without any, all is due at the end. No step is due after
    its own latest day, nor one before it after that: what has to be done earlier comes earlier.
    """
    whole, had = sum(one.minutes for one in steps), sum(minutes for _, minutes in weeks)
    reached = list(accumulate(minutes for _, minutes in weeks))
    days = []
    for done in accumulate(one.minutes for one in steps):
        at = next((n for n, until in enumerate(reached) if had and until * whole >= done * had), None)
        days.append(ends_on if at is None else min(ends_on, weeks[at][0] + 6 * DAY))
    for number in range(len(steps) - 1, -1, -1):
        latest = steps[number].latest
        if latest:
            days[number] = min(days[number], latest)
        if number + 1 < len(steps):
            days[number] = min(days[number], days[number + 1])
    return days


def paced(
    steps: Sequence[Step], weeks: Sequence[tuple[date, int]], ends_on: date, today: date
) -> tuple[dict[str, date], int, bool]:
    """Return by when each step that is left should be done, minutes that she is behind, and if it was spread anew."""
    first = dict(zip((one.unit_key for one in steps), spread(steps, weeks, ends_on), strict=True))
    due = sum(one.minutes for one in steps if first[one.unit_key] < today)
    done = sum(one.minutes for one in steps if one.done)
    behind = due - done
    late = any(first[one.unit_key] < today - WEEK for one in steps if not one.done)
    ahead = any(first[one.unit_key] > today + 2 * WEEK for one in steps if one.done)
    left = [one for one in steps if not one.done]
    if not (late or ahead):
        return {one.unit_key: first[one.unit_key] for one in left}, behind, False
    rest = [(monday, minutes) for monday, minutes in weeks if monday + 6 * DAY >= today]
    return dict(zip((one.unit_key for one in left), spread(left, rest, ends_on), strict=True)), behind, True


def _of_run(
    facts: Facts,
    terms: Terms,
    run_id: UUID,
    title: str,
    units: Sequence[UnitOfRun],
    deadlines: Sequence[DeadlineFacts],
) -> PaceOfRun:
    today, term = facts.today, terms[terms.at(facts.today)]
    latest = {one.unit_key: one.due.date() for one in deadlines if one.run_id == run_id}
    required = [one for one in units if one.required] or list(units)
    steps = [
        Step(
            unit_key=one.unit_key, minutes=one.minutes or USUAL, done=one.completed_at is not None,
            latest=latest.get(one.unit_key),
        )
        for one in required
    ]  # fmt: skip
    weeks = [
        (monday, minutes_a_week([monday], facts.track) or USUAL)
        for monday in weeks_left(term, facts.track, facts.settings)
        if term.lectures_from <= monday + 6 * DAY and monday <= term.lectures_to
    ]
    by, behind, replanned = paced(steps, weeks, term.lectures_to, today)
    left = sum(one.minutes for one in steps if not one.done)
    ahead = [one for one in weeks if one[0] + 6 * DAY >= today]
    return PaceOfRun(
        run_id=run_id, title=title, ends_on=term.lectures_to, behind_minutes=behind,
        needed_minutes=-(-left // max(1, len(ahead))), replanned=replanned,
        units=[
            Paced(
                run_id=run_id, unit_key=one.unit_key, title=one.title, minutes=one.minutes or USUAL,
                by=by.get(one.unit_key), deadline=latest.get(one.unit_key),
            )
            for one in required
        ],
    )  # fmt: skip


def _this_week(runs: Sequence[PaceOfRun], today: date) -> int:
    sunday = today + timedelta(days=6 - today.weekday())
    return sum(unit.minutes for run in runs for unit in run.units if unit.by and unit.by <= sunday)


def _proposals(runs: Sequence[PaceOfRun], has: int | None) -> list[str]:
    """Say in words what would help, where what is left takes more than there is."""
    needed = sum(run.needed_minutes for run in runs)
    found = []
    if has is not None and needed > has:
        found.append(
            f"What is left takes {needed / 60:.1f} hours a week, and you have {has / 60:.1f}: study "
            f"{(needed - has) / 60:.1f} hours more each week until the lectures end, or take one module less."
        )
    found += [
        f"In {run.title} you are {run.behind_minutes / 60:.1f} hours behind; the rest is spread until {run.ends_on}."
        for run in runs
        if run.replanned and run.behind_minutes > 0
    ]
    return found
