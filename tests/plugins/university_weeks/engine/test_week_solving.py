"""Plans of the solver: they break no rule, cost what they say, and are the best where that is said."""

from __future__ import annotations

import threading
import time

import pytest
from lms_university_weeks.engine.checker import verdict
from lms_university_weeks.engine.local import search_locally
from lms_university_weeks.engine.solve import solve
from msgspec.structs import replace

from tests.support.generated_weeks import week
from tests.support.tiny_weeks import all_plans, tiny_week


@pytest.mark.parametrize("seed", range(40))
def test_no_plan_of_a_tiny_week_is_better_than_the_solvers(seed: int) -> None:
    problem = tiny_week(seed)
    least = min((cost for cost, _ in all_plans(problem)), default=None)
    plan = solve(problem, 30, workers=1)
    if least is None:
        assert (plan.status, plan.sessions) == ("infeasible", ())
    else:
        assert (plan.status, plan.cost, plan.bound) == ("optimal", least, least)
        assert verdict(problem, plan.sessions) == verdict(problem, plan.sessions)
        assert verdict(problem, plan.sessions).violations == ()
        assert verdict(problem, plan.sessions).cost == least


@pytest.mark.parametrize("seed", range(5))
def test_a_small_week_is_planned_best(seed: int) -> None:
    problem, planted = week("small", seed)
    plan = solve(problem, 60, workers=1)
    judged = verdict(problem, plan.sessions)
    assert judged.violations == ()
    assert (plan.status, plan.cost, plan.bound) == ("optimal", judged.cost, judged.cost)
    assert judged.cost <= verdict(problem, planted).cost


def test_the_same_seed_gives_the_same_plan() -> None:
    problem, _ = week("small", 4)
    one, other = (solve(problem, 600, workers=1, seed=3, effort=0.1) for _ in range(2))
    assert one.sessions
    assert one == other


def test_local_search_yields_ever_better_plans_that_break_no_rule() -> None:
    problem, planted = week("medium", 4)
    found = list(search_locally(problem, 1000, seed=0))
    assert [cost for cost, _ in found] == sorted((cost for cost, _ in found), reverse=True)
    for cost, placed in found:
        judged = verdict(problem, placed)
        assert (judged.violations, judged.cost) == ((), cost)
    assert found[-1][0] < verdict(problem, planted).cost


@pytest.mark.parametrize("seed", [seed for seed in range(40) if seed % 4 == 0])
def test_local_search_counts_as_the_checker_does_on_tiny_weeks(seed: int) -> None:
    problem = tiny_week(seed)
    least = min((cost for cost, _ in all_plans(problem)), default=None)
    costs = [cost for cost, placed in search_locally(problem, 1000) if not verdict(problem, placed).violations]
    assert (costs[-1] if costs else None) == least


def test_progress_is_told_and_can_end_the_search() -> None:
    problem, _ = week("medium", 2)
    told: list[tuple[int | None, int | None]] = []

    def enough(best: int | None, bound: int | None, _: float) -> bool:
        told.append((best, bound))
        return best is not None

    began = time.monotonic()
    plan = solve(problem, 250, workers=1, progress=enough)
    assert plan.status == "feasible"
    assert verdict(problem, plan.sessions).violations == ()
    assert told[-1][0] is not None
    assert time.monotonic() - began < 200


def test_to_stop_gives_the_best_plan_so_far() -> None:
    problem, planted = week("medium", 2)
    stop = threading.Event()
    threading.Timer(1, stop.set).start()
    plan = solve(problem, 250, workers=1, hint=planted, stop=stop)
    assert plan.status == "feasible"
    assert plan.cost is not None
    assert plan.cost <= verdict(problem, planted).cost


def test_pinned_sessions_stay_and_nothing_else_is_in_the_past() -> None:
    problem, planted = week("small", 3)
    place = min(planted, key=lambda place: place.start)
    sessions = tuple(
        replace(session, pinned=(place.start, place.room)) if session.id == place.id else session
        for session in problem.sessions
    )
    later = replace(problem, sessions=sessions, now=place.start + 1)
    plan = solve(later, 30, workers=1)
    assert verdict(later, plan.sessions).violations == ()
    assert place in plan.sessions
