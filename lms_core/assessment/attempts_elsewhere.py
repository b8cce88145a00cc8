"""Failed attempts at another university: attempts follow the person, and by a decision they count here as well."""

from __future__ import annotations

from uuid import UUID

import msgspec
from sqlalchemy import insert, select, update

from lms_core.assessment import types as t
from lms_core.assessment.tables import elsewhere
from lms_core.db import AsyncConnection
from lms_core.enrolment.tables import run_enrolment
from lms_core.errors import NotFound, PreconditionFailed
from lms_core.http import changed_or_raise
from lms_core.modules.tables import run
from lms_core.types import now


async def read(connection: AsyncConnection, module_id: UUID, person_id: UUID) -> t.AttemptsElsewhere:
    """Return what counts of a person's attempts elsewhere. Raises NotFound. One statement."""
    same = (elsewhere.c.module_id == module_id) & (elsewhere.c.person_id == person_id)
    row = (await connection.execute(select(elsewhere).where(same))).first()
    if row is None:
        raise NotFound('Nothing of hers counts from elsewhere; the first decision is made with `If-Match: "0"`.')
    return t.AttemptsElsewhere(**row._mapping)


async def put(
    connection: AsyncConnection,
    module_id: UUID,
    person_id: UUID,
    new: t.NewAttemptsElsewhere,
    expected: int,
    actor: UUID,
) -> t.AttemptsElsewhere:
    """Decide what counts of a person's attempts elsewhere; there was no decision before if `expected` is 0.

    What she is registered for stays. Raises NotFound (she never was in a run of the module) and PreconditionFailed.
    Four statements.
    """
    seats = select(run_enrolment.c.state).join(run, run.c.id == run_enrolment.c.run_id)
    hers = (run_enrolment.c.person_id == person_id) & (run.c.module_id == module_id)
    if await connection.scalar(seats.where(hers).limit(1)) is None:
        raise NotFound("This person never was in a run of the module.")
    same = (elsewhere.c.module_id == module_id) & (elsewhere.c.person_id == person_id)
    values = {**msgspec.structs.asdict(new), "decided_by": actor, "decided_at": now(), "revision": expected + 1}
    if expected:
        done = await connection.execute(
            update(elsewhere).where(same, elsewhere.c.revision == expected).values(**values)
        )
        if not done.rowcount:
            await changed_or_raise(connection, elsewhere, same, expected)
    else:
        known = await connection.scalar(select(elsewhere.c.revision).where(same))
        if known:
            raise PreconditionFailed(f"You are making a first decision, but it is in state {known}; read it again.")
        await connection.execute(insert(elsewhere), {"module_id": module_id, "person_id": person_id, **values})
    return await read(connection, module_id, person_id)
