"""What travels over the wire about enrolment."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from lms_core.modules.types import Capacity
from lms_core.sheets import MOST_LINES, Line
from lms_core.types import Email, Payload, View

RunState = Literal["enrolled", "waiting", "withdrawn", "completed"]
ProgrammeState = Literal["enrolled", "withdrawn"]


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
    state: ProgrammeState
    since: datetime


class StudentLine(Line, frozen=True, kw_only=True):
    """A student of a programme, named by e-mail address, or by the external key of one who is or was a student of it.

    `regulation` is the key of its version (none given: the latest in force) and `state` enrolled, as if nothing is
    said, or withdrawn. `name` is for those who read the list.
    """

    external_key: str | None = None
    email: str | None = None
    name: str | None = None
    regulation: str | None = None
    state: str | None = None


class StudentLines(Payload, frozen=True):
    """Students of a programme, each in one line."""

    lines: Annotated[list[StudentLine], Meta(max_length=MOST_LINES)]


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


class SeatLine(Line, frozen=True, kw_only=True):
    """Somebody in a run, named by e-mail address, or by the external key of one who is known in its programme.

    `programme` is the key of the one under which it counts (none given: the only one, or none). `state` withdrawn
    gives a seat up; enrolled, as if nothing is said, and waiting take one, in the order of the lines. `name` is for
    those who read the list.
    """

    external_key: str | None = None
    email: str | None = None
    name: str | None = None
    programme: str | None = None
    state: str | None = None


class SeatLines(Payload, frozen=True):
    """Those who shall be in a run, each in one line."""

    lines: Annotated[list[SeatLine], Meta(max_length=MOST_LINES)]


class CapacityChange(Payload, frozen=True):
    """The number of seats of a run; more seats promote from the waiting list."""

    capacity: Capacity
