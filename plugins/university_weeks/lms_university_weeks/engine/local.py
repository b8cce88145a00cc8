"""A first plan by local search: soon, and often close to the best.

Simulated annealing that looks at all places of a session at once: some sessions are taken out of the week and put back
one by one, each where a draw puts it that prefers the cheap places, the more so the colder it is. A broken rule has a
price. A few thousand such draws a second replace a million blind steps, and need nothing that has to be compiled.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator, Sequence

import numpy as np

from lms_university_weeks.engine.options import travel_between
from lms_university_weeks.engine.places import Ints, Places, places_of
from lms_university_weeks.engine.plan import GAP, WITHOUT_CHILDCARE, Placed
from lms_university_weeks.engine.problem import BUS_SEATS, Problem

HOT, COLD = 40.0, 3.0  # temperatures, in units of cost
BROKEN = 60  # what a broken rule costs at least; a gap of a large group is about half of it
DEARER = 5  # what it costs more for a session each time that it is put where it breaks one, and less when not
NEVER = -1_000_000  # when sessions that stay out take place
TOGETHER = 3  # so many sessions are taken out at once at most


class Week:
    """A plan that may break rules, and what is counted along so that each place of a session is quickly judged.

    `taken[i]` is the choice of session i, -1 if it is out; `time`, `end` and `site` are where that puts it. `busy`,
    `rooms`, `away` and `attending` count sessions, visitors and parents by slot, `load` the slots of a person's day;
    `mask` has a bit for each busy slot of a group's day.
    """

    def __init__(self, problem: Problem, places: Sequence[Places]) -> None:
        count, groups, people = len(places), len(problem.group_size), len(problem.group_size) + len(problem.available)
        own = problem.max_per_day or [None] * len(problem.available)
        sites = range(max((room.site for room in problem.rooms), default=0) + 1)
        between = travel_between(problem)
        self.problem, self.places = problem, places
        self.travel = np.array([[between.get((here, there), 0) for there in sites] for here in sites], np.int64)
        self.site_of = np.array([room.site for room in problem.rooms], np.int64)
        self.size = np.array([problem.people(group) for group in range(groups)], np.int64)
        self.parents = np.array([problem.parents(group) for group in range(groups)], np.int64)
        most = [problem.max_day] * groups + [problem.max_day if limit is None else limit for limit in own]
        self.most = np.array(most, np.int64)[:, None]
        self.seats = [session.size if session.kind == "visit" else 0 for session in problem.sessions]
        self.bus_seats = None if problem.buses is None else BUS_SEATS * problem.buses
        number = {session.id: i for i, session in enumerate(problem.sessions)}
        pairs = [(number[one], number[other]) for one, other in problem.before]
        self.later = [[b for a, b in pairs if a == i] for i in range(count)]
        self.earlier = [[a for a, b in pairs if b == i] for i in range(count)]
        self.related, self.perhaps = _shared(problem)
        self.waits = np.array([_waits(day) for day in range(1 << problem.per_day)], np.int64) * GAP
        self.taken = [-1] * count
        self.time, self.end, self.site = (np.full(count, NEVER), np.full(count, NEVER), np.zeros(count, np.int64))
        self.busy = np.zeros((groups, problem.slots), np.int64)
        self.mask = np.zeros((groups, problem.days), np.int64)
        self.load = np.zeros((people, problem.days), np.int64)
        self.rooms = np.zeros((len(problem.rooms), problem.slots), np.int64)
        self.away = np.zeros(problem.slots, np.int64)
        self.attending = np.zeros(problem.slots, np.int64)

    def take(self, i: int, choice: int) -> None:
        """Put session i at a choice, -1 to take it out."""
        if self.taken[i] >= 0:
            self._count(i, self.taken[i], -1)
        self.taken[i] = choice
        if choice < 0:
            self.time[i] = self.end[i] = NEVER
        else:
            mine = self.places[i]
            self.time[i] = mine.time[mine.at[choice]]
            self.end[i] = self.time[i] + self.problem.sessions[i].length
            self.site[i] = self.site_of[mine.room[choice]]
            self._count(i, choice, 1)

    def _count(self, i: int, choice: int, sign: int) -> None:
        mine, per_day, length = self.places[i], self.problem.per_day, self.problem.sessions[i].length
        start, day = int(mine.start[mine.at[choice]]), int(mine.day[mine.at[choice]])
        self.rooms[mine.room[choice], start : start + length] += sign
        self.load[mine.people, day] += sign * length
        if mine.lecturer[choice] >= 0:
            self.load[len(self.size) + mine.lecturer[choice], day] += sign * length
        self.away[start : start + length] += sign * self.seats[i]
        if len(mine.groups):
            slots = slice(day * per_day, (day + 1) * per_day)
            self.busy[mine.groups, start : start + length] += sign
            there = self.busy[:, slots] > 0
            self.mask[:, day] = there @ (1 << np.arange(per_day))
            self.attending[slots] = self.parents @ there

    def judge(self, i: int) -> tuple[Ints, Ints]:
        """Return what each choice of session i, which is out now, adds to the cost and to the broken rules.

        The last is to stay out, for sessions that may.
        """
        mine, session = self.places[i], self.problem.sessions[i]
        broken = self._over(mine.people, session.length)[mine.day]
        for j in self.later[i]:
            broken += (mine.time + session.length > self.time[j]) & (self.taken[j] >= 0)
        for j in self.earlier[i]:
            broken += mine.time < self.end[j]
        if self.seats[i] and self.bus_seats is not None:
            full = self.away + self.seats[i] > self.bus_seats
            broken += (full & (self.away <= self.bus_seats))[mine.slots].sum(-1)
        rules = broken[mine.at] + self.rooms[:, mine.slots].sum(-1).ravel()[mine.cell]
        rules += self._clashes(i, self.related[i]).ravel()[mine.spot]
        if self.perhaps[i]:
            rules += self._clashes_of_lecturers(i)
        mask = self.mask[mine.groups[:, None], mine.day]
        cost = self.size[mine.groups] @ (self.waits[mask | mine.bits] - self.waits[mask])
        new = self.parents[mine.groups] @ (self.busy[mine.groups] == 0)
        without = self.attending - self.problem.childcare
        cost += WITHOUT_CHILDCARE * (np.maximum(without + new, 0) - np.maximum(without, 0))[mine.slots].sum(-1)
        costs = mine.alone + cost[mine.at]
        if session.optional:
            return np.append(costs, session.weight), np.append(rules, 0)
        return costs, rules

    def _over(self, people: Ints, length: int) -> Ints:
        """Return by day by how much so many slots more exceed the longest days of people, all together."""
        free = self.most[people] - self.load[people]
        over: Ints = (np.maximum(length - free, 0) - np.maximum(-free, 0)).sum(0)
        return over

    def _clashes(self, i: int, others: Sequence[int] | Ints) -> Ints:
        """Count by site and first slot of session i the others who leave its people no time to get there."""
        mine, length = self.places[i], self.problem.sessions[i].length
        free = np.maximum(self.time[others, None] - (mine.time + length), mine.time - self.end[others, None])
        needed = self.travel[self.site[others]][:, mine.sites]
        late: Ints = (free[:, None, :] < needed[:, :, None]).sum(0)
        return late

    def _clashes_of_lecturers(self, i: int) -> Ints:
        """Count by choice of session i the clashes and long days that come with the lecturer chosen, here or there."""
        mine, session = self.places[i], self.problem.sessions[i]
        found = np.zeros(len(mine.room), np.int64)
        for lecturer in np.unique(mine.lecturer):
            teachers = {*session.lecturers, int(lecturer)} - {-1}
            others = [j for j in self.perhaps[i] if self.taken[j] >= 0 and teachers & self._teachers(j)]
            rules = self._clashes(i, others).ravel()[mine.spot]
            if lecturer >= 0:
                rules += self._over(np.array([len(self.size) + lecturer]), session.length)[mine.day][mine.at]
            found += np.where(mine.lecturer == lecturer, rules, 0)
        return found

    def _teachers(self, j: int) -> set[int]:
        return {*self.problem.sessions[j].lecturers, int(self.places[j].lecturer[self.taken[j]])}

    def choice(self, i: int, place: Placed) -> int | None:
        """Return the choice of session i that puts it at a place; None if it cannot be there."""
        mine, lecturer = self.places[i], -1 if place.lecturer is None else place.lecturer
        found = np.flatnonzero(
            (mine.start[mine.at] == place.start) & (mine.room == place.room) & (mine.lecturer == lecturer)
        )
        return int(found[0]) if len(found) else None

    def placed(self, taken: Sequence[int]) -> tuple[Placed, ...]:
        """Return the plan of these choices."""
        found = []
        for session, mine, choice in zip(self.problem.sessions, self.places, taken, strict=True):
            if choice >= 0:
                lecturer = None if mine.lecturer[choice] < 0 else int(mine.lecturer[choice])
                found.append(Placed(session.id, int(mine.start[mine.at[choice]]), int(mine.room[choice]), lecturer))
        return tuple(found)


def _waits(day: int) -> int:
    """Count the idle slots between busy ones, of a day given as bits."""
    return day.bit_length() - (day & -day).bit_length() + 1 - day.bit_count() if day else 0


def _shared(problem: Problem) -> tuple[list[Ints], list[list[int]]]:
    """Return for each session those with which it shares groups or lecturers, and those with which it perhaps does."""
    certain = [{*(("g", g) for g in s.groups), *(("l", who) for who in s.lecturers)} for s in problem.sessions]
    perhaps = [certain[i] | {("l", who) for who in session.alternatives} for i, session in enumerate(problem.sessions)]
    related = [[j for j, theirs in enumerate(certain) if i != j and mine & theirs] for i, mine in enumerate(certain)]
    others = [
        [j for j, theirs in enumerate(perhaps) if i != j and mine & theirs and j not in related[i]]
        for i, mine in enumerate(perhaps)
    ]
    return [np.array(known, np.int64) for known in related], others


class _Run:
    """The state of a search: the plan, its cost and broken rules, and the random numbers."""

    def __init__(self, problem: Problem, places: Sequence[Places], seed: int, begin: Sequence[Placed]) -> None:
        self.week = Week(problem, places)
        self.random = np.random.default_rng(seed)
        self.cost = self.broken = 0
        self.price = [BROKEN] * len(places)
        self.worse = 0
        known = {place.id: place for place in begin}
        for i in sorted(range(len(places)), key=lambda i: len(places[i].room)):
            place = known.get(problem.sessions[i].id)
            self._put(i, COLD, self.week.judge(i), None if place is None else self.week.choice(i, place))

    def step(self, heat: float) -> None:
        """Take some sessions that share people out, and put them back where that is not much worse."""
        week, random, before = self.week, self.random, (self.cost, self.broken)
        moving = [int(random.integers(len(week.places)))]
        near = week.related[moving[0]]
        if len(near):
            moving += {int(near[n]) for n in random.integers(len(near), size=random.integers(TOGETHER))}
        self.worse = 0
        was = [week.taken[i] for i in moving]
        for i in moving:
            judged = self._take_out(i)
        for i in reversed(moving):
            self._put(i, heat, judged if i == moving[-1] else week.judge(i))
        if len(moving) > 1 and self.worse > 0 and random.random() >= math.exp(-self.worse / heat):
            for i, choice in zip(moving, was, strict=True):
                week.take(i, choice)
            self.cost, self.broken = before

    def _take_out(self, i: int) -> tuple[Ints, Ints]:
        choice = self.week.taken[i]
        self.week.take(i, -1)
        costs, rules = self.week.judge(i)
        self.cost -= int(costs[choice])
        self.broken -= int(rules[choice])
        self.worse -= int(costs[choice] + self.price[i] * rules[choice])
        return costs, rules

    def _put(self, i: int, heat: float, judged: tuple[Ints, Ints], choice: int | None = None) -> None:
        costs, rules = judged
        price = costs + self.price[i] * rules
        if choice is None:  # draw one, each by exp(-price / heat)
            choice = int(np.argmin(price - heat * self.random.gumbel(size=len(price))))
        self.week.take(i, choice if choice < len(self.week.places[i].room) else -1)
        self.cost += int(costs[choice])
        self.broken += int(rules[choice])
        self.worse += int(price[choice])
        self.price[i] = max(BROKEN, self.price[i] + (DEARER if rules[choice] else -DEARER))


def search_locally(
    problem: Problem,
    steps: int,
    seconds: float = 3600,
    *,
    seed: int = 0,
    begin: Sequence[Placed] = (),
    stop: threading.Event | None = None,
) -> Iterator[tuple[int, tuple[Placed, ...]]]:
    """Yield better and better plans with their costs: the first at once, then one after each round that found some.

    Each round takes twice the steps of the one before and begins hot anew, so that the last, which cools the slowest,
    has half of the time. The same seed and steps give the same plans.
    """
    until = time.monotonic() + seconds
    places = [places_of(problem, session) for session in problem.sessions]
    if not all(len(mine.room) or session.optional for mine, session in zip(places, problem.sessions, strict=True)):
        return
    run = _Run(problem, places, seed, begin)
    best = told = math.inf
    taken: tuple[int, ...] = ()
    hot, done, length = COLD, 0, min(2 * len(places), steps)
    while done < steps and time.monotonic() < until and not (stop and stop.is_set()):
        for step in range(length):
            if not run.broken and run.cost < best:
                best, taken = run.cost, tuple(run.week.taken)
                if told == math.inf:
                    told = best
                    yield run.cost, run.week.placed(taken)
            if time.monotonic() > until or (stop and stop.is_set()):
                break
            run.step(hot * (COLD / hot) ** (step / length))
        if best < told:
            told = best
            yield int(best), run.week.placed(taken)
        hot, done, length = HOT, done + length, max(min(2 * length, steps - done - length), 1)
