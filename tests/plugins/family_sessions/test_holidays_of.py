"""When schools are closed, compared with lists that the ministers of education published."""

from __future__ import annotations

from datetime import date

import pytest
from lms_family_sessions.holidays_of import DAY, LAENDER, Land, Span, free_days, known_until, long_weekend

# from the lists of the KMK (Ferienregelung) for 2024/25, and its long-range list of summers; entered by hand
PUBLISHED: dict[Land, tuple[str, ...]] = {
    "BW": ("2024-10-28 2024-10-31", "2024-12-23 2025-01-04", "2025-04-14 2025-04-26", "2025-06-10 2025-06-20",
           "2025-07-31 2025-09-13", "2026-07-30 2026-09-12", "2027-07-29 2027-09-11"),
    "BY": ("2024-10-28 2024-10-31", "2024-12-23 2025-01-03", "2025-03-03 2025-03-07", "2025-04-14 2025-04-25",
           "2025-06-10 2025-06-20", "2025-08-01 2025-09-15", "2026-08-03 2026-09-14", "2027-08-02 2027-09-13"),
    "HE": ("2024-10-14 2024-10-25", "2024-12-23 2025-01-10", "2025-04-07 2025-04-21", "2025-07-07 2025-08-15",
           "2026-06-29 2026-08-07"),
    "NW": ("2024-10-14 2024-10-26", "2024-12-23 2025-01-06", "2025-04-14 2025-04-26", "2025-06-10 2025-06-10",
           "2025-07-14 2025-08-26", "2026-07-20 2026-09-01"),
    "RP": ("2024-10-14 2024-10-25", "2024-12-23 2025-01-08", "2025-04-14 2025-04-25", "2025-07-07 2025-08-15"),
    "SN": ("2024-10-07 2024-10-19", "2024-12-23 2025-01-03", "2025-02-17 2025-03-01", "2025-04-18 2025-04-25",
           "2025-05-30 2025-05-30", "2025-06-28 2025-08-08", "2026-07-04 2026-08-14"),
    "HH": ("2024-10-21 2024-11-01", "2024-12-20 2025-01-03", "2025-01-31 2025-01-31", "2025-03-10 2025-03-21",
           "2025-05-26 2025-05-30", "2025-07-24 2025-09-03", "2026-07-09 2026-08-19"),
}  # fmt: skip


def span(text: str) -> Span:
    first, last = text.split()
    return Span(date.fromisoformat(first), date.fromisoformat(last))


def saturdays(laender: tuple[Land, ...], year: int) -> int:
    """Count the Saturdays of a year that are free of holidays and long weekends in all these Länder."""
    found = [free_days(land, date(year, 1, 1) - 7 * DAY, date(year, 12, 31)) for land in laender]
    days = [day for day in Span(date(year, 1, 1), date(year, 12, 31)).days() if day.weekday() == 5]
    return sum(not any(long_weekend(one, day) for one in found) for day in days)


def test_few_saturdays_are_left_where_students_come_from_many_laender() -> None:
    """The figures of 2027, of 52 Saturdays."""
    assert saturdays(("BW",), 2027) == 36
    assert saturdays(("BW", "BY", "HE", "RP"), 2027) == 29
    assert saturdays(LAENDER, 2027) == 19


@pytest.mark.parametrize("land", PUBLISHED)
def test_holidays_begin_and_end_as_published(land: Land) -> None:
    for text in PUBLISHED[land]:
        days = span(text)
        around = free_days(land, days.first - 4 * DAY, days.last + 4 * DAY)
        assert set(days.days()) <= set(around.free), text
        school = [day for day in around.free if "ferien" in around.free[day].lower()]
        edges = (days.first - DAY, days.last + DAY)
        assert [day for day in school if day in edges and day.weekday() < 5] == [], text


def test_public_holidays_count_even_within_school() -> None:
    found = free_days("BW", date(2027, 1, 1), date(2027, 12, 31)).free
    assert found[date(2027, 5, 6)] == "Christi Himmelfahrt"
    assert found[date(2027, 10, 3)] == "Tag der Deutschen Einheit"
    assert date(2027, 5, 7) not in found  # schools of the Land choose that day, or not


@pytest.mark.parametrize(("year", "day"), [(2026, 18), (2027, 17), (2028, 22), (2023, 22)])
def test_there_are_no_lessons_in_bavaria_on_buss_und_bettag(year: int, day: int) -> None:
    november = Span(date(year, 11, 14), date(year, 11, 24))
    named = {land: free_days(land, november.first, november.last).free for land in LAENDER}
    assert {land: list(days) for land, days in named.items() if days} == {
        "BY": [date(year, 11, day)],
        "SN": [date(year, 11, day)],
    }


def test_a_weekend_between_free_days_is_free() -> None:
    """The list of Bavaria's summer of 2025 has two entries, for Friday 1 August and from Monday on."""
    assert date(2025, 8, 2) in free_days("BY", date(2025, 8, 2), date(2025, 8, 2)).free


def test_what_is_not_published_is_unknown_and_never_free_for_sessions() -> None:
    last = known_until("BW")
    assert last >= date(2029, 9, 8)
    found = free_days("BW", last - DAY, last + 400 * DAY)
    assert found.unknown == (Span(last + DAY, last + 400 * DAY),)
    assert [found.known(last), found.known(last + DAY)] == [True, False]
    before = free_days("BW", date(2019, 12, 30), date(2020, 1, 2))
    assert before.unknown == (Span(date(2019, 12, 30), date(2019, 12, 31)),)


@pytest.mark.parametrize("land", LAENDER)
def test_no_year_of_any_land_is_missing_a_part(land: Land) -> None:
    """The Länder agreed on 75 working days a year beside public holidays, six weeks of them in summer."""
    for year in range(2020, 2029):
        free = free_days(land, date(year, 1, 1), date(year, 12, 31)).free
        school = [day for day, name in free.items() if "ferien" in name.lower() and day.weekday() < 5]
        assert 52 <= len(school) <= 76, (land, year)
        assert 28 <= sum(free[day] == "Sommerferien" for day in school) <= 34, (land, year)
