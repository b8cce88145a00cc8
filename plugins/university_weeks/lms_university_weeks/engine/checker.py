"""An independent verdict on a plan: which rules it breaks, and what it costs. Shares nothing with what made it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import msgspec

from lms_university_weeks.engine.problem import BUS_SEATS, VISIT_PLACES, Problem, Session


class Visit(msgspec.Struct, frozen=True):
    """A session of a plan as the checker reads it: first slot, room, and the lecturer chosen among alternatives."""

    id: int
    start: int
    room: int
    lecturer: int | None = None


class Violation(msgspec.Struct, frozen=True):
    """A rule that a plan breaks, with the sessions that do."""

    rule: str
    sessions: tuple[int, ...]
    text: str


class Verdict(msgspec.Struct, frozen=True):
    """All violations, and the cost (which means little while there are any)."""

    violations: tuple[Violation, ...]
    cost: int


def verdict(problem: Problem, plan: Sequence[object]) -> Verdict:
    """Check a plan: anything with `id`, `start`, `room` and perhaps `lecturer`, or mappings of these."""
    visits = [msgspec.convert(entry, Visit, from_attributes=True) for entry in plan]
    known = {session.id: session for session in problem.sessions}
    placed: list[tuple[Session, Visit]] = []
    violations: list[Violation] = []
    for visit in visits:
        session = known.pop(visit.id, None)
        if session is None:
            violations.append(Violation("once", (visit.id,), f"session {visit.id} is unknown or planned twice"))
        elif not 0 <= visit.start < problem.slots or not 0 <= visit.room < len(problem.rooms):
            violations.append(
                Violation("exists", (visit.id,), f"slot {visit.start} or room {visit.room} does not exist")
            )
        else:
            placed.append((session, visit))
    violations += [
        Violation("missing", (session.id,), f"session {session.id} is not planned")
        for session in known.values()
        if not session.optional
    ]
    for session, visit in placed:
        violations += [
            Violation(rule, (session.id,), f"session {session.id} {text}")
            for rule, text in _alone(problem, session, visit)
        ]
    for (one, first), (other, second) in combinations(placed, 2):
        violations += [
            Violation(rule, (one.id, other.id), f"sessions {one.id} and {other.id} {text}")
            for rule, text in _pair(problem, one, first, other, second)
        ]
    violations += _sums(problem, placed)
    return Verdict(tuple(violations), _cost(problem, placed))


def _slots(session: Session, visit: Visit) -> range:
    return range(visit.start, visit.start + session.length)


def _teaching(session: Session, visit: Visit) -> set[int]:
    return set(session.lecturers) | ({visit.lecturer} if visit.lecturer is not None else set())


def _alone(problem: Problem, session: Session, visit: Visit) -> Iterator[tuple[str, str]]:
    place, slots, room = visit.start % problem.per_day, _slots(session, visit), problem.rooms[visit.room]
    end = place + session.length
    if end > problem.per_day:
        yield "day", "goes on after the end of its day"
    if session.kind != "social" and end >= problem.per_day:
        yield "evening", "is in the last slot of a day, which is for social events"
    if session.starts is not None:
        if visit.start not in session.starts:
            yield "starts", "begins when it may not"
    elif session.kind == "visit" and place not in VISIT_PLACES:
        yield "starts", "is a visit and begins neither in place 0 nor in place 2 of a day"
    elif session.kind == "social" and end != problem.per_day:
        yield "starts", "is a social event and does not end a day"
    if session.pinned and session.pinned != (visit.start, visit.room):
        yield "pinned", "is pinned to another slot or room"
    if not session.pinned and visit.start < problem.now:
        yield "now", "begins in the past"
    if session.rooms is not None and visit.room not in session.rooms:
        yield "room", "is in a room it may not be in"
    if room.capacity < session.size:
        yield "capacity", "is in a room that is too small"
    if session.gear and session.gear not in room.equipment:
        yield "equipment", "is in a room without what it needs"
    if any(slot in room.closed for slot in slots):
        yield "closed", "is in a room that is closed then"
    if session.alternatives and visit.lecturer not in session.alternatives:
        yield "alternatives", "has none of the lecturers of whom it needs one"
    if not session.alternatives and visit.lecturer is not None:
        yield "alternatives", "has a lecturer chosen where there is no choice"
    for lecturer in _teaching(session, visit):
        if any(slot not in problem.available[lecturer] for slot in slots):
            yield "available", f"needs lecturer {lecturer}, who is not available then"
    for group in session.groups:
        if problem.unavailable_groups and any(slot in problem.unavailable_groups[group] for slot in slots):
            yield "unavailable_group", f"is for group {group}, which cannot then"


def _pair(problem: Problem, one: Session, first: Visit, other: Session, second: Visit) -> Iterator[tuple[str, str]]:
    here, there = _slots(one, first), _slots(other, second)
    together = here.start < there.stop and there.start < here.stop
    if together and first.room == second.room:
        yield "room_clash", f"are in room {first.room} at the same time"
    travel = _travel(problem, problem.rooms[first.room].site, problem.rooms[second.room].site)
    same_day = here.start // problem.per_day == there.start // problem.per_day
    free = max(there.start - here.stop, here.start - there.stop)
    for who, shared in (
        ("group", set(one.groups) & set(other.groups)),
        ("lecturer", _teaching(one, first) & _teaching(other, second)),
    ):
        if shared and together:
            yield f"{who}_clash", f"are at the same time for {who} {min(shared)}"
        elif shared and same_day and free < travel:
            yield f"{who}_travel", f"leave {who} {min(shared)} too little time between two sites"
    for before, after in problem.before:
        if (before, after) == (one.id, other.id) and there.start < here.stop:
            yield "before", "are in the wrong order"
        if (before, after) == (other.id, one.id) and here.start < there.stop:
            yield "before", "are in the wrong order"


def _travel(problem: Problem, here: int, there: int) -> int:
    for one, other, slots in problem.travel:
        if (one, other) in ((here, there), (there, here)):
            return slots
    return 0 if here == there else 1


def _sums(problem: Problem, placed: list[tuple[Session, Visit]]) -> Iterator[Violation]:
    hours: dict[tuple[str, int, int], list[int]] = {}
    for session, visit in placed:
        day = visit.start // problem.per_day
        for group in session.groups:
            hours.setdefault(("group", group, day), []).extend([session.id] * session.length)
        for lecturer in _teaching(session, visit):
            hours.setdefault(("lecturer", lecturer, day), []).extend([session.id] * session.length)
    for (who, number, day), sessions in hours.items():
        most = problem.max_day
        if who == "lecturer" and problem.max_per_day:
            own = problem.max_per_day[number]
            most = most if own is None else own
        if len(sessions) > most:
            yield Violation(
                f"{who}_day", tuple(dict.fromkeys(sessions)), f"{who} {number} has {len(sessions)} slots on day {day}"
            )
    for slot in range(problem.slots):
        away = [session for session, visit in placed if session.kind == "visit" and slot in _slots(session, visit)]
        if problem.buses is not None and sum(session.size for session in away) > BUS_SEATS * problem.buses:
            yield Violation("buses", tuple(session.id for session in away), f"the buses are too few in slot {slot}")


def _cost(problem: Problem, placed: list[tuple[Session, Visit]]) -> int:
    cost = 0
    present = {session.id for session, _ in placed}
    cost += sum(session.weight for session in problem.sessions if session.id not in present)
    attending: dict[tuple[int, int], bool] = {}
    for session, visit in placed:
        cost += session.slot_costs.get(visit.start, 0)
        slots = _slots(session, visit)
        attending.update({(group, slot): True for group in session.groups for slot in slots})
        if problem.disliked and any(
            slot in problem.disliked[who] for who in _teaching(session, visit) for slot in slots
        ):
            cost += 5
    for slot in range(problem.slots):
        place, parents = slot % problem.per_day, 0
        for burden in problem.classes:
            if attending.get((burden.group, slot)):
                if burden.profile == "parent":
                    parents += burden.people
                    cost += 3 * burden.people * (place >= problem.per_day * 2 // 3)
                elif burden.profile == "carer":
                    cost += 3 * burden.people * (place == problem.per_day - 1)
        cost += 2 * max(0, parents - problem.childcare)
    for group, size in enumerate(problem.group_size):
        people = sum(burden.people for burden in problem.classes if burden.group == group) or size
        for day in range(problem.days):
            slots_there = [
                slot
                for slot in range(day * problem.per_day, (day + 1) * problem.per_day)
                if attending.get((group, slot))
            ]
            if slots_there:
                cost += people * (slots_there[-1] - slots_there[0] + 1 - len(slots_there))
    return cost
