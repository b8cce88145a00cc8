"""What people are written when a week is published, and when it changes."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import msgspec
from lms_university_weeks.announcing import written
from lms_university_weeks.publishing import Publication
from lms_university_weeks.views import Entry
from lms_university_weeks.week import WeekContent

from tests.support.weeks import week

RUN = "0190a6e0-5f3c-7000-8000-000000000000"
PUBLISHED = Publication(
    week_id=UUID(RUN), version=2, plan_id=None, changes=(), made_by=None, made_at=datetime(2027, 1, 1, tzinfo=UTC),
    content=msgspec.convert(week(RUN), WeekContent), sessions=(),
)  # fmt: skip


def entry(title: str, day: int, starts: str, **other: Any) -> Entry:
    values = {
        "key": title.lower(), "kind": "talk", "kind_name": "Talk", "slot": 1, "length": 1, "ends": "12:00",
        "place": "Great Hall, Campus", "lecturers": "Dr. Weiß", "tracks": "", "journeys": (),
    }  # fmt: skip
    return Entry(title=title, day=date(2027, 3, day), starts=starts, **{**values, **other})


def test_only_what_is_hers_and_new_is_told_in_her_language() -> None:
    lasers, optics = entry("Lasers", 2, "10:30"), entry("Optics", 2, "08:30")
    first = written(PUBLISHED, {"lasers": lasers}, None, "en")
    assert first.splitlines() == [
        "Hello,", "", "These are your sessions, as your calendar shows them:", "",
        "- Lasers, Tuesday 2027-03-02, 10:30-12:00, Great Hall, Campus", "",
        "All times are those of the clocks in Europe/Berlin.",
    ]  # fmt: skip
    moved = entry("Lasers", 3, "10:30", place="")
    mine, old = {"lasers": moved, "new": entry("New", 1, "08:30")}, {"lasers": lasers, "optics": optics}
    assert written(PUBLISHED, mine, old, "de").splitlines()[3:-2] == [
        "",
        "- Lasers, Mittwoch 03.03.2027, 10:30-12:00",
        "  statt Lasers, Dienstag 02.03.2027, 10:30-12:00, Great Hall, Campus",
        "- Neu: New, Montag 01.03.2027, 08:30-12:00, Great Hall, Campus",
        "- Entfällt, oder nicht für Sie: Optics, Dienstag 02.03.2027, 08:30-12:00, Great Hall, Campus",
    ]
    # another lecturer, or other groups, is nothing that she has to know
    same = {"lasers": entry("Lasers", 2, "10:30", lecturers="Prof. Okafor", tracks="Optics")}
    assert written(PUBLISHED, same, {"lasers": lasers}, "en") == ""
    many = {str(number): entry(f"Session {number}", 1, "08:30") for number in range(70)}
    assert written(PUBLISHED, many, None, "en").splitlines()[-3] == "... and 10 more."
