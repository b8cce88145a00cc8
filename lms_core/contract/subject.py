"""What the steps of a check work on, and how they tell what they find."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from importlib.metadata import EntryPoint
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec

from lms_core.contract.report import Outcome
from lms_core.contract.server import Client, Clock, Programme, Server
from lms_core.contract.target import Target
from lms_core.hooks.plugin import Plugin
from lms_core.hooks.registry import Registry


class Finding(msgspec.Struct, frozen=True):
    """What a step has found: something wrong, or a warning."""

    outcome: Outcome
    text: str


def wrong(text: str) -> Finding:
    """Say what must be changed."""
    return Finding("failed", text)


def advice(text: str) -> Finding:
    """Say what would be better."""
    return Finding("warning", text)


class Skip(Exception):
    """A step cannot be taken; the message says what is missing."""


class Subject:
    """A plugin under check. What a step makes for later ones is kept here; whoever asks too early gets Skip."""

    def __init__(self, target: Target, entry: EntryPoint, stack: ExitStack) -> None:
        self.target = target
        self.entry = entry
        self.stack = stack
        self.clock = Clock()
        self.import_seconds: float | None = None
        self.registry: Registry | None = None
        self.examples: list[dict[str, Any]] = []
        self.scene: Scene | None = None

    @cached_property
    def folder(self) -> Path:
        """Make a temporary folder, which goes with the check."""
        return Path(self.stack.enter_context(TemporaryDirectory(prefix="lms-check-")))

    @property
    def plugin(self) -> Plugin:
        """Return the plugin, once it is registered."""
        if self.registry is None:
            raise Skip("it could not be registered")
        return next(iter(self.registry.plugins.values()))

    @property
    def smallest_settings(self) -> dict[str, Any]:
        """Return settings with which the plugin can be enabled."""
        if not self.examples:
            raise Skip("there is no example of its settings to enable it with")
        return self.examples[0]

    @property
    def running(self) -> Scene:
        """Return the running core."""
        if self.scene is None:
            raise Skip("no core runs in which it is enabled")
        return self.scene


class Scene(msgspec.Struct, frozen=True):
    """A running core with the plugin in the first of two programmes; a student of that, and somebody without a role."""

    server: Server
    on: Programme
    other: Programme
    student: Client
    nobody: Client
