"""What is written to people about places in childcare: when, and never what for."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal
from uuid import UUID

from lms_core.api import AsyncConnection, Context, send_mail

Language = Literal["en", "de"]

_UP: dict[Language, tuple[str, str]] = {
    "en": (
        "A place has become free for you",
        "You were in a waiting list and have a place now: {time}.\n\n"
        "What it costs, and until when you may cancel it, you see here:\n{url}\n",
    ),
    "de": (
        "Für Sie ist ein Platz frei geworden",
        "Sie standen auf einer Warteliste und haben jetzt einen Platz: {time}.\n\n"
        "Was er kostet und bis wann Sie absagen können, sehen Sie hier:\n{url}\n",
    ),
}
_MOVED: dict[Language, tuple[str, str]] = {
    "en": (
        "A reservation of yours has changed",
        "It was planned for {old} and is now at this time: {time}. The place may be another one, too.\n\n"
        "You see it, and can cancel it, here:\n{url}\n",
    ),
    "de": (
        "Eine Reservierung von Ihnen hat sich geändert",
        "Sie war geplant für {old} und ist jetzt zu dieser Zeit: {time}. Auch der Ort kann ein anderer sein.\n\n"
        "Sie sehen sie und können sie absagen, und zwar hier:\n{url}\n",
    ),
}
_OFF: dict[Language, tuple[str, str]] = {
    "en": ("A reservation of yours is cancelled", "It was planned for {time} and does not take place.\n\n{url}\n"),
    "de": ("Eine Reservierung von Ihnen entfällt", "Sie war geplant für {time} und findet nicht statt.\n\n{url}\n"),
}


async def moved_up(context: Context, connection: AsyncConnection, person_id: UUID, offer: Any) -> None:
    """Tell somebody that she has a place now."""
    await _send(context, connection, [person_id], _UP, time=_time(offer))


async def moved(
    context: Context, connection: AsyncConnection, people: Collection[UUID], before: Any, after: Any
) -> None:
    """Tell those who have a place, or wait, that it is at another time or place."""
    await _send(context, connection, people, _MOVED, old=_time(before), time=_time(after))


async def called_off(context: Context, connection: AsyncConnection, people: Collection[UUID], offer: Any) -> None:
    """Tell those who had a place, or waited, that there is none."""
    await _send(context, connection, people, _OFF, time=_time(offer))


async def _send(
    context: Context,
    connection: AsyncConnection,
    people: Collection[UUID],
    words: dict[Language, tuple[str, str]],
    **told: str,
) -> None:
    url = f"{context.public_url}/programmes/{context.programme_id}/family_sessions/bookings"
    subject = {language: title for language, (title, _) in words.items()}
    text = {language: body.format(url=url, **told) for language, (_, body) in words.items()}
    for person_id in sorted(people):
        await send_mail(context, connection, person_id, subject=subject, text=text)


def _time(offer: Any) -> str:
    return f"{offer.day:%d.%m.%Y}, {offer.begins}-{offer.ends} ({offer.zone})"
