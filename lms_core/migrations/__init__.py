"""The core's migrations: bringing a database to the tables that this code expects."""

from __future__ import annotations

from functools import cache
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from lms_core.db import Database, metadata
from lms_core.errors import Conflict
from lms_core.migrations.alone import COMPARING, HERE, alone, configuration
from lms_core.migrations.owners import only_the_core_s, owners
from lms_core.people.actions import seed_roles

VERSIONS = HERE / "versions"


def _config(connection: Connection) -> Config:
    return configuration(VERSIONS, connection, target_metadata=metadata, include_name=only_the_core_s(connection))


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(configuration(VERSIONS))


@cache
def head_revision() -> str:
    """Return the newest revision that this code knows."""
    head = _scripts().get_current_head()
    if head is None:
        raise RuntimeError("the package lacks its migrations")
    return head


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


async def current_revision(database: Database) -> str | None:
    """Return the revision of a database; None for an empty one."""
    async with database.read() as connection:
        return await connection.run_sync(_revision)


async def migrate(database: Database, revision: str = "head") -> tuple[str | None, str | None]:
    """Bring a database to a revision and return where it was and where it is; it succeeds as a whole or not at all.

    Raises Conflict when the database is at a revision that this code does not know.
    """

    def upgrade(connection: Connection) -> None:
        command.upgrade(_config(connection), revision)

    async with alone(database) as connection:
        before = await connection.run_sync(_revision)
        if before is not None and before not in _known_revisions():
            raise Conflict(f"The database is at {before}, which this release does not know: install a newer one.")
        await connection.run_sync(upgrade)
        if revision == "head":
            await seed_roles(connection)
        return before, await connection.run_sync(_revision)


def _known_revisions() -> set[str]:
    return {script.revision for script in _scripts().walk_revisions()}


async def downgrade(database: Database, revision: str) -> None:
    """Take a database back to an earlier revision ("base": to nothing).

    Raises Conflict when plugins have tables that refer to what "base" would remove.
    """

    def down(connection: Connection) -> None:
        plugins = sorted(set(owners(inspect(connection).get_table_names()).values()))
        if revision == "base" and plugins:
            raise Conflict(f"Plugins have tables here, so nothing is removed: first lms plugin purge {plugins[0]}.")
        command.downgrade(_config(connection), revision)

    async with alone(database) as connection:
        await connection.run_sync(down)


async def drift(database: Database) -> list[Any]:
    """Return what the tables of the database lack or have beyond what the code declares; plugins' do not count."""

    def compare(connection: Connection) -> list[Any]:
        options = {**COMPARING, "include_name": only_the_core_s(connection)}
        found: list[Any] = compare_metadata(MigrationContext.configure(connection, opts=options), metadata)
        return found

    async with alone(database) as connection:
        return await connection.run_sync(compare)
