"""Maternity protection comes out to the day, and keeps what the law promises for every birth."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lms_family_sessions.constraints import SUNDAY
from lms_family_sessions.maternity import (
    Consent,
    Miscarriage,
    Period,
    Pregnancy,
    Rule,
    Waiver,
    hours,
    periods,
    pregnant,
    protected,
    rules,
)

DUE = date(2027, 2, 10)
DAY = timedelta(days=1)
WEEK = timedelta(weeks=1)


def expected(**known: Any) -> Pregnancy:
    return Pregnancy(due=DUE, **known)


def days_of(found: list[tuple[date, date]]) -> set[date]:
    return {first + n * DAY for first, last in found for n in range((last - first).days + 1)}


@pytest.mark.parametrize(
    ("known", "last"),
    [
        (expected(), date(2027, 4, 7)),
        (expected(birth=date(2027, 1, 27)), date(2027, 4, 7)),
        (expected(birth=date(2027, 2, 20)), date(2027, 4, 17)),
        (expected(kind="multiple"), date(2027, 5, 5)),
        (expected(birth=date(2027, 1, 27), kind="premature"), date(2027, 5, 5)),
        (expected(birth=date(2027, 2, 20), kind="disability"), date(2027, 5, 15)),
    ],
)
def test_she_is_protected_from_six_weeks_before_until_the_law_says(known: Pregnancy, last: date) -> None:
    assert protected(known, [], "teaching") == protected(known, [], "exams") == [(date(2026, 12, 30), last)]


def test_a_birth_before_the_six_weeks_leaves_all_of_them_for_after() -> None:
    assert periods(expected(birth=date(2026, 12, 1), kind="premature")) == (
        Period("after", date(2026, 12, 1), date(2026, 12, 1) + 18 * WEEK),
    )


@pytest.mark.parametrize(("week", "weeks"), [(12, 0), (13, 2), (16, 2), (17, 6), (19, 6), (20, 8), (24, 8)])
def test_a_miscarriage_protects_from_the_thirteenth_week_on(week: int, weeks: int) -> None:
    day = date(2026, 9, 1)
    found = periods(expected(miscarriage=Miscarriage(day, week)))
    assert found == ((Period("after", day, day + weeks * WEEK),) if weeks else ())
    assert pregnant(expected(miscarriage=Miscarriage(day, week)))[1] == day


def test_each_phase_is_waived_for_each_activity_by_itself_and_from_the_declaration_on() -> None:
    known = expected(birth=date(2027, 2, 20))
    waivers = [Waiver(phase="after", activity="exams", since=date(2027, 3, 10), until=date(2027, 3, 20))]
    assert protected(known, waivers, "teaching") == [(date(2026, 12, 30), date(2027, 4, 17))]
    assert protected(known, waivers, "exams") == [
        (date(2026, 12, 30), date(2027, 3, 9)),
        (date(2027, 3, 20), date(2027, 4, 17)),
    ]
    early = [Waiver(phase="before", activity="teaching", since=date(2026, 6, 1))]
    assert protected(known, early, "teaching") == [(date(2027, 2, 20), date(2027, 4, 17))]


def test_evenings_and_sundays_are_free_without_consent_and_nights_always() -> None:
    agreed = [
        Consent(to="evening", since=date(2027, 3, 1), until=date(2027, 3, 8)),
        Consent(to="sunday", since=date(2027, 3, 10)),
    ]
    days = (date(2027, 2, 20), date(2027, 3, 31))
    assert hours(days, agreed, [date(2027, 3, 5), date(2027, 3, 29)]) == [
        Rule(*days, to_minute=360),
        Rule(date(2027, 2, 20), date(2027, 2, 28), from_minute=1200, to_minute=1320),
        Rule(date(2027, 3, 8), date(2027, 3, 31), from_minute=1200, to_minute=1320),
        Rule(*days, from_minute=1320),
        Rule(date(2027, 2, 20), date(2027, 3, 9), weekdays=SUNDAY),
        Rule(date(2027, 3, 5), date(2027, 3, 5)),
    ]


DATES = st.dates(date(2026, 1, 1), date(2035, 12, 31))
PREGNANCIES = st.builds(
    lambda due, off, kind: Pregnancy(due=due, birth=None if off is None else due + off * DAY, kind=kind),
    DATES,
    st.none() | st.integers(-130, 21),
    st.sampled_from(["single", "premature", "multiple", "disability"]),
)
WAIVERS = st.lists(
    st.builds(
        lambda since, length, phase, activity: Waiver(
            since=since, until=None if length is None else since + length * DAY, phase=phase, activity=activity
        ),
        DATES,
        st.none() | st.integers(0, 60),
        st.sampled_from(["before", "after"]),
        st.sampled_from(["teaching", "exams"]),
    ),
    max_size=4,
)


@given(PREGNANCIES)
def test_nobody_has_fewer_than_fourteen_weeks_nor_fewer_after_than_the_law_says(known: Pregnancy) -> None:
    birth = known.birth or known.due
    weeks = 8 if known.kind == "single" else 12
    [(first, last)] = protected(known, [], "teaching")
    assert first == min(known.due - 6 * WEEK, birth)
    assert last - birth >= weeks * WEEK
    assert last - first >= (6 + weeks) * WEEK
    if birth <= known.due:
        assert last - first == (6 + weeks) * WEEK
    assert first in days_of([pregnant(known)]), "the hours of the night are protected as long as the days are"
    assert last in days_of([pregnant(known)])


@given(PREGNANCIES, st.integers(1, 30))
def test_a_later_birth_never_ends_the_protection_sooner(known: Pregnancy, later: int) -> None:
    birth = known.birth or known.due
    moved = Pregnancy(due=known.due, birth=birth + later * DAY, kind=known.kind)
    assert periods(moved)[-1].last >= periods(known)[-1].last
    if known.birth is None:
        assert periods(Pregnancy(due=known.due, birth=known.due, kind=known.kind)) == periods(known)


@given(PREGNANCIES, WAIVERS, DATES, st.integers(0, 400))
def test_waivers_take_only_their_own_days_and_revoking_gives_back_only_what_is_to_come(
    known: Pregnancy, waivers: list[Waiver], since: date, revoked_after: int
) -> None:
    for activity in ("teaching", "exams"):
        whole, left = days_of(protected(known, [], activity)), days_of(protected(known, waivers, activity))
        assert left <= whole
        for day in whole - left:
            [phase] = {one.phase for one in periods(known) if one.first <= day <= one.last}
            assert any(
                one.phase == phase
                and one.activity == activity
                and one.since <= day
                and (one.until is None or day < one.until)
                for one in waivers
            )
    open_ = Waiver(phase="after", activity="teaching", since=since)
    revoked = Waiver(phase="after", activity="teaching", since=since, until=since + revoked_after * DAY)
    without, again = (days_of(protected(known, [one], "teaching")) for one in (open_, revoked))
    assert {day for day in without if day < revoked.until} == {day for day in again if day < revoked.until}
    assert {day for day in again if day >= revoked.until} == {
        day for day in days_of(protected(known, [], "teaching")) if day >= revoked.until
    }


@given(PREGNANCIES, WAIVERS)
def test_computing_it_again_changes_nothing(known: Pregnancy, waivers: list[Waiver]) -> None:
    assert rules(known, waivers, []) == rules(known, [*waivers, *waivers], []) == rules(known, waivers[::-1], [])
