"""One file sent to the content store in parts: only those that are missing there, as often as it takes."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from functools import partial
from typing import TypeVar
from uuid import UUID

from msgspec import Struct

from lms_core.client.digests import LocalFile, OnBytes, check_unchanged, digest, read
from lms_core.client.errors import ClientError
from lms_core.client.http import LmsClient
from lms_core.client.progress import Tally
from lms_core.media.types import (
    Announced,
    ArrivedParts,
    Media,
    NewMedia,
    PartAddress,
    PartAddresses,
    PartRequest,
    PartsRequest,
    SentParts,
)

__all__ = ["in_parallel", "send_file"]

T = TypeVar("T")
R = TypeVar("R")

PIECE = 64 * 1024
"""Bytes handed to a network at first: few enough that a slow line takes them before it counts as dead."""
QUICK = 0.05
"""Seconds: a line that takes a piece within these is given twice as much at once."""
AHEAD = 200
"""Addresses that are asked for at once."""
FRESH = 50 * 60.0
"""Seconds for which an address is used; it would serve for an hour."""
ROUNDS = 5
"""So often may the store lose what was sent of a file."""


class _Part(Struct, frozen=True):
    """A part of a file: its number from 1, its place in the file, and the digest of its bytes."""

    number: int
    offset: int
    size: int
    sha256: str


async def send_file(
    client: LmsClient, programme_id: UUID, file: LocalFile, places: asyncio.Semaphore, tally: Tally
) -> Media:
    """Return the file as the programme has it, ready, being checked or quarantined, after sending what was missing.

    Each part takes one of the `places` while it is under way. Bytes are counted when they are done; those that have to
    be sent again are taken off the `tally`.
    """
    named = file.parts[:AHEAD] if file.size else ()
    first = [PartRequest(number=number, sha256=sha256) for number, sha256 in enumerate(named, 1)]
    new = NewMedia(name=file.name, size=file.size, content_type=file.content_type, sha256=file.sha256, parts=first)
    media = await client.post(f"/programmes/{programme_id}/media", new, Announced)
    if media.state != "uploading":
        tally.add(file.size, there=True)
        return media
    addresses = media.parts
    if media.part_size != file.part_size:
        addresses = []
        file = await asyncio.to_thread(digest, file.place, part_size=media.part_size)
        if file.sha256 != new.sha256:
            raise ClientError(f"{file.place} changed while it was uploaded; try again when nothing writes to it.")
    parts = [
        _Part(number, offset, min(file.part_size, file.size - offset), sha256)
        for number, (offset, sha256) in enumerate(zip(range(0, file.size, file.part_size), file.parts, strict=True), 1)
    ]
    counted, begun = 0, media.begun

    def count(more: int, there: bool = False) -> None:
        nonlocal counted
        counted += more
        tally.add(more, there=there)

    for left in reversed(range(ROUNDS)):
        missing = parts
        try:
            # to ask for a single one would cost as much as to send it again
            if len(parts) > 1 and begun:
                arrived = await client.get(f"/media/{media.id}/parts", ArrivedParts)
                sizes = {part.number: part.size for part in arrived.parts}
                missing = [part for part in parts if sizes.get(part.number) != part.size]
            count(file.size - sum(part.size for part in missing) - counted, there=True)
            where, addresses = _Addresses(client, media.id, parts, addresses), []
            await in_parallel(places, partial(_send_part, client, where, file, count), missing)
            sent = [PartRequest(number=part.number, sha256=part.sha256) for part in parts]
            return await client.post(f"/media/{media.id}/complete", SentParts(parts=sent), Media)
        except ClientError as error:
            if error.status != 409:
                raise
            now = await client.get(f"/media/{media.id}", Media)
            if now.state != "uploading":  # another push of the same bytes was quicker
                count(file.size - counted, there=True)
                return now
            if not left or not missing:
                raise
            begun = True
    raise AssertionError("the last round returns or raises")


class _Addresses:
    """Where the parts of a file are sent to, asked for many at a time; each is used once, for it may have expired."""

    def __init__(self, client: LmsClient, media_id: UUID, parts: list[_Part], known: list[PartAddress]) -> None:
        self.client = client
        self.media_id = media_id
        self._parts = parts
        self._lock = asyncio.Lock()
        self._known: dict[int, PartAddress] = {}
        self._until = 0.0
        self._keep(known)

    def _keep(self, found: list[PartAddress]) -> None:
        self._known.update({address.number: address for address in found})
        self._until = time.monotonic() + FRESH

    async def take(self, part: _Part) -> PartAddress:
        """Return an address for a part: with one that failed alone, else with those of the parts that follow."""
        async with self._lock:
            if time.monotonic() > self._until:
                self._known.clear()
            if part.number not in self._known:
                following = [part] if self._known else self._parts[part.number - 1 :][:AHEAD]
                wanted = [PartRequest(number=one.number, sha256=one.sha256) for one in following]
                path = f"/media/{self.media_id}/parts"
                self._keep((await self.client.post(path, PartsRequest(parts=wanted), PartAddresses)).parts)
            return self._known.pop(part.number)


async def _send_part(client: LmsClient, addresses: _Addresses, file: LocalFile, advance: OnBytes, part: _Part) -> None:
    """Send a part; each try with another address."""

    async def attempt() -> None:
        sent = 0

        async def pieces() -> AsyncIterator[bytes]:
            nonlocal sent
            reading, at_once = read(file.place, part.offset, part.size), PIECE
            while chunk := await asyncio.to_thread(next, reading, b""):
                while chunk:
                    piece, chunk = chunk[:at_once], chunk[at_once:]
                    began = time.monotonic()
                    yield piece
                    at_once = at_once * 2 if time.monotonic() - began < QUICK else PIECE
                    sent += len(piece)
                    advance(len(piece))

        address = await addresses.take(part)
        try:
            await client.put_bytes(address.url, address.headers, part.size, pieces())
            await asyncio.to_thread(check_unchanged, file)
        except BaseException:
            advance(-sent)
            raise

    async def attempt_or_find_out() -> None:
        try:
            await attempt()
        except ClientError as error:
            await asyncio.to_thread(check_unchanged, file)
            if error.status == 400 and await asyncio.to_thread(_digest_now, file, part) != part.sha256:
                raise ClientError(
                    f"{file.place} has other bytes than when it was read, at the same size and time of change; "
                    "touch it and push again."
                ) from None
            if error.status == 404:  # the store has lost the upload; asked for its parts, the server begins another
                await client.get(f"/media/{addresses.media_id}/parts", ArrivedParts)
            raise

    await client.patiently(attempt_or_find_out)


def _digest_now(file: LocalFile, part: _Part) -> str:
    now = hashlib.sha256()
    for piece in read(file.place, part.offset, part.size):
        now.update(piece)
    return now.hexdigest()


async def in_parallel(places: asyncio.Semaphore, work: Callable[[T], Awaitable[R]], items: Iterable[T]) -> list[R]:
    """Return what `work` makes of each item, as many at a time as there are places; the first failure ends all."""

    async def one(item: T) -> R:
        async with places:
            return await work(item)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(item)) for item in items]
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
    return [task.result() for task in tasks]
