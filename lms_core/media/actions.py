"""The rules about files: bringing them in by parts, and leading readers to them. Bytes never pass through here."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError

from content_store import CompletedPart, ContentStore
from lms_core.db import Database
from lms_core.errors import Conflict, FieldError, InvalidInput, NotFound
from lms_core.media import types as t
from lms_core.media.tables import media
from lms_core.programmes.tables import programme
from lms_core.types import new_id, now

MIB = 1024 * 1024
SMALLEST_PART = 8 * MIB
MOST_PARTS = 10_000  # the limit of S3
UPLOAD_ADDRESSES_LAST = timedelta(hours=1)
DOWNLOAD_ADDRESSES_LAST = timedelta(minutes=10)

# Shown in the browser as what they are; everything else is saved as a file. HTML and SVG are not among them: their
# scripts would run on the store's origin.
INLINE = frozenset({
    "application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "video/mp4", "video/webm",
    "audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav", "text/vtt", "text/plain",
})  # fmt: skip

_media = (
    media.c.id, media.c.programme_id, media.c.name, media.c.size, media.c.content_type, media.c.sha256,
    media.c.state, media.c.part_size,
)  # fmt: skip


def object_key(programme_id: UUID, media_id: UUID) -> str:
    """Name the object that holds a file: made of ids only, never of what a user typed."""
    return f"media/{programme_id}/{media_id}"


def part_size_for(size: int) -> int:
    """Choose the bytes per part so that no file needs more parts than S3 allows."""
    needed = -(-size // MOST_PARTS)
    return max(SMALLEST_PART, -(-needed // MIB) * MIB)


async def begin(database: Database, store: ContentStore, programme_id: UUID, new: t.NewMedia, actor: UUID) -> t.Media:
    """Announce a file. The answer is ready when the programme has these bytes already, or uploading.

    The same person announcing the same bytes again goes on with her earlier upload. Raises NotFound.
    """
    async with database.read() as connection:
        if await connection.scalar(select(programme.c.id).where(programme.c.id == programme_id)) is None:
            raise NotFound("There is no such programme.")
        same = (media.c.programme_id == programme_id) & (media.c.sha256 == new.sha256) & (media.c.size == new.size)
        usable = (media.c.state == "ready") | (media.c.created_by == actor)
        query = select(*_media).where(same, usable).order_by(media.c.state != "ready", media.c.id)
        found = (await connection.execute(query.limit(1))).first()
    if found:
        return t.Media(**found._mapping)
    media_id = new_id()
    key = object_key(programme_id, media_id)
    row: dict[str, Any] = {
        "id": media_id,
        "programme_id": programme_id,
        "name": new.name,
        "size": new.size,
        "content_type": new.content_type.lower(),
        "sha256": new.sha256,
        "part_size": part_size_for(new.size),
        "created_by": actor,
        "created_at": now(),
    }
    if new.size == 0:  # a multipart upload needs at least one byte
        if new.sha256 != hashlib.sha256(b"").hexdigest():
            raise InvalidInput("An empty file has another SHA-256.", errors=[FieldError("body.sha256", "wrong")])
        await store.put(key, b"", row["content_type"])
        row |= {"state": "ready", "upload_id": None}
    else:
        upload_id = await store.start_upload(key, row["content_type"])
        row |= {"state": "uploading", "upload_id": upload_id}
    async with database.write() as connection:
        await connection.execute(insert(media), row)
    return t.Media(**{name: row[name] for name in t.Media.__struct_fields__})


async def _find(database: Database, media_id: UUID) -> Any:
    async with database.read() as connection:
        row = (await connection.execute(select(*_media, media.c.upload_id).where(media.c.id == media_id))).first()
    if row is None:
        raise NotFound("There is no such file.")
    return row


async def read(database: Database, media_id: UUID) -> t.Media:
    """Return a file's description. Raises NotFound."""
    row = await _find(database, media_id)
    return t.Media(**{name: row._mapping[name] for name in t.Media.__struct_fields__})


def _uploading(row: Any) -> None:
    if row.state != "uploading":
        raise Conflict("This file is complete already; nothing more can be sent.")


async def part_addresses(
    database: Database, store: ContentStore, media_id: UUID, wanted: t.PartsRequest
) -> t.PartAddresses:
    """Return where to PUT parts; each address takes only the bytes with the given SHA-256.

    Raises NotFound, Conflict (complete already) and InvalidInput (no such part, or not the announced bytes).
    """
    row = await _find(database, media_id)
    _uploading(row)
    count = -(-row.size // row.part_size)
    errors = [
        FieldError(f"body.parts[{index}].number", f"the file has {count} parts")
        for index, part in enumerate(wanted.parts)
        if part.number > count
    ]
    if count == 1 and wanted.parts[0].sha256 != row.sha256:
        errors.append(FieldError("body.parts[0].sha256", f"the only part is the file, announced as {row.sha256}"))
    if errors:
        raise InvalidInput("These parts do not belong to the file.", errors=errors)
    addresses = await store.part_addresses(
        object_key(row.programme_id, media_id),
        row.upload_id,
        [(part.number, part.sha256) for part in wanted.parts],
        UPLOAD_ADDRESSES_LAST,
    )
    return t.PartAddresses(parts=[t.PartAddress(number=a.number, url=a.url, headers=a.headers) for a in addresses])


async def arrived_parts(database: Database, store: ContentStore, media_id: UUID) -> t.ArrivedParts:
    """Return the parts that the store has. Raises NotFound and Conflict (complete already)."""
    row = await _find(database, media_id)
    _uploading(row)
    arrived = await store.arrived_parts(object_key(row.programme_id, media_id), row.upload_id)
    return t.ArrivedParts(parts=[t.ArrivedPart(number=part.number, size=part.size) for part in arrived])


async def complete(database: Database, store: ContentStore, media_id: UUID, sent: t.SentParts) -> t.Media:
    """Put the parts together and make the file usable; calling it again changes nothing.

    Raises Conflict that names the missing or wrong parts, InvalidInput and NotFound. If the same
    bytes became ready meanwhile by another upload, that file is the answer and this one is dropped.
    """
    row = await _find(database, media_id)
    if row.state == "ready":
        return await read(database, media_id)
    key = object_key(row.programme_id, media_id)
    found = await store.stat(key)  # put together before, but the process ended before it could say so
    if found is None:
        arrived = {part.number: part for part in await store.arrived_parts(key, row.upload_id)}
        _check_parts(row, {number: part.size for number, part in arrived.items()})
        if [part.number for part in sent.parts] != sorted(arrived):
            where = FieldError("body.parts", f"must name the parts 1 to {len(arrived)} once each, in order")
            raise InvalidInput("The parts named are not the parts of the file.", errors=[where])
        parts = [CompletedPart(p.number, arrived[p.number].etag, p.sha256) for p in sent.parts]
        found = await store.complete_upload(key, row.upload_id, parts)
    if found.size != row.size:
        raise Conflict(f"The store holds {found.size} bytes, announced were {row.size}.")
    try:
        async with database.write() as connection:
            await connection.execute(update(media).where(media.c.id == media_id).values(state="ready", upload_id=None))
    except IntegrityError:
        return await _same_bytes(database, store, row)
    return await read(database, media_id)


def _check_parts(row: Any, arrived: dict[int, int]) -> None:
    count = -(-row.size // row.part_size)
    expected = dict.fromkeys(range(1, count), row.part_size) | {count: row.size - (count - 1) * row.part_size}
    wrong = [str(number) for number, size in expected.items() if arrived.get(number) != size]
    if wrong or set(arrived) - set(expected):
        shown = ", ".join(wrong[:20]) + (" and more" if len(wrong) > 20 else "")
        raise Conflict(f"Not all parts have arrived as announced; missing or of wrong size: {shown}.")


async def _same_bytes(database: Database, store: ContentStore, row: Any) -> t.Media:
    async with database.read() as connection:
        query = select(*_media).where(
            media.c.programme_id == row.programme_id, media.c.sha256 == row.sha256, media.c.state == "ready"
        )
        other = (await connection.execute(query)).one()
    await store.delete(object_key(row.programme_id, row.id))
    async with database.write() as connection:
        await connection.execute(media.delete().where(media.c.id == row.id))
    return t.Media(**other._mapping)


def download_address(store: ContentStore, programme_id: UUID, media_id: UUID, name: str, content_type: str) -> str:
    """Return an address of the store from which the file is read for some minutes, under its name and type."""
    inline = content_type in INLINE
    return store.download_address(
        object_key(programme_id, media_id),
        name,
        content_type if inline else "application/octet-stream",
        DOWNLOAD_ADDRESSES_LAST,
        inline=inline,
    )
