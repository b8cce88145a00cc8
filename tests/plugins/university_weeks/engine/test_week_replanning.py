"""Plans after a change: as few sessions move as possible."""

from __future__ import annotations

import pytest
from lms_university_weeks.engine.change import Change, apply
from lms_university_weeks.engine.checker import verdict
from lms_university_weeks.engine.plan import Placed
from lms_university_weeks.engine.problem import BadProblemError, Problem, Room, Session
from lms_university_weeks.engine.replan import Replanned, replan
from msgspec.structs import replace

from tests.support.generated_weeks import week
from tests.support.tiny_weeks import all_plans, tiny_week

DAY = tuple(range(4))


def moved(published: list[Placed], plan: list[Placed]) -> int:
    was, now = {p.id: p for p in published}, {p.id: p for p in plan}
    return sum(was.get(number) != now.get(number) for number in {*was, *now})


@pytest.mark.parametrize("seed", range(60))
def test_nothing_changes_less_in_a_tiny_week_and_nothing_so_little_is_better(seed: int) -> None:
    problem = tiny_week(seed)
    plans = sorted(all_plans(problem), key=lambda plan: plan[0])
    if not plans:
        return
    published = plans[len(plans) // 2][1]
    change = Change(lecturers=((0, DAY),), rooms=((1, (5,)),), now=seed % 3)
    changed = apply(problem, published, change)
    expected = min(((moved(published, plan), cost) for cost, plan in all_plans(changed)), default=None)
    found = replan(problem, published, change, 30, workers=1)
    if expected is None:
        assert found == Replanned("infeasible")
        return
    plan = found.alternatives[0].plan
    assert (found.status, found.changes, found.fewest) == ("feasible", expected[0], True)
    assert (moved(published, list(plan.sessions)), plan.cost) == expected
    assert verdict(changed, plan.sessions).violations == ()
    assert len(found.alternatives[0].differences) == expected[0]


HALLS = Problem(
    days=1, per_day=5, group_size=(20, 20), available=(DAY, DAY),
    rooms=(Room(0, 30, (), (), "Aula"), Room(0, 30, (), (), "Lab")),
    sessions=(
        Session(id=1, length=1, groups=(0,), lecturers=(0,), name="Robots"),
        Session(id=2, length=1, groups=(1,), lecturers=(1,), name="Lasers"),
    ),
    day_names=("Monday",),
)  # fmt: skip
PUBLISHED = [Placed(1, 0, 0), Placed(2, 1, 0)]


def test_a_closed_room_moves_its_sessions_and_their_times_stay() -> None:
    found = replan(HALLS, PUBLISHED, Change(rooms=((0, DAY),)), 10, workers=1)
    assert [d.text for d in found.alternatives[0].differences] == [
        "“Robots” moves to Lab; its time stays Monday, slot 1",
        "“Lasers” moves to Lab; its time stays Monday, slot 2",
    ]


def test_what_is_cancelled_is_told_and_not_counted() -> None:
    found = replan(HALLS, PUBLISHED, Change(cancel=(2,)), 10, workers=1)
    assert (found.changes, found.fewest) == (0, True)
    assert [(d.what, d.text) for d in found.alternatives[0].differences] == [
        ("cancelled", "“Lasers” is cancelled; it was Monday, slot 2, Aula")
    ]


def test_a_late_train_moves_what_its_group_misses() -> None:
    found = replan(HALLS, PUBLISHED, Change(groups=((1, (0, 1, 2)),)), 10, workers=1)
    assert [d.text for d in found.alternatives[0].differences] == [
        "“Lasers” moves from Monday, slot 2, Aula to Monday, slot 4, Aula"
    ] or found.alternatives[0].differences[0].after == Placed(2, 3, 1)


def test_what_is_past_stays_whoever_is_away_then() -> None:
    found = replan(HALLS, PUBLISHED, Change(lecturers=((0, DAY), (1, (0, 1))), now=1), 10, workers=1)
    assert [(d.id, d.before) for d in found.alternatives[0].differences] == [(2, Placed(2, 1, 0))]


def test_alternatives_differ_in_where_the_moved_sessions_go() -> None:
    found = replan(HALLS, PUBLISHED, Change(lecturers=((1, (1,)),)), 20, alternatives=3, workers=1)
    starts = [next(p.start for p in a.plan.sessions if p.id == 2) for a in found.alternatives]
    assert sorted(starts) == [0, 2, 3]
    assert {len(a.differences) for a in found.alternatives} == {1}


@pytest.mark.parametrize("size", ["small", "medium"])
def test_a_week_after_a_lecturer_is_ill_for_a_day(size: str) -> None:
    problem, planted = week(size, 1)  # type: ignore[arg-type]
    session = next(session for session in problem.sessions if session.lecturers)
    day = next(place.start for place in planted if place.id == session.id) // problem.per_day
    away = tuple(range(day * problem.per_day, (day + 1) * problem.per_day))
    change = Change(lecturers=((session.lecturers[0], away),))
    found = replan(problem, planted, change, 30, workers=1)
    changed = apply(problem, planted, change)
    assert found.changes == len(found.alternatives[0].differences) >= 1
    assert verdict(changed, found.alternatives[0].plan.sessions).violations == ()


@pytest.mark.parametrize(
    ("change", "published", "where"),
    [
        (Change(cancel=(9,)), PUBLISHED, "change.cancel[0]"),
        (Change(lecturers=((2, ()),)), PUBLISHED, "change.lecturers[0][0]"),
        (Change(rooms=((2, ()),)), PUBLISHED, "change.rooms[0][0]"),
        (Change(groups=((2, ()),)), PUBLISHED, "change.groups[0][0]"),
        (Change(), [Placed(9, 0, 0)], "published[0].id"),
        (Change(), [Placed(1, 5, 0)], "published[0].start"),
        (Change(), [Placed(1, 0, 2)], "published[0].room"),
    ],
)
def test_a_change_of_what_is_not_there_is_told(change: Change, published: list[Placed], where: str) -> None:
    with pytest.raises(BadProblemError) as caught:
        apply(HALLS, published, change)
    assert [fault.where for fault in caught.value.faults] == [where]


def test_new_sessions_are_added_and_count_as_no_change() -> None:
    more = replace(HALLS, sessions=(*HALLS.sessions, Session(id=3, length=1, groups=(0,), lecturers=(1,), name="Glue")))
    found = replan(more, PUBLISHED, Change(), 10, workers=1)
    assert (found.changes, [d.what for d in found.alternatives[0].differences]) == (0, ["added"])
