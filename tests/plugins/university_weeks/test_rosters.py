"""Who comes to which session of a plan: by track, by what was chosen, and to one part of what is repeated."""

from __future__ import annotations

from datetime import date
from uuid import UUID

import msgspec
from lms_university_weeks.attendance import Attendance
from lms_university_weeks.rosters import people_of
from lms_university_weeks.translate import Where
from lms_university_weeks.week import WeekContent

from lms_core.api import SessionPeople
from tests.support.weeks import week

RUN, OTHER = (f"0190a6e0-5f3c-7000-8000-00000000000{n}" for n in (0, 1))
ANN, BO, CY, DI, LEA, NEW = (UUID(int=number) for number in range(1, 7))
ALL = ("mems 1/2", "mems 2/2", "optics")
DAY = date(2027, 3, 1)


def test_each_comes_to_what_is_for_her() -> None:
    asked = week(RUN)
    asked["lecturers"][1]["personId"] = str(LEA)
    for one in asked["sessions"]:
        if one["key"] == "recap":
            one["runId"] = OTHER
    content = msgspec.convert(asked, WeekContent)
    wheres = [
        Where("opening", DAY, 1, "hall", ("okafor",), ALL),
        Where("safety", DAY, 2, "hall", ("weiss",), ALL[:2]),
        Where("bench/1", DAY, 3, "lab", ("okafor",), ALL[:1]),
        Where("bench/2", DAY, 4, "lab", ("okafor",), ALL[1:2]),
        Where("lasers", DAY, 2, "hall", ("weiss",), ALL[2:]),
        Where("recap", DAY, 4, "", ("okafor",), ALL[2:]),
    ]
    tracks = {ANN: "mems", BO: "mems", CY: "mems", DI: "optics"}
    seated = [ANN, BO, CY, DI, NEW]  # of whom NEW is in no track yet, and sees what there is
    lea, nobody = frozenset({LEA}), frozenset[UUID]()
    expected = {
        "opening": SessionPeople(None, lea),
        "safety": SessionPeople(frozenset({ANN, BO, CY, NEW}), nobody),
        "bench/1": SessionPeople(frozenset({ANN, BO, NEW}), lea),
        "bench/2": SessionPeople(frozenset({CY, NEW}), lea),
        "lasers": SessionPeople(frozenset({DI, NEW}), nobody),
        "recap": SessionPeople(None, lea),  # it is for all of its own run
    }
    assert people_of(Attendance(content, tracks), wheres, seated) == expected
    chosen = {"lasers": frozenset({ANN, DI})}
    given = people_of(Attendance(content, tracks, chosen), wheres, seated)
    assert given == {**expected, "lasers": SessionPeople(frozenset({ANN, DI}), nobody)}
    assert people_of(Attendance(content), wheres, seated) == {
        where.key: SessionPeople(None, expected[where.key].teach) for where in wheres
    }
