"""A calendar as iCalendar (RFC 5545) text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
from icalendar import Calendar, Event
from icalendar.prop import vDuration

from lms_core.calendar.zones import vtimezone

PRODUCT = "-//lms-core//calendar feed//EN"
REFRESH = timedelta(hours=1)
"""How often calendar programs are asked to look; many look less often."""

_LINE_ENDS = re.compile("[\x80-\x9f\u2028\u2029]")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of a calendar; `uid` names it for ever and everywhere.

    `starts` and `ends` are wall times in `zone`, midnights of `all_day`; `changed_at` is the moment since which it has
    this `sequence`.
    """

    uid: str
    title: str
    starts: datetime
    ends: datetime
    zone: str
    place: str
    description: str
    changed_at: datetime
    sequence: int
    cancelled: bool
    all_day: bool = False
    tentative: bool = False


def write(name: str, entries: Sequence[Entry], degraded: Sequence[str], years: tuple[int, int]) -> bytes:
    """Return a calendar with these entries, in their order; the same input gives the same bytes.

    `degraded` names the plugins whose entries are missing. Every time zone is described for the years from the first
    to the last one at least. Takes about a third of a millisecond for each entry: call it in a thread.
    """
    made = Calendar()
    made.add("PRODID", PRODUCT)
    made.add("VERSION", "2.0")
    made.calendar_name = _text(name)
    made.add("REFRESH-INTERVAL", REFRESH, parameters={"VALUE": "DURATION"})
    made.add("X-PUBLISHED-TTL", vDuration(REFRESH))  # the same for Outlook
    if degraded:
        made.add("X-LMS-DEGRADED", ", ".join(degraded))
    first = min([years[0], *(entry.starts.year for entry in entries)])
    last = max([years[1], *(entry.ends.year for entry in entries)])
    for zone in sorted(
        {entry.zone for entry in entries if not entry.all_day} - {"UTC"}
    ):  # which is written as Z and needs no description
        made.add_component(vtimezone(zone, first, last))
    for entry in entries:
        made.add_component(_event(entry))
    text: bytes = made.to_ical()
    return text


def _event(entry: Entry) -> Event:
    made = Event()
    made.add("UID", entry.uid)
    made.add("SEQUENCE", entry.sequence)
    made.add("DTSTAMP", entry.changed_at)  # without a METHOD, it is the moment of the last change
    made.add("LAST-MODIFIED", entry.changed_at)
    if entry.all_day:
        made.add("DTSTART", entry.starts.date())
        made.add("DTEND", entry.ends.date())
        made.add("TRANSP", "TRANSPARENT")  # a day on which something is due is free all the same
    else:
        # naive, for the library writes whatever is aware and has no offset as UTC, without its zone
        made.add("DTSTART", entry.starts, parameters={"TZID": entry.zone})
        if entry.ends != entry.starts:  # a moment has no end (RFC 5545, 3.6.1)
            made.add("DTEND", entry.ends, parameters={"TZID": entry.zone})
    made.add("SUMMARY", _text(entry.title))
    if entry.place:
        made.add("LOCATION", _text(entry.place))
    if entry.description:
        made.add("DESCRIPTION", _text(entry.description))
    made.add("STATUS", "CANCELLED" if entry.cancelled else "TENTATIVE" if entry.tentative else "CONFIRMED")
    return made


def _text(text: str) -> str:
    """Replace by a space what the standard allows but some programs take for the end of a line."""
    return _LINE_ENDS.sub(" ", text)
