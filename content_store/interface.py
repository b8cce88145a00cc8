"""What a content store does, in terms of S3: objects under keys, and uploads in parts sent by browsers."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

from msgspec import Struct

__all__ = [
    "ArrivedPart",
    "CompletedPart",
    "ContentStore",
    "ObjectInfo",
    "OpenUpload",
    "PartAddress",
    "StoreError",
    "StoreRefused",
    "StoreSettings",
    "StoreUnavailable",
    "StoreUnsafe",
    "StoredObject",
    "UnknownObject",
    "UnknownUpload",
    "UploadRefused",
]


class StoreError(Exception):
    """Any failure of a content store; its text is one plain sentence for the log or the operator."""


class StoreUnavailable(StoreError):
    """The store cannot be reached, answers too late or reports a fault of its own: try again later."""


class StoreUnsafe(StoreError):
    """Anybody can list or read the bucket without a key."""


class StoreRefused(StoreError):
    """The store rejects our keys, our bucket or our request: the settings, or a clock, need correcting."""


class UploadRefused(StoreError):
    """Bytes or a list of parts do not fit: a wrong checksum, a part missing, out of order or below 5 MiB."""


class UnknownUpload(StoreError):
    """No such upload is open under this key: it never was, or it was aborted or completed."""


class UnknownObject(StoreError):
    """There is no object under this key."""


class StoreSettings(Struct, frozen=True):
    """Where the store is and how to sign for it.

    `url` is how this process reaches the store and `public_url` how browsers do (empty: the same way). Both
    look like `https://host[:port]`, without a path, because a signature covers host and path as the store
    sees them. Raises ValueError for another form, and for a name that no bucket can have.
    """

    url: str
    access_key: str
    secret_key: str
    bucket: str
    public_url: str = ""
    region: str = "us-east-1"

    def __post_init__(self) -> None:
        for url in filter(None, (self.url, self.public_url)):
            parts = urlsplit(url)
            if parts.scheme not in ("http", "https") or not parts.hostname or parts.path.strip("/") or parts.query:
                raise ValueError(f"The object store's address must look like https://host:port, not {url!r}.")
        if not re.fullmatch(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", self.bucket):
            raise ValueError(f"No bucket can be called {self.bucket!r}: 3 to 63 of a-z, 0-9, dot and hyphen.")

    @property
    def browser_url(self) -> str:
        """The address that browsers use."""
        return self.public_url or self.url

    def __repr__(self) -> str:
        return f"StoreSettings({', '.join(f'{name}={value!r}' for name, value in self.__rich_repr__())})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        shown = {name: getattr(self, name) for name in self.__struct_fields__}
        return list({**shown, "secret_key": "***"}.items())


class PartAddress(Struct, frozen=True):
    """Where and how to send one part: a PUT to `url` with exactly these `headers` and the bytes as body.

    Browsers set the `Content-Length` among them by themselves, and let no page do it. The answer's `ETag` need
    not be kept; `arrived_parts` tells it again.
    """

    number: int
    url: str
    headers: dict[str, str]


class ArrivedPart(Struct, frozen=True):
    """A part that the store holds: its number from 1, its size in bytes, and the store's tag for it."""

    number: int
    size: int
    etag: str


class CompletedPart(Struct, frozen=True):
    """A part of the finished object: the store's tag for it and the SHA-256, in hex, of its bytes."""

    number: int
    etag: str
    sha256: str


class ObjectInfo(Struct, frozen=True):
    """An object of the store: its size in bytes, the store's tag (not always a hash) and its media type.

    `sha256`, in hex, is what the store itself found when the object arrived in one request; None for other objects,
    and where the store does not tell.
    """

    size: int
    etag: str
    content_type: str
    sha256: str | None = None


class StoredObject(Struct, frozen=True):
    """An object in a listing: its key, its size in bytes, and when it was written (UTC)."""

    key: str
    size: int
    modified: datetime


class OpenUpload(Struct, frozen=True):
    """An upload that was started (UTC) and neither completed nor aborted."""

    key: str
    upload_id: str
    started: datetime


class ContentStore(Protocol):
    """One bucket of a store.

    Every asynchronous method raises StoreUnavailable or StoreRefused besides what it names itself. The caller
    chooses the keys; an object is replaced when its key is written again.
    """

    async def check(self) -> None:
        """Make sure that our keys open the bucket and that nobody gets in without them.

        Leaves a small object in the bucket, to be read with the keys and tried without. Raises StoreUnsafe.
        """

    async def prepare(self, allowed_origins: Sequence[str]) -> None:
        """Create the bucket when it is missing and let pages of these origins (`https://host[:port]`) use it.

        Repeatable, also from several processes at once. Without origins the bucket's rules stay as they are.
        """

    async def start_upload(self, key: str, content_type: str) -> str:
        """Open an upload in parts and return its id."""

    async def part_addresses(
        self, key: str, upload_id: str, parts: Sequence[tuple[int, str, int]], expires: timedelta
    ) -> list[PartAddress]:
        """Sign an address for each part, given its number from 1, the SHA-256 of its bytes in hex, and its bytes.

        Addresses live for 1 second to 7 days. The store refuses other bytes, and another number of them before
        they are sent. Nothing but arithmetic: whether the upload exists shows when a part is sent. Raises
        ValueError for a malformed checksum or period.
        """

    def whole_address(self, key: str, sha256: str, size: int, content_type: str, expires: timedelta) -> PartAddress:
        """Sign an address to which a small object is sent in one request; it has the number 1.

        The object is there as soon as its bytes are: the store refuses others, by SHA-256 (hex) and size. Addresses
        live for 1 second to 7 days. Nothing but arithmetic. Raises ValueError for a malformed checksum or period.
        """

    async def arrived_parts(self, key: str, upload_id: str) -> list[ArrivedPart]:
        """List the parts that have arrived, by number; a part sent twice appears once, as sent last.

        Raises UnknownUpload.
        """

    async def complete_upload(self, key: str, upload_id: str, parts: Sequence[CompletedPart]) -> ObjectInfo:
        """Join the parts, in ascending order of number, into the object; all but the last need 5 MiB.

        Repeating it is harmless: when the upload is gone and the key holds an object of exactly these parts,
        that object is the answer; otherwise raises UnknownUpload. Raises UploadRefused when parts do not fit.
        """

    async def abort_upload(self, key: str, upload_id: str) -> None:
        """Throw an upload and its parts away; one that is not open any more counts as thrown away."""

    async def open_uploads(self, prefix: str) -> list[OpenUpload]:
        """List the uploads under keys with this prefix that are neither completed nor aborted, by key and age."""

    async def stat(self, key: str) -> ObjectInfo | None:
        """Describe an object; None when there is none."""

    async def put(self, key: str, data: bytes, content_type: str) -> ObjectInfo:
        """Store a small object in one request, its checksum verified by the store. Raises UploadRefused."""

    async def write(self, key: str, pieces: AsyncIterable[bytes], content_type: str) -> ObjectInfo:
        """Store an object of up to 80 GB, in parts whose checksums the store verifies; needs some 25 MiB of memory.

        The object appears whole or not at all: when a piece or a request fails, the failure is raised and the
        upload aborted, or left for `open_uploads` to find when the store is out of reach. Raises UploadRefused,
        also for more bytes.
        """

    def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        """Yield an object's bytes in chunks of up to 1 MiB, from `start` on, at most `length` of them.

        What lies beyond the end is left out, so that the answer may be empty. Raises UnknownObject with the
        first chunk, and StoreUnavailable, never a shorter answer, when the store breaks off.
        Close it (`contextlib.aclosing`) when leaving before the end: an open reader holds a connection.
        """

    def objects(self, prefix: str) -> AsyncGenerator[StoredObject, None]:
        """Yield the objects whose keys begin with `prefix`, page by page as they are asked for."""

    async def delete(self, key: str) -> None:
        """Remove an object; none counts as removed."""

    def download_address(
        self,
        key: str,
        name: str,
        content_type: str,
        expires: timedelta,
        *,
        inline: bool = False,
        method: Literal["GET", "HEAD"] = "GET",
    ) -> str:
        """Sign an address that a browser reads the object from, whole or in ranges, for 1 second to 7 days.

        The answer carries `content_type` (anything malformed becomes application/octet-stream) and offers the
        file under `name`, in any script, control characters and path separators replaced. `inline` lets a
        browser show it in place: keep that from types that run scripts. Does no I/O. Raises ValueError for
        another period.
        """

    async def close(self) -> None:
        """Wait for running calls and close the connections."""
