"""Leaves that the office enters: which clocks stand still for a person meanwhile, by the programme's policy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import delete, select, update

from lms_core.api import (
    AsyncConnection,
    BadValue,
    Context,
    EnrolmentRequest,
    FieldError,
    InvalidInput,
    NotFound,
    Objection,
    Payload,
    StudyTerm,
    Unavailable,
    View,
    changed_or_raise,
    insert_into,
    lengthened,
    now,
    pause_terms,
    read_run,
    read_study,
    term_name,
)
from lms_family_sessions import policy, sealing
from lms_family_sessions.needs import FIRST, LAST
from lms_family_sessions.reckoning import DAY
from lms_family_sessions.tables_leaves import leave

NO_SEAT = Objection("no-seat", "In this term no seat in the run is possible; whom it concerns can look up why.")
UNKNOWN = Objection(
    "no-seat-yet", "Whether a seat in this run is possible cannot be told at the moment; try again later."
)


class Days(msgspec.Struct, frozen=True, kw_only=True):
    """What is sealed of a leave: its kind, and its days, both included."""

    kind: policy.Kind
    first_day: date
    last_day: date


class NewLeave(Payload, frozen=True, kw_only=True):
    """A leave that was granted to a person, of a kind that the programme's policy knows."""

    person_id: UUID
    kind: policy.Kind
    first_day: date
    last_day: date

    def __post_init__(self) -> None:
        """Refuse days nobody plans, and those in the wrong order."""
        if not FIRST <= self.first_day <= LAST:
            raise BadValue("firstDay", f"must be from {FIRST} to {LAST}")
        if not self.first_day <= self.last_day <= LAST:
            raise BadValue("lastDay", f"must be from firstDay to {LAST}")


class Leave(View, frozen=True, kw_only=True):
    """A leave of a person, and what goes on during it; what does not stands still, or is moved."""

    id: UUID
    revision: int
    changed_at: datetime
    kind: str
    first_day: date
    last_day: date
    counts_as_study: bool
    counts_as_leave: bool
    repeats_run: bool
    deadlines_run: bool
    courses: bool
    exams: bool


class Leaves(View, frozen=True, kw_only=True):
    """A person's leaves, and what follows from them for her terms.

    A term counts as one of leave when each of its days is within leaves. `notStudied` are those that do not count
    towards the time of study, `repeatsPaused` those in which the time for repeating exams stands still, `noCourses`
    those in whose runs she gets no new seat (nobody else is told why); `leaveTerms` are counted as leave, of
    `mostLeaveTerms`. `latestTerm` is the last one of the study, if the regulation has a limit (`maxTerms`); which of
    the next terms will be of leave nobody knows.
    """

    items: list[Leave]
    not_studied: list[str]
    repeats_paused: list[str]
    no_courses: list[str]
    leave_terms: int
    most_leave_terms: int
    latest_term: str | None


async def put(context: Context, connection: AsyncConnection, leave_id: UUID, new: NewLeave, expected: int) -> Leave:
    """Make a leave (0 expected), or change it; what follows is done by a job. At most eight statements.

    Raises InvalidInput for an unknown kind, NotFound unless the person studies the programme, PreconditionFailed.
    """
    kinds = [one.kind for one in context.settings.leaves]
    if new.kind not in kinds:
        where = FieldError("body.kind", f"must be one of {', '.join(kinds)}")
        raise InvalidInput("The policy of the programme knows no such kind of leave.", errors=[where])
    await read_study(connection, new.person_id, context.programme_id)
    days = Days(kind=new.kind, first_day=new.first_day, last_day=new.last_day)
    sealed = sealing.seal(msgspec.json.encode(days), context.programme_id, new.person_id, leave_id)
    values = {**sealed.values(), "revision": expected + 1, "changed_at": now()}
    same = {"id": leave_id, "programme_id": context.programme_id, "person_id": new.person_id}
    if expected == 0:
        wanted = insert_into(connection, leave).values(**same, **values, made_at=now())
        done = await connection.execute(wanted.on_conflict_do_nothing())
    else:
        change = update(leave).where(*(leave.c[name] == value for name, value in same.items()))
        done = await connection.execute(change.where(leave.c.revision == expected).values(**values))
    if not done.rowcount:
        await changed_or_raise(connection, leave, _here(context, leave_id), expected)
    await pause(context, connection, new.person_id)
    await context.enqueue(connection, "consequences")
    return _shape(context, days, leave_id, values["revision"], values["changed_at"])


async def remove(context: Context, connection: AsyncConnection, leave_id: UUID, expected: int) -> None:
    """Remove a leave: its terms count again; deadlines that were promised stay. Raises NotFound, PreconditionFailed."""
    over = delete(leave).where(_here(context, leave_id), leave.c.revision == expected).returning(leave.c.person_id)
    person_id = await connection.scalar(over)
    if person_id is None:
        await changed_or_raise(connection, leave, _here(context, leave_id), expected)
    else:
        await pause(context, connection, person_id)


async def read_days(
    context: Context, connection: AsyncConnection, person_id: UUID, *, hold: bool = False
) -> list[tuple[Any, Days]]:
    """Return the leaves of a person, each with its row, by age; `hold` them until the transaction ends.

    One statement. Raises Unavailable if the key of one is missing.
    """
    hers = (leave.c.person_id == person_id) & (leave.c.programme_id == context.programme_id)
    query = select(leave).where(hers).order_by(leave.c.made_at, leave.c.id)
    rows = await connection.execute(query.with_for_update() if hold else query)
    return [(row, _opened(context, row)) for row in rows]


async def read_all(context: Context, connection: AsyncConnection, person_id: UUID) -> Leaves:
    """Return the leaves of a person. Three statements. Raises Unavailable if the key of one is missing."""
    found = await read_days(context, connection, person_id)
    items = [_shape(context, days, row.id, row.revision, row.changed_at) for row, days in found]
    try:
        study = await read_study(connection, person_id, context.programme_id)
    except NotFound:  # she has left the programme, or is not a student
        terms: tuple[StudyTerm, ...] = ()
        latest = None
    else:
        terms = study.terms
        latest = latest_term(study.terms, study.since, study.most_terms, _stopped(items, terms, "counts_as_study"))
    return Leaves(
        items=items,
        not_studied=[one.name for one in _stopped(items, terms, "counts_as_study")],
        repeats_paused=[one.name for one in _stopped(items, terms, "repeats_run")],
        no_courses=[one.name for one in _stopped(items, terms, "courses")],
        leave_terms=len(within([one for one in items if one.counts_as_leave], terms)),
        most_leave_terms=context.settings.consequences.most_leave_terms,
        latest_term=latest,
    )


async def pause(context: Context, connection: AsyncConnection, person_id: UUID) -> None:
    """Let her time for repeating exams stand still in the terms of her leaves that stop it. Five statements."""
    found = await read_days(context, connection, person_id)
    items = [_shape(context, days, row.id, row.revision, row.changed_at) for row, days in found]
    try:
        study = await read_study(connection, person_id, context.programme_id)
    except NotFound:
        return
    stopped = _stopped(items, study.terms, "repeats_run")
    await pause_terms(context, connection, person_id, [one.number for one in stopped])


def latest_term(terms: Sequence[StudyTerm], since: date, most: int | None, stopped: Iterable[StudyTerm]) -> str | None:
    """Return the name of the last term of a study that began on a day: each term that does not count adds one."""
    begun = next((one for one in terms if one.ends_on >= since), None)
    if begun is None or most is None:
        return None
    return term_name(lengthened(begun.number - 1, begun.number + most - 1, [one.number for one in stopped]))


def within(items: Iterable[Leave], terms: Iterable[StudyTerm]) -> list[StudyTerm]:
    """Return the terms each day of which is in one of these leaves."""
    spans = [(one.first_day, one.last_day) for one in items]
    return [term for term in terms if _covered(spans, term.starts_on, term.ends_on)]


async def object_to_courses(context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
    """Object to a seat in a run each day of whose term is in leaves that allow no courses. Two statements at most.

    Whoever asks for the seat, keeps the list of it or reads its record is told the same words, so these give no reason;
    it is for her alone, among her leaves. A leave that cannot be opened speaks against a seat as well.
    """
    async with context.read() as connection:
        try:
            found = await read_days(context, connection, enrolment.person_id)
        except Unavailable:
            return [UNKNOWN]
        spans = [
            (days.first_day, days.last_day)
            for _, days in found
            if not policy.clock(days.kind, context.settings.leaves).courses
        ]
        if not spans:
            return []
        run = await read_run(connection, enrolment.run_id)
    return [NO_SEAT] if _covered(spans, run.term_starts, run.term_ends) else []


def _covered(spans: Iterable[tuple[date, date]], first: date, last: date) -> bool:
    """Return whether each day between two is in one of the spans."""
    day = first
    for begins, ends in sorted(spans):
        if begins <= day <= ends:
            day = ends + DAY
    return day > last


def _stopped(items: Iterable[Leave], terms: Iterable[StudyTerm], runs: str) -> list[StudyTerm]:
    return within([one for one in items if not getattr(one, runs)], terms)


def _opened(context: Context, row: Any) -> Days:
    sealed = sealing.Sealed(row.key_id, row.wrapped, row.sealed)
    return msgspec.json.decode(sealing.unseal(sealed, context.programme_id, row.person_id, row.id), type=Days)


def _shape(context: Context, days: Days, leave_id: UUID, revision: int, changed_at: datetime) -> Leave:
    effects = msgspec.structs.asdict(policy.clock(days.kind, context.settings.leaves)) | msgspec.structs.asdict(days)
    return Leave(id=leave_id, revision=revision, changed_at=changed_at, **effects)


def _here(context: Context, leave_id: UUID) -> Any:
    return (leave.c.id == leave_id) & (leave.c.programme_id == context.programme_id)
