"""How commands run: with the settings of the environment, and with one line for whatever stands in their way."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine
from typing import Any

import click
from sqlalchemy.exc import SQLAlchemyError

from content_store import StoreError
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


def run(work: Callable[[settings.Settings], Coroutine[Any, Any, int]]) -> None:
    """Run a coroutine with the settings of the environment; what stands in its way ends as one line and code 1."""
    found = from_environment()
    try:
        code = asyncio.run(work(found))
    except (SQLAlchemyError, StoreError, LmsError, OSError) as error:
        reason = str(getattr(error, "orig", None) or error) or type(error).__name__
        click.echo(f"Error: {reason.splitlines()[0]}", err=True)
        code = 1
    if code:
        sys.exit(code)
