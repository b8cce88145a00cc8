"""What travels over the wire about deadlines of units and what is handed in for them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from lms_core.assessment.types import Reason
from lms_core.media.types import MediaState
from lms_core.modules.types import UnitKind, check_wall
from lms_core.types import BadValue, LongText, Payload, View, WallTime, Zone, check_decimal

ReasonClass = Literal["illness", "care", "work", "technical", "other"]
VerdictOutcome = Literal["accepted", "returned"]
VersionNumber = Annotated[int, Meta(ge=1, le=1_000_000)]


class DeadlineContent(Payload, frozen=True, kw_only=True):
    """Until when a unit is due, inclusive: as the wall shows it in the named zone.

    A time that the clock skips (spring) is refused; of one that it shows twice (autumn) the first is meant.
    """

    due: WallTime
    zone: Zone

    def __post_init__(self) -> None:
        """Refuse a time that no clock shows."""
        check_wall("due", self.due, self.zone)


class Deadline(View, frozen=True, kw_only=True):
    """Until when a unit of a run is due: on the wall in `zone`, and the same moment in UTC.

    One that was removed stays to be seen, with the moment of that in `removedAt`, and can be set anew.
    """

    run_id: UUID
    unit_key: str
    due: WallTime
    zone: str
    due_at: datetime
    revision: int
    removed_at: datetime | None


class NewExtension(Payload, frozen=True, kw_only=True):
    """A later deadline for one person, and why: a class, and words that only those who decide ever read."""

    due: WallTime
    zone: Zone
    reason: ReasonClass
    note: Reason

    def __post_init__(self) -> None:
        """Refuse a time that no clock shows."""
        check_wall("due", self.due, self.zone)


class Extension(View, frozen=True, kw_only=True):
    """A later deadline for one person as it was decided. One that was withdrawn stays, with the moment of that."""

    person_id: UUID
    unit_key: str
    due: WallTime
    zone: str
    due_at: datetime
    reason: ReasonClass
    note: str
    decided_by: UUID
    decided_at: datetime
    withdrawn_at: datetime | None
    revision: int


class Extensions(View, frozen=True):
    """A page of the extensions of a unit's deadline, withdrawn ones included."""

    items: list[Extension]


class MyDeadline(View, frozen=True, kw_only=True):
    """Until when I have to do a unit: on the wall in `zone`, and the same moment in UTC.

    If `extended`, it is mine alone. `completedAt` is null as long as the unit is not done.
    """

    run_id: UUID
    run_title: str
    unit_key: str
    unit_title: str
    kind: UnitKind
    due: WallTime
    zone: str
    due_at: datetime
    extended: bool
    completed_at: datetime | None


class MyDeadlines(View, frozen=True):
    """The deadlines of my units in the order of time."""

    items: list[MyDeadline]


class HandInFile(View, frozen=True, kw_only=True):
    """A file that was handed in; `state` is as of any file, and only what is ready can be read, at `href`."""

    id: UUID
    name: str
    size: int
    content_type: str
    sha256: str | None
    state: MediaState
    href: str


class NewVerdict(Payload, frozen=True, kw_only=True):
    """What who assesses says of a hand-in: accepted, with a score if the unit has one, or returned to be done again."""

    outcome: VerdictOutcome
    score: Decimal | None = None
    remarks: LongText = ""

    def __post_init__(self) -> None:
        """Refuse a score of what is returned, and a return that does not say why."""
        if self.score is not None:
            check_decimal("score", self.score, 0, 100_000)
        if self.outcome == "returned" and self.score is not None:
            raise BadValue("score", "belongs to what is accepted")
        if self.outcome == "returned" and not self.remarks.strip():
            raise BadValue("remarks", "must say what is to be done")


class Verdict(View, frozen=True, kw_only=True):
    """What was said of a hand-in, by whom and when."""

    outcome: VerdictOutcome
    score: Decimal | None
    remarks: str
    assessed_by: UUID
    assessed_at: datetime


class HandIn(View, frozen=True, kw_only=True):
    """A version of what a person handed in. It is `late` after the deadline that holds for her now.

    Of all her versions one `counts`: the last that is not late. None does if all are; who assesses may accept one
    nevertheless. `verdict` is the latest, or null; `earlier` are those that it corrects, the first one first.
    """

    number: int
    at: datetime
    late: bool
    counts: bool
    files: list[HandInFile]
    verdict: Verdict | None
    earlier: list[Verdict]


class Due(View, frozen=True):
    """The deadline that holds for a person: on the wall in `zone`, and the same moment in UTC."""

    due: WallTime
    zone: str
    due_at: datetime


class HandIns(View, frozen=True, kw_only=True):
    """All versions of what a person handed in for a unit, the earliest first, and her deadline (null: none)."""

    run_id: UUID
    unit_key: str
    person_id: UUID
    deadline: Due | None
    versions: list[HandIn]


class NewHandIn(Payload, frozen=True):
    """The files of a hand-in, by the ids under which they were announced for this unit."""

    files: Annotated[list[UUID], Meta(min_length=1, max_length=20)]


class HandInSummary(View, frozen=True, kw_only=True):
    """One who handed something in: how many versions, when the last, and how many of them were assessed."""

    person_id: UUID
    name: str
    versions: int
    last_at: datetime
    assessed: int


class HandInSummaries(View, frozen=True):
    """A page of those who handed something in for a unit."""

    items: list[HandInSummary]
