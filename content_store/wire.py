"""The headers and XML documents of S3 that the SDK leaves to us."""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import quote
from xml.etree import ElementTree

from content_store.interface import CompletedPart, OpenUpload

__all__ = [
    "CHECKSUM_HEADER",
    "base64",
    "checksum_header",
    "checksum_of_parts",
    "completion",
    "content_disposition",
    "cross_origin_rules",
    "digest_of",
    "listed_uploads",
    "safe_media_type",
]

CHECKSUM_HEADER = "x-amz-checksum-sha256"
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(; ?[\w-]+=[\w.-]+)*", re.ASCII)
# Controls and separators, and the marks that make `evil<mark>gpj.exe` look like `evilexe.jpg`.
UNSAFE_IN_NAMES = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


def base64(digest: bytes) -> str:
    """Spell a digest as S3's headers do."""
    return b64encode(digest).decode()


def checksum_header(sha256: str) -> str:
    """Spell a SHA-256 as `CHECKSUM_HEADER` does. Raises ValueError unless it is given as 64 hex digits."""
    if not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise ValueError(f"A SHA-256 has 64 hex digits, unlike {sha256!r}.")
    return base64(bytes.fromhex(sha256))


def checksum_of_parts(parts: Sequence[CompletedPart]) -> str:
    """Compute the checksum that S3 reports for an object joined from these parts."""
    digests = b"".join(bytes.fromhex(part.sha256) for part in parts)
    return f"{base64(hashlib.sha256(digests).digest())}-{len(parts)}"


def completion(parts: Sequence[CompletedPart]) -> bytes:
    """Write the document that completes an upload."""
    root = ElementTree.Element("CompleteMultipartUpload", xmlns=NAMESPACE)
    for part in parts:
        tag = ElementTree.SubElement(root, "Part")
        ElementTree.SubElement(tag, "PartNumber").text = str(part.number)
        ElementTree.SubElement(tag, "ETag").text = f'"{part.etag}"'
        ElementTree.SubElement(tag, "ChecksumSHA256").text = checksum_header(part.sha256)
    return ElementTree.tostring(root)


def listed_uploads(document: bytes) -> tuple[list[OpenUpload], dict[str, str] | None]:
    """Read a page of open uploads, and the parameters that ask for the next page (None after the last).

    Raises ValueError for another document.
    """
    root = ElementTree.fromstring(document)  # noqa: S314 (from the store, as all that the SDK reads)
    if root.tag.rpartition("}")[2] != "ListMultipartUploadsResult":
        raise ValueError(f"it lists its uploads in a document called {root.tag!r}.")
    uploads = [
        OpenUpload(
            upload.findtext("{*}Key", ""),
            upload.findtext("{*}UploadId", ""),
            datetime.fromisoformat(upload.findtext("{*}Initiated", "")),
        )
        for upload in root.iterfind("{*}Upload")
    ]
    if root.findtext("{*}IsTruncated", "").lower() != "true":
        return uploads, None
    names = (("key-marker", "NextKeyMarker"), ("upload-id-marker", "NextUploadIdMarker"))
    return uploads, {name: root.findtext(f"{{*}}{tag}", "") for name, tag in names}


def cross_origin_rules(allowed_origins: Sequence[str]) -> bytes:
    """Write the document that lets pages of these origins send parts and read ranges."""
    root = ElementTree.Element("CORSConfiguration", xmlns=NAMESPACE)
    rule = ElementTree.SubElement(root, "CORSRule")
    for tag, values in (
        ("AllowedOrigin", allowed_origins),
        ("AllowedMethod", ("GET", "HEAD", "PUT")),
        ("AllowedHeader", ("*",)),
        ("ExposeHeader", ("ETag", "Content-Length", "Content-Range", "Accept-Ranges", CHECKSUM_HEADER)),
        ("MaxAgeSeconds", ("3600",)),
    ):
        for value in values:
            ElementTree.SubElement(rule, tag).text = value
    return ElementTree.tostring(root)


def digest_of(checksum: str | None) -> str | None:
    """Read the SHA-256 that a store tells of an object, in hex; None for that of an object made of parts."""
    try:
        digest = b64decode(checksum or "", validate=True)
    except ValueError:
        return None
    return digest.hex() if len(digest) == 32 else None


def content_disposition(name: str, *, inline: bool) -> str:
    """Spell a file's name by RFC 6266: in ASCII for old clients, then as it is, whatever the script."""
    name = UNSAFE_IN_NAMES.sub("_", name).strip() or "download"
    plain = re.sub(r'[^\x20-\x7e]|["%]', "_", name)
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def safe_media_type(content_type: str) -> str:
    """Return the media type, or application/octet-stream when it is none."""
    return content_type if MEDIA_TYPE.fullmatch(content_type) else "application/octet-stream"
