"""Guests: people without an account who hold a link to one thing of a plugin, in a role that the plugin names.

A link is a secret of 256 bits that only its holder knows; the database keeps its hash. It is bound to a plugin in a
programme, a role, something of the plugin's own, and an expiry. Administrators see and revoke all of them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import msgspec
from sqlalchemy import or_, select, update

from lms_core.db import AsyncConnection
from lms_core.errors import Unauthenticated
from lms_core.hooks.tables import guest_link as link
from lms_core.types import digest, now

GUEST = "guest:"
"""How the permission of a route begins that guests of a role may use."""


Why = Literal["unknown", "revoked", "used", "expired", "over"]
"""Why a link opens nothing; `over`: since its holder was let in it was used up, revoked, or has expired."""


class LinkRefused(Unauthenticated):
    """A guest's link opens nothing here, or nothing any more; `when` is that of its use or expiry.

    `programme` is the title of the one that the link was good for; whoever only guesses at a link does not learn it.
    """

    title = "This link opens nothing now"
    programme = ""

    def __init__(self, why: Why, detail: str, when: datetime | None = None) -> None:
        super().__init__(detail)
        self.why = why
        self.when = when


class Guest(msgspec.Struct, frozen=True):
    """Who holds a link: in which role, what of the plugin it is about, and the title that the link was given."""

    link_id: UUID
    role: str
    about: str
    title: str


async def admitted(connection: AsyncConnection, secret: str, programme_id: UUID, permission: str) -> Guest:
    """Return who holds a link, for a route of this permission in a programme. Raises LinkRefused."""
    row: Any = (await connection.execute(select(link).where(link.c.hash == digest(secret)))).first()
    if row is None or row.programme_id != programme_id or f"{GUEST}{row.role}" != permission:
        raise LinkRefused("unknown", "This link is unknown here; ask whoever sent it for another one.")
    if row.revoked_at:
        raise LinkRefused("revoked", "This link was revoked; ask whoever sent it for another one.")
    if row.once and row.used_at:
        when = f"{row.used_at:%Y-%m-%d %H:%M} UTC"
        told = f"This link is good for one time and was used on {when}; what was sent then is kept."
        raise LinkRefused("used", told, row.used_at)
    if row.expires_at <= now():
        told = f"This link expired on {row.expires_at:%Y-%m-%d}; ask whoever sent it for another one."
        raise LinkRefused("expired", told, row.expires_at)
    return Guest(row.id, row.role, row.about, row.title)


async def used(connection: AsyncConnection, guest: Guest) -> None:
    """Mark a guest's link as used, and hold it until the transaction ends.

    Raises LinkRefused when it was revoked, has expired or was used up since she was let in.
    """
    moment = now()
    same = (link.c.id == guest.link_id, link.c.revoked_at.is_(None), link.c.expires_at > moment)
    fresh = or_(~link.c.once, link.c.used_at.is_(None))
    done = await connection.execute(update(link).where(*same, fresh).values(used_at=moment))
    if not done.rowcount:
        raise LinkRefused("over", "This link cannot be used any more; ask whoever sent it for another one.")
