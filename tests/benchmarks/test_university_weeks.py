"""How soon weeks are planned, how good that is proven to be, and how soon they are planned anew and explained.

Run with `pytest -n0 -s -m benchmark tests/benchmarks/test_university_weeks.py`. Ten weeks of each size come out of
seeds, and five more that are spoilt. Files of one's own come from folders: WEEKS (of .json) and TIMETABLES (of .ectt).
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from lms_university_weeks.engine import ctt
from lms_university_weeks.engine.burden import burdens_of
from lms_university_weeks.engine.change import Change, apply
from lms_university_weeks.engine.checker import verdict
from lms_university_weeks.engine.explain import Explanation, explain
from lms_university_weeks.engine.problem import Problem, read_problem
from lms_university_weeks.engine.replan import replan
from lms_university_weeks.engine.solve import solve

from tests.support.generated_weeks import SIZES, Size, spoilt, week
from tests.support.timetables import verify

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

SEEDS = int(os.environ.get("SEEDS", "10"))
SECONDS = float(os.environ.get("SECONDS", "60"))
BEST_KNOWN = {"comp01": 5, "comp02": 24, "comp03": 62, "comp04": 35, "comp05": 284, "comp06": 27, "comp07": 6}


def say(*words: object) -> None:
    print(*words, flush=True)


def weeks(size: Size) -> Iterator[tuple[str, Problem]]:
    if folder := os.environ.get("WEEKS"):
        yield from ((file.stem, read_problem(file.read_bytes())) for file in sorted(Path(folder).glob(f"{size}*.json")))
    yield from ((f"{size} seed {seed}", week(size, seed)[0]) for seed in range(SEEDS))


@pytest.mark.parametrize("size", SIZES)
def test_planning(size: Size) -> None:
    say(f"\n{size}: first plan after s, cost and bound, gap, whole time s")
    for name, problem in weeks(size):
        first: list[float] = []
        began = time.monotonic()
        plan = solve(
            problem,
            SECONDS,
            progress=lambda best, *_: first.append(time.monotonic() - began) if best is not None else None,  # noqa: B023
        )
        took = time.monotonic() - began
        judged = verdict(problem, plan.sessions)
        assert (judged.violations, judged.cost) == ((), plan.cost)
        assert plan.cost is not None
        assert plan.bound is not None
        gap = (plan.cost - plan.bound) / max(plan.cost, 1)
        say(f"{name:16} {first[0]:6.2f} {plan.status:9} {plan.cost:5} {plan.bound:5} {gap:6.1%} {took:6.1f}")


@pytest.mark.parametrize("size", SIZES)
def test_planning_fairly(size: Size) -> None:
    say(f"\n{size}, fair: worst burden, whether that is proven, cost and bound, whole time s")
    for name, problem in weeks(size):
        began = time.monotonic()
        plan = solve(problem, SECONDS, fair=True)
        took = time.monotonic() - began
        assert verdict(problem, plan.sessions).violations == ()
        worst = burdens_of(problem, plan.sessions).worst
        say(f"{name:16} {worst:3} {plan.fairest!s:5} {plan.status:9} {plan.cost:5} {plan.bound:5} {took:6.1f}")


@pytest.mark.parametrize("size", SIZES)
def test_planning_anew(size: Size) -> None:
    say(f"\n{size}, a lecturer is ill for a day: fewest changes after s, whole time s")
    for seed in range(SEEDS):
        problem, planted = week(size, seed)
        session = next(session for session in problem.sessions if session.lecturers)
        day = next(place.start for place in planted if place.id == session.id) // problem.per_day
        away = tuple(range(day * problem.per_day, (day + 1) * problem.per_day))
        change = Change(lecturers=((session.lecturers[0], away),))
        told: list[float] = []
        began = time.monotonic()
        found = replan(problem, planted, change, 20, progress=lambda *_: told.append(time.monotonic() - began))  # noqa: B023
        took = time.monotonic() - began
        for alternative in found.alternatives:
            assert verdict(apply(problem, planted, change), alternative.plan.sessions).violations == ()
        last = told[-1] if told else took
        say(f"seed {seed:2} {last:6.2f} {took:6.2f} {found.status} {found.changes} changes, fewest: {found.fewest}")


@pytest.mark.parametrize("size", SIZES)
def test_explaining(size: Size) -> None:
    say(f"\n{size}: verified cause after s, what to drop after s")
    for seed in range(5):
        problem, cause = spoilt(size, seed)
        told: list[tuple[float, Explanation]] = []
        began = time.monotonic()
        found = explain(problem, 60, progress=lambda e: told.append((time.monotonic() - began, e)))  # noqa: B023
        took = time.monotonic() - began
        named = {(r.what, r.number) for _, explanation in told for r in explanation.conflict}
        assert cause.what in {what for what, _ in named}
        assert not cause.numbers or cause.numbers & {number for what, number in named if what == cause.what}
        drop = None if found.drop is None else [request.text for request in found.drop]
        say(f"seed {seed} {cause.what:16} {told[0][0]:6.2f} {took:6.2f} drop {drop}")


def test_timetables() -> None:
    folder = os.environ.get("TIMETABLES")
    if not folder:
        pytest.skip("TIMETABLES names no folder of .ectt files")
    logs = []
    for file in sorted(Path(folder).glob("comp*.ectt")):
        cost, lectures = -1, []
        for cost, lectures in ctt.solve(ctt.read_ectt(file.read_text()), SECONDS - 2):  # noqa: B007 - the last counts
            pass
        assert verify(file.read_text(), [tuple(lecture) for lecture in lectures]) == (0, cost)
        logs.append(math.log((cost + 10) / (BEST_KNOWN[file.stem] + 10)))
        say(f"{file.stem} {cost:5} best known {BEST_KNOWN[file.stem]:5}")
    say(f"score {math.exp(sum(logs) / len(logs)):.3f}")
