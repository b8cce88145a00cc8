"""Days, weekdays and minutes of the day become intervals, whatever the clocks do."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from lms_family_sessions.constraints import EVERY_DAY, WHOLE_DAY, Constraint, intervals
from msgspec.structs import replace

NIL = UUID(int=0)
EVENINGS = Constraint(
    id=NIL, programme_id=NIL, person_id=NIL, entry_id=NIL, strength="cannot", first_day=date(2027, 3, 1),
    last_day=date(2027, 3, 31), weekdays=EVERY_DAY, from_minute=20 * 60, to_minute=WHOLE_DAY, zone="Europe/Berlin",
)  # fmt: skip


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def test_it_holds_on_its_weekdays_from_its_first_day_to_its_last() -> None:
    wednesdays = replace(EVENINGS, weekdays=0b100, last_day=date(2027, 3, 10))
    assert list(intervals(wednesdays, at("2027-01-01"), at("2027-12-31"))) == [
        (at("2027-03-03T19:00"), at("2027-03-03T23:00")),
        (at("2027-03-10T19:00"), at("2027-03-10T23:00")),
    ]


def test_whole_days_are_one_interval_and_end_where_was_asked() -> None:
    whole = replace(EVENINGS, from_minute=0, last_day=None)
    assert list(intervals(whole, at("2027-02-01"), at("2027-04-02T12:00"))) == [
        (at("2027-02-28T23:00"), at("2027-04-02T12:00"))
    ]


def test_an_hour_that_comes_twice_counts_twice_and_one_that_never_comes_opens_nothing() -> None:
    early = replace(EVENINGS, from_minute=150, to_minute=180, last_day=None)
    assert list(intervals(early, at("2027-10-30T12:00"), at("2027-10-31T12:00"))) == [
        (at("2027-10-31T00:30"), at("2027-10-31T02:00"))
    ]
    [(begins, ends)] = intervals(early, at("2027-03-27T12:00"), at("2027-03-28T12:00"))
    assert begins <= at("2027-03-28T01:00") <= ends


HOUR = timedelta(hours=1)
MINUTES = st.integers(0, WHOLE_DAY)


@given(
    first=st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    days=st.none() | st.integers(0, 60),
    weekdays=st.integers(1, EVERY_DAY),
    minutes=st.tuples(MINUTES, MINUTES).filter(lambda two: two[0] < two[1]),
    zone=st.sampled_from(["Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "UTC"]),
    asked=st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC)),
    span=st.timedeltas(timedelta(0), timedelta(days=20)),
)
def test_every_minute_is_inside_exactly_when_the_wall_says_so(
    first, days, weekdays, minutes, zone, asked, span
) -> None:
    one = replace(
        EVENINGS, first_day=first, last_day=None if days is None else first + timedelta(days), weekdays=weekdays,
        from_minute=minutes[0], to_minute=minutes[1], zone=zone,
    )  # fmt: skip
    found = list(intervals(one, asked, asked + span))
    assert all(asked <= begins < ends <= asked + span for begins, ends in found)
    assert all(ends < begins for (_, ends), (begins, _) in pairwise(found))
    step = max(span / 50, timedelta(minutes=7))
    moment = asked
    while moment < asked + span:
        wall = moment.astimezone(ZoneInfo(zone))
        minute = wall.hour * 60 + wall.minute + (wall.second + wall.microsecond / 1e6) / 60
        last = one.last_day or date.max
        holds = first <= wall.date() <= last and weekdays >> wall.weekday() & 1 and minutes[0] <= minute < minutes[1]
        steady = (moment - 4 * HOUR).astimezone(ZoneInfo(zone)).utcoffset() == wall.utcoffset()
        if holds or (steady and wall.utcoffset() == (moment + 4 * HOUR).astimezone(ZoneInfo(zone)).utcoffset()):
            assert any(begins <= moment < ends for begins, ends in found) == bool(holds)
        moment += step
