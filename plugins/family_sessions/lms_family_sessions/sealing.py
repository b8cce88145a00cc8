"""Documents that only whoever has the keys of the installation can read.

Each document is encrypted with a key of its own (AES-GCM), bound to where it belongs, and that key with one of the keys
of LMS_FAMILY_KEYS: base64, separated by commas, each of 32 bytes. The first seals; all of them open, so that a new one
can be put in front and the old one taken away once everything is under the new one.
"""

from __future__ import annotations

import base64
import hashlib
import logging
import os
import secrets
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Column, LargeBinary, String

from lms_core.api import Unavailable

log = logging.getLogger("lms.plugins")

KEYS = "LMS_FAMILY_KEYS"
KEY_BYTES = 32
BLOCK = 4096
"""Documents are filled up to a multiple of it: their length would tell what they are."""

NO_KEYS = (
    "What people enter here is kept encrypted, and this installation has no key for it yet; its operator makes one "
    "with `lms family-sessions new-key` and puts it into LMS_FAMILY_KEYS."
)
BAD_KEYS = "LMS_FAMILY_KEYS cannot be used; its operator must look at it: base64 of 32 bytes each, separated by commas."
LOST_KEY = "This is encrypted with a key that the installation does not have at the moment; its operator must add it."
CHANGED = "This cannot be opened: it was changed, or moved, outside of the platform."


class Sealed(msgspec.Struct, frozen=True):
    """A document: under which key its own key is wrapped, that key, and what it encrypts."""

    key_id: str
    wrapped: bytes
    sealed: bytes

    def values(self) -> dict[str, Any]:
        """Return its columns."""
        return msgspec.structs.asdict(self)


def columns() -> tuple[Column[Any], ...]:
    """Return the columns of a table that keeps a sealed document in each row."""
    return (
        Column("key_id", String(16), nullable=False, index=True),
        Column("wrapped", LargeBinary, nullable=False),
        Column("sealed", LargeBinary, nullable=False),
    )


def new_key() -> str:
    """Return a new key as LMS_FAMILY_KEYS takes it."""
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def key_id(key: bytes) -> str:
    """Return what a key is called in the database, from which it cannot be told."""
    return hashlib.sha256(b"lms family_sessions key:" + key).hexdigest()[:16]


def ready() -> str:
    """Return the id of the key that seals. Raises Unavailable where there is none."""
    return next(iter(_keys()))


def others() -> list[str]:
    """Return the ids of the keys that open and do not seal. Raises Unavailable where there is none that seals."""
    return list(_keys())[1:]


def missing() -> str | None:
    """Return what stands against sealing; nothing if there is a key."""
    try:
        ready()
    except Unavailable as problem:
        return problem.detail
    return None


def seal(document: bytes, *about: UUID) -> Sealed:
    """Encrypt a document, bound to the ids that say where it belongs. Raises Unavailable without a key."""
    ring = _keys()
    name, bound, own = next(iter(ring)), _bound(about), secrets.token_bytes(KEY_BYTES)
    filled = len(document).to_bytes(4, "big") + document
    filled += bytes(-len(filled) % BLOCK)
    return Sealed(name, _encrypt(ring[name], own, bound), _encrypt(own, filled, bound))


def unseal(one: Sealed, *about: UUID) -> bytes:
    """Return the document. Raises Unavailable if its key is missing, or it is not what was sealed."""
    bound = _bound(about)
    filled = _decrypt(_decrypt(_key_of(one), one.wrapped, bound), one.sealed, bound)
    return filled[4 : 4 + int.from_bytes(filled[:4], "big")]


def rewrap(one: Sealed, *about: UUID) -> Sealed:
    """Return a document with its key wrapped by the present one; what is in it is not looked at."""
    ring, bound = _keys(), _bound(about)
    own = _decrypt(_key_of(one), one.wrapped, bound)
    name = next(iter(ring))
    return Sealed(name, _encrypt(ring[name], own, bound), one.sealed)


def _key_of(one: Sealed) -> bytes:
    found = _keys().get(one.key_id)
    if found is None:
        log.error("the key %s is missing in %s", one.key_id, KEYS)
        raise Unavailable(LOST_KEY)
    return found


def _bound(about: tuple[UUID, ...]) -> bytes:
    return b"family_sessions" + b"".join(one.bytes for one in about)


def _encrypt(key: bytes, document: bytes, bound: bytes) -> bytes:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = secrets.token_bytes(12)
    return nonce + AESGCM(key).encrypt(nonce, document, bound)


def _decrypt(key: bytes, sealed: bytes, bound: bytes) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        return AESGCM(key).decrypt(sealed[:12], sealed[12:], bound)
    except (InvalidTag, ValueError):
        raise Unavailable(CHANGED) from None


def _keys() -> dict[str, bytes]:
    text = os.environ.get(KEYS, "")
    if not text and (file := os.environ.get(f"{KEYS}_FILE")):
        text = _read(file)
    if not text.strip():
        raise Unavailable(NO_KEYS)
    found = _parsed(text)
    if not found:
        raise Unavailable(BAD_KEYS)
    return found


@cache
def _read(file: str) -> str:
    try:
        return Path(file).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        raise Unavailable(BAD_KEYS) from None


@cache
def _parsed(text: str) -> dict[str, bytes]:
    """Return the keys by their ids, the first one first; none if one of them is wrong."""
    found = {}
    for part in text.split(","):
        try:
            key = base64.b64decode(part.strip(), validate=True)
        except ValueError:
            return {}
        if len(key) != KEY_BYTES:
            return {}
        found[key_id(key)] = key
    return found
