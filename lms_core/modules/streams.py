"""A film in segments (HLS, RFC 8216): what its folder must be, and playlists with addresses a player can follow."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import timedelta
from functools import cache
from posixpath import dirname, join, normpath
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import m3u8
from sqlalchemy import select

from content_store import ContentStore
from lms_core.db import AsyncConnection
from lms_core.errors import Conflict, FieldError, NotFound
from lms_core.media.actions import download_address, object_key
from lms_core.media.tables import media
from lms_core.modules import types as t
from lms_core.modules.tables import run, unit_file

PLAYLIST = ".m3u8"
MEDIA_TYPE = "application/vnd.apple.mpegurl"
LONGEST = 1 << 20
"""Bytes of a playlist; twelve hours in segments of two seconds have less."""

SPARE, SHORTEST, MOST = timedelta(hours=1), timedelta(minutes=10), timedelta(hours=12)

# Signing some thousand addresses takes a second of computing: off the event loop, and one playlist at a time.
_signing = asyncio.Semaphore(1)


def mistakes(unit: t.Unit, place: str) -> list[FieldError]:
    """Find what keeps the stream files of a unit from being the folder of one film."""
    stream = [(f"{place}.files[{number}]", f.name) for number, f in enumerate(unit.files) if f.role == "stream"]
    if not stream:
        return []
    first, name = stream[0]
    found = []
    if unit.kind != "video":
        found.append(FieldError(f"{first}.role", "only a video has a stream"))
    if not name.endswith(PLAYLIST):
        found.append(FieldError(f"{first}.name", f"the first stream file must be the playlist, NAME{PLAYLIST}"))
    seen: set[str] = set()
    for where, name in stream:
        if name in seen:
            found.append(FieldError(f"{where}.name", f"{name} is twice in the folder of the stream"))
        seen.add(name)
    return found


async def find(connection: AsyncConnection, run_id: UUID, unit_key: str, path: str) -> dict[str, Any]:
    """Return the stream file at this path of the folder, and for a playlist all that are there, by their paths.

    Rows are as `media.actions.download_address` takes them. Raises NotFound. One statement.
    """
    query = (
        select(
            media.c.id, media.c.programme_id, unit_file.c.name, media.c.size, media.c.content_type, media.c.state,
            media.c.shown,
        )
        .join_from(run, unit_file, unit_file.c.version_id == run.c.version_id)
        .join(media, media.c.id == unit_file.c.media_id)
        .where(run.c.id == run_id, unit_file.c.unit_key == unit_key, unit_file.c.role == "stream")
    )  # fmt: skip
    if not path.endswith(PLAYLIST):
        query = query.where(unit_file.c.name == path)
    files = {row.name: row for row in await connection.execute(query)}
    if path not in files:
        raise NotFound("The stream has no such file.")
    return files


async def playlist(store: ContentStore, files: dict[str, Any], path: str) -> str:
    """Return a playlist of the folder in which the store's addresses stand for segments, keys and what else is fetched.

    They hold for as long as the film of this playlist lasts and an hour more, at most twelve hours; a player that was
    paused for longer asks for the playlist again. Playlists in it stay as they are: they come this way, too. Raises
    Conflict when it is no playlist of a recorded film or leads out of the folder, or a file is not ready.
    """
    row = files[path]
    if row.size > LONGEST:
        raise Conflict(f"The playlist {path} has {row.size} bytes; at most {LONGEST} can be delivered.")
    download_address(store, row, "GET")  # the playlist must be as ready as what is in it
    async with aclosing(store.read(object_key(row.programme_id, row.id))) as chunks:
        data = b"".join([chunk async for chunk in chunks])
    async with _signing:
        return await asyncio.to_thread(_addressed, store, files, path, data)


def _addressed(store: ContentStore, files: dict[str, Any], path: str, data: bytes) -> str:
    parsed = _parsed(path, data)
    lasts = min(max(_duration(parsed) + SPARE, SHORTEST), MOST)

    @cache
    def address(name: str) -> str:
        return download_address(store, files[name], "GET", lasts)

    for child in (*parsed.playlists, *parsed.media, *parsed.iframe_playlists, *parsed.image_playlists):
        if child.uri:
            _inside(files, path, child.uri)
    maps = (segment.init_section for segment in parsed.segments)
    for link in (*parsed.segments, *maps, *parsed.keys, *parsed.session_keys, *parsed.session_data):
        if link and link.uri:
            link.uri = address(_inside(files, path, link.uri))
    parsed.content_steering = None  # it names servers to choose from, and there is but one
    return str(parsed.dumps())


def _parsed(path: str, data: bytes) -> m3u8.M3U8:
    try:
        found = m3u8.M3U8(data.decode())
        _duration(found)
    except Exception as error:  # the parser lets through whatever its conversions raise
        raise Conflict(f"The playlist {path} cannot be read: {type(error).__name__}: {error}.") from error
    if not data.startswith(b"#EXTM3U") or not (found.is_variant or found.is_endlist):
        raise Conflict(f"{path} is no playlist of a recorded film: from #EXTM3U to #EXT-X-ENDLIST.")
    return found


def _duration(parsed: m3u8.M3U8) -> timedelta:
    return timedelta(seconds=sum(segment.duration or 0 for segment in parsed.segments))


def _inside(files: dict[str, Any], path: str, uri: str) -> str:
    """Return the path in the folder that a URI in one of its playlists means. Raises Conflict that names it."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        parts = None
    if parts and not parts.scheme and not parts.netloc:
        name = normpath(join(dirname(path), unquote(parts.path)))
        if name in files:
            return name
    raise Conflict(f"The playlist {path} names {uri[:500]}, which is no file of the stream's folder.")
