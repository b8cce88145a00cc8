"""Firms that take students, and who supervises them for the university."""

from __future__ import annotations

from uuid import UUID

import msgspec
from sqlalchemy import delete, insert, select, update

from lms_core.api import (
    AsyncConnection,
    Conflict,
    Context,
    changed_or_raise,
    insert_into,
    new_id,
)
from lms_internship_credit import tables as t
from lms_internship_credit import wire as w
from lms_internship_credit.cases import find_organisation
from lms_internship_credit.reading import PAGE, firm_of


async def add(context: Context, connection: AsyncConnection, data: w.NewOrganisation) -> w.Organisation:
    """Add a firm. Raises Conflict if there is one of this name at this place. Two statements."""
    await _check_free(context, connection, data, None)
    values = {"id": new_id(), "programme_id": context.programme_id, **msgspec.structs.asdict(data), "revision": 1}
    await connection.execute(insert(t.organisation), values)
    return firm_of(await find_organisation(context, connection, values["id"]), whole=True)


async def change(
    context: Context, connection: AsyncConnection, organisation_id: UUID, data: w.NewOrganisation, expected: int
) -> w.Organisation:
    """Change a firm. Raises NotFound, Conflict and PreconditionFailed. Three statements."""
    await _check_free(context, connection, data, organisation_id)
    c = t.organisation.c
    same = (c.id == organisation_id) & (c.programme_id == context.programme_id)
    values = {**msgspec.structs.asdict(data), "revision": expected + 1}
    done = await connection.execute(update(t.organisation).where(same, c.revision == expected).values(**values))
    if not done.rowcount:
        await changed_or_raise(connection, t.organisation, same, expected)
    return firm_of(await find_organisation(context, connection, organisation_id), whole=True)


async def _check_free(context: Context, connection: AsyncConnection, data: w.NewOrganisation, own: UUID | None) -> None:
    c = t.organisation.c
    query = select(c.id).where(c.programme_id == context.programme_id, c.name == data.name, c.place == data.place)
    taken = await connection.scalar(query)
    if taken and taken != own:
        raise Conflict(f"There is {data.name} in {data.place} already.")


async def list_all(
    context: Context, connection: AsyncConnection, cursor: UUID | None, *, whole: bool
) -> w.Organisations:
    """Return a page of firms, the oldest first. One statement."""
    c = t.organisation.c
    query = select(t.organisation).where(c.programme_id == context.programme_id)
    if cursor:
        query = query.where(c.id > cursor)
    rows = (await connection.execute(query.order_by(c.id).limit(PAGE))).all()
    items = [firm_of(row, whole=whole) for row in rows]
    return w.Organisations(items, items[-1].id if len(items) == PAGE else None)


async def supervise(context: Context, connection: AsyncConnection, data: w.Supervising) -> None:
    """Let the person who asks be chosen as a supervisor. One statement."""
    key = {"programme_id": context.programme_id, "person_id": context.person_id}
    wanted = insert_into(connection, t.supervisor).values(**key, subjects=data.subjects)
    await connection.execute(wanted.on_conflict_do_update(index_elements=list(key), set_={"subjects": data.subjects}))


async def supervise_no_more(context: Context, connection: AsyncConnection) -> None:
    """Let the person who asks not be chosen any more; cases that she supervises stay hers. One statement."""
    c = t.supervisor.c
    same = (c.programme_id == context.programme_id) & (c.person_id == context.person_id)
    await connection.execute(delete(t.supervisor).where(same))
