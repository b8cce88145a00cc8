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
    """A session of a run as planned: times as the wall shows them in the zone, at a place, in a mode.

    It is for all who have a seat in the run, or, as far as that is known already, for those `persons` only. With
    `session_id` it may be another plan of a session that there is.
    """

    run_id: UUID
    module_id: UUID
    programme_id: UUID
    title: str
    starts: datetime
    ends: datetime
    zone: str
    mode: Literal["on_site", "online", "hybrid"]
    place: str
    persons: tuple[UUID, ...] | None = None
    session_id: UUID | None = None


class SessionRemark(msgspec.Struct, frozen=True):
    """What a plugin has to say about a planned session: `block` refuses it, `warn` is shown to the planner."""

    code: str
    reason: str
    severity: Literal["block", "warn"]


class ConstraintsRequest(msgspec.Struct, frozen=True):
    """Somebody plans sessions between two moments, which these persons are to attend."""

    starts: datetime
    ends: datetime
    persons: tuple[UUID, ...]


class SessionConstraint(msgspec.Struct, frozen=True):
    """A person cannot come between two moments, or would rather not. Never why: planners and their plans see this."""

    person_id: UUID
    starts: datetime
    ends: datetime
    strength: Literal["cannot", "rather_not"]


class Slot(msgspec.Struct, frozen=True):
    """A time that a planner thinks of, by her own word for it, and who would have to be there."""

    key: str
    starts: datetime
    ends: datetime
    persons: tuple[UUID, ...]


class SlotsRequest(msgspec.Struct, frozen=True):
    """A planner asks how good slots are, compared with each other."""

    slots: tuple[Slot, ...]


class SlotScore(msgspec.Struct, frozen=True):
    """How hard a slot is on those who would have to be there: 0 for not at all; costs of plugins add up."""

    key: str
    cost: int


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


class CreditEvent(msgspec.Struct, frozen=True):
    """ECTS were booked for a person, or booked ECTS taken back: in either case by this row of the account."""

    person_id: UUID
    credit_id: UUID
    programme_id: UUID | None


class ExamEvent(msgspec.Struct, frozen=True):
    """An exam of a run was planned, changed or cancelled; `revision` counts these changes."""

    exam_id: UUID
    run_id: UUID
    programme_id: UUID
    revision: int


class CandidateEvent(msgspec.Struct, frozen=True):
    """A person was registered for an exam or deregistered, or was given a result, which is not told here."""

    person_id: UUID
    exam_id: UUID
    run_id: UUID
    programme_id: UUID | None


class DeadlineEvent(msgspec.Struct, frozen=True):
    """The deadline of a unit of a run was set, changed or removed."""

    run_id: UUID
    unit_key: str
    programme_id: UUID


class ExtensionEvent(msgspec.Struct, frozen=True):
    """A person was given a deadline of her own, or it was withdrawn; why is not told."""

    person_id: UUID
    run_id: UUID
    unit_key: str
    programme_id: UUID | None


class HandInEvent(msgspec.Struct, frozen=True):
    """A version was handed in, or assessed; neither what is in it nor what was said of it is told."""

    person_id: UUID
    run_id: UUID
    unit_key: str
    number: int
    programme_id: UUID | None


class SessionEvent(msgspec.Struct, frozen=True):
    """A session of a run as it is planned now, or was when it was cancelled; each change counts `revision` up.

    It may be `bundled` with many that change at once: then whoever planned them writes to the participants, one mail
    for all, and the platform does not.
    """

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
    bundled: bool = False


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

    `key` names it for ever within the plugin and programme; `starts` and `ends` are wall times in `zone`. What is for
    whole days (`all_day`) starts and ends at midnight, and keeps nobody busy. After a change `sequence` is higher. What
    is cancelled is told with `cancelled` for as long as calendars may still show it; `tentative` is what may never be.
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
    all_day: bool = False
    tentative: bool = False


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
