"""What hooks are told and what they answer: frozen Structs, never database rows."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
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
    """A person has a seat (enrolled) or a place in the waiting list (waiting) of a run.

    Where a run asks for approval she waits for that first (requested); where seats are offered, one is held for her
    until she accepts (offered).
    """

    person_id: UUID
    run_id: UUID
    programme_id: UUID | None
    state: Literal["enrolled", "waiting", "requested", "offered"]


class EnrolmentEnded(msgspec.Struct, frozen=True):
    """A person no longer has what she had of a run: her seat, waiting place, request, or the seat offered to her.

    `why`: she has given it up or was withdrawn, her request was declined, her offer expired, or the run does not take
    place (cancelled).
    """

    person_id: UUID
    run_id: UUID
    programme_id: UUID | None
    state: Literal["enrolled", "waiting", "requested", "offered"]
    why: Literal["withdrawn", "declined", "expired", "cancelled"] = "withdrawn"


class RunDecided(msgspec.Struct, frozen=True):
    """It is decided whether a run takes place (go, no_go), or the date for it came and too few have a seat (open)."""

    run_id: UUID
    programme_id: UUID
    decision: Literal["go", "no_go", "open"]


class ModuleCompleted(msgspec.Struct, frozen=True):
    """A person has completed every required unit of a run."""

    person_id: UUID
    run_id: UUID
    programme_id: UUID | None


class SessionEvent(msgspec.Struct, frozen=True):
    """A session of a run as it is planned now, or was when it was cancelled; each change counts `revision` up."""

    session_id: UUID
    run_id: UUID
    programme_id: UUID
    revision: int
    title: str
    starts: datetime
    ends: datetime
    zone: str
    mode: Literal["on_site", "online", "hybrid"]
    place: str


class PluginChanged(msgspec.Struct, frozen=True):
    """A plugin was enabled, got other settings, or was disabled in a programme; `revision` counts these changes."""

    plugin: str
    programme_id: UUID
    revision: int


class CalendarRequest(msgspec.Struct, frozen=True):
    """A person's calendar is read; wanted are entries that end after `since`."""

    person_id: UUID
    since: datetime


class CalendarEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Something in a person's calendar, other than the sessions of her runs.

    `key` names it for ever within the plugin and programme; `starts` and `ends` are wall times in `zone`. After a
    change `sequence` is higher. What is cancelled is told with `cancelled` for as long as calendars may still show it.
    """

    key: str
    title: str
    starts: datetime
    ends: datetime
    zone: str
    changed_at: datetime
    place: str = ""
    description: str = ""
    sequence: int = 0
    cancelled: bool = False


class CreditsRequest(msgspec.Struct, frozen=True):
    """Somebody looks at what a person has earned in a programme."""

    person_id: UUID
    programme_id: UUID


class PendingCredit(msgspec.Struct, frozen=True):
    """ECTS that may be booked for a person once what is open is done; shown, never counted."""

    source: str
    title: str
    ects: Decimal
    state: str


class PluginProposal(msgspec.Struct, frozen=True):
    """A plugin may be enabled, changed or disabled; `context.settings` are those proposed."""

    enabled: bool


class Effect(msgspec.Struct, frozen=True):
    """What a change of enablement or settings would mean for what is there already, in a sentence."""

    code: str
    reason: str
