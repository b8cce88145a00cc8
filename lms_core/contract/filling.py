"""Rows for tables of which nothing is known but what the database tells, so that revisions meet some."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Column, Connection, MetaData, Table, insert, inspect, select
from sqlalchemy import types as sql
from sqlalchemy.exc import DBAPIError, StatementError

from lms_core.migrations.owners import tables_of


def fill(connection: Connection, plugin: str) -> list[str]:
    """Put a row into each empty table of a plugin, with NULL and defaults wherever they may be.

    Returns why tables were left empty, a sentence for each.
    """
    names = tables_of(connection, plugin)
    found = MetaData()
    found.reflect(connection, only=names)  # and what they refer to
    left = []
    for name in names:
        try:
            with connection.begin_nested():
                _row(connection, found.tables[name])
        except (DBAPIError, StatementError, _NoValue) as error:
            why = str(getattr(error, "orig", None) or error).partition("\n")[0]
            left.append(f"{name} was tried without rows only, for none could be made up: {why}")
    return left


class _NoValue(Exception):
    """A column needs something that is not known here."""


def _row(connection: Connection, table: Table, *above: Table) -> Any:
    """Return the first row of a table, made up if there is none; so are those that it refers to."""
    present = connection.execute(select(table).limit(1)).mappings().first()
    if present:
        return present
    if table in above:
        raise _NoValue(f"{table.name} refers to itself")
    allowed = _words(connection, table)
    values: dict[str, Any] = {}
    for key in table.foreign_key_constraints:
        if any(_needed(column) for column in key.columns):
            parent = _row(connection, key.referred_table, *above, table)
            values.update((part.parent.name, parent[part.column.name]) for part in key.elements)
    for column in table.columns:
        if _needed(column) and column.name not in values:
            values[column.name] = allowed.get(column.name) or _value(column)
    connection.execute(insert(table), values)
    return connection.execute(select(table).limit(1)).mappings().one()


def _needed(column: Column[Any]) -> bool:
    counted = column is column.table.autoincrement_column and not column.foreign_keys
    return not column.nullable and column.server_default is None and not counted


def _words(connection: Connection, table: Table) -> dict[str, str]:
    """Return a word for each column that is checked to be one of some."""
    found = {}
    for check in inspect(connection).get_check_constraints(table.name):
        words = re.findall(r"'(\w+)'", check["sqltext"])
        names = [column.name for column in table.columns if re.search(rf"\b{column.name}\b", check["sqltext"])]
        if words and len(names) == 1:
            found[names[0]] = words[0]
    return found


def _value(column: Column[Any]) -> Any:
    match column.type:
        case sql.Boolean():
            return False
        case sql.Integer() | sql.Numeric():
            return 1
        case sql.DateTime(timezone=aware):
            return datetime(2026, 10, 1, 9, tzinfo=UTC if aware else None)
        case sql.Date():
            return date(2026, 10, 1)
        case sql.Time():
            return time(9)
        case sql.Interval():
            return timedelta(days=1)
        case sql.LargeBinary():
            return b"x"
        case sql.Uuid():
            return uuid4()
        case sql.JSON():
            return {}
        case sql.ARRAY():
            return []
        case sql.String(length=27):  # an Instant on SQLite
            return "2026-10-01T09:00:00.000000Z"
        case sql.String(length=length):
            return uuid4().hex[:length]  # on SQLite a Uuid is text of 32 digits
    raise _NoValue(f"{column.name} is of a type that is not known here")
