"""What is found out about a file as soon as it is ready: of films length, size and a poster, of PDFs the text.

The file is whole and readable whatever comes out here.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import delete, insert, or_, select, update

from content_store import ContentStore, StoreUnavailable
from lms_core.db import Database
from lms_core.media import films
from lms_core.media.actions import columns, object_key, poster_key
from lms_core.media.pdfs import LARGEST as LARGEST_PDF
from lms_core.media.pdfs import folded, read_pdf
from lms_core.media.tables import media, page_text, preparation
from lms_core.media.tools import NoRoom, ToolFailed, ToolMissing
from lms_core.media.types import MediaEvent
from lms_core.outbox.events import send
from lms_core.types import now

log = logging.getLogger(__name__)

ADDRESSES_LAST = timedelta(hours=1)
PDF = "application/pdf"


def is_prepared(content_type: str) -> bool:
    """Tell whether there is anything to find out about files of this type."""
    return content_type.startswith(("video/", "audio/")) or content_type == PDF


async def prepare(database: Database, store: ContentStore, media_id: UUID) -> None:
    """Find out about a file and write it down, in place of what was written before; repeatable.

    What is missing here or broken in the file is written down with the reason. Nothing happens to a file that is
    private, of another type or not ready. Raises StoreError when the store cannot be read for now.
    """
    async with database.read() as connection:
        row = (await connection.execute(select(*columns).where(media.c.id == media_id))).first()
    if row is None or row.state != "ready" or row.private or not is_prepared(row.content_type):
        return
    values: dict[str, Any] = dict.fromkeys(("reason", "duration_ms", "width", "height", "pages", "seekable"))
    values |= {"state": "done", "poster": False, "at": now()}
    pages: list[str] = []
    try:
        if row.content_type == PDF:
            if row.size > LARGEST_PDF:
                raise NoRoom(f"the text of PDFs of more than {LARGEST_PDF} bytes is not read")
            values["pages"], pages = await read_pdf(store, object_key(row.programme_id, row.id), row.size)
        else:
            values |= await _look_at_film(store, row)
    except (ToolMissing, NoRoom) as error:
        values |= {"state": "skipped", "reason": str(error)}
    except ToolFailed as error:
        values |= {"state": "failed", "reason": str(error)}
    if not await _write_down(database, media_id, values, pages) and values["poster"]:
        await store.delete(poster_key(row.programme_id, row.id))
    log.info("file %s: %s", media_id, values["reason"] or values["state"])


async def prepare_all(database: Database) -> int:
    """Let the workers find out about all files of which nothing is known, or was skipped or failed; return how many."""
    known = select(preparation.c.media_id).where(preparation.c.state.in_(["done", "waiting"]))
    kinds = or_(*(media.c.content_type.startswith(kind) for kind in ("video/", "audio/")), media.c.content_type == PDF)
    query = select(media.c.id, media.c.programme_id, media.c.created_by).where(
        media.c.state == "ready", ~media.c.private, kinds, media.c.id.not_in(known)
    )
    async with database.write() as connection:
        rows = (await connection.execute(query)).all()
        for row in rows:
            event = MediaEvent(row.id, row.created_by)
            await send(connection, "media:prepare", "media_ready", row.programme_id, event)
    return len(rows)


async def _look_at_film(store: ContentStore, row: Any) -> dict[str, Any]:
    # name and type tell a program nothing, so that it looks for itself
    key, unknown = object_key(row.programme_id, row.id), "application/octet-stream"
    address = store.download_address(key, "file", unknown, ADDRESSES_LAST)
    try:
        film = await films.probe(address)
    except ToolFailed:
        await _check_reachable(address)
        film = await films.probe(address)  # once more: the store may have been away for a moment
    found: dict[str, Any] = {
        "duration_ms": film.duration_ms, "width": film.width, "height": film.height,
        "seekable": await films.seekable(store, key, film.container),
    }  # fmt: skip
    if film.width is None:
        return found
    try:
        picture = await films.poster(address, film)
    except (ToolMissing, ToolFailed) as error:
        await _check_reachable(address)
        return {**found, "reason": f"there is no poster: {error}"}
    await store.put(poster_key(row.programme_id, row.id), picture, "image/jpeg")
    return {**found, "poster": True}


async def _check_reachable(address: str) -> None:
    """Make sure that it was not the store that kept a program from reading. Raises StoreUnavailable."""
    try:
        async with (
            httpx.AsyncClient(trust_env=False) as client,
            client.stream("GET", address, headers={"Range": "bytes=0-0"}) as answer,
        ):
            if answer.status_code != 206:
                raise StoreUnavailable(f"The store answers the worker with {answer.status_code} at its public address.")
    except httpx.HTTPError as error:
        raise StoreUnavailable(f"The worker does not reach the store at its public address: {error!r}.") from error


async def _write_down(database: Database, media_id: UUID, values: dict[str, Any], pages: list[str]) -> bool:
    """Write what was found; False when the file is not ready any more. Four statements, one more at the first time."""
    texts = [
        {"media_id": media_id, "page": number, "text": text, "folded": folded(text)}
        for number, text in enumerate(pages, 1)
    ]
    async with database.write() as connection:
        ready = select(media.c.id).where(media.c.id == media_id, media.c.state == "ready").with_for_update()
        if (await connection.execute(ready)).first() is None:
            return False
        known = update(preparation).where(preparation.c.media_id == media_id).values(**values)
        if not (await connection.execute(known)).rowcount:
            await connection.execute(insert(preparation), {"media_id": media_id, **values})
        await connection.execute(delete(page_text).where(page_text.c.media_id == media_id))
        if texts:
            await connection.execute(insert(page_text), texts)
    return True
