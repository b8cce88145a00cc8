"""Dates of a study in calendars: what to do by when in a student's feed, if she wants it, and a plan as a file."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import date, datetime, time
from uuid import UUID

from lms_core.api import (
    AsyncConnection,
    CalendarEntry,
    CalendarRequest,
    Context,
    SessionFacts,
    now,
    read_person,
    read_sessions,
    write_calendar,
)
from lms_part_time_tracks import plans, tracks
from lms_part_time_tracks.calendar import DAY
from lms_part_time_tracks.knowing import read_facts, read_own
from lms_part_time_tracks.milestones import Language, in_words, standing_of
from lms_part_time_tracks.pace import Pace, Paced, read_pace
from lms_part_time_tracks.translate import Facts

LONGEST_TITLE, LONGEST_TEXT = 200, 20_000
_PLAN: Mapping[Language, str] = {"en": "Study plan", "de": "Studienplan"}
_BY_TODAY: Mapping[Language, str] = {"en": "By today", "de": "Bis heute"}
_MODES: Mapping[Language, Mapping[str, str]] = {
    "en": {"on_site": "On site", "online": "Online", "hybrid": "On site and online"},
    "de": {"on_site": "In Präsenz", "online": "Online", "hybrid": "In Präsenz und online"},
}


async def show(context: Context, request: CalendarRequest) -> list[CalendarEntry]:
    """Return by when a student should have done what, and what is due for ever, if she wants it in her feed.

    Seventeen statements more for her than for whoever does not: one.
    """
    async with context.read() as connection:
        if not (await tracks.read(context, connection, request.person_id)).track.calendar:
            return []
        facts = (await read_facts(context, connection, [request.person_id])).get(request.person_id)
        if facts is None:
            return []
        pace = await read_pace(context, connection, facts)
        language = await _language(connection, request.person_id)
    return await asyncio.to_thread(lambda: [*_paces(pace, facts, language), *_irrevocable(facts, language)])


async def write_plan(context: Context, plan_id: UUID) -> bytes:
    """Return the sessions of a plan's runs and the dates that nobody can move as iCalendar. Seventeen statements.

    Sessions of runs in which she has no seat are tentative.
    Raises NotFound, and Conflict while there is no plan.
    """
    assert context.person_id
    async with context.read() as connection:
        result = await plans.read_result(context, connection, plan_id)
        facts = await read_own(context, connection)
        modules = [one for term in result.terms for one in term.modules if not one.done]
        runs = {one.run_id: one.run or one.title for one in modules if one.run_id}
        sessions = await read_sessions(connection, sorted(runs), context.person_id)
        language = await _language(connection, context.person_id)

    def written() -> bytes:
        seats = {one.run_id for one in facts.standing.places if one.state in ("enrolled", "completed")}
        entries = [_session(one, runs[one.run_id], language, seat=one.run_id in seats) for one in sessions]
        return write_calendar(context, _PLAN[language], [*entries, *_irrevocable(facts, language)])

    return await asyncio.to_thread(written)


async def _language(connection: AsyncConnection, person_id: UUID) -> Language:
    return "de" if (await read_person(connection, person_id)).language == "de" else "en"


def _paces(pace: Pace, facts: Facts, language: Language) -> Iterator[CalendarEntry]:
    """Yield an entry for each day by which something should be done."""
    days: dict[date, list[tuple[str, Paced]]] = defaultdict(list)
    for run in pace.runs:
        for unit in run.units:
            if unit.by:
                days[unit.by].append((run.title, unit))
    for day, units in sorted(days.items()):
        title = f"{_BY_TODAY[language]}: {', '.join(unit.title for _, unit in units)}"
        text = "\n".join(f"{run}: {unit.title} ({unit.minutes / 60:.1f} h)" for run, unit in units)
        yield _day(f"pace.{day}", day, title, text, facts)


def _irrevocable(facts: Facts, language: Language) -> Iterator[CalendarEntry]:
    """Yield an entry for each date whose demand is not met; of the same demand at two dates the first."""
    seen: set[str] = set()
    for one in standing_of(facts).dates:
        key = f"due.{one.kind}.{one.module_id or one.ects}"
        if one.missing and key not in seen:
            seen.add(key)
            yield _day(key, one.on, in_words(one, language), "", facts)


def _day(key: str, day: date, title: str, text: str, facts: Facts) -> CalendarEntry:
    starts = datetime.combine(day, time())
    # these follow from all that she does: within an hour calendars need not look again
    changed = now().replace(minute=0, second=0, microsecond=0)
    return CalendarEntry(
        key=key, title=_cut(title), starts=starts, ends=starts + DAY, zone=facts.settings.zone, all_day=True,
        description=text[:LONGEST_TEXT], changed_at=changed, sequence=int(changed.timestamp() // 3600),
    )  # fmt: skip


def _session(one: SessionFacts, run: str, language: Language, *, seat: bool) -> CalendarEntry:
    return CalendarEntry(
        key=f"session.{one.session_id}", title=_cut(f"{run}: {one.title}"), starts=one.starts, ends=one.ends,
        zone=one.zone, place=one.place, description=_MODES[language].get(one.mode, ""), changed_at=now(),
        sequence=one.revision, cancelled=one.cancelled_at is not None, tentative=not seat,
    )  # fmt: skip


def _cut(title: str) -> str:
    return title if len(title) <= LONGEST_TITLE else f"{title[: LONGEST_TITLE - 1]}…"
