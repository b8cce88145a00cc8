"""A content store in memory, for tests that need the rules of one and not its server.

Nothing listens: its addresses are answered by `MemoryStore.transport`, to be given to an `httpx.AsyncClient`.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Literal
from urllib.parse import quote, urlencode

import httpx
from msgspec import Struct

from content_store.interface import (
    ArrivedPart,
    CompletedPart,
    ObjectInfo,
    OpenUpload,
    PartAddress,
    StoredObject,
    UnknownObject,
    UnknownUpload,
    UploadRefused,
)
from content_store.wire import CHECKSUM_HEADER, checksum_header, checksum_of_parts, content_disposition, safe_media_type

__all__ = ["MemoryStore"]

URL = "http://store.example"
CHUNK = 1 << 20
SMALLEST_PART = 5 << 20


class _Object(Struct, frozen=True):
    info: ObjectInfo
    data: bytes
    modified: datetime
    checksum: str = ""


class _Upload(Struct, frozen=True):
    key: str
    content_type: str
    started: datetime
    parts: dict[int, bytes] = {}


def _tag(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


class MemoryStore:
    """A `ContentStore` that ends with the process; `now` is the clock by which its addresses expire."""

    def __init__(self, now: Callable[[], datetime] | None = None) -> None:
        self.transport = httpx.MockTransport(self._answer)
        self._now = now or partial(datetime.now, UTC)
        self._secret = secrets.token_bytes()
        self._objects: dict[str, _Object] = {}
        self._uploads: dict[str, _Upload] = {}

    async def check(self) -> None:
        """Find nothing wrong: without an address nobody gets in."""

    async def prepare(self, allowed_origins: Sequence[str]) -> None:
        """Do nothing: no browser's page can reach this store."""

    async def start_upload(self, key: str, content_type: str) -> str:
        """Open an upload in parts and return its id."""
        upload_id = secrets.token_hex()
        self._uploads[upload_id] = _Upload(key, content_type, self._now(), {})
        return upload_id

    async def part_addresses(
        self, key: str, upload_id: str, parts: Sequence[tuple[int, str, int]], expires: timedelta
    ) -> list[PartAddress]:
        """Sign an address for each part, given its number, SHA-256 and bytes."""
        addresses = []
        for number, sha256, size in parts:
            headers = {CHECKSUM_HEADER: checksum_header(sha256), "Content-Length": str(size)}
            query = {"partNumber": str(number), "uploadId": upload_id}
            addresses.append(PartAddress(number, self._address("PUT", key, expires, query, headers), headers))
        return addresses

    def whole_address(self, key: str, sha256: str, size: int, content_type: str, expires: timedelta) -> PartAddress:
        """Sign an address to which a small object is sent in one request."""
        headers = {CHECKSUM_HEADER: checksum_header(sha256), "Content-Length": str(size), "Content-Type": content_type}
        return PartAddress(1, self._address("PUT", key, expires, {}, headers), headers)

    def _upload(self, key: str, upload_id: str) -> _Upload:
        upload = self._uploads.get(upload_id)
        if upload is None or upload.key != key:
            raise UnknownUpload(f"No upload {upload_id} of {key} is open.")
        return upload

    async def arrived_parts(self, key: str, upload_id: str) -> list[ArrivedPart]:
        """List the parts that have arrived, by number."""
        parts = self._upload(key, upload_id).parts
        return [ArrivedPart(number, len(parts[number]), _tag(parts[number])) for number in sorted(parts)]

    async def complete_upload(self, key: str, upload_id: str, parts: Sequence[CompletedPart]) -> ObjectInfo:
        """Join the parts into the object, or find that this has happened already."""
        if not parts:
            raise UploadRefused(f"The upload of {key} has no parts.")
        try:
            upload = self._upload(key, upload_id)
        except UnknownUpload:
            found = self._objects.get(key)
            if found is None or found.checksum != checksum_of_parts(parts):
                raise
            return found.info
        if [part.number for part in parts] != sorted({part.number for part in parts}):
            raise UploadRefused(f"The parts of {key} are out of order.")
        blocks = [upload.parts.get(part.number, b"") for part in parts]
        for part, block in zip(parts, blocks, strict=True):
            if part.etag != _tag(block) or part.sha256 != hashlib.sha256(block).hexdigest():
                raise UploadRefused(f"Part {part.number} of {key} has not arrived or is another.")
        if any(len(block) < SMALLEST_PART for block in blocks[:-1]):
            raise UploadRefused(f"A part of {key} is too small: all but the last need 5 MiB.")
        tag = f"{_tag(b''.join(bytes.fromhex(part.etag) for part in parts))}-{len(parts)}"
        info = ObjectInfo(sum(map(len, blocks)), tag, upload.content_type)
        self._objects[key] = _Object(info, b"".join(blocks), self._now(), checksum_of_parts(parts))
        del self._uploads[upload_id]
        return info

    async def abort_upload(self, key: str, upload_id: str) -> None:
        """Throw an upload and its parts away."""
        if (upload := self._uploads.get(upload_id)) and upload.key == key:
            del self._uploads[upload_id]

    async def open_uploads(self, prefix: str) -> list[OpenUpload]:
        """List the uploads under this prefix that are neither completed nor aborted, by key and age."""
        found = [OpenUpload(upload.key, upload_id, upload.started) for upload_id, upload in self._uploads.items()]
        return sorted((upload for upload in found if upload.key.startswith(prefix)), key=lambda u: (u.key, u.started))

    async def stat(self, key: str) -> ObjectInfo | None:
        """Describe an object; None when there is none."""
        found = self._objects.get(key)
        return found.info if found else None

    async def put(self, key: str, data: bytes, content_type: str) -> ObjectInfo:
        """Store an object."""
        info = ObjectInfo(len(data), _tag(data), content_type, hashlib.sha256(data).hexdigest())
        self._objects[key] = _Object(info, data, self._now())
        return info

    async def write(self, key: str, pieces: AsyncIterable[bytes], content_type: str) -> ObjectInfo:
        """Store an object once all its pieces are there."""
        return await self.put(key, b"".join([piece async for piece in pieces]), content_type)

    async def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        """Yield an object's bytes in chunks of up to 1 MiB, from `start` on."""
        if key not in self._objects:
            raise UnknownObject(f"There is no object {key}.")
        data = self._objects[key].data
        end = len(data) if length is None else min(len(data), start + length)
        for position in range(start, end, CHUNK):
            yield data[position : min(position + CHUNK, end)]

    async def objects(self, prefix: str) -> AsyncGenerator[StoredObject, None]:
        """Yield the objects whose keys begin with `prefix`, by key."""
        for key, found in sorted(self._objects.items()):
            if key.startswith(prefix):
                yield StoredObject(key, len(found.data), found.modified)

    async def delete(self, key: str) -> None:
        """Remove an object; none counts as removed."""
        self._objects.pop(key, None)

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
        """Sign an address that `transport` answers with the object, whole or in ranges."""
        query = {
            "response-content-disposition": content_disposition(name, inline=inline),
            "response-content-type": safe_media_type(content_type),
        }
        return self._address(method, key, expires, query, {})

    async def close(self) -> None:
        """Do nothing: nothing is open."""

    def _address(
        self, method: str, key: str, expires: timedelta, query: dict[str, str], headers: dict[str, str]
    ) -> str:
        if not timedelta(seconds=1) <= expires <= timedelta(days=7):
            raise ValueError("An address expires after 1 second to 7 days.")
        until = (self._now() + expires).isoformat()
        query |= {"X-Amz-Expires": until, "X-Amz-SignedHeaders": ";".join(headers)}
        signature = self._signature(method, key, sorted(query.items()), list(headers.values()))
        return f"{URL}/{quote(key)}?{urlencode(query, quote_via=quote)}&X-Amz-Signature={signature}"

    def _signature(self, *signed: object) -> str:
        return hmac.new(self._secret, repr(signed).encode(), hashlib.sha256).hexdigest()

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        key, query = request.url.path.removeprefix("/"), dict(request.url.params)
        signature = query.pop("X-Amz-Signature", "")
        headers = [request.headers.get(name, "") for name in query.get("X-Amz-SignedHeaders", "").split(";") if name]
        signed = self._signature(request.method, key, sorted(query.items()), headers) == signature
        if not signed or self._now() > datetime.fromisoformat(query["X-Amz-Expires"]):
            return httpx.Response(403)
        if request.method == "PUT":
            return self._take(key, query, request.headers, await request.aread())
        return self._send(key, query, request)

    def _take(self, key: str, query: dict[str, str], headers: httpx.Headers, data: bytes) -> httpx.Response:
        if headers[CHECKSUM_HEADER] != checksum_header(hashlib.sha256(data).hexdigest()):
            return httpx.Response(400)
        if "uploadId" not in query:
            info = ObjectInfo(len(data), _tag(data), headers["Content-Type"], hashlib.sha256(data).hexdigest())
            self._objects[key] = _Object(info, data, self._now())
            return httpx.Response(200, headers={"ETag": f'"{_tag(data)}"'})
        upload = self._uploads.get(query["uploadId"])
        if upload is None:
            return httpx.Response(404)
        upload.parts[int(query["partNumber"])] = data
        return httpx.Response(200, headers={"ETag": f'"{_tag(data)}"'})

    def _send(self, key: str, query: dict[str, str], request: httpx.Request) -> httpx.Response:
        found = self._objects.get(key)
        if found is None:
            return httpx.Response(404)
        tag, size = f'"{found.info.etag}"', found.info.size
        if request.headers.get("If-Match", tag) != tag:
            return httpx.Response(412)
        if request.headers.get("If-None-Match") == tag:
            return httpx.Response(304, headers={"ETag": tag})
        headers = {
            "Content-Type": query["response-content-type"],
            "Content-Disposition": query["response-content-disposition"],
            "ETag": tag,
            "Last-Modified": format_datetime(found.modified, usegmt=True),
            "Accept-Ranges": "bytes",
        }
        status, start, end = 200, 0, size
        if asked := re.fullmatch(r"bytes=(\d+)-(\d*)|bytes=-(\d+)", request.headers.get("Range", "")):
            first, last, tail = asked.groups()
            start = max(0, size - int(tail)) if tail else int(first)
            end = min(size, int(last) + 1) if last else size
            if start >= end:
                return httpx.Response(416, headers={"Content-Range": f"bytes */{size}"})
            status, headers["Content-Range"] = 206, f"bytes {start}-{end - 1}/{size}"
        headers["Content-Length"] = str(end - start)
        body = None if request.method == "HEAD" else found.data[start:end]
        return httpx.Response(status, headers=headers, content=body)
