"""What database and content store do not know of each other."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import select

from content_store import ContentStore, OpenUpload, StoredObject
from lms_core.db import Database
from lms_core.errors import Conflict
from lms_core.media.actions import object_key
from lms_core.media.sweep import unknown
from lms_core.media.tables import media
from lms_core.types import now

OLD = timedelta(days=1)
"""Younger ones may belong to what is being written down at the moment."""

BATCH = 500


class Missing(Struct, frozen=True):
    """A file without an object: the object's key, the file's name and size, and when it was announced."""

    key: str
    name: str
    size: int
    created_at: datetime


class Orphans(Struct, frozen=True):
    """Objects below media/ and open uploads there that no row knows, and rows whose object is missing."""

    objects: list[StoredObject]
    uploads: list[OpenUpload]
    missing: list[Missing]


async def find_orphans(database: Database, store: ContentStore) -> Orphans:
    """Compare the whole bucket with the whole table. Raises StoreError.

    Raises Conflict when the database knows none of many objects: then it is not the database of this bucket.
    """
    uploads = await store.open_uploads("media/")
    listed = [found async for found in store.objects("media/")]
    strangers: list[StoredObject] = []
    known: set[str] = set()
    for start in range(0, len(listed), BATCH):
        some = listed[start : start + BATCH]
        keys = await _keys(database, (id_ for one in some if (id_ := _media_id(one.key))))
        known |= keys
        strangers += [one for one in some if one.key.removesuffix(".poster") not in keys]
    if strangers and not known:
        raise Conflict(f"The database knows none of the {len(strangers)} objects: is it the one of this bucket?")
    there = {one.key for one in listed}
    return Orphans(strangers, await unknown(database, uploads), await _missing(database, store, there))


def _media_id(key: str) -> UUID | None:
    try:
        return UUID(key.rpartition("/")[2].removesuffix(".poster"))
    except ValueError:
        return None


async def _keys(database: Database, ids: Iterable[UUID]) -> set[str]:
    """Return the keys of the objects of these files."""
    query = select(media.c.programme_id, media.c.id).where(media.c.id.in_(list(ids)))
    async with database.read() as connection:
        return {object_key(*row) for row in await connection.execute(query)}


async def _missing(database: Database, store: ContentStore, there: set[str]) -> list[Missing]:
    """Return the files whose object is not there, not even when asked for once more."""
    fields = (media.c.programme_id, media.c.id, media.c.name, media.c.size, media.c.created_at)
    whole = media.c.state.in_(["ready", "checking", "quarantined"])
    async with database.read() as connection:
        rows: Any = (await connection.execute(select(*fields).where(whole).order_by(media.c.id))).all()
    lacking = [(object_key(row.programme_id, row.id), row) for row in rows]
    return [
        Missing(key, row.name, row.size, row.created_at)
        for key, row in lacking
        if key not in there and await store.stat(key) is None
    ]


async def remove_old(store: ContentStore, orphans: Orphans) -> tuple[int, int]:
    """Delete the objects and abort the uploads that are older than a day; return how many. Raises StoreError."""
    objects = [one for one in orphans.objects if one.modified < now() - OLD]
    uploads = [one for one in orphans.uploads if one.started < now() - OLD]
    for found in objects:
        await store.delete(found.key)
    for upload in uploads:
        await store.abort_upload(upload.key, upload.upload_id)
    return len(objects), len(uploads)
