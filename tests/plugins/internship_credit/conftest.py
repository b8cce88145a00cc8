"""The plugin with its tables, in the application of each test."""

from __future__ import annotations

import pytest
from lms_internship_credit.plugin import InternshipCredit

from tests.support.with_tables import plugins, postgres_template, sqlite_template

__all__ = ["plugins", "postgres_template", "sqlite_template"]  # fixtures are found by their names here


@pytest.fixture(scope="session")
def plugin_class() -> type[InternshipCredit]:
    return InternshipCredit
