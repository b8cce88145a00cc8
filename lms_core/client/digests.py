"""Files as they lie on this machine: sizes, media types, and the digests of the whole and of each part."""

from __future__ import annotations

import hashlib
import mimetypes
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from lms_core.client.errors import ClientError
from lms_core.media.kinds import HEAD, doubt

__all__ = [
    "LocalFile",
    "OnBytes",
    "TakeDigest",
    "check_unchanged",
    "digest",
    "kind_of",
    "media_type",
    "part_size_for",
    "read",
]

MIB = 1024 * 1024

_TYPES = mimetypes.MimeTypes(())  # not those of the machine, which differ from one to the next
for _type, _extension in [
    ("text/markdown", ".md"),
    ("text/markdown", ".markdown"),
    ("text/vtt", ".vtt"),
    ("audio/mp4", ".m4a"),
    ("audio/ogg", ".ogg"),
    ("audio/ogg", ".oga"),
    ("audio/wav", ".wav"),
    ("audio/flac", ".flac"),
    ("video/mp2t", ".ts"),
    ("video/iso.segment", ".m4s"),
    ("video/x-m4v", ".m4v"),
    ("video/x-matroska", ".mkv"),
    ("video/ogg", ".ogv"),
    ("image/webp", ".webp"),
    ("application/epub+zip", ".epub"),
    ("application/x-ipynb+json", ".ipynb"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
    ("application/vnd.oasis.opendocument.text", ".odt"),
    ("application/vnd.oasis.opendocument.presentation", ".odp"),
    ("application/vnd.oasis.opendocument.spreadsheet", ".ods"),
]:
    _TYPES.add_type(_type, _extension)

OnBytes = Callable[[int], None]


class LocalFile(Struct, frozen=True, kw_only=True):
    """A file as it was read: where it lies, its name, bytes, media type, digests, and when it was last changed.

    `parts` are the SHA-256 of each `part_size` bytes, the last part is what is left.
    """

    place: Path
    name: str
    size: int
    content_type: str
    sha256: str
    part_size: int
    parts: list[str]
    modified_ns: int


TakeDigest = Callable[[Path, OnBytes], LocalFile]


def part_size_for(size: int) -> int:
    """Return the bytes per part that the server will choose for a file; its answer has the last word."""
    return max(8 * MIB, -(-size // 10_000 // MIB) * MIB)


def digest(place: Path, on_bytes: OnBytes = lambda count: None, part_size: int | None = None) -> LocalFile:
    """Return a file's size, type and digests from one reading, telling `on_bytes` of each piece read.

    Raises OSError where it cannot be read and ClientError where somebody writes to it meanwhile.
    """
    whole, part, parts, size = hashlib.sha256(), hashlib.sha256(), [], 0
    with place.open("rb") as file:
        before = os.fstat(file.fileno())
        part_size = part_size or part_size_for(before.st_size)
        while size <= before.st_size and (piece := file.read(min(MIB, part_size - size % part_size))):
            whole.update(piece)
            part.update(piece)
            size += len(piece)
            if size % part_size == 0:
                parts.append(part.hexdigest())
                part = hashlib.sha256()
            on_bytes(len(piece))
        after = os.fstat(file.fileno())
    if size % part_size or not size:
        parts.append(part.hexdigest())
    if size != before.st_size or (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise ClientError(f"{place} changed while it was read; try again when nothing writes to it")
    return LocalFile(
        place=place,
        name=place.name[-255:],  # what a `FileName` allows, with the extension
        size=size,
        content_type=kind_of(place),
        sha256=whole.hexdigest(),
        part_size=part_size,
        parts=parts,
        modified_ns=before.st_mtime_ns,
    )


def read(place: Path, offset: int, size: int) -> Iterator[bytes]:
    """Yield the bytes of a part of a file in pieces."""
    with place.open("rb") as file:
        file.seek(offset)
        while size and (piece := file.read(min(MIB, size))):
            size -= len(piece)
            yield piece


def check_unchanged(file: LocalFile) -> None:
    """Raise ClientError if the file is no longer the one that was read."""
    now = file.place.stat()
    if (now.st_size, now.st_mtime_ns) != (file.size, file.modified_ns):
        raise ClientError(f"{file.place} changed while it was uploaded; try again when nothing writes to it.")


def kind_of(place: Path) -> str:
    """Return the media type that fits a file's name and bytes: a text in an old encoding is bytes to everybody else."""
    kind = media_type(place.name)
    if kind.startswith("text/") and doubt(place.name, kind, next(read(place, 0, HEAD), b"")):
        return "application/octet-stream"
    return kind


def media_type(name: str) -> str:
    """Return the media type that a file's name suggests, on every machine the same."""
    kind, packing = _TYPES.guess_type(Path(name).name, strict=True)
    return "application/gzip" if packing == "gzip" else kind if kind and not packing else "application/octet-stream"
