"""The rule itself: no host, no clock, so that it can be tested by itself."""

from __future__ import annotations

from datetime import datetime

from lms_core.api import Objection
from lms_enrolment_window.settings import Settings


def objections(settings: Settings, now: datetime) -> list[Objection]:
    """Say what speaks against an enrolment at the moment `now` (aware)."""
    if now < settings.moment(settings.opens):
        reason = f"Enrolment opens on {settings.opens:%Y-%m-%d at %H:%M} ({settings.zone})."
        return [Objection("not-open-yet", reason)]
    if now >= settings.moment(settings.closes):
        reason = f"Enrolment closed on {settings.closes:%Y-%m-%d at %H:%M} ({settings.zone})."
        return [Objection("closed", reason)]
    return []
