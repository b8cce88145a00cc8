"""The headers, XML documents and error codes of S3 that the SDK leaves to us."""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from collections.abc import Sequence
from urllib.parse import quote
from xml.etree import ElementTree

from content_store.interface import (
    CompletedPart,
    StoreError,
    StoreUnavailable,
    UnknownObject,
    UnknownUpload,
    UploadRefused,
)

__all__ = [
    "CHECKSUM_HEADER",
    "FAILURES",
    "base64",
    "checksum_of_parts",
    "completion",
    "content_disposition",
    "cross_origin_rules",
    "safe_media_type",
]

CHECKSUM_HEADER = "x-amz-checksum-sha256"
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
# Any other code means that the settings are wrong.
FAILURES: dict[str, type[StoreError]] = {
    "NoSuchUpload": UnknownUpload,
    "NoSuchKey": UnknownObject,
    "InvalidPart": UploadRefused,
    "InvalidPartOrder": UploadRefused,
    "EntityTooSmall": UploadRefused,
    "EntityTooLarge": UploadRefused,
    "BadDigest": UploadRefused,
    "InvalidDigest": UploadRefused,
    "OperationAborted": StoreUnavailable,
    "RequestTimeout": StoreUnavailable,
}

MEDIA_TYPE = re.compile(r"[\w.+-]+/[\w.+-]+(; ?[\w-]+=[\w.-]+)*", re.ASCII)
# Controls and separators, and the marks that make `evil<mark>gpj.exe` look like `evilexe.jpg`.
UNSAFE_IN_NAMES = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\u202a-\u202e\u2066-\u2069\ud800-\udfff]+")


def base64(digest: bytes) -> str:
    """Spell a digest as S3's headers do."""
    return b64encode(digest).decode()


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
        ElementTree.SubElement(tag, "ChecksumSHA256").text = base64(bytes.fromhex(part.sha256))
    return ElementTree.tostring(root)


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


def content_disposition(name: str, *, inline: bool) -> str:
    """Spell a file's name by RFC 6266: in ASCII for old clients, then as it is, whatever the script."""
    name = UNSAFE_IN_NAMES.sub("_", name).strip() or "download"
    plain = re.sub(r'[^\x20-\x7e]|["%]', "_", name)
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def safe_media_type(content_type: str) -> str:
    """Return the media type, or application/octet-stream when it is none."""
    return content_type if MEDIA_TYPE.fullmatch(content_type) else "application/octet-stream"
