"""Letting go: uploads that nobody went on with, files that no unit needs, and the objects of both."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any

import msgspec
from sqlalchemy import delete, select, update
from sqlalchemy.exc import SQLAlchemyError

from content_store import ContentStore, OpenUpload, StoreError
from lms_core.db import Database
from lms_core.media.actions import columns, object_key, poster_key, unused
from lms_core.media.tables import media
from lms_core.types import now

log = logging.getLogger(__name__)

EVERY = 3600.0
"""Seconds between two sweeps of a worker."""

UPLOADS_LAST = timedelta(days=7)
"""How long an upload waits for its next part."""

UNUSED_LAST = timedelta(days=30)
"""How long a file stays that no unit needs, since it was last announced or needed."""

DOWNLOADS_LAST = timedelta(hours=1)
"""How long the object of a deleted file stays: longer than an address of it, for whoever is reading it."""

BATCH = 100


class Swept(msgspec.Struct, frozen=True):
    """What was let go: numbers of uploads, of files, and of uploads in the store that nobody knew of."""

    uploads: int
    files: int
    strays: int


async def keep_sweeping(database: Database, store: ContentStore) -> None:
    """Sweep now and then until cancelled; a database or store that is away is waited for."""
    while True:
        await asyncio.sleep(EVERY)
        try:
            swept = await sweep(database, store)
        except (StoreError, SQLAlchemyError, OSError) as error:
            log.error("nothing was swept, trying again later: %s", getattr(error, "orig", None) or error)
        else:
            log.info("swept %d uploads, %d files and %d strays", swept.uploads, swept.files, swept.strays)


async def sweep(database: Database, store: ContentStore) -> Swept:
    """Let go what is old enough; repeatable, by several at once. Raises StoreError."""
    uploads = await _give_up(database, "uploading", UPLOADS_LAST)
    files = await _give_up(database, "ready", UNUSED_LAST) + await _give_up(database, "quarantined", UNUSED_LAST)
    await _remove(database, store)
    return Swept(uploads, files, await _abort_strays(database, store))


async def _give_up(database: Database, state: str, after: timedelta) -> int:
    """Mark the files in a state that nobody has used for so long and that no unit needs; return how many.

    The second statement looks again whether a unit needs them: who puts a file into a unit holds its row.
    """
    old = (media.c.state == state) & (media.c.used_at < now() - after)
    query = select(media.c.id).where(old, unused()).order_by(media.c.used_at).limit(BATCH)
    async with database.write() as connection:
        found = (await connection.execute(query.with_for_update(skip_locked=True))).scalars().all()
        if not found:
            return 0
        these = update(media).where(media.c.id.in_(found), old, unused())
        return (await connection.execute(these.values(state="deleting", used_at=now()))).rowcount


async def _remove(database: Database, store: ContentStore) -> None:
    """Remove the objects, then the rows, of files on their way out that nobody can be reading any more."""
    old = (media.c.state == "deleting") & (media.c.used_at < now() - DOWNLOADS_LAST)
    async with database.read() as connection:
        rows = (await connection.execute(select(*columns).where(old).limit(BATCH))).all()
    for row in rows:
        await _remove_object(store, row)
        async with database.write() as connection:
            await connection.execute(delete(media).where(media.c.id == row.id, media.c.state == "deleting"))


async def _remove_object(store: ContentStore, row: Any) -> None:
    key = object_key(row.programme_id, row.id)
    if row.upload_id:
        await store.abort_upload(key, row.upload_id)
    await store.delete(key)
    await store.delete(poster_key(row.programme_id, row.id))


async def _abort_strays(database: Database, store: ContentStore) -> int:
    """Abort the uploads that no row knows: the process that opened them ended before it could write it down."""
    old = [one for one in await store.open_uploads("media/") if one.started < now() - UPLOADS_LAST]
    strays = await unknown(database, old)
    for one in strays:
        await store.abort_upload(one.key, one.upload_id)
        log.info("aborted the upload %s of %s, which nobody knew of", one.upload_id, one.key)
    return len(strays)


async def unknown(database: Database, uploads: list[OpenUpload]) -> list[OpenUpload]:
    """Return those of the store's uploads that no row knows. One statement for a hundred of them."""
    known: set[str] = set()
    async with database.read() as connection:
        for start in range(0, len(uploads), BATCH):
            ids = [one.upload_id for one in uploads[start : start + BATCH]]
            query = select(media.c.upload_id).where(media.c.upload_id.in_(ids))
            known |= {str(found) for found in (await connection.execute(query)).scalars()}
    return [one for one in uploads if one.upload_id not in known]
