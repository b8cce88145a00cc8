"""How soon the best track is proven, and why there is none is told.

Run with `pytest -n0 -s -m benchmark tests/benchmarks/test_part_time_tracks.py`: 200 programmes of 90 ECTS with 14 to 18
modules and a thesis in at most twelve terms; and the same with ten hours a week, which do for none. Seconds are those of
the processor, for the machine may be shared; one worker solves.
"""

from __future__ import annotations

import os
import statistics
import time
from collections import Counter

import pytest
from lms_part_time_tracks.engine.changes import Hours, changed
from lms_part_time_tracks.engine.checker import check
from lms_part_time_tracks.engine.explain import explain
from lms_part_time_tracks.engine.solve import solve

from tests.support.programmes import bacp, programme

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

SEEDS = int(os.environ.get("SEEDS", "200"))


def spread(seconds: list[float]) -> str:
    """Return a few figures of many."""
    ordered = sorted(seconds)
    return f"median {statistics.median(ordered):.2f} s, 95 % {ordered[len(ordered) * 95 // 100]:.2f} s, most {ordered[-1]:.2f} s"


def test_the_best_track() -> None:
    took, statuses = [], Counter[str]()
    for seed in range(SEEDS):
        problem = programme(seed)
        began = time.process_time()
        found = solve(problem, 60)
        took.append(time.process_time() - began)
        statuses[found.status] += 1
        assert found.plan is None or check(problem, found.plan).broken == ()
    print(f"\n{dict(statuses)}: {spread(took)}")
    assert set(statuses) <= {"optimal", "infeasible"}


def test_why_there_is_none() -> None:
    took, ways = [], Counter[int]()
    for seed in range(SEEDS // 4):
        problem = changed(programme(seed), [Hours(10 * 60, 0)])
        began = time.process_time()
        found = explain(problem, 60)
        took.append(time.process_time() - began)
        ways[len(found.ways)] += 1
        assert found.status == "explained"
    print(f"\n{sum(ways.values())} explained, ways out {dict(ways)}: {spread(took)}")


@pytest.mark.parametrize("name", ["bacp8", "bacp10", "bacp12"])
def test_public_curricula(name: str) -> None:
    problem, known = bacp(name)
    began = time.process_time()
    found = solve(problem, 60)
    took = time.process_time() - began
    print(f"\n{name}: {found.levels[0].value} (known {known}), {found.status} after {took:.2f} s")
    assert found.levels[0].value == known
