"""How a plugin invites guests, and takes the invitation back."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from sqlalchemy import insert, update

from lms_core.db import AsyncConnection
from lms_core.hooks.context import Context
from lms_core.hooks.tables import guest_link as link
from lms_core.types import digest, new_id, now

LONGEST = timedelta(days=400)


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """What a guest may do, and for how long.

    `role` is one of the plugin's `guests`, `about` names what the link opens (such as the id of a row of the plugin's),
    `title` says in a line for whom and what it is, and `path` is the address below the plugin's that the link opens.
    A link that is good `once` is used up by the first transaction that commits. `valid` is at most 400 days.
    """

    role: str
    about: str
    title: str
    path: str = ""
    valid: timedelta = timedelta(days=30)
    once: bool = False


class GuestLink(msgspec.Struct, frozen=True):
    """A link as it was made; nobody can look up its `url` again."""

    id: UUID
    url: str
    expires_at: datetime


async def invite_guests(
    context: Context, connection: AsyncConnection, invitations: Sequence[Invitation]
) -> list[GuestLink]:
    """Make links for people without an account, if the caller's transaction commits; return them in the same order.

    Whoever holds one may use the routes of the plugin whose permission is `guest:` and the role. One statement.
    Raises ValueError when the role has not the plugin's name in front, or a text or the time is too long.
    """
    made: list[GuestLink] = []
    rows: list[dict[str, Any]] = []
    for one in invitations:
        check_invitation(context.plugin, one)
        secret, expires = secrets.token_urlsafe(32), now() + one.valid
        made_id = new_id()
        row = {
            "id": made_id, "programme_id": context.programme_id, "plugin": context.plugin, "role": one.role,
            "about": one.about, "title": one.title, "hash": digest(secret), "once": one.once,
            "made_by": context.person_id, "made_at": now(), "expires_at": expires,
        }  # fmt: skip
        rows.append(row)
        place = f"{context.public_url}/programmes/{context.programme_id}/{context.plugin}"
        path = f"/{quote(one.path.strip('/'))}" if one.path.strip("/") else ""
        made.append(GuestLink(made_id, f"{place}{path}?link={secret}", expires))
    if rows:
        await connection.execute(insert(link), rows)
    return made


def check_invitation(plugin: str, one: Invitation) -> None:
    """Raise ValueError when the role has not the plugin's name in front, or a text or the time is too long."""
    if not one.role.startswith(f"{plugin}."):
        raise ValueError(f"the role of a guest is called {plugin}.word, not {one.role!r}")
    if not 0 < len(one.about) <= 100 or not 0 < len(one.title) <= 200:
        raise ValueError("a link is about something of at most 100 characters, and has a title of at most 200")
    if not timedelta() < one.valid <= LONGEST:
        raise ValueError(f"a link is valid for at most {LONGEST.days} days, not {one.valid}")


async def revoke_guests(context: Context, connection: AsyncConnection, role: str, about: str) -> int:
    """Revoke all links of a role that are about this; return how many could still be used."""
    these = (
        link.c.programme_id == context.programme_id,
        link.c.plugin == context.plugin,
        link.c.role == role,
        link.c.about == about,
        link.c.revoked_at.is_(None),
        link.c.expires_at > now(),
    )
    done = await connection.execute(update(link).where(*these).values(revoked_at=now(), revoked_by=context.person_id))
    return done.rowcount
