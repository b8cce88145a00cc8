"""What has happened since a plan was published, and the problem that it leaves."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec.structs import replace

from lms_university_weeks.engine.plan import Placed
from lms_university_weeks.engine.problem import BadProblemError, Count, Fault, Problem, Session, check

Slots = tuple[Count, tuple[Count, ...]]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """Sessions that are cancelled; slots that a lecturer, room or group loses; the first slot that is not yet past.

    Each of the slots comes as [number, [slots]]. What happened before slot `now` stays as it was.
    """

    cancel: tuple[Count, ...] = ()
    lecturers: tuple[Slots, ...] = ()
    rooms: tuple[Slots, ...] = ()
    groups: tuple[Slots, ...] = ()
    now: Count = 0


def apply(problem: Problem, published: Sequence[Placed], change: Change) -> Problem:
    """Return the problem after a change, its past sessions pinned. Raises BadProblemError."""
    if faults := [Fault(where, reason) for where, reason in _faults(problem, published, change)]:
        raise BadProblemError(faults)
    available = [set(slots) for slots in problem.available]
    taken = [set(slots) for slots in problem.unavailable_groups] or [set[int]() for _ in problem.group_size]
    closed = [set(room.closed) for room in problem.rooms]
    for lecturer, slots in change.lecturers:
        available[lecturer] -= {slot for slot in slots if slot >= change.now}
    for room, slots in change.rooms:
        closed[room] |= {slot for slot in slots if slot >= change.now}
    for group, slots in change.groups:
        taken[group] |= {slot for slot in slots if slot >= change.now}
    past = {place.id: place for place in published if place.start < change.now}
    changed = replace(
        problem,
        now=change.now,
        available=tuple(tuple(sorted(slots)) for slots in available),
        unavailable_groups=tuple(tuple(sorted(slots)) for slots in taken),
        rooms=tuple(
            replace(room, closed=tuple(sorted(slots))) for room, slots in zip(problem.rooms, closed, strict=True)
        ),
        sessions=tuple(
            _held(session, past.get(session.id)) for session in problem.sessions if session.id not in change.cancel
        ),
        before=tuple(pair for pair in problem.before if not set(pair) & set(change.cancel)),
    )
    check(changed)
    return changed


def _held(session: Session, past: Placed | None) -> Session:
    if past is None:
        return session
    alternatives = session.alternatives if past.lecturer is None else (past.lecturer,)
    return replace(session, pinned=(past.start, past.room), alternatives=alternatives)


def _faults(problem: Problem, published: Sequence[Placed], change: Change) -> Iterator[tuple[str, str]]:
    known = {session.id for session in problem.sessions}
    for i, number in enumerate(change.cancel):
        if number not in known:
            yield f"change.cancel[{i}]", f"must be the id of a session; there is no session {number}"
    for i, place in enumerate(published):
        if place.id not in known:
            yield f"published[{i}].id", f"must be the id of a session; there is no session {place.id}"
        if place.start >= problem.slots:
            yield f"published[{i}].start", f"must be below {problem.slots}, the number of slots"
        if place.room >= len(problem.rooms):
            yield f"published[{i}].room", f"must be below {len(problem.rooms)}, the number of rooms"
    for field, most, of_what in (
        ("lecturers", len(problem.available), "lecturers in available"),
        ("rooms", len(problem.rooms), "rooms"),
        ("groups", len(problem.group_size), "groups in group_size"),
    ):
        for i, (number, _) in enumerate(getattr(change, field)):
            if number >= most:
                yield f"change.{field}[{i}][0]", f"must be below {most}, the number of {of_what}; it is {number}"
