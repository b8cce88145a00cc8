"""What is to be planned: a week (or two) of sessions, rooms, groups and lecturers, as read from JSON.

Slots are counted from 0 over all days: slot `day * per_day + place in the day`. Groups, lecturers and rooms are
numbered by their place in the lists; sessions have an `id`. Unknown keys are ignored.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Literal

import msgspec

Count = Annotated[int, msgspec.Meta(ge=0, le=100_000)]
Positive = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
Name = Annotated[str, msgspec.Meta(max_length=200)]
Kind = Literal["talk", "plenary", "visit", "social"]
Profile = Literal["parent", "carer", "none"]

BUS_SEATS = 50
VISIT_PLACES = (0, 2)  # places in a day in which a visit begins, unless its `starts` say otherwise


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """Something that takes place once, in one room, for whole groups.

    `length` is in slots, `size` in people. `rooms` are those it may be in (default: all); of these only rooms count
    that are large enough and have its `gear`. All `lecturers` are needed, and one of `alternatives` if there are any.
    `starts` are the only slots in which it may begin; they stand in for the rule of its kind (visits begin in place 0
    or 2 of a day, social events end a day). `pinned` is a start and a room that stay. An `optional` session may stay
    out, which costs `weight`. `slot_costs` are further costs of single start slots.
    """

    id: Count
    length: Annotated[int, msgspec.Meta(ge=1, le=24)]
    groups: tuple[Count, ...] = ()
    lecturers: tuple[Count, ...] = ()
    alternatives: tuple[Count, ...] = ()
    gear: Name = ""
    kind: Kind = "talk"
    size: Count = 0
    rooms: tuple[Count, ...] | None = None
    name: Name = ""
    starts: tuple[Count, ...] | None = None
    pinned: tuple[Count, Count] | None = None
    optional: bool = False
    weight: Count = 100
    slot_costs: dict[Count, Count] = {}


class Room(msgspec.Struct, frozen=True, array_like=True):
    """A room: its site, seats and equipment; slots in which it is closed; its name."""

    site: Count
    capacity: Count
    equipment: tuple[Name, ...] = ()
    closed: tuple[Count, ...] = ()
    name: Name = ""


class BurdenClass(msgspec.Struct, frozen=True, array_like=True):
    """So many people of a group who bear the same: parents, those who care for relatives, and all others.

    A group without classes has no parents and no carers.
    """

    group: Count
    profile: Profile
    people: Count


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """All that a plan depends on.

    `available` and `disliked` are slots per lecturer; `unavailable_groups` are slots per group. A group is taught at
    most `max_day` slots a day, a lecturer as well unless `max_per_day` says otherwise. `travel` are free slots between
    two sites, [site, site, slots], where it is not one. `before`: the first session ends before the second begins.
    `childcare` are places in each slot; `buses` of 50 seats take all visits of a slot (null: as many as needed).
    Sessions begin from slot `now` on, unless they are pinned. Names are for people to read.
    """

    days: Annotated[int, msgspec.Meta(ge=1, le=60)]
    per_day: Annotated[int, msgspec.Meta(ge=1, le=10)]
    rooms: tuple[Room, ...]
    sessions: Annotated[tuple[Session, ...], msgspec.Meta(max_length=1000)]
    group_size: tuple[Count, ...]
    available: tuple[tuple[Count, ...], ...] = ()
    disliked: tuple[tuple[Count, ...], ...] = ()
    max_per_day: tuple[Count | None, ...] = ()
    unavailable_groups: tuple[tuple[Count, ...], ...] = ()
    classes: tuple[BurdenClass, ...] = ()
    before: tuple[tuple[Count, Count], ...] = ()
    travel: tuple[tuple[Count, Count, Count], ...] = ()
    sites: Count = 1
    buses: Count | None = None
    childcare: Count = 0
    max_day: Positive = 24
    now: Count = 0
    group_names: tuple[Name, ...] = ()
    lecturer_names: tuple[Name, ...] = ()
    site_names: tuple[Name, ...] = ()
    day_names: tuple[Name, ...] = ()

    @property
    def slots(self) -> int:
        """All slots of all days."""
        return self.days * self.per_day

    @property
    def core(self) -> int:
        """The places of a day within the core hours of parents: its first two thirds."""
        return self.per_day * 2 // 3

    def people(self, group: int) -> int:
        """Return how many people of a group bear its burdens: those of its classes, else its size."""
        return sum(burden.people for burden in self.classes if burden.group == group) or self.group_size[group]

    def parents(self, group: int) -> int:
        """Return how many parents a group has."""
        return sum(burden.people for burden in self.classes if burden.group == group and burden.profile == "parent")


class Fault(msgspec.Struct, frozen=True):
    """Where a problem is wrong (such as `sessions[3].groups[0]`), and what would be right."""

    where: str
    reason: str


class BadProblemError(ValueError):
    """A problem that cannot be read; `faults` says all that is wrong with it."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(f"{fault.where}: {fault.reason}" for fault in faults))


def read_problem(text: bytes | str) -> Problem:
    """Read a problem from JSON. Raises BadProblemError."""
    try:
        problem = msgspec.json.decode(text, type=Problem)
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at `")
        raise BadProblemError([Fault(where.rstrip("`").removeprefix("$").lstrip(".") or "the file", reason)]) from None
    except msgspec.DecodeError as error:
        raise BadProblemError([Fault("the file", f"is no JSON: {error}")]) from None
    check(problem)
    return problem


def check(problem: Problem) -> None:
    """Look whether all numbers refer to something. Raises BadProblemError with all faults."""
    if faults := [Fault(where, reason) for where, reason in _faults(problem)]:
        raise BadProblemError(faults)


def _faults(problem: Problem) -> Iterator[tuple[str, str]]:
    groups, lecturers, rooms = len(problem.group_size), len(problem.available), len(problem.rooms)
    known = {session.id for session in problem.sessions}
    seen: set[int] = set()
    for i, session in enumerate(problem.sessions):
        here = f"sessions[{i}]"
        if session.id in seen:
            yield f"{here}.id", f"must differ from the ids of all others; {session.id} was there already"
        seen.add(session.id)
        if session.length > problem.per_day:
            yield f"{here}.length", f"must be at most {problem.per_day}, the slots of a day"
        yield from _within(f"{here}.groups", session.groups, groups, "groups in group_size")
        yield from _within(f"{here}.lecturers", session.lecturers, lecturers, "lecturers in available")
        yield from _within(f"{here}.alternatives", session.alternatives, lecturers, "lecturers in available")
        yield from _within(f"{here}.rooms", session.rooms or (), rooms, "rooms")
        yield from _within(f"{here}.starts", session.starts or (), problem.slots, "slots")
        yield from _within(f"{here}.slot_costs", tuple(session.slot_costs), problem.slots, "slots", keys=True)
        if both := set(session.lecturers) & set(session.alternatives):
            yield f"{here}.alternatives", f"must not name lecturer {min(both)}, who is needed anyway"
        for field in ("groups", "lecturers", "alternatives", "rooms", "starts"):
            yield from _once(f"{here}.{field}", getattr(session, field) or ())
        if session.pinned:
            yield from _within(f"{here}.pinned[0]", session.pinned[:1], problem.slots, "slots", keys=True)
            yield from _within(f"{here}.pinned[1]", session.pinned[1:], rooms, "rooms", keys=True)
    for field, most in (("disliked", lecturers), ("max_per_day", lecturers), ("unavailable_groups", groups)):
        if len(getattr(problem, field)) not in (0, most):
            yield field, f"must have {most} entries, or none; it has {len(getattr(problem, field))}"
    for field in ("available", "disliked", "unavailable_groups"):
        for i, slots in enumerate(getattr(problem, field)):
            yield from _within(f"{field}[{i}]", slots, problem.slots, "slots")
            yield from _once(f"{field}[{i}]", slots)
    for i, room in enumerate(problem.rooms):
        yield from _within(f"rooms[{i}][3]", room.closed, problem.slots, "slots")
    for i, burden in enumerate(problem.classes):
        yield from _within(f"classes[{i}][0]", (burden.group,), groups, "groups in group_size", keys=True)
    for i, pair in enumerate(problem.before):
        for j, number in enumerate(pair):
            if number not in known:
                yield f"before[{i}][{j}]", f"must be the id of a session; there is no session {number}"
        if pair[0] == pair[1]:
            yield f"before[{i}]", "must name two different sessions"
    for field, most in (("group_names", groups), ("lecturer_names", lecturers), ("day_names", problem.days)):
        if len(getattr(problem, field)) not in (0, most):
            yield field, f"must have {most} names, or none; it has {len(getattr(problem, field))}"


def _within(
    where: str, numbers: Sequence[int], most: int, of_what: str, keys: bool = False
) -> Iterator[tuple[str, str]]:
    for i, number in enumerate(numbers):
        if number >= most:
            yield where if keys else f"{where}[{i}]", f"must be below {most}, the number of {of_what}; it is {number}"


def _once(where: str, numbers: Sequence[int]) -> Iterator[tuple[str, str]]:
    for one, next_one in pairwise(sorted(numbers)):
        if one == next_one:
            yield where, f"must name {one} only once"
            return
