"""What a calendar is told about a time zone: its VTIMEZONE (RFC 5545, 3.6.5), taken from the IANA database.

The library's own VTIMEZONE has summer time begin an hour late and lists dates, which Outlook does not read; here
every onset is exact, and what happens each year by a rule is told as that rule.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import msgspec
from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_DAY, _SECOND = timedelta(days=1), timedelta(seconds=1)
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class _Change(msgspec.Struct, frozen=True):
    """What a clock changes from and to, and the name of its time from then on."""

    before: timedelta
    after: timedelta
    name: str


@lru_cache(maxsize=256)
def vtimezone(name: str, first_year: int, last_year: int) -> Timezone:
    """Describe an IANA zone so that every wall time from the first year to the end of the last one is right."""
    zone = ZoneInfo(name)
    start = datetime(first_year - 1, 1, 1)  # a year earlier, so that a clock that changes has done so before
    onsets: dict[_Change, list[datetime]] = {}
    for moment in _transitions(zone, start, datetime(last_year + 1, 1, 1)):
        onsets.setdefault(_change(zone, moment), []).append(moment)
    described = Timezone()
    described.add("TZID", name)
    walls = [_wall(change, moment) for change, moments in onsets.items() for moment in moments]
    if min(walls, default=datetime.max).year >= first_year:
        there = start.replace(tzinfo=zone)
        offset = there.utcoffset() or timedelta()
        described.add_component(_observance(_Change(offset, offset, there.tzname() or name), [start], last_year))
    for change, moments in onsets.items():
        described.add_component(_observance(change, [_wall(change, moment) for moment in moments], last_year))
    return described


def _transitions(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the first moment (UTC) of each new offset; one that lasts less than a day is not seen."""
    day, last = start.replace(tzinfo=UTC), end.replace(tzinfo=UTC)
    while day < last:
        before, following = _offset(zone, day), day + _DAY
        if _offset(zone, following) != before:
            low, high = day, following
            while high - low > _SECOND:
                middle = low + timedelta(seconds=(high - low) // _SECOND // 2)
                low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
            yield high
        day = following


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()


def _change(zone: ZoneInfo, moment: datetime) -> _Change:
    name = moment.astimezone(zone).tzname() or str(zone)
    return _Change(_offset(zone, moment - _SECOND), _offset(zone, moment), name)


def _wall(change: _Change, moment: datetime) -> datetime:
    """Return an onset as the standard wants it: as the clock that is about to change shows it."""
    return (moment + change.before).replace(tzinfo=None)


def _observance(change: _Change, walls: list[datetime], last_year: int) -> TimezoneStandard | TimezoneDaylight:
    """Describe a change of the clock that happens at these wall times.

    A clock that goes forward is daylight: Dublin's summer time, too, which its law calls standard.
    """
    made = TimezoneDaylight() if change.after > change.before else TimezoneStandard()
    made.add("DTSTART", walls[0])
    if rule := _yearly(walls, last_year):
        made.add("RRULE", rule)
    else:
        for wall in walls[1:]:
            made.add("RDATE", wall)  # a line for each: of a list, some programs read the first alone
    made.add("TZNAME", change.name)
    made.add("TZOFFSETFROM", change.before)
    made.add("TZOFFSETTO", change.after)
    return made


def _yearly(walls: list[datetime], last_year: int) -> dict[str, object] | None:
    """Find the rule by which something happens in every year from its first to the last one; None if there is none."""
    first = walls[0]
    years = [wall.year for wall in walls]
    alike = {(wall.month, wall.weekday(), wall.time()) for wall in walls}
    if len(walls) < 3 or years != list(range(first.year, last_year + 1)) or len(alike) > 1:
        return None
    places = {(wall.day - 1) // 7 + 1 for wall in walls}
    if all((wall + timedelta(days=7)).month != wall.month for wall in walls):
        place = -1
    elif len(places) == 1:
        place = places.pop()
    else:
        return None
    return {"FREQ": "YEARLY", "BYMONTH": first.month, "BYDAY": f"{place}{_WEEKDAYS[first.weekday()]}"}
