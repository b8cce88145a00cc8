"""What hooks may be told, with persons, runs and modules that are there."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from lms_core.contract.server import Programme
from lms_core.hooks.types import (
    CalendarRequest,
    CandidateEvent,
    ConstraintsRequest,
    CreditEvent,
    CreditsRequest,
    DeadlineEvent,
    EnrolmentCreated,
    EnrolmentEnded,
    EnrolmentRequest,
    ExamEvent,
    ExtensionEvent,
    HandInEvent,
    ModuleCompleted,
    PluginChanged,
    PluginProposal,
    RunDecided,
    SessionEvent,
    SessionPlan,
    Slot,
    SlotsRequest,
)
from lms_core.types import new_id, now


def payloads(programme: Programme, person: str, plugin: str) -> dict[type, Any]:
    """Return a payload of each kind that any hook is given."""
    programme_id, run_id, module_id = UUID(programme.id), UUID(programme.run_id), UUID(programme.module_id)
    person_id = UUID(person)
    session: dict[str, Any] = {
        "run_id": run_id,
        "programme_id": programme_id,
        "title": "Lithography",
        "starts": datetime(2026, 10, 16, 14),
        "ends": datetime(2026, 10, 16, 17, 30),
        "zone": "Europe/Berlin",
        "mode": "on_site",
        "place": "Room 1",
    }
    made = [
        EnrolmentRequest(person_id, run_id, module_id, programme_id),
        SessionPlan(module_id=module_id, **session),
        ConstraintsRequest(now(), now() + timedelta(days=5), (person_id,)),
        SlotsRequest((Slot("monday", now(), now() + timedelta(hours=2), (person_id,)),)),
        CalendarRequest(person_id, now() - timedelta(days=30)),
        CreditsRequest(person_id, programme_id),
        PluginProposal(enabled=True),
        EnrolmentCreated(person_id, run_id, programme_id, "enrolled"),
        EnrolmentEnded(person_id, run_id, programme_id, "enrolled"),
        RunDecided(run_id, programme_id, "go"),
        ModuleCompleted(person_id, run_id, programme_id),
        CreditEvent(person_id, new_id(), programme_id),
        ExamEvent(new_id(), run_id, programme_id, 1),
        CandidateEvent(person_id, new_id(), run_id, programme_id),
        DeadlineEvent(run_id, "essay", programme_id),
        ExtensionEvent(person_id, run_id, "essay", programme_id),
        HandInEvent(person_id, run_id, "essay", 1, programme_id),
        SessionEvent(session_id=new_id(), revision=1, **session),
        PluginChanged(plugin, programme_id, 1),
    ]
    return {type(payload): payload for payload in made}
