"""Whether a file is what its name and its type say, by its first bytes."""

from __future__ import annotations

import mimetypes
from functools import cache
from pathlib import PurePath

import puremagic

__all__ = ["HEAD", "doubt", "misnamed", "shown"]

_BUILT_IN = mimetypes.MimeTypes().types_map[True]  # not what the machine at hand happens to know

HEAD = 8192
"""Bytes of the beginning that are looked at."""

# Browsers show these in place. HTML and SVG are not among them: their scripts would run on the store's origin.
SHOWN = frozenset({
    "application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "video/mp4", "video/webm",
    "audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav", "text/vtt", "text/plain",
})  # fmt: skip
UNKNOWN = "application/octet-stream"
SIGNED = frozenset({"application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp"})
"""Types of which every file begins in a way of its own: what does not is none."""
PROGRAM = "application/vnd.microsoft.portable-executable"
SURE = 0.4
"""Confidence from which a signature says something: four bytes that match."""

# Families whose members stand for each other in names and types.
_ALIKE = (
    {"video/mp4", "audio/mp4", "video/x-m4v", "audio/x-m4a", "audio/m4a", "application/mp4",
     "video/quicktime", "image/avif", "image/heic"},
    {"video/webm", "audio/webm", "video/x-matroska", "application/x-matroska"},
    {"audio/mpeg", "audio/mp3", "video/mpeg"},
    {"audio/ogg", "video/ogg", "application/ogg", "audio/opus"},
    {"audio/wav", "audio/wave", "audio/x-wav", "audio/vnd.wave"},
    {"image/jpeg", "image/jpg", "image/pjpeg"},
    {"application/vnd.apple.mpegurl", "application/x-mpegurl", "audio/x-mpegurl", "audio/mpegurl"},
    {"application/gzip", "application/x-gzip", "application/x-tar", "application/x-gtar"},
)  # fmt: skip


def shown(content_type: str, head: bytes) -> bool:
    """Tell whether a browser may show a file of this type in place: when the bytes bear the type out."""
    if content_type not in SHOWN:
        return False
    if content_type.startswith("text/"):
        return _is_text(head)
    return any(_same(content_type, found.mime_type) for found in _recognised(head))


def misnamed(name: str, content_type: str) -> str | None:
    """Return why a name and a type do not belong together, or None.

    Matters where a browser would show one of them; elsewhere many a suffix has more meanings than lists know.
    """
    known = _types_of(_suffix(name))
    if not known or content_type == UNKNOWN or not SHOWN & {content_type, *known}:
        return None
    if any(_same(content_type, kind) or kind[:5] == content_type[:5] == "text/" for kind in known):
        return None
    usual = _BUILT_IN.get(_suffix(name)) or min(known)
    return f"a file of this name is of the type {usual}, not {content_type}"


def doubt(name: str, content_type: str, head: bytes) -> str | None:
    """Return why the bytes cannot be a file of this name and type, or None.

    What is not recognised is no reason, but for types that all files bear: there are more formats than signatures. Such
    a file is saved, never shown.
    """
    if content_type == UNKNOWN:
        return None
    if content_type.startswith("text/"):
        return None if _is_text(head) else f"it is announced as {content_type}, but its bytes are no text"
    found = [match for match in _recognised(head) if match.confidence >= SURE and match.mime_type]
    if any(_same(content_type, match.mime_type) or match.extension == _suffix(name) for match in found):
        return None
    telling = [match.mime_type for match in found if content_type in SHOWN or match.mime_type == PROGRAM]
    if telling:
        return f"it is announced as {content_type}, but its bytes begin like {telling[0]}"
    late = content_type == "application/pdf" and b"%PDF-" in head[:1024]  # some programs write a few bytes before it
    if content_type in SIGNED and not late and not shown(content_type, head):
        return f"it is announced as {content_type}, but its bytes do not begin like one"
    return None


def _recognised(head: bytes) -> list[puremagic.PureMagicWithConfidence]:
    try:
        return list(puremagic.magic_string(head)) if head else []
    except puremagic.PureError:
        return []


def _suffix(name: str) -> str:
    return PurePath(name).suffix.lower()


@cache
def _by_suffix() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {suffix: {kind} for suffix, kind in _BUILT_IN.items()}
    for entry in puremagic.magic_header_array:
        if entry.mime_type and entry.extension:
            found.setdefault(entry.extension.lower(), set()).add(entry.mime_type)
    return {suffix: frozenset(kinds) for suffix, kinds in found.items()}


def _types_of(suffix: str) -> frozenset[str]:
    return _by_suffix().get(suffix, frozenset())


def _same(one: str, other: str) -> bool:
    return one == other or any(one in alike and other in alike for alike in _ALIKE)


def _is_text(head: bytes) -> bool:
    """Tell whether bytes are the beginning of a text in UTF-8 (or UTF-16 that says so)."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:  # else a character is cut in two
            return False
    return b"\0" not in head
