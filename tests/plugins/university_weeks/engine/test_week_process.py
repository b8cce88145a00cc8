"""The process that plans: lines in, lines out, and an end when it is asked for."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from lms_university_weeks.engine.checker import verdict
from lms_university_weeks.engine.problem import Problem

from tests.support.generated_weeks import spoilt, week

MEDIUM = week("medium", 3)
SMALL = week("small", 2)


@contextmanager
def process(request: object) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-m", "lms_university_weeks.engine.process"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:  # fmt: skip
        assert child.stdin
        try:
            child.stdin.write(json.dumps(msgspec.to_builtins(request)) + "\n")
            child.stdin.flush()
            yield child
        finally:
            child.kill()


def lines(child: subprocess.Popen[str]) -> list[dict[str, Any]]:
    assert child.stdout
    return [json.loads(line) for line in child.stdout]


def broken(problem: Problem, result: dict[str, Any]) -> object:
    return verdict(problem, result["sessions"]).violations


def test_it_plans_and_tells_how_it_goes() -> None:
    with process({"do": "solve", "problem": SMALL[0], "seconds": 60, "workers": 1}) as child:
        *progress, last = lines(child)
        assert child.wait() == 0
    assert all(set(line) == {"best", "bound", "seconds"} for line in progress)
    assert progress[-1]["best"] == last["result"]["cost"] == last["result"]["bound"]
    assert last["result"]["status"] == "optimal"
    assert broken(SMALL[0], last["result"]) == ()


def test_it_plans_anew() -> None:
    problem, planted = SMALL
    request = {"do": "replan", "problem": problem, "published": planted, "change": {"cancel": [0]}, "workers": 1}
    with process(request) as child:
        result = lines(child)[-1]["result"]
    assert (result["status"], result["changes"], result["fewest"]) == ("feasible", 0, True)
    assert [d["what"] for d in result["alternatives"][0]["differences"]] == ["cancelled"]


def test_it_explains_and_tells_the_first_conflict_before_the_rest() -> None:
    problem, _ = spoilt("small", 1)
    with process({"do": "explain", "problem": problem, "workers": 1}) as child:
        first, *_, last = lines(child)
    assert first["so_far"]["conflict"] == last["result"]["conflict"]
    assert first["so_far"]["drop"] is None
    assert last["result"]["drop"]


def test_it_explains_why_a_change_leaves_no_plan() -> None:
    problem, planted = SMALL
    who = next(session for session in problem.sessions if session.lecturers).lecturers[0]
    change = {"lecturers": [[who, list(range(problem.slots))]]}
    with process({"do": "explain", "problem": problem, "published": planted, "change": change}) as child:
        assert lines(child)[-1]["result"]["status"] == "explained"


def test_asked_to_end_it_answers_with_the_best_plan_so_far() -> None:
    with process({"do": "solve", "problem": MEDIUM[0], "seconds": 250, "workers": 1}) as child:
        assert child.stdout
        while not (line := json.loads(child.stdout.readline()))["best"]:
            pass
        child.send_signal(signal.SIGTERM)
        last = lines(child)[-1]
        assert child.wait() == 0
    assert last["result"]["status"] == "feasible"
    assert last["result"]["cost"] <= line["best"]
    assert broken(MEDIUM[0], last["result"]) == ()


def test_it_ends_when_its_parent_lets_go_of_it() -> None:
    with process({"do": "solve", "problem": MEDIUM[0], "seconds": 250}) as child:
        assert child.stdin
        child.stdin.close()
        assert child.wait(60) == 1


@pytest.mark.parametrize(
    ("request_", "where"),
    [
        ({"do": "dance"}, "do"),
        ({"do": "solve"}, "the request"),
        ({"do": "solve", "problem": {"days": 0}}, "problem.days"),
        ({"do": "solve", "problem": SMALL[0], "seconds": 0}, "seconds"),
        ({"do": "replan", "problem": SMALL[0], "published": [], "change": {"cancel": [99]}}, "change.cancel[0]"),
        ({"do": "solve", "problem": {"days": 1, "per_day": 3, "rooms": [], "group_size": [], "sessions": [{"id": 1, "length": 1, "groups": [4]}]}}, "problem.sessions[0].groups[0]"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_request_is_told(request_: object, where: str) -> None:
    with process(request_) as child:
        (line,) = lines(child)
        assert child.wait() == 0
    assert [fault["where"] for fault in line["faults"]] == [where]


def test_who_imports_the_plugin_waits_for_no_solver() -> None:
    code = (
        "import sys, lms_university_weeks.plugin, lms_university_weeks.commands, lms_university_weeks.engine.process; "
        "print({'ortools', 'numba'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
