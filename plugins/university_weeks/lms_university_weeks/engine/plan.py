"""A plan: when and where each session takes place, and what that costs whom."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec
from msgspec.structs import replace

from lms_university_weeks.engine.names import counted
from lms_university_weeks.engine.problem import Count, Problem

Status = Literal["optimal", "feasible", "infeasible", "unknown"]

LATE = 3  # per mandatory slot outside a person's core hours
WITHOUT_CHILDCARE = 2  # per slot without a place
GAP = 1  # per idle slot between two sessions of a day
DISLIKED = 5  # per session in a slot that a lecturer of it dislikes
FEW = 5  # of fewer people than this no number is told


class Placed(msgspec.Struct, frozen=True, omit_defaults=True):
    """A session in a plan: its first slot, its room, and who teaches it if there was a choice."""

    id: Count
    start: Count
    room: Count
    lecturer: Count | None = None


class Part(msgspec.Struct, frozen=True):
    """A part of the cost, in words; `people` is null where they are fewer than five."""

    what: Literal["parents_late", "carers_late", "childcare", "gaps", "disliked", "slot_costs", "left_out"]
    text: str
    cost: int
    people: int | None


class Plan(msgspec.Struct, frozen=True):
    """What was found: `bound` is what no plan can be below; without sessions there is neither cost nor part.

    For a fair plan, `bound` holds for plans in which nobody bears more than in this one, `fairest` says whether it is
    proven that somebody bears as much in any plan, and `cheapest` is the cost of a plan for which that did not matter.
    """

    status: Status
    cost: int | None = None
    bound: int | None = None
    sessions: tuple[Placed, ...] = ()
    parts: tuple[Part, ...] = ()
    fairest: bool = False
    cheapest: int | None = None


def parts_of(problem: Problem, placed: Sequence[Placed]) -> tuple[Part, ...]:
    """Return what a plan costs, part by part, without those that cost nothing."""
    per_day, core = problem.per_day, problem.core
    at = {place.id: place for place in placed}
    busy: list[set[int]] = [set() for _ in problem.group_size]
    disliked = slot_costs = left_out = unhappy = 0
    for session in problem.sessions:
        if session.id not in at:
            left_out += session.weight
            continue
        start, chosen = at[session.id].start, at[session.id].lecturer
        slots = set(range(start, start + session.length))
        for group in session.groups:
            busy[group] |= slots
        teaching = (*session.lecturers, *([] if chosen is None else [chosen]))
        if problem.disliked and (sad := sum(not slots.isdisjoint(problem.disliked[who]) for who in teaching)):
            disliked, unhappy = disliked + DISLIKED, unhappy + sad
        slot_costs += session.slot_costs.get(start, 0)
    late, slots_late, people_late = {"parent": 0, "carer": 0}, {"parent": 0, "carer": 0}, {"parent": 0, "carer": 0}
    for burden in problem.classes:
        if burden.profile == "none":
            continue
        first_late = core if burden.profile == "parent" else per_day - 1
        if hours := sum(slot % per_day >= first_late for slot in busy[burden.group]):
            late[burden.profile] += LATE * hours * burden.people
            slots_late[burden.profile] += hours * burden.people
            people_late[burden.profile] += burden.people
    missing = [
        max(0, sum(problem.parents(group) for group, slots in enumerate(busy) if slot in slots) - problem.childcare)
        for slot in range(problem.slots)
    ]
    idle = [waits(slots, per_day) for slots in busy]
    gaps = sum(slots * problem.people(group) for group, slots in enumerate(idle))
    waiting = sum(problem.people(group) for group, slots in enumerate(idle) if slots)
    found = (
        Part("parents_late", _late(slots_late["parent"], "parents"), late["parent"], people_late["parent"]),
        Part("carers_late", _late(slots_late["carer"], "carers"), late["carer"], people_late["carer"]),
        Part(
            "childcare",
            f"{counted(sum(missing), 'person-slot')} without a childcare place",
            WITHOUT_CHILDCARE * sum(missing),
            max(missing, default=0),
        ),
        Part("gaps", f"{counted(gaps, 'person-slot')} of waiting between sessions", GAP * gaps, waiting),
        Part(
            "disliked",
            f"{counted(disliked // DISLIKED, 'session')} in slots that lecturers dislike",
            disliked,
            unhappy,
        ),
        Part("slot_costs", "sessions in slots that cost something", slot_costs, None),
        Part("left_out", f"{counted(len(problem.sessions) - len(at), 'optional session')} left out", left_out, None),
    )
    return tuple(replace(part, people=None) if (part.people or 0) < FEW else part for part in found if part.cost)


def _late(slots: int, whose: str) -> str:
    return f"{counted(slots, 'person-slot')} of sessions outside the core hours of {whose}"


def waits(busy: set[int], per_day: int) -> int:
    """Return the number of slots between the busy ones of each day."""
    days: dict[int, list[int]] = {}
    for slot in busy:
        days.setdefault(slot // per_day, []).append(slot)
    return sum(max(slots) - min(slots) + 1 - len(slots) for slots in days.values())
