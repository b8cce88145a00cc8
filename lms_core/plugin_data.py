"""What is kept of a plugin, handed out: whether it is enabled, disabled or not installed any more."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from math import isfinite
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Router, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, PathParameter
from litestar.response import Stream
from sqlalchemy import (
    CHAR,
    Column,
    ColumnElement,
    Connection,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Uuid,
    inspect,
    literal,
    select,
    tuple_,
)

from lms_core.db import AsyncConnection, Database
from lms_core.errors import NotFound
from lms_core.hooks.registry import Registry
from lms_core.http import bounds
from lms_core.migrations.owners import tables_of
from lms_core.migrations.plugins import present_revisions
from lms_core.programmes.plugin_types import PluginName
from lms_core.programmes.tables import programme, programme_plugin, programme_plugin_change
from lms_core.types import View

BATCH = 500
"""Rows that are read at a time."""

KEPT = (programme_plugin, programme_plugin_change)
"""What the host keeps about a plugin in a programme and an export contains: its settings, and what they were."""

Reading = Callable[[], AbstractAsyncContextManager[AsyncConnection]]


class PluginExport(View, frozen=True):
    """All that is kept of a plugin in a programme, or in the installation if there is no programme.

    `tables` has the rows of each table as the database holds them: decimals as strings, moments in UTC, bytes in
    base64; `leftOut` names the tables whose rows belong to no programme. `revision` is that of the plugin's tables.
    """

    plugin: str
    programme_id: UUID | None
    revision: str | None
    left_out: list[str]
    tables: dict[str, list[dict[str, Any]]]


async def export_plugin(read: Reading, name: str, programme_id: UUID | None = None) -> AsyncIterator[bytes]:
    """Yield the JSON of a `PluginExport` piece by piece; it is complete only with the last one.

    `read` opens a connection for each batch of rows, so that a slow reader holds none.
    """
    async with read() as connection:
        tables = await connection.run_sync(_own_tables, name)
        revision = (await connection.run_sync(present_revisions)).get(name)
    told = [table for table in tables if programme_id is None or "programme_id" in table.c]
    left_out = [str(table.name) for table in tables if table not in told]
    head = {"plugin": name, "programmeId": programme_id, "revision": revision, "leftOut": left_out}
    yield msgspec.json.encode(head)[:-1] + b',"tables":{'
    separator = b"\n"
    for table in [*told, *KEPT]:
        yield separator + msgspec.json.encode(str(table.name)) + b":["
        where = [_of_programme(table, programme_id)] if programme_id else []
        where += [table.c.plugin == name] if table in KEPT else []
        separator = b"\n"
        async for rows in _batches(read, table, where):
            yield separator + b",\n".join(msgspec.json.encode(_plain(table, row), enc_hook=str) for row in rows)
            separator = b",\n"
        yield b"]"
        separator = b",\n"
    yield b"}}\n"


def _own_tables(connection: Connection, name: str) -> list[Table]:
    """Return a plugin's tables as the database describes them; that works without its package."""
    names = tables_of(connection, name)
    if not names:
        return []
    inspector = inspect(connection)
    columns = inspector.get_multi_columns(filter_names=names)
    keys = inspector.get_multi_pk_constraint(filter_names=names)
    return [
        Table(
            table,
            MetaData(),
            *(Column(column["name"], column["type"]) for column in columns[None, table]),
            PrimaryKeyConstraint(*keys[None, table]["constrained_columns"]),
        )
        for table in names
    ]


def _of_programme(table: Table, programme_id: UUID) -> ColumnElement[bool]:
    column: Any = table.c.programme_id
    if isinstance(column.type, Uuid):
        same: ColumnElement[bool] = column == programme_id
        return same
    either: ColumnElement[bool] = column.in_([programme_id.hex, str(programme_id)])
    return either


async def _batches(read: Reading, table: Table, where: list[ColumnElement[bool]]) -> AsyncIterator[list[Any]]:
    keys: list[Any] = list(table.primary_key)
    query = select(table).where(*where).order_by(*keys).limit(BATCH)
    after: list[ColumnElement[bool]] = []
    while True:
        async with read() as connection:
            rows = list((await connection.execute(query.where(*after))).all())
        if rows:
            yield rows
        if len(rows) < BATCH:
            return
        last = rows[-1]._mapping
        after = [tuple_(*keys) > tuple_(*(literal(last[key], key.type) for key in keys))]


def _plain(table: Table, row: Any) -> dict[str, Any]:
    """Write a row in the same way whichever database it comes from."""
    return {str(column.name): _value(column.type, value) for column, value in zip(table.columns, row, strict=True)}


def _value(kind: Any, value: Any) -> Any:
    match value:
        case datetime() if value.tzinfo:
            return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case float() if not isfinite(value):
            return str(value)
        case str() if isinstance(kind, CHAR) and re.fullmatch("[0-9a-f]{32}", value):
            return UUID(value)  # SQLite's way to keep it
    return value


@get(
    "/programmes/{programme_id:uuid}/plugins/{name:str}/export",
    permission="programmes.manage",
    responses={200: ResponseSpec(PluginExport, description="Everything, as a file.")},
)
async def export(
    programme_id: FromPath[UUID],
    name: Annotated[str, PathParameter(**bounds(PluginName))],
    database: NamedDependency[Database],
    registry: NamedDependency[Registry],
) -> Stream:
    """Hand out what the plugin keeps of the programme, whether it is enabled, disabled or not installed any more."""
    async with database.read() as connection:
        await _check_known(connection, registry, programme_id, name)
    return Stream(
        export_plugin(database.read, name, programme_id),
        media_type="application/json",
        headers={"Content-Disposition": f'attachment; filename="{name}.json"'},
    )


async def _check_known(connection: AsyncConnection, registry: Registry, programme_id: UUID, name: str) -> None:
    """Raise NotFound unless the programme exists, and the plugin is installed, was enabled in it, or has tables."""
    its = (programme_plugin.c.programme_id == programme.c.id) & (programme_plugin.c.plugin == name)
    query = select(programme_plugin.c.plugin).select_from(programme).outerjoin(programme_plugin, its)
    row = (await connection.execute(query.where(programme.c.id == programme_id))).first()
    if row is None:
        raise NotFound("There is no such programme.")
    known = row.plugin is not None or name in registry.plugins or name in registry.failed
    if not known and name not in await connection.run_sync(present_revisions):
        raise NotFound("There is no such plugin.")


router = Router("/", tags=["Plugins"], route_handlers=[export])
