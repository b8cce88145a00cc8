"""A real object store for tests: one server for a session, a bucket of its own for a test."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

from minio import Minio
from msgspec.structs import replace

from content_store import StoreSettings
from content_store.local import LocalStore
from content_store.s3 import S3Store

__all__ = ["fresh_bucket", "object_store"]


@contextmanager
def object_store() -> Iterator[StoreSettings]:
    """Yield the store of LMS_TEST_S3_URL, or start one for as long as the context lasts. Blocks for a second."""
    if url := os.environ.get("LMS_TEST_S3_URL"):
        keys = os.environ["LMS_TEST_S3_ACCESS_KEY"], os.environ["LMS_TEST_S3_SECRET_KEY"]
        yield StoreSettings(url, *keys, "media")
        return
    os.environ.setdefault("GOMEMLIMIT", "400MiB")
    with tempfile.TemporaryDirectory(prefix="lms-store-") as directory, LocalStore(Path(directory)) as settings:
        yield settings


@asynccontextmanager
async def fresh_bucket(server: StoreSettings, *allowed_origins: str) -> AsyncIterator[StoreSettings]:
    """Yield settings for an empty bucket, and remove it with all that is in it."""
    settings = replace(server, bucket=f"test-{uuid4().hex}")
    store = S3Store(settings)
    await store.prepare(allowed_origins)
    await store.close()
    try:
        yield settings
    finally:
        await asyncio.to_thread(_remove, settings)


def _remove(settings: StoreSettings) -> None:
    url = urlsplit(settings.url)
    client = Minio(
        url.netloc,
        settings.access_key,
        settings.secret_key,
        secure=url.scheme == "https",
        region=settings.region,
    )
    for found in client.list_objects(settings.bucket, recursive=True):
        client.remove_object(settings.bucket, found.object_name or "")
    client.remove_bucket(settings.bucket)
