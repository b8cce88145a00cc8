"""What if: changes of a problem, and what they do to a plan. Nothing here touches what it is given."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Annotated

import msgspec
from msgspec.structs import replace

from lms_part_time_tracks.engine.checker import check
from lms_part_time_tracks.engine.demands import Demand, without
from lms_part_time_tracks.engine.problem import Assignment, Module, Problem, Run


class Skip(msgspec.Struct, frozen=True, tag="skip"):
    """She takes a term off; what she had accepted in it is given up. Whether it counts says the programme."""

    term: int
    counts: bool = False


class Hours(msgspec.Struct, frozen=True, tag="hours"):
    """She has so many minutes a week, from one term to another (null: to the end)."""

    minutes: Annotated[int, msgspec.Meta(ge=0, le=10_080)]
    first: int
    last: int | None = None


class Fail(msgspec.Struct, frozen=True, tag="fail"):
    """She fails a module in a term: its hours are spent, an attempt is gone, and it is taken again later."""

    module: str
    term: int


class Drop(msgspec.Struct, frozen=True, tag="drop"):
    """She does not take a module, even if she had accepted it."""

    module: str


class ShiftRun(msgspec.Struct, frozen=True, tag="shift_run"):
    """A run takes place in another term, and nothing instead; who had accepted it is free again."""

    module: str
    run: str
    term: int


class Offer(msgspec.Struct, frozen=True, tag="offer"):
    """From a term on, a module is taught in these terms instead; runs that are published stay as they are.

    Those of these terms that are before it do not count. Where it is not taught any more, nobody who wanted it insists
    on it.
    """

    module: str
    first: int
    terms: tuple[int, ...]


class Longer(msgspec.Struct, frozen=True, tag="longer"):
    """The study may last so many terms more, and so may her own wish when to be done."""

    terms: Annotated[int, msgspec.Meta(ge=1, le=20)]


class LetGo(msgspec.Struct, frozen=True, tag="let_go"):
    """A request is given up."""

    demand: Demand


Change = Skip | Hours | Fail | Drop | ShiftRun | Offer | Longer | LetGo


class Moved(msgspec.Struct, frozen=True):
    """A module that is elsewhere; null where it is not taken."""

    module: str
    before: Assignment | None
    after: Assignment | None


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two plans side by side, each [before, after], in the units of Reached; and what moved."""

    finish: tuple[int, int]
    peak: tuple[int, int]
    trips: tuple[int, int]
    fee: tuple[int, int]
    moved: tuple[Moved, ...]


def changed(problem: Problem, changes: Collection[Change]) -> Problem:
    """Return the problem after all changes, one after the other.

    Raises ValueError where a change names a term or a run that there is not, KeyError for a module.
    """
    for change in changes:
        match change:
            case Skip(term, counts):
                number = _open(problem, term)
                fixed = tuple(one for one in problem.fixed if one.term != number)
                problem = _terms(replace(problem, fixed=fixed), [number], weeks=0, leave=True, counts=counts)
            case Hours(minutes, first, last):
                end = len(problem.terms) - 1 if last is None else _open(problem, last)
                problem = _terms(problem, range(_open(problem, first), end + 1), minutes=minutes)
            case Fail(key, term):
                problem = _fail(problem, problem.module(key), _open(problem, term))
            case Drop(key):
                problem = _drop(problem, problem.module(key))
            case ShiftRun(key, run, term):
                problem = _shift(problem, problem.module(key), run, _open(problem, term))
            case Offer(key, first, terms):
                problem = _offer(problem, problem.module(key), first, terms)
            case Longer(terms):
                problem = _longer(problem, terms)
            case LetGo(demand):
                problem = without(problem, [demand])
    return problem


def compare(before: Problem, old: Sequence[Assignment], after: Problem, new: Sequence[Assignment]) -> Comparison:
    """Return what differs between two plans, each of its own problem."""
    one, other = check(before, old).values, check(after, new).values
    was, now = {place.module: place for place in old}, {place.module: place for place in new}
    return Comparison(
        finish=(one["finish"], other["finish"]),
        peak=(one["peak"], other["peak"]),
        trips=(one["trips"], other["trips"]),
        fee=(one["fee"], other["fee"]),
        moved=tuple(
            Moved(key, was.get(key), now.get(key)) for key in sorted({*was, *now}) if was.get(key) != now.get(key)
        ),
    )


def _open(problem: Problem, term: int) -> int:
    if not problem.now <= term < len(problem.terms):
        raise ValueError(f"term {term} is past, or none of the terms")
    return term


def _terms(problem: Problem, numbers: Collection[int], **values: object) -> Problem:
    return replace(
        problem,
        terms=tuple(replace(one, **values) if n in numbers else one for n, one in enumerate(problem.terms)),
    )


def _with(problem: Problem, module: Module) -> Problem:
    return replace(problem, modules=tuple(module if one.key == module.key else one for one in problem.modules))


def _released(problem: Problem, key: str) -> tuple[Assignment, ...]:
    """Return what is fixed but for a module that is not past."""
    return tuple(one for one in problem.fixed if one.module != key or one.term < problem.now)


def _fail(problem: Problem, module: Module, number: int) -> Problem:
    term = problem.terms[number]
    spent = -(-module.minutes // term.weeks) if term.weeks else 0
    problem = _terms(
        problem,
        [number],
        minutes=None if term.minutes is None else max(0, term.minutes - spent),
        min_ects=max(0, term.min_ects - module.ects),
        max_ects=None if term.max_ects is None else max(0, term.max_ects - module.ects),
        min_modules=max(0, term.min_modules - 1),
        max_modules=None if term.max_modules is None else max(0, term.max_modules - 1),
    )
    again = replace(
        module,
        attempts=max(0, module.attempts - 1),
        offered=tuple(one for one in module.offered if one > number),
        runs=tuple(run for run in module.runs if run.term > number),
    )
    return _with(replace(problem, fixed=_released(problem, module.key)), again)


def _drop(problem: Problem, module: Module) -> Problem:
    wishes = replace(
        problem.wishes,
        wanted=tuple(key for key in problem.wishes.wanted if key != module.key),
        unwanted=tuple(dict.fromkeys((*problem.wishes.unwanted, module.key))),
    )
    return replace(problem, fixed=_released(problem, module.key), wishes=wishes)


def _shift(problem: Problem, module: Module, key: str, term: int) -> Problem:
    def moved(run: Run) -> Run:
        return replace(run, term=term) if run.key == key else run

    if all(run.key != key for run in module.runs):
        raise ValueError(f"module {module.key} has no run {key}")
    fixed = tuple(one for one in problem.fixed if (one.module, one.run) != (module.key, key) or one.term < problem.now)
    before = {run.term for run in module.runs if run.key == key}
    runs = tuple(moved(run) for run in module.runs)
    # nothing is taught instead in the term that it leaves
    offered = tuple(one for one in module.offered if one not in before)
    # on which days it meets then, nobody knows
    clashes = tuple(one for one in problem.clashes if (module.key, key) not in zip(one.modules, one.runs, strict=True))
    return _with(replace(problem, fixed=fixed, clashes=clashes), replace(module, runs=runs, offered=offered))


def _offer(problem: Problem, module: Module, first: int, terms: Collection[int]) -> Problem:
    kept = [one for one in module.offered if one < first]
    offered = tuple(sorted({*kept, *(_open(problem, one) for one in terms if one >= first)}))
    after = _with(problem, replace(module, offered=offered))
    if offered or module.runs:
        return after
    wanted = tuple(key for key in problem.wishes.wanted if key != module.key)
    return replace(after, wishes=replace(problem.wishes, wanted=wanted))


def _longer(problem: Problem, terms: int) -> Problem:
    """Terms beyond the last one are as those a year before them."""
    for _ in range(terms):
        end = len(problem.terms)
        year = max(0, end - 2)
        like = problem.terms[year]
        another = replace(
            like,
            name=f"the {like.season} term after {problem.terms[-1].name}",
            weeks=max(one.weeks for one in problem.terms),
            leave=False,
            counts=True,
        )
        modules = tuple(
            replace(one, offered=(*one.offered, end))
            if year in one.offered or any(run.term == year for run in one.runs)
            else one
            for one in problem.modules
        )
        problem = replace(problem, terms=(*problem.terms, another), modules=modules)
    last, done_by = problem.max_terms, problem.wishes.done_by
    return replace(
        problem,
        max_terms=None if last is None else last + terms,
        wishes=replace(problem.wishes, done_by=None if done_by is None else done_by + terms),
    )
