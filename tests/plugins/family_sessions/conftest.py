"""The plugin with its tables, in the application of each test."""

from __future__ import annotations

import pytest
from lms_family_sessions.plugin import FamilySessions
from lms_family_sessions.sealing import new_key

from tests.support.with_tables import plugins, postgres_template, sqlite_template

__all__ = ["plugins", "postgres_template", "sqlite_template"]  # fixtures are found by their names here


@pytest.fixture(scope="session")
def plugin_class() -> type[FamilySessions]:
    return FamilySessions


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """The key of the installation, with which entries are sealed."""
    made = new_key()
    monkeypatch.setenv("LMS_FAMILY_KEYS", made)
    return made
