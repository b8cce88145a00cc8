"""Seats in runs: taking them, asking for them, giving them up, which asks nobody."""

from __future__ import annotations

from collections.abc import Awaitable, Collection, Iterable, Sequence
from itertools import count
from typing import Any, Literal
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import func, select

from lms_core.db import AsyncConnection, Database
from lms_core.enrolment import types as t
from lms_core.enrolment.filling import HOOK, Deciding, Held, fill, hold, lock_persons, moved
from lms_core.enrolment.moves import ACTIVE, HOLDING, Move, apply, columns
from lms_core.enrolment.places import counting_programme
from lms_core.enrolment.rules import violations
from lms_core.enrolment.tables import run_enrolment
from lms_core.errors import Conflict, FieldError, LmsError, NotFound
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.types import EnrolmentRequest
from lms_core.people.tables import person
from lms_core.programmes.tables import programme
from lms_core.types import now

Consent = Literal["none", "programme", "run"]
"""Who approves of a seat by acting: nobody, the programme under which it counts, or the one that gives the run too."""


def _of(run_id: UUID, ids: Collection[UUID]) -> Any:
    return (run_enrolment.c.run_id == run_id) & run_enrolment.c.person_id.in_(ids)


def shape(row: Any) -> t.RunEnrolment:
    """Describe an enrolment by its row."""
    return t.RunEnrolment(**{name: getattr(row, name) for name in t.RunEnrolment.__struct_fields__})


async def enrol(
    database: Database,
    hooks: Dispatcher,
    run_id: UUID,
    person_id: UUID,
    wanted: UUID | None,
    *,
    single: bool,
    actor: UUID,
) -> t.RunEnrolment:
    """Give a person a seat in a run, or a place in its waiting list when it is full, or ask for approval first.

    The plugins of the programme under which it counts are asked first, outside the transaction. Enrolling again
    changes nothing, unless somebody else enrols her who has asked for it: that approves. Raises NotFound,
    InvalidInput, Unavailable (a plugin could not check), and Conflict when the run is closed, or a rule or a plugin
    objects.
    """
    consent: Consent = "none" if actor == person_id else "run"
    async with database.read() as connection:
        if await connection.scalar(select(person.c.id).where(person.c.id == person_id)) is None:
            raise NotFound("There is no such person.")
        module_id, programme_id = await counting_programme(connection, person_id, run_id, wanted, single=single)
        present = (await connection.execute(select(*columns).where(_of(run_id, [person_id])))).first()
    if present and present.state in (*ACTIVE, "completed"):
        if wanted not in (None, present.programme_id):
            raise Conflict(
                "The person is enrolled already, counted under another programme or none; withdraw her first."
            )
        if _stands(present, consent):
            return shape(present)
        programme_id = present.programme_id
    await judge(hooks, EnrolmentRequest(person_id, run_id, module_id, programme_id) if programme_id else None)
    deciding = await hooks.deciding(HOOK)
    people = [(person_id, programme_id)]
    async with database.write() as connection:
        return await only(take_seats(connection, run_id, people, consent, deciding=deciding, actor=actor))


async def judge(hooks: Dispatcher, request: EnrolmentRequest | None) -> None:
    """Ask the plugins about a seat. Raises Conflict with their objections, and Unavailable."""
    if request is None:
        return
    objections = await hooks.decide(HOOK, request.programme_id, request)
    if objections:
        reasons = [FieldError(objection.code, objection.reason) for objection in objections]
        raise Conflict(" ".join(objection.reason for objection in objections), errors=reasons)


async def take_seats(
    connection: AsyncConnection,
    run_id: UUID,
    people: Sequence[tuple[UUID, UUID | None]],
    consent: Consent,
    *,
    deciding: Deciding = (),
    actor: UUID | None = None,
    reason: str = "",
) -> dict[UUID, t.RunEnrolment | LmsError]:
    """Hold the run's row, then give seats or waiting places, or take down requests, in the order of the people.

    Each stands there with the programme under which hers counts; plugins agreed just before. Returns what each has
    now, or what stands against it: the run is closed, she was declined before, or a rule. The number of statements
    does not depend on how many they are.
    """
    held = await hold(connection, run_id)
    ids = [person_id for person_id, _ in people]
    present = await read_all(connection, run_id, ids)
    answers: dict[UUID, t.RunEnrolment | LmsError] = {}
    for person_id in ids:
        row = present.get(person_id)
        if row and _stands(row, consent):
            answers[person_id] = shape(row)
        elif not held.open and not (row and row.state == "requested"):
            answers[person_id] = Conflict("This run takes no enrolments at the moment.")
        elif row and row.state == "declined" and consent == "none":
            answers[person_id] = Conflict("Your request was declined; an administrator can still enrol you.")
    coming = {person_id: programme_id for person_id, programme_id in people if person_id not in answers}
    if not coming:
        return answers
    await lock_persons(connection, coming)
    for person_id, found in (await violations(connection, run_id, list(coming.items()))).items():
        errors = [FieldError(one.rule, one.reason) for one in found]
        answers[person_id] = Conflict(" ".join(one.reason for one in found), errors=errors)
        del coming[person_id]
    asking = await _asking(connection, held, coming.values(), consent)
    turns = count(await last_turn(connection, run_id) + 1)
    requests, newcomers = [], []
    for person_id, programme_id in coming.items():
        row = present.get(person_id)
        move = Move(
            person_id=person_id,
            programme_id=programme_id,
            before=row.state if row else None,
            after="requested" if programme_id in asking else "waiting",
            turn=row.turn if row and row.state == "requested" and not _missed_lots(held, row) else next(turns),
            actor=actor,
            reason=reason,
            judged_at=now(),
        )
        if move.after != "requested":
            newcomers.append(move)
        elif move.before != "requested":
            requests.append(move)
    await apply(connection, run_id, requests)
    await fill(connection, held, deciding, newcomers=newcomers)
    made = await read_all(connection, run_id, list(coming))
    return answers | {person_id: shape(row) for person_id, row in made.items()}


async def only(answers: Awaitable[dict[UUID, t.RunEnrolment | LmsError]]) -> t.RunEnrolment:
    """Return what the only person has got, or raise what stands against it."""
    (answer,) = (await answers).values()
    if isinstance(answer, LmsError):
        raise answer
    return answer


def _stands(row: Any, consent: Consent) -> bool:
    """Tell whether there is nothing more to get; a request still has to be consented to."""
    return row.state in (*ACTIVE, "completed") and not (row.state == "requested" and consent != "none")


def _missed_lots(held: Held, row: Any) -> bool:
    """Tell whether a request is older than the lots, in which only those took part who waited."""
    return held.drawn_at is not None and row.since <= held.drawn_at


async def _asking(
    connection: AsyncConnection, held: Held, programmes: Iterable[UUID | None], consent: Consent
) -> set[UUID | None]:
    """Return for which programmes, under which seats would count, somebody has to approve yet."""
    if consent == "run":
        return set()
    if held.approval:
        return set(programmes)
    if consent == "programme":
        return set()
    query = select(programme.c.id).where(programme.c.id.in_([one for one in programmes if one]), programme.c.approval)
    return set((await connection.execute(query)).scalars())


async def read_all(connection: AsyncConnection, run_id: UUID, ids: Collection[UUID]) -> dict[UUID, Any]:
    """Return the enrolments that there are of these persons in a run."""
    return {row.person_id: row for row in await connection.execute(select(*columns).where(_of(run_id, ids)))}


async def last_turn(connection: AsyncConnection, run_id: UUID) -> int:
    """Return the highest turn of a run, 0 if there is none; the caller holds the run's row."""
    turns = select(func.coalesce(func.max(run_enrolment.c.turn), 0)).where(run_enrolment.c.run_id == run_id)
    return int((await connection.execute(turns)).scalar_one())


async def withdraw(
    connection: AsyncConnection,
    run_id: UUID,
    ids: Collection[UUID],
    *,
    deciding: Deciding = (),
    actor: UUID | None = None,
    under: UUID | None = None,
) -> None:
    """Give up seats, offers, requests or waiting places; freed seats are filled in the same transaction.

    No plugin is asked. Withdrawing again changes nothing. With `under` there are those that count under that
    programme only. Raises NotFound unless all are there, and Conflict once one has completed the run.
    """
    held = await hold(connection, run_id, missing="There is no such enrolment.")  # a stranger learns of no run
    # held, too: whoever records progress may be completing the run at this moment
    query = select(*columns).where(_of(run_id, ids)).order_by(run_enrolment.c.person_id).with_for_update()
    rows = [row for row in await connection.execute(query) if under in (None, row.programme_id)]
    if len(rows) < len(ids):
        raise NotFound("There is no such enrolment.")
    if any(row.state == "completed" for row in rows):
        raise Conflict("The run is completed; nobody can withdraw from it any more.")
    await apply(connection, run_id, [moved(row, "withdrawn", actor) for row in rows if row.state in ACTIVE])
    freed = sum(row.state in HOLDING for row in rows)
    if freed:
        await fill(connection, replace(held, seats_taken=held.seats_taken - freed), deciding)
