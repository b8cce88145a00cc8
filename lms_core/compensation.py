"""What plugins that compensate for disadvantages read and decide: exam dates, deadlines and seats of one person.

They change when and where she learns, never what is asked. Why is their own matter: nothing of it is kept here.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Select, delete, insert, select

from lms_core.assessment import deadlines, registering
from lms_core.assessment.policy import term_name, term_number
from lms_core.assessment.tables import deadline, exam, extension, paused_term, registration
from lms_core.assessment.work_types import NewExtension
from lms_core.db import AsyncConnection, insert_into
from lms_core.enrolment.jobs import FILL, send_job
from lms_core.enrolment.tables import programme_enrolment, run_enrolment, seat_claim, seat_quota
from lms_core.errors import NotFound
from lms_core.hooks.context import Context
from lms_core.modules.tables import module, run
from lms_core.programmes.tables import programme_plugin, regulation, term
from lms_core.progress.tables import former_unit
from lms_core.types import instant_of, now

DECIDED = "Decided elsewhere."
"""The note of every extension that a plugin gives: those who read it learn neither from what nor by which rule."""


class ExamDate(msgspec.Struct, frozen=True, kw_only=True):
    """An exam of a module: wall times in a zone; `registered_at` if a person is registered for it."""

    exam_id: UUID
    run_id: UUID
    module_id: UUID
    title: str
    starts: datetime
    ends: datetime
    zone: str
    registered_at: datetime | None


class DeadlineFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Until when a person has to do a unit that she has not done yet: on the wall in `zone`.

    That is the deadline of all; `holds_until` is the moment that holds for her, who may have a later one. `since` is
    when she could begin: the day of her seat, or that on which the term began, if that is later. `withdrawn` tells
    that an extension of hers was taken back.
    """

    run_id: UUID
    unit_key: str
    title: str
    since: date
    due: datetime
    zone: str
    holds_until: datetime
    withdrawn: bool


class StudyTerm(msgspec.Struct, frozen=True, kw_only=True):
    """A term of a programme: its number (terms have them without gaps), its name, and its days."""

    number: int
    name: str
    starts_on: date
    ends_on: date


class StudyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Since when a person studies a programme, its terms in their order, and in how many the study has to be done.

    `regulation` is the version that she follows.
    `most_terms` is `maxTerms` of the regulation that she follows; null where that says nothing, or no number.
    """

    since: date
    regulation: str
    most_terms: int | None
    terms: tuple[StudyTerm, ...]


class SeatClaim(msgspec.Struct, frozen=True, kw_only=True):
    """A person for whom quotas keep seats, before a moment."""

    person_id: UUID
    until: datetime


async def claim_seats(context: Context, connection: AsyncConnection, person_id: UUID, until: datetime | None) -> None:
    """Let a person have seats of the programme's quotas that are for whom this plugin names, before a moment.

    Null takes that back; a seat that she holds stays hers. Where she waits, free seats are given by a job. It goes on
    when the plugin is turned off. Three statements, and one for each of these runs. Raises NotFound if she does not
    study the programme.
    """
    c, programme_id = seat_claim.c, context.programme_id
    hers = {"person_id": person_id, "programme_id": programme_id, "plugin": context.plugin}
    if until is None:
        await connection.execute(delete(seat_claim).where(*(c[name] == value for name, value in hers.items())))
        return
    study = programme_enrolment.c
    studies = (study.person_id == person_id) & (study.programme_id == programme_id) & (study.state == "enrolled")
    if await connection.scalar(select(study.person_id).where(studies)) is None:
        raise NotFound("This person does not study in this programme.")
    claimed = insert_into(connection, seat_claim).values(**hers, until=until)
    await connection.execute(claimed.on_conflict_do_update(index_elements=list(hers), set_={"until": until}))
    waiting = (
        select(run.c.id, module.c.programme_id)
        .join_from(run, module, module.c.id == run.c.module_id)
        .join(run_enrolment, run_enrolment.c.run_id == run.c.id)
        .join(seat_quota, seat_quota.c.run_id == run.c.id)
        .where(
            run_enrolment.c.person_id == person_id, run_enrolment.c.state == "waiting",
            run_enrolment.c.programme_id == programme_id, seat_quota.c.plugin == context.plugin,
        )
        .distinct()
    )  # fmt: skip
    for row in (await connection.execute(waiting)).all():
        await send_job(connection, FILL, row.id, row.programme_id)


async def read_seat_claims(
    context: Context, connection: AsyncConnection, person_id: UUID | None = None
) -> list[SeatClaim]:
    """Return those whom this plugin has named for reserved seats of the programme, or one of them, by their ids.

    One statement.
    """
    c = seat_claim.c
    query = select(c.person_id, c.until).where(
        c.programme_id == context.programme_id, c.plugin == context.plugin, c.until > now()
    )
    if person_id is not None:
        query = query.where(c.person_id == person_id)
    return [SeatClaim(**row._mapping) for row in await connection.execute(query.order_by(c.person_id))]


async def read_study(connection: AsyncConnection, person_id: UUID, programme_id: UUID) -> StudyFacts:
    """Return what a person's time for a study goes by. Raises NotFound if she does not study it. Two statements."""
    query = (
        select(programme_enrolment.c.since, regulation.c.version, regulation.c.limits)
        .join(regulation, regulation.c.id == programme_enrolment.c.regulation_id)
        .where(
            programme_enrolment.c.person_id == person_id, programme_enrolment.c.programme_id == programme_id,
            programme_enrolment.c.state == "enrolled",
        )
    )  # fmt: skip
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("This person does not study in this programme.")
    c = term.c
    days = select(c.season, c.year, c.starts_on, c.ends_on).where(c.programme_id == programme_id)
    numbered = [(term_number(one.season, one.year), one) for one in await connection.execute(days)]
    terms = tuple(
        StudyTerm(number=number, name=term_name(number), starts_on=one.starts_on, ends_on=one.ends_on)
        for number, one in sorted(numbered, key=lambda pair: pair[0])
    )
    most = (row.limits or {}).get("maxTerms")
    valid = isinstance(most, int) and not isinstance(most, bool) and most > 0
    return StudyFacts(since=row.since.date(), regulation=row.version, most_terms=most if valid else None, terms=terms)


async def pause_terms(context: Context, connection: AsyncConnection, person_id: UUID, numbers: Collection[int]) -> None:
    """Let a person's time for repeating exams stand still in these terms, in place of those this plugin named before.

    Exams of a later term are open to her as long as everybody's time and a term more for each of these has not passed.
    Two statements.
    """
    c = paused_term.c
    hers = {"person_id": person_id, "programme_id": context.programme_id, "plugin": context.plugin}
    await connection.execute(delete(paused_term).where(*(c[name] == value for name, value in hers.items())))
    if rows := [{**hers, "number": number} for number in sorted(set(numbers))]:
        await connection.execute(insert(paused_term), rows)


async def read_exam_dates(connection: AsyncConnection, person_id: UUID, programme_id: UUID) -> list[ExamDate]:
    """Return the exams that are not cancelled of runs in which a person has a seat that counts under a programme.

    In the order of their ids, past ones as well. One statement.
    """
    open_ = (
        (registration.c.exam_id == exam.c.id)
        & (registration.c.person_id == person_id)
        & (registration.c.state == "registered")
    )
    names = ("run_id", "title", "starts", "ends", "zone")
    query = (
        select(
            exam.c.id.label("exam_id"), run.c.module_id, registration.c.since.label("registered_at"),
            *(exam.c[name] for name in names),
        )
        .join_from(exam, run, run.c.id == exam.c.run_id)
        .join(run_enrolment, run_enrolment.c.run_id == run.c.id)
        .outerjoin(registration, open_)
        .where(_seated(person_id, programme_id), exam.c.cancelled_at.is_(None))
        .order_by(exam.c.id)
    )  # fmt: skip
    return [ExamDate(**row._mapping) for row in await connection.execute(query)]


async def register_for_exam(context: Context, connection: AsyncConnection, person_id: UUID, exam_id: UUID) -> datetime:
    """Register a person for an exam by a decision, against which no date for registering stands; return the moment.

    Raises NotFound unless her seat in its run counts under the programme, and Conflict that says why not: it is
    cancelled, the module is passed, no attempt is left, she is registered for another one. Seven statements.
    """
    run_id = await _run_of(context, connection, person_id, exam_id)
    return (await registering.register(connection, run_id, exam_id, person_id, late=True)).since


async def deregister_from_exam(context: Context, connection: AsyncConnection, person_id: UUID, exam_id: UUID) -> None:
    """Take a person's registration back by a decision, against which no date stands; again changes nothing.

    Raises NotFound, and Conflict once there is a result. Five statements.
    """
    run_id = await _run_of(context, connection, person_id, exam_id)
    await registering.deregister(connection, run_id, exam_id, person_id, late=True)


async def read_deadlines(connection: AsyncConnection, person_id: UUID, programme_id: UUID) -> list[DeadlineFacts]:
    """Return the deadlines of what a person has not done, in runs where her seat counts under a programme.

    One statement.
    """
    query: Select[Any] = (
        deadlines.of_person(person_id)
        .add_columns(run_enrolment.c.since, term.c.starts_on)
        .join(term, term.c.id == run.c.term_id)
        .where(_seated(person_id, programme_id), deadline.c.removed_at.is_(None), former_unit.c.version_id.is_(None))
    )
    found = []
    for row in await connection.execute(query):
        if row.completed_at is None:
            due, zone, _ = deadlines.holding(row)
            found.append(
                DeadlineFacts(
                    run_id=row.run_id, unit_key=row.unit_key, title=row.unit_title,
                    since=max(row.since.date(), row.starts_on), due=row.due, zone=row.zone,
                    holds_until=instant_of(due, zone), withdrawn=row.withdrawn_at is not None,
                )
            )  # fmt: skip
    return found


async def extend_deadline(
    context: Context,
    connection: AsyncConnection,
    person_id: UUID,
    run_id: UUID,
    unit_key: str,
    due: datetime,
    zone: str,
) -> None:
    """Give a person a deadline of her own, in place of one that she has: who set the plugin's policy decides.

    Its class of reasons is `other`, its note nothing more. Raises NotFound (no deadline, or no
    seat that counts under the programme), and InvalidInput when it is not later than everybody's. At most ten
    statements.
    """
    actor = await _check_seat(context, connection, person_id, run_id)
    same = (extension.c.run_id == run_id) & (extension.c.unit_key == unit_key) & (extension.c.person_id == person_id)
    known = await connection.scalar(select(extension.c.revision).where(same)) or 0
    new = NewExtension(due=due, zone=zone, reason="other", note=DECIDED)
    await deadlines.extend(connection, run_id, unit_key, person_id, new, known, actor)


async def withdraw_extension(
    context: Context, connection: AsyncConnection, person_id: UUID, run_id: UUID, unit_key: str
) -> None:
    """Let everybody's deadline hold for a person again. Raises NotFound. At most seven statements."""
    actor = await _check_seat(context, connection, person_id, run_id)
    present = await deadlines.read_extension(connection, run_id, unit_key, person_id)
    await deadlines.withdraw_extension(connection, run_id, unit_key, person_id, present.revision, actor)


async def _run_of(context: Context, connection: AsyncConnection, person_id: UUID, exam_id: UUID) -> UUID:
    query = select(exam.c.run_id).join(run_enrolment, run_enrolment.c.run_id == exam.c.run_id)
    mine = _seated(person_id, context.programme_id)
    run_id: UUID | None = await connection.scalar(query.where(exam.c.id == exam_id, mine))
    if run_id is None:
        raise NotFound("There is no such exam of a run in which the person has a seat under this programme.")
    return run_id


async def _check_seat(context: Context, connection: AsyncConnection, person_id: UUID, run_id: UUID) -> UUID:
    """Return who decides: whoever acts, or set the policy of the plugin; the person herself if that is unknown."""
    mine = _seated(person_id, context.programme_id)
    if await connection.scalar(select(run_enrolment.c.run_id).where(mine, run_enrolment.c.run_id == run_id)) is None:
        raise NotFound("The person has no seat in this run that counts under the programme.")
    if context.person_id:
        return context.person_id
    query = select(programme_plugin.c.changed_by).where(
        programme_plugin.c.programme_id == context.programme_id, programme_plugin.c.plugin == context.plugin
    )
    return await connection.scalar(query) or person_id


def _seated(person_id: UUID, programme_id: UUID) -> Any:
    return (
        (run_enrolment.c.person_id == person_id)
        & (run_enrolment.c.programme_id == programme_id)
        & run_enrolment.c.state.in_(deadlines.SEATED)
    )
