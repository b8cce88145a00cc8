"""A calendar says what was planned: read by name of the zone and by its description, the moments are the same."""

from __future__ import annotations

import io
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from dateutil import tz
from hypothesis import given, settings
from hypothesis import strategies as st

from lms_core.calendar.ics import Entry, write
from lms_core.calendar.zones import vtimezone
from tests.support.calendars import read

if TYPE_CHECKING:
    from collections.abc import Iterator

ZONES = sorted(available_timezones() - {"Factory", "UTC"})
YEARS = (2026, 2031)
CHANGED = datetime(2026, 11, 1, 12, tzinfo=UTC)


def entry(**told: Any) -> Entry:
    usual = {
        "uid": "1@example.org", "title": "Lab day", "starts": datetime(2026, 11, 7, 9), "zone": "Europe/Berlin",
        "ends": datetime(2026, 11, 7, 16, 30), "place": "", "description": "", "changed_at": CHANGED, "sequence": 1,
        "cancelled": False,
    }  # fmt: skip
    return Entry(**{**usual, **told})


def at(zone: str, wall: datetime) -> Entry:
    return entry(starts=wall, ends=wall + timedelta(days=1), zone=zone)


def test_a_calendar_as_a_whole() -> None:
    day = entry(title="Ätzen; Spülen, \\ 日本語", place="C 1.07", description="On site", sequence=3)
    text = write("Annas Tage", [day, entry(uid="2@example.org", cancelled=True)], ["first", "second"], YEARS)
    assert text.decode().splitlines() == [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//lms-core//calendar feed//EN", "NAME:Annas Tage",
        "X-WR-CALNAME:Annas Tage", "REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-LMS-DEGRADED:first, second",
        "X-PUBLISHED-TTL:PT1H",
        "BEGIN:VTIMEZONE", "TZID:Europe/Berlin",
        "BEGIN:DAYLIGHT", "DTSTART:20250330T020000", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3", "TZNAME:CEST",
        "TZOFFSETFROM:+0100", "TZOFFSETTO:+0200", "END:DAYLIGHT",
        "BEGIN:STANDARD", "DTSTART:20251026T030000", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10", "TZNAME:CET",
        "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "END:STANDARD", "END:VTIMEZONE",
        "BEGIN:VEVENT", "SUMMARY:Ätzen\\; Spülen\\, \\\\ 日本語", "DTSTART;TZID=Europe/Berlin:20261107T090000",
        "DTEND;TZID=Europe/Berlin:20261107T163000", "DTSTAMP:20261101T120000Z", "UID:1@example.org", "SEQUENCE:3",
        "DESCRIPTION:On site", "LAST-MODIFIED:20261101T120000Z", "LOCATION:C 1.07", "STATUS:CONFIRMED", "END:VEVENT",
        "BEGIN:VEVENT", "SUMMARY:Lab day", "DTSTART;TZID=Europe/Berlin:20261107T090000",
        "DTEND;TZID=Europe/Berlin:20261107T163000", "DTSTAMP:20261101T120000Z", "UID:2@example.org", "SEQUENCE:1",
        "LAST-MODIFIED:20261101T120000Z", "STATUS:CANCELLED", "END:VEVENT", "END:VCALENDAR",
    ]  # fmt: skip
    assert all(len(line.encode()) <= 75 for line in text.decode().split("\r\n"))


@pytest.mark.parametrize(
    ("zone", "wall", "moment"),
    [
        ("Europe/Berlin", "2027-03-28T01:59:00", "2027-03-28T00:59:00"),  # the last minute of winter time
        ("Europe/Berlin", "2027-03-28T03:00:00", "2027-03-28T01:00:00"),  # the first one of summer time
        ("Europe/Berlin", "2027-03-28T03:30:00", "2027-03-28T01:30:00"),
        ("Europe/Berlin", "2026-10-25T01:59:00", "2026-10-24T23:59:00"),
        ("Europe/Berlin", "2026-10-25T02:30:00", "2026-10-25T00:30:00"),  # shown twice; the first is meant
        ("Europe/Berlin", "2026-10-25T03:00:00", "2026-10-25T02:00:00"),
        ("America/New_York", "2027-03-14T01:59:00", "2027-03-14T06:59:00"),
        ("America/New_York", "2027-03-14T03:00:00", "2027-03-14T07:00:00"),
        ("America/New_York", "2026-11-01T01:30:00", "2026-11-01T05:30:00"),
        ("Asia/Kolkata", "2027-03-28T09:00:00", "2027-03-28T03:30:00"),
        ("Europe/Dublin", "2027-07-01T09:00:00", "2027-07-01T08:00:00"),
        ("Europe/Dublin", "2027-01-15T09:00:00", "2027-01-15T09:00:00"),
        ("UTC", "2027-07-01T09:00:00", "2027-07-01T09:00:00"),
    ],
)
def test_around_the_change_of_the_clock(zone: str, wall: str, moment: str) -> None:
    (found,) = read(write("Mine", [at(zone, datetime.fromisoformat(wall))], [], YEARS)).values()
    assert (found["zone"], found["starts"]) == (zone, datetime.fromisoformat(moment).replace(tzinfo=UTC))


@pytest.mark.parametrize("letter", sorted({zone[0] for zone in ZONES}))
def test_every_zone_is_described_right(letter: str) -> None:
    """Each wall time around each change of the clock, and every 50 days, is the moment that the database says."""
    for zone in (zone for zone in ZONES if zone[0] == letter):
        there = ZoneInfo(zone)
        walls = {moment.astimezone(there).replace(tzinfo=None, fold=0) for moment in moments_to_try(there)}
        described = tz.tzical(io.StringIO(write("Mine", [at(zone, min(walls))], [], YEARS).decode())).get(zone)
        for wall in walls:
            told, right = (wall.replace(tzinfo=known).astimezone(UTC) for known in (described, there))
            assert told == right, f"{wall} {zone}"


def moments_to_try(zone: ZoneInfo) -> Iterator[datetime]:
    quarter, day = timedelta(minutes=15), datetime(YEARS[0], 1, 2, 0, 7, tzinfo=UTC)
    while day.year <= YEARS[1]:
        following = day + timedelta(days=1)
        if day.astimezone(zone).utcoffset() != following.astimezone(zone).utcoffset():
            yield from (day + n * quarter for n in range(-12, 24 * 4 + 12))
        elif day.toordinal() % 50 == 0:
            yield day
        day = following


def test_a_rule_is_told_as_a_rule_and_what_follows_none_day_by_day() -> None:
    described = {zone: vtimezone(zone, *YEARS).to_ical().decode() for zone in ("America/Nuuk", "Africa/Casablanca")}
    assert described["America/Nuuk"].count("RRULE") == 1
    assert described["Africa/Casablanca"].count("RRULE") == 0  # summer time pauses in Ramadan, which 2030 has twice
    assert described["Africa/Casablanca"].count("RDATE") == 13


CONTROLS = "".join(map(chr, [*range(0x20), 0x7F]))
LINE = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=CONTROLS), max_size=200)
LINES = st.text(
    st.one_of(st.characters(exclude_categories=["Cs"], exclude_characters=CONTROLS), st.sampled_from("\n\t"))
)
SEPARATORS = re.compile("[\x80-\x9f\u2028\u2029]")  # at some of them, some programs would end the line
WALLS = st.datetimes(datetime(2026, 1, 1), datetime(2031, 12, 1)).map(lambda wall: wall.replace(microsecond=0))


@st.composite
def planned(draw: st.DrawFn) -> Entry:
    """Any plan that the API takes: titles and places of any script, times that the clock in the zone shows."""
    zone = draw(st.sampled_from([*ZONES, "UTC"]))
    there = ZoneInfo(zone)
    starts = draw(WALLS).replace(tzinfo=UTC)
    ends = starts + draw(st.timedeltas(timedelta(hours=3), timedelta(days=20))) // timedelta(seconds=1) * timedelta(
        seconds=1
    )
    return entry(
        uid=f"{draw(st.uuids())}@example.org",
        title=draw(LINE.filter(bool)),
        place=draw(LINE),
        description=draw(LINES),
        starts=starts.astimezone(there).replace(tzinfo=None, fold=0),
        ends=ends.astimezone(there).replace(tzinfo=None, fold=0),
        zone=zone,
        sequence=draw(st.integers(0, 2_000_000_000)),
        cancelled=draw(st.booleans()),
    )


@settings(deadline=None, max_examples=150, derandomize=True, database=None)
@given(st.lists(planned(), max_size=8, unique_by=lambda entry: entry.uid), LINE.filter(bool))
def test_whatever_was_planned_is_read(entries: list[Entry], name: str) -> None:
    text = write(name, entries, [], YEARS)
    assert text == write(name, list(entries), [], YEARS)
    assert all(len(line) <= 75 for line in text.split(b"\r\n"))
    assert read(text) == {
        told.uid: {
            "starts": told.starts.replace(tzinfo=ZoneInfo(told.zone)).astimezone(UTC),
            "ends": told.ends.replace(tzinfo=ZoneInfo(told.zone)).astimezone(UTC),
            "zone": told.zone,
            "title": SEPARATORS.sub(" ", told.title),
            "place": SEPARATORS.sub(" ", told.place),
            "description": SEPARATORS.sub(" ", told.description),
            "status": "CANCELLED" if told.cancelled else "CONFIRMED",
            "sequence": told.sequence,
            "changed": CHANGED,
        }
        for told in entries
    }
