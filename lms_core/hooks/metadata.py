"""The tables of a plugin: how it declares them, and what keeps them from standing in the way of others."""

from __future__ import annotations

import re
from typing import Literal

from sqlalchemy import Enum, ForeignKey, ForeignKeyConstraint, MetaData, Table
from sqlalchemy.exc import NoReferenceError

from lms_core.db import NAMING, metadata
from lms_core.hooks.plugin import Plugin
from lms_core.types import END

CORE_TABLES = ("media", "module", "organisation", "person", "programme", "regulation", "run", "session", "term")
"""The tables of the core that a plugin may refer to, by their `id`. Their names and ids stay; other columns may not."""

VERSION_TABLE = "_alembic_version"
"""The ending of the table in which alembic keeps the revision of a plugin's tables."""

LONGEST = 63
"""Characters that PostgreSQL keeps of a name; it cuts off the rest without a word."""

_MIGRATIONS = re.compile(rf"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:\w+(/\w+)*{END}")


def plugin_tables(name: str) -> MetaData:
    """Return the MetaData in which the plugin of this name declares its tables, all of them called `name_...`.

    Their constraints and indexes get names by the convention of the core's tables, so that migrations find them.
    """
    return MetaData(naming_convention=NAMING, info={"plugin": name})


def core_key(table: str, ondelete: Literal["CASCADE", "SET NULL"] = "CASCADE") -> ForeignKey:
    """Return a foreign key to the `id` of a table of the core (one of `CORE_TABLES`), for a Column of a plugin.

    When the core deletes that row, the plugin's is deleted too or, with SET NULL, loses what it refers to: never
    does it keep the core from deleting. The column's type follows from the key. Raises ValueError for other tables.
    """
    if table not in CORE_TABLES:
        raise ValueError(f"core_key({table!r}): a plugin may refer to {', '.join(CORE_TABLES)}")
    return ForeignKey(metadata.tables[table].c.id, ondelete=ondelete)


def check_tables(plugin: Plugin) -> None:
    """Raise ValueError that says what to change unless the plugin's tables are its own and block nobody."""
    name, tables = plugin.name, plugin.tables
    if (tables is None) != (plugin.migrations is None):
        missing = "migrations (the folder of its revisions as package:folder)" if tables is not None else "tables"
        raise ValueError(f"declare tables and migrations together; {missing} is missing")
    if tables is None:
        return
    if not isinstance(tables, MetaData) or tables.info.get("plugin") != name:
        raise ValueError(f"tables must be the MetaData that plugin_tables({name!r}) returns")
    if not isinstance(plugin.migrations, str) or not _MIGRATIONS.match(plugin.migrations):
        raise ValueError(f"migrations must name the folder of its revisions as package:folder, not {plugin.migrations}")
    if len(name) + len(VERSION_TABLE) > LONGEST:
        raise ValueError(f"a plugin with tables needs a name of at most {LONGEST - len(VERSION_TABLE)} characters")
    for table in tables.tables.values():
        _check_table(name, table)


def _check_table(plugin: str, table: Table) -> None:
    if table.schema or not re.fullmatch(rf"{plugin}_[a-z0-9_]+", table.name):
        raise ValueError(f"rename the table {table.fullname} to {plugin}_..., in lower case, and put it into no schema")
    if table.name.endswith(VERSION_TABLE):
        raise ValueError(f"rename the table {table.name}: what ends in {VERSION_TABLE} belongs to the migrations")
    if not table.primary_key.columns:
        raise ValueError(f"the table {table.name} needs a primary key")
    for name in (table.name, *(constraint.name for constraint in table.constraints), *(i.name for i in table.indexes)):
        if isinstance(name, str) and len(name) > LONGEST:
            raise ValueError(f"the name {name} has more than {LONGEST} characters; give it a shorter one")
    for column in table.columns:
        if isinstance(column.type, Enum) and column.type.native_enum:
            raise ValueError(f"{table.name}.{column.name} makes a type of its own; give the Enum native_enum=False")
    for key in table.foreign_key_constraints:
        _check_key(table, key)


def _check_key(table: Table, key: ForeignKeyConstraint) -> None:
    where = f"{table.name}.{', '.join(key.column_keys)}"
    try:
        target = key.elements[0].column
    except NoReferenceError:
        raise ValueError(
            f"{where} refers to {key.elements[0].target_fullname}, which is no table of the plugin; to those of the "
            "core lead core_key(...)"
        ) from None
    own = target.table.metadata is table.metadata
    core = target.table.metadata is metadata and target.name == "id"
    nullable = all(column.nullable for column in key.columns)
    if problem := key_problem(target.table.name if own or core else str(target), own, key.ondelete, nullable):
        raise ValueError(f"{where} {problem}")


def key_problem(referred: str, own: bool, ondelete: str | None, nullable: bool) -> str | None:
    """Say what is wrong with a foreign key of a plugin that leads to the table `referred`, its own or another; or None.

    `nullable` tells whether all of its columns may be NULL.
    """
    if not own and referred not in CORE_TABLES:
        return f"refers to {referred}; a plugin may refer to its own tables and to {', '.join(CORE_TABLES)}"
    ondelete = (ondelete or "").upper()
    if ondelete not in {"CASCADE", "SET NULL"}:
        return f"refers to {referred}: give it ondelete CASCADE or SET NULL, or its rows could not be deleted there"
    if ondelete == "SET NULL" and not nullable:
        return f"refers to {referred} with ondelete SET NULL: let the column be NULL, or choose CASCADE"
    return None
