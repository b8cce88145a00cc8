"""The hard rules of a week as a constraint model: a literal per session, first slot, site and lecturer chosen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ortools.sat.python import cp_model

from lms_university_weeks.engine.options import Option, options_of, rooms_of, travel_between
from lms_university_weeks.engine.problem import BUS_SEATS, Problem

Presence = dict[tuple[int, int], list[cp_model.IntVar]]


@dataclass(frozen=True)
class Week:
    """A model and its variables; sessions are numbered by their place in the problem.

    `at[i][option]` says that session i takes the option, `out[i]` that an optional one stays out, `room[i][r]` that it
    is in room r; `start[i]` is its first slot (0 if it stays out). `busy[group, slot]`: the group is in a
    session; there is none where it cannot be. The cost adds `idle[group, day]`, the slots in which the group waits, and
    `missing[slot]`, the childcare places that are too few, if they can be.
    """

    problem: Problem
    model: cp_model.CpModel = field(default_factory=cp_model.CpModel)
    at: list[dict[Option, cp_model.IntVar]] = field(default_factory=list)
    out: dict[int, cp_model.IntVar] = field(default_factory=dict)
    room: list[dict[int, cp_model.IntVar]] = field(default_factory=list)
    start: list[cp_model.IntVar] = field(default_factory=list)
    busy: dict[tuple[int, int], cp_model.IntVar] = field(default_factory=dict)
    idle: dict[tuple[int, int], cp_model.IntVar] = field(default_factory=dict)
    missing: dict[int, cp_model.IntVar] = field(default_factory=dict)

    def presence(self, members: Iterable[tuple[int, int | None]]) -> Presence:
        """Return per slot and site the literals that put these sessions there, with the lecturer if one is said."""
        found: Presence = defaultdict(list)
        for i, lecturer in members:
            for option, literal in self.at[i].items():
                if lecturer in (None, option.lecturer):
                    for slot in range(option.start, option.start + self.problem.sessions[i].length):
                        found[slot, option.site].append(literal)
        return found


def build_rules(problem: Problem) -> Week:
    """Build all hard rules of a problem."""
    week = Week(problem)
    _add_choices(week)
    _add_rooms(week)
    travel = travel_between(problem)
    for group in sorted({group for session in problem.sessions for group in session.groups}):
        present = week.presence((i, None) for i, session in enumerate(problem.sessions) if group in session.groups)
        _add_one_at_a_time(week, present, problem.max_day, travel)
        for slot in sorted({slot for slot, _ in present}):
            week.busy[group, slot] = busy = week.model.new_bool_var(f"group {group} busy {slot}")
            week.model.add(_total(present, [slot]) == busy)
    for lecturer in sorted(
        {who for session in problem.sessions for who in (*session.lecturers, *session.alternatives)}
    ):
        own = problem.max_per_day[lecturer] if problem.max_per_day else None
        teaching = week.presence(teaching_of(problem, lecturer))
        _add_one_at_a_time(week, teaching, problem.max_day if own is None else own, travel)
    for one, other in problem.before:
        add_before(week, one, other)
    if problem.buses is not None:
        add_buses(week, BUS_SEATS * problem.buses)
    return week


def teaching_of(problem: Problem, lecturer: int) -> list[tuple[int, int | None]]:
    """Return the sessions that need a lecturer, or may choose her (then with her number)."""
    return [
        (i, None if lecturer in session.lecturers else lecturer)
        for i, session in enumerate(problem.sessions)
        if lecturer in session.lecturers or lecturer in session.alternatives
    ]


def _add_choices(week: Week) -> None:
    model = week.model
    for i, session in enumerate(week.problem.sessions):
        at = {o: model.new_bool_var(f"session {i} {tuple(o)}") for o in options_of(week.problem, session)}
        choices = list(at.values())
        if session.optional:
            week.out[i] = model.new_bool_var(f"session {i} out")
            choices.append(week.out[i])
        model.add_exactly_one(choices)
        starts = sorted({option.start for option in at} | ({0} if session.optional or not at else set()))
        start = model.new_int_var_from_domain(cp_model.Domain.from_values(starts), f"start {i}")
        model.add(start == sum(option.start * literal for option, literal in at.items()))
        week.at.append(at)
        week.start.append(start)


def _add_rooms(week: Week) -> None:
    problem, model = week.problem, week.model
    intervals: dict[int, list[cp_model.IntervalVar]] = defaultdict(list)
    for i, session in enumerate(problem.sessions):
        week.room.append({room: model.new_bool_var(f"session {i} room {room}") for room in rooms_of(problem, session)})
        for room, literal in week.room[i].items():
            interval = model.new_optional_fixed_size_interval_var(week.start[i], session.length, literal, "")
            intervals[room].append(interval)
        sites = {problem.rooms[room].site for room in week.room[i]} | {option.site for option in week.at[i]}
        for site in sites:
            there = [literal for room, literal in week.room[i].items() if problem.rooms[room].site == site]
            model.add(sum(there) == sum(literal for option, literal in week.at[i].items() if option.site == site))
    for number, closed_slots in enumerate(room.closed for room in problem.rooms):
        closed = [model.new_fixed_size_interval_var(slot, 1, "") for slot in closed_slots]
        if len(intervals[number]) + len(closed) > 1:
            model.add_no_overlap(intervals[number] + closed)
    _add_room_counts(week)


def _add_room_counts(week: Week) -> None:
    """Say what follows: of sessions that fit into the same few rooms of a site, only so many at once."""
    problem = week.problem
    for site in {room.site for room in problem.rooms}:
        fitting = [frozenset(r for r in rooms if problem.rooms[r].site == site) for rooms in week.room]
        everything = frozenset(number for number, room in enumerate(problem.rooms) if room.site == site)
        for rooms in {everything, *fitting} - {frozenset()}:
            present = week.presence((i, None) for i, fits in enumerate(fitting) if fits and fits <= rooms)
            for (slot, at), literals in present.items():
                if at == site and len(literals) > len(rooms):
                    open_rooms = sum(slot not in problem.rooms[room].closed for room in rooms)
                    week.model.add(sum(literals) <= open_rooms)


def _add_one_at_a_time(week: Week, present: Presence, most: int, travel: dict[tuple[int, int], int]) -> None:
    """Nobody is in two sessions at once, in two sites without the time to travel, or busy for too long in a day."""
    problem = week.problem
    sites = sorted({site for _, site in present})
    for slot in sorted({slot for slot, _ in present}):
        week.model.add_at_most_one(literal for site in sites for literal in present.get((slot, site), ()))
        for free in range(1, max(travel.values(), default=0) + 1):
            if slot % problem.per_day + free < problem.per_day:
                for site in sites:
                    far = [there for there in sites if travel[site, there] >= free]
                    later = [literal for there in far for literal in present.get((slot + free, there), ())]
                    if later and (now := present.get((slot, site), ())):
                        week.model.add(sum(now) + sum(later) <= 1)
    for day in range(problem.days):
        slots = range(day * problem.per_day, (day + 1) * problem.per_day)
        if sum(len(literals) for (slot, _), literals in present.items() if slot in slots) > most:
            week.model.add(_total(present, slots) <= most)


def _total(present: Presence, slots: Sequence[int]) -> cp_model.LinearExprT:
    return sum(literal for (slot, _), literals in present.items() if slot in slots for literal in literals)


def add_before(week: Week, one: int, other: int, *, only_if: Sequence[cp_model.IntVar] = ()) -> None:
    """Let the session with one id end before that with the other begins, if both take place."""
    index = {session.id: i for i, session in enumerate(week.problem.sessions)}
    first, second = index[one], index[other]
    both = [week.out[i].negated() for i in (first, second) if i in week.out]
    end = week.start[first] + week.problem.sessions[first].length
    week.model.add(end <= week.start[second]).only_enforce_if([*only_if, *both])
    if not only_if and not both:  # follows; slot by slot it says more of half a session here and half there
        for slot in sorted({option.start for option in week.at[first]}):
            late = [literal for option, literal in week.at[first].items() if option.start >= slot]
            early = [
                literal
                for option, literal in week.at[second].items()
                if option.start < slot + week.problem.sessions[first].length
            ]
            week.model.add_at_most_one(late + early)


def add_buses(week: Week, seats: int, *, only_if: Sequence[cp_model.IntVar] = ()) -> None:
    """Let the visits of no slot need more seats than the buses have."""
    problem = week.problem
    visits = [(i, session) for i, session in enumerate(problem.sessions) if session.kind == "visit"]
    presence = [(session.size, week.presence([(i, None)])) for i, session in visits]
    for slot in range(problem.slots):
        needed = sum(size * _total(present, [slot]) for size, present in presence)
        if visits:
            week.model.add(needed <= seats).only_enforce_if(only_if)
