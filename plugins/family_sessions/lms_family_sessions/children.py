"""Which school calendars matter because of children that people entered: those of their Länder, for some years."""

from __future__ import annotations

from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import delete, insert

from lms_core.api import AsyncConnection, Context, now
from lms_family_sessions.holidays_of import Land
from lms_family_sessions.needs import Children, Document
from lms_family_sessions.tables_care import child_land

SCHOOL_AGE = range(5, 19)
"""Children's ages in this year: who is five may begin school in a term that is planned now."""


def lands(context: Context, document: Document) -> list[Land]:
    """Return the Länder of the children of a document who are of school age this year, each once and sorted."""
    needs = document.entered.needs
    if not isinstance(needs, Children):
        return []
    year = now().astimezone(ZoneInfo(context.settings.zone)).year
    return sorted({one.land for one in needs.children if year - one.born in SCHOOL_AGE})


async def follow_children(
    context: Context, connection: AsyncConnection, person_id: UUID, entry_id: UUID, document: Document
) -> None:
    """Write the Länder that follow from a document with children, in place of those before. At most two statements."""
    if not isinstance(document.entered.needs, Children):
        return
    await connection.execute(delete(child_land).where(child_land.c.entry_id == entry_id))
    same = {"programme_id": context.programme_id, "person_id": person_id, "entry_id": entry_id}
    if found := lands(context, document):
        await connection.execute(insert(child_land), [{**same, "land": land} for land in found])
