"""What people ask for, as opposed to what cannot be otherwise: each wish can be given up, and then more is possible.

That nobody is in two places, that rooms have their size and days their length are facts; absences, closed rooms, the
order of sessions, buses, windows and pins are requests.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Literal

import msgspec
from msgspec.structs import replace
from ortools.sat.python import cp_model

from lms_university_weeks.engine.model import Week, add_before, add_buses, build_rules
from lms_university_weeks.engine.names import (
    day_name,
    group_name,
    lecturer_name,
    listed,
    room_name,
    session_name,
    slot_name,
)
from lms_university_weeks.engine.options import Option, starts_of
from lms_university_weeks.engine.problem import BUS_SEATS, Problem, Session


class Request(msgspec.Struct, frozen=True):
    """A request, in words.

    `number` is that of the lecturer, group or room, or the id of the session; absences and closed rooms have a `day`,
    `when` is how the text ends; `other` is the session that has to come later.
    """

    what: Literal["lecturer_absent", "group_absent", "room_closed", "order", "buses", "window", "pinned"]
    text: str
    number: int | None = None
    day: int | None = None
    other: int | None = None
    when: str = ""


def requests_of(problem: Problem) -> list[Request]:
    """Return all requests of a problem."""
    found = []
    needed = {who for session in problem.sessions for who in (*session.lecturers, *session.alternatives)}
    for lecturer, slots in enumerate(problem.available):
        if lecturer in needed:
            away = sorted(set(range(problem.slots)) - set(slots))
            for day, text in _days(problem, away):
                words = f"{lecturer_name(problem, lecturer)} is not available {text}"
                found.append(Request("lecturer_absent", words, lecturer, day, when=text))
    for group, taken in enumerate(problem.unavailable_groups):
        if not any(group in session.groups for session in problem.sessions):
            continue
        for day, text in _days(problem, taken):
            words = f"{group_name(problem, group)} cannot come {text}"
            found.append(Request("group_absent", words, group, day, when=text))
    for number, room in enumerate(problem.rooms):
        for day, text in _days(problem, room.closed):
            words = f"{room_name(problem, number)} is closed {text}"
            found.append(Request("room_closed", words, number, day, when=text))
    names = {session.id: session_name(session) for session in problem.sessions}
    for one, other in problem.before:
        found.append(Request("order", f"{names[one]} ends before {names[other]} begins", one, other=other))
    if problem.buses is not None and any(session.kind == "visit" for session in problem.sessions):
        found.append(Request("buses", f"the buses have {BUS_SEATS * problem.buses} seats"))
    for session in problem.sessions:
        if session.starts is not None:
            when = listed(slot_name(problem, slot) for slot in session.starts) if session.starts else "no slot at all"
            found.append(Request("window", f"{session_name(session)} may begin only in {when}", session.id))
        if session.pinned:
            start, room_ = session.pinned
            where = f"{slot_name(problem, start)}, {room_name(problem, room_)}"
            found.append(Request("pinned", f"{session_name(session)} stays in {where}", session.id))
    return found


def _days(problem: Problem, slots: Sequence[int]) -> Iterator[tuple[int, str]]:
    for day in range(problem.days):
        first = day * problem.per_day
        there = [slot - first + 1 for slot in sorted(slots) if first <= slot < first + problem.per_day]
        if len(there) == problem.per_day:
            yield day, f"on {day_name(problem, day)}"
        elif there:
            which = listed(str(place) for place in there)
            yield day, f"on {day_name(problem, day)} in {'slot' if len(there) == 1 else 'slots'} {which}"


def without(problem: Problem, dropped: Collection[Request]) -> Problem:
    """Return the problem in which these requests have been given up."""
    keys = {(request.what, request.number, request.day) for request in dropped}
    orders = {(request.number, request.other) for request in dropped if request.what == "order"}

    def kept(what: str, number: int, slots: Iterable[int]) -> tuple[int, ...]:
        return tuple(slot for slot in slots if (what, number, slot // problem.per_day) not in keys)

    def given(lecturer: int, slots: Collection[int]) -> tuple[int, ...]:
        absent = kept("lecturer_absent", lecturer, set(range(problem.slots)) - set(slots))
        return tuple(sorted(set(range(problem.slots)) - set(absent)))

    return replace(
        problem,
        available=tuple(given(lecturer, slots) for lecturer, slots in enumerate(problem.available)),
        unavailable_groups=tuple(kept("group_absent", *entry) for entry in enumerate(problem.unavailable_groups)),
        rooms=tuple(
            replace(room, closed=kept("room_closed", number, room.closed)) for number, room in enumerate(problem.rooms)
        ),
        before=tuple(pair for pair in problem.before if pair not in orders),
        buses=None if ("buses", None, None) in keys else problem.buses,
        sessions=tuple(
            replace(
                session,
                starts=None if ("window", session.id, None) in keys else session.starts,
                pinned=None if ("pinned", session.id, None) in keys else session.pinned,
            )
            for session in problem.sessions
        ),
    )


def in_words(requests: Sequence[Request]) -> tuple[str, ...]:
    """Return sentences; all days on which somebody is absent, or a room closed, are told in one."""
    told: dict[object, list[Request]] = {}
    for request in requests:
        told.setdefault(request if request.day is None else (request.what, request.number), []).append(request)
    return tuple(
        f"{first.text.removesuffix(first.when)}{'; '.join(request.when for request in (first, *more))}"
        for first, *more in told.values()
    )


def build_with_requests(problem: Problem, requests: Sequence[Request]) -> tuple[Week, list[cp_model.IntVar]]:
    """Build the facts of a problem, and these of its requests, each of which holds if its literal does.

    Optional sessions are left out; they are in nobody's way.
    """
    week = build_rules(_facts(problem))
    literals = [week.model.new_bool_var(request.what) for request in requests]
    known: dict[tuple[str, int | None, int | None], cp_model.IntVar] = {
        (request.what, request.number, request.day): literal
        for request, literal in zip(requests, literals, strict=True)
    }
    sessions = {session.id: session for session in problem.sessions}
    for i, session in enumerate(week.problem.sessions):
        original = sessions[session.id]
        for option, taken in week.at[i].items():
            for key in _violated(problem, original, option):
                if key in known:
                    week.model.add_implication(taken, known[key].negated())
        for number, there in week.room[i].items():
            if original.pinned and number != original.pinned[1] and ("pinned", session.id, None) in known:
                week.model.add_implication(there, known["pinned", session.id, None].negated())
            for slot in problem.rooms[number].closed:
                if (keeps := known.get(("room_closed", number, slot // problem.per_day))) is not None:
                    for option, taken in week.at[i].items():
                        if option.start <= slot < option.start + session.length:
                            week.model.add_bool_or(taken.negated(), there.negated(), keeps.negated())
    for request, literal in zip(requests, literals, strict=True):
        if request.what == "order" and request.number is not None and request.other is not None:
            if not sessions[request.number].optional and not sessions[request.other].optional:
                add_before(week, request.number, request.other, only_if=[literal])
        elif request.what == "buses" and problem.buses is not None:
            add_buses(week, BUS_SEATS * problem.buses, only_if=[literal])
    return week, literals


def _facts(problem: Problem) -> Problem:
    sessions = []
    for session in problem.sessions:
        free = replace(session, pinned=None, starts=None)
        starts = {
            *starts_of(problem, free),
            *starts_of(problem, session),
            *starts_of(problem, replace(session, pinned=None)),
        }
        if not session.optional:
            sessions.append(replace(free, starts=tuple(sorted(starts))))
    return replace(
        problem,
        now=0,  # the starts know it
        available=tuple(tuple(range(problem.slots)) for _ in problem.available),
        unavailable_groups=(),
        rooms=tuple(replace(room, closed=()) for room in problem.rooms),
        before=(),
        buses=None,
        sessions=tuple(sessions),
    )


def _violated(problem: Problem, session: Session, option: Option) -> Iterator[tuple[str, int, int | None]]:
    slots = set(range(option.start, option.start + session.length))
    day = option.start // problem.per_day
    for who in (*session.lecturers, *([] if option.lecturer is None else [option.lecturer])):
        if not slots <= set(problem.available[who]):
            yield "lecturer_absent", who, day
    for group in session.groups:
        if problem.unavailable_groups and slots & set(problem.unavailable_groups[group]):
            yield "group_absent", group, day
    if session.starts is not None and option.start not in session.starts:
        yield "window", session.id, None
    if session.pinned and option.start != session.pinned[0]:
        yield "pinned", session.id, None
