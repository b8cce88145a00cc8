"""The rules about enrolment into a programme."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import insert, select, update

from lms_core.db import AsyncConnection
from lms_core.enrolment import types as t
from lms_core.enrolment.tables import programme_enrolment
from lms_core.errors import FieldError, InvalidInput, NotFound
from lms_core.people.tables import person
from lms_core.programmes.tables import regulation
from lms_core.types import now

_columns = (
    programme_enrolment.c.person_id, person.c.name, person.c.email, programme_enrolment.c.regulation_id,
    programme_enrolment.c.state, programme_enrolment.c.since,
)  # fmt: skip


async def enrol(connection: AsyncConnection, programme_id: UUID, new: t.NewProgrammeEnrolment) -> t.ProgrammeEnrolment:
    """Make a person a student of a programme; enrolling her again changes nothing but a withdrawal.

    Raises InvalidInput when the person or the regulation version is unknown, or the programme has none.
    """
    person_id = await connection.scalar(select(person.c.id).where(person.c.email == new.email.lower()))
    if person_id is None:
        where = FieldError("body.email", "must be the address of a person known here; create her first")
        raise InvalidInput("There is no such person.", errors=[where])
    query = select(regulation.c.id).where(regulation.c.programme_id == programme_id)
    if new.regulation_id is not None:
        query = query.where(regulation.c.id == new.regulation_id)
    else:
        query = query.where(regulation.c.valid_from <= now().date())
    regulation_id = await connection.scalar(query.order_by(regulation.c.valid_from.desc()).limit(1))
    if regulation_id is None:
        where = FieldError("body.regulationId", "must be a version of this programme's regulation, and one be in force")
        raise InvalidInput("There is no such regulation version.", errors=[where])
    same = (programme_enrolment.c.person_id == person_id) & (programme_enrolment.c.programme_id == programme_id)
    state = await connection.scalar(select(programme_enrolment.c.state).where(same))
    if state is None:
        row = {
            "person_id": person_id,
            "programme_id": programme_id,
            "regulation_id": regulation_id,
            "state": "enrolled",
            "since": now(),
        }
        await connection.execute(insert(programme_enrolment), row)
    elif state == "withdrawn":
        change = {"state": "enrolled", "since": now(), "regulation_id": regulation_id}
        await connection.execute(update(programme_enrolment).where(same).values(**change))
    query = select(*_columns).join_from(programme_enrolment, person).where(same)
    return t.ProgrammeEnrolment(**(await connection.execute(query)).one()._mapping)


async def list_students(
    connection: AsyncConnection, programme_id: UUID, cursor: UUID | None, limit: int
) -> list[t.ProgrammeEnrolment]:
    """Return up to limit + 1 students, former ones included, after the cursor."""
    query = (
        select(*_columns)
        .join_from(programme_enrolment, person)
        .where(programme_enrolment.c.programme_id == programme_id)
        .order_by(programme_enrolment.c.person_id)
        .limit(limit + 1)
    )
    if cursor is not None:
        query = query.where(programme_enrolment.c.person_id > cursor)
    return [t.ProgrammeEnrolment(**row._mapping) for row in await connection.execute(query)]


async def withdraw(connection: AsyncConnection, programme_id: UUID, person_id: UUID) -> None:
    """End a person's enrolment in a programme; her runs and credits stay. Raises NotFound."""
    same = (programme_enrolment.c.person_id == person_id) & (programme_enrolment.c.programme_id == programme_id)
    done = await connection.execute(
        update(programme_enrolment)
        .where(same, programme_enrolment.c.state == "enrolled")
        .values(state="withdrawn", since=now())
    )
    if not done.rowcount:
        raise NotFound("This person is not a student of the programme.")
