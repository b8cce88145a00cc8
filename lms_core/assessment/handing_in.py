"""The rules about hand-ins: versions of files for an assignment, which one counts, and what is said of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, select, update

from lms_core.assessment import work_types as t
from lms_core.assessment.deadlines import SEATED, holding, of_person
from lms_core.assessment.tables import deadline, hand_in, hand_in_file, upload, verdict
from lms_core.assessment.uploads import seat
from lms_core.db import AsyncConnection
from lms_core.enrolment.tables import run_enrolment
from lms_core.errors import FieldError, InvalidInput, NotFound
from lms_core.hooks.types import HandInEvent
from lms_core.media.tables import media
from lms_core.outbox.events import emit
from lms_core.people.tables import person
from lms_core.progress import ledger
from lms_core.progress.types import Assessment
from lms_core.types import instant_of, new_id, now


def _of(table: Any, run_id: UUID, unit_key: str, person_id: UUID) -> Any:
    return (table.c.run_id == run_id) & (table.c.unit_key == unit_key) & (table.c.person_id == person_id)


async def submit(
    connection: AsyncConnection, run_id: UUID, unit_key: str, person_id: UUID, new: t.NewHandIn
) -> t.HandIns:
    """Hand in another version; after the deadline as well, and then it is late. Return all versions.

    It is told to the ledger, for rules that ask for no more than that, and that holds her seat: her versions are
    numbered one after the other. Raises NotFound, and InvalidInput that names the files that are not hers, not for this
    unit or not sent.
    """
    held = await seat(connection, run_id, unit_key, person_id)
    moment = now()
    submitted = Assessment(id=new_id(), at=moment, facts=["submitted"])
    await ledger.record(connection, run_id, unit_key, person_id, submitted, person_id, ("assignment",))
    await _need(connection, run_id, unit_key, person_id, new.files)
    last = select(func.coalesce(func.max(hand_in.c.number), 0)).where(_of(hand_in, run_id, unit_key, person_id))
    number = (await connection.execute(last)).scalar_one() + 1
    of = {"run_id": run_id, "unit_key": unit_key, "person_id": person_id, "number": number}
    await connection.execute(insert(hand_in), {**of, "at": moment})
    files = [{**of, "position": place, "media_id": one} for place, one in enumerate(dict.fromkeys(new.files))]
    await connection.execute(insert(hand_in_file), files)
    event = HandInEvent(person_id, run_id, unit_key, number, held.programme_id)
    await emit(connection, "hand_in_made", f"run:{run_id}", held.programme_id, event)
    return await read(connection, run_id, unit_key, person_id, own=True)


async def _need(connection: AsyncConnection, run_id: UUID, unit_key: str, person_id: UUID, wanted: list[UUID]) -> None:
    """Hold these files, so that they are not swept away; raise InvalidInput unless all can be handed in."""
    usable = media.c.id.in_(wanted) & media.c.state.in_(["ready", "checking"]) & media.c.private
    mine = media.c.id.in_(select(upload.c.media_id).where(_of(upload, run_id, unit_key, person_id)))
    query = select(media.c.id).where(usable, mine).order_by(media.c.id).with_for_update()
    found = set((await connection.execute(query)).scalars())
    errors = [
        FieldError(f"body.files[{place}]", "must be a file that you brought for this unit and have sent completely")
        for place, one in enumerate(wanted)
        if one not in found
    ]
    if errors:
        raise InvalidInput("Not all of these files can be handed in.", errors=errors)
    await connection.execute(update(media).where(media.c.id.in_(found)).values(used_at=now()))


async def read(
    connection: AsyncConnection, run_id: UUID, unit_key: str, person_id: UUID, *, own: bool = False
) -> t.HandIns:
    """Return all versions that a person handed in for a unit. Four statements. Raises NotFound (no seat).

    `own` says from whom the addresses of the files are: her own, or those of who assesses.
    """
    seated = select(run_enrolment.c.state).where(
        run_enrolment.c.run_id == run_id, run_enrolment.c.person_id == person_id
    )
    if await connection.scalar(seated) is None:
        raise NotFound("There is no such participant.")
    due = await _due(connection, run_id, unit_key, person_id)
    base = f"/runs/{run_id}/units/{unit_key}/" + ("hand-in" if own else f"hand-ins/{person_id}")
    files: dict[int, list[t.HandInFile]] = {}
    for row in await connection.execute(_files(run_id, unit_key, person_id)):
        files.setdefault(row.number, []).append(
            t.HandInFile(
                id=row.id, name=row.name, size=row.size, content_type=row.content_type, sha256=row.sha256,
                state=row.state, href=f"{base}/files/{row.id}",
            )
        )  # fmt: skip
    rows = (await connection.execute(_versions(run_id, unit_key, person_id))).all()
    verdicts: dict[int, list[t.Verdict]] = {}
    for row in rows:
        verdicts.setdefault(row.number, []).extend(_verdict(row))
    moments = {row.number: row.at for row in rows}
    counting = max((number for number, at in moments.items() if not _late(at, due)), default=None)
    return t.HandIns(
        run_id=run_id, unit_key=unit_key, person_id=person_id, deadline=due,
        versions=[
            t.HandIn(
                number=number, at=at, late=_late(at, due), counts=number == counting, files=files.get(number, []),
                verdict=next(reversed(verdicts[number]), None), earlier=verdicts[number][:-1],
            )
            for number, at in moments.items()
        ],
    )  # fmt: skip


def _late(at: datetime, due: t.Due | None) -> bool:
    return due is not None and at > due.due_at


def _verdict(row: Any) -> list[t.Verdict]:
    if row.outcome is None:
        return []
    return [t.Verdict(**{name: getattr(row, name) for name in t.Verdict.__struct_fields__})]


def _versions(run_id: UUID, unit_key: str, person_id: UUID) -> Any:
    same = [verdict.c[name] == hand_in.c[name] for name in ("run_id", "unit_key", "person_id", "number")]
    said = [verdict.c[name] for name in t.Verdict.__struct_fields__]
    query = select(hand_in.c.number, hand_in.c.at, *said).outerjoin(verdict, same[0] & same[1] & same[2] & same[3])
    return query.where(_of(hand_in, run_id, unit_key, person_id)).order_by(
        hand_in.c.number, verdict.c.assessed_at, verdict.c.id
    )


def _files(run_id: UUID, unit_key: str, person_id: UUID) -> Any:
    columns = [media.c[name] for name in ("id", "name", "size", "content_type", "sha256", "state")]
    return (
        select(hand_in_file.c.number, *columns)
        .join_from(hand_in_file, media, media.c.id == hand_in_file.c.media_id)
        .where(_of(hand_in_file, run_id, unit_key, person_id))
        .order_by(hand_in_file.c.number, hand_in_file.c.position)
    )


async def _due(connection: AsyncConnection, run_id: UUID, unit_key: str, person_id: UUID) -> t.Due | None:
    """Return the deadline that holds for a person; None if there is none."""
    query = of_person(person_id).where(
        deadline.c.run_id == run_id, deadline.c.unit_key == unit_key, deadline.c.removed_at.is_(None)
    )
    row = (await connection.execute(query)).first()
    if row is None:
        return None
    due, zone, _ = holding(row)
    return t.Due(due, zone, instant_of(due, zone))


async def check_handed_in(
    connection: AsyncConnection, run_id: UUID, unit_key: str, person_id: UUID, file_id: UUID
) -> None:
    """Raise NotFound unless a person handed this file in for this unit. One statement."""
    same = _of(hand_in_file, run_id, unit_key, person_id) & (hand_in_file.c.media_id == file_id)
    if await connection.scalar(select(hand_in_file.c.number).where(same).limit(1)) is None:
        raise NotFound("This person has handed in no such file for this unit.")


async def summaries(
    connection: AsyncConnection, run_id: UUID, unit_key: str, cursor: UUID | None, limit: int
) -> list[t.HandInSummary]:
    """Return up to limit + 1 of those who handed something in for a unit, after the cursor. One statement."""
    assessed = (
        select(func.count(verdict.c.number.distinct()))
        .where(verdict.c.run_id == run_id, verdict.c.unit_key == unit_key, verdict.c.person_id == person.c.id)
        .scalar_subquery()
    )
    query = (
        select(
            person.c.id.label("person_id"), person.c.name, func.count().label("versions"),
            func.max(hand_in.c.at).label("last_at"), assessed.label("assessed"),
        )
        .join_from(hand_in, person, person.c.id == hand_in.c.person_id)
        .where(hand_in.c.run_id == run_id, hand_in.c.unit_key == unit_key)
        .group_by(person.c.id, person.c.name)
        .order_by(person.c.id)
        .limit(limit + 1)
    )  # fmt: skip
    if cursor is not None:
        query = query.where(person.c.id > cursor)
    return [t.HandInSummary(**row._mapping) for row in await connection.execute(query)]


async def assess(
    connection: AsyncConnection,
    run_id: UUID,
    unit_key: str,
    person_id: UUID,
    number: int,
    new: t.NewVerdict,
    actor: UUID,
) -> t.HandIns:
    """Say something of a version, beside what was said before; what is accepted completes the unit, with its score.

    The latest word on a version holds, with its score or none, and the best version counts; what is completed stays so.
    Raises NotFound and InvalidInput (a score that the unit does not have).
    """
    version = _of(hand_in, run_id, unit_key, person_id) & (hand_in.c.number == number)
    programme = select(run_enrolment.c.programme_id, run_enrolment.c.state).join(
        hand_in, (hand_in.c.run_id == run_enrolment.c.run_id) & (hand_in.c.person_id == run_enrolment.c.person_id)
    )
    row = (await connection.execute(programme.where(version))).first()
    if row is None or row.state not in SEATED:
        raise NotFound("This participant has handed in no such version.")
    made, moment = new_id(), now()
    said = {
        "id": made, "run_id": run_id, "unit_key": unit_key, "person_id": person_id, "number": number,
        "outcome": new.outcome, "score": new.score, "remarks": new.remarks, "assessed_by": actor,
        "assessed_at": moment,
    }  # fmt: skip
    await connection.execute(insert(verdict), said)
    event = Assessment(id=made, at=moment, completed=new.outcome == "accepted", score=new.score, attempt=number)
    await ledger.record(connection, run_id, unit_key, person_id, event, actor, ("assignment",))
    told = HandInEvent(person_id, run_id, unit_key, number, row.programme_id)
    await emit(connection, "hand_in_assessed", f"run:{run_id}", row.programme_id, told)
    return await read(connection, run_id, unit_key, person_id)
