"""What is on record about the enrolments of a run: waivers, and every change."""

from __future__ import annotations

from uuid import UUID

import msgspec
from sqlalchemy import func, select

from lms_core.db import AsyncConnection, insert_into
from lms_core.enrolment import types as t
from lms_core.enrolment.offers import read
from lms_core.enrolment.seats import shape
from lms_core.enrolment.tables import enrolment_change, enrolment_waiver, run_enrolment
from lms_core.errors import NotFound
from lms_core.modules.tables import adoption, module, run
from lms_core.people.tables import person
from lms_core.types import now

_changes = select(*(enrolment_change.c[name] for name in t.EnrolmentChange.__struct_fields__)).order_by(
    enrolment_change.c.id
)


async def my_enrolment(connection: AsyncConnection, run_id: UUID, person_id: UUID) -> t.MyRunEnrolment:
    """Return a person's enrolment in a run, her place in the list and its record. Raises NotFound. Three statements."""
    row = await read(connection, run_id, person_id)
    before = select(func.count()).where(
        run_enrolment.c.run_id == run_id, run_enrolment.c.state == "waiting", run_enrolment.c.turn < row.turn
    )
    ahead = (await connection.execute(before)).scalar_one() if row.state == "waiting" else None
    hers = _changes.where(enrolment_change.c.run_id == run_id, enrolment_change.c.person_id == person_id)
    changes = [t.EnrolmentChange(**change._mapping) for change in await connection.execute(hers)]
    return t.MyRunEnrolment(enrolment=shape(row), ahead=ahead, changes=changes)


async def list_changes(
    connection: AsyncConnection, run_id: UUID, cursor: UUID | None, limit: int
) -> list[t.EnrolmentChange]:
    """Return up to limit + 1 changes of a run's enrolments after the cursor. One statement."""
    query = _changes.where(enrolment_change.c.run_id == run_id).limit(limit + 1)
    if cursor is not None:
        query = query.where(enrolment_change.c.id > cursor)
    return [t.EnrolmentChange(**row._mapping) for row in await connection.execute(query)]


async def list_under(
    connection: AsyncConnection, programme_id: UUID, run_id: UUID, state: str | None, cursor: UUID | None, limit: int
) -> list[t.StudentEnrolment]:
    """Return up to limit + 1 enrolments in a run that count under a programme, after the person at the cursor.

    Raises NotFound unless the programme gives the run or has adopted its module. Two statements.
    """
    adopted = select(adoption.c.module_id).where(adoption.c.programme_id == programme_id)
    offered = (
        select(run.c.id)
        .join_from(run, module, module.c.id == run.c.module_id)
        .where(run.c.id == run_id, (module.c.programme_id == programme_id) | module.c.id.in_(adopted))
    )
    if await connection.scalar(offered) is None:
        raise NotFound("There is no such run.")
    query = (
        select(*(run_enrolment.c[name] for name in t.RunEnrolment.__struct_fields__), person.c.name, person.c.email)
        .join_from(run_enrolment, person, person.c.id == run_enrolment.c.person_id)
        .where(run_enrolment.c.run_id == run_id, run_enrolment.c.programme_id == programme_id)
        .order_by(run_enrolment.c.person_id)
        .limit(limit + 1)
    )
    if state is not None:
        query = query.where(run_enrolment.c.state == state)
    if cursor is not None:
        query = query.where(run_enrolment.c.person_id > cursor)
    return [t.StudentEnrolment(**row._mapping) for row in await connection.execute(query)]


async def waive(
    connection: AsyncConnection, run_id: UUID, person_id: UUID, rule: t.Rule, new: t.NewWaiver, actor: UUID
) -> t.Waiver:
    """Waive a rule for a person in a run; again, with another reason, replaces it. Raises NotFound."""
    if await connection.scalar(select(person.c.id).where(person.c.id == person_id)) is None:
        raise NotFound("There is no such person.")
    made = t.Waiver(person_id=person_id, rule=rule, reason=new.reason, granted_by=actor, granted_at=now())
    insert = insert_into(connection, enrolment_waiver)
    changed = {name: insert.excluded[name] for name in ("reason", "granted_by", "granted_at")}
    upsert = insert.on_conflict_do_update(index_elements=["run_id", "person_id", "rule"], set_=changed)
    await connection.execute(upsert, {"run_id": run_id, **msgspec.structs.asdict(made)})
    return made
