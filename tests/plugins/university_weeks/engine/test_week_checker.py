"""The checker: it lets a good plan pass, and notices each rule that is broken."""

from __future__ import annotations

from typing import Any

import pytest
from lms_university_weeks.engine.checker import verdict
from lms_university_weeks.engine.plan import Placed, parts_of
from lms_university_weeks.engine.problem import BurdenClass, Problem, Room, Session
from msgspec.structs import replace

from tests.support.generated_weeks import week

TALK = Session(id=1, length=1, groups=(0,), lecturers=(0,), gear="lab", size=20, rooms=(0, 1))
OTHER = Session(id=2, length=1, groups=(1,), alternatives=(0, 1), size=20)
VISIT = Session(id=3, length=2, groups=(0,), kind="visit", size=20, rooms=(2,))
SOCIAL = Session(id=4, length=1, groups=(0, 1), kind="social", size=40, rooms=(1,))
PROBLEM = Problem(
    days=2, per_day=6,
    rooms=(Room(0, 30, ("lab",), (2,)), Room(0, 50), Room(1, 99), Room(0, 10, ("lab",))),
    sessions=(TALK, OTHER, VISIT, SOCIAL),
    group_size=(20, 20), available=(tuple(range(12)), tuple(range(6))), unavailable_groups=((9,), ()),
    classes=(BurdenClass(0, "parent", 6), BurdenClass(0, "carer", 3), BurdenClass(0, "none", 11), BurdenClass(1, "parent", 5)),
    buses=1, childcare=4, max_day=4, before=((1, 3),), disliked=((0,), ()),
)  # fmt: skip
GOOD = {1: Placed(1, 0, 0), 2: Placed(2, 1, 1, 1), 3: Placed(3, 6, 2), 4: Placed(4, 11, 1)}


def broken(problem: Problem = PROBLEM, **changes: Placed | None) -> set[str]:
    plan = {**GOOD, **{int(name[1:]): place for name, place in changes.items()}}
    return {violation.rule for violation in verdict(problem, [place for place in plan.values() if place]).violations}


def test_a_good_plan_breaks_nothing_and_costs_what_its_parts_cost() -> None:
    plan = list(GOOD.values())
    judged = verdict(PROBLEM, plan)
    assert judged.violations == ()
    parts = {part.what: (part.cost, part.people) for part in parts_of(PROBLEM, plan)}
    assert parts == {
        "parents_late": (3 * 11, 11),  # both groups on the last evening
        "carers_late": (3 * 3, None),  # three people: not told
        "childcare": (2 * (2 + 1 + 2 + 2 + 7), 7),  # the talk, the other, the visit's two slots, the evening
        "gaps": (20 * 3, 20),  # group 0 waits from the visit to the evening
        "disliked": (5, None),
    }
    assert judged.cost == sum(cost for cost, _ in parts.values())


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("missing", {"s2": None}),
        ("exists", {"s2": Placed(2, 12, 1, 1)}),
        ("exists", {"s2": Placed(2, 1, 4, 1)}),
        ("day", {"s3": Placed(3, 5, 2)}),
        ("evening", {"s2": Placed(2, 5, 1, 1)}),
        ("starts", {"s3": Placed(3, 7, 2)}),
        ("starts", {"s4": Placed(4, 10, 1)}),
        ("room", {"s1": Placed(1, 0, 3)}),
        ("capacity", {"s2": Placed(2, 1, 3, 1)}),
        ("equipment", {"s1": Placed(1, 0, 1)}),
        ("closed", {"s1": Placed(1, 2, 0)}),
        ("alternatives", {"s2": Placed(2, 1, 1)}),
        ("alternatives", {"s1": Placed(1, 0, 0, 0)}),
        ("available", {"s2": Placed(2, 7, 1, 1)}),
        ("unavailable_group", {"s1": Placed(1, 9, 0)}),
        ("room_clash", {"s2": Placed(2, 0, 0, 1)}),
        ("lecturer_clash", {"s2": Placed(2, 0, 1, 0)}),
        ("group_clash", {"s1": Placed(1, 6, 0)}),
        ("group_travel", {"s1": Placed(1, 8, 0)}),
        ("before", {"s1": Placed(1, 10, 0)}),
    ],
)
def test_each_broken_rule_is_noticed(rule: str, changes: dict[str, Placed | None]) -> None:
    assert rule in broken(**changes)


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("buses", {"buses": 0}),
        ("group_day", {"max_day": 2}),
        ("lecturer_day", {"max_per_day": (0, None)}),
        ("now", {"now": 1}),
        ("lecturer_travel", {"travel": ((0, 0, 1),), "sessions": (TALK, replace(OTHER, alternatives=(), lecturers=(0,)), VISIT, SOCIAL)}),
        ("pinned", {"sessions": (replace(TALK, pinned=(1, 0)), OTHER, VISIT, SOCIAL)}),
        ("starts", {"sessions": (replace(TALK, starts=(1,)), OTHER, VISIT, SOCIAL)}),
    ],
)  # fmt: skip
def test_rules_of_the_week_are_noticed(rule: str, fields: dict[str, Any]) -> None:
    plan = [replace(place, lecturer=None) if rule == "lecturer_travel" else place for place in GOOD.values()]
    assert rule in {violation.rule for violation in verdict(replace(PROBLEM, **fields), plan).violations}


def test_a_session_planned_twice_or_unknown_is_noticed() -> None:
    assert [v.rule for v in verdict(PROBLEM, [*GOOD.values(), GOOD[1], Placed(9, 0, 0)]).violations] == ["once", "once"]


def test_what_is_optional_may_stay_out_at_its_price() -> None:
    problem = replace(PROBLEM, sessions=(replace(TALK, optional=True, weight=70), OTHER, VISIT, SOCIAL))
    without = [place for number, place in GOOD.items() if number != 1]
    judged = verdict(problem, without)
    assert judged.violations == ()
    assert judged.cost == verdict(PROBLEM, list(GOOD.values())).cost + 70 - 2 * 2 - 5


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("size", ["small", "medium"])
def test_weeks_out_of_a_seed_have_a_plan(size: str, seed: int) -> None:
    problem, planted = week(size, seed)  # type: ignore[arg-type]
    judged = verdict(problem, planted)
    assert judged.violations == ()
    assert judged.cost == sum(part.cost for part in parts_of(problem, planted))
