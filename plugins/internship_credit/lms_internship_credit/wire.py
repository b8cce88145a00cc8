"""What goes over the wire about cases, beside what a case itself is made of."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec

from lms_core.api import BadValue, Payload, View
from lms_core.api import Key as ModuleKey
from lms_internship_credit.case import Certified, Description, Evaluation, Mentor, Points
from lms_internship_credit.hosts import Host, Placed
from lms_internship_credit.lifecycle import Action, Role, State
from lms_internship_credit.papers import Kind
from lms_internship_credit.policy import Key


class Supervising(Payload, frozen=True):
    """For which subjects somebody supervises internships."""

    subjects: Annotated[str, msgspec.Meta(max_length=1_000, pattern=r"^[^\x00]*$")] = ""


class Supervisor(View, frozen=True):
    """Who supervises internships."""

    person_id: UUID
    name: str
    subjects: str


class Supervisors(View, frozen=True):
    """All who supervise internships of the programme."""

    items: list[Supervisor]


class NewCase(Payload, frozen=True, kw_only=True):
    """A part of one's internship, to be done at a firm, or on a place that one has got by an offer.

    With `offerId` firm, site, contact, days, hours, place, tasks, language and pay come from the offer.
    """

    part: Key
    organisation_id: UUID | None = None
    site_id: UUID | None = None
    offer_id: UUID | None = None

    def __post_init__(self) -> None:
        """Refuse what names no firm, or two."""
        if (self.organisation_id is None) == (self.offer_id is None):
            raise BadValue("organisationId", "must be given, or else offerId")
        if self.site_id and self.offer_id:
            raise BadValue("siteId", "must not be given with offerId; the offer names it")


class Whereabouts(Payload, frozen=True, kw_only=True):
    """At which site of its firm a case is, and whom to write to there (null: the firm's first contact)."""

    site_id: UUID | None
    contact_id: UUID | None


class Draft(Payload, frozen=True, kw_only=True):
    """What a case is about, while it is a draft."""

    description: Description
    supervisor_id: UUID


class Clearing(Payload, frozen=True):
    """Whether something is cleared, and on what grounds."""

    cleared: bool
    note: Annotated[str, msgspec.Meta(min_length=1, max_length=4_000, pattern=r"^[^\x00]*$")]


class Report(Payload, frozen=True):
    """The report of a student."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=200_000, pattern=r"^[^\x00]*$")]


class NewDocument(Payload, frozen=True):
    """What a file is that was sent before."""

    kind: Kind


class Rating(Payload, frozen=True):
    """How a student rates her host, from 1 (poor) to 5 (excellent)."""

    points: Points


class Settling(Payload, frozen=True, kw_only=True):
    """What the board settles of a part without a case: it waives it, or recognises ECTS from elsewhere.

    What is waived needs no case and brings no ECTS. Where the regulation asks for other ECTS in their place,
    `replacedBy` names the modules (by key) that bring at least as many: the student takes them as any other, they are
    booked once like any module, and each stands for one part. Of what is recognised, `ects` count towards the most that
    the part brings: a case of it brings the rest, none is needed where they are all. They are booked by this plugin, as
    recognised, once all parts are done; nobody else books them. `evidence` says on what grounds; the student reads it.
    """

    kind: Literal["waived", "recognised"]
    ects: Decimal = Decimal(0)
    evidence: Annotated[str, msgspec.Meta(min_length=1, max_length=4_000, pattern=r"^[^\x00]*$")]
    replaced_by: Annotated[tuple[ModuleKey, ...], msgspec.Meta(max_length=20)] = ()

    def __post_init__(self) -> None:
        """Refuse ECTS and modules that do not fit what is settled."""
        if not self.ects.is_finite() or self.ects != round(self.ects, 2) or not 0 <= self.ects <= 1_000:
            raise BadValue("ects", "must be from 0 to 1000 with at most two places")
        if (self.kind == "recognised") != (self.ects > 0):
            raise BadValue("ects", "must be above 0 for what is recognised, and 0 for what is waived")
        if self.replaced_by and self.kind != "waived":
            raise BadValue("replacedBy", "must be empty for what is recognised: only what is waived is replaced")
        if len(set(self.replaced_by)) < len(self.replaced_by):
            raise BadValue("replacedBy", "each module can stand there once")


class TakingBack(Payload, frozen=True):
    """Why the board takes back what it settled; the student reads it."""

    note: Annotated[str, msgspec.Meta(min_length=1, max_length=4_000, pattern=r"^[^\x00]*$")]


class Replacement(View, frozen=True):
    """A module that replaces a part, and whether its ECTS are booked (null: she does not study here any more)."""

    module: str
    title: str
    ects: Decimal
    booked: bool | None


class Settlement(View, frozen=True, kw_only=True):
    """What the board has settled of a part, as it holds now; `booked` tells whether recognised ECTS are booked."""

    kind: Literal["waived", "recognised"]
    ects: Decimal
    evidence: str
    replaced_by: list[Replacement]
    booked: bool
    at: datetime


class SettledLine(View, frozen=True):
    """What was settled or taken back, by whom, and on what grounds."""

    at: datetime
    action: Literal["waived", "recognised", "taken_back"]
    ects: Decimal
    by: str
    note: str


class PartView(View, frozen=True, kw_only=True):
    """A part of a student's internship: the ECTS that it brings at most (null: the settings have it no more).

    `granted` are the ECTS that the board has recognised of a case of it (null: none so far). `done` tells that no other
    part waits for it, `state` is that of the case that is recognised, else of the latest one that is under
    way, or of the latest (null: there is none). `history` has all that was ever settled, in its order.
    """

    part: str
    title: str
    ects: Decimal | None
    granted: Decimal | None
    done: bool
    state: State | None
    settled: Settlement | None
    history: list[SettledLine]


class Parts(View, frozen=True):
    """All parts that a student's regulation demands, in their order; then those that it demands no more."""

    items: list[PartView]


class NewLink(Payload, frozen=True):
    """As what somebody without an account shall come to a case.

    `reader` is the host that only reads the agreement which all three have signed last, for sixty days.
    """

    role: Literal["host", "mentor", "reader"]


class Link(View, frozen=True):
    """A link for somebody without an account, by name and address.

    `mailedTo` is where it is sent, and nobody else sees it. Only where no mail server is configured `url` says it,
    until `expiresAt`; nobody can look it up again.
    """

    name: str
    email: str
    url: str | None
    expires_at: datetime | None
    mailed_to: str | None


class Signature(View, frozen=True):
    """Who has signed which version, when; `sha256` is that of exactly what was signed."""

    version: int
    party: Role
    name: str
    sha256: str
    at: datetime


class Next(View, frozen=True):
    """A step that the state allows, who takes it, and what is missing before (with who can do it)."""

    action: Action
    by: Role
    missing: list[str]


class AwaitedPart(View, frozen=True):
    """A part that is yet to be recognised, and the state of the latest case of it (null: there is none)."""

    part: str
    title: str
    state: State | None


class Line(View, frozen=True):
    """A line of a case's history."""

    number: int
    at: datetime
    action: str
    role: str
    by: str
    before: State
    after: State
    note: str
    entered: dict[str, Any]


class CaseView(View, frozen=True, kw_only=True):
    """A case as those concerned see it.

    `organisation.contact` only office, board and supervisor see (else null). `placed` is the offer by which its place
    was got, null without one. `next` are the steps that its state allows. `warnings` say which rules are broken of
    those in the case's `/checks`; they stop no step. `agreement` is what is to be signed, or what all have signed last,
    word for word, `sha256` that of its bytes in UTF-8. `absentDays` are those of interruptions so far. `due` is until
    when the report is awaited, null where none is. `award` are the ECTS that the certified hours bring by the
    regulation, as it was on the day of the decision where there is one, `granted` those that the board recognised.
    What is recognised is booked once nothing is in `waitsFor`, and what is recognised partly once it cannot be appealed
    against any more: `appealUntil` is the last day for that, null where nobody can. `draftReport` is what the student
    has written of her report and not handed in; others see null. Whoever comes by a link sees neither warnings nor
    history nor ECTS nor what is decided, and the host no evaluation: the mentor sees her own.
    """

    id: UUID
    person_id: UUID
    student: str
    regulation: str
    part: str
    state: State
    revision: int
    organisation: Host
    placed: Placed | None
    supervisor_id: UUID | None
    description: Description | None
    change: Description | None
    mentor: Mentor | None
    version: int
    in_force: int
    agreement: str | None
    sha256: str | None
    signatures: list[Signature]
    cleared: list[str]
    began_on: date | None
    ended_on: date | None
    absent_days: int
    certified: Certified | None
    evaluation: Evaluation | None
    due: date | None
    award: Decimal | None
    granted: Decimal | None
    decided_on: date | None
    appeal_until: date | None
    waits_for: list[AwaitedPart]
    draft_report: str | None
    next: list[Next]
    warnings: list[str]
    history: list[Line]


class CaseLine(View, frozen=True, kw_only=True):
    """A case in a list."""

    id: UUID
    person_id: UUID
    student: str
    part: str
    state: State
    organisation: str
    first_day: date | None
    last_day: date | None
    due: date | None
    moved_at: datetime


class Cases(View, frozen=True):
    """A page of cases; `next`, unless it is the last one, is the `cursor` of the next."""

    items: list[CaseLine]
    next: UUID | None
