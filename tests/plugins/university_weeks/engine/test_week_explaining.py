"""Why a week cannot be: in names, few at a time, and true."""

from __future__ import annotations

import pytest
from lms_university_weeks.engine.counting import shortages
from lms_university_weeks.engine.explain import Explanation, explain
from lms_university_weeks.engine.problem import Problem, Room, Session
from lms_university_weeks.engine.requests import Request, without
from lms_university_weeks.engine.solve import solve
from msgspec.structs import replace

from tests.support.generated_weeks import spoilt, week
from tests.support.tiny_weeks import all_plans, tiny_week

ALWAYS = tuple(range(12))
PROBLEM = Problem(
    days=2, per_day=6, max_day=4, buses=1, group_size=(20, 20), group_names=("Reds", "Blues"),
    available=(ALWAYS, ALWAYS), lecturer_names=("Noether", "Curie"), day_names=("Monday", "Tuesday"),
    rooms=(Room(0, 30, ("lab",), (), "Lab"), Room(0, 50, (), (), "Aula"), Room(1, 99, ("off",), (), "Works")),
    sessions=(
        Session(id=1, length=1, groups=(0,), lecturers=(0,), gear="lab", name="Robots"),
        Session(id=2, length=2, groups=(0,), lecturers=(1,), size=20, kind="visit", rooms=(2,), name="Works"),
        Session(id=3, length=1, groups=(1,), lecturers=(0,), gear="lab", name="Lasers"),
    ),
)  # fmt: skip


def having(**fields: object) -> Problem:
    return replace(PROBLEM, **fields)


def session(i: int, **fields: object) -> Problem:
    return replace(PROBLEM, sessions=tuple(replace(s, **fields) if s.id == i else s for s in PROBLEM.sessions))


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (session(1, size=31), "No room is fit for “Robots”: it needs 31 seats and lab."),
        (having(available=((0, 2, 5), ())), "There are never 2 slots in a row where it may begin, with a room open and Curie and Reds can, for “Works”."),
        (having(available=((0,), ALWAYS)), "Noether needs 2 slots for “Robots” and “Lasers”, and can be there for 1 at most."),
        (having(max_day=1, unavailable_groups=((6, 7, 8, 9, 10), ()), available=(ALWAYS, ALWAYS)), "Reds needs 3 slots for “Robots” and “Works”, and can be there for 1 at most."),
        (having(rooms=(Room(0, 30, ("lab",), ALWAYS[1:], "Lab"), *PROBLEM.rooms[1:])), "“Robots” and “Lasers” need 2 slots in Lab, and there are 1 in which they could take place."),
        (having(buses=0), "“Works” needs 20 seats in the buses, and there are 0."),
        (having(before=((1, 2), (2, 3), (3, 1))), "These cannot follow one another in time: “Robots”, then “Works”, then “Lasers”, then “Robots”."),
    ],
)  # fmt: skip
def test_shortages_are_counted_and_told_in_names(problem: Problem, sentence: str) -> None:
    assert sentence in shortages(problem)


@pytest.mark.parametrize("seed", range(60))
def test_a_shortage_is_only_told_where_there_is_no_plan(seed: int) -> None:
    problem = tiny_week(seed)
    if next(all_plans(problem), None):
        assert shortages(problem) == []


def test_a_clash_for_want_of_time_is_told_person_by_person() -> None:
    """Noether has slots 2 and 3 of Monday, Curie 1 and 2; in slot 3 the visit would still be in the way."""
    problem = having(available=((1, 2), (0, 1)), sessions=(replace(PROBLEM.sessions[0], length=2), PROBLEM.sessions[1]))
    found = explain(problem, 30, workers=1)
    assert found.reason == (
        "Noether is not available on Monday in slots 1, 4, 5 and 6; on Tuesday",
        "Curie is not available on Tuesday",
    )
    assert found.minimal
    assert found.drop is not None
    assert len(found.drop) == 1
    assert solve(without(problem, found.drop), 10, workers=1).sessions


@pytest.mark.parametrize("seed", range(80))
def test_of_tiny_weeks_the_fewest_are_dropped_and_each_conflict_is_one(seed: int) -> None:
    problem = tiny_week(seed)
    found = explain(problem, 60, workers=1)
    if next(all_plans(problem), None):
        assert found == Explanation("feasible")
        return
    if found.status == "impossible":
        return
    assert found.status == "explained"
    assert found.drop
    assert found.minimal
    assert next(all_plans(without(problem, found.drop)), None)
    fewer: tuple[Request, ...] = found.drop[1:]
    assert not next(all_plans(without(problem, fewer)), None)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("size", ["small", "medium"])
def test_what_spoilt_a_week_is_found(size: str, seed: int) -> None:
    problem, cause = spoilt(size, seed)  # type: ignore[arg-type]
    told: list[Explanation] = []
    found = explain(problem, 20, workers=1, progress=told.append)
    named = {(r.what, r.number) for explanation in (*told, found) for r in explanation.conflict}
    assert found.status == "explained"
    assert cause.what in {what for what, _ in named}
    assert not cause.numbers or cause.numbers & {number for what, number in named if what == cause.what}
    assert told[0].minimal


def test_a_week_that_can_be_needs_no_explanation() -> None:
    assert explain(week("small", 4)[0], 60, workers=1) == Explanation("feasible")


def test_that_nothing_helps_is_said() -> None:
    crowd = tuple(Session(id=i, length=1, groups=(0,)) for i in range(9))
    found = explain(having(sessions=crowd), 30, workers=1)
    assert found.status == "impossible"
    assert found.shortages == () or "Reds needs 9 slots" in found.shortages[0]
