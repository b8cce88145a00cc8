"""Reasons why a week cannot be, found by counting: slots that are needed against slots that there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations

from lms_university_weeks.engine.names import (
    counted,
    day_name,
    group_name,
    lecturer_name,
    listed,
    room_name,
    session_name,
)
from lms_university_weeks.engine.options import Option, options_of, rooms_of
from lms_university_weeks.engine.problem import BUS_SEATS, Problem, Session

Options = dict[int, list[Option]]
MANY = 10  # with more days, not each choice of days is looked at


def shortages(problem: Problem) -> list[str]:
    """Return a sentence for each shortage that alone makes a plan impossible; none may be found where one exists."""
    sessions = [session for session in problem.sessions if not session.optional]
    options = {session.id: options_of(problem, session) for session in sessions}
    if found := [text for session in sessions for text in _alone(problem, session, options[session.id])]:
        return found
    return [
        *_people(problem, sessions, options),
        *_rooms(problem, sessions, options),
        *_buses(problem, sessions, options),
        *_order(problem, sessions, options),
    ]


def _alone(problem: Problem, session: Session, options: Sequence[Option]) -> Iterator[str]:
    rooms = rooms_of(problem, session)
    if not rooms:
        yield f"No room is fit for {session_name(session)}: it needs {session.size} seats{_gear(session)}."
    elif not options:
        people = [lecturer_name(problem, who) for who in session.lecturers]
        people += [group_name(problem, group) for group in session.groups]
        if session.alternatives:
            people.append("one of " + listed(lecturer_name(problem, who) for who in session.alternatives))
        when = "where it may begin"
        who = f" and {listed(people)} can" if people else ""
        length = f"{counted(session.length, 'slot')}{' in a row' if session.length > 1 else ''}"
        yield f"There are never {length} {when}, with a room open{who}, for {session_name(session)}."


def _gear(session: Session) -> str:
    return f" and {session.gear}" if session.gear else ""


def _people(problem: Problem, sessions: Sequence[Session], options: Options) -> Iterator[str]:
    for lecturer in range(len(problem.available)):
        own = problem.max_per_day[lecturer] if problem.max_per_day else None
        most = problem.max_day if own is None else own
        needing = [session for session in sessions if lecturer in session.lecturers]
        yield from _person(problem, lecturer_name(problem, lecturer), needing, options, most)
    for group in range(len(problem.group_size)):
        needing = [session for session in sessions if group in session.groups]
        yield from _person(problem, group_name(problem, group), needing, options, problem.max_day)


def _person(problem: Problem, name: str, needing: Sequence[Session], options: Options, most: int) -> Iterator[str]:
    """Look at each choice of days: what must be in them, and what fits. The smallest choice tells most."""
    usable: dict[int, set[int]] = defaultdict(set)
    days = {}
    for session in needing:
        slots = {slot for o in options[session.id] for slot in range(o.start, o.start + session.length)}
        days[session.id] = {slot // problem.per_day for slot in slots}
        for slot in slots:
            usable[slot // problem.per_day].add(slot)
    for chosen in _choices(sorted(usable)):
        bound = [session for session in needing if days[session.id] <= set(chosen)]
        needed = sum(session.length for session in bound)
        there = sum(min(most, len(usable[day])) for day in chosen)
        if needed > there:
            when = "" if len(chosen) == len(usable) else f" on {listed(day_name(problem, day) for day in chosen)}"
            yield (
                f"{name} needs {counted(needed, 'slot')}{when} for {listed(session_name(s) for s in bound)}, "
                f"and can be there for {there} at most."
            )
            return


def _choices(days: Sequence[int]) -> Iterator[tuple[int, ...]]:
    sizes = range(1, len(days) + 1) if len(days) <= MANY else (1, len(days))
    for size in sizes:
        yield from combinations(days, size)


def _rooms(problem: Problem, sessions: Sequence[Session], options: Options) -> Iterator[str]:
    fitting = {session.id: frozenset(rooms_of(problem, session)) for session in sessions}
    for rooms in sorted(set(fitting.values()), key=lambda rooms: (len(rooms), sorted(rooms))):
        bound = [session for session in sessions if fitting[session.id] <= rooms]
        slots = {slot for s in bound for o in options[s.id] for slot in range(o.start, o.start + s.length)}
        there = sum(slot not in problem.rooms[room].closed for room in rooms for slot in slots)
        needed = sum(session.length for session in bound)
        if needed > there:
            names = listed(room_name(problem, room) for room in sorted(rooms))
            yield (
                f"{listed(session_name(s) for s in bound)} need {counted(needed, 'slot')} in {names}, "
                f"and there are {there} in which they could take place."
            )


def _buses(problem: Problem, sessions: Sequence[Session], options: Options) -> Iterator[str]:
    if problem.buses is None:
        return
    seats = BUS_SEATS * problem.buses
    visits = [session for session in sessions if session.kind == "visit"]
    for session in visits:
        if session.size > seats:
            yield f"{session_name(session)} needs {session.size} seats in the buses, and there are {seats}."
    large = [session for session in visits if 2 * session.size > seats]
    windows = {slot for s in large for o in options[s.id] for slot in range(o.start, o.start + s.length)}
    needed = sum(session.length for session in large)
    if seats and needed > len(windows):
        yield (
            f"{listed(session_name(s) for s in large)} need the buses alone, for {counted(needed, 'slot')} in all; "
            f"there are {len(windows)} in which they can go."
        )


def _order(problem: Problem, sessions: Sequence[Session], options: Options) -> Iterator[str]:
    lengths = {session.id: session.length for session in sessions}
    names = {session.id: session_name(session) for session in sessions}
    pairs = [pair for pair in problem.before if set(pair) <= set(lengths)]
    earliest = {number: min(option.start for option in options[number]) for number in lengths}
    reason: dict[int, int] = {}
    for _ in lengths:
        moved = False
        for one, other in pairs:
            starts = [o.start for o in options[other] if o.start >= earliest[one] + lengths[one]]
            chain = _chain(reason, one)
            if not starts or other in chain:
                yield f"These cannot follow one another in time: {', then '.join(names[s] for s in (*chain, other))}."
                return
            if min(starts) > earliest[other]:
                earliest[other], reason[other], moved = min(starts), one, True
        if not moved:
            return


def _chain(reason: dict[int, int], number: int) -> list[int]:
    chain = [number]
    while chain[0] in reason:
        chain.insert(0, reason[chain[0]])
    return chain
