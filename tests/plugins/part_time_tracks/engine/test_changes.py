"""What if: one engineer's plan, and what life does to it."""

from __future__ import annotations

import pytest
from lms_part_time_tracks.engine.changes import (
    Change,
    Comparison,
    Drop,
    Fail,
    Hours,
    Moved,
    Offer,
    ShiftRun,
    Skip,
    changed,
    compare,
)
from lms_part_time_tracks.engine.problem import STEADY, Assignment, Problem, Run, Wishes
from lms_part_time_tracks.engine.solve import solve
from msgspec.structs import replace

from tests.support.engineer import engineer, module

OPTICS, CONTROL, MATERIALS = Assignment("optics", 0), Assignment("control", 0), Assignment("materials", 1)
SENSORS = Assignment("sensors", 1)
PLAN = (CONTROL, OPTICS, MATERIALS, SENSORS)


def what_if(problem: Problem, *changes: Change) -> Comparison:
    """Return what changes do to the plan, with as few moves as an equally early end allows."""
    after = replace(changed(problem, changes), current=PLAN, levels=STEADY)
    found = solve(after)
    assert (found.status, found.plan is None) == ("optimal", False)
    return compare(problem, PLAN, after, found.plan or ())


def test_nothing_happens() -> None:
    assert what_if(engineer()) == Comparison(finish=(1, 1), peak=(120, 120), trips=(0, 0), fee=(0, 0), moved=())


def test_a_term_off() -> None:
    assert what_if(engineer(), Skip(1)) == Comparison(
        finish=(1, 3), peak=(120, 120), trips=(0, 0), fee=(0, 0),
        moved=(
            Moved("materials", MATERIALS, Assignment("materials", 2)),
            Moved("sensors", SENSORS, Assignment("sensors", 3)),
        ),
    )  # fmt: skip


def test_the_first_term_off_gives_up_what_was_accepted_in_it() -> None:
    problem = engineer(fixed=(OPTICS, MATERIALS))
    after = changed(problem, [Skip(0)])
    assert (after.fixed, after.terms[0].weeks, after.terms[0].leave, after.terms[0].counts) == (
        (MATERIALS,), 0, True, False,
    )  # fmt: skip
    assert what_if(problem, Skip(0)).finish == (1, 3)


def test_half_the_hours_from_the_second_term_on() -> None:
    found = what_if(engineer(), Hours(360, 1))
    assert (found.finish, found.peak) == ((1, 2), (120, 120))
    assert found.moved == (Moved("materials", MATERIALS, Assignment("materials", 2)),)


def test_a_module_is_failed_and_what_needs_it_waits() -> None:
    problem = replace(engineer(fixed=(OPTICS,)), modules=(module("optics", 0, 2, attempts=2), *engineer().modules[1:]))
    after = changed(problem, [Fail("optics", 0)])
    assert (after.fixed, after.module("optics").attempts, after.module("optics").offered) == ((), 1, (2,))
    assert (after.terms[0].minutes, after.terms[0].max_ects) == (360, 1500)
    assert what_if(problem, Fail("optics", 0)).moved == (
        Moved("optics", OPTICS, Assignment("optics", 2)),
        Moved("sensors", SENSORS, Assignment("sensors", 3)),
    )
    last = changed(engineer(), [Fail("optics", 0)])
    assert solve(last).status == "infeasible"


def test_an_elective_is_dropped() -> None:
    problem = engineer(fixed=(Assignment("lasers", 2),), wishes=Wishes(wanted=("lasers",)))
    after = changed(problem, [Drop("lasers")])
    assert (after.fixed, after.wishes) == ((), Wishes(unwanted=("lasers",)))
    assert [one.module for one in solve(after).plan or ()] == ["control", "optics", "materials", "sensors"]


def test_a_run_takes_place_later() -> None:
    optics = module("optics", runs=(Run(key="A", term=0, trips=2), Run(key="B", term=0, trips=3)))
    problem = replace(engineer(fixed=(Assignment("optics", 0, "A"),)), modules=(optics,))
    after = changed(problem, [ShiftRun("optics", "A", 2)])
    assert after.fixed == ()
    assert solve(problem).plan == (Assignment("optics", 0, "A"),)
    assert solve(after).plan == (Assignment("optics", 0, "B"),)


def test_a_module_moves_to_the_summer_and_its_published_runs_stay() -> None:
    moved = changed(engineer(), [Offer("optics", 1, (1, 3))])
    assert moved.module("optics").offered == (0, 1, 3)  # the first term is before the change
    assert what_if(engineer(), Offer("optics", 0, (1, 3))).finish == (1, 3)
    published = replace(engineer(), modules=(module("optics", 0, 2, runs=(Run(key="A", term=2),)),))
    after = changed(published, [Offer("optics", 0, ())])
    assert (after.module("optics").offered, solve(after).plan) == ((), (Assignment("optics", 2, "A"),))


def test_what_is_not_taught_any_more_nobody_insists_on() -> None:
    wished = engineer(wishes=Wishes(wanted=("lasers",)))
    assert changed(wished, [Offer("lasers", 0, ())]).wishes.wanted == ()
    assert changed(wished, [Offer("lasers", 1, ())]).wishes.wanted == ("lasers",)
    assert solve(changed(engineer(), [Offer("optics", 0, ())])).status == "infeasible"


@pytest.mark.parametrize(
    "change",
    [
        Skip(4), Hours(600, 4), Hours(600, 0, 9), Fail("optics", -1), ShiftRun("optics", "X", 1),
        Offer("optics", 0, (4,)),
    ],
)  # fmt: skip
def test_what_there_is_not_cannot_change(change: Change) -> None:
    with pytest.raises(ValueError, match=r"none of the terms|no run X"):
        changed(engineer(), [change])


def test_a_module_that_there_is_not_cannot_be_dropped() -> None:
    with pytest.raises(KeyError):
        changed(engineer(), [Drop("nothing")])


def test_an_earlier_end_is_worth_moving_the_plan() -> None:
    late = (OPTICS, Assignment("control", 1), MATERIALS, Assignment("sensors", 3))
    found = solve(engineer(current=late, levels=STEADY))
    assert [(one.level, one.value) for one in found.levels[:3]] == [("finish", 1), ("changes", 2), ("peak", 120)]


def test_an_evener_week_is_not() -> None:
    terms = tuple(replace(one, minutes=1200) for one in engineer().terms)
    modules = (
        module("optics", 0),
        module("sensors", 3),
        module("control", 0, 1, 2, 3),
        module("materials", 0, 1, 2, 3),
    )
    crowded = (OPTICS, Assignment("control", 3), Assignment("materials", 3), Assignment("sensors", 3))
    problem = engineer(terms=terms, modules=modules, current=crowded)
    assert [one.value for one in solve(replace(problem, levels=STEADY)).levels[:3]] == [3, 0, 180]
    assert [(one.level, one.value) for one in solve(problem).levels[:2]] == [("finish", 3), ("peak", 60)]
