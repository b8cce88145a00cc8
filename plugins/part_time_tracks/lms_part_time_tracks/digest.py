"""A mail on Mondays about the week, to students who want it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select

from lms_core.api import AsyncConnection, Context, insert_into, send_mail
from lms_part_time_tracks.calendar import monday_of
from lms_part_time_tracks.milestones import Language, in_words
from lms_part_time_tracks.tables import reminder
from lms_part_time_tracks.translate import Facts
from lms_part_time_tracks.week import Week, read_week

ABOUT = "week"
"""Under this name it is kept up to which week, by the number of its Monday, a student was told."""
MOST_LINES = 20
"""Of each kind in a mail; the rest is counted."""

_SUBJECT: Mapping[Language, str] = {"en": "Your week from {day}", "de": "Ihre Woche ab {day}"}
_DONE: Mapping[Language, str] = {
    "en": "Last week you completed units of {done} hours.",
    "de": "Letzte Woche haben Sie Einheiten von {done} Stunden abgeschlossen.",
}
_TAKES: Mapping[Language, str] = {
    "en": "This week takes {needed} hours for units and {met} in sessions{has}.",
    "de": "Diese Woche braucht {needed} Stunden für Einheiten und {met} in Terminen{has}.",
}
_HAS: Mapping[Language, str] = {"en": "; you have {has}", "de": "; Sie haben {has}"}
_BEHIND: Mapping[Language, str] = {
    "en": "You are {hours} hours behind.",
    "de": "Sie sind {hours} Stunden im Rückstand.",
}
_AHEAD: Mapping[Language, str] = {"en": "You are {hours} hours ahead.", "de": "Sie sind {hours} Stunden voraus."}
_HEADS: Mapping[Language, tuple[str, str, str]] = {
    "en": ("To be done:", "Sessions:", "Deadlines:"),
    "de": ("Zu erledigen:", "Termine:", "Abgabefristen:"),
}
_UNIT: Mapping[Language, str] = {
    "en": "{title} ({run}), {hours} h, by {by}",
    "de": "{title} ({run}), {hours} h, bis {by}",
}
_MORE: Mapping[Language, str] = {"en": "and {more} more", "de": "und {more} weitere"}
_LEFT: Mapping[Language, str] = {"en": "Days left: {left}.", "de": "Verbleibende Tage: {left}."}


async def wanted(context: Context, connection: AsyncConnection, known: Mapping[UUID, Facts]) -> dict[UUID, Week]:
    """Return the weeks of those who want to be told of the present one and were not; nothing after Tuesday.

    It is told by a job that goes each day, at an hour that nobody sets: Tuesday is there in case Monday is missed. A
    statement, and three for each of them.
    """
    asked = [one for one, facts in known.items() if facts.track.digest and facts.today.weekday() < 2]
    if not asked:
        return {}
    monday = monday_of(known[asked[0]].today)
    told = select(reminder.c.person_id).where(_mine(context, asked), reminder.c.days == monday.toordinal())
    done = set((await connection.execute(told)).scalars())
    weeks = {one: await read_week(context, connection, known[one], monday) for one in asked if one not in done}
    return {
        one: week for one, week in weeks.items() if week.done_minutes or week.units or week.sessions or week.deadlines
    }


async def tell(context: Context, connection: AsyncConnection, weeks: Mapping[UUID, Week]) -> None:
    """Write to each student about her week, unless that has been done. A statement, and three for each of them."""
    days = next(iter(weeks.values())).first_day.toordinal()
    await connection.execute(delete(reminder).where(_mine(context, weeks), reminder.c.days < days))
    for person_id, week in weeks.items():
        row = {"person_id": person_id, "programme_id": context.programme_id, "about": ABOUT, "days": days}
        new = await connection.execute(insert_into(connection, reminder).values(row).on_conflict_do_nothing())
        if new.rowcount:
            subject = {language: line.format(day=_short(week.first_day)) for language, line in _SUBJECT.items()}
            await send_mail(context, connection, person_id, subject=subject, text=_text(context, week))


def _mine(context: Context, persons: Sequence[UUID] | Mapping[UUID, Any]) -> Any:
    c = reminder.c
    return c.person_id.in_(list(persons)) & (c.programme_id == context.programme_id) & (c.about == ABOUT)


def _text(context: Context, week: Week) -> dict[Language, str]:
    path = f"{context.public_url}/programmes/{context.programme_id}/part_time_tracks/me/week?from={week.first_day}"
    zone = ZoneInfo(context.settings.zone)
    return {language: "\n".join([*_lines(week, language, zone), "", path, ""]) for language in _SUBJECT}


def _lines(week: Week, language: Language, zone: ZoneInfo) -> Iterator[str]:
    yield _DONE[language].format(done=_hours(week.done_minutes))
    has = "" if week.has_minutes is None else _HAS[language].format(has=_hours(week.has_minutes))
    yield _TAKES[language].format(
        needed=_hours(week.needed_minutes or 0), met=_hours(week.in_sessions_minutes), has=has
    )
    if week.behind_minutes:
        words = _BEHIND if week.behind_minutes > 0 else _AHEAD
        yield words[language].format(hours=_hours(abs(week.behind_minutes)))
    units = [
        _UNIT[language].format(
            title=one.title, run=one.run, hours=_hours(one.minutes), by=_short(one.by or week.last_day)
        )
        for one in week.units or ()
    ]
    sessions = [
        f"{_short(one.starts)} {one.starts:%H:%M}-{one.ends:%H:%M} {one.run}: {one.title}"
        + (f", {one.place}" if one.place else "")
        for one in week.sessions
    ]
    deadlines = [
        f"{_short(due)} {due:%H:%M} {one.title} ({one.run})"
        for one in week.deadlines
        for due in [one.due.astimezone(zone)]
    ]
    for head, found in zip(_HEADS[language], (units, sessions, deadlines), strict=True):
        if found:
            yield ""
            yield head
            yield from (f"- {line}" for line in found[:MOST_LINES])
            if len(found) > MOST_LINES:
                yield f"- {_MORE[language].format(more=len(found) - MOST_LINES)}"
    if week.next:
        yield ""
        yield f"{in_words(week.next, language)} {_LEFT[language].format(left=week.next.left)}"


def _hours(minutes: int) -> str:
    return f"{minutes / 60:.1f}"


def _short(day: date) -> str:
    return f"{day:%d.%m.}"
