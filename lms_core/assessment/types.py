"""What travels over the wire about exams, registrations and marks."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from lms_core.modules.types import Place, check_plan, check_wall
from lms_core.types import (
    BadValue,
    LongText,
    Name,
    Payload,
    View,
    WallTime,
    Zone,
    check_decimal,
    instant_of,
)

ExamKind = Literal["written", "oral", "practical", "paper"]
Outcome = Literal["passed", "failed", "excused", "unexcused"]
RegistrationState = Literal["registered", "deregistered", "passed", "failed", "excused", "unexcused"]
Reason = Annotated[LongText, Meta(min_length=1)]


class NewAttemptsElsewhere(Payload, frozen=True):
    """How many attempts at a module somebody failed at another university, as far as they count here, and the proof."""

    failures: Annotated[int, Meta(ge=0, le=20)]
    evidence: Reason


class AttemptsElsewhere(View, frozen=True, kw_only=True):
    """Failed attempts of a person at a module elsewhere: they are used up here as well, by whose decision and when."""

    person_id: UUID
    module_id: UUID
    failures: int
    evidence: str
    decided_by: UUID
    decided_at: datetime
    revision: int


class ExamContent(Payload, frozen=True, kw_only=True):
    """An exam as planned: all four times as the wall shows them in the named zone.

    Registering is possible until `registerBy`, taking it back until `deregisterBy`, both inclusive and neither after
    the exam has begun. A time that the clock skips (spring) is refused; of one that it shows twice (autumn) the first
    is meant.
    """

    title: Name
    kind: ExamKind
    starts: WallTime
    ends: WallTime
    register_by: WallTime
    deregister_by: WallTime
    zone: Zone
    place: Place = ""

    def __post_init__(self) -> None:
        """Refuse times that no clock shows, and deadlines after the beginning."""
        check_plan(self.starts, self.ends, self.zone)
        begins = instant_of(self.starts, self.zone)
        for name, wall in (("registerBy", self.register_by), ("deregisterBy", self.deregister_by)):
            check_wall(name, wall, self.zone)
            if instant_of(wall, self.zone) > begins:
                raise BadValue(name, "must not be after starts")


class Exam(View, frozen=True, kw_only=True):
    """An exam of a run: its times on the wall in `zone`, and the same moments in UTC.

    A cancelled one stays to be seen, with the moment of that in `cancelledAt`.
    """

    id: UUID
    run_id: UUID
    title: str
    kind: ExamKind
    starts: WallTime
    ends: WallTime
    register_by: WallTime
    deregister_by: WallTime
    zone: str
    place: str
    starts_at: datetime
    ends_at: datetime
    register_by_at: datetime
    deregister_by_at: datetime
    revision: int
    cancelled_at: datetime | None


class Exams(View, frozen=True):
    """The exams of a run in the order of time, cancelled ones included."""

    items: list[Exam]


class Registration(View, frozen=True, kw_only=True):
    """A person's registration for an exam and the programme under which it counts (none: a single module).

    `attempt` is which attempt at the module this is, for the person, in whatever run and programme the earlier ones
    were; `attemptsLeft` are those after this one, null where the regulation counts none.
    """

    exam_id: UUID
    person_id: UUID
    programme_id: UUID | None
    state: RegistrationState
    since: datetime
    attempt: int
    attempts_left: int | None


class Candidate(View, frozen=True, kw_only=True):
    """One who is or was registered for an exam, with the mark that holds; `revision` counts her marks so far."""

    person_id: UUID
    name: str
    email: str
    programme_id: UUID | None
    state: RegistrationState
    since: datetime
    mark: Decimal | None
    revision: int


class Candidates(View, frozen=True):
    """A page of those who are or were registered for an exam."""

    items: list[Candidate]


class NewMark(Payload, frozen=True, kw_only=True):
    """A result in an exam: either a `mark` of the regulation's scale, or an `outcome` where there is no mark.

    `unexcused` absence counts as an attempt failed, `excused` absence does not count. Before an exam begins nobody has
    a result but who is excused; a paper may be handed in and marked at any time. Whoever changes a result gives the
    `reason`; it is kept with the change and seen by those who record marks, and nobody else.
    """

    mark: Decimal | None = None
    outcome: Outcome | None = None
    reason: LongText = ""

    def __post_init__(self) -> None:
        """Refuse what is no result, or two."""
        if self.mark is not None:
            check_decimal("mark", self.mark, 0, 1_000)
        if (self.mark is None) == (self.outcome is None):
            raise BadValue("mark", "give either mark or outcome: the outcome follows from a mark")


class Mark(View, frozen=True, kw_only=True):
    """A result as it was recorded once: which one it was, what, why, by whom and when."""

    number: int
    mark: Decimal | None
    outcome: Outcome
    reason: str
    recorded_by: UUID
    recorded_at: datetime


class Marks(View, frozen=True, kw_only=True):
    """All results that a person was ever given in an exam, the latest last: that one holds."""

    exam_id: UUID
    person_id: UUID
    state: RegistrationState
    marks: list[Mark]


class TranscriptAttempt(View, frozen=True, kw_only=True):
    """A registration for an exam and what came of it; its time on the wall in `zone`."""

    exam_id: UUID
    run_id: UUID
    title: str
    starts: WallTime
    zone: str
    state: RegistrationState
    mark: Decimal | None


class TranscriptModule(View, frozen=True, kw_only=True):
    """What was examined or credited: its ECTS, the mark with which it was passed, and all attempts.

    `kind` is `module`, or by its name the plugin that booked something else, such as `internship_credit`; there
    `moduleId` is null. `passed` tells whether an exam of it was passed: what has none, as an internship or what was
    recognised, is never `passed` and has no mark; it counts once it is `credited`, which tells whether the ECTS are
    booked. They are `recognised` when they were earned
    elsewhere: whoever booked them said so, or it is a module of which neither an exam was passed nor a run completed
    here.
    """

    module_id: UUID | None
    kind: str
    title: str
    ects: Decimal
    mark: Decimal | None
    passed: bool
    credited: bool
    recognised: bool
    attempts: list[TranscriptAttempt]


class TranscriptProgramme(View, frozen=True, kw_only=True):
    """What counts under one programme; `programmeId` is null for single modules.

    `ectsEarned` are those booked. `average` is that of the marks of passed modules, weighted by ECTS and cut off after
    the first decimal, never rounded; null as long as there is no mark.
    """

    programme_id: UUID | None
    title: str | None
    regulation: str | None
    ects_total: Decimal | None
    ects_earned: Decimal
    average: Decimal | None
    modules: list[TranscriptModule]


class Transcript(View, frozen=True, kw_only=True):
    """All that a person was examined in or credited with, by programme."""

    person_id: UUID
    name: str
    programmes: list[TranscriptProgramme]


class TranscriptHead(View, frozen=True, kw_only=True):
    """The sums of a student's transcript in a programme; `passed` counts the modules with a passed exam."""

    person_id: UUID
    name: str
    email: str
    state: Literal["enrolled", "withdrawn"]
    ects_earned: Decimal
    average: Decimal | None
    passed: int


class TranscriptHeads(View, frozen=True):
    """A page of students of a programme, former ones included, with the sums of their transcripts."""

    items: list[TranscriptHead]


class TranscriptLine(View, frozen=True, kw_only=True):
    """An attempt of a student at a module, or ECTS that she has without one; who has neither has one line all the same.

    `ectsEarned` and `average` are the sums of her transcript in the programme, the same in each of her lines. `examOn`
    is the day of the exam on the wall at its place. `kind` and `recognised` mean what they mean in a transcript.
    """

    person_id: UUID
    external_key: str | None
    name: str
    email: str
    state: Literal["enrolled", "withdrawn"]
    regulation: str
    ects_earned: Decimal
    average: Decimal | None
    module: str | None
    kind: str | None
    ects: Decimal | None
    exam: str | None
    exam_on: date | None
    result: RegistrationState | None
    mark: Decimal | None
    credited: bool
    recognised: bool


class TranscriptLines(View, frozen=True):
    """The transcripts of all students of a programme, former ones included."""

    lines: list[TranscriptLine]


class ReversalDecision(Payload, frozen=True):
    """On what evidence an examiner takes booked ECTS back."""

    evidence: Reason
