"""Writing the next revision of a plugin's tables: what its code declares, compared with what its revisions make."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import msgspec
from alembic import command
from alembic.operations import ops
from sqlalchemy import Connection
from sqlalchemy.sql.elements import False_, True_

from lms_core.db import Database, Hundredths, Instant, Json
from lms_core.hooks.plugin import Plugin
from lms_core.migrations import migrate
from lms_core.migrations.alone import alone
from lms_core.migrations.plugins import configured, folder, migrate_plugin, revisions


class Written(msgspec.Struct, frozen=True):
    """The file of a new revision, and why it may fail where its tables have rows, a sentence for each column."""

    file: Path
    doubts: list[str]


async def write_revision(plugin: Plugin, message: str) -> Written | None:
    """Write the next revision into the plugin's folder; None when nothing has changed.

    The revisions that are there are carried out in a temporary SQLite database. Raises Conflict when they fail.
    """
    known = len(revisions(plugin).known) if _has_revisions(plugin) else 0
    with TemporaryDirectory(prefix="lms-") as name:
        database = Database(f"sqlite:///{name}/lms.sqlite3")
        try:
            await migrate(database)
            if known:
                await migrate_plugin(database, plugin)
            async with alone(database) as connection:
                made = await connection.run_sync(_write, plugin, message, f"{known + 1:04}")
        finally:
            await database.close()
    if made:
        await asyncio.to_thread(_format, made.file)
    return made


def _format(file: Path) -> None:
    """Let the author's own formatter have the file, if there is one, with the settings of the plugin's folder."""
    if find_spec("ruff"):
        for words in (["check", "--fix-only", "--select", "I"], ["format"]):
            subprocess.run([sys.executable, "-m", "ruff", *words, "--quiet", file], check=False)


def _has_revisions(plugin: Plugin) -> bool:
    return any(file.name != "__init__.py" for file in folder(plugin).glob("*.py"))


def _write(connection: Connection, plugin: Plugin, message: str, revision: str) -> Written | None:
    place = folder(plugin)
    doubts: list[str] = []

    def unless_empty(_context: Any, _revision: Any, directives: list[Any]) -> None:
        if directives[0].upgrade_ops.is_empty():
            directives.clear()
        else:
            place.mkdir(parents=True, exist_ok=True)
            (place / "__init__.py").touch()
            doubts.extend(_doubts(directives[0].upgrade_ops))

    config = configured(connection, plugin)
    config.attributes["options"]["render_item"] = _rendered
    made: Any = command.revision(
        config,
        message=message,
        autogenerate=True,
        rev_id=revision,
        process_revision_directives=unless_empty,
    )
    return Written(Path(made.path), doubts) if made else None


def _doubts(changes: ops.UpgradeOps) -> list[str]:
    """Find what a table with rows would refuse."""
    found = []
    for change in (part for table in changes.ops if isinstance(table, ops.ModifyTableOps) for part in table.ops):
        match change:
            case ops.AddColumnOp(column=column, table_name=table) if not column.nullable and not column.server_default:
                found.append(
                    f"{table}.{column.name} is not nullable and has no server_default, so this revision fails where "
                    f"{table} has rows: give the column one, delete the file and let it be written again"
                )
            case ops.AlterColumnOp(modify_nullable=False, table_name=table, column_name=name):
                found.append(
                    f"{table}.{name} is not nullable any more, so this revision fails where a row has NULL there: "
                    f"let it fill them in first"
                )
    return found


def _rendered(kind: str, item: Any, context: Any) -> str | Literal[False]:
    """Write what must not be written as SQLite sees it, and the host's column types as a plugin imports them."""
    if kind == "server_default" and isinstance(getattr(item, "arg", None), True_ | False_):
        return "sa.true()" if isinstance(item.arg, True_) else "sa.false()"
    if kind != "type" or not (item is Json or isinstance(item, Instant | Hundredths)):
        return False
    context.imports.add("import lms_core.api")
    return "lms_core.api.Json" if item is Json else f"lms_core.api.{type(item).__name__}()"
