"""Reads a calendar as three programs of different making do: one believes what it says of time zones, two know them."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from typing import Any

import icalendar
import vobject
from dateutil import tz
from ical.calendar_stream import IcsCalendarStream


def read(text: bytes) -> dict[str, dict[str, Any]]:
    """Return the entries by uid, as all readers understand them alike; times are moments in UTC, or days."""
    first, second, third = by_name(text), by_description(text), strictly(text)
    assert first == second == third
    return first


def by_name(text: bytes) -> dict[str, dict[str, Any]]:
    """Look the names of time zones up in the IANA database, as programs do that have one."""
    calendar = icalendar.Calendar.from_ical(text)
    assert not [event.errors for event in calendar.walk() if event.errors]
    found = {
        str(event["UID"]): {
            "starts": moment(event["DTSTART"].dt),
            "ends": moment(event.get("DTEND", event["DTSTART"]).dt),
            "zone": event["DTSTART"].params.get("TZID", "UTC"),
            "title": str(event["SUMMARY"]),
            "place": str(event.get("LOCATION", "")),
            "description": str(event.get("DESCRIPTION", "")),
            "status": str(event["STATUS"]),
            "sequence": int(event["SEQUENCE"]),
            "changed": event["LAST-MODIFIED"].dt,
        }
        for event in calendar.events
    }
    assert len(found) == len(calendar.events)
    assert [event["DTSTAMP"].dt for event in calendar.events] == [entry["changed"] for entry in found.values()]
    return found


def by_description(text: bytes) -> dict[str, dict[str, Any]]:
    """Believe what the calendar itself says about its time zones, as programs do that know no others."""
    calendar = vobject.readOne(text.decode())
    events = calendar.contents.get("vevent", [])
    described = tz.tzical(io.StringIO(text.decode())) if "vtimezone" in calendar.contents else None
    zones = {"UTC": UTC, **{name: described.get(name) for name in (described.keys() if described else ())}}
    assert {zone(event) for event in events} | {"UTC"} == zones.keys()
    found = {
        event.uid.value: {
            "starts": moment(event.dtstart.value, zones[zone(event)]),
            "ends": moment(event.getChildValue("dtend", event.dtstart.value), zones[zone(event)]),
            "zone": zone(event),
            "title": event.summary.value,
            "place": event.getChildValue("location", ""),
            "description": event.getChildValue("description", ""),
            "status": event.status.value,
            "sequence": int(event.sequence.value),
            "changed": event.last_modified.value,
        }
        for event in events
    }
    assert len(found) == len(events)
    return found


def moment(value: date, zone: Any = None) -> date:
    """Return a moment in UTC; a whole day stays one, in no zone."""
    if not isinstance(value, datetime):
        return value
    return (value.replace(tzinfo=zone) if zone else value).astimezone(UTC)


def zone(event: Any) -> str:
    """Return the name of the zone in which an entry begins."""
    return event.dtstart.params.get("X-VOBJ-ORIGINAL-TZID", ["UTC"])[0]


def strictly(text: bytes) -> dict[str, dict[str, Any]]:
    """Read what the standard allows and nothing else."""
    events = IcsCalendarStream.calendar_from_ics(text.decode()).events
    found = {
        event.uid: {
            "starts": moment(event.start),
            "ends": moment(event.end),
            "zone": str(getattr(event.dtstart, "tzinfo", "UTC")),
            "title": event.summary,
            "place": event.location or "",
            "description": event.description or "",
            "status": event.status.value if event.status else "",
            "sequence": event.sequence,
            "changed": event.last_modified,
        }
        for event in events
    }
    assert len(found) == len(events)
    return found
