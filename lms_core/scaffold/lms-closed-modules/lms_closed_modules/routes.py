"""What the plugin answers at /programmes/{programme_id}/closed_modules."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from lms_core.api import FromPath, JSONBody, NotFound, Payload, RouteContext, View, delete, get, now, put
from sqlalchemy import delete as sql_delete
from sqlalchemy import insert, select

from lms_closed_modules.tables import closure


class Reason(Payload, frozen=True):
    """Why a module is closed, as students read it."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class Closure(View, frozen=True):
    """A closed module."""

    module_id: UUID
    reason: str
    closed_at: datetime


class Closures(View, frozen=True):
    """All closed modules of the programme."""

    items: list[Closure]


@get("/", permission="closed_modules.read")
async def list_closures(context: RouteContext) -> Closures:
    """List the closed modules."""
    query = select(closure.c.module_id, closure.c.reason, closure.c.closed_at).where(
        closure.c.programme_id == context.programme_id
    )
    async with context.read() as connection:
        return Closures([Closure(*row) for row in await connection.execute(query.order_by(closure.c.module_id))])


@put("/{module_id:uuid}", permission="closed_modules.change")
async def close(context: RouteContext, module_id: FromPath[UUID], data: JSONBody[Reason]) -> Closure:
    """Close a module, or give another reason."""
    made = Closure(module_id, data.reason, now())
    async with context.write() as connection:
        await connection.execute(_removal(context.programme_id, module_id))
        await connection.execute(
            insert(closure), {"programme_id": context.programme_id, **msgspec.structs.asdict(made)}
        )
    return made


@delete("/{module_id:uuid}", permission="closed_modules.change")
async def reopen(context: RouteContext, module_id: FromPath[UUID]) -> None:
    """Open a module again."""
    async with context.write() as connection:
        done = await connection.execute(_removal(context.programme_id, module_id))
    if not done.rowcount:
        raise NotFound("This module is not closed.")


def _removal(programme_id: UUID, module_id: UUID):
    return sql_delete(closure).where(closure.c.programme_id == programme_id, closure.c.module_id == module_id)
