"""Days in files that schools and nurseries give out, as CSV or as a calendar (ICS)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from lms_core.api import FieldError, InvalidInput
from lms_family_sessions.holidays_of import DAY, Span

MOST_BYTES = 500_000
MOST_ENTRIES = 500
MOST_SHOWN = 50

LONGEST = 100
"""Days of one entry at most: whatever is longer is a mistake in a year."""

YEARS = (2000, 2100)
NAME = 200

_HERE = ZoneInfo("Europe/Berlin")
_HEADERS = {"first": ("first", "from", "von"), "last": ("last", "to", "bis"), "name": ("name", "was")}


class NamedDays(msgspec.Struct, frozen=True, order=True):
    """Days from the first to the last, with a name that may be empty."""

    first: date
    last: date
    name: str = ""


def read_closures(content: bytes) -> list[Span]:
    """Return the days on which a nursery is closed, in their order; what is said of them is left in the file.

    Raises InvalidInput as `read_days` does.
    """
    return sorted({Span(one.first, one.last) for one in read_days(content)})


def read_days(content: bytes) -> list[NamedDays]:
    """Return the days of a CSV or ICS file in their order, each entry once.

    A CSV has the columns first, last and name (or von, bis, was), separated by `,` or `;`; `last` may be empty for a
    single day. Days are written 2027-05-07 or 07.05.2027. An ICS has an event for each; a time of day in it is not
    looked at. Raises InvalidInput that names all mistakes by the line of the file.
    """
    text = _text(content)
    found: list[NamedDays] = []
    wrong: list[FieldError] = []
    entries = _events(text) if text.lstrip().upper().startswith("BEGIN:VCALENDAR") else _rows(text)
    for line, entry in entries:
        reason = entry if isinstance(entry, str) else _mistake(entry)
        if reason:
            wrong.append(FieldError(f"line {line}", reason))
        elif not isinstance(entry, str):
            found.append(entry)
        if len(found) > MOST_ENTRIES:
            raise InvalidInput(f"The file has more than {MOST_ENTRIES} entries.")
    if wrong:
        more = f" The first {MOST_SHOWN} of {len(wrong)} mistakes are named." if len(wrong) > MOST_SHOWN else ""
        raise InvalidInput(f"The file cannot be taken as it is; nothing was changed.{more}", errors=wrong[:MOST_SHOWN])
    return sorted(set(found))


def _text(content: bytes) -> str:
    if len(content) > MOST_BYTES:
        raise InvalidInput(f"The file has more than {MOST_BYTES // 1000} kB.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:  # spreadsheets in Germany still write it
        return content.decode("cp1252", errors="replace")


def _mistake(entry: NamedDays) -> str:
    if entry.last < entry.first:
        return f"it ends on {entry.last}, before it begins on {entry.first}"
    if not YEARS[0] <= entry.first.year <= entry.last.year <= YEARS[1]:
        return f"the year must be between {YEARS[0]} and {YEARS[1]}"
    if entry.last - entry.first >= LONGEST * DAY:
        return f"it is longer than {LONGEST} days; is the year right?"
    if len(entry.name) > NAME:
        return f"the name has more than {NAME} characters"
    return ""


def _rows(text: str) -> Iterator[tuple[int, NamedDays | str]]:
    """Yield the line and the entry, or what is wrong with it."""
    delimiter = ";" if text.split("\n", 1)[0].count(";") else ","
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    columns: dict[str, int] | None = None
    line = 0
    while True:
        line = rows.line_num + 1
        try:
            row = next(rows)
        except StopIteration:
            break
        except csv.Error as error:
            yield line, f"is no row of a table: {error}"
            break
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        if columns is None:
            columns = _columns(cells)
            if "first" not in columns:
                yield line, "the first row must name the columns: first, last, name"
                return
            continue
        yield line, _row({name: cells[at] for name, at in columns.items() if at < len(cells)})
    if columns is None:
        yield max(line, 1), "the file is empty; its first row names the columns: first, last, name"


def _columns(cells: list[str]) -> dict[str, int]:
    known = {word: name for name, words in _HEADERS.items() for word in words}
    return {known[cell.lower()]: at for at, cell in reversed(list(enumerate(cells))) if cell.lower() in known}


def _row(cells: dict[str, str]) -> NamedDays | str:
    first = _day(cells.get("first", ""))
    last = _day(cells["last"]) if cells.get("last") else first
    for word, day in (("first", first), ("last", last)):
        if day is None:
            return f"{word}: {cells.get(word, '')[:40]!r} is no day; write 2027-05-07 or 07.05.2027"
    assert first
    assert last
    return NamedDays(first, last, cells.get("name", ""))


def _day(text: str) -> date | None:
    for form in ("%Y-%m-%d", "%d.%m.%Y"):
        try:
            return datetime.strptime(text, form).date()
        except ValueError:
            continue
    return None


def _events(text: str) -> Iterator[tuple[int, NamedDays | str]]:
    """Yield the line where an event begins and its entry, or what is wrong with it."""
    from icalendar import Calendar, Event

    starts = [at for at, line in enumerate(text.splitlines(), 1) if line.strip().upper() == "BEGIN:VEVENT"]
    try:
        events = Calendar.from_ical(text).walk("VEVENT")
    except (ValueError, KeyError, IndexError) as error:
        yield 1, f"is no calendar: {str(error)[:100]}"
        return
    if not events:
        yield 1, "the calendar has no events"
    for line, event in zip(starts, events, strict=True):
        assert isinstance(event, Event)
        if {"RRULE", "RDATE"} & event.keys():
            yield line, "the event repeats; write an event for each"
            continue
        try:
            first, after = event.start, event.end
        except (ValueError, TypeError) as error:
            yield line, f"has no days that can be read: {str(error)[:100]}"
            continue
        begins, ends = _local(first), _local(after)
        if not isinstance(after, datetime) or (after != first and ends.time() == datetime.min.time()):
            ends -= DAY  # the end of an event is not part of it
        yield (
            line,
            NamedDays(
                begins.date(),
                max(ends.date(), begins.date()) if after == first else ends.date(),
                " ".join(str(event.get("SUMMARY", "")).split()),
            ),
        )


def _local(moment: date) -> datetime:
    """Return the wall's time of a moment here, or the midnight of a day."""
    if not isinstance(moment, datetime):
        return datetime.combine(moment, datetime.min.time())
    return moment.astimezone(_HERE).replace(tzinfo=None) if moment.tzinfo else moment
