"""Files for hand-ins: participants bring them straight to the content store, for one unit and for nobody else's eyes.

Such a file is private: in no list of the programme's files, found by nobody, in no unit, and never taken for another
file of the same bytes, so that nobody learns what others have.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Uuid, cast, func, literal, select

from content_store import ContentStore
from lms_core.assessment.tables import upload
from lms_core.db import AsyncConnection, Database, insert_into
from lms_core.enrolment.tables import run_enrolment
from lms_core.errors import Conflict, InvalidInput, NotFound
from lms_core.media import types as media_types
from lms_core.media import uploads
from lms_core.media.tables import media
from lms_core.modules.tables import module, run, unit

MOST_BYTES = 1024**3
"""Bytes that a person may bring for one unit, all versions together; the programme's quota counts them as well."""


async def seat(connection: AsyncConnection, run_id: UUID, unit_key: str, person_id: UUID) -> Any:
    """Find a person's seat in a run that has this assignment; return the programmes of the seat and of the run.

    Raises NotFound (no seat, or no such unit) and InvalidInput (not an assignment). One statement.
    """
    query = (
        select(run_enrolment.c.programme_id, module.c.programme_id.label("owner"), unit.c.kind)
        .select_from(run_enrolment)
        .join(run, run.c.id == run_enrolment.c.run_id)
        .join(module, module.c.id == run.c.module_id)
        .join(unit, unit.c.version_id == run.c.version_id)
        .where(
            run_enrolment.c.run_id == run_id,
            run_enrolment.c.person_id == person_id,
            run_enrolment.c.state.in_(["enrolled", "completed"]),
            unit.c.key == unit_key,
        )
    )
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("There is no such unit in a run in which this person has a seat.")
    if row.kind != "assignment":
        raise InvalidInput(f"Nothing is handed in for a unit of the kind {row.kind}; it must be an assignment.")
    return row


async def begin(
    database: Database, store: ContentStore, run_id: UUID, unit_key: str, person_id: UUID, new: media_types.NewMedia
) -> media_types.Announced:
    """Announce a file for a hand-in. Announcing the same bytes again goes on with the earlier file.

    Raises NotFound, InvalidInput (not an assignment, or as any file) and Conflict (too many bytes).
    """
    async with database.write() as connection:
        owner = (await seat(connection, run_id, unit_key, person_id)).owner
        mine = _of(run_id, unit_key, person_id)
        others = media.c.sha256.is_distinct_from(new.sha256)  # the same bytes again are no more of them
        held = select(cast(func.coalesce(func.sum(media.c.size), 0), BigInteger)).where(
            media.c.id.in_(select(upload.c.media_id).where(mine)), media.c.state != "deleting", others
        )
        used = (await connection.execute(held)).scalar_one()
    if used + new.size > MOST_BYTES:
        raise Conflict(f"For one unit you may bring {MOST_BYTES} bytes of files, and {used} are there already.")
    made = await uploads.begin(database, store, owner, new, person_id, private=True)
    columns = [upload.c.media_id, upload.c.run_id, upload.c.unit_key, upload.c.person_id]
    row = select(media.c.id, literal(run_id, Uuid), literal(unit_key), literal(person_id, Uuid))
    async with database.write() as connection:  # where the process ends before this, announcing again comes here
        bind = insert_into(connection, upload).from_select(columns, row.where(media.c.id == made.id))
        await connection.execute(bind.on_conflict_do_nothing())
    return made


async def check_own(connection: AsyncConnection, run_id: UUID, unit_key: str, person_id: UUID, file_id: UUID) -> None:
    """Raise NotFound unless a person brought this file for a hand-in to this unit. One statement."""
    query = select(upload.c.media_id).where(_of(run_id, unit_key, person_id), upload.c.media_id == file_id)
    if await connection.scalar(query) is None:
        raise NotFound("You have brought no such file for this unit.")


def _of(run_id: UUID, unit_key: str, person_id: UUID) -> Any:
    return (upload.c.run_id == run_id) & (upload.c.unit_key == unit_key) & (upload.c.person_id == person_id)
