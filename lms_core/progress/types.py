"""What travels over the wire about progress and credits."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from lms_core.enrolment.types import ProgrammeState, RunState
from lms_core.modules.completion import RuleKind
from lms_core.modules.types import UnitKind, VersionNumber
from lms_core.types import BadValue, Count, Instant, Key, LongText, Payload, View, check_decimal, check_instant

OwnFact = Literal["opened", "readToEnd"]
Fact = Literal[OwnFact, "submitted", "signedOff"]
Piece = Annotated[list[int], Meta(min_length=2, max_length=2)]
"""Seconds of a film as [from, to]: from the first that was watched to the first that was not."""


class Told(Payload, frozen=True, kw_only=True):
    """What a device tells of a unit, as it says so: nothing of it has been checked."""

    id: UUID
    at: Instant
    completed: bool = False
    score: Decimal | None = None
    position: int | None = None
    watched: list[Piece] | None = None
    facts: list[OwnFact] | None = None


class ProgressEvent(Told, frozen=True, kw_only=True):
    """Something that happened with a unit, told by a device: with an id of the device's own making and its clock.

    Sending it again, late or in another order changes nothing: it counts once. `position` is in seconds of a
    video, `watched` what of it was watched since the device last told, as up to 100 pieces [from, to] in whole seconds,
    in any order. A unit's state joins all events: completed once any says so, the best score, the latest position, all
    that was ever watched, all `facts`. A device whose clock is ahead is kept as it told, and counts as of the moment of
    receipt.
    """

    position: Annotated[int, Meta(ge=0, le=1_000_000)] | None = None
    watched: Annotated[list[Piece], Meta(min_length=1, max_length=100)] | None = None
    facts: Annotated[list[OwnFact], Meta(min_length=1, max_length=4)] | None = None

    def __post_init__(self) -> None:
        """Refuse scores, moments and pieces that cannot be."""
        check_instant("at", self.at)
        if self.score is not None:
            check_decimal("score", self.score, 0, 100_000)
        if not all(0 <= start < end <= 1_000_000 for start, end in self.watched or ()):
            raise BadValue("watched", "each piece must be [from, to] with 0 <= from < to <= 1000000 seconds")
        said = [self.score, self.position, self.watched, self.facts]
        said += [getattr(self, name, None) for name in ("attended", "attempt")]
        if not self.completed and all(one is None for one in said):
            raise ValueError("give completed, score, position, watched or facts, or the event says nothing")


class Attendance(Payload, frozen=True, kw_only=True):
    """How long somebody took part in a session of the run; the latest word on a session counts.

    Who is excused was not there. Who takes part from elsewhere counts where the session is online or hybrid.
    """

    session_id: UUID
    minutes: Annotated[int, Meta(ge=0, le=10_000)]
    excused: bool = False
    remote: bool = False


class Assessment(ProgressEvent, frozen=True, kw_only=True):
    """A progress event told by one who assesses: a hand-in, a sign-off and attendance as well.

    `attempt` says which attempt the score is of. The latest word on an attempt holds, so a mistyped score is corrected
    by another event (without a score: there is none), and the best attempt counts. A score without an attempt is one of
    its own, and can only be outdone.
    """

    # wider than what participants may say of themselves, which the checker takes for a mistake
    facts: Annotated[list[Fact], Meta(min_length=1, max_length=4)] | None = None  # type: ignore[assignment]
    attended: Attendance | None = None
    attempt: Annotated[int, Meta(ge=1, le=1_000)] | None = None


class PlacedEvent(Assessment, frozen=True, kw_only=True):
    """A progress event with the unit that it is about."""

    run_id: UUID
    unit_key: Key


class ReportedEvent(Told, frozen=True, kw_only=True):
    """An event of a batch: what a progress event says, and the run and the unit that it is about.

    Its values have the bounds of a progress event; one that breaks them is refused by itself.
    """

    run_id: UUID
    unit_key: str


class Batch(Payload, frozen=True):
    """What happened while a device was offline, in any order, of any of my runs; up to 1,000 events."""

    events: Annotated[list[ReportedEvent], Meta(max_length=1_000)]


RefusalCode = Literal[
    "malformed",
    "unknown-unit",
    "assessed-by-others",
    "impossible-score",
    "id-taken",
    "too-many-pieces",
    "unknown-session",
    "not-allowed",
]


class Outcome(View, frozen=True, kw_only=True):
    """What became of an event: `recorded` now, `known` from before, or `refused` with a code and a sentence.

    A device may forget events that are recorded or known. To repeat a refused one makes no sense, unless it was for
    `unknown-unit` and she enrols later.
    """

    id: UUID
    outcome: Literal["recorded", "known", "refused"]
    code: RefusalCode | None = None
    reason: str | None = None


class Outcomes(View, frozen=True, kw_only=True):
    """What became of the events of a batch, in its order, and the runs that it completed."""

    outcomes: list[Outcome]
    completed: list[UUID]


class UnitState(View, frozen=True, kw_only=True):
    """Where a person stands with a unit: completed when (by the device's clock), best score, latest position.

    `watched` are the pieces of a film that were ever watched, in order and apart from each other, as [from, to] in
    seconds; `watched_seconds` is how long they are together.
    """

    unit_key: str
    completed_at: datetime | None
    score: Decimal | None
    position: int | None
    watched: list[Piece]
    watched_seconds: int


class UnitChange(UnitState, frozen=True, kw_only=True):
    """The present state of one of my units, of some run."""

    run_id: UUID


class Changes(View, frozen=True, kw_only=True):
    """What changed, each unit once, the latest last; `cursor` goes into the next question, even if nothing changed."""

    items: list[UnitChange]
    cursor: str


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
    watched: list[Piece]
    watched_seconds: int
    missing: list[Missing]


MissingCode = Literal[RuleKind, "completed"]


class Missing(View, frozen=True, kw_only=True, omit_defaults=True):
    """Something that is missing until a unit or a run is completed: in words, such as 12 minutes of “Film”.

    The code is the kind of the rule; `completed` is what an event has to say of a unit without a rule. For words in
    another language there are the figures: `seconds` of a film yet to be watched or `minutes` yet to be attended (none
    while nobody knows how long the film is, or no session is planned), the `score` that is asked for and the one
    `scored` so far, and for `any` and `nOf` the choices in `of`, of which `n` more must be met in full.
    """

    code: MissingCode
    text: str
    unit: str | None
    seconds: int | None = None
    minutes: int | None = None
    score: Decimal | None = None
    scored: Decimal | None = None
    n: int | None = None
    of: list[list[Missing]] = []


class Outline(View, frozen=True, kw_only=True):
    """A run with its units in the order of study and my state in each.

    `state` is null for one who is not enrolled (a lecturer). `percent` counts completed required units, rounded
    down. `missing` says what keeps the run, or a unit of it, from being completed; nothing once it is.
    """

    run_id: UUID
    title: str
    ects: Decimal
    version: int
    state: RunState | None
    percent: int
    missing: list[Missing]
    units: list[OutlineUnit]


class VersionChoice(Payload, frozen=True):
    """The number of a published version of the run's module."""

    version: VersionNumber


class VersionChanged(View, frozen=True, kw_only=True):
    """The version that a run has now; `completed` are the participants who thereby lack nothing any more.

    `notes` say what other rules decide about now; what participants have completed stays completed.
    """

    run_id: UUID
    version: int
    completed: list[UUID]
    notes: list[str]


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
    """ECTS booked for a person: what for, by whom, on what evidence, and whether they were earned elsewhere."""

    id: UUID
    person_id: UUID
    source: str
    programme_id: UUID | None
    title: str
    ects: Decimal
    evidence: str
    authority: UUID
    booked_at: datetime
    recognised: bool


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
