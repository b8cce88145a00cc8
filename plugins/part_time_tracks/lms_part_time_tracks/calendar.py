"""Terms as a student has them: those that are known and those to come, and the weeks that are left for studying."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from lms_core.api import SessionFacts, TermDates, term_name
from lms_part_time_tracks.settings import Settings
from lms_part_time_tracks.tracks import Days, Track

DAY, WEEK = timedelta(days=1), timedelta(days=7)
USUAL = {0: ((4, 1), (7, 31), (9, 30)), 1: ((10, 1), (2, 15), (3, 31))}
"""First day, last day of lectures and last day of summer (0) and winter terms (1) where a programme has none."""


class Terms:
    """The terms of a programme by their numbers, as far as one likes into the past and the future.

    Those it has not entered are like its nearest one of the same season.
    """

    def __init__(self, known: Sequence[TermDates]) -> None:
        self._known = {one.number: one for one in known}

    def __getitem__(self, number: int) -> TermDates:
        if number in self._known:
            return self._known[number]
        alike = [one for one in self._known if one % 2 == number % 2]
        if not alike:
            return _usual(number)
        model = self._known[min(alike, key=lambda one: (abs(one - number), one))]
        years = (number - model.number) // 2
        days = {
            name: _shifted(getattr(model, name), years)
            for name in TermDates.__struct_fields__
            if name not in ("number", "name")
        }
        return TermDates(number=number, name=term_name(number), **days)

    def at(self, day: date) -> int:
        """Return the number of the term that a day is in, or of the next one after it."""
        number = 2 * (day.year - 1)
        while self[number].ends_on < day:
            number += 1
        return number

    def begun(self, day: date) -> int:
        """Return the number of the term that somebody begins with who enrols on a day: one with lectures to come."""
        number = self.at(day)
        return number if day <= self[number].lectures_to else number + 1


def monday_of(day: date) -> date:
    """Return the Monday of the week of a day."""
    return day - day.weekday() * DAY


def mondays(term: TermDates) -> list[date]:
    """Return the Mondays of the weeks of a term; a week is of the term in which its Thursday is."""
    first = monday_of(term.starts_on)
    if first + 3 * DAY < term.starts_on:
        first += WEEK
    return [first + n * WEEK for n in range((term.ends_on - first - 3 * DAY) // WEEK + 1)]


def weeks_left(term: TermDates, track: Track, settings: Settings) -> list[date]:
    """Return the Mondays of the weeks of a term that are neither lost to work nor to a leave without courses."""
    resting = {one.kind for one in settings.leaves if not one.courses}
    away = [*track.blackouts, *(one for one in track.leaves if one.kind in resting)]
    return [
        monday
        for monday in mondays(term)
        if sum(any(_in(one, monday + n * DAY) for one in away) for n in range(7)) < settings.lost_days
    ]


def minutes_a_week(weeks: Iterable[date], track: Track) -> int | None:
    """Return the minutes that she has on average of these weeks (each by its Monday); None if she has not said."""
    budgets = sorted(track.budgets, key=lambda one: one.first_day)
    mondays = list(weeks)
    if not budgets or not mondays:
        return None
    hours = Decimal(0)
    for monday in mondays:
        begun = [one.hours for one in budgets if one.first_day <= monday]
        hours += begun[-1] if begun else budgets[0].hours
    return int(hours * 60 // len(mondays))


def minutes_of(session: SessionFacts) -> int:
    """Return how long a session takes, whatever clocks do meanwhile."""
    zone = ZoneInfo(session.zone)
    return int(session.ends.replace(tzinfo=zone).timestamp() - session.starts.replace(tzinfo=zone).timestamp()) // 60


def all_within(term: TermDates, spans: Iterable[Days]) -> bool:
    """Tell whether each day of a term is in one of these spans."""
    day = term.starts_on
    for one in sorted(spans, key=lambda span: (span.first_day, span.last_day)):
        if one.first_day <= day <= one.last_day:
            day = one.last_day + DAY
    return day > term.ends_on


def _in(span: Days, day: date) -> bool:
    return span.first_day <= day <= span.last_day


def _usual(number: int) -> TermDates:
    year, winter = divmod(number, 2)
    first, over, last = USUAL[winter]
    starts, lectures, ends = date(year, *first), date(year + winter, *over), date(year + winter, *last)
    return TermDates(
        number=number, name=term_name(number), starts_on=starts, ends_on=ends, lectures_from=starts,
        lectures_to=lectures, exams_from=starts, exams_to=ends,
    )  # fmt: skip


def _shifted(day: date, years: int) -> date:
    return day.replace(year=day.year + years, day=28 if (day.month, day.day) == (2, 29) else day.day)
