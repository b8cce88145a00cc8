"""The public benchmark: what is found is verified by a reader and rules of its own."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from click.testing import CliRunner
from lms_university_weeks.commands import university_weeks
from lms_university_weeks.engine.ctt import read_ectt, solve
from lms_university_weeks.engine.problem import BadProblemError

from tests.support.timetables import verify

TOY = """Name: Toy
Courses: 4
Rooms: 3
Days: 5
Periods_per_day: 4
Curricula: 2
Min_Max_Daily_Lectures: 2 3
UnavailabilityConstraints: 8
RoomConstraints: 3

COURSES:
SceCosC Ocra 3 3 30 1
ArcTec Indaco 3 2 42 0
TecCos Rosa 5 4 40 1
Geotec Scarlatti 5 4 18 1

ROOMS:
rA 32 1
rB 50 0
rC 40 0

CURRICULA:
Cur1 3 SceCosC ArcTec TecCos
Cur2 2 TecCos Geotec

UNAVAILABILITY_CONSTRAINTS:
TecCos 2 0
TecCos 2 1
TecCos 3 2
TecCos 3 3
ArcTec 4 0
ArcTec 4 1
ArcTec 4 2
ArcTec 4 3

ROOM_CONSTRAINTS:
SceCosC rA
Geotec rB
TecCos rC

END.
"""


def test_the_toy_of_the_competition_has_a_timetable_without_cost() -> None:
    found = list(solve(read_ectt(TOY), 120, workers=1))
    costs = [cost for cost, _ in found]
    assert costs == sorted(costs, reverse=True)
    for cost, lectures in found:
        assert verify(TOY, [tuple(lecture) for lecture in lectures]) == (0, cost)
    assert costs[-1] == 0


def test_the_command_writes_a_line_per_lecture(tmp_path: Path) -> None:
    source, out = tmp_path / "toy.ectt", tmp_path / "toy.sol"
    source.write_text(TOY)
    done = CliRunner().invoke(
        university_weeks, ["ctt", str(source), "--seconds", "3", "--workers", "2", "--out", str(out)]
    )
    assert done.exit_code == 0, done.output
    lines = [line.split() for line in out.read_text().splitlines()]
    broken, _ = verify(TOY, [(course, room, int(day), int(period)) for course, room, day, period in lines])
    assert (broken, len(lines)) == (0, 16)


def test_in_a_crowded_week_no_rule_is_ever_broken() -> None:
    chance = Random(1)
    courses = [f"c{n} t{n % 10} 3 3 {chance.randint(10, 60)} 0" for n in range(20)]
    curricula = [f"q{n} 4 " + " ".join(f"c{k}" for k in chance.sample(range(20), 4)) for n in range(8)]
    head = "Name: Crowd\nCourses: 20\nRooms: 4\nDays: 5\nPeriods_per_day: 4\nCurricula: 8"
    rooms = [f"r{n} {20 * n} 0" for n in range(1, 5)]
    parts = {
        "COURSES": courses,
        "ROOMS": rooms,
        "CURRICULA": curricula,
        "UNAVAILABILITY_CONSTRAINTS": ["c0 0 0"],
        "ROOM_CONSTRAINTS": [],
    }
    text = head + "\n\n" + "\n\n".join(f"{name}:\n" + "\n".join(rows) for name, rows in parts.items()) + "\n\nEND.\n"
    found = list(solve(read_ectt(text), 3, workers=1))
    assert found
    for cost, lectures in found:
        assert verify(text, [tuple(lecture) for lecture in lectures]) == (0, cost)


def test_nothing_is_found_where_there_is_nothing() -> None:
    full = TOY.replace("Periods_per_day: 4", "Periods_per_day: 1")  # Cur1 has 11 lectures in 5 periods
    unavailable = full[full.index("UNAVAILABILITY") : full.index("ROOM_CONSTRAINTS")]
    assert list(solve(read_ectt(full.replace(unavailable, "UNAVAILABILITY_CONSTRAINTS:\n\n")), 3)) == []


def test_the_verifier_sees_what_is_broken() -> None:
    *_, (_, lectures) = solve(read_ectt(TOY), 3, workers=1)
    good = [tuple(lecture) for lecture in lectures]
    assert verify(TOY, good)[0] == 0
    assert verify(TOY, good[1:])[0] > 0
    assert verify(TOY, [(good[0][0], *good[-1][1:]), *good[1:]])[0] > 0
    blocked = [(course, room, 2, 0) if course == "TecCos" else (course, room, *when) for course, room, *when in good]
    assert verify(TOY, blocked)[0] > 0


@pytest.mark.parametrize("text", ["", "COURSES:\nc t 1", TOY.replace("Days: 5", "Days: five")])
def test_what_is_no_timetable_is_told(text: str) -> None:
    with pytest.raises(BadProblemError):
        read_ectt(text)
