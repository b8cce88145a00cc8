"""Keeping cases: every step in one transaction with its history, its signatures and the ECTS that follow from it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec.structs import replace
from sqlalchemy import insert, select, update

from lms_core.api import (
    AsyncConnection,
    BadValue,
    Conflict,
    Context,
    FieldError,
    InvalidInput,
    NotFound,
    book_credit,
    changed_or_raise,
    now,
    read_person,
    reverse_credit,
)
from lms_internship_credit import tables as t
from lms_internship_credit.case import Case, Entry, step
from lms_internship_credit.hosts import host_of
from lms_internship_credit.letterhead import read_letterhead
from lms_internship_credit.lifecycle import Refusal, Role, told
from lms_internship_credit.papers import RELIES
from lms_internship_credit.parts import Settled, around, done
from lms_internship_credit.policy import Internship
from lms_internship_credit.telling import Names, hand_out, tell


class Who(msgspec.Struct, frozen=True):
    """Who takes a step: in which role, which person of the system if it is one, and by which name."""

    role: Role
    person_id: UUID | None
    name: str


CLOCK = Who("clock", None, "the calendar")


def today_in(context: Context) -> date:
    """Return what day it is for the programme."""
    return now().astimezone(ZoneInfo(context.settings.zone)).date()


def source(part: str, *, elsewhere: bool = False) -> str:
    """Name what the ECTS of a part are for: a person gets them once, whichever case brings them.

    Those that are recognised from `elsewhere` are beside them: both together are no more than the part brings.
    """
    return f"internship_credit:{part}:elsewhere" if elsewhere else f"internship_credit:{part}"


def of_regulation(context: Context, version: str) -> Internship:
    """Return what a regulation demands. Raises Conflict where it has no internship."""
    found: Internship | None = context.settings.internship(version)
    if found is None:
        raise Conflict(f"The regulation {version} has no internship that brings ECTS here.")
    return found


async def find_organisation(context: Context, connection: AsyncConnection, organisation_id: UUID) -> Any:
    """Return the row of an organisation of the programme. Raises NotFound. One statement."""
    c = t.organisation.c
    query = select(t.organisation).where(c.id == organisation_id, c.programme_id == context.programme_id)
    row = (await connection.execute(query)).first()
    if row is None:
        raise NotFound("There is no such organisation.")
    return row


async def check_supervisor(context: Context, connection: AsyncConnection, person_id: UUID) -> None:
    """Raise NotFound unless this person supervises internships of the programme. One statement."""
    c = t.supervisor.c
    query = select(c.person_id).where(c.programme_id == context.programme_id, c.person_id == person_id)
    if await connection.scalar(query) is None:
        raise NotFound("Nobody of this id supervises internships here; GET supervisors lists who does.")


def case_of(row: Any) -> Case:
    """Return the case that a row keeps."""
    return msgspec.convert(row.details, Case)


async def find(context: Context, connection: AsyncConnection, case_id: UUID, who: Who) -> Case:
    """Return a case that is this one's business. Raises NotFound. One statement."""
    c = t.case.c
    query = select(t.case).where(c.id == case_id, c.programme_id == context.programme_id)
    row = (await connection.execute(query)).first()
    if row is None or not concerns(case_of(row), who):
        raise NotFound("There is no such case.")
    return case_of(row)


def concerns(case: Case, who: Who) -> bool:
    """Tell whether a case is somebody's business: her own, one that she supervises, or any for office and board."""
    if who.role == "student":
        return case.person_id == who.person_id
    if who.role == "supervisor":
        return case.supervisor_id == who.person_id
    return True


async def all_of(context: Context, connection: AsyncConnection, case_id: UUID, who: Who) -> tuple[Case, list[Case]]:
    """Return a case and all others of its student, each held until the transaction ends. Raises NotFound.

    Two statements: whose it is cannot change, and then her cases in the order of their ids, so that nobody waits for
    somebody who waits.
    """
    case = await find(context, connection, case_id, who)
    cases = await held_of(context, connection, case.person_id)
    held = next((one for one in cases if one.id == case_id), None)
    if held is None or not concerns(held, who):
        raise NotFound("There is no such case.")
    return held, [one for one in cases if one.id != case_id]


async def held_of(context: Context, connection: AsyncConnection, person_id: UUID) -> list[Case]:
    """Return all cases of a student in the order of their ids, held until the transaction ends. One statement."""
    c = t.case.c
    hers = select(t.case).where(c.programme_id == context.programme_id, c.person_id == person_id)
    return [case_of(row) for row in await connection.execute(hers.order_by(c.id).with_for_update())]


async def settled_of(
    context: Context, connection: AsyncConnection, person_id: UUID, *, hold: bool = False
) -> dict[str, Settled]:
    """Return what the board has settled of a person's internship, by part; `hold` it until the end. One statement."""
    c = t.settled.c
    query = select(t.settled).where(c.programme_id == context.programme_id, c.person_id == person_id).order_by(c.part)
    query = query.with_for_update() if hold else query
    return {
        row.part: Settled(row.kind, row.ects, row.by_id, row.evidence, row.booked)
        for row in await connection.execute(query)
    }


async def take(
    context: Context, connection: AsyncConnection, case_id: UUID, entry: Entry, who: Who, expected: int | None = None
) -> Case:
    """Take a step of a case, and book what is due then.

    `expected` is the revision that was read (null: any, for those who come by a link). Raises NotFound, InvalidInput,
    Conflict that says what is missing and who can do it, and PreconditionFailed. Nine statements, two more for an
    agreement, a signature or a report, one where it rests upon documents, and five for each booking.
    """
    case, others = await all_of(context, connection, case_id, who)
    if context.off and entry.action == "propose":
        raise Conflict("The programme takes no new internships; those that were proposed before go on.")
    if expected is not None and case.revision != expected:
        same = (t.case.c.id == case_id) & (t.case.c.programme_id == context.programme_id)
        await changed_or_raise(connection, t.case, same, expected)
    internship, today = of_regulation(context, case.regulation), today_in(context)
    surroundings = around(internship, case, others, await settled_of(context, connection, case.person_id), today)
    try:
        moved = step(case, surroundings, entry, who.role, who.person_id, today)
    except BadValue as wrong:
        where = [FieldError(f"body.{wrong.field}", wrong.reason)]
        raise InvalidInput("This step cannot be taken like that.", errors=where) from wrong
    if isinstance(moved, Refusal):
        raise Conflict(moved.text, errors=[FieldError(one.need, told(one)) for one in moved.missing])
    if entry.action in ("approve", "amend"):
        moved = await _written(context, connection, moved)
    if entry.action == "sign":
        values = {
            "case_id": case.id, "version": case.version, "party": who.role, "programme_id": context.programme_id,
            "name": who.name, "sha256": entry.sha256, "at": now(),
        }  # fmt: skip
        await connection.execute(insert(t.signature), values)
    if entry.action == "reverse":
        assert who.person_id
        await reverse_credit(connection, case.person_id, source(case.part), entry.note, who.person_id)
    if kinds := RELIES.get(entry.action):
        rests = (t.document.c.case_id == case.id) & t.document.c.kind.in_(kinds)
        await connection.execute(update(t.document).where(rests).values(relied=True))
    handed_in = await _handed_in(connection, case) if entry.action == "submit" else {}
    await _step_kept(context, connection, case, moved, entry, who, handed_in)
    if moved.state in ("recognised", "partial"):
        moved = (await book(context, connection, internship, case.person_id, [*others, moved]))[case.id]
    if moved.state != case.state:
        names = await names_of(context, connection, moved)
        await tell(context, connection, moved, names, entry.note)
        if entry.action == "sign":
            await hand_out(context, connection, moved, names)
    return moved


async def book(
    context: Context, connection: AsyncConnection, internship: Internship, person_id: UUID, cases: Sequence[Case]
) -> dict[UUID, Case]:
    """Book every part of a student whose time has come; return her cases after that.

    What was recognised from elsewhere is booked with the rest, as recognised: when all parts are done. The cases have
    to be held. One statement, five for each booking of a case and four for each other one.
    """
    settled, today = await settled_of(context, connection, person_id, hold=True), today_in(context)
    held = {one.id: one for one in cases}
    for one in cases:
        part = internship.part(one.part)
        if one.state not in ("recognised", "partial") or part is None:
            continue
        rest = [other for other in held.values() if other.id != one.id]
        entry = Entry(action="book")
        booked = step(one, around(internship, one, rest, settled, today), entry, "clock", None, today)
        if isinstance(booked, Refusal):
            continue
        assert one.granted
        assert one.decided_by
        await book_credit(
            connection, person_id, source(one.part), one.granted, f"internship_credit:case:{one.id}", one.decided_by,
            title=part.title, programme_id=context.programme_id,
        )  # fmt: skip
        await _step_kept(context, connection, one, booked, entry, CLOCK)
        held[one.id] = booked
    if {part.key for part in internship.parts} <= done(internship, held.values(), settled, today):
        for part in internship.parts:
            found = settled.get(part.key)
            if found and found.kind == "recognised" and found.by_id and not found.booked:
                await book_credit(
                    connection, person_id, source(part.key, elsewhere=True), found.ects, found.evidence, found.by_id,
                    title=part.title, programme_id=context.programme_id, recognised=True,
                )  # fmt: skip
                c = t.settled.c
                same = (c.programme_id == context.programme_id) & (c.person_id == person_id) & (c.part == part.key)
                await connection.execute(update(t.settled).where(same).values(booked=True))
    return held


async def book_due(context: Context, connection: AsyncConnection, case_id: UUID) -> None:
    """Book a case whose time for an appeal is over, and what waits for it."""
    case, others = await all_of(context, connection, case_id, CLOCK)
    await book(context, connection, of_regulation(context, case.regulation), case.person_id, [*others, case])


async def names_of(context: Context, connection: AsyncConnection, case: Case) -> Names:
    """Return the names that mails about a case need. Three statements."""
    letterhead = await read_letterhead(context, connection)
    firm, contact, _ = await host_of(connection, case.id)
    student = await read_person(connection, case.person_id)
    return Names(letterhead, student.name, firm.name, contact)


async def _written(context: Context, connection: AsyncConnection, case: Case) -> Case:
    """Write the agreement that is to be signed now, byte for byte, and name its SHA-256 in the case."""
    firm, _, _ = await host_of(connection, case.id)
    at = {"site": msgspec.to_builtins(firm.site)} if firm.site else {}
    student = await read_person(connection, case.person_id)
    supervisor = await read_person(connection, case.supervisor_id) if case.supervisor_id else None
    content = msgspec.json.encode(
        {
            "case": case.id,
            "version": case.version,
            "regulation": case.regulation,
            "part": case.part,
            "student": {"name": student.name, "email": student.email},
            "host": {"name": firm.name, "place": firm.place, "country": firm.country, **at},
            "mentor": case.mentor,
            "supervisor": {"name": supervisor.name, "email": supervisor.email} if supervisor else None,
            "agreed": case.change or case.description,
        },
        order="deterministic",
    )
    digest = hashlib.sha256(content).hexdigest()
    values = {
        "case_id": case.id, "version": case.version, "programme_id": context.programme_id,
        "content": content.decode(), "sha256": digest, "made_at": now(),
    }  # fmt: skip
    await connection.execute(insert(t.agreement), values)
    return replace(case, digest=digest)


async def _step_kept(
    context: Context, connection: AsyncConnection, before: Case, after: Case, entry: Entry, who: Who, also: Any = None
) -> None:
    given = msgspec.to_builtins(entry)
    entered = {key: value for key, value in given.items() if value is not None and key not in ("action", "note")}
    await keep(context, connection, before, after, who, entry.action, entry.note, entered | (also or {}))


async def _handed_in(connection: AsyncConnection, case: Case) -> dict[str, str]:
    """Return what the student has written of her report, and keep it as hers alone no more. Two statements."""
    c = t.case.c
    text = await connection.scalar(select(c.draft_report).where(c.id == case.id))
    await connection.execute(update(t.case).where(c.id == case.id).values(draft_report=None))
    return {"text": text} if text else {}


async def keep(
    context: Context,
    connection: AsyncConnection,
    before: Case,
    after: Case,
    who: Who,
    action: str,
    note: str = "",
    entered: Any = None,
) -> None:
    """Keep a case as it is now, and a line of its history. Two statements. Raises PreconditionFailed.

    It has moved where its state is another: what is entered beside that starts no time anew.
    """
    c, moved = t.case.c, {"moved_at": now()} if after.state != before.state else {}
    same = (c.id == before.id) & (c.revision == before.revision)
    done = await connection.execute(update(t.case).where(same).values(**row_of(context, after), **moved))
    if not done.rowcount:
        await changed_or_raise(connection, t.case, c.id == before.id, before.revision)
    line = {
        "case_id": after.id, "number": after.revision, "programme_id": context.programme_id, "at": now(),
        "action": action, "role": who.role, "by_id": who.person_id, "by_name": who.name,
        "before": before.state, "after": after.state, "note": note, "entered": entered or {},
    }  # fmt: skip
    await connection.execute(insert(t.history), line)


def row_of(context: Context, case: Case) -> dict[str, Any]:
    """Return what is kept of a case, but for where in its firm it is and where it came from: no step changes that."""
    what = case.description
    return {
        "id": case.id, "programme_id": context.programme_id, "person_id": case.person_id, "regulation": case.regulation,
        "part": case.part, "organisation_id": case.organisation_id, "supervisor_id": case.supervisor_id,
        "state": case.state, "revision": case.revision, "due": case.due, "decided_on": case.decided_on,
        "first_day": what.first_day if what else None, "last_day": what.last_day if what else None,
        "details": msgspec.to_builtins(case),
    }  # fmt: skip
