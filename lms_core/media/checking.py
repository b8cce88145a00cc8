"""Reading files back from the store: what a lecturer sent in parts is compared as a whole before anybody gets it."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select

from content_store import ContentStore, UnknownObject
from lms_core.db import Database
from lms_core.media import kinds
from lms_core.media.actions import columns, object_key
from lms_core.media.fixing import fix
from lms_core.media.preparing import prepare
from lms_core.media.tables import media
from lms_core.media.types import MediaEvent
from lms_core.media.uploads import judged, settle
from lms_core.outbox.events import Event

log = logging.getLogger(__name__)


_FOLLOWS = {"media_checking": "media:check", "media_ready": "media:prepare"}


class MediaChannel:
    """Checks the files that were put together, finds out about those that are ready, and fixes films."""

    name = "media"

    def __init__(self, database: Database, store: ContentStore) -> None:
        self._database = database
        self._store = store

    async def subscribers(self, event: Event) -> list[str]:
        """Name what is to be done with a file that was put together, or is ready."""
        return [_FOLLOWS[event.name]] if event.name in _FOLLOWS else []

    async def deliver(self, subscriber: str, event: Event, key: str) -> None:
        """Work on one file; a store that does not answer is tried again later."""
        told = msgspec.json.decode(event.payload, type=MediaEvent)
        if subscriber == "media:check":
            await check(self._database, self._store, told.media_id)
        elif subscriber == "media:prepare":
            await prepare(self._database, self._store, told.media_id)
        else:
            await fix(self._database, self._store, told, event.id)


async def check(database: Database, store: ContentStore, media_id: UUID) -> None:
    """Read a file that is being checked and make it ready, or quarantine it with the reason.

    Raises StoreError when it cannot be read for now. Nothing happens to a file in another state.
    """
    async with database.read() as connection:
        row = (await connection.execute(select(*columns).where(media.c.id == media_id))).first()
    if row is None or row.state != "checking":
        return
    wrong, head = await compare(store.read(object_key(row.programme_id, row.id)), row)
    values = {"state": "quarantined", "reason": wrong, "shown": False} if wrong else judged(row, head)
    async with database.write() as connection:
        await settle(connection, row, values)
    log.info("file %s is %s", media_id, values["state"])


class Damaged(Exception):
    """The bytes that the store has are not those of the file; the text says why."""


async def proven(chunks: AsyncGenerator[bytes, None], row: Any) -> AsyncGenerator[bytes, None]:
    """Hand on the bytes of a file; at their end raises Damaged if they are not those with its size and SHA-256.

    Raises StoreError when they cannot be read for now.
    """
    digest, size = hashlib.sha256(), 0
    try:
        async with aclosing(chunks):
            async for chunk in chunks:
                size += len(chunk)
                await asyncio.to_thread(digest.update, chunk)
                yield chunk
    except UnknownObject:
        raise Damaged("the content store has lost it") from None
    if size != row.size:
        raise Damaged(f"the content store has {size} bytes of it instead of {row.size}")
    if digest.hexdigest() != row.sha256:
        raise Damaged(f"its SHA-256 is {digest.hexdigest()}, announced was {row.sha256}")


async def compare(chunks: AsyncGenerator[bytes, None], row: Any) -> tuple[str | None, bytes]:
    """Read a file whole; return why it is not the announced one (None if it is), and its first bytes.

    Raises StoreError when it cannot be read for now.
    """
    head = b""
    try:
        async for chunk in proven(chunks, row):
            head = head or chunk[: kinds.HEAD]
    except Damaged as error:
        return str(error), head
    return None, head
