"""Places sessions: exactly leximin by stages with a constraint solver, then evenly, then with much notice."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Literal

import msgspec
from ortools.sat.python import cp_model

from lms_family_sessions.suggest.model import Model
from lms_family_sessions.suggest.problem import (
    Problem,
    Stage,
    Suggestion,
    allowed,
    burdens,
    by_calendar,
    leximin,
    narrowed,
    possible,
)

Progress = Callable[[Stage, int, float], None]
"""Told the stage, how many levels of burden are settled, and seconds since the beginning."""


class _OutOfTimeError(Exception):
    """A stage was not proven in time."""


def solve(
    problem: Problem,
    seconds: float,
    *,
    workers: int = 1,
    seed: int = 0,
    progress: Progress | None = None,
    stop: threading.Event | None = None,
) -> Suggestion:
    """Return the fairest dates that are found in time.

    The stages: the heaviest burden of anybody as small as can be; as few people as can be who bear it; the heaviest
    one of the others, and so on to the last; then the shortest time between two sessions of a run as long as can be;
    then the first session as late as can be. Each is fixed before the next one begins. With one worker, the same seed
    gives the same dates unless time runs out. Dates by the order of the calendar are where it begins, so that it never
    answers with worse ones.

    Dates that are forbidden for somebody are looked at once it is proven that others do not suffice.
    """
    began, tell, ended = time.monotonic(), progress or (lambda *_: None), stop or threading.Event()
    kept = allowed(problem)
    if all(len(own) == len(one.candidates) for own, one in zip(kept, problem.sessions, strict=True)):
        return _Search(problem, seconds, workers, seed, tell, ended).run()
    found = _Search(narrowed(problem, kept), seconds, workers, seed, tell, ended).run()
    if found.chosen is not None:
        chosen = tuple(own[number] for own, number in zip(kept, found.chosen, strict=True))
        return msgspec.structs.replace(found, chosen=chosen)
    if found.status == "infeasible":
        assert problem.forbidden is not None  # and so nobody who has it hardest bears less than that
        left = seconds - (time.monotonic() - began)
        return _Search(problem, left, workers, seed, tell, ended, least=problem.forbidden).run()
    by_hand = by_calendar(problem)
    if by_hand is None or not possible(problem, by_hand):
        return found
    return Suggestion(status="feasible", chosen=by_hand, burdens=burdens(problem, by_hand))


class _Search:
    """The best dates so far, and what is settled; the heaviest burden is known to be at least `least`."""

    def __init__(
        self,
        problem: Problem,
        seconds: float,
        workers: int,
        seed: int,
        progress: Progress,
        stop: threading.Event,
        *,
        least: int = 0,
    ) -> None:
        self.problem = problem
        self.least = least
        self.began = time.monotonic()
        self.seconds = seconds
        self.workers, self.seed = workers, seed
        self.progress, self.stop = progress, stop
        self.stage: Stage = "dates"
        self.settled: list[tuple[int, int]] = []  # each level of burden, and how many people bear it
        self.best: int | None = None
        self.bound: int | None = None
        by_hand = by_calendar(problem)
        self.chosen = by_hand if by_hand and possible(problem, by_hand) else None

    def run(self) -> Suggestion:
        """Go through the stages."""
        try:
            if not all(session.candidates for session in self.problem.sessions):
                return Suggestion(status="infeasible")
            self.model = Model(self.problem)
            if self.chosen is None and self._solve(None) is None:
                return Suggestion(status="infeasible")
            self._fair()
            self.model.split(self.problem)
            self._even()
            self._late()
        except _OutOfTimeError:
            return self._answer("unknown" if self.chosen is None else "feasible")
        self.stage, self.best, self.bound = "done", None, None
        return self._answer("optimal")

    def _answer(self, status: Literal["optimal", "feasible", "unknown"]) -> Suggestion:
        found = burdens(self.problem, self.chosen) if self.chosen else ()
        levels = sum(1 for worst, _ in self.settled if worst)
        return Suggestion(
            status=status, chosen=self.chosen, stage=self.stage, levels=levels, best=self.best, bound=self.bound,
            burdens=found,
        )  # fmt: skip

    def _fair(self) -> None:
        """Settle the burdens, level by level."""
        model = self.model
        people = sum(group.size for group in self.problem.groups)
        while sum(many for _, many in self.settled) < people:
            self.stage = "others" if self.settled else "worst_off"
            most = self.settled[-1][0] - 1 if self.settled else max(burdens(self.problem, self._known()))
            top = model.model.new_int_var(0 if self.settled else self.least, most, "")
            model.above(top)
            worst = self._least(top)
            if worst == 0:
                self.settled.append((0, people))
                return
            self.stage = "others"  # among whom are those that bear no less
            self.settled.append((worst, self._least(model.settle(worst))))

    def _even(self) -> None:
        self.stage = "spacing"
        if self.model.steps:
            shortest = self.model.model.new_int_var(1, 1_000_000, "")
            for step in self.model.steps:
                self.model.model.add(shortest <= step)
            self._least(-shortest)

    def _late(self) -> None:
        self.stage = "notice"
        first = self.model.model.new_int_var(0, 1_000_000, "")
        for day in self.model.firsts:
            self.model.model.add(first <= day)
        self._least(-first)

    def _known(self) -> tuple[int, ...]:
        assert self.chosen is not None
        return self.chosen

    def _least(self, what: Any) -> int:
        """Make something as small as can be, and keep it so."""
        least = self._solve(what)
        assert least is not None
        self.model.model.add(what <= least)
        return least

    def _solve(self, what: Any) -> int | None:
        """Return how small something can be; None if nothing is possible. Raises _OutOfTimeError, the best kept."""
        self.best = self.bound = None
        elapsed = time.monotonic() - self.began
        self.progress(self.stage, len(self.settled), elapsed)
        if self.stop.is_set() or elapsed >= self.seconds:
            raise _OutOfTimeError
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = self.seconds - elapsed
        solver.parameters.num_workers = self.workers
        solver.parameters.random_seed = self.seed
        if what is not None:
            self.model.model.minimize(what)
        if self.chosen is not None:
            self.model.hint(self.chosen)
        over = threading.Event()
        watch = threading.Thread(target=self._watch, args=(solver, over), daemon=True)
        watch.start()
        status = solver.solve(self.model.model)
        over.set()
        watch.join()
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            self._take(solver)
            if what is not None:
                self.best, self.bound = round(solver.objective_value), round(solver.best_objective_bound)
        if status == cp_model.INFEASIBLE and self.chosen is None:
            return None
        if status != cp_model.OPTIMAL:
            raise _OutOfTimeError
        return self.best or 0

    def _take(self, solver: cp_model.CpSolver) -> None:
        """Keep the solver's dates unless those from before are fairer, which may be so where nothing is proven."""
        found = self.model.dates(solver)
        if self.chosen is None or leximin(self.problem, found) <= leximin(self.problem, self.chosen):
            self.chosen = found

    def _watch(self, solver: cp_model.CpSolver, over: threading.Event) -> None:
        while not over.wait(0.05):
            if self.stop.is_set():
                solver.stop_search()
                return
