"""Files brought into a programme: straight to the content store, in parts, and only what is missing there."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Mapping
from itertools import count
from uuid import UUID

from msgspec import Struct

from lms_core.client.digests import LocalFile, read
from lms_core.client.errors import ClientError
from lms_core.client.http import LmsClient
from lms_core.client.progress import OnProgress, Tally
from lms_core.client.sending import in_parallel, send_file
from lms_core.media.kinds import HEAD, doubt
from lms_core.media.types import Media

__all__ = ["find_known", "upload", "wait_until_checked"]

AT_ONCE = 4
LONGEST_REST = 4.0
"""Seconds between two questions whether a file has been checked."""


class _Found(Struct, frozen=True):
    """What is used of a file in the list of a programme."""

    id: UUID
    state: str


async def upload(
    client: LmsClient,
    programme_id: UUID,
    files: Mapping[str, LocalFile],
    on_progress: OnProgress = lambda progress: None,
    parallel: int = AT_ONCE,
) -> dict[str, Media]:
    """Return each file, by path, once the programme has them all; files of several parts may still be being checked.

    Bytes are sent once, even if several files have them, and not at all if the programme has them already; after
    an interruption only the parts that have not arrived, `parallel` parts at a time. No file is held in memory.
    Raises ClientError, also for a file that has changed since its digest was taken, and for those that are not what
    their names say.
    """
    different = {file.sha256: (path, file) for path, file in files.items()}
    await asyncio.to_thread(_refuse_wrong, different.values())
    tally = Tally("Uploading", len(different), sum(file.size for _, file in different.values()), on_progress)
    places = asyncio.Semaphore(parallel)

    async def bring(item: tuple[str, LocalFile]) -> Media:
        _, file = item
        try:
            media = await send_file(client, programme_id, file, places, tally)
        except OSError as error:
            raise ClientError(f"{file.place} cannot be read: {error.strerror}") from None
        tally.add(0, files=1)
        return media

    found = await in_parallel(asyncio.Semaphore(parallel), bring, different.values())
    by_digest = dict(zip(different, found, strict=True))
    media = {path: by_digest[file.sha256] for path, file in files.items()}
    _refuse_quarantined(media)
    return media


async def find_known(client: LmsClient, programme_id: UUID, files: Mapping[str, LocalFile]) -> dict[str, UUID]:
    """Return the media ids, by path, of the files that the programme has already. Changes nothing."""

    async def find(sha256: str) -> UUID | None:
        found = await client.items(f"/programmes/{programme_id}/media", _Found, sha256=sha256)
        return next((one.id for one in found if one.state in {"ready", "checking"}), None)

    digests = list({file.sha256 for file in files.values()})
    known = dict(zip(digests, await in_parallel(asyncio.Semaphore(AT_ONCE), find, digests), strict=True))
    return {path: media_id for path, file in files.items() if (media_id := known[file.sha256])}


async def wait_until_checked(
    client: LmsClient,
    media: Mapping[str, Media],
    on_progress: OnProgress = lambda progress: None,
    patience: float = 900,
) -> None:
    """Return when the server has compared all bytes of these files, by path, with their digests.

    Raises ClientError for files that are not right in the store, and if for `patience` seconds none gets ready.
    """
    checking = {one.id: (path, one) for path, one in media.items() if one.state == "checking"}
    if not checking:
        return
    tally = Tally("Checking", len(checking), sum(one.size for _, one in checking.values()), on_progress)
    settled: dict[str, Media] = {}
    for media_id, (path, one) in checking.items():
        since = time.monotonic()
        for attempt in count():
            settled[path] = await client.get(f"/media/{media_id}", Media)
            if settled[path].state != "checking":
                break
            if time.monotonic() - since >= patience:
                raise ClientError(f"{path} is still being checked; the server goes on without you.")
            await asyncio.sleep(min(client.pause(attempt), LONGEST_REST))
        tally.add(one.size, files=1)
    _refuse_quarantined(settled)


def _refuse_wrong(files: Iterable[tuple[str, LocalFile]]) -> None:
    """Say before anything is sent what the server would say of the first bytes at the end."""
    try:
        wrong = {
            path: doubt(file.name, file.content_type, next(read(file.place, 0, HEAD), b"")) for path, file in files
        }
    except OSError as error:
        raise ClientError(f"{error.filename} cannot be read: {error.strerror}") from None
    _refuse("These files would not be accepted:", {path: why for path, why in wrong.items() if why})


def _refuse_quarantined(media: Mapping[str, Media]) -> None:
    wrong = {path: one.reason or "no reason given" for path, one in media.items() if one.state == "quarantined"}
    _refuse("These files arrived damaged or are not what they seem; pushing them again repairs them:", wrong)


def _refuse(what: str, reasons: Mapping[str, str]) -> None:
    if reasons:
        raise ClientError("\n".join([what, *(f"  {path}: {why}" for path, why in reasons.items())]))
