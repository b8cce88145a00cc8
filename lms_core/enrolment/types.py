"""What travels over the wire about enrolment."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from lms_core.modules.types import Capacity
from lms_core.types import Email, Payload, View

RunState = Literal["enrolled", "waiting", "withdrawn", "completed"]


class NewProgrammeEnrolment(Payload, frozen=True, kw_only=True):
    """A person, by e-mail address, and the regulation version she is bound to (none given: the latest in force)."""

    email: Email
    regulation_id: UUID | None = None


class ProgrammeEnrolment(View, frozen=True, kw_only=True):
    """A student of a programme, bound to a version of its regulation."""

    person_id: UUID
    name: str
    email: str
    regulation_id: UUID
    state: Literal["enrolled", "withdrawn"]
    since: datetime


class ProgrammeEnrolments(View, frozen=True):
    """A page of students of a programme."""

    items: list[ProgrammeEnrolment]


class RunEnrolmentChoice(Payload, frozen=True, kw_only=True):
    """The programme under which the enrolment shall count; may be left out when there is only one."""

    programme_id: UUID | None = None


class RunEnrolment(View, frozen=True, kw_only=True):
    """A person's enrolment in a run and the programme under which it counts (none: a single module).

    `turn` is the order of arrival at this run; among those waiting the lowest is promoted first.
    """

    person_id: UUID
    run_id: UUID
    programme_id: UUID | None
    state: RunState
    turn: int
    since: datetime


class CapacityChange(Payload, frozen=True):
    """The number of seats of a run; more seats promote from the waiting list."""

    capacity: Capacity
