"""What follows from protected time: exams are moved, deadlines extended; each told, listed, and done once.

What she decides herself comes before: an exam for which she registers after she declared the protection stays, and so
does whatever she undoes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Meta
from sqlalchemy import insert, select, update

from lms_core.api import (
    AsyncConnection,
    Conflict,
    Context,
    DeadlineFacts,
    ExamDate,
    NotFound,
    Payload,
    Unavailable,
    View,
    deregister_from_exam,
    extend_deadline,
    new_id,
    now,
    read_deadlines,
    read_exam_dates,
    register_for_exam,
    withdraw_extension,
)
from lms_family_sessions import consequence_mail as mail
from lms_family_sessions.childcare_terms import instant
from lms_family_sessions.leaves import pause
from lms_family_sessions.protections import Protection, people, read_protections
from lms_family_sessions.reckoning import compensated, extended
from lms_family_sessions.tables_consequences import consequence


class Consequence(View, frozen=True, kw_only=True):
    """An exam or a deadline that was at `before`, and is at `after` (null: no later date is known) for a person.

    Wall times in `zone`. `why` is a class, never the reason. `open` exams wait for a date to come.
    """

    id: UUID
    kind: Literal["exam", "deadline"]
    why: Literal["protected_time"] = "protected_time"
    title: str
    run_id: UUID
    before: datetime
    after: datetime | None
    zone: str
    state: Literal["done", "open", "undone"]
    changed_at: datetime


class Compensation(Payload, frozen=True):
    """How many hours a week a person has for her study."""

    person_id: UUID
    hours: Annotated[int, Meta(ge=1, le=60)]


class ConsequenceList(View, frozen=True):
    """A person's consequences, the oldest first."""

    items: list[Consequence]


async def follow(context: Context, payload: None) -> None:
    """Draw the consequences for everybody of a programme: daily, and when an entry has changed.

    Each person is done for herself, so that what was done stays when the job is interrupted.
    """
    async with context.read() as connection:
        waiting = select(consequence.c.person_id).where(
            consequence.c.programme_id == context.programme_id, consequence.c.state == "open"
        )
        persons = {*await people(context, connection), *(await connection.execute(waiting)).scalars()}
    failed: Unavailable | None = None
    for person_id in sorted(persons):
        try:
            async with context.write(more=True) as connection:
                await settle(context, connection, person_id)
        except Unavailable as error:  # the key of an entry is missing; the others shall not wait for it
            failed = error
    if failed:
        raise failed


async def settle(context: Context, connection: AsyncConnection, person_id: UUID) -> None:
    """Draw the consequences of a person's protections; those that are drawn already are not drawn again."""
    protections = await read_protections(context, connection, person_id)
    held = select(consequence).where(_of(context, person_id)).order_by(consequence.c.id).with_for_update()
    rows = (await connection.execute(held)).all()
    known = {row.key: row for row in rows}
    policy = context.settings.consequences
    exams = await read_exam_dates(connection, person_id, context.programme_id)
    if policy.exams == "move":
        await _move_exams(context, connection, person_id, protections, known, exams)
    await _register_open(context, connection, person_id, protections, known, exams)
    if policy.deadlines == "extend":
        await _extend(context, connection, person_id, protections, known)
    await pause(context, connection, person_id)


async def _move_exams(
    context: Context,
    connection: AsyncConnection,
    person_id: UUID,
    protections: Sequence[Protection],
    known: dict[str, Any],
    exams: Sequence[ExamDate],
) -> None:
    for one in exams:
        if one.registered_at is None or str(one.exam_id) in known or instant(one.starts, one.zone) <= now():
            continue
        ours = any(row.to_exam_id == one.exam_id and row.registered_at == one.registered_at for row in known.values())
        # by registering herself for it after a declaration she does without that protection
        if not any(_covers(found, one) and (ours or one.registered_at <= found.declared_at) for found in protections):
            continue
        await deregister_from_exam(context, connection, person_id, one.exam_id)
        row = {
            **_new(context, person_id, "exam", str(one.exam_id), one.title), "run_id": one.run_id,
            "module_id": one.module_id, "exam_id": one.exam_id, "before": one.starts, "zone": one.zone,
            "state": "open",
        }  # fmt: skip
        row |= await _next(context, connection, person_id, one.module_id, one.starts, one.zone, exams, protections)
        await connection.execute(insert(consequence), row)
        await mail.exam_moved(context, connection, person_id, row)


async def _register_open(
    context: Context,
    connection: AsyncConnection,
    person_id: UUID,
    protections: Sequence[Protection],
    known: dict[str, Any],
    exams: Sequence[ExamDate],
) -> None:
    """Register a person whose exam had no later date for one that has come, unless she has done so herself."""
    registered = {one.module_id for one in exams if one.registered_at}
    for row in known.values():
        if row.kind == "exam" and row.state == "open" and row.module_id not in registered:
            found = await _next(context, connection, person_id, row.module_id, row.before, row.zone, exams, protections)
            if found:
                await _change(connection, row, **found)
                await mail.exam_moved(context, connection, person_id, {**row._mapping, **found})


async def _next(
    context: Context,
    connection: AsyncConnection,
    person_id: UUID,
    module_id: UUID,
    before: datetime,
    zone: str,
    exams: Iterable[ExamDate],
    protections: Sequence[Protection],
) -> dict[str, Any]:
    """Register a person for the next exam of a module that is not protected; return what has become of it, if any."""
    least = max(instant(before, zone), now())
    later = [one for one in exams if one.module_id == module_id and instant(one.starts, one.zone) > least]
    for one in sorted(later, key=lambda one: instant(one.starts, one.zone)):
        if not any(_covers(found, one) for found in protections):
            try:
                registered_at = await register_for_exam(context, connection, person_id, one.exam_id)
            except Conflict:  # no attempt is left, or there is a result: nothing that a date would change
                return {}
            after = _wall(instant(one.starts, one.zone), zone)
            return {"to_exam_id": one.exam_id, "registered_at": registered_at, "after": after, "state": "done"}
    return {}


async def _extend(
    context: Context,
    connection: AsyncConnection,
    person_id: UUID,
    protections: Sequence[Protection],
    known: dict[str, Any],
) -> None:
    spans = [one.span for one in protections if one.deadlines]
    for one in await read_deadlines(connection, person_id, context.programme_id):
        row = known.get(_key(one))
        day = extended(one.since, one.due.date(), spans, context.settings.consequences.most_days)
        moment = _moment(one, day)
        if moment > max(one.holds_until, now()) and not one.withdrawn and not (row and row.state == "undone"):
            await _give(context, connection, person_id, one, row, moment)


async def compensate(
    context: Context, connection: AsyncConnection, run_id: UUID, unit_key: str, given: Compensation
) -> None:
    """Extend a deadline of who has fewer hours a week, in proportion: a decision of the board, for a reason of its own.

    What she has undone before is decided anew. Raises NotFound, and Conflict if she has that much time already.
    """
    found = await read_deadlines(connection, given.person_id, context.programme_id)
    one = next((one for one in found if (one.run_id, one.unit_key) == (run_id, unit_key)), None)
    if one is None:
        raise NotFound("This person has no such deadline, or has done the unit already.")
    day = compensated(one.since, one.due.date(), given.hours, context.settings.consequences.full_hours)
    moment = _moment(one, day)
    if moment <= one.holds_until:
        raise Conflict(f"She has time until {_wall(one.holds_until, one.zone)} ({one.zone}) already.")
    query = select(consequence).where(_of(context, given.person_id), consequence.c.key == _key(one))
    row = (await connection.execute(query.with_for_update())).first()
    await _give(context, connection, given.person_id, one, row, moment)


async def _give(
    context: Context, connection: AsyncConnection, person_id: UUID, one: DeadlineFacts, row: Any, moment: datetime
) -> None:
    """Give a person a later deadline, list it, and tell her."""
    due, before = _wall(moment, one.zone), _wall(one.holds_until, one.zone)
    await extend_deadline(context, connection, person_id, one.run_id, one.unit_key, due, one.zone)
    if row:
        await _change(connection, row, after=due, state="done")
    else:
        made = {
            **_new(context, person_id, "deadline", _key(one), one.title), "run_id": one.run_id,
            "unit_key": one.unit_key, "before": one.due, "zone": one.zone, "state": "done", "after": due,
        }  # fmt: skip
        await connection.execute(insert(consequence), made)
    await mail.deadline_moved(context, connection, person_id, one.title, before, due, one.zone)


def _key(one: DeadlineFacts) -> str:
    return f"{one.run_id}:{one.unit_key}"


def _moment(one: DeadlineFacts, day: date) -> datetime:
    return instant(datetime.combine(day, one.due.time()), one.zone)


async def mine(context: Context, connection: AsyncConnection) -> ConsequenceList:
    """Return the consequences of the person who asks. One statement."""
    query = select(consequence).where(_of(context, context.person_id)).order_by(consequence.c.id)
    return ConsequenceList([_shape(row) for row in await connection.execute(query)])


async def undo(context: Context, connection: AsyncConnection, consequence_id: UUID) -> Consequence:
    """Take a consequence back for the person who asks, for good; again changes nothing.

    She is registered for the exam as before, or the deadline of all holds for her. Raises NotFound, and Conflict once
    the exam has begun or something stands against registering for it.
    """
    same = _of(context, context.person_id) & (consequence.c.id == consequence_id)
    row = (await connection.execute(select(consequence).where(same).with_for_update())).first()
    if row is None:
        raise NotFound("There is no such consequence.")
    if row.state == "undone":
        return _shape(row)
    if row.kind == "deadline":
        await withdraw_extension(context, connection, row.person_id, row.run_id, row.unit_key)
    else:
        if instant(row.before, row.zone) <= now():
            raise Conflict("The exam has begun already, so that it stays where it is for you.")
        if row.to_exam_id:
            await deregister_from_exam(context, connection, row.person_id, row.to_exam_id)
        await register_for_exam(context, connection, row.person_id, row.exam_id)
    return _shape(await _change(connection, row, state="undone"))


def _wall(moment: datetime, zone: str) -> datetime:
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def _covers(protection: Protection, exam: ExamDate) -> bool:
    return protection.covers(instant(exam.starts, exam.zone), instant(exam.ends, exam.zone))


def _of(context: Context, person_id: UUID | None) -> Any:
    return (consequence.c.person_id == person_id) & (consequence.c.programme_id == context.programme_id)


def _new(context: Context, person_id: UUID, kind: str, key: str, title: str) -> dict[str, Any]:
    moment = now()
    return {
        "id": new_id(), "programme_id": context.programme_id, "person_id": person_id, "kind": kind, "key": key,
        "title": title, "after": None, "revision": 1, "made_at": moment, "changed_at": moment,
    }  # fmt: skip


async def _change(connection: AsyncConnection, row: Any, **values: Any) -> Any:
    change = update(consequence).where(consequence.c.id == row.id)
    done = change.values(**values, revision=row.revision + 1, changed_at=now()).returning(consequence)
    return (await connection.execute(done)).one()


def _shape(row: Any) -> Consequence:
    names = [name for name in Consequence.__struct_fields__ if name != "why"]
    return Consequence(**{name: getattr(row, name) for name in names})
