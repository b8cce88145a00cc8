from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from content_store import ContentStore, StoreSettings
from content_store.s3 import S3Store
from tests.support.objectstore import fresh_bucket

PAGES = "https://lms.example"


@pytest.fixture
async def settings(store_server: StoreSettings) -> AsyncIterator[StoreSettings]:
    async with fresh_bucket(store_server, PAGES) as settings:
        yield settings


@pytest.fixture
async def store(settings: StoreSettings) -> AsyncIterator[ContentStore]:
    store = S3Store(settings)
    yield store
    await store.close()


@pytest.fixture
async def browser() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient() as client:
        yield client
