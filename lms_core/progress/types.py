"""What travels over the wire about progress and credits."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from lms_core.enrolment.types import ProgrammeState, RunState
from lms_core.modules.types import UnitKind
from lms_core.types import Count, Instant, LongText, Payload, View, check_decimal, check_instant


class ProgressEvent(Payload, frozen=True, kw_only=True):
    """Something that happened with a unit, told by a device: with an id of the device's own making and its clock.

    Sending it again, late or in another order changes nothing: it counts once. `position` is in seconds of a
    video. A unit's state joins all events: completed once any says so, the best score, the latest position. A device
    whose clock is ahead is kept as it told, and counts as of the moment of receipt.
    """

    id: UUID
    at: Instant
    completed: bool = False
    score: Decimal | None = None
    position: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None

    def __post_init__(self) -> None:
        """Refuse scores and moments that cannot be."""
        check_instant("at", self.at)
        if self.score is not None:
            check_decimal("score", self.score, 0, 100_000)
        if not self.completed and self.score is None and self.position is None:
            raise ValueError("give completed, score or position, or the event says nothing")


class UnitState(View, frozen=True, kw_only=True):
    """Where a person stands with a unit: completed when (by the device's clock), best score, latest position."""

    unit_key: str
    completed_at: datetime | None
    score: Decimal | None
    position: int | None


class Recorded(View, frozen=True, kw_only=True):
    """The state of the unit after an event; `new` is false when the event was known already."""

    new: bool
    run_completed: bool
    unit: UnitState


class OutlineUnit(View, frozen=True, kw_only=True):
    """A unit of a run with my state; times are by my device's clock."""

    key: str
    parent: str | None
    kind: UnitKind
    title: str
    required: bool
    minutes: int | None
    max_score: Decimal | None
    completed_at: datetime | None
    score: Decimal | None
    position: int | None


class Outline(View, frozen=True, kw_only=True):
    """A run with its units in the order of study and my state in each.

    `state` is null for one who is not enrolled (a lecturer). `percent` counts completed required units, rounded
    down.
    """

    run_id: UUID
    title: str
    ects: Decimal
    version: int
    state: RunState | None
    percent: int
    units: list[OutlineUnit]


class DashboardRun(View, frozen=True, kw_only=True):
    """One of my runs: how far I am, and its ECTS."""

    run_id: UUID
    programme_id: UUID | None
    title: str
    state: RunState
    percent: int
    ects: Decimal
    credited: bool


class DashboardTotal(View, frozen=True, kw_only=True):
    """ECTS of one programme (none: single modules): earned, in progress, and open until the regulation's total."""

    programme_id: UUID | None
    ects_total: Decimal | None
    ects_earned: Decimal
    ects_in_progress: Decimal
    ects_open: Decimal | None


class Pending(View, frozen=True, kw_only=True):
    """ECTS that a plugin says are on their way in a programme; they count nowhere until they are booked."""

    programme_id: UUID
    plugin: str
    source: str
    title: str
    ects: Decimal
    state: str


class Dashboard(View, frozen=True, kw_only=True):
    """All my runs, and my ECTS by programme.

    `pending` is what plugins add; `degraded` names those that failed to, so that something may be missing.
    """

    runs: list[DashboardRun]
    totals: list[DashboardTotal]
    pending: list[Pending] = []
    degraded: list[str] = []


class Participant(View, frozen=True, kw_only=True):
    """A participant of a run and how far she is."""

    person_id: UUID
    name: str
    email: str
    state: RunState
    turn: int
    percent: int


class Participants(View, frozen=True):
    """A page of participants."""

    items: list[Participant]


class ParticipantLines(View, frozen=True):
    """All participants, or those that were asked for."""

    lines: list[Participant]


class CohortMember(View, frozen=True, kw_only=True):
    """A student of a programme and how far she is, by what counts under it.

    `runs` are those in which she has a seat or had one to the end, `waiting` those in whose waiting list she stands.
    `lastActivity` is the latest moment, by her device's clock, at which she completed a unit or moved on in a film.
    """

    person_id: UUID
    external_key: str | None
    name: str
    email: str
    state: ProgrammeState
    since: datetime
    regulation: str
    ects_total: Decimal
    ects_booked: Decimal
    ects_in_progress: Decimal
    runs: int
    runs_completed: int
    waiting: int
    last_activity: datetime | None


class Cohort(View, frozen=True):
    """A page of the students of a programme."""

    items: list[CohortMember]


class CohortLines(View, frozen=True):
    """All students of a programme, or those that were asked for."""

    lines: list[CohortMember]


class CreditDecision(Payload, frozen=True):
    """On what evidence an examiner books the ECTS of a completed run."""

    evidence: Annotated[LongText, Meta(min_length=1)]


class Credit(View, frozen=True, kw_only=True):
    """ECTS booked for a person: what for, by whom and on what evidence."""

    id: UUID
    person_id: UUID
    source: str
    programme_id: UUID | None
    title: str
    ects: Decimal
    evidence: str
    authority: UUID
    booked_at: datetime


class Overview(View, frozen=True, kw_only=True):
    """The figures of a programme: people, modules, runs, seats and booked ECTS."""

    programme_id: UUID
    students: Count
    modules: Count
    runs: Count
    seats: Count
    seats_taken: Count
    waiting: Count
    completed: Count
    ects_booked: Decimal
