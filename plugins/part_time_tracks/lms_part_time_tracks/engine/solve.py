"""Finds the best plan, level by level, with a constraint solver."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from msgspec.structs import replace
from ortools.sat.python import cp_model

from lms_part_time_tracks.engine.answer import Answer, Reached
from lms_part_time_tracks.engine.checker import check
from lms_part_time_tracks.engine.model import Model
from lms_part_time_tracks.engine.problem import Assignment, Problem

Progress = Callable[[Reached], None]
"""Told each level as soon as it is settled."""


def solve(
    problem: Problem,
    seconds: float = 10,
    *,
    workers: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Answer:
    """Return the best plan that is found in time.

    With one worker, the same seed gives the same plan unless time runs out.
    """
    until, ended = time.monotonic() + seconds, stop or threading.Event()
    model, plan, reached = Model(problem), None, list[Reached]()
    for level in problem.levels or ("finish",):
        what = model.level(level)
        if plan is not None and check(problem, plan).values[level] == 0:
            settled = Reached(level, 0, 0)
        else:
            model.model.minimize(what)
            status, found, bound = search(model, plan, until, workers, seed, ended)
            if status in (cp_model.INFEASIBLE, cp_model.MODEL_INVALID):
                return Answer(status="infeasible")
            if found is None and plan is None:
                return Answer(status="unknown")
            plan = found or plan
            assert plan is not None
            settled = Reached(level, check(problem, plan).values[level], bound)
        reached.append(settled)
        if progress:
            progress(settled)
        if not settled.optimal:
            break
        model.settle(level, what, settled.value)
    assert plan is not None
    if "finish" in problem.levels and all(one.optimal for one in reached):
        # of plans that are worth the same, one in which nothing waits needlessly
        model.model.minimize(model.early())
        plan = search(model, plan, until, workers, seed, ended)[1] or plan
    values = check(problem, plan).values
    rest = [Reached(level, values[level], None) for level in problem.levels[len(reached) :]]
    optimal = all(one.optimal for one in (*reached, *rest))
    return Answer(status="optimal" if optimal else "feasible", plan=plan, levels=(*reached, *rest))


def possible(problem: Problem, seconds: float, *, stop: threading.Event | None = None) -> bool | None:
    """Return whether there is a plan; None if the time was too short to tell."""
    until = time.monotonic() + seconds
    status, _, _ = search(Model(problem), None, until, 1, 0, stop or threading.Event())
    return None if status == cp_model.UNKNOWN else status in (cp_model.OPTIMAL, cp_model.FEASIBLE)


def latest(
    problem: Problem, plan: Sequence[Assignment], seconds: float = 10, *, stop: threading.Event | None = None
) -> dict[str, int]:
    """Return for each module of a plan that is not past the last term in which it can be without a later end.

    The others may move for it, each time anew; of what is fixed, only the module itself. What is no later than it is
    planned is critical. Modules for which the time was too short are left out.
    """
    until, ended, finish = time.monotonic() + seconds, stop or threading.Event(), check(problem, plan).values["finish"]
    fixed, found = {one.module for one in problem.fixed}, dict[str, int]()
    kept = _within(problem, finish)
    for one in plan:
        if one.term < problem.now:
            continue
        model = kept
        if one.module in fixed:
            rest = tuple(other for other in problem.fixed if other.module != one.module)
            model = _within(replace(problem, fixed=rest), finish)
        own = zip(model.options[one.module], model.chosen[one.module], strict=True)
        model.model.maximize(sum((option.at.term + 1) * literal for option, literal in own))
        status, moved, _ = search(model, tuple(plan), until, 1, 0, ended)
        if status == cp_model.OPTIMAL and moved is not None:
            found[one.module] = next(other.term for other in moved if other.module == one.module)
    return found


def _within(problem: Problem, finish: int) -> Model:
    model = Model(problem)
    model.settle("finish", model.level("finish"), finish)
    return model


def search(
    model: Model,
    plan: tuple[Assignment, ...] | None,
    until: float,
    workers: int,
    seed: int,
    stop: threading.Event,
) -> tuple[cp_model.CpSolverStatus, tuple[Assignment, ...] | None, int | None]:
    """Minimise what a model is about, from a plan on; return how that ended, the best plan, and what bounds it."""
    left = until - time.monotonic()
    if left <= 0 or stop.is_set():
        return cp_model.UNKNOWN, None, None
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = left
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = seed
    solver.parameters.linearization_level = 2  # half the slowest proofs
    if plan is not None:
        model.hint(plan)
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(solver, over, stop), daemon=True)
    watch.start()
    status = solver.solve(model.model)
    over.set()
    watch.join()
    if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
        return status, model.plan(solver), round(solver.best_objective_bound)
    return status, None, None


def _watch(solver: cp_model.CpSolver, over: threading.Event, stop: threading.Event) -> None:
    while not over.wait(0.05):
        if stop.is_set():
            solver.stop_search()
            return
