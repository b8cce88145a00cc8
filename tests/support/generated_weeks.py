"""University Weeks out of a seed: feasible by construction, or spoilt in a way that is known."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Literal

from lms_university_weeks.engine.plan import Placed
from lms_university_weeks.engine.problem import BurdenClass, Problem, Room, Session
from msgspec.structs import replace

Size = Literal["small", "medium", "large"]
# days, slots a day, sites, rooms, sessions, lecturers, groups, plenaries, visits, most slots a day, childcare places
SIZES: dict[Size, tuple[int, ...]] = {
    "small": (5, 6, 2, 4, 12, 8, 3, 1, 1, 4, 6),
    "medium": (5, 6, 3, 10, 40, 25, 6, 2, 3, 4, 9),
    "large": (10, 8, 4, 20, 80, 60, 10, 4, 6, 6, 21),
}
GEAR = (("booths", "lab", "plain"), ("booths", "plain"), ("plain",), ("lab", "plain"))


@dataclass
class Plan:
    """Where sessions were put, and who is where, while a week is made."""

    problem: Problem
    placed: list[Placed] = field(default_factory=list)
    people: dict[tuple[str, int, int], int] = field(default_factory=dict)  # who, number, slot: the site
    rooms: set[tuple[int, int]] = field(default_factory=set)
    seats: dict[int, int] = field(default_factory=dict)

    def fits(self, session: Session, start: int, room: int) -> bool:
        p, slots = self.problem, range(start, start + session.length)
        place, site = start % p.per_day, p.rooms[room].site
        last = p.per_day - session.length
        if (place != last) if session.kind == "social" else (place >= last):
            return False
        if session.kind == "visit" and (place not in (0, 2) or any(self.seats.get(s) for s in slots)):
            return False
        if any((room, slot) in self.rooms for slot in slots):
            return False
        for who, number in members(session):
            day = range(start - place, start - place + p.per_day)
            if sum((who, number, slot) in self.people for slot in day) + session.length > p.max_day:
                return False
            if any((who, number, slot) in self.people for slot in slots):
                return False
            for near in (start - 1, start + session.length):
                if near in day and self.people.get((who, number, near), site) != site:
                    return False
        return True

    def put(self, session: Session, start: int, room: int) -> None:
        self.placed.append(Placed(session.id, start, room))
        for slot in range(start, start + session.length):
            self.rooms.add((room, slot))
            if session.kind == "visit":
                self.seats[slot] = session.size
            for who, number in members(session):
                self.people[who, number, slot] = self.problem.rooms[room].site


def members(session: Session) -> list[tuple[str, int]]:
    return [*(("group", g) for g in session.groups), *(("lecturer", who) for who in session.lecturers)]


def week(size: Size, seed: int) -> tuple[Problem, list[Placed]]:
    """Return a week and a plan that breaks none of its rules."""
    rng = random.Random(f"{size} {seed}")
    days, per_day, sites, rooms, count, lecturers, groups, plenaries, visits, max_day, childcare = SIZES[size]
    group_size = tuple(rng.randint(12, 28) for _ in range(groups))
    everybody = sum(group_size)
    places = [Room(0, everybody, GEAR[0])]
    places += [Room(i % sites, rng.choice((30, 40, 60, 60, 90)), rng.choice(GEAR)) for i in range(1, rooms)]
    places += [Room(sites + i, 999, ("off",)) for i in range(visits)]
    empty = Problem(
        days=days, per_day=per_day, sites=sites, buses=-(-2 * max(group_size) // 50), rooms=tuple(places), sessions=(),
        group_size=group_size, available=((),) * lecturers, childcare=childcare, max_day=max_day,
        classes=tuple(
            BurdenClass(group, profile, people)
            for group, people in enumerate(group_size)
            for profile, people in (("parent", people // 7), ("carer", people // 12), ("none", people - people // 7 - people // 12))
        ),
    )  # fmt: skip
    plan, sessions = Plan(empty), []
    kinds = ["social", *["plenary"] * plenaries, *["visit"] * visits]
    while len(sessions) < count:
        kind = kinds[len(sessions)] if len(sessions) < len(kinds) else "talk"
        session = _session(rng, empty, len(sessions), kind, visits)
        fitting = [
            (start, room)
            for start in range(days * per_day)
            for room in session.rooms or ()
            if plan.fits(session, start, room)
        ]
        if fitting:
            plan.put(session, *rng.choice(fitting))
            sessions.append(session)
    slots = range(days * per_day)
    half = per_day // 2
    available = [
        {slot for slot in slots if slot // half in chosen}
        | {slot for slot in slots if ("lecturer", who, slot) in plan.people}
        for who in range(lecturers)
        for chosen in [{h for h in range(2 * days) if rng.random() < 0.35}]
    ]
    starts = {place.id: place.start for place in plan.placed}
    order = sorted(starts, key=lambda number: (starts[number], number))
    pairs = [sorted(rng.sample(range(len(order)), 2)) for _ in range(count // 5)]
    before = {
        (order[a], order[b]) for a, b in pairs if starts[order[a]] + sessions[order[a]].length <= starts[order[b]]
    }
    problem = replace(
        empty,
        sessions=tuple(sessions),
        available=tuple(tuple(sorted(mine)) for mine in available),
        disliked=tuple(
            tuple(s for s in slots if s % per_day in (0, per_day - 2) and rng.random() < 0.5) for _ in available
        ),
        before=tuple(sorted(before)),
    )
    return problem, plan.placed


def _session(rng: random.Random, empty: Problem, number: int, kind: str, visits: int) -> Session:
    groups = tuple(range(len(empty.group_size)))
    if kind in ("talk", "visit"):
        groups = tuple(sorted(rng.sample(groups, 2 if kind == "visit" or rng.random() < 0.25 else 1)))
    size = sum(empty.group_size[group] for group in groups)
    gear = {"visit": "off", "talk": rng.choice(("plain", "plain", "lab", "booths"))}.get(kind, "plain")
    rooms = [r for r, room in enumerate(empty.rooms) if room.capacity >= size and gear in room.equipment]
    who = rng.sample(range(len(empty.available)), 0 if kind == "social" else 1 + (rng.random() < 0.2))
    length = 2 if kind == "visit" or (kind == "talk" and rng.random() < 0.3) else 1
    return Session(
        id=number, length=length, groups=groups, lecturers=tuple(who), gear=gear, kind=kind, size=size,  # type: ignore[arg-type]
        rooms=tuple(rng.sample(rooms, 1) if kind == "visit" else rooms),
    )  # fmt: skip


@dataclass(frozen=True)
class Cause:
    """What makes a week impossible: the kind of request, and numbers of those of which one at least must be named."""

    what: str
    numbers: frozenset[int]


def spoilt(size: Size, seed: int) -> tuple[Problem, Cause]:
    """Return a week that cannot be, and why."""
    problem, placed = week(size, seed)
    rng = random.Random(f"spoilt {size} {seed}")
    at = {place.id: place for place in placed}
    load = {who: [s for s in problem.sessions if who in s.lecturers] for who in range(len(problem.available))}
    match ("absent", "order", "buses", "together", "travel")[seed % 5]:
        case "absent":  # all but one slot of a busy lecturer go
            who = max(load, key=lambda who: sum(session.length for session in load[who]))
            keeps = problem.available[who][:1]
            return _with(problem, {who: keeps}), Cause("lecturer_absent", frozenset({who}))
        case "order":  # the last comes first
            one, other = rng.sample([s.id for s in problem.sessions if s.kind == "talk"], 2)
            before = (*problem.before, (one, other), (other, one))
            return replace(problem, before=before), Cause("order", frozenset({one, other}))
        case "buses":
            return replace(problem, buses=0), Cause("buses", frozenset())
        case "together":  # two lecturers of one group have the same slot only
            first, second = _two(rng, problem)
            return _at(problem, [(first.id, at[first.id].start), (second.id, at[first.id].start)])
        case _:  # a visit ends when a talk elsewhere begins
            visit = next(s for s in problem.sessions if s.kind == "visit")
            talk = next(
                s for s in problem.sessions
                if s.kind == "talk" and set(s.groups) & set(visit.groups) and not set(s.lecturers) & set(visit.lecturers)
                and s.length == 1
            )  # fmt: skip
            start = at[visit.id].start
            return _at(problem, [(visit.id, start), (talk.id, start + visit.length)])


def _two(rng: random.Random, problem: Problem) -> tuple[Session, Session]:
    talks = [session for session in problem.sessions if session.kind == "talk"]
    pairs = [
        (one, other) for one in talks for other in talks
        if one is not other and one.length == other.length and set(one.groups) & set(other.groups)
        and not set(one.lecturers) & set(other.lecturers)
    ]  # fmt: skip
    return rng.choice(pairs)


def _at(problem: Problem, starts: list[tuple[int, int]]) -> tuple[Problem, Cause]:
    """Give each of these sessions a lecturer of its own, who can in these slots only."""
    sessions, available, disliked = list(problem.sessions), list(problem.available), list(problem.disliked)
    for number, start in starts:
        sessions[number] = replace(sessions[number], lecturers=(len(available),))
        available.append(tuple(range(start, start + sessions[number].length)))
        disliked.append(())
    new = frozenset(range(len(problem.available), len(available)))
    changed = replace(problem, sessions=tuple(sessions), available=tuple(available), disliked=tuple(disliked))
    return changed, Cause("lecturer_absent", new)


def _with(problem: Problem, keeps: dict[int, tuple[int, ...]]) -> Problem:
    """Return the problem with these slots of some lecturers; what else they teach is taught by nobody."""
    available = tuple(keeps.get(who, slots) for who, slots in enumerate(problem.available))
    return replace(problem, available=available)
