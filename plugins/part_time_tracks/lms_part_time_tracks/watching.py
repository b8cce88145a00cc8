"""A job that looks at everybody's dates each day, reminds of those that come, and tells on Mondays of the week."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import select

from lms_core.api import AsyncConnection, Context, insert_into, read_students, send_mail
from lms_part_time_tracks import digest
from lms_part_time_tracks.knowing import read_facts
from lms_part_time_tracks.milestones import Due, Language, in_words, reminders, standing_of
from lms_part_time_tracks.tables import reminder
from lms_part_time_tracks.translate import Facts

AT_ONCE = 100
"""Students whose dates are looked at together."""

_SUBJECT: Mapping[Language, str] = {
    "en": "A date of your study comes nearer",
    "de": "Ein Termin Ihres Studiums rückt näher",
}


async def watch(context: Context, _: None = None) -> None:
    """Remind students of dates that come, each of each once for each number of days before, and tell of the week.

    In batches of 100.
    """
    async with context.read() as connection:
        ids = await read_students(connection, context.programme_id)
    for first in range(0, len(ids), AT_ONCE):
        async with context.read() as connection:
            known = await read_facts(context, connection, ids[first : first + AT_ONCE])
            weeks = await digest.wanted(context, connection, known)
        due = {one: wanted for one, facts in known.items() if (wanted := await asyncio.to_thread(_wanted, facts))}
        if due or weeks:
            async with context.write(more=True) as connection:
                if due:
                    await _remind(context, connection, due)
                if weeks:
                    await digest.tell(context, connection, weeks)


def _wanted(facts: Facts) -> list[tuple[str, int, Due]]:
    try:
        return reminders(standing_of(facts).dates)
    except ValueError:  # the policy of the programme contradicts itself; whoever asks for a plan is told so
        return []


async def _remind(
    context: Context, connection: AsyncConnection, due: Mapping[UUID, Sequence[tuple[str, int, Due]]]
) -> None:
    c = reminder.c
    mine = c.person_id.in_(list(due)) & (c.programme_id == context.programme_id)
    known = {(row.person_id, row.about, row.days) for row in await connection.execute(select(reminder).where(mine))}
    for person_id, wanted in due.items():
        new = [one for one in wanted if (person_id, one[0], one[1]) not in known]
        if not new:
            continue
        rows = [
            {"person_id": person_id, "programme_id": context.programme_id, "about": about, "days": days}
            for about, days, _ in new
        ]
        await connection.execute(insert_into(connection, reminder).on_conflict_do_nothing(), rows)
        url = f"{context.public_url}/programmes/{context.programme_id}/part_time_tracks/me/standing"
        text: dict[Language, str] = {
            language: "\n".join([*(in_words(one, language) for *_, one in new), "", url, ""]) for language in _SUBJECT
        }
        await send_mail(context, connection, person_id, subject=_SUBJECT, text=text)
