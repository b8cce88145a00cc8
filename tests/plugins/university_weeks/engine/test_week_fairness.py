"""Fair plans: nobody bears more than must be, and who bears what is counted as the text says."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from lms_university_weeks.engine.burden import Burdens, burdens_of, said
from lms_university_weeks.engine.checker import verdict
from lms_university_weeks.engine.plan import Placed
from lms_university_weeks.engine.problem import BurdenClass, Problem, Room, Session
from lms_university_weeks.engine.solve import solve

from tests.support.generated_weeks import week
from tests.support.tiny_weeks import all_plans, tiny_week


def day(**changes: object) -> Problem:
    """Return two days of six slots for a group of parents, carers and others, and for a group of no class."""
    sessions = (Session(id=1, length=2, groups=(0, 1)), Session(id=2, length=1, groups=(0,)))
    values: dict[str, object] = {
        "days": 2, "per_day": 6, "rooms": (Room(0, 100), Room(0, 100)), "sessions": sessions, "group_size": (30, 20),
        "classes": (BurdenClass(0, "parent", 8), BurdenClass(0, "carer", 6), BurdenClass(0, "none", 16)),
        "childcare": 10,
    }  # fmt: skip
    return Problem(**(values | changes))


def test_who_bears_what_is_told_per_profile() -> None:
    plan = (Placed(1, 0, 0), Placed(2, 5, 0))  # slots 0, 1 and 5: three of waiting; the last is late for both
    means = {"parent": 6.0, "carer": 6.0, "none": 1.33}
    assert burdens_of(day(), plan) == Burdens(6, 14, 6, means)


def test_a_slot_with_too_few_places_is_borne_by_each_parent() -> None:
    plan = (Placed(1, 0, 0), Placed(2, 2, 0))
    assert burdens_of(day(), plan).means["parent"] == 0.0
    assert burdens_of(day(childcare=7), plan).means["parent"] == 6.0


def test_of_few_people_nothing_is_told() -> None:
    few = day(classes=(BurdenClass(0, "parent", 4), BurdenClass(0, "none", 26)))
    told = burdens_of(few, (Placed(1, 3, 0), Placed(2, 5, 0)))
    assert (told.worst, told.people, told.means) == (6, None, {"none": 0.0})
    assert (
        said(told, fairest=True)
        == "6 for whoever bears most, and in no plan less; 6 for 95 of 100; on average: others 0"
    )
    nobody = day(group_size=(4,), classes=(), sessions=(Session(id=2, length=1, groups=(0,)),))
    assert said(burdens_of(nobody, (Placed(2, 0, 0),)), fairest=False) == "few people"


def bears_most(problem: Problem, plan: Sequence[Placed]) -> int:
    """Count for each class what it bears, slot by slot."""
    there = {place.id: place.start for place in plan}
    busy = [
        [any(group in s.groups and s.id in there and 0 <= slot - there[s.id] < s.length for s in problem.sessions)
         for slot in range(problem.slots)]
        for group in range(len(problem.group_size))
    ]  # fmt: skip
    worst = 0
    for group, profile, people in ((one.group, one.profile, one.people) for one in problem.classes):
        assert people
        bears = 0
        for slot in range(problem.slots):
            place = slot % problem.per_day
            today = busy[group][slot - place : slot - place + problem.per_day]
            bears += not busy[group][slot] and any(today[:place]) and any(today[place:])
            if busy[group][slot]:
                first = {"parent": problem.per_day * 2 // 3, "carer": problem.per_day - 1, "none": problem.per_day}
                bears += 3 * (place >= first[profile])
                parents = sum(
                    one.people for one in problem.classes if one.profile == "parent" and busy[one.group][slot]
                )
                bears += 2 * (profile == "parent" and parents > problem.childcare)
        worst = max(worst, bears)
    return worst


def test_a_place_too_few_weighs_for_each_parent_though_it_costs_little() -> None:
    classes = (BurdenClass(0, "parent", 8), BurdenClass(1, "parent", 8))
    sessions = (
        Session(id=1, length=1, groups=(0,), starts=(0,)),
        Session(id=2, length=1, groups=(1,), starts=(0, 1), slot_costs={1: 5}),
    )
    problem = day(classes=classes, sessions=sessions, childcare=15)
    cheap, fair = solve(problem, 30, workers=1), solve(problem, 30, workers=1, fair=True)
    assert (cheap.cost, burdens_of(problem, cheap.sessions).worst) == (2, 2)
    assert (fair.cost, fair.cheapest, burdens_of(problem, fair.sessions).worst) == (5, 2, 0)


@pytest.mark.parametrize("seed", range(40))
def test_no_plan_of_a_tiny_week_is_fairer_and_none_as_fair_is_cheaper(seed: int) -> None:
    problem = tiny_week(seed)
    least = min(((bears_most(problem, placed), cost) for cost, placed in all_plans(problem)), default=None)
    plan = solve(problem, 30, workers=1, fair=True)
    if least is None:
        assert plan.status == "infeasible"
    else:
        assert (burdens_of(problem, plan.sessions).worst, plan.cost) == least
        assert (plan.status, plan.bound, plan.fairest) == ("optimal", plan.cost, True)
        assert verdict(problem, plan.sessions).violations == ()


def test_what_fairness_costs_is_told() -> None:
    problem, _ = week("small", 4)
    fair, cheap = solve(problem, 60, workers=1, fair=True), solve(problem, 60, workers=1)
    assert verdict(problem, fair.sessions).violations == ()
    assert fair.cheapest is not None
    assert fair.cost is not None
    assert cheap.cost is not None
    assert cheap.cost <= fair.cheapest <= fair.cost
    worst = [burdens_of(problem, plan.sessions).worst for plan in (fair, cheap)]
    assert worst == [bears_most(problem, plan.sessions) for plan in (fair, cheap)]
    assert worst[0] < worst[1]
    assert (cheap.fairest, cheap.cheapest) == (False, None)
