"""What an operator wants to know before blaming the network: database, migrations, store, clock, disk."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from content_store.s3 import S3Store
from lms_core.db import Database
from lms_core.health import Check, check_database, check_migrations, check_store
from lms_core.hooks.registry import load
from lms_core.media.tools import missing
from lms_core.migrations.plugins import unready
from lms_core.settings import Settings
from lms_core.types import now

SECONDS_OFF = 60
"""S3 refuses signatures of a clock that is 15 minutes off; a minute is already a reason to look."""
LEAST_FREE = 1 << 30


async def examine(settings: Settings) -> list[Check]:
    """Check everything that the server needs, each check on its own."""
    database, store = Database(settings.database_url), S3Store(settings.store)
    try:
        found = await asyncio.gather(
            check_database(database),
            check_migrations(database),
            check_store(store),
            _check_plugins(database),
            _check_clock(database, settings.store.url),
        )
        return [*found, _check_tools(), _check_disk(database)]
    finally:
        await store.close()
        await database.close()


async def _check_plugins(database: Database) -> Check:
    """Say which of the installed plugins cannot be used, and why."""
    registry = load()
    reasons = dict(registry.failed)
    try:
        async with asyncio.timeout(5):
            reasons.update(await unready(database, registry))
    except (SQLAlchemyError, OSError):
        return Check("plugins", False, "the database does not tell how they stand")
    if reasons:
        return Check("plugins", False, "; ".join(f"{name}: {reason}" for name, reason in sorted(reasons.items())))
    return Check("plugins", True, ", ".join(sorted(registry.plugins)) or "none installed")


async def _check_clock(database: Database, store_url: str) -> Check:
    """Compare this machine's clock with those of the database and the store, as far as they tell theirs."""
    off: list[tuple[str, float | None]] = []
    try:
        if not database.is_sqlite:
            async with asyncio.timeout(5), database.read() as connection:
                theirs: datetime = (await connection.execute(text("SELECT clock_timestamp()"))).scalar_one()
            off.append(("the database's", abs((now() - theirs).total_seconds())))
    except (SQLAlchemyError, OSError):
        off.append(("the database's", None))
    try:
        async with httpx.AsyncClient(timeout=5, trust_env=False) as client:
            date = (await client.get(store_url)).headers.get("date")
        seconds = abs((now() - parsedate_to_datetime(date).astimezone(UTC)).total_seconds()) if date else None
        off.append(("the content store's", seconds))
    except (httpx.HTTPError, ValueError):
        off.append(("the content store's", None))
    told = [(whose, seconds) for whose, seconds in off if seconds is not None]
    wrong = [f"{seconds:.0f} s from {whose}" for whose, seconds in told if seconds > SECONDS_OFF]
    if wrong:
        return Check("clock", False, f"off by {', '.join(wrong)}")
    agrees = " and ".join(whose for whose, _ in told)
    return Check("clock", True, f"agrees with {agrees}" if told else "nobody to compare it with")


def _check_disk(database: Database) -> Check:
    path = Path(database.writer.url.database or ".").parent if database.is_sqlite else Path()
    free = shutil.disk_usage(path if path.exists() else ".").free
    return Check("disk", free >= LEAST_FREE, f"{free / (1 << 30):.1f} GiB free, at least 1 GiB is needed")


def _check_tools() -> Check:
    """Say which programs are there that look into films and PDFs; the server does without them."""
    gone = missing()
    if not gone:
        return Check("tools", True, "films and PDFs are looked into")
    packages = " and ".join(sorted(set(gone.values())))
    return Check("tools", True, f"no {', '.join(gone)} here; where the worker runs, install {packages}")
