"""The core's migrations: bringing a database to the tables that this code expects."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import anyio
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from lms_core.db import Database, metadata
from lms_core.people.actions import seed_roles

HERE = Path(__file__).parent
LOCK = 7_305_011  # an arbitrary number: who holds this PostgreSQL lock migrates, the others wait


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["connection"] = connection
    return config


@cache
def head_revision() -> str:
    """Return the newest revision that this code knows."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("the package lacks its migrations")
    return head


async def current_revision(database: Database) -> str | None:
    """Return the revision of a database; None for an empty one."""

    def read(connection: Connection) -> str | None:
        return MigrationContext.configure(connection).get_current_revision()

    async with database.read() as connection:
        return await connection.run_sync(read)


async def _run(database: Database, work: Any) -> Any:
    """Run alembic's synchronous work on a connection of its own, in one transaction that nobody else shares.

    On SQLite foreign keys are off meanwhile (altering a table rebuilds it, and a rebuilt parent would take its
    children along) and checked before the commit.
    """
    engine = create_async_engine(database.writer.url, poolclass=NullPool)
    if database.is_sqlite:
        _explicit_transactions(engine.sync_engine)
    try:
        async with engine.begin() as connection:
            if not database.is_sqlite:
                await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
            result = await connection.run_sync(work)
            if database.is_sqlite:
                orphans = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).all()
                if orphans:
                    raise RuntimeError(f"the migration would leave rows without their parent: {orphans[:5]}")
            return result
    finally:
        await engine.dispose()


def _explicit_transactions(engine: Any) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("busy_timeout=60000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=OFF"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")


async def migrate(database: Database, revision: str = "head") -> tuple[str | None, str | None]:
    """Bring a database to a revision and return where it was and where it is; it succeeds as a whole or not at all."""
    before = await current_or_none(database)

    def upgrade(connection: Connection) -> None:
        command.upgrade(_config(connection), revision)

    await _run(database, upgrade)
    if revision == "head":
        async with database.write() as connection:
            await seed_roles(connection)
    return before, await current_revision(database)


async def current_or_none(database: Database) -> str | None:
    """Return the revision of a database that may not exist yet."""
    path = database.writer.url.database
    if database.is_sqlite and path and not await anyio.Path(path).exists():
        return None
    return await current_revision(database)


async def downgrade(database: Database, revision: str) -> None:
    """Take a database back to an earlier revision ("base": to nothing)."""

    def down(connection: Connection) -> None:
        command.downgrade(_config(connection), revision)

    await _run(database, down)


async def drift(database: Database) -> list[Any]:
    """Return what the tables of the database lack or have beyond what the code declares."""

    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        found: list[Any] = compare_metadata(context, metadata)
        return found

    found: list[Any] = await _run(database, compare)
    return found
