"""A version of a week becomes public: sessions, calendars, and one mail to each whose days it changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal
from uuid import UUID

import msgspec

from lms_core.api import (
    AsyncConnection,
    Context,
    NotFound,
    SessionRemark,
    read_participants,
    send_mail,
)
from lms_university_weeks import publishing, rosters
from lms_university_weeks.attendance import read_attendance
from lms_university_weeks.publishing import Draft, Publication
from lms_university_weeks.views import Entry, Own, View, shown

MOST_LINES = 60
"""So many changes stand in a mail; a calendar shows more."""

_DAYS = ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag")

Language = Literal["en", "de"]
_LANGUAGES: tuple[Language, ...] = ("en", "de")
_WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "first": "The plan is published: {title}",
        "again": "The plan has changed: {title}",
        "hello": "Hello,",
        "yours": "These are your sessions, as your calendar shows them:",
        "changes": "This is new or different for you; your calendar shows all of your sessions:",
        "new": "New",
        "gone": "Does not take place, or not for you",
        "instead": "instead of",
        "more": "... and {count} more.",
        "zone": "All times are those of the clocks in {zone}.",
    },
    "de": {
        "first": "Der Plan ist veröffentlicht: {title}",
        "again": "Der Plan hat sich geändert: {title}",
        "hello": "Guten Tag,",
        "yours": "Das sind Ihre Termine, wie sie auch in Ihrem Kalender stehen:",
        "changes": "Das ist für Sie neu oder anders; alle Ihre Termine stehen in Ihrem Kalender:",
        "new": "Neu",
        "gone": "Entfällt, oder nicht für Sie",
        "instead": "statt",
        "more": "... und {count} weitere.",
        "zone": "Alle Zeiten sind die der Uhren in {zone}.",
    },
}


class Announcement(msgspec.Struct, frozen=True):
    """The payload of the job that writes to people about a version."""

    week_id: UUID
    version: int


async def publish(
    context: Context, connection: AsyncConnection, draft: Draft, warnings: Sequence[SessionRemark]
) -> Publication:
    """Publish a draft, name who comes to its sessions, and have all written to whom it concerns. Raises Conflict."""
    made = await publishing.publish(context, connection, draft, warnings)
    await rosters.renew(context, connection, made.week_id)
    await context.enqueue(connection, "announce", Announcement(made.week_id, made.version))
    return made


async def announce(context: Context, payload: Announcement) -> None:
    """Write one mail to each participant and lecturer for whom a version changes something: what, and nothing else."""
    async with context.write() as connection:
        try:
            present = await publishing.read(context, connection, payload.week_id, payload.version)
        except NotFound:  # the week was removed meanwhile
            return
        before = None
        if payload.version > 1:
            before = await publishing.read(context, connection, payload.week_id, payload.version - 1)
        now, then = await _own(connection, present), await _own(connection, before) if before else {}
        for person_id in sorted(now.keys() | then.keys()):
            mine, old = now.get(person_id, {}), then.get(person_id, {}) if before else None
            texts = {language: written(present, mine, old, language) for language in _LANGUAGES}
            if all(texts.values()):
                kind = "first" if old is None else "again"
                subject = {one: _WORDS[one][kind].format(title=present.content.title)[:200] for one in _LANGUAGES}
                await send_mail(context, connection, person_id, subject=subject, text=texts)


async def _own(connection: AsyncConnection, published: Publication) -> dict[UUID, dict[str, Entry]]:
    """Return the sessions of each person who attends or teaches some, by their keys."""
    attendance = await read_attendance(connection, published.week_id, published.content)
    seats: dict[UUID, list[UUID]] = {}
    for who in await read_participants(connection, {one.run_id for one in published.sessions}):
        seats.setdefault(who.run_id, []).append(who.person.id)
    seated = seats.get(published.content.run_id, [])
    wheres = [one.where for one in published.sessions]
    named = rosters.people_of(attendance, wheres, seated)
    entries = {entry.key: entry for entry in shown(published.content, wheres, View("all"), Own())}
    found: dict[UUID, dict[str, Entry]] = {}
    for one in published.sessions:
        people = named[one.where.key]
        attend = seats.get(one.run_id, []) if people.attend is None else people.attend
        for person_id in {*attend, *people.teach}:
            found.setdefault(person_id, {})[one.where.key] = entries[one.where.key]
    return found


def written(
    published: Publication, mine: Mapping[str, Entry], old: Mapping[str, Entry] | None, language: Language
) -> str:
    """Return the mail to somebody: her sessions or, if she knows some already, what is new; empty if nothing is."""
    words = _WORDS[language]
    lines = []
    for key, entry in mine.items():
        if old is None:
            lines.append(f"- {_said(entry, language)}")
        elif key not in old:
            lines.append(f"- {words['new']}: {_said(entry, language)}")
        elif _said(old[key], language) != _said(entry, language):
            lines.append(f"- {_said(entry, language)}\n  {words['instead']} {_said(old[key], language)}")
    lines += [f"- {words['gone']}: {_said(one, language)}" for key, one in (old or {}).items() if key not in mine]
    if len(lines) > MOST_LINES:
        lines[MOST_LINES:] = [words["more"].format(count=len(lines) - MOST_LINES)]
    if not lines:
        return ""
    head = words["changes" if old is not None else "yours"]
    zone = words["zone"].format(zone=published.content.zone)
    return f"{words['hello']}\n\n{head}\n\n" + "\n".join(lines) + f"\n\n{zone}\n"


def _said(entry: Entry, language: Language) -> str:
    words: tuple[Any, ...] = (entry.title, f"{_day(entry.day, language)}, {entry.starts}-{entry.ends}", entry.place)
    return ", ".join(word for word in words if word)


def _day(day: date, language: Language) -> str:
    return f"{_DAYS[day.weekday()]} {day:%d.%m.%Y}" if language == "de" else f"{day:%A} {day.isoformat()}"
