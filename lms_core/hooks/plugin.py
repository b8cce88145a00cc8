"""What a plugin is: a class with its manifest as attributes and its behaviour as `@hookimpl` methods."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from typing import Any, ClassVar
from uuid import UUID

import msgspec
import pluggy

from lms_core.db import AsyncConnection, Database

hookimpl = pluggy.HookimplMarker("lms")
"""Mark a method of a plugin as the implementation of the hook of the same name."""


class NoSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of a plugin that has none."""


class Plugin:
    """Base of every plugin.

    `name` is the plugin's name everywhere (lower case, underscores), `requires` the versions of the plugin API
    it was written for, `settings` a frozen msgspec Struct that refuses unknown fields: one value of it is kept
    per programme.
    """

    name: ClassVar[str]
    requires: ClassVar[str] = "lms>=0"
    settings: ClassVar[type[msgspec.Struct]] = NoSettings


class Context:
    """What the host hands to a hook: for which programme it runs, with which settings, and its own database access.

    `idempotency_key` is set for events and jobs: it is the same at every repetition of the same delivery.
    """

    def __init__(
        self, plugin: str, programme_id: UUID, settings: Any, database: Database, idempotency_key: str | None = None
    ) -> None:
        self.plugin = plugin
        self.programme_id = programme_id
        self.settings = settings
        self.idempotency_key = idempotency_key
        self._database = database

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a connection of the plugin's own for reading."""
        return self._database.read()

    def write(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Open a transaction of the plugin's own."""
        return self._database.write()
