"""How commands run: with the settings of the environment, and with one line for whatever stands in their way."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from content_store import StoreError, StoreSettings
from lms_core import settings
from lms_core.errors import LmsError


def from_environment() -> settings.Settings:
    """Read the settings, or end with a line for each that is missing or unsafe."""
    try:
        return settings.from_environment(os.environ)
    except settings.SettingsError as error:
        for problem in error.problems:
            click.echo(problem, err=True)
        raise click.exceptions.Exit(2) from None


def of_demo(data_dir: Path) -> settings.Settings:
    """Return settings (marked as `embedded`) with which a command finds the database of a demo; it gets no store."""
    file = data_dir.absolute() / "lms.sqlite3"
    if not file.exists():
        click.echo(f"Error: LMS_DATA_DIR: there is no demonstration in {data_dir}", err=True)
        raise click.exceptions.Exit(2)
    nowhere = StoreSettings(url="http://127.0.0.1:9", access_key="none", secret_key="none", bucket="none")  # noqa: S106 - of nothing
    url = f"sqlite:///{file}"
    return settings.Settings(database_url=url, store=nowhere, public_url="http://127.0.0.1", embedded=True)


def run_on_database(work: Callable[[settings.Settings], Coroutine[Any, Any, int]]) -> None:
    """Run a coroutine that needs the database only: that of the environment, or of the demo named by LMS_DATA_DIR."""
    data_dir = os.environ.get("LMS_DATA_DIR")
    run(work, of_demo(Path(data_dir)) if data_dir else None)


def run(work: Callable[[settings.Settings], Coroutine[Any, Any, int]], found: settings.Settings | None = None) -> None:
    """Run a coroutine with the settings of the environment; what stands in its way ends as one line and code 1."""
    found = found or from_environment()
    try:
        code = asyncio.run(work(found))
    except (SQLAlchemyError, StoreError, LmsError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error) or type(error).__name__
        click.echo(f"Error: {reason.splitlines()[0]}", err=True)
        code = 1
    if code:
        sys.exit(code)
