"""What a plugin is: a class with its manifest as attributes and its behaviour as `@hookimpl` methods."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from typing import Any, ClassVar

import click
import msgspec
import pluggy
from sqlalchemy import MetaData

from lms_core.hooks.links import GUEST

hookimpl = pluggy.HookimplMarker("lms")
"""Mark a method of a plugin as the implementation of the hook of the same name."""


class NoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of a plugin that has none."""


class Permission(msgspec.Struct, frozen=True):
    """A permission of a plugin: `plugin.verb`, what it allows in a few words, and the roles that get it at first.

    `roles` name roles of the core or of this plugin; administrators of the whole system always get it. It is given
    to them once; from then on administrators decide who holds it.

    A `confidential` one is for these roles alone: administrators of the system do not get it, and can take it from a
    role and give it back, but to no other role. Whoever shall use it is granted one of the roles, which is recorded.
    """

    name: str
    meaning: str
    roles: tuple[str, ...] = ()
    confidential: bool = False


class Role(msgspec.Struct, frozen=True):
    """A role that a plugin brings along: `plugin.name` and its title; permissions name it among their `roles`."""

    name: str
    title: str


class Job(msgspec.Struct, frozen=True):
    """Work that is done by the worker: `run(context, payload)`, async.

    With `every` it recurs in each programme where the plugin is enabled (`payload` is None then); without, it runs
    when the plugin enqueues it. It may take `seconds`; one that fails is tried again like an event. One that `finishes`
    what was begun goes on where the plugin was enabled and is no more (`context.off`).
    """

    name: str
    run: Callable[..., Coroutine[Any, Any, None]]
    every: timedelta | None = None
    payload: Any = None
    seconds: float = 60.0
    finishes: bool = False


class Desk(msgspec.Struct, frozen=True):
    """Whom guests ask, as one line with name and address, and the IANA zone in which they read times."""

    contact: str = ""
    zone: str = "UTC"


class Plugin:
    """Base of every plugin.

    `name` is the plugin's name everywhere (lower case, underscores), `requires` the versions of the plugin API
    it was written for, `settings` a frozen msgspec Struct that refuses unknown fields: one value of it is kept
    per programme. `after` names plugins whose hooks are asked before this one's, where both are enabled.

    `permissions`, `roles`, `routes` (handlers made by get, post, put, patch, delete), `jobs` and `commands` (click)
    are what it contributes; `guests` names as what people without an account may come by a link, and what that allows
    (a Permission without roles), and `tools` are click commands for no programme, run as `lms NAME COMMAND` (with - for
    _): one that is an `async def` is given the Database of the installation, and returns its exit code, if any.
    `tables` is the MetaData from `plugin_tables(name)`, and `migrations` the folder of its alembic revisions as
    `package:folder`.
    """

    name: ClassVar[str]
    requires: ClassVar[str] = "lms>=0"
    settings: ClassVar[type[msgspec.Struct]] = NoSettings
    after: ClassVar[Sequence[str]] = ()
    permissions: ClassVar[Sequence[Permission]] = ()
    roles: ClassVar[Sequence[Role]] = ()
    guests: ClassVar[Sequence[Permission]] = ()
    routes: ClassVar[Sequence[Any]] = ()
    jobs: ClassVar[Sequence[Job]] = ()
    commands: ClassVar[Sequence[click.Command]] = ()
    tools: ClassVar[Sequence[click.Command]] = ()
    tables: ClassVar[MetaData | None] = None
    migrations: ClassVar[str | None] = None

    def desk(self, settings: Any) -> Desk:
        """Return whom guests ask in a programme with these settings: the host tells whoever's link opens nothing."""
        return Desk()

    def declared(self) -> list[str]:
        """Return what its routes may name as their permission, beside what the core has."""
        return [*(one.name for one in self.permissions), *(f"{GUEST}{one.name}" for one in self.guests)]
