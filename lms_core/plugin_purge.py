"""Removing all that is kept of a plugin, which need not be installed any more; first it is written into a file."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, literal, select, union_all, update
from sqlalchemy import table as named

from lms_core.db import AsyncConnection, Database
from lms_core.errors import Conflict
from lms_core.hooks.tables import plugin_call, plugin_failure
from lms_core.media.plugin_files import release
from lms_core.media.tables import plugin_file
from lms_core.migrations.alone import alone
from lms_core.migrations.owners import tables_of
from lms_core.migrations.plugins import present_revisions, version_table
from lms_core.outbox.tables import delivery, job_schedule, outbox
from lms_core.people.tables import plugin_permission, role
from lms_core.plugin_data import KEPT, export_plugin
from lms_core.programmes.tables import programme, programme_plugin


async def belongings(connection: AsyncConnection, name: str) -> dict[str, int]:
    """Count the rows that are kept of a plugin, by table; empty when nothing is known of it. Three statements."""
    tables = await connection.run_sync(tables_of, name)
    counts = [select(literal(table), func.count()).select_from(named(table)) for table in tables]
    counts += [
        select(literal(table.name), func.count()).select_from(table).where(condition)
        for table, condition in _about(name)
    ]
    rows = {row[0]: row[1] for row in await connection.execute(union_all(*counts))}
    migrated = name in await connection.run_sync(present_revisions)
    found = {table: rows[table] for table in tables}
    found |= {table.name: rows[table.name] for table, _ in _about(name) if rows[table.name]}
    return found | ({version_table(name): 1} if migrated else {})


def _about(name: str) -> list[tuple[Table[Any], ColumnElement[bool]]]:
    """Return the host's own rows about a plugin, in the order in which they may be deleted."""
    subscriber = f"plugin:{name}"
    its_jobs = select(delivery.c.event_id).where(delivery.c.subscriber == subscriber)
    return [
        (outbox, outbox.c.name.startswith("job:", autoescape=True) & outbox.c.id.in_(its_jobs)),
        (delivery, delivery.c.subscriber == subscriber),
        *(
            (table, table.c.plugin == name)
            for table in (job_schedule, plugin_permission, plugin_call, plugin_failure, plugin_file, *KEPT)
        ),
    ]


async def enabled_in(connection: AsyncConnection, name: str) -> list[str]:
    """Return the keys of the programmes that have enabled a plugin. One statement."""
    query = (
        select(programme.c.key)
        .join(programme_plugin, programme_plugin.c.programme_id == programme.c.id)
        .where(programme_plugin.c.plugin == name, programme_plugin.c.enabled)
        .order_by(programme.c.key)
    )
    return list((await connection.execute(query)).scalars())


async def purge(database: Database, name: str, file: Path) -> None:
    """Write all that is kept of a plugin into a new file, and remove it from the database, in one transaction.

    Raises Conflict while a programme has it enabled, and OSError (such as FileExistsError) when the file cannot be
    written; then nothing is removed.
    """
    async with alone(database) as connection:
        tables = await connection.run_sync(tables_of, name)
        if not database.is_sqlite:  # from here on nobody enables it, and nobody writes what the file would miss
            await connection.exec_driver_sql("LOCK TABLE programme_plugin IN SHARE ROW EXCLUSIVE MODE")
            if tables:
                await connection.run_sync(_execute, "LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", tables)
        if programmes := await enabled_in(connection, name):
            raise Conflict(f"{name} is enabled in {', '.join(programmes)}; disable it there first.")
        await _write(file, export_plugin(lambda: nullcontext(connection), name))
        await _take_back_permissions(connection, name)
        await release(connection, plugin_file.c.plugin == name)
        for about, condition in _about(name):
            await connection.execute(delete(about).where(condition))
        await connection.run_sync(_execute, "DROP TABLE IF EXISTS {}", [*tables, version_table(name)])


async def _write(file: Path, pieces: AsyncIterator[bytes]) -> None:
    handle = await asyncio.to_thread(os.open, file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        async for piece in pieces:
            await asyncio.to_thread(_write_all, handle, piece)
        await asyncio.to_thread(os.fsync, handle)
    except BaseException:
        await asyncio.to_thread(file.unlink)
        raise
    finally:
        os.close(handle)


def _write_all(handle: int, piece: bytes) -> None:
    while piece:
        piece = piece[os.write(handle, piece) :]


async def _take_back_permissions(connection: AsyncConnection, name: str) -> None:
    names = set(
        (await connection.execute(select(plugin_permission.c.name).where(plugin_permission.c.plugin == name))).scalars()
    )
    for row in (await connection.execute(select(role).with_for_update())).all() if names else ():
        if names.intersection(row.permissions):
            left = [permission for permission in row.permissions if permission not in names]
            values = {"permissions": left, "revision": row.revision + 1}
            await connection.execute(update(role).where(role.c.name == row.name).values(**values))


def _execute(connection: Connection, statement: str, tables: list[str]) -> None:
    """Carry out a statement for all of the tables at once, for they may refer to each other; on SQLite one by one."""
    quoted = [connection.dialect.identifier_preparer.quote(table) for table in tables]
    for names in [", ".join(quoted)] if connection.dialect.name == "postgresql" else quoted:
        connection.exec_driver_sql(statement.format(names))
