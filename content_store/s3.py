"""The content store over HTTP, by way of the minio SDK.

The SDK blocks and keeps its multipart calls private, hence the threads and the underscores.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, aclosing, closing, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from typing import Literal, ParamSpec, TypeVar
from urllib.parse import urlsplit
from xml.etree import ElementTree

import urllib3
from minio import Minio
from minio.error import MinioException, S3Error

from content_store.failures import translated
from content_store.interface import (
    ArrivedPart,
    CompletedPart,
    ObjectInfo,
    OpenUpload,
    PartAddress,
    StoredObject,
    StoreError,
    StoreRefused,
    StoreSettings,
    StoreUnavailable,
    StoreUnsafe,
    UnknownObject,
    UnknownUpload,
    UploadRefused,
)
from content_store.signing import presigned
from content_store.wire import (
    CHECKSUM_HEADER,
    base64,
    checksum_header,
    checksum_of_parts,
    completion,
    content_disposition,
    cross_origin_rules,
    digest_of,
    listed_uploads,
    safe_media_type,
)

__all__ = ["S3Store"]

P = ParamSpec("P")
T = TypeVar("T")
Headers = dict[str, str | list[str] | tuple[str]]  # the SDK's type for headers and query parameters

THREADS = 16
CHUNK = 1 << 20
PAGE = 1000
PART, MOST_PARTS = 8 << 20, 10_000
PROBE = ".access-probe"
TIMEOUT = urllib3.Timeout(connect=3, read=30)

log = logging.getLogger(__name__)


class S3Store:
    """A `ContentStore` in one bucket of any S3-compatible service."""

    def __init__(self, settings: StoreSettings) -> None:
        self._settings = settings
        self._bucket = settings.bucket
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="content-store")
        # A request that may have arrived is repeated only if idempotent: not the POSTs of an upload.
        retries = urllib3.Retry(
            total=2,
            connect=1,
            redirect=False,
            status_forcelist=(500, 502, 503, 504),
            backoff_factor=0.2,
            raise_on_status=False,
        )
        self._http = urllib3.PoolManager(maxsize=THREADS, timeout=TIMEOUT, retries=retries)
        self._signed = self._client(settings.url, settings.access_key, settings.secret_key)
        self._unsigned = self._client(settings.url)
        self._browser = self._client(settings.browser_url)

    def _client(self, url: str, access_key: str | None = None, secret_key: str | None = None) -> Minio:
        parts = urlsplit(url)
        return Minio(
            parts.netloc,
            access_key,
            secret_key,
            secure=parts.scheme == "https",
            region=self._settings.region,  # without it the SDK asks the store each time it signs
            http_client=self._http,
        )

    async def check(self) -> None:
        """Make sure that our keys open the bucket and that nobody gets in without them."""
        await self._call(self._check)

    def _check(self) -> None:
        if not self._signed.bucket_exists(self._bucket):
            raise StoreRefused(f"The object store at {self._settings.url} has no bucket {self._bucket!r}.")
        # Reads bytes, too: SeaweedFS knows its objects some seconds before it finds their contents.
        try:
            with closing(self._signed.get_object(self._bucket, PROBE)) as answer:
                answer.read()
        except S3Error as error:
            if error.code != "NoSuchKey":
                raise
            self._put(PROBE, b"Only those with a key may read this.\n", "text/plain")
        probe = self._unsigned.get_presigned_url("GET", self._bucket, PROBE)
        for url in (probe, probe.removesuffix(PROBE)):
            status = self._http.request("GET", url).status
            if status >= 500:
                raise StoreUnavailable(f"The object store at {url} answers with status {status}.")
            if status < 400:
                raise StoreUnsafe(f"Anybody can read {url} without a key: close the bucket to the public.")

    async def prepare(self, allowed_origins: Sequence[str]) -> None:
        """Create the bucket when it is missing and let pages of these origins use it."""
        await self._call(self._prepare, allowed_origins)

    def _prepare(self, allowed_origins: Sequence[str]) -> None:
        if not self._signed.bucket_exists(self._bucket):
            try:
                self._signed.make_bucket(self._bucket)
            except S3Error as error:
                if error.code not in ("BucketAlreadyOwnedByYou", "BucketAlreadyExists"):
                    raise
        if not allowed_origins:
            return
        rules = cross_origin_rules(allowed_origins)
        headers: Headers = {"Content-MD5": base64(hashlib.md5(rules, usedforsecurity=False).digest())}
        try:
            self._signed._execute("PUT", self._bucket, body=rules, headers=headers, query_params={"cors": ""})
        except S3Error as error:
            if error.code not in ("NotImplemented", "MethodNotAllowed"):
                raise
            log.warning("The object store knows no rules per bucket: allow %s in its own settings.", allowed_origins)

    async def start_upload(self, key: str, content_type: str) -> str:
        """Open an upload in parts and return its id."""
        # S3 itself takes checksums of parts only when the upload announced them.
        headers: Headers = {"Content-Type": content_type, "x-amz-checksum-algorithm": "SHA256"}
        return await self._call(self._signed._create_multipart_upload, self._bucket, key, headers)

    async def part_addresses(
        self, key: str, upload_id: str, parts: Sequence[tuple[int, str, int]], expires: timedelta
    ) -> list[PartAddress]:
        """Sign an address for each part, given its number, SHA-256 and bytes."""

        def sign() -> list[PartAddress]:
            addresses = []
            for number, sha256, size in parts:
                headers = {CHECKSUM_HEADER: checksum_header(sha256), "Content-Length": str(size)}
                query = {"partNumber": str(number), "uploadId": upload_id}
                url = presigned(self._browser, self._settings, "PUT", key, expires, query, headers)
                addresses.append(PartAddress(number, url, headers))
            return addresses

        return await asyncio.get_running_loop().run_in_executor(self._threads, sign)

    def whole_address(self, key: str, sha256: str, size: int, content_type: str, expires: timedelta) -> PartAddress:
        """Sign an address to which a small object is sent in one request."""
        headers = {
            CHECKSUM_HEADER: checksum_header(sha256),
            "Content-Length": str(size),
            "Content-Type": safe_media_type(content_type),
        }
        return PartAddress(1, presigned(self._browser, self._settings, "PUT", key, expires, {}, headers), headers)

    async def arrived_parts(self, key: str, upload_id: str) -> list[ArrivedPart]:
        """List the parts that have arrived, by number."""

        def pages() -> list[ArrivedPart]:
            found, marker, more = [], None, True
            while more:
                page = self._signed._list_parts(self._bucket, key, upload_id, PAGE, marker)
                found += page.parts
                marker, more = page.next_part_number_marker, page.is_truncated
            # SeaweedFS lists a part as often as it was sent.
            found.sort(key=lambda part: part.last_modified or datetime.min.replace(tzinfo=UTC))
            latest = {part.part_number: ArrivedPart(part.part_number, part.size or 0, part.etag) for part in found}
            return [latest[number] for number in sorted(latest)]

        return await self._call(pages)

    async def complete_upload(self, key: str, upload_id: str, parts: Sequence[CompletedPart]) -> ObjectInfo:
        """Join the parts into the object, or find that this has happened already."""
        if not parts:
            raise UploadRefused(f"The upload of {key} has no parts.")
        return await self._call(self._complete, key, upload_id, completion(parts), checksum_of_parts(parts))

    def _complete(self, key: str, upload_id: str, parts: bytes, checksum: str) -> ObjectInfo:
        headers: Headers = {"Content-Type": "application/xml"}
        query: Headers = {"uploadId": upload_id}
        try:
            answer = self._signed._execute("POST", self._bucket, key, parts, headers, query)
        except S3Error as error:
            info, found_checksum = self._head(key)
            if error.code != "NoSuchUpload" or info is None or found_checksum != checksum:
                raise
            return info
        # Joining may take so long that the store says 200 first, and how it went in the body.
        if b"<CompleteMultipartUploadResult" not in answer.data:
            raise S3Error.fromxml(answer)
        info, _ = self._head(key)
        if info is None:
            raise UnknownObject(f"The object {key} was removed as soon as it was complete.")
        return info

    async def abort_upload(self, key: str, upload_id: str) -> None:
        """Throw an upload and its parts away."""
        try:
            await self._call(self._signed._abort_multipart_upload, self._bucket, key, upload_id)
        except UnknownUpload:
            log.debug("The upload %s of %s was gone before it was aborted.", upload_id, key)

    async def open_uploads(self, prefix: str) -> list[OpenUpload]:
        """List the uploads under this prefix that are neither completed nor aborted."""

        def pages() -> list[OpenUpload]:
            found: list[OpenUpload] = []
            marker: dict[str, str] | None = {}
            while marker is not None:
                query: Headers = {"uploads": "", "prefix": prefix, "max-uploads": str(PAGE), **marker}
                page, marker = listed_uploads(self._signed._execute("GET", self._bucket, query_params=query).data)
                found += page
            return sorted(found, key=lambda upload: (upload.key, upload.started))  # SeaweedFS sorts by another order

        return await self._call(pages)

    async def stat(self, key: str) -> ObjectInfo | None:
        """Describe an object; None when there is none."""
        info, _ = await self._call(self._head, key)
        return info

    def _head(self, key: str) -> tuple[ObjectInfo | None, str | None]:
        try:
            found = self._signed.stat_object(self._bucket, key, extra_headers={"x-amz-checksum-mode": "ENABLED"})
        except S3Error as error:
            if error.code != "NoSuchKey":
                raise
            return None, None
        checksum = (found.metadata or {}).get(CHECKSUM_HEADER)
        content_type = found.content_type or "application/octet-stream"
        return ObjectInfo(found.size or 0, _given(found.etag), content_type, digest_of(checksum)), checksum

    async def put(self, key: str, data: bytes, content_type: str) -> ObjectInfo:
        """Store a small object in one request."""
        return await self._call(self._put, key, data, content_type)

    def _put(self, key: str, data: bytes, content_type: str) -> ObjectInfo:
        checksum = base64(hashlib.sha256(data).digest())
        headers: Headers = {"Content-Type": content_type, CHECKSUM_HEADER: checksum}
        written = self._signed._put_object(self._bucket, key, data, headers)
        return ObjectInfo(len(data), _given(written.etag), content_type, hashlib.sha256(data).hexdigest())

    async def write(self, key: str, pieces: AsyncIterable[bytes], content_type: str) -> ObjectInfo:
        """Store an object of any size: in one request when it is small, else in parts."""
        async with aclosing(_blocks(pieces)) as blocks:
            block = await anext(blocks)
            if len(block) < PART:
                return await self.put(key, block, content_type)
            upload_id = await self.start_upload(key, content_type)
            try:
                sent = [await self._call(self._send_part, key, upload_id, 1, block)]
                async for block in blocks:
                    if len(sent) == MOST_PARTS:
                        raise UploadRefused(f"The object {key} is larger than {MOST_PARTS} parts of {PART} bytes.")
                    sent.append(await self._call(self._send_part, key, upload_id, len(sent) + 1, block))
                return await self.complete_upload(key, upload_id, sent)
            except BaseException:
                with suppress(StoreError):
                    await self.abort_upload(key, upload_id)
                raise

    def _send_part(self, key: str, upload_id: str, number: int, data: bytes) -> CompletedPart:
        digest = hashlib.sha256(data)
        headers: Headers = {CHECKSUM_HEADER: base64(digest.digest())}
        tag = self._signed._upload_part(self._bucket, key, data, headers, upload_id, number)
        return CompletedPart(number, _given(tag), digest.hexdigest())

    async def read(self, key: str, start: int = 0, length: int | None = None) -> AsyncGenerator[bytes, None]:
        """Yield an object's bytes in chunks of up to 1 MiB, from `start` on."""
        if length == 0:
            return
        answer = await self._call(self._open, key, start, length)
        if answer is None:
            return
        with closing(answer):
            while chunk := await self._call(answer.read, CHUNK):
                yield chunk

    def _open(self, key: str, start: int, length: int | None) -> urllib3.BaseHTTPResponse | None:
        try:
            answer = self._signed.get_object(self._bucket, key, start, length or 0)
        except S3Error as error:
            if error.code != "InvalidRange":
                raise
            return None
        with ExitStack() as unless_good:
            unless_good.callback(answer.close)
            _given(answer.headers.get("etag"))
            if (start or length) and answer.status != 206:
                raise ValueError("it sends whole objects instead of ranges.")
            unless_good.pop_all()
        return answer

    async def objects(self, prefix: str) -> AsyncGenerator[StoredObject, None]:
        """Yield the objects whose keys begin with `prefix`."""
        listing = self._signed._list_objects(self._bucket, max_keys=PAGE, prefix=prefix)
        while page := await self._call(lambda: list(islice(listing, PAGE))):
            for found in page:
                modified = found.last_modified or datetime.min.replace(tzinfo=UTC)
                yield StoredObject(found.object_name or "", found.size or 0, modified)

    async def delete(self, key: str) -> None:
        """Remove an object; none counts as removed."""
        await self._call(self._signed.remove_object, self._bucket, key)

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
        """Sign an address that a browser reads the object from, whole or in ranges."""
        query = {
            "response-content-disposition": content_disposition(name, inline=inline),
            "response-content-type": safe_media_type(content_type),
        }
        return presigned(self._browser, self._settings, method, key, expires, query, {})

    async def close(self) -> None:
        """Wait for running calls and close the connections."""
        await asyncio.to_thread(self._threads.shutdown)
        self._http.clear()

    async def _call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a blocking call in a thread and translate its failure."""
        call = partial(function, *args, **kwargs)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, call)
        except (MinioException, urllib3.exceptions.HTTPError, ElementTree.ParseError, ValueError) as error:
            raise translated(error, self._settings.url) from error


def _given(tag: str | None) -> str:
    """Return the tag that every store gives its objects; a page of some proxy on the way has none."""
    if not tag:
        raise ValueError("its answer has no ETag.")
    return tag


async def _blocks(pieces: AsyncIterable[bytes]) -> AsyncGenerator[bytes, None]:
    """Cut a stream into blocks of the size of a part; the last is smaller, and empty only when it is the first."""
    held, first = bytearray(), True
    async for piece in pieces:
        held += piece
        while len(held) >= PART:
            block = bytes(memoryview(held)[:PART])
            del held[:PART]
            yield block
            first = False
    if held or first:
        yield bytes(held)
