"""Databases with the tables of a plugin: fixtures for a folder whose conftest says which `plugins` it is about."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from lms_core.db import Database
from lms_core.hooks.registry import load
from lms_core.migrations.plugins import migrate_plugins
from tests.support.postgres import create_database

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["plugins", "postgres_template", "sqlite_template"]


@pytest.fixture
def plugins(plugin_class: type[Any]) -> list[Any]:
    """The plugin, in the application of each test."""
    return [plugin_class()]


async def migrate(url: str, plugin_class: type[Any]) -> None:
    database = Database(url)
    await migrate_plugins(database, load([plugin_class()]))
    await database.close()


@pytest.fixture(scope="session")
async def sqlite_template(plugin_class: type[Any], sqlite_template: Path) -> Path:
    """The migrated file, with the tables of the plugin."""
    path = sqlite_template.with_name(f"{plugin_class.__name__}.sqlite3")
    shutil.copy(sqlite_template, path)
    await migrate(f"sqlite:///{path}", plugin_class)
    return path


@pytest.fixture(scope="session")
async def postgres_template(plugin_class: type[Any], postgres_server: str, postgres_template: str) -> str:
    """The migrated database, with the tables of the plugin."""
    url = await create_database(postgres_server, postgres_template)
    await migrate(url, plugin_class)
    return url
