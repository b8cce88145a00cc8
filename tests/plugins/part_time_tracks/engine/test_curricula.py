"""Public curricula, of which the best is known."""

from __future__ import annotations

import pytest
from lms_part_time_tracks.engine.answer import Answer, Reached
from lms_part_time_tracks.engine.checker import check
from lms_part_time_tracks.engine.solve import solve

from tests.support.programmes import bacp


@pytest.mark.parametrize(("name", "optimum"), [("bacp8", 17), ("bacp10", 14), ("bacp12", 17)])
def test_the_least_load_of_a_public_curriculum(name: str, optimum: int) -> None:
    problem, known = bacp(name)
    found = solve(problem, 60)
    assert found == Answer(status="optimal", plan=found.plan, levels=(Reached("peak", optimum, optimum),))
    assert (known, check(problem, found.plan or ()).broken) == (optimum, ())
