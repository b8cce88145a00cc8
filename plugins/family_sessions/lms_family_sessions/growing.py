"""Children grow up: whose schools matter changes with the years, and nobody enters that anew."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from lms_core.api import Context, Unavailable
from lms_family_sessions.children import follow_children
from lms_family_sessions.entries import opened
from lms_family_sessions.loading import load
from lms_family_sessions.tables_care import entry

BATCH = 100


async def grow_up(context: Context, payload: None) -> None:
    """Look whose children have come to school age, or out of it.

    Entries whose key is missing stay as they are, and the others are done before Unavailable is raised.
    """
    await load()
    last: UUID | None = None
    failed: Unavailable | None = None
    while True:
        async with context.write(more=True) as connection:
            query = select(entry).where(entry.c.programme_id == context.programme_id).order_by(entry.c.id)
            if last:
                query = query.where(entry.c.id > last)
            rows = (await connection.execute(query.limit(BATCH).with_for_update())).all()
            for row in rows:
                try:
                    await follow_children(context, connection, row.person_id, row.id, opened(context, row))
                except Unavailable as error:
                    failed = error
        if len(rows) < BATCH:
            break
        last = rows[-1].id
    if failed:
        raise failed
