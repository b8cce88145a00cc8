"""How many bytes of files a programme may hold, and how many it holds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Select, cast, func, insert, select, update

from lms_core.db import AsyncConnection
from lms_core.errors import Conflict, NotFound, PreconditionFailed
from lms_core.media import types as t
from lms_core.media.tables import media, quota
from lms_core.people.tables import person
from lms_core.programmes.tables import programme

_LISTED = 100


async def read_quota(connection: AsyncConnection, programme_id: UUID) -> tuple[t.Quota, int]:
    """Return a programme's quota and its revision: 0, with no limits, before anybody set one. One statement."""
    query = select(quota.c.programme_bytes, quota.c.person_bytes, quota.c.revision)
    row = (await connection.execute(query.where(quota.c.programme_id == programme_id))).first()
    if row is None:
        return t.Quota(programme_bytes=None, person_bytes=None), 0
    return t.Quota(programme_bytes=row.programme_bytes, person_bytes=row.person_bytes), row.revision


async def set_quota(connection: AsyncConnection, programme_id: UUID, new: t.Quota, expected: int) -> int:
    """Set a programme's quota and return its new revision; what is there already stays, also beyond the quota.

    Raises PreconditionFailed and NotFound.
    """
    await _lock(connection, programme_id)
    values = {"programme_bytes": new.programme_bytes, "person_bytes": new.person_bytes, "revision": expected + 1}
    _, revision = await read_quota(connection, programme_id)
    if revision != expected:
        raise PreconditionFailed(f"You are changing state {expected}, but it is in {revision} now; read it again.")
    if revision:
        await connection.execute(update(quota).where(quota.c.programme_id == programme_id).values(**values))
    else:
        await connection.execute(insert(quota), {"programme_id": programme_id, **values})
    return expected + 1


async def _lock(connection: AsyncConnection, programme_id: UUID) -> None:
    """Make those who add files to a programme wait for each other, and nobody else. Raises NotFound."""
    query = select(programme.c.id).where(programme.c.id == programme_id).with_for_update(key_share=True)
    if (await connection.execute(query)).first() is None:
        raise NotFound("There is no such programme.")


async def check_quota(connection: AsyncConnection, programme_id: UUID, person_id: UUID, more: int) -> None:
    """Make sure that a person may bring so many bytes more into a programme; nobody else can until the commit.

    Raises Conflict with the figures, and NotFound. Three statements.
    """
    await _lock(connection, programme_id)
    allowed, _ = await read_quota(connection, programme_id)
    held = _held(programme_id).with_only_columns(
        _bytes(func.sum(media.c.size)), _bytes(func.sum(media.c.size).filter(media.c.created_by == person_id))
    )
    total, own = (await connection.execute(held)).one()
    for who, limit, used in (("all", allowed.programme_bytes, total), ("what you brought", allowed.person_bytes, own)):
        if limit is not None and used + more > limit:
            raise Conflict(
                f"The programme may hold {limit} bytes of files ({who} counted), and {used} are there: {more} more are "
                "too many. Delete what is not needed, or ask an administrator for a larger quota."
            )


def _bytes(total: ColumnElement[Any]) -> ColumnElement[int]:
    """Return a sum as a whole number, also of nothing; PostgreSQL would make a decimal of it."""
    return cast(func.coalesce(total, 0), BigInteger)


def _held(programme_id: UUID) -> Select[Any]:
    return select(media).where(media.c.programme_id == programme_id, media.c.state != "deleting")


async def usage(connection: AsyncConnection, programme_id: UUID) -> t.Usage:
    """Return what a programme holds, by state and by person. Three statements."""
    allowed, _ = await read_quota(connection, programme_id)
    count, size = func.count(media.c.id), _bytes(func.sum(media.c.size))
    held = _held(programme_id)
    by_state = held.with_only_columns(media.c.state, count, size).group_by(media.c.state).order_by(media.c.state)
    states = [t.Share(name=row[0], files=row[1], bytes=row[2]) for row in await connection.execute(by_state)]
    by_person = (
        held.with_only_columns(person.c.name, count, size)
        .join(person, person.c.id == media.c.created_by)
        .group_by(person.c.id, person.c.name)
        .order_by(size.desc(), person.c.name)
        .limit(_LISTED)
    )
    persons = [t.Share(name=row[0], files=row[1], bytes=row[2]) for row in await connection.execute(by_person)]
    return t.Usage(
        bytes=sum(one.bytes for one in states),
        files=sum(one.files for one in states),
        quota=allowed,
        states=states,
        persons=persons,
    )
