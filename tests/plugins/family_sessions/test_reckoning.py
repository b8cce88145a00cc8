"""Deadlines of those who have less time: nobody loses a day, and nobody gets more than the policy says."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st
from lms_family_sessions.policy import LEAVES, Leave, clock
from lms_family_sessions.reckoning import DAY, Span, compensated, extended

FIRST = date(2027, 1, 1)
DATES = st.dates(FIRST, date(2028, 12, 31))


@st.composite
def span(draw: st.DrawFn) -> Span:
    begins = draw(DATES)
    return begins, draw(st.none() | st.dates(begins, begins + timedelta(days=150)))


def free(since: date, until: date, spans: list[Span]) -> int:
    """Count the days without protection."""
    days = [since + n * DAY for n in range((until - since).days + 1)]
    return sum(not any(begins <= day and (ends is None or day <= ends) for begins, ends in spans) for day in days)


@given(DATES, st.integers(0, 200), st.lists(span(), max_size=4), st.integers(1, 400))
def test_she_has_as_many_free_days_as_everybody_and_no_more(
    since: date, given_days: int, spans: list[Span], most: int
) -> None:
    due = since + given_days * DAY
    moved = extended(since, due, spans, most)
    assert due <= moved <= due + most * DAY
    everybody = given_days + 1
    if moved < due + most * DAY:
        assert free(since, moved, spans) == everybody
        assert free(since, moved - DAY, spans) == everybody - 1, "not a day later than needed"
    else:
        assert free(since, moved, spans) <= everybody


@given(DATES, st.integers(0, 200), st.lists(span(), max_size=4), span())
def test_another_protection_never_takes_a_day_away_and_one_twice_counts_once(
    since: date, given_days: int, spans: list[Span], another: Span
) -> None:
    due = since + given_days * DAY
    before = extended(since, due, spans, 365)
    assert extended(since, due, [*spans, another], 365) >= before
    assert extended(since, due, [*spans, *reversed(spans)], 365) == before


@given(DATES, st.integers(0, 400), st.integers(1, 60), st.integers(1, 60))
def test_fewer_hours_are_compensated_in_proportion(since: date, given_days: int, hours: int, full: int) -> None:
    due = since + given_days * DAY
    moved = compensated(since, due, hours, full)
    exact = given_days * max(Fraction(0), Fraction(full, hours) - 1)
    assert exact <= (moved - due).days < exact + 1


def test_what_was_measured() -> None:
    maternity = (date(2026, 12, 30), date(2027, 4, 7))  # due on 10 February 2027
    assert extended(date(2026, 10, 12), date(2027, 1, 15), [maternity], 365) == date(2027, 4, 24)
    assert extended(date(2026, 10, 12), date(2027, 1, 15), [maternity], 30) == date(2027, 2, 14)
    assert extended(date(2027, 4, 8), date(2027, 5, 1), [maternity], 365) == date(2027, 5, 1)
    assert extended(date(2026, 10, 12), date(2026, 12, 29), [maternity], 365) == date(2026, 12, 29)
    assert compensated(date(2027, 1, 1), date(2027, 3, 2), 20, 40) == date(2027, 5, 1)
    assert compensated(date(2027, 1, 1), date(2027, 3, 2), 40, 40) == date(2027, 3, 2)


def test_kinds_of_leave_have_clocks_of_their_own() -> None:
    parental = clock("parental", LEAVES)
    assert parental == Leave("parental", counts_as_leave=False, courses=True, exams=True)
    assert clock("sabbatical", LEAVES) == Leave("sabbatical"), "an unknown kind stops all, and allows nothing"
    assert clock("parental", (Leave("parental", repeats_run=True),)).repeats_run
