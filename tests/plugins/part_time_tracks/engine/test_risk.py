"""When one is done if exams can be failed, against every way it can go."""

from __future__ import annotations

from itertools import product
from random import Random

import pytest
from lms_part_time_tracks.engine.checker import check
from lms_part_time_tracks.engine.problem import Assignment, Problem
from lms_part_time_tracks.engine.risk import Chance, Delay, Life, forecast
from lms_part_time_tracks.engine.solve import solve
from msgspec.structs import replace

from tests.support.engineer import engineer
from tests.support.programmes import programme

PLAN = tuple(Assignment(key, term) for key, term in (("control", 0), ("optics", 0), ("materials", 1), ("sensors", 1)))


def often(problem: Problem, attempts: int) -> Problem:
    return replace(problem, modules=tuple(replace(one, attempts=attempts) for one in problem.modules))


def all_lives(problem: Problem, chances: dict[str, Chance], attempts: int) -> dict[int | None, float]:
    """Return how likely each end is, from every way it can go."""
    life, keys = Life(problem, PLAN, chances), sorted(chances)
    found: dict[int | None, float] = {}
    for fails in product(range(attempts + 1), repeat=len(keys)):  # so often each is failed
        so_often = dict(zip(keys, fails, strict=True))
        likely = 1.0
        for key, many in so_often.items():
            passes = chances[key].passes
            likely *= (1 - passes) ** many * (passes if many < attempts else 1)
        end = life.end(lambda key, attempt, so_often=so_often: attempt >= so_often.get(key, 0))  # type: ignore[misc]
        found[end] = found.get(end, 0.0) + likely
    return found


@pytest.mark.parametrize("seed", range(6))
def test_shares_are_those_of_all_lives(seed: int) -> None:
    rng = Random(seed)
    problem = often(engineer(), 3)
    chances = {
        one.module: Chance(
            passes=rng.uniform(0.5, 1), any_term=rng.random() < 0.5, minutes=rng.choice((None, 2000)),
            within=rng.choice((None, 2)),
        )
        for one in PLAN
    }  # fmt: skip
    exact = all_lives(problem, chances, 3)
    found = forecast(problem, PLAN, chances, samples=4000, seed=seed)
    assert sum(exact.values()) == pytest.approx(1)
    for done in found.done:
        share = sum(likely for end, likely in exact.items() if end is not None and end <= done.term)
        assert abs(done.share - share) < 4 * done.error
    for level, term in ((0.5, found.p50), (0.8, found.p80), (0.95, found.p95)):
        by = [sum(likely for end, likely in exact.items() if end is not None and end <= n) for n in range(20)]
        if min(abs(share - level) for share in by) > 4 * max(done.error for done in found.done):  # no question of luck
            assert term == next((n for n, share in enumerate(by) if share >= level), None)


def test_who_fails_nothing_is_done_as_planned() -> None:
    found = forecast(engineer(), PLAN, {}, samples=10)
    assert (found.p50, found.p80, found.p95, [(one.term, one.share) for one in found.done]) == (1, 1, 1, [(1, 1.0)])
    assert found.delays == ()


def test_what_a_failed_module_costs() -> None:
    chances = {key: Chance(passes=0.8) for key in ("optics", "control", "sensors")}
    found = forecast(often(engineer(), 2), PLAN, chances, samples=50)
    assert [(one.module, one.terms) for one in found.delays] == [("optics", 2), ("sensors", 2), ("control", 1)]
    assert forecast(engineer(), PLAN, {"optics": Chance(passes=0.8)}, samples=50).delays == (
        Delay("optics", None, pytest.approx(0.2)),
    )


def test_an_exam_that_is_repeated_in_any_term_costs_less() -> None:
    chance = Chance(passes=0.8, any_term=True, minutes=0)
    assert [one.terms for one in forecast(often(engineer(), 2), PLAN, {"optics": chance}, samples=50).delays] == [2]
    assert [one.terms for one in forecast(often(engineer(), 2), PLAN, {"sensors": chance}, samples=50).delays] == [1]
    late = replace(chance, any_term=False, within=1)
    assert [one.terms for one in forecast(often(engineer(), 2), PLAN, {"sensors": late}, samples=50).delays] == [None]


def test_the_same_seed_gives_the_same_and_a_whole_programme_ends_as_planned_at_the_earliest() -> None:
    problem = often(programme(0), 3)
    plan = solve(problem, 60).plan or ()
    chances = {one.module: Chance(passes=0.85) for one in plan}
    found = forecast(problem, plan, chances, samples=300, seed=5)
    assert found == forecast(problem, plan, chances, samples=300, seed=5)
    assert found.done[0].term >= check(problem, plan).values["finish"]
    assert forecast(problem, plan, {}, samples=3).p95 == check(problem, plan).values["finish"]


def test_a_thesis_waits_for_what_it_needs() -> None:
    modules = tuple(replace(one, after_ects=1500) if one.key == "sensors" else one for one in engineer().modules)
    problem, plan = often(engineer(modules=modules), 2), (*PLAN[:3], Assignment("sensors", 3))
    chances = {key: Chance(passes=0.8) for key in ("control", "materials")}
    assert [(one.module, one.terms) for one in forecast(problem, plan, chances, samples=5).delays] == [
        ("control", 0), ("materials", 0),
    ]  # fmt: skip
    late = replace(
        problem,
        modules=tuple(replace(one, offered=(1, 3)) if one.key == "materials" else one for one in problem.modules),
    )
    assert [one.terms for one in forecast(late, plan, {"materials": Chance(passes=0.8)}, samples=5).delays] == [2]
