"""Moving a run to another version of its module: units keep their keys, so what was done of them stays done."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update

from lms_core.db import AsyncConnection
from lms_core.enrolment.moves import tell_completed
from lms_core.enrolment.tables import run_enrolment
from lms_core.errors import Conflict, NotFound
from lms_core.http import changed_or_raise
from lms_core.modules.tables import run, version
from lms_core.people.tables import person
from lms_core.progress import statements as sql
from lms_core.progress import types as t
from lms_core.types import now


async def change_version(connection: AsyncConnection, run_id: UUID, number: int, expected: int) -> t.VersionChanged:
    """Pin a run to another published version of its module, and complete it for those who thereby lack nothing.

    Nobody loses what she has completed. Raises NotFound, PreconditionFailed, and Conflict when there is no such
    published version. Five statements, whatever the number of participants.
    """
    found = (
        await connection.execute(
            select(run.c.revision, version.c.id)
            .outerjoin_from(
                run,
                version,
                (version.c.module_id == run.c.module_id)
                & (version.c.number == number)
                & version.c.published_at.is_not(None),
            )
            .where(run.c.id == run_id)
            .with_for_update(key_share=True, of=run)
        )
    ).first()
    if found is None:
        raise NotFound("There is no such run.")
    if found.revision != expected:
        await changed_or_raise(connection, run, run.c.id == run_id, expected)
    if found.id is None:
        raise Conflict("The module has no such published version; publish its draft first.")
    await connection.execute(update(run).where(run.c.id == run_id).values(version_id=found.id, revision=expected + 1))
    # Whoever is recording at this moment is waited for: her state counts in the new version.
    studying = (
        select(person.c.id)
        .join(run_enrolment, run_enrolment.c.person_id == person.c.id)
        .where(run_enrolment.c.run_id == run_id, run_enrolment.c.state == "enrolled")
        .order_by(person.c.id)
        .with_for_update(key_share=True, of=[person, run_enrolment])
    )
    await connection.execute(studying)
    done = (await connection.execute(sql.COMPLETE_ALL, {"of_run": run_id, "moment": now()})).all()
    completed = sorted((row.person_id, row.programme_id) for row in done)
    await tell_completed(connection, [(who, run_id, programme_id) for who, programme_id in completed])
    return t.VersionChanged(run_id=run_id, version=number, completed=[who for who, _ in completed])
