"""Bringing all media into another content store while the application serves from this one."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import select

from content_store import ContentStore, ObjectInfo, UnknownObject
from lms_core.db import Database
from lms_core.media.actions import object_key
from lms_core.media.checking import Damaged, compare, proven
from lms_core.media.tables import media
from lms_core.media.verifying import Counted, Finding, Pace, Rest, Unreadable, find_in, passing, steady
from lms_core.programmes.tables import programme

AT_ONCE = 4
COPIED = ("ready", "checking", "quarantined")


class Copied(Struct, frozen=True):
    """How many files were copied, how many were there already, and which are damaged here and were left out."""

    files: int
    there: int
    damaged: list[Finding]


class UnderWay(Struct, frozen=True):
    """An upload that is not complete: its file, the key of the programme, and when it last went on."""

    programme: str
    name: str
    size: int
    used_at: datetime


async def copyable(database: Database) -> list[tuple[UUID, int]]:
    """Return id and size of each file whose upload is complete. One statement."""
    query = select(media.c.id, media.c.size).where(media.c.state.in_(COPIED)).order_by(media.c.id)
    async with database.read() as connection:
        return [(row.id, row.size) for row in await connection.execute(query)]


async def under_way(database: Database) -> list[UnderWay]:
    """Return the uploads that are not complete. One statement."""
    query = (
        select(programme.c.key, media.c.name, media.c.size, media.c.used_at)
        .join(programme, programme.c.id == media.c.programme_id)
        .where(media.c.state == "uploading")
        .order_by(media.c.id)
    )
    async with database.read() as connection:
        return [UnderWay(*row) for row in await connection.execute(query)]


async def copy(
    database: Database, source: ContentStore, target: ContentStore, files: Iterable[tuple[UUID, int]], counted: Counted
) -> Copied:
    """Copy files, with their posters, and compare each with its SHA-256 on the way; a wrong one does not arrive.

    Repeatable. A file that is there is skipped when its note says that this very object was compared; without a note,
    as when a copy ended between the two, it is read back from the target. Raises StoreError of either store.
    """
    waiting = iter(files)
    results: list[bool | Finding] = []

    async def work() -> None:
        for media_id, size in waiting:
            row = await find_in(database, media_id, *COPIED)
            if row is None:
                counted(size, 1)
                continue
            try:
                results.append(await _copy_one(source, target, row, counted))
                await _copy_poster(source, target, f"{object_key(row.programme_id, row.id)}.poster")
            except (Damaged, Unreadable) as error:
                if await find_in(database, media_id, row.state):  # else it was deleted meanwhile, or is sent again
                    results.append(_damaged(row, str(error)))

    try:
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(work())
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    damaged = [one for one in results if isinstance(one, Finding)]
    return Copied(results.count(True), results.count(False), damaged)


def _damaged(row: Any, reason: str) -> Finding:
    return Finding(
        media_id=row.id, programme=row.programme, name=row.name, size=row.size, state=row.state, reason=reason,
        new=False,
    )  # fmt: skip


async def _copy_one(source: ContentStore, target: ContentStore, row: Any, counted: Counted) -> bool:
    """Copy a file; False when it is there. Raises Damaged and Unreadable about the source."""
    key, note = object_key(row.programme_id, row.id), f".copied/{row.id}"
    rest = Rest(row.size, counted)
    try:
        found = await target.stat(key)
        if found and await _small(target, note) == _compared(row, found):
            return False
        if missing := found is None or not await _is_right(target, key, row):
            coming = passing(steady(source, key), rest, Pace(None))
            found = await target.write(key, proven(coming, row), row.content_type)
        await target.put(note, _compared(row, found), "text/plain")
        return missing
    finally:
        rest.end()


def _compared(row: Any, found: ObjectInfo | None) -> bytes:
    """Note that an object was compared: the store gives another tag to whatever is written over it."""
    return f"{row.sha256} {found.etag if found else ''}\n".encode()


async def _is_right(store: ContentStore, key: str, row: Any) -> bool:
    try:
        wrong, _ = await compare(steady(store, key), row)
    except Unreadable:
        return False
    return wrong is None


async def _copy_poster(source: ContentStore, target: ContentStore, key: str) -> None:
    """Copy the still picture of a film unless the same is there. Raises Unreadable about the source."""
    poster = await source.stat(key)
    if poster is None:
        return
    data = await _small(source, key)
    if data is not None and data != await _small(target, key):
        await target.put(key, data, poster.content_type)


async def _small(store: ContentStore, key: str) -> bytes | None:
    try:
        return b"".join([chunk async for chunk in steady(store, key)])
    except UnknownObject:
        return None
