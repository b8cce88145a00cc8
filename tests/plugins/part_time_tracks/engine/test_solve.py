"""Plans against all that are possible, and against a checker that shares nothing with what made them."""

from __future__ import annotations

import threading

import pytest
from lms_part_time_tracks.engine.checker import check
from lms_part_time_tracks.engine.solve import solve

from tests.support.programmes import all_plans, programme, tiny


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


def test_a_search_that_is_ended_says_what_is_not_proven() -> None:
    stop = threading.Event()
    found = solve(programme(0), 60, stop=stop, progress=lambda reached: stop.set() if reached.level == "peak" else None)
    assert found.status == "feasible"
    assert found.plan is not None
    assert check(programme(0), found.plan).broken == ()
    assert [one.bound is None for one in found.levels] == [False, False, True, True, True, True]


def test_without_time_nothing_is_claimed() -> None:
    assert solve(programme(0), 0).status == "unknown"
