"""Says whether a plan keeps the rules and what it is worth, without anything that made it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec

from lms_part_time_tracks.engine.problem import Assignment, Level, Module, Problem


class Verdict(msgspec.Struct, frozen=True):
    """What a plan breaks, in words, and its value in each level (see Reached); none if it names what there is not."""

    broken: tuple[str, ...]
    values: dict[Level, int]


def check(problem: Problem, plan: Sequence[Assignment]) -> Verdict:
    """Look at a plan rule by rule. Budgets are no rules where `excess` is a level."""
    if broken := [*_unknown(problem, plan)]:
        return Verdict(tuple(broken), {})
    broken = [*_modules(problem, plan)]
    if not broken:
        for rule in (_places, _fixed, _terms, _order, _credits, _clashes, _wishes):
            broken += rule(problem, plan)
    return Verdict(tuple(broken), _values(problem, plan))


def weekly(problem: Problem, plan: Sequence[Assignment], unit: int = 6) -> tuple[int, ...]:
    """Return the weekly load of each term in units of so many minutes, rounded up; 0 for terms that are past."""
    loads = []
    for number, term in enumerate(problem.terms):
        minutes = sum(problem.module(one.module).minutes for one in plan if one.term == number)
        loads.append(-(-minutes // (unit * term.weeks)) if number >= problem.now and term.weeks else 0)
    return tuple(loads)


def _unknown(problem: Problem, plan: Sequence[Assignment]) -> Iterator[str]:
    known = {module.key for module in problem.modules}
    for one in plan:
        if one.module not in known:
            yield f"there is no module {one.module}"
        if not -1 <= one.term < len(problem.terms):
            yield f"{one.module} is in no term of the study"


def _modules(problem: Problem, plan: Sequence[Assignment]) -> Iterator[str]:
    planned = [one.module for one in plan]
    for module in problem.modules:
        if planned.count(module.key) > 1:
            yield f"{module.key} is taken more than once"
        if module.required and module.key not in planned:
            yield f"{module.key} is not taken"


def _places(problem: Problem, plan: Sequence[Assignment]) -> Iterator[str]:
    for one in plan:
        module = problem.module(one.module)
        if one.term == -1:
            if not module.recognised:
                yield f"{one.module} cannot be recognised"
        elif one.term < problem.now:
            if one not in problem.fixed:
                yield f"{one.module} is in the past"
        else:
            yield from _place(problem, module, one)


def _place(problem: Problem, module: Module, one: Assignment) -> Iterator[str]:
    if problem.terms[one.term].weeks == 0:
        yield f"{one.module} is in a term without weeks"
    if module.attempts == 0:
        yield f"{one.module} has no attempt left"
    if module.until is not None and one.term > module.until:
        yield f"{one.module} is later than it may be"
    here = {run.key: run for run in module.runs if run.term == one.term}
    if here and one.run not in here:
        yield f"{one.module} is in a run that there is not"
    elif here and one.run is not None and here[one.run].blocked:
        yield f"{one.module} is in a run that is blocked"
    elif not here and (one.run is not None or one.term not in module.offered):
        yield f"{one.module} is in a term in which it is not taught"


def _fixed(problem: Problem, plan: Sequence[Assignment]) -> Iterator[str]:
    for kept in problem.fixed:
        if not any(
            one.module == kept.module and one.term == kept.term and (kept.run is None or one.run == kept.run)
            for one in plan
        ):
            yield f"{kept.module} is not where it is fixed"


def _terms(problem: Problem, plan: Sequence[Assignment]) -> Iterator[str]:
    finish = max((one.term for one in plan), default=-1)
    if problem.max_terms is not None and finish >= problem.now:
        counted = sum(1 for term in problem.terms[: finish + 1] if term.counts)
        if counted > problem.max_terms:
            yield "the study ends too late"
    for number in range(problem.now, len(problem.terms)):
        term, own = problem.terms[number], [problem.module(one.module) for one in plan if one.term == number]
        ects = sum(module.ects for module in own)
        if term.max_ects is not None and ects > term.max_ects:
            yield f"term {number} has too many ECTS"
        if term.max_modules is not None and len(own) > term.max_modules:
            yield f"term {number} has too many modules"
        if number < finish and not term.leave and (ects < term.min_ects or len(own) < term.min_modules):
            yield f"term {number} has too little"
        minutes = sum(module.minutes for module in own)
        if "excess" not in problem.levels and term.minutes is not None and minutes > term.minutes * term.weeks:
            yield f"term {number} takes more hours than there are"


def _order(problem: Problem, plan: Sequence[Assignment]) -> Iterator[str]:
    term_of = {one.module: one.term for one in plan}
    for key, number in term_of.items():
        if number < problem.now:
            continue
        module = problem.module(key)
        for before in module.after:
            if before not in term_of or term_of[before] >= number:
                yield f"{key} needs {before} in an earlier term"
        for before in module.beside:
            if before not in term_of or term_of[before] > number:
                yield f"{key} needs {before} no later"
        earned = sum(problem.module(other).ects for other, when in term_of.items() if when < number)
        if earned + problem.other_ects < module.after_ects:
            yield f"{key} needs more ECTS before"


def _credits(problem: Problem, plan: Sequence[Assignment]) -> Iterator[str]:
    taken = {one.module: problem.module(one.module).ects for one in plan}
    if sum(taken.values()) + problem.other_ects < problem.ects:
        yield "the ECTS are too few for the degree"
    recognised = sum(taken[one.module] for one in plan if one.term == -1) + problem.other_recognised
    if problem.recognised_ects is not None and recognised > problem.recognised_ects:
        yield "too many ECTS are recognised"
    for milestone in problem.milestones:
        ends = [
            n for n in range(len(problem.terms)) if sum(t.counts for t in problem.terms[: n + 1]) <= milestone.terms
        ]
        last = ends[-1] if ends else -1
        earned = sum(taken[one.module] for one in plan if one.term <= last) + problem.other_ects
        if problem.now <= last < len(problem.terms) - 1 and earned < milestone.ects:
            yield f"too few ECTS by the end of term {last}"
    for basket in problem.baskets:
        own = [ects for key, ects in taken.items() if key in basket.modules]
        if sum(own) < basket.min_ects or len(own) < basket.min_count:
            yield f"too little of basket {basket.key}"
        if basket.max_ects is not None and sum(own) > basket.max_ects:
            yield f"too many ECTS of basket {basket.key}"
        if basket.max_count is not None and len(own) > basket.max_count:
            yield f"too many modules of basket {basket.key}"


def _clashes(problem: Problem, plan: Sequence[Assignment]) -> Iterator[str]:
    run_of = {one.module: one.run for one in plan if one.term >= problem.now}
    kept = {one.module: one.run for one in problem.fixed}
    for clash in problem.clashes:
        met = list(zip(clash.modules, clash.runs, strict=True))
        if all(run_of.get(key) == run for key, run in met) and any(kept.get(key) != run for key, run in met):
            yield f"{clash.modules[0]} and {clash.modules[1]} meet at the same time"


def _wishes(problem: Problem, plan: Sequence[Assignment]) -> Iterator[str]:
    wishes, taken = problem.wishes, {one.module for one in plan}
    for key in wishes.wanted:
        if key not in taken:
            yield f"{key} is wanted"
    for one in plan:
        if one.term < problem.now and one in problem.fixed:
            continue
        if one.module in wishes.unwanted:
            yield f"{one.module} is not wanted"
        if one.term >= 0 and wishes.no_weekends and _costs(problem, one)[2]:
            yield f"{one.module} has attendance at weekends"
        if wishes.done_by is not None and one.term > wishes.done_by:
            yield f"{one.module} is later than wished"
    if wishes.most_ects is not None:
        for number in range(problem.now, len(problem.terms)):
            if sum(problem.module(one.module).ects for one in plan if one.term == number) > wishes.most_ects:
                yield f"term {number} has more ECTS than wished"


def _costs(problem: Problem, one: Assignment) -> tuple[int, int, int]:
    """Return trips, fee and attendance at weekends."""
    if one.term < problem.now or one.term == -1:
        return 0, 0, 0
    module = problem.module(one.module)
    for run in module.runs:
        if (run.key, run.term) == (one.run, one.term):
            return run.trips, run.fee, run.weekends
    return module.trips, module.fee, module.weekends


def _values(problem: Problem, plan: Sequence[Assignment]) -> dict[Level, int]:
    loads, costs = weekly(problem, plan), [_costs(problem, one) for one in plan]
    before = {one.module: one for one in problem.current or ()}
    stays = [
        one for one in plan
        if one.module in before and before[one.module].term == one.term and before[one.module].run in (None, one.run)
    ]  # fmt: skip
    excess = 0
    for number in range(problem.now, len(problem.terms)):
        term = problem.terms[number]
        minutes = sum(problem.module(one.module).minutes for one in plan if one.term == number)
        if term.minutes is not None and term.weeks:
            excess += max(0, -(-(minutes - term.minutes * term.weeks) // (6 * term.weeks)))
    return {
        "excess": excess,
        "finish": max((one.term for one in plan), default=-1),
        "peak": max(loads, default=0),
        "spread": sum(load * load for load in weekly(problem, plan, 60)),
        "trips": sum(trips for trips, _, _ in costs),
        "fee": sum(fee for _, fee, _ in costs),
        "changes": len(before.keys() | {one.module for one in plan}) - len(stays) if problem.current is not None else 0,
    }
