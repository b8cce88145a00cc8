"""What stands in a person's calendar: sessions, deadlines and exams of her runs, and what plugins add."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from sqlalchemy import Row, or_, select, union

from lms_core.assessment import deadlines
from lms_core.assessment.tables import exam, registration
from lms_core.calendar.ics import Entry, write
from lms_core.calendar.types import PluginEntry
from lms_core.db import AsyncConnection
from lms_core.enrolment.tables import programme_enrolment, run_enrolment
from lms_core.hooks.context import Context
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.types import CalendarEntry, CalendarRequest
from lms_core.modules.attendees import is_for, taught_by
from lms_core.modules.tables import module, run, session
from lms_core.people.tables import role_grant
from lms_core.types import instant_of, now

log = logging.getLogger("lms.plugins")

BACK, AHEAD = timedelta(days=183), timedelta(days=5 * 366)
"""How far a calendar reaches from today."""

_MODES = {
    "en": {"on_site": "On site", "online": "Online", "hybrid": "On site and online"},
    "de": {"on_site": "In Präsenz", "online": "Online", "hybrid": "In Präsenz und online"},
}

_EXAMS = {
    "en": {"written": "Written exam", "oral": "Oral exam", "practical": "Practical exam", "paper": "Paper"},
    "de": {
        "written": "Schriftliche Prüfung", "oral": "Mündliche Prüfung", "practical": "Praktische Prüfung",
        "paper": "Hausarbeit",
    },
}  # fmt: skip

_DEADLINE = {"en": "Deadline", "de": "Abgabefrist"}


async def sessions_of(
    connection: AsyncConnection, person_id: UUID, host: str, language: str, moment: datetime
) -> list[Entry]:
    """Return the sessions that are for a person, of the runs in which she has a seat, and those that she teaches.

    One statement. Cancelled ones are among them, so that calendars that show them learn of it. `host` makes their uid
    unique in the world; `language` (en or de) is that of the words for a session's mode.
    """
    seats = select(run_enrolment.c.run_id).where(
        run_enrolment.c.person_id == person_id, run_enrolment.c.state.in_(["enrolled", "completed"])
    )
    query = (
        select(session, run.c.title.label("run_title"))
        .join_from(session, run)
        .where(
            session.c.id.in_(
                union(
                    select(session.c.id).where(session.c.run_id.in_(seats), is_for(person_id)),
                    select(session.c.id).where(session.c.run_id.in_(_taught(person_id, "run"))),
                    taught_by(person_id),
                )
            ),
            *_within_reach(session, moment),
        )
        .order_by(session.c.starts, session.c.id)
    )
    modes = _MODES.get(language, _MODES["en"])
    return [_planned(row, host, modes[row.mode]) for row in await connection.execute(query)]


async def exams_of(
    connection: AsyncConnection, person_id: UUID, host: str, language: str, moment: datetime
) -> list[Entry]:
    """Return the exams for which a person is registered, and those of the runs that she teaches, in one statement.

    A cancelled exam is among them for those who were registered then.
    """
    registered = select(registration.c.exam_id).where(
        registration.c.exam_id == exam.c.id,
        registration.c.person_id == person_id,
        or_(registration.c.state != "deregistered", registration.c.since >= exam.c.cancelled_at),
    )
    query = (
        select(exam, run.c.title.label("run_title"))
        .join_from(exam, run)
        .where(
            or_(registered.exists(), exam.c.run_id.in_(_taught(person_id, "run"))),
            *_within_reach(exam, moment),
        )
        .order_by(exam.c.starts, exam.c.id)
    )
    kinds = _EXAMS.get(language, _EXAMS["en"])
    return [_planned(row, host, kinds[row.kind]) for row in await connection.execute(query)]


def _within_reach(table: Any, moment: datetime) -> tuple[Any, Any]:
    """Keep what a calendar reaches, right to a day: these are times on walls."""
    return table.c.ends > (moment - BACK).replace(tzinfo=None), table.c.starts < (moment + AHEAD).replace(tzinfo=None)


async def deadlines_of(
    connection: AsyncConnection, person_id: UUID, host: str, language: str, moment: datetime
) -> list[Entry]:
    """Return the deadlines of the units in a person's runs, in one statement.

    Whether one is hers alone is not to be seen: whoever has the address of the feed reads it.
    """
    query = deadlines.of_person(person_id).where(
        deadlines.between((moment - BACK).replace(tzinfo=None), (moment + AHEAD).replace(tzinfo=None))
    )
    word = _DEADLINE.get(language, _DEADLINE["en"])
    return [_deadline(row, host, word) for row in await connection.execute(query)]


def _deadline(row: Row[Any], host: str, word: str) -> Entry:
    due, zone, _ = deadlines.holding(row)
    return Entry(
        uid=f"{row.id}@{host}",
        title=f"{row.run_title}: {row.unit_title}",
        starts=due,
        ends=due,
        zone=zone,
        place="",
        description=word,
        changed_at=max(row.changed_at, row.decided_at or row.changed_at),
        sequence=row.revision + (row.own_revision or 0) + row.gone,
        cancelled=row.removed_at is not None or row.gone,
    )


def _taught(person_id: UUID, scope: str) -> Any:
    return select(role_grant.c.scope_id).where(
        role_grant.c.person_id == person_id, role_grant.c.role == "lecturer", role_grant.c.scope == scope
    )


def _planned(row: Row[Any], host: str, description: str) -> Entry:
    return Entry(
        uid=f"{row.id}@{host}",
        title=f"{row.run_title}: {row.title}",
        starts=row.starts,
        ends=row.ends,
        zone=row.zone,
        place=row.place,
        description=description,
        # of one planned before changes were dated, the id tells when
        changed_at=row.changed_at or datetime.fromtimestamp((row.id.int >> 80) / 1000, UTC),
        sequence=row.revision,
        cancelled=row.cancelled_at is not None,
    )


async def programmes_of(connection: AsyncConnection, person_id: UUID) -> list[UUID]:
    """Return the programmes that a person studies, or teaches in or in a run of, in one statement."""
    studied = select(programme_enrolment.c.programme_id).where(
        programme_enrolment.c.person_id == person_id, programme_enrolment.c.state == "enrolled"
    )
    of_runs = select(module.c.programme_id).join_from(run, module).where(run.c.id.in_(_taught(person_id, "run")))
    return sorted((await connection.execute(union(studied, _taught(person_id, "programme"), of_runs))).scalars())


async def entries_of_plugins(
    hooks: Dispatcher, programmes: list[UUID], person_id: UUID, host: str, moment: datetime
) -> tuple[list[Entry], list[str]]:
    """Ask the plugins of the programmes; return their entries, and the names of those that failed.

    A plugin of which one entry makes no sense is left out of that programme with all its entries.
    """
    request = CalendarRequest(person_id, moment - BACK)
    found: list[Entry] = []
    degraded: set[str] = set()
    for programme_id in programmes:
        answers, failed = await hooks.shape("calendar_entries", programme_id, request)
        degraded |= set(failed)
        by_plugin: dict[str, list[CalendarEntry]] = {}
        for plugin, entry in answers:
            by_plugin.setdefault(plugin, []).append(entry)
        for plugin, told in by_plugin.items():
            try:
                found += _of_plugin(f"{plugin}.{programme_id}", told, host)
            except ValueError as error:
                log.error("plugin %s has an impossible calendar entry in programme %s: %s", plugin, programme_id, error)
                degraded.add(plugin)
    shown = (
        e for e in found if instant_of(e.ends, e.zone) > moment - BACK and instant_of(e.starts, e.zone) < moment + AHEAD
    )
    return sorted(shown, key=lambda entry: (entry.starts, entry.uid)), sorted(degraded)


def write_calendar(context: Context, name: str, told: Sequence[CalendarEntry]) -> bytes:
    """Return entries of a plugin as iCalendar text, under the same names as in the calendars of persons.

    Takes about a third of a millisecond for each: call it in a thread. Raises ValueError that says what is wrong.
    """
    found = _of_plugin(f"{context.plugin}.{context.programme_id}", told, urlsplit(context.public_url).hostname or "")
    year = now().year
    return write(name, sorted(found, key=lambda entry: (entry.starts, entry.uid)), (), (year, year))


def _of_plugin(prefix: str, told: Sequence[CalendarEntry], host: str) -> list[Entry]:
    """Check the entries of a plugin in a programme. Raises ValueError that says what is wrong with one."""
    checked = [msgspec.convert(msgspec.structs.asdict(entry), PluginEntry) for entry in told]
    if len({entry.key for entry in checked}) < len(checked):
        raise ValueError("two entries have the same key")
    return [
        Entry(
            uid=f"{prefix}.{entry.key}@{host}",
            **{name: value for name, value in msgspec.structs.asdict(entry).items() if name != "key"},
        )
        for entry in checked
    ]
