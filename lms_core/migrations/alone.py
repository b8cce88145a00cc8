"""What migrations of the core and of plugins share: a transaction that nobody else is in, and alembic's settings."""

from __future__ import annotations

import re
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Column, Connection, String, event, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from lms_core.db import AsyncConnection, Database, log_ahead
from lms_core.errors import Conflict

HERE = Path(__file__).parent
LOCK = 7_305_011  # an arbitrary number: who holds this PostgreSQL lock migrates, the others wait


def _changed_default(
    _context: MigrationContext, _found: Column[Any], declared: Column[Any], kept: str | None, *_rendered: Any
) -> bool | None:
    """Say whether a text that a column declares as its default is another than the database keeps; else None.

    What is None alembic finds out. Of texts it finds '' changed on SQLite, where it puts that into brackets, and fails
    on PostgreSQL at a quote.
    """
    wanted = getattr(declared.server_default, "arg", None)
    if not isinstance(wanted, str) or not isinstance(declared.type, String):
        return None
    literal = "'" + wanted.replace("'", "''") + "'"
    return kept is None or re.sub(r"::[a-z ]+$|^\((?=')|(?<=')\)$", "", kept) != literal


COMPARING: dict[str, Any] = {"compare_type": True, "compare_server_default": _changed_default}
"""What alembic looks at when it compares a database with what the code declares."""


def configuration(versions: Path, connection: Connection | None = None, **options: Any) -> Config:
    """Return alembic's settings for the revisions in a folder; env.py hands `options` to the migration context."""
    config = Config(cmd_opts=Namespace(quiet=True))
    config.set_main_option("script_location", _escaped(HERE))
    config.set_main_option("version_locations", _escaped(versions))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    config.attributes.update(connection=connection, options=options)
    return config


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")


@asynccontextmanager
async def alone(database: Database) -> AsyncIterator[AsyncConnection]:
    """Open a connection for alembic's synchronous work, in one transaction that nobody else shares.

    On SQLite foreign keys are off meanwhile (altering a table rebuilds it, and a rebuilt parent would take its
    children along) and checked before the commit. Raises Conflict when that finds rows without their parent.
    """
    engine = create_async_engine(database.writer.url, poolclass=NullPool, hide_parameters=True)
    if database.is_sqlite:
        _explicit_transactions(engine.sync_engine)
    try:
        async with engine.begin() as connection:
            if not database.is_sqlite:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            yield connection
            if database.is_sqlite:
                orphans = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).mappings().all()
                if orphans:
                    tables = ", ".join(sorted({f"{row['table']} (of {row['parent']})" for row in orphans}))
                    raise Conflict(f"This would leave rows without what they refer to, in {tables}.")
    finally:
        await engine.dispose()


def _explicit_transactions(engine: Any) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("busy_timeout=60000", "synchronous=FULL", "foreign_keys=OFF"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()
        log_ahead(connection)

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
