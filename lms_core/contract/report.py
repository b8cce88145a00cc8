"""What a check of a plugin tells, step by step, and how far the plugin came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

LEVELS = ("loads", "keeps apart", "sound settings", "sound tables", "behaves", "off means off")
"""What a plugin can be trusted with: each level includes those before it."""

Outcome = Literal["ok", "warning", "skipped", "failed"]
WORSE: Sequence[Outcome] = ("ok", "warning", "skipped", "failed")


class Checking(msgspec.Struct, frozen=True, tag=True):
    """The check of a plugin begins."""

    plugin: str


class Begun(msgspec.Struct, frozen=True, tag=True):
    """A step begins; levels count from 1."""

    level: int
    title: str


class Step(msgspec.Struct, frozen=True, tag=True):
    """A step has ended; `findings` say what to change, or why it was skipped."""

    level: int
    title: str
    outcome: Outcome
    findings: list[str] = []


class Finished(msgspec.Struct, frozen=True, tag=True):
    """Everything was checked."""


Message = Checking | Begun | Step | Finished


class Report(msgspec.Struct):
    """The steps of one plugin."""

    plugin: str
    steps: list[Step] = []

    @property
    def reached(self) -> int:
        """Return the highest level all steps of which are done and none failed, as of those below it; 0 if none is."""
        open_levels = {step.level for step in self.steps if step.outcome in {"skipped", "failed"}}
        done = {step.level for step in self.steps} - open_levels
        return next((level - 1 for level in range(1, len(LEVELS) + 2) if level not in done), 0)

    @property
    def failed(self) -> bool:
        """Tell whether any step failed."""
        return any(step.outcome == "failed" for step in self.steps)
