"""What travels over the wire about deadlines of units."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from lms_core.assessment.types import Reason
from lms_core.modules.types import UnitKind, check_wall
from lms_core.types import Payload, View, WallTime, Zone

ReasonClass = Literal["illness", "care", "work", "technical", "other"]


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


class DeadlineEvent(Struct, frozen=True):
    """The deadline of a unit of a run was set, changed or removed."""

    run_id: UUID
    unit_key: str
    programme_id: UUID


class ExtensionEvent(Struct, frozen=True):
    """A person was given a deadline of her own, or it was withdrawn; why is not told."""

    person_id: UUID
    run_id: UUID
    unit_key: str
    programme_id: UUID | None
