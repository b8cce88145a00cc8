"""Plans against all that are possible, and against a checker that shares nothing with what made them."""

from __future__ import annotations

import threading
from random import Random

import pytest
from lms_part_time_tracks.engine.checker import check
from lms_part_time_tracks.engine.problem import Assignment
from lms_part_time_tracks.engine.solve import latest, solve
from msgspec.structs import replace

from tests.support.engineer import engineer
from tests.support.programmes import all_plans, clashing, programme, tiny


@pytest.mark.parametrize("seed", range(24))
def test_nothing_is_better_and_nothing_possible_is_missed(seed: int) -> None:
    problem = tiny(seed)
    best = min(all_plans(problem), default=None)
    found = solve(problem)
    if best is None:
        assert (found.status, found.plan) == ("infeasible", None)
        return
    assert found.plan is not None
    assert check(problem, found.plan).broken == ()
    assert [one.level for one in found.levels] == list(problem.levels)
    assert (found.status, tuple(one.value for one in found.levels)) == ("optimal", best[0])
    assert all(one.optimal for one in found.levels)


@pytest.mark.parametrize("seed", range(4))
def test_a_whole_programme_is_planned_and_proven(seed: int) -> None:
    problem = programme(seed)
    found = solve(problem, 60)
    assert found.plan is not None
    assert (found.status, check(problem, found.plan).broken) == ("optimal", ())
    assert [one.value for one in found.levels] == [check(problem, found.plan).values[one] for one in problem.levels]


@pytest.mark.parametrize("seed", range(4))
def test_runs_that_meet_are_not_planned_together(seed: int) -> None:
    problem = clashing(programme(seed), Random(seed), 0.5)
    found = solve(problem, 60)
    assert found.plan is not None
    assert (found.status, check(problem, found.plan).broken) == ("optimal", ())
    free = solve(programme(seed), 60)
    assert [one.value for one in free.levels] <= [one.value for one in found.levels]


def test_a_search_that_is_ended_says_what_is_not_proven() -> None:
    stop = threading.Event()
    found = solve(programme(0), 60, stop=stop, progress=lambda reached: stop.set() if reached.level == "peak" else None)
    assert found.status == "feasible"
    assert found.plan is not None
    assert check(programme(0), found.plan).broken == ()
    assert [one.bound is None for one in found.levels] == [False, False, True, True, True, True]


def test_how_late_each_module_can_be() -> None:
    plan = solve(engineer()).plan or ()
    assert latest(engineer(), plan) == {"control": 1, "optics": 0, "materials": 1, "sensors": 1}
    longer = tuple(Assignment(one.module, 3 if one.module == "sensors" else one.term) for one in plan)
    assert latest(engineer(), longer) == {"control": 3, "optics": 2, "materials": 3, "sensors": 3}
    assert latest(engineer(), plan, 0) == {}
    # of what is fixed, each makes way for itself alone
    seated = replace(engineer(), fixed=tuple(one for one in longer if one.term == 0))
    assert seated.fixed == (Assignment("control", 0), Assignment("optics", 0))
    assert latest(seated, longer) == {"control": 3, "optics": 2, "materials": 3, "sensors": 3}
    assert latest(replace(seated, fixed=plan), plan) == {"control": 0, "optics": 0, "materials": 1, "sensors": 1}


@pytest.mark.parametrize("seed", [1, 4, 7, 10, 16, 21])
def test_no_plan_has_a_module_later_without_a_later_end(seed: int) -> None:
    problem = replace(tiny(seed), levels=("finish",))
    plans = list(all_plans(problem))
    plan = solve(problem).plan
    assert (plan is None) == (not plans)
    if plan:
        [finish] = min(values for values, _ in plans)
        assert latest(problem, plan) == {
            one.module: max(
                other.term
                for values, able in plans
                if values == (finish,)
                for other in able
                if other.module == one.module
            )
            for one in plan
            if one.term >= problem.now
        }


def test_without_time_nothing_is_claimed() -> None:
    assert solve(programme(0), 0).status == "unknown"
