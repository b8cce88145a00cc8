"""Reading every file back, so that what a disk or a hand has spoilt is found before a student finds it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from content_store import ContentStore, StoreUnavailable
from lms_core.db import Database
from lms_core.errors import Conflict
from lms_core.media.actions import columns, object_key
from lms_core.media.checking import compare
from lms_core.media.tables import media
from lms_core.media.uploads import judged, settle
from lms_core.programmes.tables import programme
from lms_core.types import View, now

PAUSES = (1.0, 5.0)
"""Seconds to wait before a store that broke off is asked to go on; after the last it cannot."""

UNREADABLE_IN_A_ROW = 3
"""So many files are not spoilt one by one: the store is ill."""

Counted = Callable[[int, int], None]
"""Is told of bytes, and of files, that are done."""


class Finding(View, frozen=True, kw_only=True):
    """A file of the programme with this key that is not what it should be, and why; or one that is ready again.

    `new` tells that it was in another state before.
    """

    media_id: UUID
    programme: str
    name: str
    size: int
    state: str
    reason: str | None
    new: bool


class Unreadable(Exception):
    """The store answers, and does not get an object from its disks."""


class Pace:
    """Holds readers back to so many bytes per second; None: to none."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._free = 0.0

    async def wait(self, count: int) -> None:
        """Wait until so many more bytes may pass."""
        if self._rate:
            await asyncio.sleep(self._free - time.monotonic())
            self._free = max(self._free, time.monotonic()) + count / self._rate


class Rest:
    """What is still to be counted of a file, however often its bytes are read."""

    def __init__(self, size: int, counted: Counted) -> None:
        self._left = size
        self._counted = counted

    def take(self, count: int) -> None:
        """Count bytes that were read."""
        new = min(self._left, count)
        self._left -= new
        self._counted(new, 0)

    def end(self) -> None:
        """Count the file as done, with bytes that nobody read."""
        self._counted(self._left, 1)
        self._left = 0


async def due(database: Database, programme_id: UUID | None, before: datetime) -> list[tuple[UUID, int]]:
    """Return id and size of all ready and quarantined files that were last found right before a moment, or never.

    Those come first that have waited longest. One statement.
    """
    waiting = media.c.verified_at.is_(None) | (media.c.verified_at < before)
    query = select(media.c.id, media.c.size).where(media.c.state.in_(["ready", "quarantined"]), waiting)
    if programme_id:
        query = query.where(media.c.programme_id == programme_id)
    async with database.read() as connection:
        rows = await connection.execute(query.order_by(media.c.verified_at.nulls_first(), media.c.id))
        return [(row.id, row.size) for row in rows]


async def find_in(database: Database, media_id: UUID, *states: str) -> Any:
    """Return the row of a file with `verified_at` and the key of its `programme`; None in another state."""
    query = (
        select(*columns, media.c.verified_at, programme.c.key.label("programme"))
        .join(programme, programme.c.id == media.c.programme_id)
        .where(media.c.id == media_id, media.c.state.in_(states))
    )
    async with database.read() as connection:
        return (await connection.execute(query)).first()


async def verify(
    database: Database, store: ContentStore, files: Sequence[tuple[UUID, int]], pace: Pace, counted: Counted
) -> AsyncGenerator[Finding, None]:
    """Compare files with their SHA-256, quarantine those that are wrong, and yield each that is not as expected.

    A right one is marked at once, so that after an interruption `due` names the others; a quarantined one whose bytes
    are right again is ready. Three statements for each. Raises StoreError when the store is away or ill, and Conflict
    when there are no media in its bucket, which then is the wrong one; nothing is quarantined because of either.
    """
    async with aclosing(store.objects("media/")) as found:
        if files and await anext(found, None) is None:
            raise Conflict("There are no media at all in the bucket of the content store: is it the right one?")
    read: list[tuple[Any, str | None, bytes]] = []
    for media_id, size in files:
        if row := await find_in(database, media_id, "ready", "quarantined"):
            try:
                read.append((row, *await _read(store, row, pace, counted)))
            except Unreadable as error:
                read.append((row, str(error), b""))
                if len(read) < UNREADABLE_IN_A_ROW:
                    continue  # the next one tells whether it is this file or the store
                raise StoreUnavailable(
                    f"The content store answers, but cannot read {len(read)} files in a row: see to it first."
                ) from error
        else:
            counted(size, 1)
        while read:
            if finding := await _write_down(database, *read.pop(0)):
                yield finding
    for one in read:
        if finding := await _write_down(database, *one):
            yield finding


async def _read(store: ContentStore, row: Any, pace: Pace, counted: Counted) -> tuple[str | None, bytes]:
    """Return what is wrong with the bytes of a file, and the first of them. Raises Unreadable and StoreError."""
    key, rest = object_key(row.programme_id, row.id), Rest(row.size, counted)
    try:
        wrong, head = await compare(passing(steady(store, key), rest, pace), row)
        if wrong:  # perhaps on the way to us only, and nobody shall lose a film for that
            wrong, head = await compare(passing(steady(store, key), rest, pace), row)
    finally:
        rest.end()
    return wrong, head


async def passing(chunks: AsyncGenerator[bytes, None], rest: Rest, pace: Pace) -> AsyncGenerator[bytes, None]:
    """Hand bytes on, counted and not too fast."""
    async with aclosing(chunks):
        async for chunk in chunks:
            await pace.wait(len(chunk))
            rest.take(len(chunk))
            yield chunk


async def steady(store: ContentStore, key: str) -> AsyncGenerator[bytes, None]:
    """Yield an object's bytes; where the store breaks off, go on from there.

    Raises Unreadable when it answers, but not with these bytes, and StoreError when it is away or has no such object.
    """
    at = failed = 0
    while True:
        try:
            async with aclosing(store.read(key, at)) as chunks:
                async for chunk in chunks:
                    at, failed = at + len(chunk), 0
                    yield chunk
        except StoreUnavailable as error:
            if failed == len(PAUSES):
                await store.check()
                raise Unreadable(f"the content store cannot read it from byte {at} on") from error
            await asyncio.sleep(PAUSES[failed])
            failed += 1
        else:
            return


async def _write_down(database: Database, row: Any, wrong: str | None, head: bytes) -> Finding | None:
    """Keep what was read of a file, and return what is to be told of it; None too if it has changed meanwhile."""
    values: dict[str, Any] = {"verified_at": now()}
    if wrong:
        values = {"state": "quarantined", "reason": wrong, "shown": False, "verified_at": None}
    elif row.state == "quarantined":
        values = judged(row, head) | values
    try:
        changed = await _change(database, row, values)
    except IntegrityError:  # the programme has these bytes in another file, which everybody gets
        values = {"verified_at": now()}
        changed = await _change(database, row, values)
    state = values.get("state", row.state)
    if not changed or (not wrong and state == row.state):
        return None
    return Finding(
        media_id=row.id, programme=row.programme, name=row.name, size=row.size, state=state,
        reason=wrong, new=state != row.state,
    )  # fmt: skip


async def _change(database: Database, row: Any, values: dict[str, Any]) -> bool:
    """Write values to a file's row unless the file was deleted or sent again meanwhile; tell whether."""
    query = select(media.c.state, media.c.verified_at).where(media.c.id == row.id).with_for_update()
    async with database.write() as connection:
        if (await connection.execute(query)).first() != (row.state, row.verified_at):
            return False
        if values.get("state", row.state) != row.state:
            await settle(connection, row, values)
        else:
            await connection.execute(update(media).where(media.c.id == row.id).values(**values))
    return True
