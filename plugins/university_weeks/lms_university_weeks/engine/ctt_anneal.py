"""The compiled part of `ctt`: simulated annealing over lectures in cells, each a room in a period."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Bools = NDArray[np.bool_]
F = TypeVar("F", bound=Callable[..., Any])

LONGEST = 6  # so many lectures change places at once at most
SAME_ROOM, FITTING = 0.5, 0.48  # how often a lecture stays in its room, and goes into one with enough seats


def compiled(function: F) -> F:
    """Compile a function when it is first called, and keep that on disk if possible; other threads run meanwhile."""
    try:
        return cast("F", numba.njit(cache=True, nogil=True, error_model="numpy")(function))
    except RuntimeError:  # there is no folder that could be written to
        return cast("F", numba.njit(nogil=True, error_model="numpy")(function))


class Week(NamedTuple):
    """A timetable in arrays: `course` per lecture; all else per course, lists as rows that end with -1.

    `open` are first the periods that a course can have, so many as `opens` says, `fitting` first the rooms with a seat
    for each of its students; `over` says how many of them have none, by room. `others` are the courses with which it
    cannot be together, as `conflicts` says too. `alone` says of each set of periods of a day, as bits, how many of
    them have no neighbour.
    """

    per_day: int
    rooms: int
    course: Ints
    min_days: Ints
    curricula: Ints
    blocked: Bools
    open: Ints
    opens: Ints
    over: Ints
    fitting: Ints
    fits: Ints
    conflicts: Bools
    others: Ints
    alone: Ints


class State(NamedTuple):
    """Where and when each lecture is, the lecture of each period and room (-1: none), and what is counted along.

    `busy[q, d]` has a bit for each period of day d in which curriculum q has a lecture, `clashes[c, p]` the number of
    lectures in period p with which a lecture of course c cannot be. `spread` is the number of days of a course.
    """

    period: Ints
    room: Ints
    there: Ints
    busy: Ints
    on_day: Ints
    in_room: Ints
    spread: Ints
    clashes: Ints


class Move(NamedTuple):
    """Which lectures go into which rooms of the other one of two periods; the rest is where curricula are noted.

    A curriculum of which one lecture comes and one goes stays as it is: only the `odd` ones of those `touched` change.
    """

    lectures: Ints
    rooms: Ints
    odd: Bools
    touched: Ints


@compiled
def _chain(week: Week, state: State, move: Move, goal: int) -> int:
    """Find which lectures change places between two periods if the first of a move goes there, into its new room.

    Whoever cannot be with it there, or is in its room, goes into the period it came from, and so on (a Kempe chain);
    thus no rule is ever broken. Return how many lectures go, 0 if that cannot be.
    """
    start, old, new = state.period[move.lectures[0]], state.room[move.lectures[0]], move.rooms[0]
    swapped = state.there[goal, new]
    count, done = 1, 0
    if swapped >= 0:
        if start != goal and week.blocked[week.course[swapped], start]:
            return 0
        move.lectures[1], move.rooms[1], count = swapped, old, 2
    if start == goal:
        return count
    while done < count:
        course = week.course[move.lectures[done]]
        period = goal if state.period[move.lectures[done]] == start else start
        clashes = state.clashes[course, period]
        if clashes >= LONGEST:
            return 0
        for turn in range(-1, week.rooms):
            if turn < 0:
                room = move.rooms[done]
            elif clashes == 0:
                break
            elif turn == move.rooms[done]:
                continue
            else:
                room = turn
            other = state.there[period, room]
            if other < 0:
                continue
            if week.conflicts[course, week.course[other]]:
                clashes -= 1
            elif turn >= 0:
                continue
            known = False
            for n in range(count):
                known = known or move.lectures[n] == other
            if known:
                continue
            if count == LONGEST or week.blocked[week.course[other], start + goal - period]:
                return 0
            if (room == new and period == start) or (room == old and period == goal and swapped >= 0):
                return 0
            move.lectures[count], move.rooms[count] = other, room
            count += 1
        done += 1
    return count


@compiled
def _in_rooms(week: Week, state: State, move: Move, count: int) -> int:
    """Count so many lectures in their new rooms instead of those they have; return what is added to the cost."""
    cost = 0
    for n in range(count):
        course, room = week.course[move.lectures[n]], state.room[move.lectures[n]]
        state.in_room[course, room] -= 1
        cost -= week.over[course, room] + (state.in_room[course, room] == 0)
    for n in range(count):
        course, room = week.course[move.lectures[n]], move.rooms[n]
        cost += week.over[course, room] + (state.in_room[course, room] == 0)
        state.in_room[course, room] += 1
    return cost


@compiled
def _in_days(week: Week, state: State, move: Move, count: int, start: int, goal: int) -> int:
    """Return what is added to the cost if so many lectures go to the other one of two days."""
    cost = 0
    for n in range(count):
        course, twin = week.course[move.lectures[n]], False
        for other in range(count):
            twin = twin or (other != n and week.course[move.lectures[other]] == course)
        if not twin:
            old = state.period[move.lectures[n]] // week.per_day
            spread, least = state.spread[course], week.min_days[course]
            after = spread - (state.on_day[course, old] == 1) + (state.on_day[course, start + goal - old] == 0)
            cost += 5 * (max(0, least - after) - max(0, least - spread))
    return cost


@compiled
def _in_curricula(week: Week, state: State, move: Move, count: int, start: int, goal: int) -> tuple[int, int]:
    """Return what neighbours that curricula gain and lose add to the cost, and how many curricula are `touched`."""
    many, cost = 0, 0
    for n in range(count):
        course = week.course[move.lectures[n]]
        for k in range(week.curricula.shape[1]):
            q = week.curricula[course, k]
            if q < 0:
                break
            if not move.odd[q]:
                move.touched[many] = q
                many += 1
            move.odd[q] = not move.odd[q]
    one, two = start // week.per_day, goal // week.per_day
    bit, tib = 1 << start % week.per_day, 1 << goal % week.per_day
    for k in range(many):
        q = move.touched[k]
        if move.odd[q]:
            was, saw = state.busy[q, one], state.busy[q, two]
            if one == two:
                cost += week.alone[was ^ bit ^ tib] - week.alone[was]
            else:
                cost += week.alone[was ^ bit] - week.alone[was] + week.alone[saw ^ tib] - week.alone[saw]
    return 2 * cost, many


@compiled
def _carry_out(week: Week, state: State, move: Move, count: int, start: int, goal: int) -> None:
    """Put so many lectures where they go; rooms and curricula are counted already."""
    for n in range(count):
        lecture, course = move.lectures[n], week.course[move.lectures[n]]
        period = state.period[lecture]
        state.there[period, state.room[lecture]] = -1
        state.on_day[course, period // week.per_day] -= 1
        state.spread[course] -= state.on_day[course, period // week.per_day] == 0
    for n in range(count):
        lecture, course = move.lectures[n], week.course[move.lectures[n]]
        old = state.period[lecture]
        new = start + goal - old
        state.period[lecture], state.room[lecture] = new, move.rooms[n]
        state.there[new, move.rooms[n]] = lecture
        state.spread[course] += state.on_day[course, new // week.per_day] == 0
        state.on_day[course, new // week.per_day] += 1
        if start != goal:
            for k in range(week.others.shape[1]):
                other = week.others[course, k]
                if other < 0:
                    break
                state.clashes[other, old] -= 1
                state.clashes[other, new] += 1


@compiled
def anneal(week: Week, state: State, best: Ints, score: NDArray[np.int64], steps: int, heat: float) -> None:
    """Take steps at a temperature: a lecture goes into another room or period, and what is in its way makes room.

    `score` holds the cost of the state, that of `best` (periods and rooms), and the seed of these steps; all are kept
    up to date.
    """
    np.random.seed(score[2])
    score[2] += 1
    move = Move(
        np.zeros(LONGEST, np.int32),
        np.zeros(LONGEST, np.int32),
        np.zeros(len(state.busy), np.bool_),
        np.zeros(LONGEST * week.curricula.shape[1], np.int32),
    )
    for _ in range(steps):
        lecture = int(np.random.random() * len(week.course))
        course = week.course[lecture]
        start, goal = state.period[lecture], week.open[course, int(np.random.random() * week.opens[course])]
        luck = np.random.random()
        if luck < SAME_ROOM:
            room = state.room[lecture]
        elif luck < SAME_ROOM + FITTING:
            room = week.fitting[course, int(np.random.random() * week.fits[course])]
        else:
            room = int(np.random.random() * week.rooms)
        if start == goal and state.room[lecture] == room:
            continue
        move.lectures[0], move.rooms[0] = lecture, room
        count = _chain(week, state, move, goal)
        if count == 0:
            continue
        limit = -heat * np.log(np.random.random())
        cost, many = _in_rooms(week, state, move, count), 0
        one, two = start // week.per_day, goal // week.per_day
        if one != two:
            cost += _in_days(week, state, move, count, one, two)
        if start != goal:
            more, many = _in_curricula(week, state, move, count, start, goal)
            cost += more
        if cost > limit:
            for k in range(many):
                move.odd[move.touched[k]] = False
            for n in range(count):
                course = week.course[move.lectures[n]]
                state.in_room[course, move.rooms[n]] -= 1
                state.in_room[course, state.room[move.lectures[n]]] += 1
            continue
        for k in range(many):
            q = move.touched[k]
            if move.odd[q]:
                move.odd[q] = False
                state.busy[q, one] ^= 1 << start % week.per_day
                state.busy[q, two] ^= 1 << goal % week.per_day
        _carry_out(week, state, move, count, start, goal)
        score[0] += cost
        if score[0] < score[1]:
            score[1] = score[0]
            best[0] = state.period
            best[1] = state.room
