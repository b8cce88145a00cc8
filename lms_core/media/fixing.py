"""Making a film whose index stands at its end into one that players can jump in: a copy, the original stays."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from content_store import ContentStore
from lms_core.db import AsyncConnection, Database
from lms_core.errors import Conflict, NotFound
from lms_core.media import types as t
from lms_core.media.actions import columns, object_key
from lms_core.media.prepared import fix_of, shape, state_of
from lms_core.media.quotas import check_quota
from lms_core.media.tables import media, preparation
from lms_core.media.tools import NoRoom, ToolFailed, ToolMissing, fetch, read_film, room_for, run
from lms_core.media.uploads import part_size_for
from lms_core.outbox.events import Undeliverable, emit, send
from lms_core.types import now

MUXERS = {
    "video/quicktime": "mov", "video/webm": "webm", "audio/webm": "webm", "video/x-matroska": "matroska",
}  # fmt: skip
CHUNK = 1 << 20


async def ask(connection: AsyncConnection, media_id: UUID, actor: UUID) -> t.Preparation:
    """Have a film fixed in the background.

    Raises NotFound and Conflict: it can be sought in, is no film, is being fixed or was. Four statements.
    """
    await connection.execute(select(media.c.id).where(media.c.id == media_id).with_for_update())
    row = (await connection.execute(state_of(media_id))).first()  # after the lock, to see what others have asked for
    if row is None:
        raise NotFound("There is no such file.")
    for refused, why in (
        (row.state != "ready", f"This file is {row.state}; only what is ready can be fixed."),
        (row.fixing, "This film is being fixed already."),
        (row.fixed_by, f"This film is fixed already, by the file {row.fixed_by}."),
        (row.seekable, "Players can jump in this film already."),
        (row.seekable is None, "This is no film that could be fixed, or nobody has looked at it yet."),
    ):
        if refused:
            raise Conflict(why)
    order = t.MediaEvent(media_id, actor)
    await send(connection, "media:fix", "media_fix", row.programme_id, order, aggregate=fix_of(media_id))
    return replace(shape(row), fixing=True)


async def fix(database: Database, store: ContentStore, order: t.MediaEvent, new_id: UUID) -> None:
    """Make the copy and store it as the file `new_id`, the same at every repetition.

    Raises StoreError when the store is away for now, and Undeliverable with the reason when it cannot be done; that
    is written down with the film, too.
    """
    async with database.read() as connection:
        known = [media.c.id == order.media_id, media.c.state == "ready"]
        row = (await connection.execute(select(*columns).where(*known))).first()
        done = await connection.scalar(select(media.c.id).where(media.c.id == new_id))
    if row is None or done:
        return
    try:
        async with database.write() as connection:
            await check_quota(connection, row.programme_id, order.person_id, row.size)
        room_for(2 * row.size)  # the film and its copy
        with tempfile.TemporaryDirectory(prefix="lms-film-") as folder:
            path = Path(folder) / "film"
            await _copy(store, row, path)
            await _keep(database, store, row, order, new_id, path)
    except (NoRoom, ToolMissing, ToolFailed, Conflict) as error:
        why = f"it could not be fixed: {error}"
        async with database.write() as connection:
            same = preparation.c.media_id == order.media_id
            await connection.execute(update(preparation).where(same).values(reason=why))
        raise Undeliverable(why) from error


async def _copy(store: ContentStore, row: Any, path: Path) -> None:
    """Write the film anew with its index first, not a picture changed. Raises as `fix`.

    ffmpeg would take a film that breaks off on the way for a shorter one: it gets the whole, compared before.
    """
    seconds = 600 + row.size / (1 << 20)
    original = path.with_name("original")
    await fetch(store, object_key(row.programme_id, row.id), original)
    if await asyncio.to_thread(_measured, original) != (row.sha256, row.size):
        raise ToolFailed("the content store has other bytes than those of the film")
    tracks = ["-map", "0:v?", "-map", "0:a?", "-map", "0:s?", "-c", "copy"]
    muxer = MUXERS.get(row.content_type, "mp4")
    fast = [] if muxer in ("webm", "matroska") else ["-movflags", "+faststart"]
    ffmpeg = ["ffmpeg", "-v", "error", "-nostdin"]
    hashes = [*tracks, "-f", "streamhash", "-hash", "sha256", "pipe:1"]
    await run([*ffmpeg, *read_film(str(original)), *tracks, *fast, "-f", muxer, str(path)], seconds)
    before = await run([*ffmpeg, *read_film(str(original)), *hashes], seconds)
    after = await run([*ffmpeg, *read_film(str(path)), *hashes], seconds)
    if before != after:
        raise ToolFailed("the copy was not the same film")


async def _keep(
    database: Database, store: ContentStore, row: Any, order: t.MediaEvent, new_id: UUID, path: Path
) -> None:
    """Store the copy under its own id and have it checked, or find that the programme has it already."""
    digest, size = await asyncio.to_thread(_measured, path)
    key, at = object_key(row.programme_id, new_id), now()
    values = {
        "id": new_id, "programme_id": row.programme_id, "name": row.name, "size": size,
        "content_type": row.content_type, "sha256": digest, "state": "checking", "shown": False,
        "part_size": part_size_for(size), "created_by": order.person_id, "created_at": at, "used_at": at,
    }  # fmt: skip
    fixed = update(preparation).where(preparation.c.media_id == row.id)
    await store.write(key, _pieces(path), row.content_type)
    try:
        async with database.write() as connection:
            await check_quota(connection, row.programme_id, order.person_id, size)
            await connection.execute(insert(media), values)
            await connection.execute(fixed.values(fixed_by=new_id))
            event = t.MediaEvent(new_id, order.person_id)
            await emit(connection, "media_checking", f"media:{new_id}", row.programme_id, event)
    except IntegrityError:
        same = (media.c.programme_id == row.programme_id) & (media.c.sha256 == digest)
        async with database.write() as connection:
            query = select(media.c.id).where(same, media.c.state.in_(["checking", "ready"]))
            found = (await connection.execute(query)).scalar_one()
            await connection.execute(fixed.values(fixed_by=found))
        if found != new_id:
            await store.delete(key)
    except Conflict:
        await store.delete(key)
        raise


def _measured(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        while piece := await asyncio.to_thread(file.read, CHUNK):
            yield piece
