"""The plugin: its manifest and its hooks."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from lms_core.api import Context, EnrolmentCreated, EnrolmentRequest, Objection, Plugin, hookimpl
from lms_enrolment_window.rules import objections
from lms_enrolment_window.settings import Settings


class EnrolmentWindow(Plugin):
    """Lets students enrol within a window of time, and logs enrolments to the file named by ENROLMENT_LOG."""

    name = "enrolment_window"
    requires = "lms>=0.1,<1"
    settings = Settings

    @hookimpl
    async def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
        """Object outside of the programme's window."""
        return objections(context.settings, datetime.now(UTC))

    @hookimpl
    async def enrolment_created(self, context: Context, event: EnrolmentCreated) -> None:
        """Append one line to the log; whoever reads it knows a repeated delivery by its key."""
        if path := os.environ.get("ENROLMENT_LOG"):
            line = msgspec.json.encode({"key": context.idempotency_key, "event": event}) + b"\n"
            await asyncio.to_thread(_append, Path(path), line)


def _append(path: Path, line: bytes) -> None:
    with path.open("ab") as log:
        log.write(line)
