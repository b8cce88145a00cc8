"""What is written to people about dates of theirs that have changed: which, and never why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from lms_core.api import AsyncConnection, Context, send_mail

Language = Literal["en", "de"]
Words = Mapping[Language, tuple[str, str]]

_END_EN = "\n\nYou see this, and can undo it, here:\n{url}\n"
_END_DE = "\n\nSie sehen das und können es rückgängig machen, und zwar hier:\n{url}\n"

_EXAM: Words = {
    "en": (
        "The date of an exam has changed for you",
        "{title}: you are registered for {after} now, instead of {before} ({zone})." + _END_EN,
    ),
    "de": (
        "Der Termin einer Prüfung hat sich für Sie geändert",
        "{title}: Sie sind jetzt für {after} angemeldet statt für {before} ({zone})." + _END_DE,
    ),
}
_NO_DATE: Words = {
    "en": (
        _EXAM["en"][0],
        "{title}: you are not registered for {before} ({zone}) any more. As soon as there is a later date for you, you "
        "will be registered for that." + _END_EN,
    ),
    "de": (
        _EXAM["de"][0],
        "{title}: Sie sind für {before} ({zone}) nicht mehr angemeldet. Sobald es einen späteren Termin für Sie gibt, "
        "werden Sie dafür angemeldet." + _END_DE,
    ),
}
_DEADLINE: Words = {
    "en": (
        "A deadline has changed for you",
        "{title}: you have time until {after} now, instead of {before} ({zone})." + _END_EN,
    ),
    "de": (
        "Eine Frist hat sich für Sie geändert",
        "{title}: Sie haben jetzt Zeit bis {after} statt bis {before} ({zone})." + _END_DE,
    ),
}


async def exam_moved(context: Context, connection: AsyncConnection, person_id: UUID, row: Mapping[str, Any]) -> None:
    """Tell a person for which exam she is registered now, if for any."""
    words = _EXAM if row["after"] else _NO_DATE
    await _send(context, connection, person_id, words, row["title"], row["before"], row["after"], row["zone"])


async def deadline_moved(
    context: Context,
    connection: AsyncConnection,
    person_id: UUID,
    title: str,
    before: datetime,
    after: datetime,
    zone: str,
) -> None:
    """Tell a person until when she has time now."""
    await _send(context, connection, person_id, _DEADLINE, title, before, after, zone)


async def _send(
    context: Context,
    connection: AsyncConnection,
    person_id: UUID,
    words: Words,
    title: str,
    before: datetime,
    after: datetime | None,
    zone: str,
) -> None:
    url = f"{context.public_url}/programmes/{context.programme_id}/family_sessions/me/consequences"
    told = {"title": title, "before": _time(before), "after": _time(after) if after else "", "zone": zone, "url": url}
    subject = {language: line for language, (line, _) in words.items()}
    text = {language: body.format(**told) for language, (_, body) in words.items()}
    await send_mail(context, connection, person_id, subject=subject, text=text)


def _time(wall: datetime) -> str:
    return f"{wall:%d.%m.%Y %H:%M}"
