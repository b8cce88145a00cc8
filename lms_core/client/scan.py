"""What is in a course folder: its files, what of them counts, their sizes and digests."""

from __future__ import annotations

import hashlib
import mimetypes
import os
import stat
import unicodedata
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from lms_core.client.errors import ClientError

__all__ = ["LocalFile", "OnProgress", "Progress", "digest", "media_type", "scan"]

CHUNK = 1024 * 1024

_TYPES = mimetypes.MimeTypes(())  # not those of the machine, which differ from one to the next
for _type, _extension in [
    ("text/markdown", ".md"),
    ("text/vtt", ".vtt"),
    ("video/x-m4v", ".m4v"),
    ("video/x-matroska", ".mkv"),
    ("video/ogg", ".ogv"),
    ("image/webp", ".webp"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
    ("application/vnd.openxmlformats-officedocument.presentationml.presentation", ".pptx"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
    ("application/vnd.oasis.opendocument.text", ".odt"),
    ("application/vnd.oasis.opendocument.presentation", ".odp"),
    ("application/vnd.oasis.opendocument.spreadsheet", ".ods"),
]:
    _TYPES.add_type(_type, _extension)


class LocalFile(Struct, frozen=True, kw_only=True):
    """A file as it was read: where it lies, its name, bytes, media type, digest, and when it was last changed."""

    place: Path
    name: str
    size: int
    content_type: str
    sha256: str
    modified_ns: int


class Progress(Struct, frozen=True, kw_only=True):
    """How far something has come: files and bytes done, and to be done in all."""

    what: str
    files: int
    total_files: int
    bytes: int
    total_bytes: int


OnProgress = Callable[[Progress], None]


def scan(root: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """Return the files below a folder by path with slashes, and why others are left out.

    A folder that is left out as a whole ends with a slash. Links are followed to files inside only.
    """
    found: dict[str, Path] = {}
    left_out: dict[str, str] = {}

    def unreadable(error: OSError) -> None:
        left_out[f"{_path(root, Path(error.filename))}/"] = f"cannot be read: {error.strerror}"

    for folder, subfolders, files in os.walk(root, onerror=unreadable):
        for name in sorted(subfolders):
            place = Path(folder, name)
            reason = _bad_name(name) or ("a link to a folder" if place.is_symlink() else "")
            if reason:
                subfolders.remove(name)
                left_out[f"{_path(root, place)}/"] = reason
        for name in sorted(files):
            place = Path(folder, name)
            reason = _bad_name(name) or _bad_file(place, root)
            if reason:
                left_out[_path(root, place)] = reason
            else:
                found[_path(root, place)] = place
    return found, left_out


def digest(place: Path, on_bytes: Callable[[int], None] = lambda count: None) -> LocalFile:
    """Return a file's size, type and digest, telling `on_bytes` of each piece read.

    Raises OSError where it cannot be read and ClientError where somebody writes to it meanwhile.
    """
    whole, size = hashlib.sha256(), 0
    with place.open("rb") as file:
        before = os.fstat(file.fileno())
        while size <= before.st_size and (piece := file.read(CHUNK)):
            whole.update(piece)
            size += len(piece)
            on_bytes(len(piece))
        after = os.fstat(file.fileno())
    if size != before.st_size or (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise ClientError(f"{place} changed while it was read; try again when nothing writes to it")
    return LocalFile(
        place=place,
        name=place.name[-200:],  # what a `Name` allows, with the extension
        size=size,
        content_type=media_type(place.name),
        sha256=whole.hexdigest(),
        modified_ns=before.st_mtime_ns,
    )


def media_type(name: str) -> str:
    """Return the media type that a file's name suggests, on every machine the same."""
    kind, packing = _TYPES.guess_type(Path(name).name, strict=True)
    return "application/gzip" if packing == "gzip" else kind if kind and not packing else "application/octet-stream"


def _path(root: Path, place: Path) -> str:
    path = place.relative_to(root).as_posix()
    return "".join(char if _is_text(char) else char.encode("unicode_escape").decode() for char in path)


def _is_text(char: str) -> bool:
    return unicodedata.category(char) not in {"Cc", "Cs"}  # control characters, bytes that are not UTF-8


def _bad_name(name: str) -> str:
    if name.startswith(".") or name.lower() in {"thumbs.db", "desktop.ini"}:
        return "hidden"
    return "" if all(map(_is_text, name)) else "its name is not readable text"


def _bad_file(place: Path, root: Path) -> str:
    try:
        status = place.stat()
        if place.is_symlink() and not place.resolve().is_relative_to(root.resolve()):
            return "a link out of the folder"
    except FileNotFoundError:
        return "a link to nothing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return "" if stat.S_ISREG(status.st_mode) else "not an ordinary file"
