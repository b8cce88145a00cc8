"""What hooks are told and what they answer: frozen Structs, never database rows."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec


class Objection(msgspec.Struct, frozen=True):
    """A plugin's reason against something: a stable code and a sentence for the person concerned."""

    code: str
    reason: str


class EnrolmentRequest(msgspec.Struct, frozen=True):
    """A person wants a seat in a run, counted under a programme."""

    person_id: UUID
    run_id: UUID
    module_id: UUID
    programme_id: UUID


class SessionPlan(msgspec.Struct, frozen=True):
    """A session of a run as planned: times as the wall shows them in the zone, at a place, in a mode."""

    run_id: UUID
    module_id: UUID
    programme_id: UUID
    title: str
    starts: datetime
    ends: datetime
    zone: str
    mode: Literal["on_site", "online", "hybrid"]
    place: str


class SessionRemark(msgspec.Struct, frozen=True):
    """What a plugin has to say about a planned session: `block` refuses it, `warn` is shown to the planner."""

    code: str
    reason: str
    severity: Literal["block", "warn"]


class EnrolmentCreated(msgspec.Struct, frozen=True):
    """A person has a seat (enrolled) or a place in the waiting list (waiting) of a run."""

    person_id: UUID
    run_id: UUID
    programme_id: UUID | None
    state: Literal["enrolled", "waiting"]


class ModuleCompleted(msgspec.Struct, frozen=True):
    """A person has completed every required unit of a run."""

    person_id: UUID
    run_id: UUID
    programme_id: UUID | None
