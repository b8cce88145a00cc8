"""When she is done if modules can be failed: the plan lived through many times, by one simple way of going on.

In each term she takes what was planned for it or before and is not passed yet, if it is taught, what it needs is
passed, and hours and limits allow it: first what she can take again last, then in the order of the plan. Nothing is
taken earlier than planned. Her luck is drawn for each module and attempt, in the same order whatever the plan is, so
that two plans are compared with the same luck.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Annotated

import msgspec
from msgspec.structs import replace

from lms_part_time_tracks.engine.changes import Longer, changed
from lms_part_time_tracks.engine.options import options_of
from lms_part_time_tracks.engine.problem import Assignment, Key, Problem, Wishes

AFTERWARDS = 8
"""So many terms after the last one are looked at, each as the one a year before it."""
DRAWS = 10
"""So many attempts at a module have luck of their own."""

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Luck = Callable[[str, int], bool]
"""Says whether a module is passed at an attempt, counted from 0."""


class Chance(msgspec.Struct, frozen=True, kw_only=True):
    """How likely a module is passed, and how it is repeated.

    It is taken again when it is taught, or in `any_term` if only its exam is repeated, which takes `minutes` of work
    (null: as much as the first time). Not repeated `within` so many terms, it is lost.
    """

    passes: Share = 1.0
    any_term: bool = False
    minutes: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] | None = None
    within: Annotated[int, msgspec.Meta(ge=1, le=100)] | None = None


class Done(msgspec.Struct, frozen=True):
    """The share of lives in which she is done by the end of a term, and its standard error.

    The error is that of a share drawn so often, with two more lives in which she is and two in which she is not, so
    that it is not 0 where all agree.
    """

    term: int
    share: float
    error: float


class Delay(msgspec.Struct, frozen=True):
    """By how many terms the end moves if a module alone is failed once, null for no end; and how likely that is."""

    module: str
    terms: int | None
    fails: float


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """When she is done: by the end of which term in half, in 80 % and in 95 % of all lives (null: not in so many).

    Terms may be later than those of the problem, which go on as in the year before. `in_time` is the share within
    what the programme allows. `delays` are those of modules that can be failed, the costliest first.
    """

    samples: int
    seed: int
    p50: int | None
    p80: int | None
    p95: int | None
    in_time: Done
    done: tuple[Done, ...]
    delays: tuple[Delay, ...]


def forecast(
    problem: Problem, plan: Sequence[Assignment], chances: Mapping[Key, Chance], *, samples: int = 2000, seed: int = 0
) -> Forecast:
    """Return what becomes of a plan; a module without a chance is always passed."""
    life = Life(problem, plan, chances)
    rng = Random(seed)  # noqa: S311 - luck of exams, not of keys
    keys = sorted(module.key for module in problem.modules)
    finishes: list[int | None] = []
    for _ in range(samples):
        drawn = {(key, attempt): rng.random() for key in keys for attempt in range(DRAWS)}

        def luck(key: str, attempt: int, drawn: dict[tuple[str, int], float] = drawn) -> bool:
            return drawn[key, min(attempt, DRAWS - 1)] < _passes(chances, key)

        finishes.append(life.end(luck))
    ends = [one for one in finishes if one is not None]
    done = tuple(
        _done(term, sum(one <= term for one in ends), samples)
        for term in range(min(ends, default=0), max(ends, default=-1) + 1)
    )
    limit = problem.deadline(problem.max_terms) if problem.max_terms is not None else len(life.problem.terms) - 1
    return Forecast(
        samples=samples,
        seed=seed,
        p50=_quantile(done, 0.5),
        p80=_quantile(done, 0.8),
        p95=_quantile(done, 0.95),
        in_time=_done(limit, sum(one <= limit for one in ends), samples),
        done=done,
        delays=_delays(life, plan, chances),
    )


class Life:
    """One plan, lived through as often as one likes."""

    def __init__(self, problem: Problem, plan: Sequence[Assignment], chances: Mapping[Key, Chance]) -> None:
        self.problem = problem = changed(problem, [Longer(AFTERWARDS)])
        self.chances = chances
        free = replace(problem, fixed=(), wishes=Wishes(), max_terms=None)
        self.taught = {key: {one.at.term for one in own} for key, own in options_of(free).items()}
        self.modules = {module.key: module for module in problem.modules}
        self.planned = sorted((one for one in plan if one.term >= problem.now), key=lambda one: (one.term, one.module))
        self.before = {one.module: one.term for one in plan if one.term < problem.now}
        self._known: dict[tuple[int, tuple[tuple[str, bool], ...]], tuple[str, ...]] = {}

    def end(self, luck: Luck) -> int | None:
        """Return the term in which the last module is passed; null if one never is."""
        passed, failed, first = dict(self.before), dict[str, int](), dict[str, int]()
        for term in range(self.problem.now, len(self.problem.terms)):
            left = [one for one in self.planned if one.module not in passed]
            if not left:
                break
            for key in self._taken(term, left, passed, failed):
                if luck(key, failed.get(key, 0)):
                    passed[key] = term
                    continue
                failed[key] = failed.get(key, 0) + 1
                first.setdefault(key, term)
                if failed[key] >= self.modules[key].attempts:
                    return None
            for key, when in first.items():
                within = self._chance(key).within
                if key not in passed and within is not None and term >= when + within:
                    return None
        if len(passed) < len(self.planned) + len(self.before):
            return None
        return max(passed.values(), default=-1)

    def _taken(
        self, number: int, left: list[Assignment], passed: dict[str, int], failed: dict[str, int]
    ) -> tuple[str, ...]:
        """Return what is taken in a term; remembered, for most lives are alike."""
        state = (number, tuple((one.module, one.module in failed) for one in left))
        if state not in self._known:
            self._known[state] = tuple(self._choose(number, left, passed, failed))
        return self._known[state]

    def _choose(self, number: int, left: list[Assignment], passed: dict[str, int], failed: dict[str, int]) -> list[str]:
        term = self.problem.terms[number]
        earned = self.problem.other_ects + sum(self.modules[key].ects for key in passed)
        minutes = math.inf if term.minutes is None else term.minutes * term.weeks
        ects = math.inf if term.max_ects is None else term.max_ects
        many = math.inf if term.max_modules is None else term.max_modules
        chosen: list[str] = []
        waiting = [one.module for one in left if one.term <= number and term.weeks]
        waiting.sort(key=lambda key: -self._next(key, number, key in failed))  # keeps the order of the plan else
        while True:
            for key in waiting:
                module, chance, again = self.modules[key], self._chance(key), failed.get(key, 0) > 0
                takes = chance.minutes if again and chance.minutes is not None else module.minutes
                if (
                    (number in self.taught[key] or (again and chance.any_term))
                    and all(other in passed for other in module.after)
                    and all(other in passed or other in chosen for other in module.beside)
                    and earned >= module.after_ects
                    and takes <= minutes
                    and module.ects <= ects
                    and many >= 1
                ):
                    chosen.append(key)
                    minutes, ects, many = minutes - takes, ects - module.ects, many - 1
                    waiting.remove(key)
                    break
            else:
                return chosen

    def _next(self, key: str, number: int, again: bool) -> int:
        """Return the first term after this one in which a module can be taken."""
        if again and self._chance(key).any_term:
            return number + 1
        return min((term for term in self.taught[key] if term > number), default=len(self.problem.terms))

    def _chance(self, key: str) -> Chance:
        return self.chances.get(key, Chance())


def _passes(chances: Mapping[Key, Chance], key: str) -> float:
    return chances[key].passes if key in chances else 1.0


def _done(term: int, many: int, samples: int) -> Done:
    adjusted = (many + 2) / (samples + 4)
    return Done(term, many / samples, math.sqrt(adjusted * (1 - adjusted) / (samples + 4)))


def _quantile(done: Sequence[Done], share: float) -> int | None:
    return next((one.term for one in done if one.share >= share), None)


def _failing_once(module: str) -> Luck:
    return lambda key, attempt: (key, attempt) != (module, 0)


def _delays(life: Life, plan: Sequence[Assignment], chances: Mapping[Key, Chance]) -> tuple[Delay, ...]:
    base = life.end(lambda *_: True)
    found = []
    for one in plan:
        fails = 1 - _passes(chances, one.module)
        if one.term < life.problem.now or not fails or base is None:
            continue
        end = life.end(_failing_once(one.module))
        found.append(Delay(one.module, None if end is None else end - base, fails))
    return tuple(sorted(found, key=lambda d: (-(math.inf if d.terms is None else d.terms), -d.fails, d.module)))
