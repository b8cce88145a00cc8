"""When, at which site and with whom a session can take place, looked at alone."""

from __future__ import annotations

from typing import NamedTuple

from lms_university_weeks.engine.plan import DISLIKED, LATE
from lms_university_weeks.engine.problem import VISIT_PLACES, Problem, Session


class Option(NamedTuple):
    """A first slot, a site, and the lecturer chosen where there is a choice."""

    start: int
    site: int
    lecturer: int | None


def rooms_of(problem: Problem, session: Session) -> list[int]:
    """Return the rooms that are large enough and equipped, of those that the session may be in."""
    rooms = range(len(problem.rooms)) if session.rooms is None else session.rooms
    return [
        room
        for room in ([session.pinned[1]] if session.pinned else rooms)
        if room in rooms
        and problem.rooms[room].capacity >= session.size
        and (not session.gear or session.gear in problem.rooms[room].equipment)
    ]


def places_of(problem: Problem, session: Session) -> list[int]:
    """Return the slots in which a session of its kind can begin, whatever anybody asks for."""
    last = problem.per_day - session.length - (session.kind != "social")
    return [slot for slot in range(problem.slots) if slot % problem.per_day <= last]


def starts_of(problem: Problem, session: Session) -> list[int]:
    """Return the slots in which it may begin: its window or the rule of its kind; where it is pinned; not the past."""
    places = places_of(problem, session)
    if session.starts is not None:
        places = [slot for slot in places if slot in session.starts]
    elif session.kind == "visit":
        places = [slot for slot in places if slot % problem.per_day in VISIT_PLACES]
    elif session.kind == "social":
        places = [slot for slot in places if slot % problem.per_day == problem.per_day - session.length]
    if session.pinned:
        return [slot for slot in places if slot == session.pinned[0]]
    return [slot for slot in places if slot >= problem.now]


def options_of(problem: Problem, session: Session) -> list[Option]:
    """Return all options in which its lecturers and groups can and a room of the site is open."""
    free = [set(slots) for slots in problem.available]
    taken = [set(slots) for slots in problem.unavailable_groups] or [set[int]()] * len(problem.group_size)
    rooms = [(problem.rooms[room].site, set(problem.rooms[room].closed)) for room in rooms_of(problem, session)]
    found = []
    for start in starts_of(problem, session):
        slots = set(range(start, start + session.length))
        if all(slots <= free[who] for who in session.lecturers) and not any(slots & taken[g] for g in session.groups):
            sites = sorted({site for site, closed in rooms if not slots & closed})
            teachers = [who for who in session.alternatives if slots <= free[who]] if session.alternatives else [None]
            found += [Option(start, site, teacher) for site in sites for teacher in teachers]
    return found


def cost_of(problem: Problem, session: Session, option: Option) -> int:
    """Return what this option costs by itself: late hours, lecturers' dislikes, and its own slot costs."""
    slots = range(option.start, option.start + session.length)
    late = sum(slot % problem.per_day >= problem.core for slot in slots)
    last = sum(slot % problem.per_day == problem.per_day - 1 for slot in slots)
    cost = session.slot_costs.get(option.start, 0)
    for burden in problem.classes:
        if burden.group in session.groups:
            cost += LATE * burden.people * {"parent": late, "carer": last, "none": 0}[burden.profile]
    teaching = (*session.lecturers, *([] if option.lecturer is None else [option.lecturer]))
    if problem.disliked and any(slot in problem.disliked[who] for who in teaching for slot in slots):
        cost += DISLIKED
    return cost


def travel_between(problem: Problem) -> dict[tuple[int, int], int]:
    """Return the free slots needed between each two sites: one between different ones, unless said otherwise."""
    sites = sorted({room.site for room in problem.rooms})
    travel = {(here, there): int(here != there) for here in sites for there in sites}
    for here, there, slots in reversed(problem.travel):
        travel[here, there] = travel[there, here] = slots
    return travel
