"""What a file may say, and how it is told what is wrong with it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from lms_university_weeks.engine.problem import BadProblemError, Fault, read_problem

WEEK: dict[str, Any] = {
    "days": 2, "per_day": 4, "sites": 2, "buses": 1,
    "rooms": [[0, 40, ["lab"]], [1, 30, []]],
    "sessions": [{"id": 7, "length": 1, "groups": [0], "lecturers": [0], "gear": "lab", "kind": "talk", "size": 20, "rooms": [0]},
                 {"id": 8, "length": 2, "groups": [0]}],
    "available": [[0, 1]], "disliked": [[1]], "before": [[7, 8]],
    "group_size": [20], "classes": [[0, "parent", 3]], "childcare": 2, "max_day": 3,
    "planted": {"7": [0, 0]},
}  # fmt: skip


def changed(path: str, value: object) -> str:
    week = json.loads(json.dumps(WEEK))
    *steps, last = path.split(".")
    where = week
    for step in steps:
        where = where[int(step) if step.isdigit() else step]
    where[int(last) if last.isdigit() else last] = value
    return json.dumps(week)


def test_a_week_is_read_and_what_it_does_not_know_is_left_aside() -> None:
    problem = read_problem(json.dumps(WEEK))
    assert [session.id for session in problem.sessions] == [7, 8]
    assert (problem.slots, problem.core, problem.people(0), problem.parents(0)) == (8, 2, 3, 3)


@pytest.mark.parametrize(
    ("path", "value", "where", "reason"),
    [
        ("days", 0, "days", "Expected `int` >= 1"),
        ("per_day", 24, "per_day", "Expected `int` <= 10"),
        ("sessions.0.length", "two", "sessions[0].length", "Expected `int`, got `str`"),
        ("sessions.0.length", 5, "sessions[0].length", "must be at most 4, the slots of a day"),
        ("sessions.0.id", 8, "sessions[1].id", "must differ from the ids of all others; 8 was there already"),
        ("sessions.0.groups", [1], "sessions[0].groups[0]", "must be below 1, the number of groups in group_size; it is 1"),
        ("sessions.0.lecturers", [1], "sessions[0].lecturers[0]", "must be below 1, the number of lecturers in available; it is 1"),
        ("sessions.0.alternatives", [0], "sessions[0].alternatives", "must not name lecturer 0, who is needed anyway"),
        ("sessions.0.rooms", [0, 2], "sessions[0].rooms[1]", "must be below 2, the number of rooms; it is 2"),
        ("sessions.0.starts", [1, 1], "sessions[0].starts", "must name 1 only once"),
        ("sessions.0.pinned", [0, 9], "sessions[0].pinned[1]", "must be below 2, the number of rooms; it is 9"),
        ("sessions.0.slot_costs", {"8": 1}, "sessions[0].slot_costs", "must be below 8, the number of slots; it is 8"),
        ("available.0", [8], "available[0][0]", "must be below 8, the number of slots; it is 8"),
        ("disliked", [[], []], "disliked", "must have 1 entries, or none; it has 2"),
        ("rooms.0", [0, 40, [], [9]], "rooms[0][3][0]", "must be below 8, the number of slots; it is 9"),
        ("classes.0", [2, "parent", 1], "classes[0][0]", "must be below 1, the number of groups in group_size; it is 2"),
        ("classes.0", [0, "aunt", 1], "classes[0][1]", "Invalid enum value 'aunt'"),
        ("before.0", [7, 9], "before[0][1]", "must be the id of a session; there is no session 9"),
        ("before.0", [7, 7], "before[0]", "must name two different sessions"),
        ("group_names", ["a", "b"], "group_names", "must have 1 names, or none; it has 2"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place_and_what_would_be_right(
    path: str, value: object, where: str, reason: str
) -> None:
    with pytest.raises(BadProblemError) as caught:
        read_problem(changed(path, value))
    assert Fault(where, reason) in caught.value.faults


def test_all_faults_are_told_at_once() -> None:
    week = {**WEEK, "disliked": [[], []], "before": [[1, 2]]}
    with pytest.raises(BadProblemError) as caught:
        read_problem(json.dumps(week))
    assert [fault.where for fault in caught.value.faults] == ["disliked", "before[0][0]", "before[0][1]"]


@pytest.mark.parametrize("text", ["", "{", "[]", b"\xff", "null"])
def test_what_is_no_week_is_said_to_be_none(text: str | bytes) -> None:
    with pytest.raises(BadProblemError):
        read_problem(text)


def test_to_import_the_plugin_takes_no_solver_along() -> None:
    code = "import sys, lms_university_weeks, lms_university_weeks.commands, lms_university_weeks.engine.checker;"
    code += "print([name for name in ('ortools', 'numba', 'numpy') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
