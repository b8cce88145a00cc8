"""`lms run PLUGIN COMMAND`: the commands that plugins bring along; `lms PLUGIN TOOL`: those that need no server."""

from __future__ import annotations

import inspect
from functools import partial, wraps
from typing import Any

import click
from sqlalchemy import select

from lms_core.commands.running import run_on_database
from lms_core.db import Database
from lms_core.errors import LmsError
from lms_core.hooks.context import Context
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.registry import Registry, load
from lms_core.migrations.plugins import unready
from lms_core.programmes.enablement import Enablement
from lms_core.programmes.tables import programme
from lms_core.settings import Settings


class Commands(click.Group):
    """The installed plugins that have commands, each a group of its own; they are looked up when asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the plugins that have commands."""
        return sorted(name for name, plugin in load().plugins.items() if plugin.commands)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the commands of one plugin; a reason instead of None if it could not be used."""
        registry = load()
        plugin = registry.plugins.get(cmd_name)
        if plugin is None:
            if reason := registry.failed.get(cmd_name):
                raise click.ClickException(f"the plugin {cmd_name} cannot be used: {reason}")
            return None
        commands = [_for_programme(registry, cmd_name, command) for command in plugin.commands]
        return click.Group(cmd_name, commands=commands, help=f"Commands of the plugin {cmd_name}.")


def _for_programme(registry: Registry, plugin: str, command: click.Command) -> click.Command:
    """Return the command with the option --programme, run with the context of that programme."""
    callback: Any = command.callback

    @wraps(callback)
    def called(*, programme: str, **options: Any) -> None:
        async def work(found: Settings) -> int:
            database = Database(found.database_url)
            try:
                context = await _context(database, registry, plugin, programme, found.public_url)
                await callback(context, **options)
            finally:
                await database.close()
            return 0

        run_on_database(work)

    key = click.Option(["--programme"], required=True, help="The key of the programme.")
    return click.Command(command.name, params=[key, *command.params], callback=called, help=command.help)


async def _context(database: Database, registry: Registry, plugin: str, key: str, public_url: str) -> Context:
    """Return the context of a plugin in the programme with this key. Raises LmsError unless it is enabled there."""
    async with database.read() as connection:
        programme_id = await connection.scalar(select(programme.c.id).where(programme.c.key == key))
    if programme_id is None:
        raise LmsError(f"There is no programme with the key {key!r}.")
    enablement = Enablement(database, registry, partial(unready, database, registry))
    enabled = await enablement(programme_id)
    if plugin not in enabled:
        raise LmsError(f"The plugin {plugin} is not enabled in the programme {key!r}.")
    settings = enabled[plugin]
    if isinstance(settings, Exception):
        raise LmsError(f"The plugin {plugin} cannot be used in the programme {key!r}: {settings}")
    hooks = Dispatcher(registry, enablement, database, public_url)
    return Context(plugin, programme_id, settings, database, public_url=public_url, hooks=hooks)


class WithTools(click.Group):
    """The commands of the core, and beside them the tools of the installed plugins, looked up when asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Name the commands of the core and the plugins that have tools."""
        tools = [name.replace("_", "-") for name, plugin in load().plugins.items() if plugin.tools]
        return sorted({*super().list_commands(ctx), *tools})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command of the core, or else the tools of the plugin of this name."""
        if found := super().get_command(ctx, cmd_name):
            return found
        registry, name = load(), cmd_name.replace("-", "_")
        if reason := registry.failed.get(name):
            raise click.ClickException(f"the plugin {name} cannot be used: {reason}")
        plugin = registry.plugins.get(name)
        if plugin is None or not plugin.tools:
            return None
        tools = [_with_database(tool) for tool in plugin.tools]
        return click.Group(cmd_name, commands=tools, help=f"Tools of the plugin {name}.")


def _with_database(tool: click.Command) -> click.Command:
    """Return a tool that is an `async def` so that it is given the database of the installation."""
    callback: Any = tool.callback
    if not inspect.iscoroutinefunction(callback):
        return tool

    @wraps(callback)
    def called(**options: Any) -> None:
        async def work(found: Settings) -> int:
            database = Database(found.database_url)
            try:
                return await callback(database, **options) or 0
            finally:
                await database.close()

        run_on_database(work)

    return click.Command(tool.name, params=tool.params, callback=called, help=tool.help)


@click.command("run", cls=Commands)
def run_command() -> None:
    """Run a command of an installed plugin for a programme that has enabled it."""
