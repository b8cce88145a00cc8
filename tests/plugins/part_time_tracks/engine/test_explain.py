"""Why there is no plan: nothing that is told is needless, and every way out leads out."""

from __future__ import annotations

import threading
from itertools import combinations

import pytest
from lms_part_time_tracks.engine.changes import Hours, LetGo, Longer, ShiftRun, Skip, changed
from lms_part_time_tracks.engine.checker import check
from lms_part_time_tracks.engine.demands import Demand
from lms_part_time_tracks.engine.explain import Explanation, explain, only
from lms_part_time_tracks.engine.problem import Assignment, Clash, Problem, Run, Wishes
from lms_part_time_tracks.engine.solve import solve
from msgspec.structs import replace

from tests.support.engineer import engineer, module
from tests.support.programmes import all_plans, programme, tiny


def told(problem: Problem) -> tuple[str, list[str]]:
    found = explain(problem, 30)
    holds_good(problem, found)
    return found.reason, [way.text for way in found.ways]


def holds_good(problem: Problem, found: Explanation) -> None:
    """Look whether a conflict is one, and minimal, and whether each way leads to a plan that keeps all rules."""
    assert found.status == "explained"
    demands = (*found.requests, *found.rules)
    assert solve(only(problem, demands), 30).status == "infeasible"
    for needless in demands:
        rest = only(problem, [one for one in demands if one != needless])
        plan = solve(rest, 30).plan
        assert plan is not None, needless
        assert check(rest, plan).broken == ()
    for way in found.ways:
        after = changed(problem, way.changes)
        assert way.answer.plan is not None
        assert check(after, way.answer.plan).broken == ()


def test_a_module_is_taught_in_winter_only_and_hours_are_few() -> None:
    problem = engineer(wishes=Wishes(wanted=("lasers",), done_by=1))
    assert told(problem) == (
        "The nearest plan needs 5 ECTS more in winter 2027/28 than your 12 h a week allow (control, lasers and optics "
        "take 18 h), because you want lasers and you want to be done by the end of summer 2028.",
        [
            "6 h a week more in winter 2027/28",
            "1 term more",
            "not this: you want to be done by the end of summer 2028",
            "not this: you want lasers",
        ],
    )


def test_a_term_off_in_the_only_term_that_serves() -> None:
    problem = changed(engineer(max_terms=3, wishes=Wishes(unwanted=("lasers",))), [Skip(1, counts=True)])
    assert told(problem) == (
        "These cannot all be: you do not study in summer 2028; the study ends with winter 2028/29 at the latest; "
        "sensors is taught only in summer 2028.",
        ["1 term more", "not this: you do not study in summer 2028"],
    )


def test_a_block_on_the_days_of_a_fair() -> None:
    optics = module("optics", runs=(Run(key="A", term=0, blocked="the fair in March"),))
    problem = replace(engineer(), modules=(optics,))
    assert told(problem) == (
        "These cannot all be: you cannot come to optics in winter 2027/28 (run A: the fair in March); optics is taught "
        "only in winter 2027/28.",
        ["not this: you cannot come to optics in winter 2027/28 (run A: the fair in March)"],
    )


def test_two_runs_at_the_same_time() -> None:
    runs = {key: (Run(key=f"{key}-1", name=name, term=1),) for key, name in (("optics", "A"), ("lasers", ""))}
    modules = tuple(module(key, runs=own) for key, own in runs.items())
    clash = Clash(key="c", modules=("optics", "lasers"), runs=("optics-1", "lasers-1"), on="12 March 2028 among others")
    problem = engineer(modules=modules, clashes=(clash,))
    meet = "optics and lasers meet at the same time in summer 2028 (run A and run lasers-1, 12 March 2028 among others)"
    assert told(problem) == (
        f"There is no plan, because {meet} and optics and lasers are taught only in summer 2028.", [f"not this: {meet}"],
    )  # fmt: skip
    assert changed(problem, [ShiftRun("lasers", "lasers-1", 2)]).clashes == ()


def test_three_runs_at_the_same_time_and_seats_in_two() -> None:
    keys = ("optics", "lasers", "control")
    modules = tuple(module(key, runs=(Run(key=key, term=1),)) for key in keys)
    clashes = tuple(
        Clash(key=f"{one}/{other}", modules=(one, other), runs=(one, other), on="12 March 2028")
        for one, other in combinations(keys, 2)
    )
    seats = tuple(Assignment(key, 1, key) for key in keys[:2])
    terms = tuple(replace(term, minutes=None) for term in engineer().terms)
    problem = engineer(modules=modules, clashes=clashes, terms=terms, fixed=seats)
    found = explain(problem, 30)
    holds_good(problem, found)
    [way] = [way for way in found.ways if way.kind == "let_go"]
    assert [change.demand.other for change in way.changes if isinstance(change, LetGo)] == [
        "optics/control", "lasers/control",
    ]  # fmt: skip


def test_no_attempt_is_left() -> None:
    problem = replace(engineer(), modules=(module("optics", 0, attempts=0),))
    assert told(problem) == ("There is no plan, because you have no attempt left in optics.", [])


def test_a_wish_against_what_is_required() -> None:
    assert told(engineer(wishes=Wishes(unwanted=("optics",)))) == (
        "This cannot be: you do not want optics.",
        ["not this: you do not want optics"],
    )


def test_the_ways_are_the_cheapest() -> None:
    problem = engineer(max_terms=1, fixed=(Assignment("control", 2),))
    assert [(way.changes, way.least) for way in explain(problem, 30).ways] == [((Longer(2),), True)]
    problem = engineer(wishes=Wishes(done_by=1, wanted=("lasers",)))
    assert [(way.changes, way.least) for way in explain(problem, 30).ways] == [
        ((Hours(1080, 0, 0),), True),
        ((Longer(1),), True),
        ((LetGo(Demand("done_by", 1)),), True),
        ((LetGo(Demand("wanted", module="lasers")),), True),
    ]


@pytest.mark.parametrize("seed", range(24))
def test_what_is_told_of_tiny_problems_holds_good(seed: int) -> None:
    problem = tiny(seed)
    found = explain(problem, 30)
    if next(all_plans(problem), None) is not None:
        assert found == Explanation(status="feasible")
    else:
        holds_good(problem, found)


@pytest.mark.parametrize("seed", range(3))
def test_a_whole_programme_with_too_few_hours(seed: int) -> None:
    problem = changed(programme(seed), [Hours(10 * 60, 0)])
    found = explain(problem, 60)
    holds_good(problem, found)
    assert found.ways[0].kind == "hours"


def test_without_time_nothing_is_claimed() -> None:
    stop = threading.Event()
    stop.set()
    assert explain(engineer(), stop=stop) == Explanation(status="unknown")
    assert explain(engineer(), 0) == Explanation(status="unknown")
