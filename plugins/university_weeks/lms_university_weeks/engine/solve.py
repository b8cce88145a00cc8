"""The best plan that can be found in some time, and how good any plan could be."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Sequence

from msgspec.structs import replace
from ortools.sat.python import cp_model

from lms_university_weeks.engine.cost import add_worst, cost_terms, minimize
from lms_university_weeks.engine.local import search_locally
from lms_university_weeks.engine.model import Week, build_rules
from lms_university_weeks.engine.options import Option
from lms_university_weeks.engine.plan import Placed, Plan, Status, parts_of
from lms_university_weeks.engine.problem import Problem

Progress = Callable[[int | None, int | None, float], bool | None]
FIRST = 30  # steps of local search per session, after which the solver is asked for a first plan
BETTER = 5  # steps of local search per pair of sessions that make it better
STATUS: dict[str, Status] = {"OPTIMAL": "optimal", "FEASIBLE": "feasible", "INFEASIBLE": "infeasible"}


def solve(
    problem: Problem,
    seconds: float,
    *,
    workers: int = 2,
    seed: int = 0,
    effort: float | None = None,
    fair: bool = False,
    hint: Sequence[Placed] = (),
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Plan:
    """Plan a week; a `fair` plan has the least burden for whoever bears most, then the least cost.

    `progress(best, bound, seconds)` is told each improvement, and ends the search when it returns True; so does `stop`
    once it is set. A `hint` is a plan to begin with, such as one found before. `effort` limits the work in the solver's
    own deterministic units; with it and one worker the same seed gives the same plan.
    """
    began = time.monotonic()
    best: tuple[Placed, ...] = ()
    count = len(problem.sessions)
    for cost, best in search_locally(problem, FIRST * count, seconds / 4, seed=seed, begin=hint, stop=stop):
        if progress and progress(cost, None, time.monotonic() - began):
            return found_plan(problem, best)
    week = build_rules(problem)
    if not best:
        rest = seconds - (time.monotonic() - began)
        status, solver = search(week, rest, workers=workers, seed=seed, effort=effort, stop=stop)
        if status not in ("optimal", "feasible"):
            return Plan(status)
        best = placed_in(week, solver.boolean_value)
    better = search_locally(problem, BETTER * count**2, seconds / 4, seed=seed, begin=best, stop=stop)
    for cost, best in better:
        if progress and progress(cost, None, time.monotonic() - began):
            return found_plan(problem, best)
    if stop and stop.is_set():
        return found_plan(problem, best)
    terms = cost_terms(week)
    plan, fairest = found_plan(problem, best), False
    if fair:
        worst, several = add_worst(week), workers + 3 if workers > 1 else 1  # different searches, not speed, prove it
        week.model.minimize(worst)
        add_hint(week, best)
        complete_hint(week)
        rest = seconds - (time.monotonic() - began)
        status, solver = search(week, rest / 2, workers=several, seed=seed, effort=effort, stop=stop)
        if status not in ("optimal", "feasible"):
            return Plan(status) if status == "infeasible" else plan
        best, fairest = placed_in(week, solver.boolean_value), status == "optimal"
        week.model.add(worst <= round(solver.objective_value))
    minimize(week, terms)
    add_hint(week, best)
    complete_hint(week)
    rest = seconds - (time.monotonic() - began)
    status, solver = search(
        week, rest, workers=workers, seed=seed, effort=effort, prove=True, progress=progress, stop=stop
    )
    if status == "infeasible":
        return Plan(status)
    if status in ("optimal", "feasible"):
        found = plan_of(week, solver, status, math.ceil(solver.best_objective_bound - 1e-6))
    else:
        found = found_plan(problem, best)
    return replace(found, fairest=fairest, cheapest=min(plan.cost or 0, found.cost or 0)) if fair else found


def found_plan(problem: Problem, placed: tuple[Placed, ...]) -> Plan:
    """Return a plan of which no more is known than that it breaks no rule."""
    parts = parts_of(problem, placed)
    return Plan("feasible", sum(part.cost for part in parts), 0, placed, parts)


def plan_of(week: Week, solver: cp_model.CpSolver, status: Status, bound: int | None) -> Plan:
    """Return what the solver has found as a plan."""
    placed = placed_in(week, solver.boolean_value)
    parts = parts_of(week.problem, placed)
    return Plan(status, sum(part.cost for part in parts), bound, placed, parts)


def placed_in(week: Week, holds: Callable[[cp_model.LiteralT], bool]) -> tuple[Placed, ...]:
    """Return the sessions of a solution in which the literals that `holds` names are true."""
    placed = []
    for session, at, rooms in zip(week.problem.sessions, week.at, week.room, strict=True):
        option = next((option for option, literal in at.items() if holds(literal)), None)
        if option:
            room = next(room for room, literal in rooms.items() if holds(literal))
            placed.append(Placed(session.id, option.start, room, option.lecturer))
    return tuple(placed)


def add_hint(week: Week, placed: Sequence[Placed]) -> None:
    """Let the search begin at this plan, as far as it is still possible, and nowhere else."""
    week.model.clear_hints()  # type: ignore[no-untyped-call] # the only one that ortools left without types
    known = {place.id: place for place in placed}
    for i, session in enumerate(week.problem.sessions):
        if place := known.get(session.id):
            taken = Option(place.start, week.problem.rooms[place.room].site, place.lecturer)
            for option, literal in week.at[i].items():
                week.model.add_hint(literal, option == taken)
            for room, literal in week.room[i].items():
                week.model.add_hint(literal, room == place.room)


def complete_hint(week: Week) -> None:
    """Find the values of all other variables to a hint, if it says enough; half a hint is mostly lost."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.max_deterministic_time = 1
    solver.parameters.fix_variables_to_their_hinted_value = True
    if solver.status_name(solver.solve(week.model)) in ("OPTIMAL", "FEASIBLE"):
        week.model.clear_hints()  # type: ignore[no-untyped-call] # ortools has no annotation there
        values = solver.response_proto.solution
        week.model.proto.solution_hint.vars.extend(range(len(values)))
        week.model.proto.solution_hint.values.extend(values)


def search(
    week: Week,
    seconds: float,
    *,
    workers: int,
    seed: int,
    effort: float | None = None,
    prove: bool = False,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> tuple[Status, cp_model.CpSolver]:
    """Run the solver on a model; to `prove` puts one worker on the bound, one on its core, and another on better plans.

    On the medium week that was measured, two cores came to 338 in a minute that way, with a bound of 316, and to 392
    with 309 by the bound and one search of the solver's own choice.
    """
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = max(seconds, 0.01)
    solver.parameters.num_workers = workers
    solver.parameters.random_seed = seed
    solver.parameters.cp_model_probing_level = 0  # takes longer than it saves
    if prove:
        solver.parameters.linearization_level = 2
        if workers == 1:
            solver.parameters.optimize_with_lb_tree_search = True
        else:
            solver.parameters.num_workers = workers + 1
            solver.parameters.subsolvers.extend(["lb_tree_search", "core"])
    if effort is not None:
        solver.parameters.max_deterministic_time = effort
    callback = _Improvements(progress) if progress else None
    if callback:
        solver.best_bound_callback = callback.on_bound
    done = threading.Event()
    if stop:
        threading.Thread(target=_stop_with, args=(solver, stop, done), daemon=True).start()
    status = solver.solve(week.model, callback)
    done.set()
    return STATUS.get(solver.status_name(status), "unknown"), solver


def _stop_with(solver: cp_model.CpSolver, stop: threading.Event, done: threading.Event) -> None:
    while not done.is_set():
        if stop.wait(0.5):
            solver.stop_search()  # has no effect before the search has begun, so it is said again
            done.wait(0.05)


class _Improvements(cp_model.CpSolverSolutionCallback):
    """Tells of each better plan or bound."""

    def __init__(self, progress: Progress) -> None:
        super().__init__()
        self._progress = progress
        self._began = time.monotonic()
        self._best: int | None = None
        self._bound: int | None = None

    def on_solution_callback(self) -> None:
        """Tell of a better plan; called by the solver."""
        self._best = round(self.objective_value)
        if self._progress(self._best, self._bound, time.monotonic() - self._began):
            self.stop_search()

    def on_bound(self, bound: float) -> None:
        """Tell of a better bound; called by the solver."""
        self._bound = math.ceil(bound - 1e-6)
        if self._progress(self._best, self._bound, time.monotonic() - self._began) and self._best is not None:
            self.stop_search()
