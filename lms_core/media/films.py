"""What a film or a recording is: how long, how large, whether it can be sought in, and a picture of it."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from content_store import ContentStore
from lms_core.media.tools import ToolFailed, read_film, run

PROBE_SECONDS, POSTER_SECONDS = 120.0, 300.0
POSTER_BYTES = 4 << 20
POSTER_WIDTH = 1280
BOXES = 1000
"""How many boxes of an MP4 are looked at to find its index."""

HEAD = 1 << 16
CUES = b"\x1c\x53\xbb\x6b"
"""The id of the element of a WebM file that says where its moments are."""


class Film(msgspec.Struct, frozen=True):
    """A film by its picture; a recording has no width and height. Milliseconds and pixels, None: it does not say."""

    duration_ms: int | None
    width: int | None
    height: int | None
    container: str


class _Stream(msgspec.Struct, frozen=True):
    codec_type: str = ""
    width: int | None = None
    height: int | None = None
    disposition: dict[str, int] = {}
    side_data_list: list[dict[str, Any]] = []


class _Format(msgspec.Struct, frozen=True):
    format_name: str
    duration: str = ""


class _Found(msgspec.Struct, frozen=True):
    format: _Format
    streams: list[_Stream]


async def probe(address: str) -> Film:
    """Look at a film by its address. Raises ToolMissing and ToolFailed."""
    wanted = "format=format_name,duration:stream=codec_type,width,height"
    entries = f"{wanted}:stream_disposition=attached_pic:stream_side_data=rotation"
    words = ["ffprobe", "-v", "error", *read_film(address), "-print_format", "json", "-show_entries", entries]
    try:
        found = msgspec.json.decode(await run(words, PROBE_SECONDS), type=_Found)
    except msgspec.MsgspecError as error:
        raise ToolFailed(f"ffprobe says what is not understood: {error}") from error
    pictures = [one for one in found.streams if one.codec_type == "video" and not one.disposition.get("attached_pic")]
    if not pictures and not any(one.codec_type == "audio" for one in found.streams):
        raise ToolFailed("there is neither picture nor sound in it")
    width, height = _shown(pictures[0]) if pictures else (None, None)
    return Film(_milliseconds(found.format.duration), width, height, found.format.format_name)


def _milliseconds(seconds: str) -> int | None:
    try:
        number = float(seconds)
    except ValueError:
        return None
    return round(number * 1000) if math.isfinite(number) and 0 <= number < 1e9 else None


def _shown(picture: _Stream) -> tuple[int | None, int | None]:
    """Return width and height as the film is shown: phones film sideways and say so."""
    turned = any(abs(int(one.get("rotation") or 0)) % 180 == 90 for one in picture.side_data_list)
    return (picture.height, picture.width) if turned else (picture.width, picture.height)


async def seekable(store: ContentStore, key: str, container: str) -> bool | None:
    """Tell whether a player can jump in a film without reading all of it; None where the format leaves it open.

    Looks at the file's own structure, with a few short reads. Raises StoreError.
    """
    if container.startswith("mov,"):
        return await _index_comes_first(store, key)
    if container.startswith("matroska,"):
        return CUES in await _bytes(store, key, 0, HEAD)
    return None


async def _index_comes_first(store: ContentStore, key: str) -> bool | None:
    at = 0
    for _ in range(BOXES):
        head = await _bytes(store, key, at, 16)
        kind, size = head[4:8], int.from_bytes(head[:4])
        if kind in (b"moov", b"mdat"):
            return kind == b"moov"
        if size == 1:  # too long for 32 bits
            size = int.from_bytes(head[8:16])
        if size < 8:  # 0: up to the end
            return None
        at += size
    return None


async def _bytes(store: ContentStore, key: str, start: int, length: int) -> bytes:
    return b"".join([chunk async for chunk in store.read(key, start, length)])


async def poster(address: str, film: Film) -> bytes:
    """Return a JPEG of about a tenth into a film, the most telling picture of some. Raises ToolMissing and ToolFailed.

    It is made small before it is chosen, so that many pictures of a large film fit into little memory.
    """
    scale = f"scale=w='min({POSTER_WIDTH},iw)':h=-2,thumbnail=n=50"
    for start in {(film.duration_ms or 0) / 10_000: None, 0.0: None}:
        words = [
            "ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-ss", f"{start:.3f}", "-t", "30",
            *read_film(address), "-an", "-sn", "-dn", "-vf", scale, "-frames:v", "1",
            "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-q:v", "4", "-f", "image2pipe", "pipe:1",
        ]  # fmt: skip
        if picture := await run(words, POSTER_SECONDS, POSTER_BYTES):
            return picture
    raise ToolFailed("no picture could be read from it")
