"""The links by which people without an account may use single things of plugins: who has one, and taking it back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from litestar import Response, Router, delete, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select, update

from lms_core.db import AsyncConnection, Database
from lms_core.errors import NotFound
from lms_core.hooks.tables import guest_link as link
from lms_core.http import CursorParam, LimitParam, LmsRequest, paged
from lms_core.types import View, now

LINKS = "/programmes/{programme_id:uuid}/guest-links"


class LinkOfGuest(View, frozen=True, kw_only=True):
    """A link: what it opens in which role, by whom it was made, until when it is good, and whether it was used.

    `usedAt` is when something was last written by it; a link that is good `once` is used up then.
    """

    id: UUID
    plugin: str
    role: str
    about: str
    title: str
    once: bool
    made_by: UUID | None
    made_at: datetime
    expires_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None
    revoked_by: UUID | None


class LinksOfGuests(View, frozen=True):
    """A page of links, those made first at the beginning; the address of the next one stands in the Link header."""

    items: list[LinkOfGuest]


@get(LINKS, permission="programmes.manage")
async def list_links(
    programme_id: FromPath[UUID],
    request: LmsRequest,
    database: NamedDependency[Database],
    cursor: CursorParam = None,
    limit: LimitParam = 50,
) -> Response[LinksOfGuests]:
    """List the links that plugins have made for guests of the programme; of none can the address be seen again."""
    query = select(*(link.c[name] for name in LinkOfGuest.__struct_fields__)).where(link.c.programme_id == programme_id)
    if cursor:
        query = query.where(link.c.id > cursor)
    async with database.read() as connection:
        rows = await connection.execute(query.order_by(link.c.id).limit(limit + 1))
        found = [LinkOfGuest(**row._mapping) for row in rows]
    return paged(request, LinksOfGuests, found, limit)


@delete(f"{LINKS}/{{link_id:uuid}}", permission="programmes.manage")
async def revoke_link(
    programme_id: FromPath[UUID], link_id: FromPath[UUID], request: LmsRequest, database: NamedDependency[Database]
) -> None:
    """Revoke a link; whoever holds it can do nothing more with it. Again changes nothing."""
    async with database.write() as connection:
        await _revoke(connection, programme_id, link_id, request.user.person_id)


async def _revoke(connection: AsyncConnection, programme_id: UUID, link_id: UUID, actor: UUID) -> None:
    this = (link.c.id == link_id) & (link.c.programme_id == programme_id)
    if await connection.scalar(select(link.c.id).where(this)) is None:
        raise NotFound("There is no such link.")
    fresh = this & link.c.revoked_at.is_(None)
    await connection.execute(update(link).where(fresh).values(revoked_at=now(), revoked_by=actor))


router = Router("/", route_handlers=[list_links, revoke_link], tags=["plugins"])
