"""The rules about calendar feeds: who has which, and whose calendar an address shows."""

from __future__ import annotations

import re
import secrets
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select

from lms_core.calendar import types as t
from lms_core.calendar.tables import calendar_feed
from lms_core.db import AsyncConnection
from lms_core.errors import Conflict, NotFound
from lms_core.people.tables import person
from lms_core.types import digest, new_id, now

MOST_FEEDS = 20

_feed = (calendar_feed.c.id, calendar_feed.c.name, calendar_feed.c.created_at)


async def make_feed(connection: AsyncConnection, person_id: UUID, name: str, public_url: str) -> t.FeedAddress:
    """Make a feed of a person's calendar. Raises Conflict when she has 20 already."""
    # held until the end, so that two at once do not both find room for one more
    await connection.execute(select(person.c.id).where(person.c.id == person_id).with_for_update())
    own = select(func.count()).select_from(calendar_feed).where(calendar_feed.c.person_id == person_id)
    if (await connection.execute(own)).scalar_one() >= MOST_FEEDS:
        raise Conflict(f"You have {MOST_FEEDS} calendar feeds, which is the most; revoke one that you no longer use.")
    secret, made, moment = secrets.token_urlsafe(32), new_id(), now()
    row = {"id": made, "person_id": person_id, "name": name, "hash": digest(secret), "created_at": moment}
    await connection.execute(insert(calendar_feed), row)
    return t.FeedAddress(made, name, moment, f"{public_url}/calendar/{secret}.ics")


async def list_feeds(connection: AsyncConnection, person_id: UUID) -> list[t.Feed]:
    """Return a person's feeds, oldest first."""
    query = select(*_feed).where(calendar_feed.c.person_id == person_id).order_by(calendar_feed.c.id)
    return [t.Feed(*row) for row in await connection.execute(query)]


async def revoke_feed(connection: AsyncConnection, person_id: UUID, feed_id: UUID) -> None:
    """Make the address of a person's feed lead nowhere, for ever. Raises NotFound, for another's feed as well."""
    own = (calendar_feed.c.id == feed_id) & (calendar_feed.c.person_id == person_id)
    if not (await connection.execute(delete(calendar_feed).where(own))).rowcount:
        raise NotFound("You have no such calendar feed.")


async def find_feed(connection: AsyncConnection, file: str) -> Any:
    """Return person_id, name and language of the feed to which the last part of an address belongs.

    Raises NotFound in the same words whether it is unknown, revoked or of a person whose account is closed.
    """
    query = select(calendar_feed.c.person_id, calendar_feed.c.name, person.c.language).join(person)
    secret = re.fullmatch(r"([\w-]+)\.ics", file, re.ASCII)
    if secret:
        found = (
            await connection.execute(query.where(calendar_feed.c.hash == digest(secret[1]), person.c.active))
        ).first()
        if found:
            return found
    raise NotFound("There is no calendar at this address, or no longer.")
