"""`lms plugin`: the plugins of an installation and their tables, for operators and for those who write them."""

from __future__ import annotations

import asyncio
import re
from importlib.metadata import entry_points
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import func, select

from lms_core import settings
from lms_core.client.report import make_console
from lms_core.commands.plugin_check import check_command
from lms_core.commands.plugin_new import new_command
from lms_core.commands.running import run_on_database
from lms_core.db import AsyncConnection, Database
from lms_core.errors import Conflict, LmsError, NotFound
from lms_core.hooks.plugin import Plugin
from lms_core.hooks.registry import Registry, load
from lms_core.migrations.plugins import downgrade_plugin, present_revisions, revisions, unready
from lms_core.migrations.writing import write_revision
from lms_core.plugin_purge import belongings, enabled_in, purge
from lms_core.programmes.tables import programme_plugin
from lms_core.types import now


@click.group()
def plugin() -> None:
    """Look after the installed plugins and their tables, and write new ones."""


plugin.add_command(new_command)
plugin.add_command(check_command)


@plugin.command("list")
def list_command() -> None:
    """List what is installed, what was left out and why, and what plugins that are gone have left behind."""
    run_on_database(_list)


async def _list(found: settings.Settings) -> int:
    registry, database = load(), Database(found.database_url)
    try:
        reasons = {**registry.failed, **await unready(database, registry)}
        async with database.read() as connection:
            present = await connection.run_sync(present_revisions)
            enabled = await _enabled(connection)
    finally:
        await database.close()
    table = Table("name", "version", "requires", "state", "tables", "needed", "programmes", box=None, pad_edge=False)
    for name in sorted({*registry.plugins, *registry.failed, *present, *enabled}):
        known = registry.plugins.get(name)
        gone = "" if known else "not installed"
        table.add_row(
            name,
            _version(name, known),
            known.requires if known else "",
            escape(reasons.get(name, gone or "usable")),
            present.get(name) or "",
            await asyncio.to_thread(_needed, known),
            str(enabled.get(name, 0)),
        )
    make_console().print(table)
    return 0


async def _enabled(connection: AsyncConnection) -> dict[str, int]:
    """Count the programmes that have each plugin enabled, of those that were ever enabled anywhere."""
    count = func.count().filter(programme_plugin.c.enabled)
    rows = await connection.execute(select(programme_plugin.c.plugin, count).group_by(programme_plugin.c.plugin))
    return {row[0]: row[1] for row in rows}


def _version(name: str, known: Plugin | None) -> str:
    """Return the version of the distribution that a plugin comes from."""
    kind = type(known)
    for entry in entry_points(group="lms.plugins"):
        if entry.value == f"{kind.__module__}:{kind.__qualname__}" or (known is None and entry.name == name):
            return entry.dist.version if entry.dist else ""
    return ""


def _needed(known: Plugin | None) -> str:
    try:
        return revisions(known).head if known and known.tables is not None else ""
    except Conflict:  # why stands in the plugin's state
        return ""


@plugin.command("purge")
@click.argument("name")
@click.option(
    "--export", "file", type=click.Path(path_type=Path, dir_okay=False), help="Where to; NAME-DATE.json else."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def purge_command(name: str, file: Path | None, yes: bool) -> None:
    """Remove all that is kept of the plugin NAME, installed or not; first it is written into a file.

    No programme may have it enabled. Its tables come back, empty, with the next `lms migrate` while it is installed.
    """
    target = file or Path(f"{name}-{now():%Y-%m-%d}.json")

    async def work(found: settings.Settings) -> int:
        return await _purge(found, name, target, yes)

    run_on_database(work)


async def _purge(found: settings.Settings, name: str, file: Path, yes: bool) -> int:
    database = Database(found.database_url)
    try:
        async with database.read() as connection:
            rows = await belongings(connection, name)
            programmes = await enabled_in(connection, name)
        if not rows:
            raise NotFound(f"Nothing is kept of a plugin {name}.")
        if programmes:
            raise Conflict(f"{name} is enabled in {', '.join(programmes)}; disable it there first.")
        if await asyncio.to_thread(file.exists):
            raise Conflict(f"{file} is there already; name another one with --export.")
        _show(make_console(), rows)
        if not yes and not click.confirm(f"Write them into {file}, and remove them from the database?"):
            return 1
        await purge(database, name, file)
        click.echo(f"{name} is removed; what was kept of it is in {file}")
    finally:
        await database.close()
    return 0


def _show(console: Console, rows: dict[str, int]) -> None:
    table = Table("table", "rows", box=None, pad_edge=False)
    for name, count in rows.items():
        table.add_row(name, str(count))
    console.print(table)


@plugin.command("migration")
@click.argument("name")
@click.argument("message")
def migration_command(name: str, message: str) -> None:
    """Write the next revision of the tables of the plugin NAME into its folder; MESSAGE says what it does.

    Read it before you use it: renamed columns, for instance, look like one dropped and one added.
    """
    if not re.fullmatch(r'[^"\\\x00-\x1f]{1,80}', message):
        raise click.BadParameter(
            "one line of at most 80 characters, without quotes and backslashes", param_hint="MESSAGE"
        )
    try:
        made = asyncio.run(write_revision(_usable(load(), name), message.rstrip(".")))
    except LmsError as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"wrote {made.file}" if made else "nothing changed")
    for doubt in made.doubts if made else ():
        click.echo(f"Warning: {doubt}", err=True)


@plugin.command("downgrade")
@click.argument("name")
@click.argument("revision")
def downgrade_command(name: str, revision: str) -> None:
    """Take the tables of the plugin NAME back to a REVISION ("base": to nothing); what only later ones hold is lost."""

    async def work(found: settings.Settings) -> int:
        known, database = _usable(load(), name), Database(found.database_url)
        try:
            before, after = await downgrade_plugin(database, known, revision)
        finally:
            await database.close()
        click.echo(f"{name}: {before or 'empty'} -> {after or 'empty'}")
        return 0

    run_on_database(work)


def _usable(registry: Registry, name: str) -> Plugin:
    """Return an installed plugin that has tables. Raises Conflict or NotFound."""
    if reason := registry.failed.get(name):
        raise Conflict(f"{name} cannot be used: {reason}")
    if name not in registry.plugins:
        raise NotFound(f"There is no plugin {name}; installed are: {', '.join(sorted(registry.plugins)) or 'none'}.")
    found = registry.plugins[name]
    if found.tables is None:
        raise Conflict(f"{name} has no tables.")
    return found
