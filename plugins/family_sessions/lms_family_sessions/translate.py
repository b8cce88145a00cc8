"""From what planners ask for to numbers for the search, and back to dates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from lms_core.api import FieldError, InvalidInput, SessionFacts
from lms_family_sessions.alternatives import alternatives
from lms_family_sessions.checking import Free
from lms_family_sessions.childcare_terms import instant
from lms_family_sessions.holidays_of import DAY, Span
from lms_family_sessions.public import public_holidays
from lms_family_sessions.reports import Common, report
from lms_family_sessions.rules import EXCLUDED, price
from lms_family_sessions.scores import WEIGHTS, Meeting, Person, Policy, Schools, days_of, weekend
from lms_family_sessions.suggest.problem import Candidate, Group, Problem, Session
from lms_family_sessions.tasks import Placed, Proposal, Refused, Task, Wanted

MOST_DATES = 500
LONGEST = 400

EARLIEST, LATEST = 6 * 60, 20 * 60
"""Minutes of the day between which students may be obliged to come, by the law on maternity protection (§ 5)."""

SUNDAY = 7


def check(task: Task, policy: Policy) -> None:
    """Raise InvalidInput that names all that is impossible about a task."""
    wrong: list[FieldError] = []
    keys = [one.key for one in task.sessions]
    for number, one in enumerate(task.sessions):
        where = f"body.sessions[{number}]"
        if keys.index(one.key) != number:
            wrong.append(FieldError(f"{where}.key", f"another session is called {one.key}"))
        if one.last < one.first:
            wrong.append(FieldError(f"{where}.last", f"must not be before {one.first}"))
        elif one.last - one.first >= LONGEST * DAY or not 2000 <= one.first.year <= 2100:
            wrong.append(FieldError(f"{where}.last", f"must be before 2101, less than {LONGEST} days after the first"))
        elif not (dates := meetings(one, policy)):
            reason = "has no date: sessions are never on Sundays or public holidays; look at its days and weekdays"
            wrong.append(FieldError(where, reason))
        elif len(dates) > MOST_DATES:
            wrong.append(FieldError(where, f"has {len(dates)} dates, more than {MOST_DATES}"))
        if any(_minute(clock) < EARLIEST or _minute(clock) + one.minutes > LATEST for clock in one.starts):
            wrong.append(FieldError(f"{where}.starts", "nobody may be obliged to come before 06:00 or after 20:00"))
    if wrong:
        raise InvalidInput("The sessions cannot be placed like this.", errors=wrong)


def meetings(one: Wanted, policy: Policy) -> list[Meeting]:
    """Return a session on each of its possible dates, in the order of the calendar."""
    found, closed = [], _holidays(one, policy)
    for first in Span(one.first, one.last).days():
        days = [first + n * DAY for n in range(one.days)]
        if first.isoweekday() in one.weekdays and not any(day.isoweekday() == SUNDAY or day in closed for day in days):
            found += [_meeting(one, days, clock, policy.zone) for clock in sorted(set(one.starts))]
    return found


def _holidays(one: Wanted, policy: Policy) -> Collection[date]:
    return public_holidays(policy.land, one.first, one.last + one.days * DAY)


def moments(task: Task, zone: str) -> tuple[datetime, datetime]:
    """Return the moments between which all sessions are."""
    here = ZoneInfo(zone)
    first = min(one.first for one in task.sessions)
    last = max(one.last + one.days * DAY for one in task.sessions)
    return datetime.combine(first, time(), here), datetime.combine(last, time(), here)


def dates_of(
    task: Task, sessions: Iterable[SessionFacts], attends: Mapping[UUID, Sequence[Person]], policy: Policy
) -> list[list[Meeting]]:
    """Return each session on the dates at which nobody of its run has to be in one of the runs' `sessions`.

    Those that are to be moved, and those that are cancelled, keep nobody. `attends` are the people of each run.
    """
    moved = {session_id for one in task.sessions for session_id in one.session_ids}
    persons = {run: {one.key for one in people} for run, people in attends.items()}
    kept: dict[UUID, list[tuple[datetime, datetime]]] = {run: [] for run in attends}
    for session in sessions:
        if session.session_id not in moved and not session.cancelled_at:
            times = (instant(session.starts, session.zone), instant(session.ends, session.zone))
            for run, keys in persons.items():
                if run == session.run_id or not keys.isdisjoint(persons[session.run_id]):
                    kept[run].append(times)
    return [
        [
            meeting
            for meeting in meetings(one, policy)
            if not any(
                starts < until and since < ends for starts, ends in meeting.times for since, until in kept[one.run_id]
            )
        ]
        for one in task.sessions
    ]


def problem_of(
    task: Task,
    dates: Sequence[Sequence[Meeting]],
    attends: Mapping[UUID, Sequence[Person]],
    policy: Policy,
    schools: Schools,
) -> Problem:
    """Return the problem in numbers. `dates` are those of each session, `attends` the people of each run."""
    runs = sorted({one.run_id for one in task.sessions})
    first = min(one.first for one in task.sessions).toordinal()
    sessions = tuple(
        Session(
            runs.index(one.run_id),
            tuple(
                Candidate(days[0].toordinal() - first, len(days), weekend(days))
                for days in (days_of(meeting, policy) for meeting in own)
            ),
        )
        for one, own in zip(task.sessions, dates, strict=True)
    )
    people = {person.key: person for run in attends.values() for person in run}
    keys = {run: {person.key for person in persons} for run, persons in attends.items()}
    costs: dict[tuple[object, ...], int] = {}
    free = Free(policy.land)

    def priced(person: Person, meeting: Meeting) -> int:
        known = (person.constraints, person.elsewhere, person.calendars, meeting.times, meeting.mode, meeting.recorded)
        if known not in costs:
            costs[known] = price(person, meeting, policy, schools, free)
        return costs[known]

    groups: Counter[tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]] = Counter()
    for key in sorted(people):
        numbers = tuple(n for n, one in enumerate(task.sessions) if key in keys[one.run_id])
        groups[numbers, tuple(tuple(priced(people[key], date) for date in dates[n]) for n in numbers)] += 1
    return Problem(
        sessions=sessions,
        groups=tuple(Group(many, *own) for own, many in sorted(groups.items())),
        consecutive=WEIGHTS["consecutive"],
        forbidden=EXCLUDED,
    )


def refused_of(task: Task, problem: Problem, chosen: Sequence[int], told: Proposal) -> tuple[Refused, ...]:
    """Return the sessions of a proposal that would be refused when they are published.

    For whom and for how many is told as everything is: if five people of the programme share what stands against it.
    """
    numbers = {
        one
        for group in problem.groups
        for one, costs in zip(group.attends, group.costs, strict=True)
        if costs[chosen[one]] >= EXCLUDED
    }
    shared = {one.session: one.people for one in told.findings if one.kind == "cannot"}
    return tuple(Refused(task.sessions[n].key, shared.get(task.sessions[n].key)) for n in sorted(numbers))


def proposal_of(
    task: Task,
    dates: Sequence[Sequence[Meeting]],
    chosen: Sequence[int],
    shared: Common,
    policy: Policy,
    schools: Schools,
) -> Proposal:
    """Return the chosen dates with what may be told of them, which is made of what at least five people share alone."""
    plan = [own[number] for own, number in zip(dates, chosen, strict=True)]
    taken = {day for meeting in plan for day in days_of(meeting, policy)}
    others = [[other for other in own if not taken & set(days_of(other, policy))] for own in dates]
    findings = tuple(report(shared, plan, policy, schools))
    sessions = tuple(
        Placed(one.key, one.title, one.run_id, _walls(meeting))
        for one, meeting in zip(task.sessions, plan, strict=True)
    )
    return Proposal(sessions, findings, tuple(alternatives(plan, others, shared, policy, schools)))


def _meeting(one: Wanted, days: Sequence[date], clock: str, zone: str) -> Meeting:
    here = ZoneInfo(zone)
    times = []
    for day in days:
        starts = datetime.combine(day, time.fromisoformat(clock))
        times.append((starts.replace(tzinfo=here), (starts + timedelta(minutes=one.minutes)).replace(tzinfo=here)))
    overnight = len(days) > 1
    return Meeting(key=one.key, times=tuple(times), mode=one.mode, overnight=overnight, recorded=one.recorded)


def times_of(one: Placed, zone: str) -> tuple[datetime, datetime]:
    """Return when the first day of a placed session begins and ends."""
    starts, ends = one.times[0]
    return starts.replace(tzinfo=ZoneInfo(zone)), ends.replace(tzinfo=ZoneInfo(zone))


def _walls(meeting: Meeting) -> tuple[tuple[datetime, datetime], ...]:
    return tuple((starts.replace(tzinfo=None), ends.replace(tzinfo=None)) for starts, ends in meeting.times)


def _minute(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)
