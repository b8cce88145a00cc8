"""The migrations of plugins: each has a version table of its own, and touches no table but its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import (
    Column,
    Connection,
    MetaData,
    String,
    Table,
    delete,
    event,
    insert,
    inspect,
    literal,
    select,
    union_all,
)
from sqlalchemy.exc import SQLAlchemyError

from lms_core.db import Database
from lms_core.errors import Conflict, LmsError
from lms_core.hooks.metadata import VERSION_TABLE, key_problem
from lms_core.hooks.plugin import Plugin
from lms_core.hooks.registry import Registry
from lms_core.hooks.tables import plugin_failure
from lms_core.migrations.alone import COMPARING, alone, configuration
from lms_core.migrations.owners import definitions, only_those_of, owners, tables_of, with_tables
from lms_core.types import now


class Revisions(msgspec.Struct, frozen=True):
    """The revisions that a plugin's package brings along, the oldest first, and the newest of them."""

    head: str
    known: tuple[str, ...]


class Migrated(msgspec.Struct, frozen=True):
    """Where a plugin's tables were and are, and why they could not be brought further, if so."""

    plugin: str
    before: str | None
    after: str | None
    failed: str | None = None


def folder(plugin: Plugin) -> Path:
    """Return the folder of a plugin's revisions, which need not exist yet. Raises Conflict without its package."""
    package, _, inside = str(plugin.migrations).partition(":")
    try:
        spec = find_spec(package)
    except (ImportError, ValueError):
        spec = None
    if spec is None or not spec.submodule_search_locations:
        raise Conflict(f"its migrations should be in {plugin.migrations}, but there is no package {package}")
    return Path(spec.submodule_search_locations[0], inside)


def revisions(plugin: Plugin) -> Revisions:
    """Read a plugin's revisions. Raises Conflict when there are none, or when they cannot be read."""
    place = folder(plugin)
    if not place.is_dir():
        raise Conflict(f"the folder of its migrations is missing in its package: {plugin.migrations}")
    try:
        scripts = ScriptDirectory.from_config(configuration(place))
        head = scripts.get_current_head()
        known = tuple(script.revision for script in scripts.walk_revisions())[::-1]
    except (Exception, SystemExit) as error:  # a revision is a module, and may do anything when it is imported
        raise Conflict(f"its migrations cannot be read: {_told(error)}") from error
    if head is None:
        raise Conflict(f"it has tables but no revision yet: lms plugin migration {plugin.name} makes the first")
    return Revisions(head, known)


_remembered = cache(revisions)  # of a running process: what lies in the folder later is of another release


def version_table(name: str) -> str:
    """Return the name of the table that keeps the revision of a plugin's tables."""
    return f"{name}{VERSION_TABLE}"


def configured(connection: Connection, plugin: Plugin) -> Config:
    """Return alembic's settings for a plugin."""
    name = plugin.name
    return configuration(
        folder(plugin),
        connection,
        target_metadata=plugin.tables,
        version_table=version_table(name),
        include_name=only_those_of(connection, name),
    )


def present_revisions(connection: Connection) -> dict[str, str | None]:
    """Return at which revision the tables of each plugin are, installed or not (None: back at nothing).

    At most two statements.
    """
    names = with_tables(inspect(connection).get_table_names())
    if not names:
        return {}
    kept = [(name, Table(version_table(name), MetaData(), Column("version_num", String))) for name in names]
    rows = connection.execute(union_all(*(select(literal(name), table.c.version_num) for name, table in kept)))
    return {**dict.fromkeys(names), **{row[0]: row[1] for row in rows}}


async def unready(database: Database, registry: Registry) -> dict[str, str]:
    """Name the usable plugins whose tables are not what they need, each with the reason and what to do.

    At most three statements, none when no plugin has tables.
    """
    wanted = [plugin for plugin in registry.plugins.values() if plugin.tables is not None]
    if not wanted:
        return {}
    async with database.read() as connection:
        present = await connection.run_sync(present_revisions)
        rows = await connection.execute(
            select(plugin_failure.c.plugin, plugin_failure.c.wanted, plugin_failure.c.reason)
        )
        failures = {(row.plugin, row.wanted): row.reason for row in rows}
    return await asyncio.to_thread(_reasons, wanted, present, failures)


def _reasons(
    wanted: list[Plugin], present: dict[str, str | None], failures: dict[tuple[str, str], str]
) -> dict[str, str]:
    """Say what is wrong with the tables of each plugin; `failures` are kept by plugin and the revision wanted."""
    found = {}
    for plugin in wanted:
        try:
            needed = _remembered(plugin)
            failure = failures.get((plugin.name, needed.head))
            reason = _distance(present.get(plugin.name), needed, failure)
        except Conflict as error:
            reason = str(error)
        if reason:
            found[plugin.name] = reason
    return found


def _distance(present: str | None, wanted: Revisions, failure: str | None) -> str | None:
    if present == wanted.head:
        return None
    if present is not None and present not in wanted.known:
        return _unknown(present)
    where = f"its tables are at {present}, needed is {wanted.head}" if present else "its tables are not there yet"
    return f"{where}, for its migration failed: {failure}" if failure else f"{where}: run lms migrate"


def _unknown(present: str) -> str:
    return f"its tables are at {present}, which the installed release does not know: install a newer one"


async def migrate_plugins(database: Database, registry: Registry) -> list[Migrated]:
    """Bring the tables of every usable plugin to its newest revision; one that fails stops no other.

    Why one failed is kept until it succeeds, for `unready`.
    """
    found = []
    for plugin in registry.plugins.values():
        if plugin.tables is not None:
            try:
                moved = Migrated(plugin.name, *await migrate_plugin(database, plugin))
            except LmsError as error:
                async with database.read() as connection:
                    stays = (await connection.run_sync(present_revisions)).get(plugin.name)
                moved = Migrated(plugin.name, stays, stays, str(error))
            await _keep_failure(database, plugin, moved.failed)
            found.append(moved)
    return found


async def _keep_failure(database: Database, plugin: Plugin, reason: str | None) -> None:
    async with database.write() as connection:
        await connection.execute(delete(plugin_failure).where(plugin_failure.c.plugin == plugin.name))
        if reason:
            with suppress(Conflict):  # whose revisions cannot be read: `unready` finds that out by itself
                wanted = (await asyncio.to_thread(revisions, plugin)).head
                values = {"plugin": plugin.name, "wanted": wanted, "reason": reason, "at": now()}
                await connection.execute(insert(plugin_failure), values)


async def migrate_plugin(database: Database, plugin: Plugin, revision: str = "head") -> tuple[str | None, str | None]:
    """Bring a plugin's tables to a revision, else its newest, and return where they were and where they are.

    Raises Conflict with the reason, and then nothing has changed.
    """
    return await _move(database, plugin, lambda config: command.upgrade(config, revision))


async def downgrade_plugin(database: Database, plugin: Plugin, revision: str) -> tuple[str | None, str | None]:
    """Take a plugin's tables back to an earlier revision ("base": to nothing) and return where they were and are.

    Raises Conflict with the reason, and then nothing has changed.
    """
    return await _move(database, plugin, lambda config: command.downgrade(config, revision))


async def _move(database: Database, plugin: Plugin, move: Callable[[Config], None]) -> tuple[str | None, str | None]:
    def moved(connection: Connection) -> tuple[str | None, str | None]:
        before = _revision(connection, plugin)
        if before is not None and before not in revisions(plugin).known:
            raise Conflict(_unknown(before))
        _check_empty(connection, plugin.name)
        was = definitions(connection)
        try:
            with _no_commit(connection):
                move(configured(connection, plugin))
        except LmsError:
            raise
        except (Exception, SystemExit) as error:
            raise Conflict(_told(error)) from error
        _check_untouched(plugin.name, was, definitions(connection))
        _check_own(connection, plugin.name)
        return before, _revision(connection, plugin)

    await asyncio.to_thread(revisions, plugin)
    async with alone(database) as connection:
        return await connection.run_sync(moved)


def _revision(connection: Connection, plugin: Plugin) -> str | None:
    options = {"version_table": version_table(plugin.name)}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def _told(error: BaseException) -> str:
    text = str(getattr(error, "orig", None) or error).partition("\n")[0]
    return text if text and isinstance(error, SQLAlchemyError | CommandError) else f"{type(error).__name__}: {text}"


@contextmanager
def _no_commit(connection: Connection) -> Iterator[None]:
    def refuse(_connection: Connection) -> None:
        raise Conflict("a migration must not commit by itself, for it is undone as a whole when it fails")

    event.listen(connection, "commit", refuse)
    try:
        yield
    finally:
        event.remove(connection, "commit", refuse)


def _check_empty(connection: Connection, name: str) -> None:
    """Before its first migration nothing may be there that would pass for a plugin's own."""
    tables = inspect(connection).get_table_names()
    if name in with_tables(tables):
        return
    taken = sorted(table for table, owner in owners(tables, name).items() if owner == name)
    if taken:
        raise Conflict(f"the database has tables of somebody else that begin with {name}_: {', '.join(taken)}")


def _check_untouched(name: str, was: dict[tuple[str, str], str], now: dict[tuple[str, str], str]) -> None:
    """Compare what is defined before and after; raise Conflict when anything differs that is not the plugin's."""
    tables = {table for table, _ in [*was, *now] if table}
    own = {table for table, owner in owners(tables, name).items() if owner == name} | {version_table(name)}
    changed = sorted({key for key in was.keys() | now.keys() if was.get(key) != now.get(key) and key[0] not in own})
    if changed:
        whole = {table for table, part in changed if table and not part}
        what = ", ".join(".".join(filter(None, key)) for key in changed if not key[1] or key[0] not in whole)
        raise Conflict(
            f"its migration changes what is not its own: {what}; a plugin creates, alters and drops only tables whose "
            f"names begin with {name}_, and makes no views, types or functions"
        )


def _check_own(connection: Connection, name: str) -> None:
    """Raise Conflict when the tables that a plugin has now could block others or could not be exported."""
    inspector, own = inspect(connection), tables_of(connection, name)
    for table in own:
        nullable = {column["name"]: column["nullable"] for column in inspector.get_columns(table)}
        if not inspector.get_pk_constraint(table)["constrained_columns"]:
            raise Conflict(f"its migration leaves {table} without a primary key")
        for key in inspector.get_foreign_keys(table):
            referred, columns = key["referred_table"], key["constrained_columns"]
            free = all(nullable[column] for column in columns)
            if problem := key_problem(referred, referred in own, key["options"].get("ondelete"), free):
                raise Conflict(f"by its migration {table}.{', '.join(columns)} {problem}")


async def plugin_drift(database: Database, plugin: Plugin) -> list[Any]:
    """Return what a plugin's tables lack or have beyond what it declares."""

    def compare(connection: Connection) -> list[Any]:
        options = {
            **COMPARING,
            "version_table": version_table(plugin.name),
            "include_name": only_those_of(connection, plugin.name),
        }
        found: list[Any] = compare_metadata(
            MigrationContext.configure(connection, opts=options), plugin.tables or MetaData()
        )
        return found

    async with alone(database) as connection:
        return await connection.run_sync(compare)
