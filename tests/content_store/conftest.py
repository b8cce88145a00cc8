"""Each promise about content stores is tried twice: on a real one, and on the one in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from content_store import ContentStore, StoreSettings
from content_store.memory import MemoryStore
from content_store.s3 import S3Store
from tests.support.objectstore import fresh_bucket

PAGES = "https://lms.example"


class Clock:
    """The time; for the store in memory it passes at once."""

    def __init__(self) -> None:
        self.ahead: timedelta | None = None

    def now(self) -> datetime:
        return datetime.now(UTC) + (self.ahead or timedelta())

    async def sleep(self, seconds: float) -> None:
        if self.ahead is None:
            await asyncio.sleep(seconds)
        else:
            self.ahead += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def settings(store_server: StoreSettings) -> AsyncIterator[StoreSettings]:
    async with fresh_bucket(store_server, PAGES) as settings:
        yield settings


@pytest.fixture
async def service(settings: StoreSettings) -> AsyncIterator[S3Store]:
    """The real store, where it alone is meant."""
    store = S3Store(settings)
    yield store
    await store.close()


@pytest.fixture(params=["service", "memory"])
async def store(request: pytest.FixtureRequest, clock: Clock) -> AsyncIterator[ContentStore]:
    if request.param == "memory":
        clock.ahead = timedelta()
        yield MemoryStore(clock.now)
        return
    async with fresh_bucket(request.getfixturevalue("store_server"), PAGES) as settings:
        store = S3Store(settings)
        yield store
        await store.close()


@pytest.fixture
def elapse(clock: Clock) -> Callable[[float], Awaitable[None]]:
    """Let seconds pass."""
    return clock.sleep


@pytest.fixture
async def browser(store: ContentStore) -> AsyncIterator[httpx.AsyncClient]:
    """A client that knows nothing but the addresses it is given."""
    transport = store.transport if isinstance(store, MemoryStore) else None
    async with httpx.AsyncClient(transport=transport) as client:
        yield client


@pytest.fixture
async def web() -> AsyncIterator[httpx.AsyncClient]:
    """A client on the network."""
    async with httpx.AsyncClient() as client:
        yield client
