"""Curriculum-based course timetabling (ITC-2007, track 3, formulation UD2): reader and search; a yardstick.

Every lecture of a course gets a period and a room of its own; courses of one curriculum or teacher are never together,
and no course is when it is unavailable. It costs 1 per student without a seat, 5 per day that a course is spread less
than it should be, 2 per lecture of a curriculum without a neighbour in its day, 1 per further room of a course.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray
from ortools.sat.python import cp_model

from lms_university_weeks.engine import ctt_anneal
from lms_university_weeks.engine.problem import BadProblemError, Fault

ROUNDS = ((5.0, 0.55), (0.3, 0.7), (0.3, 0.85), (0.3, 1.0))
"""The temperature at which each begins, in units of cost, and the part of the time at which it ends."""
COLD = 0.1  # the temperature at which each ends
CHUNK = 50_000  # steps between two looks at the clock
PAUSE = 0.5  # seconds between two looks at what was found
FIRST_SECONDS = 20  # to find a timetable of any cost


class Course(msgspec.Struct, frozen=True):
    """A course: its lectures want to be spread over `min_days` days."""

    id: str
    teacher: str
    lectures: int
    min_days: int
    students: int


class Timetable(msgspec.Struct, frozen=True):
    """A problem: rooms by name with their seats, curricula as names of courses, periods that a course cannot have."""

    days: int
    per_day: int
    courses: tuple[Course, ...]
    rooms: dict[str, int]
    curricula: tuple[tuple[str, ...], ...]
    unavailable: tuple[tuple[str, int, int], ...]


class Lecture(NamedTuple):
    """A lecture in its place."""

    course: str
    room: str
    day: int
    period: int


def read_ectt(text: str) -> Timetable:
    """Read the extended format; what UD2 does not use is ignored. Raises BadProblemError."""
    sections: dict[str, list[list[str]]] = {"": []}
    rows = sections[""]
    for line in text.splitlines():
        words = line.split()
        if len(words) == 1 and words[0].endswith(":"):
            rows = sections.setdefault(words[0].rstrip(":"), [])
        elif words and words != ["END."]:
            rows.append(words)
    try:
        head = {words[0].rstrip(":"): words[1] for words in sections[""]}
        return Timetable(
            int(head["Days"]),
            int(head["Periods_per_day"]),
            tuple(Course(w[0], w[1], int(w[2]), int(w[3]), int(w[4])) for w in sections["COURSES"]),
            {words[0]: int(words[1]) for words in sections["ROOMS"]},
            tuple(tuple(words[2:]) for words in sections["CURRICULA"]),
            tuple((w[0], int(w[1]), int(w[2])) for w in sections["UNAVAILABILITY_CONSTRAINTS"]),
        )
    except (KeyError, IndexError, ValueError) as error:
        raise BadProblemError([Fault("the file", f"is no timetable in the .ectt format: {error!r}")]) from None


def solve(
    timetable: Timetable, seconds: float, *, workers: int = 2, seed: int = 0
) -> Iterator[tuple[int, list[Lecture]]]:
    """Yield better and better timetables without broken rules, and their costs, for so many seconds or until it is 0.

    The seconds begin with the search: to compile it, once after an installation, takes some of its own. Each worker
    cools down by itself; then, a few times, all begin lukewarm at the best that any has found. Yields nothing if no
    timetable without broken rules is found.
    """
    week, least, best = _to_arrays(timetable), -1, np.zeros((2, 0), np.int32)
    firsts = [_feasible(timetable, week, seed * workers + worker) for worker in range(workers)]
    runs = [_begin(week, first, (seed * workers + n) * 2**20 % 2**31) for n, first in enumerate(firsts) if len(first)]
    if not runs:
        return
    ctt_anneal.anneal(week, runs[0].state, runs[0].best, runs[0].score, 0, COLD)  # compiles, at the first run
    began = first = time.monotonic()
    until = began + seconds
    with ThreadPoolExecutor(workers) as threads:
        for hot, part in ROUNDS:
            if least > 0:
                runs = [_begin(week, best, int(run.score[2])) for run in runs]
            last = began + part * (until - began)
            while least and ((now := time.monotonic()) < last or least < 0):
                list(threads.map(partial(_cool, week, hot, first, last, min(now + PAUSE, last)), runs))
                run = min(runs, key=lambda run: int(run.score[1]))
                if least < 0 or run.score[1] < least:
                    least, best = int(run.score[1]), run.best.copy()
                    yield least, _lectures(timetable, best)
            first = last


class _Run(NamedTuple):
    state: ctt_anneal.State
    best: ctt_anneal.Ints
    score: NDArray[np.int64]


def _lectures(timetable: Timetable, cells: ctt_anneal.Ints) -> list[Lecture]:
    courses, rooms = [c.id for c in timetable.courses for _ in range(c.lectures)], list(timetable.rooms)
    return [
        Lecture(course, rooms[room], *divmod(period, timetable.per_day))
        for course, period, room in zip(courses, *cells.tolist(), strict=True)
    ]


def _cool(week: ctt_anneal.Week, hot: float, first: float, last: float, pause: float, run: _Run) -> None:
    """Search until the pause, ever colder from the first to the last moment."""
    while (now := time.monotonic()) < pause:
        heat = hot * (COLD / hot) ** min((now - first) / (last - first), 1)
        ctt_anneal.anneal(week, run.state, run.best, run.score, CHUNK, heat)


def _to_arrays(timetable: Timetable) -> ctt_anneal.Week:
    number = {course.id: i for i, course in enumerate(timetable.courses)}
    bodies = [[number[course] for course in curriculum] for curriculum in timetable.curricula]
    joined = [[q for q, body in enumerate(bodies) if i in body] for i in range(len(number))]
    courses, periods = list(enumerate(timetable.courses)), timetable.days * timetable.per_day
    blocked = np.zeros((len(number), periods), np.bool_)
    for course, day, period in timetable.unavailable:
        blocked[number[course], day * timetable.per_day + period] = True
    conflicts = [
        [one.teacher == other.teacher or not set(joined[i]).isdisjoint(joined[j]) for j, other in courses]
        for i, one in courses
    ]
    students = np.array([course.students for course in timetable.courses], np.int32)
    over = np.maximum(students[:, None] - np.array(list(timetable.rooms.values()), np.int32), 0)
    return ctt_anneal.Week(
        per_day=timetable.per_day,
        rooms=len(timetable.rooms),
        course=np.repeat(np.arange(len(number), dtype=np.int32), [course.lectures for course in timetable.courses]),
        min_days=np.array([course.min_days for course in timetable.courses], np.int32),
        curricula=_rows(joined),
        open=np.argsort(blocked, axis=1, kind="stable").astype(np.int32),
        opens=(~blocked).sum(axis=1, dtype=np.int32),
        blocked=blocked,
        fitting=np.argsort(over, axis=1, kind="stable").astype(np.int32),
        fits=np.maximum((over == 0).sum(axis=1, dtype=np.int32), 1),
        over=over,
        conflicts=np.array(conflicts, np.bool_),
        others=_rows([[j for j, clash in enumerate(row) if clash] for row in conflicts]),
        alone=np.array(
            [(day & ~(day << 1) & ~(day >> 1)).bit_count() for day in range(1 << timetable.per_day)], np.int32
        ),
    )


def _rows(lists: list[list[int]]) -> ctt_anneal.Ints:
    """Return lists of different lengths as rows, each with at least one -1 at its end."""
    rows = np.full((len(lists), max(map(len, lists), default=0) + 1), -1, np.int32)
    for row, values in zip(rows, lists, strict=True):
        row[: len(values)] = values
    return rows


def _begin(week: ctt_anneal.Week, cells: ctt_anneal.Ints, seed: int) -> _Run:
    """Put each lecture into its period and room, and count what is counted along."""
    (period, room), (courses, periods) = cells.copy(), week.blocked.shape
    day, days = period // week.per_day, periods // week.per_day
    there = np.full((periods, week.rooms), -1, np.int32)
    there[period, room] = np.arange(len(period))
    on_day, in_room = np.zeros((courses, days), np.int32), np.zeros((courses, week.rooms), np.int32)
    np.add.at(on_day, (week.course, day), 1)
    np.add.at(in_room, (week.course, room), 1)
    busy, clashes = np.zeros((week.curricula.max() + 1, days), np.int32), np.zeros((courses, periods), np.int32)
    for course, when in zip(week.course, period, strict=True):
        mine = week.curricula[course]
        busy[mine[mine >= 0], when // week.per_day] |= 1 << when % week.per_day
        clashes[:, when] += week.conflicts[:, course]
    spread = (on_day > 0).sum(axis=1, dtype=np.int32)
    cost = (
        week.over[week.course, room].sum()
        + 5 * np.maximum(week.min_days - spread, 0).sum()
        + 2 * week.alone[busy].sum()
        + np.maximum((in_room > 0).sum(axis=1) - 1, 0).sum()
    )
    state = ctt_anneal.State(period, room, there, busy, on_day, in_room, spread, clashes)
    return _Run(state, cells.copy(), np.array([cost, cost, seed], np.int64))


def _feasible(timetable: Timetable, week: ctt_anneal.Week, seed: int) -> ctt_anneal.Ints:
    """Return the periods and the rooms of lectures without breaking a rule, or nothing if none are found soon.

    The periods come from the solver, which finds at once what is tight, and rooms as they come.
    """
    model, periods = cp_model.CpModel(), timetable.days * timetable.per_day
    taken = [
        [model.new_bool_var("") if not week.blocked[i, period] else None for period in range(periods)]
        for i in range(len(timetable.courses))
    ]
    for i, course in enumerate(timetable.courses):
        model.add(sum(literal for literal in taken[i] if literal is not None) == course.lectures)
    teachers = {course.teacher for course in timetable.courses}
    bodies = [[i for i, c in enumerate(timetable.courses) if c.teacher == teacher] for teacher in teachers]
    bodies += [[i for i, c in enumerate(timetable.courses) if c.id in names] for names in timetable.curricula]
    for period in range(periods):
        together = [literal for row in taken if (literal := row[period]) is not None]
        model.add(sum(together) <= len(timetable.rooms))
        for body in bodies:
            model.add_at_most_one(literal for i in body if (literal := taken[i][period]) is not None)
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = seed
    solver.parameters.max_time_in_seconds = FIRST_SECONDS
    solver.parameters.randomize_search = True
    if solver.status_name(solver.solve(model)) not in ("OPTIMAL", "FEASIBLE"):
        return np.zeros(0, np.int32)
    free, cells = [0] * periods, []
    for row in taken:
        for period, literal in enumerate(row):
            if literal is not None and solver.boolean_value(literal):
                cells.append((period, free[period]))
                free[period] += 1
    return np.array(cells, np.int32).T.copy()
