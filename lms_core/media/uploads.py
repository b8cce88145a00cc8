"""Bringing files in, part by part, straight to the content store: announced, continued, put together."""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import exists, insert, select, update
from sqlalchemy.exc import IntegrityError

from content_store import ArrivedPart, CompletedPart, ContentStore, ObjectInfo, UnknownUpload
from lms_core.db import AsyncConnection, Database
from lms_core.errors import Conflict, FieldError, InvalidInput, NotFound
from lms_core.media import kinds
from lms_core.media import types as t
from lms_core.media.actions import columns, find, object_key, shape, unused, uses
from lms_core.media.quotas import check_quota
from lms_core.media.tables import media, plugin_file
from lms_core.outbox.events import emit
from lms_core.programmes.tables import programme
from lms_core.types import new_id, now

log = logging.getLogger(__name__)

MIB = 1024 * 1024
SMALLEST_PART = 8 * MIB
MOST_PARTS = 10_000  # the limit of S3
ADDRESSES_LAST = timedelta(hours=1)
NOTHING = hashlib.sha256(b"").hexdigest()


def part_size_for(size: int) -> int:
    """Choose the bytes per part so that no file needs more parts than S3 allows."""
    smallest = -(-size // MOST_PARTS)
    return max(SMALLEST_PART, -(-smallest // MIB) * MIB)


async def begin(
    database: Database,
    store: ContentStore,
    programme_id: UUID,
    new: t.NewMedia,
    actor: UUID,
    *,
    private: bool = False,
    of_plugin: t.PluginFile | None = None,
) -> t.Announced:
    """Announce a file. The answer is ready, or being checked, when the programme has these bytes; else uploading.

    The same person announcing the same bytes again goes on with her earlier upload; a quarantined file of these bytes
    is sent anew under its id. A private file is its owner's alone, and is recognised among hers; one of a plugin by its
    id alone, which the client has made. Raises NotFound, InvalidInput (name and type, or size and parts disagree) and
    Conflict (quota, or the id is that of another file).
    """
    content_type = new.content_type.lower()
    if wrong := kinds.misnamed(new.name, content_type):
        raise InvalidInput("Name and type of the file disagree.", errors=[FieldError("body.contentType", wrong)])
    if of_plugin:
        found = await _of_plugin(database, programme_id, new, actor, of_plugin)
    else:
        found = await _known(database, programme_id, new, actor, private)
    if found and found.state != "quarantined":
        return await _announced(store, found, new.parts)
    at = now()
    row: dict[str, Any] = {
        "id": found.id if found else of_plugin.id if of_plugin else new_id(), "programme_id": programme_id,
        "name": new.name, "size": new.size,
        "content_type": content_type, "sha256": new.sha256, "state": "uploading", "reason": None, "shown": False,
        "part_size": part_size_for(new.size), "upload_id": None, "created_by": actor, "created_at": at, "used_at": at,
        "private": private or of_plugin is not None,
    }  # fmt: skip
    _check_wanted(SimpleNamespace(**row), new.parts)
    key = object_key(programme_id, row["id"])
    if new.size == 0:
        if new.sha256 not in (None, NOTHING):
            raise InvalidInput("An empty file has another SHA-256.", errors=[FieldError("body.sha256", "wrong")])
        await store.put(key, b"", content_type)
        row |= {"sha256": NOTHING, "state": "ready", "verified_at": at}
    elif found or new.sha256 is None or new.size > row["part_size"]:
        row["upload_id"] = await store.start_upload(key, content_type)
    # else it is sent in one request, to an address that takes these bytes alone
    try:
        async with database.write() as connection:
            if found:
                await _repair(connection, row)
            else:
                await check_quota(connection, programme_id, actor, new.size)
                await connection.execute(insert(media), row)
                if of_plugin:
                    bound = {"plugin": of_plugin.plugin, "about": of_plugin.about, "kept": False}
                    await connection.execute(insert(plugin_file), {"media_id": of_plugin.id, **bound})
    except IntegrityError as taken:
        raise Conflict(_TAKEN) from taken
    return await _announced(store, SimpleNamespace(**row), new.parts, begun=False)


_TAKEN = "Another file was announced under this id, or this one a moment ago; try again, or make a new id."


async def _of_plugin(database: Database, programme_id: UUID, new: t.NewMedia, actor: UUID, one: t.PluginFile) -> Any:
    """Return the file that was announced under this id before, by the same person for the same; mark it as used.

    Raises Conflict when it was another one.
    """
    query = select(*columns, plugin_file.c.plugin, plugin_file.c.about).outerjoin(plugin_file)
    async with database.read() as connection:
        found = (await connection.execute(query.where(media.c.id == one.id))).first()
    if found is None:
        return None  # nothing is at this id in the store, so that nobody's bytes can be written over
    its = (found.programme_id, found.created_by, found.plugin, found.about, found.name, found.size, found.content_type)
    named = (programme_id, actor, one.plugin, one.about, new.name, new.size, new.content_type.lower())
    if its != named or new.sha256 not in (None, found.sha256):
        raise Conflict(_TAKEN)
    if found.state == "deleting" or (found.state != "quarantined" and not await _touch(database, found)):
        raise Conflict("This file was deleted, or has moved on this very moment; try again, or make a new id.")
    return found


async def _repair(connection: AsyncConnection, row: dict[str, Any]) -> None:
    """Let a quarantined file be sent anew. Raises Conflict when somebody else was quicker."""
    anew = {
        name: row[name] for name in ("name", "content_type", "part_size", "reason", "state", "upload_id", "used_at")
    }
    same = (media.c.id == row["id"]) & (media.c.state == "quarantined")
    if not (await connection.execute(update(media).where(same).values(**anew))).rowcount:
        raise Conflict("Somebody else is repairing this file at the moment; try again later.")


async def _announced(store: ContentStore, row: Any, wanted: list[t.PartRequest], *, begun: bool = True) -> t.Announced:
    parts: list[t.PartAddress] = []
    if row.state == "uploading":
        _check_wanted(row, wanted)
        parts = await _addresses(store, row, wanted)
    return t.Announced(**msgspec.structs.asdict(shape(row)), parts=parts, begun=begun)


async def _known(database: Database, programme_id: UUID, new: t.NewMedia, actor: UUID, private: bool) -> Any:
    """Return the file with these bytes that need not be sent, or goes on, or can be repaired; mark it as used."""
    async with database.read() as connection:
        if await connection.scalar(select(programme.c.id).where(programme.c.id == programme_id)) is None:
            raise NotFound("There is no such programme.")
        if new.sha256 is None:
            return None
        same = (media.c.programme_id == programme_id) & (media.c.sha256 == new.sha256) & (media.c.size == new.size)
        same &= media.c.private & (media.c.created_by == actor) if private else ~media.c.private
        same &= ~exists().where(plugin_file.c.media_id == media.c.id)
        whole = media.c.state.in_(["ready", "checking"])
        # whoever sends the bytes of a file that units need repairs it
        open_to_her = (media.c.state == "uploading") & ((media.c.created_by == actor) | ~unused())
        query = select(*columns).where(same, whole | open_to_her | (media.c.state == "quarantined"))
        found = (await connection.execute(query.order_by(~whole, ~open_to_her, media.c.id).limit(1))).first()
    if found is None or found.state == "quarantined":
        return found
    return found if await _touch(database, found) else None


async def _touch(database: Database, row: Any) -> bool:
    """Say that a file is still wanted; False when it is on its way out."""
    same = (media.c.id == row.id) & (media.c.state == row.state)
    async with database.write() as connection:
        done = await connection.execute(update(media).where(same).values(used_at=now()))
    return bool(done.rowcount)


async def _uploading(database: Database, media_id: UUID) -> Any:
    row = await find(database, media_id)
    if row.state != "uploading":
        raise Conflict(f"This file is {row.state}; nothing more can be sent.")
    return row


def _sizes(row: Any) -> dict[int, int]:
    """Return the bytes of each part, by number; an empty file has none."""
    count = -(-row.size // row.part_size)
    if not count:
        return {}
    return dict.fromkeys(range(1, count), row.part_size) | {count: row.size - (count - 1) * row.part_size}


async def part_addresses(
    database: Database, store: ContentStore, media_id: UUID, wanted: t.PartsRequest
) -> t.PartAddresses:
    """Return where to PUT parts; each address takes only bytes of the part's length with the given SHA-256.

    Raises NotFound, Conflict (not uploading) and InvalidInput (no such part, or not the announced bytes).
    """
    row = await _uploading(database, media_id)
    _check_wanted(row, wanted.parts)
    await _touch(database, row)
    return t.PartAddresses(parts=await _addresses(store, row, wanted.parts))


def _check_wanted(row: Any, wanted: list[t.PartRequest]) -> None:
    sizes = _sizes(row)
    errors = [
        FieldError(f"body.parts[{index}].number", f"the file has {len(sizes)} parts")
        for index, part in enumerate(wanted)
        if part.number > len(sizes)
    ]
    if len(sizes) == 1 and wanted and row.sha256 not in (None, wanted[0].sha256):
        errors.append(FieldError("body.parts[0].sha256", f"the only part is the file, announced as {row.sha256}"))
    if errors:
        raise InvalidInput("These parts do not belong to the file.", errors=errors)


async def _addresses(store: ContentStore, row: Any, wanted: list[t.PartRequest]) -> list[t.PartAddress]:
    key, sizes = object_key(row.programme_id, row.id), _sizes(row)
    if row.upload_id is None:
        found = [store.whole_address(key, row.sha256, row.size, row.content_type, ADDRESSES_LAST)] if wanted else []
    else:
        parts = [(part.number, part.sha256, sizes[part.number]) for part in wanted]
        found = await store.part_addresses(key, row.upload_id, parts, ADDRESSES_LAST)
    return [t.PartAddress(number=one.number, url=one.url, headers=one.headers) for one in found]


async def arrived_parts(database: Database, store: ContentStore, media_id: UUID) -> t.ArrivedParts:
    """Return the parts that the store has; none when it has lost the upload, which then begins anew.

    Raises NotFound and Conflict (not uploading).
    """
    row = await _uploading(database, media_id)
    key = object_key(row.programme_id, media_id)
    if row.upload_id is None:
        whole = await store.stat(key)
        found = [(1, whole.size)] if whole else []
        return t.ArrivedParts(parts=[t.ArrivedPart(number=number, size=size) for number, size in found])
    try:
        found = [(part.number, part.size) for part in await store.arrived_parts(key, row.upload_id)]
    except UnknownUpload:
        whole = await store.stat(key)
        if whole and whole.size == row.size:  # put together, and the process ended before it could say so
            found = list(_sizes(row).items())
        else:
            await _restart(database, store, row)
            found = []
    return t.ArrivedParts(parts=[t.ArrivedPart(number=number, size=size) for number, size in found])


async def _restart(database: Database, store: ContentStore, row: Any) -> None:
    """Open another upload in place of one that the store does not know any more."""
    upload_id = await store.start_upload(object_key(row.programme_id, row.id), row.content_type)
    same = (media.c.id == row.id) & (media.c.upload_id == row.upload_id)
    async with database.write() as connection:
        await connection.execute(update(media).where(same).values(upload_id=upload_id, used_at=now()))


async def complete(database: Database, store: ContentStore, media_id: UUID, sent: t.SentParts) -> t.Media:
    """Put the parts together; calling it again changes nothing.

    A file of one part is ready at once, for the store has verified its SHA-256, or quarantined when its bytes are not
    of its type; a longer one is checked first. Raises Conflict that names the missing or wrong parts or says that the
    quota is used up, InvalidInput and NotFound. If the programme has got the same bytes meanwhile by another upload,
    that file is the answer and this one is dropped.
    """
    row = await find(database, media_id)
    if row.state != "uploading":
        return shape(row)
    sha256 = _agreed(row, sent)
    found = await _put_together(database, store, row, sent)
    if found.size != row.size:
        raise Conflict(f"The store holds {found.size} bytes, announced were {row.size}.")
    values: dict[str, Any] = {"sha256": sha256, "upload_id": None, "used_at": now(), "state": "checking"}
    if len(sent.parts) == 1 and (row.upload_id or found.sha256 == sha256):  # else the store did not say what it found
        head = b"".join([chunk async for chunk in store.read(object_key(row.programme_id, media_id), 0, kinds.HEAD)])
        values |= judged(row, head)
    try:
        async with database.write() as connection:
            await check_quota(connection, row.programme_id, row.created_by, 0)
            settled = await settle(connection, row, values)
    except IntegrityError:
        return await _same_bytes(database, row, sha256)
    return shape(SimpleNamespace(**{**row._mapping, **values}) if settled else await find(database, media_id))


def judged(row: Any, head: bytes) -> dict[str, Any]:
    """Return what to write about a file whose bytes are those announced: whether they are also of its type."""
    if wrong := kinds.doubt(row.name, row.content_type, head):
        return {"state": "quarantined", "reason": wrong, "shown": False}
    return {
        "state": "ready", "reason": None, "shown": kinds.shown(row.content_type, head), "verified_at": now(),
    }  # fmt: skip


async def settle(connection: AsyncConnection, row: Any, values: dict[str, Any]) -> bool:
    """Move a file on to its next state, if it is still in the one that `row` tells, and let everybody know.

    Raises IntegrityError when the programme has got the same bytes meanwhile.
    """
    same = (media.c.id == row.id) & (media.c.state == row.state)
    if not (await connection.execute(update(media).where(same).values(**values))).rowcount:
        return False
    event = t.MediaEvent(row.id, row.created_by)
    await emit(connection, f"media_{values['state']}", f"media:{row.id}", row.programme_id, event)
    return True


def _agreed(row: Any, sent: t.SentParts) -> str:
    """Return the SHA-256 of the whole, announced or sent now. Raises InvalidInput."""
    only = sent.parts[0].sha256 if len(sent.parts) == 1 else None
    sha256 = sent.sha256 or row.sha256 or only
    if sha256 is None:
        where = FieldError("body.sha256", "is required, for it was not announced")
        raise InvalidInput("Without the SHA-256 of the whole file nobody can tell that it is right.", errors=[where])
    for other in (row.sha256, only):
        if other not in (None, sha256):
            where = FieldError("body.sha256", f"the file was announced or sent with the SHA-256 {other}")
            raise InvalidInput("This is the SHA-256 of other bytes.", errors=[where])
    return str(sha256)


async def _put_together(database: Database, store: ContentStore, row: Any, sent: t.SentParts) -> ObjectInfo:
    """Join the parts; also when that had happened before and nobody could say so."""
    key = object_key(row.programme_id, row.id)
    if row.upload_id is None:
        _check_named(sent, [1])
        whole = await store.stat(key)
        if whole is None:
            raise Conflict("Not all parts have arrived as announced; missing or of wrong size: 1.")
        return whole
    tags = dict.fromkeys(range(1, len(sent.parts) + 1), "")
    try:
        arrived = await store.arrived_parts(key, row.upload_id)
        _check_arrived(row, arrived)
        tags = {part.number: part.etag for part in arrived}
    except UnknownUpload:
        log.info("The upload of %s is not open any more; it may be complete.", key)
    _check_named(sent, sorted(tags))
    try:
        parts = [CompletedPart(part.number, tags[part.number], part.sha256) for part in sent.parts]
        return await store.complete_upload(key, row.upload_id, parts)
    except UnknownUpload:
        await _restart(database, store, row)
        raise Conflict("The content store has lost what was sent of this file; ask for its parts again.") from None


def _check_named(sent: t.SentParts, numbers: list[int]) -> None:
    if [part.number for part in sent.parts] != numbers:
        where = FieldError("body.parts", f"must name the parts 1 to {len(numbers)} once each, in order")
        raise InvalidInput("The parts named are not the parts of the file.", errors=[where])


def _check_arrived(row: Any, arrived: list[ArrivedPart]) -> None:
    expected, found = _sizes(row), {part.number: part.size for part in arrived}
    wrong = [str(number) for number, size in expected.items() if found.get(number) != size]
    if wrong or set(found) - set(expected):
        shown = ", ".join(wrong[:20]) + (" and more" if len(wrong) > 20 else "")
        raise Conflict(f"Not all parts have arrived as announced; missing or of wrong size: {shown}.")


async def _same_bytes(database: Database, row: Any, sha256: str) -> t.Media:
    """Let a file go whose bytes the programme has got meanwhile, and return the other one."""
    whole = (media.c.state.in_(["ready", "checking"])) & (media.c.sha256 == sha256) & ~media.c.private
    async with database.write() as connection:
        other = (
            await connection.execute(select(*columns).where(media.c.programme_id == row.programme_id, whole))
        ).one()
        used = await connection.scalar(select(uses(row.id)))
        gone = {"state": "quarantined", "reason": f"its bytes are in another file: {other.id}"} if used else {
            "state": "deleting", "used_at": now()
        }  # fmt: skip
        await connection.execute(update(media).where(media.c.id == row.id).values(**gone))
    return shape(other)
