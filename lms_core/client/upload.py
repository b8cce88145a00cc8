"""Files brought into a programme: straight to the content store, in parts, and only what is missing there."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from msgspec import Struct

from lms_core.client.errors import ClientError
from lms_core.client.http import LmsClient
from lms_core.client.scan import CHUNK, LocalFile, OnProgress, Progress
from lms_core.media.types import (
    ArrivedParts,
    Media,
    NewMedia,
    PartAddress,
    PartAddresses,
    PartRequest,
    PartsRequest,
    SentParts,
)

__all__ = ["upload"]

T = TypeVar("T")
R = TypeVar("R")

FILES_AT_ONCE = 4
PARTS_AT_ONCE = 4
"""Of one file. Addresses are asked for so many at a time: on a slow line more would expire before their turn."""


class _Part(Struct, frozen=True):
    """A part of a file: its number from 1, its place in the file, and the digest of its bytes."""

    number: int
    offset: int
    size: int
    sha256: str


async def upload(
    client: LmsClient,
    programme_id: UUID,
    files: Mapping[str, LocalFile],
    on_progress: OnProgress = lambda progress: None,
) -> dict[str, UUID]:
    """Return the media id of each file, by path, once the programme has them all.

    Bytes are sent once, even if several files have them, and not at all if the programme has them already; after
    an interruption only the parts that have not arrived. No file is held in memory. Raises ClientError, also for a
    file that has changed since its digest was taken.
    """
    different = {file.sha256: file for file in files.values()}
    total_bytes = sum(file.size for file in different.values())
    done_bytes = done_files = 0

    def advance(more_bytes: int, more_files: int = 0) -> None:
        nonlocal done_bytes, done_files
        done_bytes += more_bytes
        done_files += more_files
        on_progress(
            Progress(
                what="Uploading",
                files=done_files,
                total_files=len(different),
                bytes=done_bytes,
                total_bytes=total_bytes,
            )
        )

    async def bring(file: LocalFile) -> UUID:
        try:
            media = await _bring(client, programme_id, file, advance)
        except OSError as error:
            raise ClientError(f"{file.place} cannot be read: {error.strerror}") from None
        advance(0, more_files=1)
        return media.id

    ids = await _in_parallel(FILES_AT_ONCE, bring, different.values())
    by_digest = dict(zip(different, ids, strict=True))
    return {path: by_digest[file.sha256] for path, file in files.items()}


async def _bring(client: LmsClient, programme_id: UUID, file: LocalFile, advance: Callable[[int], None]) -> Media:
    new = NewMedia(name=file.name, size=file.size, content_type=file.content_type, sha256=file.sha256)
    media = await client.post(f"/programmes/{programme_id}/media", new, Media)
    if media.state == "ready":
        advance(file.size)
        return media
    arrived = await client.get(f"/media/{media.id}/parts", ArrivedParts)
    sizes = {part.number: part.size for part in arrived.parts}
    sent: list[PartRequest] = []
    count = max(1, -(-file.size // media.part_size))
    for first in range(0, count, PARTS_AT_ONCE):
        numbers = range(first + 1, min(first + PARTS_AT_ONCE, count) + 1)
        parts = [await asyncio.to_thread(_part, file, number, media.part_size) for number in numbers]
        sent += [PartRequest(number=part.number, sha256=part.sha256) for part in parts]
        missing = [part for part in parts if sizes.get(part.number) != part.size]
        advance(sum(part.size for part in parts if part not in missing))
        if missing:
            await _send(client, media.id, file, missing, advance)
    return await client.post(f"/media/{media.id}/complete", SentParts(parts=sent), Media)


async def _send(
    client: LmsClient, media_id: UUID, file: LocalFile, parts: list[_Part], advance: Callable[[int], None]
) -> None:
    """Send some parts of a file, all at once."""
    wanted = PartsRequest(parts=[PartRequest(number=part.number, sha256=part.sha256) for part in parts])
    addresses = await client.post(f"/media/{media_id}/parts", wanted, PartAddresses)

    async def send(item: tuple[_Part, PartAddress]) -> None:
        part, address = item
        sent = 0

        async def pieces() -> AsyncIterator[bytes]:
            nonlocal sent
            advance(-sent)  # of the try before
            sent = 0
            reading = _read(file.place, part.offset, part.size)
            while piece := await asyncio.to_thread(next, reading, b""):
                yield piece
                sent += len(piece)
                advance(len(piece))

        await client.put_bytes(address.url, address.headers, part.size, pieces)
        await asyncio.to_thread(_check_unchanged, file)

    await _in_parallel(PARTS_AT_ONCE, send, zip(parts, addresses.parts, strict=True))


def _part(file: LocalFile, number: int, part_size: int) -> _Part:
    """Return a part with its digest; raises ClientError if the file is no longer the one that was hashed."""
    offset = (number - 1) * part_size
    size = min(part_size, file.size - offset)
    digest = hashlib.sha256()
    for piece in _read(file.place, offset, size):
        digest.update(piece)
    _check_unchanged(file)
    return _Part(number, offset, size, digest.hexdigest())


def _read(place: Path, offset: int, size: int) -> Iterator[bytes]:
    with place.open("rb") as file:
        file.seek(offset)
        while size and (piece := file.read(min(CHUNK, size))):
            size -= len(piece)
            yield piece


def _check_unchanged(file: LocalFile) -> None:
    now = file.place.stat()
    if (now.st_size, now.st_mtime_ns) != (file.size, file.modified_ns):
        raise ClientError(f"{file.place} changed while it was uploaded; try again when nothing writes to it.")


async def _in_parallel(limit: int, work: Callable[[T], Awaitable[R]], items: Iterable[T]) -> list[R]:
    """Return what `work` makes of each item, some at a time; the first failure ends all and is raised."""
    places = asyncio.Semaphore(limit)

    async def one(item: T) -> R:
        async with places:
            return await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in items]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]
