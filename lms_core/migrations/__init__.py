"""The core's migrations: bringing a database to the tables that this code expects."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from lms_core.db import AsyncConnection, Database, metadata
from lms_core.errors import Conflict
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


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


async def current_revision(database: Database) -> str | None:
    """Return the revision of a database; None for an empty one."""
    async with database.read() as connection:
        return await connection.run_sync(_revision)


@asynccontextmanager
async def _alone(database: Database) -> AsyncIterator[AsyncConnection]:
    """Open a connection for alembic's synchronous work, in one transaction that nobody else shares.

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
            yield connection
            if database.is_sqlite:
                orphans = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).all()
                if orphans:
                    raise RuntimeError(f"the migration would leave rows without their parent: {orphans[:5]}")
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
    """Bring a database to a revision and return where it was and where it is; it succeeds as a whole or not at all.

    Raises Conflict when the database is at a revision that this code does not know.
    """

    def upgrade(connection: Connection) -> None:
        command.upgrade(_config(connection), revision)

    async with _alone(database) as connection:
        before = await connection.run_sync(_revision)
        if before is not None and before not in _known_revisions():
            raise Conflict(f"The database is at {before}, which this release does not know: install a newer one.")
        await connection.run_sync(upgrade)
        if revision == "head":
            await seed_roles(connection)
        return before, await connection.run_sync(_revision)


def _known_revisions() -> set[str]:
    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


async def downgrade(database: Database, revision: str) -> None:
    """Take a database back to an earlier revision ("base": to nothing)."""

    def down(connection: Connection) -> None:
        command.downgrade(_config(connection), revision)

    async with _alone(database) as connection:
        await connection.run_sync(down)


async def drift(database: Database) -> list[Any]:
    """Return what the tables of the database lack or have beyond what the code declares."""

    def compare(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        found: list[Any] = compare_metadata(context, metadata)
        return found

    async with _alone(database) as connection:
        return await connection.run_sync(compare)
