"""Under which programme a person's enrolment in a run counts."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select

from lms_core.db import AsyncConnection
from lms_core.enrolment.tables import programme_enrolment
from lms_core.errors import FieldError, InvalidInput, NotFound
from lms_core.modules.tables import adoption, module, run


async def counting_programme(
    connection: AsyncConnection, person_id: UUID, run_id: UUID, wanted: UUID | None, *, single: bool
) -> tuple[UUID, UUID | None]:
    """Return the run's module and the programme under which a person's enrolment would count.

    It must be one that the person studies and that owns or has adopted the module. With `single`, a person who
    studies none of them takes a single module, which counts under none. Raises NotFound and InvalidInput.
    """
    place = (
        await connection.execute(
            select(run.c.module_id, module.c.programme_id)
            .join_from(run, module, module.c.id == run.c.module_id)
            .where(run.c.id == run_id)
        )
    ).first()
    if place is None:
        raise NotFound("There is no such run.")
    adopters = select(adoption.c.programme_id).where(adoption.c.module_id == place.module_id)
    studied = select(programme_enrolment.c.programme_id).where(
        programme_enrolment.c.person_id == person_id,
        programme_enrolment.c.state == "enrolled",
        (programme_enrolment.c.programme_id == place.programme_id) | programme_enrolment.c.programme_id.in_(adopters),
    )
    possible = sorted((await connection.execute(studied)).scalars())
    if wanted is None and len(possible) <= 1:
        if not possible and not single:
            raise InvalidInput(
                "You study no programme that offers this module.",
                errors=[FieldError("body.programmeId", "enrol in a programme first, or ask an administrator")],
            )
        return place.module_id, possible[0] if possible else None
    if wanted not in possible:
        choices = ", ".join(map(str, possible)) or "none"
        where = FieldError("body.programmeId", f"must be one that the person studies and that offers this: {choices}")
        raise InvalidInput("The enrolment cannot count under this programme.", errors=[where])
    return place.module_id, wanted
