"""Whose a table is: the core's, a plugin's (by the beginning of its name), or a stranger's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection, inspect, text

import lms_core.tables  # noqa: F401 - declares every table of the core
from lms_core.db import metadata
from lms_core.hooks.metadata import VERSION_TABLE

CORE_VERSION_TABLE = "alembic_version"


def with_tables(tables: Iterable[str]) -> list[str]:
    """Name the plugins, installed or not, that have ever been migrated: their version tables tell."""
    return sorted(table.removesuffix(VERSION_TABLE) for table in tables if _of_versions(table))


def _of_versions(table: str) -> bool:
    return table.endswith(VERSION_TABLE) and table != CORE_VERSION_TABLE


def owners(tables: Iterable[str], *more: str) -> dict[str, str]:
    """Return the plugin of each table that has one, among those with a version table and `more`.

    Version tables are left out. Where the names of two plugins begin alike, the longer one has it.
    """
    tables = list(tables)
    names = sorted({*with_tables(tables), *more}, key=len, reverse=True)
    found = {}
    for table in tables:
        if table not in metadata.tables and not table.endswith(VERSION_TABLE):
            owner = next((name for name in names if table.startswith(f"{name}_")), None)
            if owner:
                found[table] = owner
    return found


def tables_of(connection: Connection, plugin: str) -> list[str]:
    """Name the tables of a plugin that are in the database, sorted; its version table is not among them. 1 statement."""
    tables = inspect(connection).get_table_names()
    return sorted(table for table, owner in owners(tables).items() if owner == plugin)


def only_the_core_s(connection: Connection) -> Callable[[str | None, str, Any], bool]:
    """Return a filter for alembic that leaves out what belongs to plugins; strangers stay in."""
    tables = inspect(connection).get_table_names()
    others = {*owners(tables), *filter(_of_versions, tables)}
    return lambda name, kind, _parents: kind != "table" or name not in others


def only_those_of(connection: Connection, plugin: str) -> Callable[[str | None, str, Any], bool]:
    """Return a filter for alembic that leaves in what belongs to a plugin."""
    own = {table for table, owner in owners(inspect(connection).get_table_names(), plugin).items() if owner == plugin}
    return lambda name, kind, _parents: kind != "table" or name in own


# What there is, as (table, part of it, its definition); the table is "" for what belongs to none.
_SQLITE = """
SELECT CASE WHEN type = 'view' THEN '' ELSE tbl_name END, CASE WHEN type = 'table' THEN '' ELSE name END, sql
FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
"""
_POSTGRESQL = """
WITH here AS (SELECT oid FROM pg_namespace WHERE nspname = current_schema()),
     relation AS (SELECT c.* FROM pg_class c JOIN here ON c.relnamespace = here.oid)
SELECT CASE WHEN relkind IN ('r', 'p', 'S') THEN relname ELSE '' END,
       CASE WHEN relkind IN ('r', 'p', 'S') THEN '' ELSE relname END, relkind::text
FROM relation WHERE relkind IN ('r', 'p', 'S', 'v', 'm', 'f')
UNION ALL
SELECT relname, attname, concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid))
FROM relation JOIN pg_attribute a ON attrelid = relation.oid AND attnum > 0 AND NOT attisdropped
LEFT JOIN pg_attrdef d ON adrelid = attrelid AND adnum = attnum WHERE relkind IN ('r', 'p')
UNION ALL
SELECT relname, conname, pg_get_constraintdef(pg_constraint.oid) FROM relation JOIN pg_constraint ON conrelid = relation.oid
UNION ALL
SELECT relname, indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM relation
JOIN pg_index ON indrelid = relation.oid
UNION ALL
SELECT relname, tgname, pg_get_triggerdef(pg_trigger.oid) FROM relation
JOIN pg_trigger ON tgrelid = relation.oid AND NOT tgisinternal
UNION ALL
SELECT '', typname, typtype::text FROM pg_type JOIN here ON typnamespace = here.oid AND typtype IN ('e', 'd')
UNION ALL
SELECT '', pg_proc.oid::regprocedure::text, md5(prosrc) FROM pg_proc JOIN here ON pronamespace = here.oid
"""


def definitions(connection: Connection) -> dict[tuple[str, str], str]:
    """Return what is defined in the database: by table ("" for what is in none) and part ("": itself). 1 statement."""
    query = _POSTGRESQL if connection.dialect.name == "postgresql" else _SQLITE
    return {(row[0], row[1]): row[2] for row in connection.execute(text(query))}
