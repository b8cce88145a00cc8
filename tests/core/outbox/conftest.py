from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lms_core.db import Database
from tests.support.outbox import Clock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(database_url)
    yield database
    await database.close()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the whole core."""
    clock = Clock()
    monkeypatch.setattr("lms_core.types._clock", clock)
    return clock
