"""Whether what a plugin says about itself holds; each refusal tells its author what to change."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import click
import msgspec
from packaging.requirements import InvalidRequirement, Requirement

from lms_core.db import metadata
from lms_core.hooks.metadata import check_tables
from lms_core.hooks.plugin import Job, Permission, Plugin, Role
from lms_core.permissions import ROLES
from lms_core.types import END

API_VERSION = "0.2"
"""Version of the plugin API; version 1 begins when the four plugins exist."""

TAKEN = frozenset(
    {
        "adoptions", "cohort", "deliveries", "enrolments", "exports", "guest-links", "imports", "media", "media-quota",
        "media-search", "media-usage", "modules", "openapi.json", "overview", "partners", "permissions", "plugins",
        "plugins-health", "regulations", "runs", "terms", "transcripts", "webhooks",
    }
)  # fmt: skip
"""Words that the core uses after /programmes/{id}/, where the routes of a plugin begin with its name."""

_OTHERS = ("alembic_version", "sqlite_master", "pg_class")
"""Tables that are neither the core's nor a plugin's; databases keep such names for themselves."""

NAME = re.compile(rf"[a-z][a-z0-9_]{{0,59}}{END}")
SHORT_NAME = re.compile(rf"[a-z][a-z0-9_-]{{0,59}}{END}")
SHORTEST_PAUSE = timedelta(minutes=1)


class PluginError(Exception):
    """A plugin cannot be used; the message tells its author what to change."""


def check_manifest(plugin: Plugin) -> None:
    """Raise PluginError unless name, version, settings, permissions, roles, jobs, commands and tables hold."""
    kind = type(plugin).__name__
    if not isinstance(plugin, Plugin):
        raise PluginError(f"{kind} must inherit from lms_core.api.Plugin")
    _check_name(kind, getattr(plugin, "name", None))
    _check_requires(kind, plugin.requires)
    _check_settings(kind, plugin.settings)
    if not _all(plugin.after, str):
        raise PluginError(f"{kind}.after must be a tuple of the names of other plugins, not {plugin.after!r}")
    _check_permissions(plugin)
    _check_jobs(kind, plugin.jobs)
    _check_commands(kind, plugin.commands)
    if not _all(plugin.tools, click.Command):
        raise PluginError(f"{kind}.tools must be a tuple of click commands")
    _check_once(kind, "tool", [str(tool.name) for tool in plugin.tools])
    try:
        check_tables(plugin)
    except ValueError as error:
        raise PluginError(f"{kind}: {error}") from None


def check_neighbours(name: str, others: Iterable[str]) -> None:
    """Raise PluginError when the tables and permissions of two plugins could not be told apart by their names."""
    for other in others:
        if name == other:
            raise PluginError(f"the name {name!r} is taken by another plugin; choose another `name`")
        if f"{name}_".startswith(f"{other}_") or f"{other}_".startswith(f"{name}_"):
            raise PluginError(
                f"the name {name!r} and that of the plugin {other!r} begin alike, so their tables could not be told "
                "apart; choose another `name`"
            )


def _check_name(kind: str, name: Any) -> None:
    if not isinstance(name, str) or not NAME.match(name):
        raise PluginError(
            f"{kind}.name must be a lower-case letter and up to 59 letters, digits and underscores, not {name!r}"
        )
    if name in TAKEN or any(f"{table}_".startswith(f"{name}_") for table in [*metadata.tables, *_OTHERS]):
        raise PluginError(f"{kind}.name {name!r} is a word of the core's own routes or tables; choose another `name`")


def _check_requires(kind: str, requires: Any) -> None:
    try:
        required = Requirement(requires)
    except (InvalidRequirement, TypeError):
        raise PluginError(f"{kind}.requires must look like 'lms>=1,<2', not {requires!r}") from None
    if required.name != "lms" or not required.specifier.contains(API_VERSION, prereleases=True):
        raise PluginError(
            f"{kind}.requires {requires!r}, but this is version {API_VERSION} of the plugin API; "
            "install a release of the plugin made for it"
        )


def _check_settings(kind: str, settings: Any) -> None:
    if not (isinstance(settings, type) and issubclass(settings, msgspec.Struct)):
        raise PluginError(f"{kind}.settings must be a msgspec.Struct class")
    if not (settings.__struct_config__.frozen and settings.__struct_config__.forbid_unknown_fields):
        raise PluginError(f"{settings.__name__} must be declared with frozen=True, forbid_unknown_fields=True")
    try:
        msgspec.json.schema(settings)
    except Exception as error:
        reason = str(error).splitlines()[-1]
        raise PluginError(f"{settings.__name__} must hold only types that JSON has a schema for: {reason}") from None


def _check_permissions(plugin: Plugin) -> None:
    kind = type(plugin).__name__
    if not _all(plugin.permissions, Permission) or not _all(plugin.roles, Role):
        raise PluginError(f"{kind}.permissions must be a tuple of Permission, {kind}.roles a tuple of Role")
    if not _all(plugin.guests, Permission) or any(guest.roles for guest in plugin.guests):
        raise PluginError(f"{kind}.guests must be a tuple of Permission without roles, for guests have none")
    own = re.compile(rf"{plugin.name}\.[a-z][a-z0-9_]{{0,50}}{END}")
    names = [*(item.name for item in (*plugin.permissions, *plugin.guests)), *(item.name for item in plugin.roles)]
    for name in names:
        if not isinstance(name, str) or not own.match(name):
            wanted = f"name its permissions, roles and guests {plugin.name}.word, in lower case"
            raise PluginError(f"{kind}: {wanted}, not {name!r}")
    _check_once(kind, "permission, role or guest", names)
    known = {*ROLES, *(role.name for role in plugin.roles)}
    for permission in plugin.permissions:
        if permission.confidential and not permission.roles:
            raise PluginError(f"{kind}: {permission.name} is confidential and names no role; nobody could ever hold it")
        for role in permission.roles:
            if role not in known:
                raise PluginError(
                    f"{kind}: {permission.name} names the role {role!r}; there are {', '.join(sorted(known))}"
                )


def _check_jobs(kind: str, jobs: Any) -> None:
    if not _all(jobs, Job):
        raise PluginError(f"{kind}.jobs must be a tuple of Job")
    for job in jobs:
        if not SHORT_NAME.match(job.name):
            raise PluginError(f"{kind}: name the job {job.name!r} in lower case, with digits, - and _ only")
        if not inspect.iscoroutinefunction(job.run) or len(inspect.signature(job.run).parameters) != 2:
            raise PluginError(f"{kind}: the job {job.name} must be an `async def` function of (context, payload)")
        if job.every is not None and job.every < SHORTEST_PAUSE:
            raise PluginError(f"{kind}: the job {job.name} may recur every minute at most; make `every` longer")
        if not 0 < job.seconds <= 3600:
            raise PluginError(f"{kind}: the job {job.name} must take between 0 and 3600 `seconds`")
    _check_once(kind, "job", [job.name for job in jobs])


def _check_commands(kind: str, commands: Any) -> None:
    if not _all(commands, click.Command):
        raise PluginError(f"{kind}.commands must be a tuple of click commands")
    for command in commands:
        if not inspect.iscoroutinefunction(command.callback):
            raise PluginError(
                f"{kind}: the command {command.name} must be an `async def` whose first argument is context"
            )
        if any(parameter.name == "programme" for parameter in command.params):
            raise PluginError(f"{kind}: the command {command.name} gets --programme from the host; rename its own")
    _check_once(kind, "command", [str(command.name) for command in commands])


def _check_once(kind: str, what: str, names: Sequence[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PluginError(f"{kind} declares the {what} {twice[0]} twice")


def _all(items: Any, kind: type) -> bool:
    return isinstance(items, tuple | list) and all(isinstance(item, kind) for item in items)
