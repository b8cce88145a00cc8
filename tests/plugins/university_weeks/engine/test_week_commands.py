"""`lms university-weeks`, as a planner types it."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from lms_university_weeks.commands import university_weeks
from lms_university_weeks.engine.checker import verdict

from tests.support.generated_weeks import spoilt, week


def lms(*words: object) -> Result:
    return CliRunner().invoke(university_weeks, [str(word) for word in words])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "week.json"
    path.write_bytes(msgspec.json.encode(week("small", 0)[0]))
    return path


def test_a_week_is_planned_and_planned_anew(file: Path, tmp_path: Path) -> None:
    problem, _ = week("small", 0)
    plan, anew = tmp_path / "plan.json", tmp_path / "anew.json"
    done = lms("solve", file, "--seconds", 60, "--workers", 1, "--seed", 7, "--out", plan)
    assert (done.exit_code, done.stdout) == (0, "")
    written = json.loads(plan.read_text())
    assert set(written) == {"status", "cost", "bound", "sessions"}
    judged = verdict(problem, written["sessions"])
    assert (judged.violations, judged.cost) == ((), written["cost"])
    done = lms("replan", file, plan, "--cancel", 3, "--seconds", 20, "--workers", 1, "--out", anew)
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1] == "0 changes, proven to be the fewest."
    left = {place["id"] for place in json.loads(anew.read_text())["sessions"]}
    assert left == {session.id for session in problem.sessions} - {3}


def test_a_week_that_cannot_be_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "week.json"
    path.write_bytes(msgspec.json.encode(spoilt("small", 1)[0]))
    done = lms("solve", path, "--seconds", 20, "--workers", 1)
    assert done.exit_code == 1
    assert f"lms university-weeks explain {path}" in done.stderr.replace("\n", "")
    words = lms("explain", path, "--seconds", 60, "--workers", 1).stdout.splitlines()
    assert words[0].startswith("These cannot follow one another in time: session 11, then session 9")
    assert words[1] == "These cannot all be:"
    assert sorted(words[2:4]) == [
        "- session 11 ends before session 9 begins",
        "- session 9 ends before session 11 begins",
    ]
    assert words[4] == "A plan is possible without:"


def test_a_fair_plan_says_what_people_bear(file: Path, tmp_path: Path) -> None:
    done = lms("solve", file, "--seconds", 30, "--workers", 1, "--fair", "--out", tmp_path / "plan.json")
    assert done.exit_code == 0, done.output
    said = " ".join(done.stderr.split())
    assert "for whoever bears most" in said
    assert "and in no plan less" in said
    assert "A plan that need not be fair: cost" in said


def test_wrong_files_are_told_in_words(file: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"days": 0}')
    done = lms("solve", wrong)
    assert done.exit_code == 1
    assert f"{wrong}: days: Expected `int` >= 1" in done.stderr
    assert "Object missing required field" in lms("replan", file, wrong).stderr
    assert "is no timetable" in lms("ctt", wrong).stderr
    plan = tmp_path / "plan.json"
    plan.write_text('{"sessions": [{"id": 1, "start": 0, "room": 0}]}')
    assert "change.cancel[0]: must be the id of a session" in lms("replan", file, plan, "--cancel", 99).stderr
