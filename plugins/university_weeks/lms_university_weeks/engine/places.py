"""Where sessions can be, looked at alone, in arrays: what the local search draws from."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lms_university_weeks.engine.options import cost_of, options_of, rooms_of, travel_between
from lms_university_weeks.engine.problem import Problem, Session

Ints = NDArray[np.int64]


class Places(NamedTuple):
    """Where a session can be: choice by choice, and by the distinct first slots of its choices.

    Per choice: `room`, `lecturer` (-1: none to choose), the cost alone, the number `at` of its first slot among the
    distinct ones, and its `cell` and `spot`, which count rooms and sites times first slots. Per first slot: its
    `time`, all `slots`, the `day`, and the slots of the day as `bits`. `people` are groups, and lecturers, who are
    numbered after all groups.
    """

    room: Ints
    lecturer: Ints
    alone: Ints
    at: Ints
    cell: Ints
    spot: Ints
    start: Ints
    time: Ints
    slots: Ints
    day: Ints
    bits: Ints
    sites: Ints
    groups: Ints
    people: Ints


def places_of(problem: Problem, session: Session) -> Places:
    """Return where a session can be."""
    rooms, found = rooms_of(problem, session), []
    for option in options_of(problem, session):
        slots = set(range(option.start, option.start + session.length))
        who = -1 if option.lecturer is None else option.lecturer
        found += [
            (option.start, option.site, room, who, cost_of(problem, session, option))
            for room in rooms
            if problem.rooms[room].site == option.site and slots.isdisjoint(problem.rooms[room].closed)
        ]
    columns: list[Ints] = list(np.array(found, np.int64).reshape(-1, 5).T)
    starts, site, room, lecturer, alone = columns
    start, at = np.unique(starts, return_inverse=True)
    sites, there = np.unique(site, return_inverse=True)
    groups, count = sorted(set(session.groups)), len(problem.group_size)
    return Places(
        room=room,
        lecturer=lecturer,
        alone=alone,
        at=at,
        cell=room * len(start) + at,
        spot=there * len(start) + at,
        start=start,
        time=_time(problem, start),
        slots=start[:, None] + np.arange(session.length),
        day=start // problem.per_day,
        bits=((1 << session.length) - 1) << start % problem.per_day,
        sites=sites,
        groups=np.array(groups, np.int64),
        people=np.array([*groups, *sorted(count + who for who in set(session.lecturers))], np.int64),
    )


def _time(problem: Problem, slots: Ints) -> Ints:
    """Return when slots are, with nights between the days that are long enough for every travel."""
    return slots + slots // problem.per_day * max(travel_between(problem).values(), default=0)
