"""What travels over the wire about plugins: what they bring along, and how they stand in a programme."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta

from lms_core.hooks.types import Effect
from lms_core.types import END, Payload, View, check_json

PluginName = Annotated[str, Meta(pattern=rf"^[a-z][a-z0-9_]{{0,59}}{END}")]


class PermissionOffer(View, frozen=True):
    """A permission: what it allows, whose it is (None: the core's), and the roles that a plugin's is given to first.

    A confidential one no other role can hold.
    """

    name: str
    meaning: str
    plugin: str | None = None
    roles: list[str] = []
    confidential: bool = False


class Permissions(View, frozen=True):
    """The permissions that mean something in a programme."""

    items: list[PermissionOffer]


class RoleOffer(View, frozen=True):
    """A role that a plugin brings along."""

    name: str
    title: str


class JobOffer(View, frozen=True):
    """A job of a plugin, and the seconds between its runs if it recurs."""

    name: str
    every_seconds: int | None


class Contribution(View, frozen=True, kw_only=True):
    """What a plugin adds to a programme: routes as `METHOD address`, hooks, permissions, roles, jobs and commands."""

    routes: list[str] = []
    hooks: list[str] = []
    permissions: list[PermissionOffer] = []
    roles: list[RoleOffer] = []
    jobs: list[JobOffer] = []
    commands: list[str] = []


class Plugin(View, frozen=True, kw_only=True):
    """An installed plugin, or one that could not be used, with the reason."""

    name: str
    description: str
    requires: str
    contributes: Contribution
    settings_schema: dict[str, Any]
    failed: str | None = None


class Plugins(View, frozen=True):
    """The plugins of this installation."""

    items: list[Plugin]


class PluginState(View, frozen=True, kw_only=True):
    """A plugin in a programme: whether it is enabled, its settings, and who changed that when."""

    name: str
    enabled: bool
    settings: dict[str, Any]
    revision: int
    changed_by: UUID | None
    changed_at: datetime | None


class PluginStates(View, frozen=True):
    """Plugins as they stand in a programme, or one as it stood after each change."""

    items: list[PluginState]


class PluginChange(Payload, frozen=True, kw_only=True):
    """Whether a plugin is enabled in a programme, and its settings by the plugin's schema (none given: as before)."""

    enabled: bool
    settings: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        """Refuse settings that cannot be kept."""
        check_json("settings", self.settings)


class Reversal(Payload, frozen=True):
    """The revision whose enablement and settings shall hold again."""

    revision: Annotated[int, Meta(ge=1, le=2_000_000_000)]


class Hindrance(View, frozen=True):
    """Something that stands against a change: where, and why."""

    where: str
    reason: str


class Standing(View, frozen=True):
    """Whether a plugin is enabled, and its settings."""

    enabled: bool
    settings: dict[str, Any]


class PluginPreview(View, frozen=True, kw_only=True):
    """What a change would do, before anything is done.

    `hindrances` would refuse it. Not in `disappears` are routes and jobs that finish what was begun, as they go on for
    that. `effects` is what the plugin says about the data that it keeps of this programme;
    `degraded` tells that it failed to say anything.
    """

    name: str
    before: Standing
    after: Standing
    hindrances: list[Hindrance]
    appears: Contribution
    disappears: Contribution
    effects: list[Effect]
    degraded: bool
