from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lms_core.db import Database
from lms_core.migrations.plugins import migrate_plugin
from tests.support.diary import installed, sample

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from lms_core.api import Plugin


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of the sample's package, installed for this test; it may be changed."""
    with installed(tmp_path / "site", monkeypatch) as folder:
        yield folder


@pytest.fixture
def diary(package: Path) -> Plugin:
    return sample()


@pytest.fixture
def plugins(diary: Plugin) -> list[Any]:
    return [diary]


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    made = Database(database_url)
    yield made
    await made.close()


@pytest.fixture
async def migrated(database_url: str, diary: Plugin) -> None:
    """The sample's tables, made before the application starts."""
    database = Database(database_url)
    await migrate_plugin(database, diary)
    await database.close()
