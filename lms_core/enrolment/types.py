"""What travels over the wire about enrolment."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from lms_core.modules.types import Capacity, check_wall
from lms_core.programmes.plugin_types import PluginName
from lms_core.sheets import MOST_LINES, Line
from lms_core.types import BadValue, Email, Key, Payload, View, WallTime, Zone, check_zone

RunState = Literal["requested", "declined", "offered", "enrolled", "waiting", "withdrawn", "expired", "completed"]
"""Where an enrolment in a run stands.

`requested`: somebody has to approve of it, or has `declined`; `waiting`: no seat is free; `offered`: a seat is held
until a deadline, by which she accepts or the offer has `expired`; `enrolled`: she has the seat; `withdrawn`: she gave
it up or was withdrawn; `completed`: she has completed the run.
"""


Rule = Literal["prerequisites", "limits", "clashes"]
"""A rule about seats that can be waived for a person."""
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

    `turn` is the order of arrival at this run (or of the lots); among those waiting the lowest is promoted first.
    `deadline` is set while a seat is offered: until then it is held. `quota` names the reserved seats hers is one of.
    """

    person_id: UUID
    run_id: UUID
    programme_id: UUID | None
    state: RunState
    turn: int
    since: datetime
    deadline: datetime | None = None
    quota: str | None = None


class StudentEnrolment(RunEnrolment, frozen=True, kw_only=True):
    """How a student of a programme stands in a run that it gives or has adopted."""

    name: str
    email: str


class StudentEnrolments(View, frozen=True):
    """A page of enrolments in a run that count under a programme."""

    items: list[StudentEnrolment]


class EnrolmentChange(View, frozen=True, kw_only=True):
    """One change of a person's enrolment: from which state to which, by whom (null: the system), and why.

    Where the states are the same she was passed over: a seat was free, and `reason` says what stood against it.
    """

    id: UUID
    person_id: UUID
    before: RunState | None
    after: RunState
    actor_id: UUID | None
    reason: str
    at: datetime


class EnrolmentChanges(View, frozen=True):
    """A page of the record of a run's enrolments, in the order in which they happened."""

    items: list[EnrolmentChange]


class MyRunEnrolment(View, frozen=True, kw_only=True):
    """My enrolment in a run, how many wait before me (null: I do not wait), and what happened to it so far."""

    enrolment: RunEnrolment
    ahead: int | None
    changes: list[EnrolmentChange]


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


Reason = Annotated[str, Meta(min_length=1, max_length=2_000, pattern=r"^[^\x00]*$")]


class Approval(Payload, frozen=True):
    """Whether a request is approved, and why; the person concerned reads the reason."""

    approved: bool
    reason: Annotated[str, Meta(max_length=2_000, pattern=r"^[^\x00]*$")] = ""

    def __post_init__(self) -> None:
        """Refuse to decline without a reason."""
        if not self.approved and not self.reason.strip():
            raise BadValue("reason", "is needed to decline a request; the person concerned reads it")


class NewWaiver(Payload, frozen=True):
    """Why a rule does not stand against a person's enrolment in a run."""

    reason: Reason


class Waiver(View, frozen=True, kw_only=True):
    """A rule that is waived for a person in a run: by whom, when and why."""

    person_id: UUID
    rule: Rule
    reason: str
    granted_by: UUID
    granted_at: datetime


class SeatQuota(Payload, frozen=True, kw_only=True):
    """Seats of a run kept for those who enrol under a programme, until they are released (null: for good).

    With `plugin` they are for those whom that plugin has named; which seats these became is shown to nobody.
    """

    key: Key
    seats: Annotated[int, Meta(ge=1, le=100_000)]
    programme_id: UUID
    plugin: PluginName | None = None
    released_at: WallTime | None = None


class SeatRules(Payload, frozen=True, kw_only=True):
    """How the seats of a run are given; times are on the wall in `zone`.

    `approval`: somebody approves of each request first. `offerHours`: who moves up is offered the seat and accepts it
    within that time. `minimum` and `decideAt`: how many there must be by when, for the run to take place. `drawAt`:
    until then all wait, and then lots decide their order. `quotas` reserve seats.
    """

    zone: Zone = "Europe/Berlin"
    approval: bool = False
    offer_hours: Annotated[int, Meta(ge=1, le=2_000)] | None = None
    minimum: Annotated[int, Meta(ge=1, le=100_000)] | None = None
    decide_at: WallTime | None = None
    draw_at: WallTime | None = None
    quotas: Annotated[list[SeatQuota], Meta(max_length=50)] = []

    def __post_init__(self) -> None:
        """Refuse unknown zones, times that no clock there shows, quotas of one name, and a date without a minimum."""
        check_zone("zone", self.zone)
        times = {"decideAt": self.decide_at, "drawAt": self.draw_at}
        times |= {f"quotas[{index}].releasedAt": quota.released_at for index, quota in enumerate(self.quotas)}
        for name, wall in times.items():
            if wall is not None:
                check_wall(name, wall, self.zone)
        if (self.minimum is None) != (self.decide_at is None):
            raise BadValue("decideAt", "and minimum belong together: how many there must be, by when")
        if len({quota.key for quota in self.quotas}) < len(self.quotas):
            raise BadValue("quotas", "must each have a key of its own")


class SeatsOfRun(View, frozen=True, kw_only=True):
    """The rules of a run's seats, and what came of them: the lots drawn, and whether the run takes place.

    `decision` is null until somebody decides, or the minimum is reached at the date. The order of lots is that of the
    SHA-256 of `SEED:PERSON` (both as written here), so that anybody can check it.
    """

    rules: SeatRules
    drawn_at: datetime | None
    seed: str | None
    decision: Literal["go", "no_go"] | None
    decided_by: UUID | None
    decided_at: datetime | None


class RunDecision(Payload, frozen=True):
    """Whether a run takes place; if not, all are withdrawn from it, and read the reason."""

    go: bool
    reason: Reason
