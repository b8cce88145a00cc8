"""A case: one part of one student's internship, and what each step writes into it. Pure; `cases` keeps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec.structs import replace

from lms_core.api import BadValue, LongText, Name, Payload
from lms_internship_credit.guards import Life, target, unmet
from lms_internship_credit.lifecycle import Action, Refusal, Role, State, judge
from lms_internship_credit.policy import Internship, Part, Served

Email = Annotated[str, msgspec.Meta(min_length=3, max_length=254, pattern=r"^[!-?A-~]+@[!-?A-~]+(?!\n)$")]
Points = Annotated[int, msgspec.Meta(ge=1, le=5)]


class Description(Payload, frozen=True, kw_only=True):
    """What is to be done there: first and last day, hours a week, tasks, aims, how it is looked after, and the pay.

    These are the facts of tables A and C of an Erasmus+ traineeship. `payCents` is the pay of a month, null if none.
    `aims` may be empty in a draft only.
    """

    first_day: date
    last_day: date
    weekly_hours: Decimal
    place: Name
    tasks: LongText
    aims: LongText
    monitoring: LongText = ""
    language: Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*(?!\n)$")] = ""
    pay_cents: Annotated[int, msgspec.Meta(ge=0, le=100_000_000)] | None = None
    insurance: LongText = ""

    def __post_init__(self) -> None:
        """Refuse a period or hours that cannot be."""
        for error in broken(msgspec.structs.asdict(self)):
            raise error


class Mentor(Payload, frozen=True):
    """Who looks after the student at the host."""

    name: Name
    email: Email
    position: Name = "Mentor"


class Certified(Payload, frozen=True):
    """What the host certifies: exact days, hours worked, and days of interruption in between."""

    first_day: date
    last_day: date
    hours: Decimal
    absent_days: Annotated[int, msgspec.Meta(ge=0, le=1_000)] = 0

    def __post_init__(self) -> None:
        """Refuse days and hours that cannot be."""
        if not self.first_day <= self.last_day:
            raise BadValue("lastDay", "must lie on or after firstDay")
        length = (self.last_day - self.first_day).days + 1
        if self.absent_days >= length:
            raise BadValue("absentDays", f"must be less than the {length} days from firstDay to lastDay")
        check_hours("hours", self.hours, 0, 10_000)


class Evaluation(Payload, frozen=True):
    """How the mentor judges, from 1 (poor) to 5 (excellent), with words."""

    knowledge: Points
    quality: Points
    initiative: Points
    teamwork: Points
    reliability: Points
    words: LongText = ""


def broken(given: Mapping[str, Any]) -> Iterator[BadValue]:
    """Tell which rules the fields of a description break, or those of an offer, as far as they are given."""
    first, last, hours = given.get("first_day"), given.get("last_day"), given.get("weekly_hours")
    if first and last and not timedelta() <= last - first <= timedelta(days=1_000):
        yield BadValue("lastDay", "must lie on or after firstDay, by 1000 days at most")
    try:
        check_hours("weeklyHours", Decimal(1) if hours is None else hours, 1, 60)
    except BadValue as error:
        yield error
    if not given.get("tasks", "given").strip():
        yield BadValue("tasks", "must not be empty")


def check_hours(field: str, hours: Decimal, least: int, most: int) -> None:
    """Raise BadValue unless these are hours with at most two places within the bounds."""
    if not hours.is_finite() or hours != round(hours, 2) or not least <= hours <= most:
        raise BadValue(field, f"must be from {least} to {most}, with at most two places")


class Entry(Payload, frozen=True, kw_only=True):
    """A step and what comes with it; each step says what it needs.

    `note` is the reason or remark; all concerned read it. `sha256` names what is signed. `mentor` comes with confirm,
    `change` with amend, `certified` with certify, `due` with extend and demand_rework, `ects` with
    recognise_partly, `day` with what happened on another day than today (interrupt, resume, cancel, end). `file` is a
    scan of the certificate that was sent before, if there is one; it comes with certify.
    """

    action: Action
    note: Annotated[str, msgspec.Meta(max_length=4_000, pattern=r"^[^\x00]*$")] = ""
    sha256: Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}(?!\n)$")] | None = None
    mentor: Mentor | None = None
    change: Description | None = None
    certified: Certified | None = None
    file: UUID | None = None
    due: date | None = None
    ects: Decimal | None = None
    day: date | None = None

    def __post_init__(self) -> None:
        """Refuse a file with another step."""
        if self.file is not None and self.action != "certify":
            raise BadValue("file", "comes with certify only")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A case as it stands.

    `version` counts agreements, `in_force` is the one that all have signed last; `change` waits for signatures while
    that holds. `digest` is the SHA-256 of what is to be signed, `signed` who has signed it. `stopped_on` is the first
    day of an interruption, or that of the host's cancellation. The `report` is a text, or the files of `report_files`.
    `award` is what the regulation brought on the day of the decision; null before that.
    """

    id: UUID
    person_id: UUID
    regulation: str
    part: str
    organisation_id: UUID
    state: State = "draft"
    revision: int = 1
    supervisor_id: UUID | None = None
    description: Description | None = None
    change: Description | None = None
    mentor: Mentor | None = None
    version: int = 0
    in_force: int = 0
    digest: str | None = None
    signed: frozenset[Role] = frozenset()
    cleared: frozenset[str] = frozenset()
    began_on: date | None = None
    ended_on: date | None = None
    stopped_on: date | None = None
    absent_days: int = 0
    certified: Certified | None = None
    evaluation: Evaluation | None = None
    report: bool = False
    report_files: frozenset[UUID] = frozenset()
    due: date | None = None
    extension_asked: bool = False
    extended: bool = False
    award: Decimal | None = None
    granted: Decimal | None = None
    decided_on: date | None = None
    decided_by: UUID | None = None
    accepted: bool = False
    appealed: bool = False


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What a case depends on besides itself: the regulation, other cases of the student, and what her part has brought.

    `elsewhere`: another case of this part is under way or done, or none is needed. `others_done`: no other part is
    open. `brought` are the ECTS that this part has brought already, from elsewhere or by another case; all that it can
    bring where it is waived.
    """

    internship: Internship
    part: Part
    elsewhere: bool = False
    others_done: bool = True
    brought: Decimal = Decimal(0)


def life(case: Case, around: Around) -> Life:
    """Return the facts of a case that its steps depend on."""
    what, hours = case.description, case.certified
    return Life(
        state=case.state,
        internship=around.internship,
        part=around.part,
        described=what is not None and bool(what.aims.strip()),
        supervisor=case.supervisor_id is not None,
        mentor=case.mentor is not None,
        first_day=what.first_day if what else None,
        last_day=what.last_day if what else None,
        began=case.began_on is not None,
        signed=case.signed,
        cleared=case.cleared,
        served=Served(hours.first_day, hours.last_day, hours.hours, hours.absent_days) if hours else None,
        report=case.report or bool(case.report_files),
        due=case.due,
        extension_asked=case.extension_asked,
        extended=case.extended,
        host_evaluated=case.evaluation is not None,
        granted=case.granted,
        brought=around.brought,
        decided_on=case.decided_on,
        accepted=case.accepted,
        appealed=case.appealed,
        elsewhere=around.elsewhere,
        others_done=around.others_done,
        booked=case.state == "booked",
    )


def step(case: Case, around: Around, entry: Entry, role: Role, who: UUID | None, today: date) -> Case | Refusal:
    """Return the case after a step of a role on a day, or why the step cannot be taken.

    `who` decides, where the role is the board. Raises BadValue where what comes with the step does not fit.
    """
    known = judge(case.state, entry.action, role, {})
    if isinstance(known, Refusal):
        return known
    entered = _enter(case, around, entry, role, today)
    facts = life(entered, around)
    found = judge(case.state, entry.action, role, unmet(facts, role, today))
    if isinstance(found, Refusal):
        return found
    to = target(facts, found, role)
    moved = _settle(entered, facts, entry.action, role, today)
    if entry.action == "sign" and to != case.state:
        moved = replace(moved, in_force=moved.version, description=moved.change or moved.description, change=None)
    if role == "board":
        moved = replace(moved, decided_by=who)
    return replace(moved, state=to, revision=case.revision + 1)


_REASON: frozenset[Action] = frozenset(
    {"return", "refuse", "cancel", "demand_rework", "recognise_partly", "reject", "appeal", "reverse"}
)
"""Steps that somebody will ask a reason for."""


def _enter(case: Case, around: Around, entry: Entry, role: Role, today: date) -> Case:
    """Write what comes with a step into the case, before it is judged."""
    needed = entry.action in _REASON or (entry.action == "end" and role == "office")
    if needed and not entry.note.strip():
        raise BadValue("note", "must say why; everybody concerned reads it")
    day = entry.day or today
    if day > today or (case.began_on and day < case.began_on):
        raise BadValue("day", "must lie between the first day and today")
    match entry.action:
        case "confirm" if entry.mentor:
            return replace(case, mentor=entry.mentor)
        case "sign" if entry.sha256 != case.digest:
            raise BadValue("sha256", "is not that of the agreement as it stands; read it again before you sign")
        case "amend":
            return replace(case, change=_changed(case, entry, today))
        case "certify":
            return replace(case, certified=_worked(case, entry, around.internship.day_hours))
        case "extend":
            return replace(case, due=_later(case, entry, around.internship.extension_days))
        case "demand_rework":
            due = entry.due or today + timedelta(around.internship.extension_days)
            if due <= today:
                raise BadValue("due", "must lie after today")
            return replace(case, due=due)
        case "recognise_partly":
            if entry.ects is None or not entry.ects.is_finite() or entry.ects != round(entry.ects, 2):
                raise BadValue("ects", "must be the ECTS that are recognised, with at most two places")
            return replace(case, granted=entry.ects)
        case "interrupt" | "cancel":
            return replace(case, stopped_on=case.stopped_on or day)
        case "resume":
            assert case.stopped_on
            if day < case.stopped_on:
                raise BadValue("day", f"must not lie before the interruption, which began on {case.stopped_on}")
            return replace(case, absent_days=case.absent_days + (day - case.stopped_on).days, stopped_on=None)
        case "end":
            return replace(case, ended_on=_last(case, day))
    return case


def _changed(case: Case, entry: Entry, today: date) -> Description:
    if entry.change is None:
        raise BadValue("change", "must be the whole description as it shall be from now on")
    if case.description and entry.change.first_day != case.description.first_day:
        raise BadValue("change.firstDay", f"must stay {case.description.first_day}; it has begun")
    if entry.change.last_day < today:
        raise BadValue("change.lastDay", "must not be over already")
    if not entry.change.aims.strip():
        raise BadValue("change.aims", "must not be empty")
    return entry.change


def _worked(case: Case, entry: Entry, day_hours: int) -> Certified:
    hours = entry.certified
    if hours is None:
        raise BadValue("certified", "must say the exact first and last day and the hours worked")
    assert case.began_on
    assert case.ended_on
    if hours.first_day < case.began_on or hours.last_day > case.ended_on:
        raise BadValue("certified", f"must lie between {case.began_on} and {case.ended_on}, the days of the internship")
    absent = min(case.absent_days, (hours.last_day - hours.first_day).days)
    if hours.absent_days < absent:
        raise BadValue("certified.absentDays", f"must be {absent} at least, the days of interruptions")
    days = (hours.last_day - hours.first_day).days + 1 - hours.absent_days
    if hours.hours > days * day_hours:
        raise BadValue("certified.hours", f"must be {days * day_hours} at most: {days} days of {day_hours} hours")
    return hours


def _later(case: Case, entry: Entry, most: int) -> date:
    assert case.due
    if entry.due is None or not case.due < entry.due <= case.due + timedelta(most):
        raise BadValue("due", f"must lie after {case.due}, by {most} days at most")
    return entry.due


def _last(case: Case, day: date) -> date:
    """Return the last day that was worked: not after the agreed one, nor after an interruption began."""
    assert case.description
    days = [day, case.description.last_day]
    if case.stopped_on:
        days.append(case.stopped_on)
    return min(days)


def _settle(case: Case, facts: Life, action: Action, role: Role, today: date) -> Case:
    """Write down what follows from a step that is taken."""
    match action:
        case "revise":
            return replace(
                case, mentor=None, signed=frozenset(), cleared=frozenset(), digest=None, stopped_on=None,
            )  # fmt: skip
        case "approve" | "amend":
            return replace(case, version=case.version + 1, signed=frozenset(), digest=None)
        case "sign":
            return replace(case, signed=case.signed | {role})
        case "refuse" | "interrupt":  # a change was made for days that are now others: it is proposed anew afterwards
            return replace(case, change=None)
        case "begin":
            return replace(case, began_on=facts.first_day)
        case "end":
            return replace(case, change=None, stopped_on=None)
        case "certify":
            assert case.ended_on
            return replace(case, due=max(case.ended_on, today) + timedelta(facts.internship.report_days))
        case "ask_extension":
            return replace(case, extension_asked=True)
        case "extend":
            return replace(case, extension_asked=False, extended=True)
        case "demand_rework":
            return replace(case, report=False, report_files=frozenset(), extended=False, extension_asked=False)
        case "recognise":
            return replace(case, award=facts.award, granted=facts.award, decided_on=today)
        case "recognise_partly" | "lapse":
            return replace(case, award=facts.award, decided_on=today)
        case "reject":
            return replace(case, award=facts.award, granted=None, decided_on=today)
        case "accept":
            return replace(case, accepted=True)
        case "appeal":
            return replace(case, appealed=True, award=None, granted=None)
        case "reverse":
            return replace(case, award=None, granted=None, decided_on=None, accepted=False, appealed=False)
    return case
