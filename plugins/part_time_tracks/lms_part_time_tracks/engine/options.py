"""Where each module can be: the terms and runs that are left to choose from."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from lms_part_time_tracks.engine.problem import RECOGNISED, Assignment, Module, Problem


class Option(msgspec.Struct, frozen=True):
    """A module in a term, in a run if one is published, with what that costs; nothing if it is past."""

    at: Assignment
    trips: int = 0
    fee: int = 0


def options_of(problem: Problem) -> dict[str, tuple[Option, ...]]:
    """Return for each module where it can be; a module without options cannot be taken."""
    fixed = {one.module: one for one in problem.fixed}
    last = _last(problem)
    found: dict[str, tuple[Option, ...]] = {}
    for module in problem.modules:
        kept = fixed.get(module.key)
        if kept and RECOGNISED <= kept.term < problem.now and (kept.term != RECOGNISED or module.recognised):
            found[module.key] = (Option(kept),)
            continue
        options = [] if module.key in problem.wishes.unwanted else list(_free(problem, module, last))
        found[module.key] = tuple(one for one in options if kept is None or _same(one.at, kept))
    return found


def _last(problem: Problem) -> int:
    last = len(problem.terms) - 1
    if problem.max_terms is not None:
        last = min(last, problem.deadline(problem.max_terms))
    if problem.wishes.done_by is not None:
        last = min(last, problem.wishes.done_by)
    return last


def _free(problem: Problem, module: Module, last: int) -> Iterator[Option]:
    if module.recognised:
        yield Option(Assignment(module.key, RECOGNISED))
    if not module.attempts:
        return
    for number in range(problem.now, min(last, last if module.until is None else module.until) + 1):
        if not problem.terms[number].weeks:
            continue
        runs = [run for run in module.runs if run.term == number]
        for run in runs:
            if not run.blocked and not (run.weekends and problem.wishes.no_weekends):
                yield Option(Assignment(module.key, number, run.key), run.trips, run.fee)
        if not runs and number in module.offered and not (module.weekends and problem.wishes.no_weekends):
            yield Option(Assignment(module.key, number), module.trips, module.fee)


def _same(one: Assignment, kept: Assignment) -> bool:
    return one.term == kept.term and kept.run in (None, one.run)
