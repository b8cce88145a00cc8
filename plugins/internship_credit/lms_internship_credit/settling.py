"""What the board settles of a student's internship without a case: it waives a part, or recognises ECTS for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select, update

from lms_core.api import (
    AsyncConnection,
    Conflict,
    Context,
    FieldError,
    InvalidInput,
    ModuleFacts,
    NotFound,
    insert_into,
    new_id,
    now,
    read_catalogue,
    read_person,
    read_standings,
    read_study,
    reverse_credit,
)
from lms_internship_credit import tables as t
from lms_internship_credit import wire as w
from lms_internship_credit.cases import book, case_of, held_of, of_regulation, settled_of, source, today_in
from lms_internship_credit.parts import OVER, Settled, done
from lms_internship_credit.policy import Internship, Part


async def settle(context: Context, connection: AsyncConnection, person_id: UUID, part: str, given: w.Settling) -> None:
    """Waive a part, or recognise ECTS for it from elsewhere; `book_settled` then books what waited for it.

    The same again changes nothing. Raises NotFound, InvalidInput, and Conflict where there is a case of the part, or it
    is settled otherwise. Seven statements, four more for modules that replace.
    """
    study = await read_study(connection, person_id, context.programme_id)
    internship = of_regulation(context, study.regulation)
    demanded = internship.part(part)
    if demanded is None:
        raise NotFound(f"The regulation {study.regulation} has no part {part}.")
    if given.ects > demanded.ects:
        most = [FieldError("body.ects", f"must be {demanded.ects} at most, which the part brings")]
        raise InvalidInput("More cannot be recognised for this part.", errors=most)
    cases = await held_of(context, connection, person_id)
    if any(one.part == part and one.state not in OVER for one in cases):
        raise Conflict(
            "There is a case of this part. The student can withdraw it before it begins; what is booked is reversed by "
            "the examination board; else it comes to its end first."
        )
    rows = await _rows(context, connection, person_id)
    if given.replaced_by:
        others = [key for row in rows if row.part != part for key in row.replaced_by]
        await _check_modules(context, connection, demanded, given.replaced_by, others)
    assert context.person_id
    values = {
        "kind": given.kind, "ects": given.ects, "evidence": given.evidence, "replaced_by": list(given.replaced_by),
    }  # fmt: skip
    if any(row.part == part and all(getattr(row, name) == value for name, value in values.items()) for row in rows):
        return
    key = {"programme_id": context.programme_id, "person_id": person_id, "part": part}
    new = {**key, **values, "booked": False, "by_id": context.person_id, "at": now()}
    if not (
        await connection.execute(insert_into(connection, t.settled).values(**new).on_conflict_do_nothing())
    ).rowcount:
        raise Conflict("This part is settled already. Take that back first, with a reason; then settle it anew.")
    await _note(context, connection, person_id, part, given.kind, given.ects, given.evidence)


async def book_settled(context: Context, connection: AsyncConnection, person_id: UUID) -> None:
    """Book what waited for what was settled, in a transaction after that: two parts may be settled at the same time."""
    study = await read_study(connection, person_id, context.programme_id)
    cases = await held_of(context, connection, person_id)
    await book(context, connection, of_regulation(context, study.regulation), person_id, cases)


async def take_back(context: Context, connection: AsyncConnection, person_id: UUID, part: str, note: str) -> None:
    """Take back what was settled of a part: the part is open again, and what was settled stays in its history.

    ECTS that were recognised from elsewhere and booked are reversed, those of other parts too, as they are booked when
    all parts are done. Raises NotFound (nothing is settled), and Conflict while a case is booked: that goes first. Six
    statements, and four for each that is reversed.
    """
    cases = await held_of(context, connection, person_id)
    settled = await settled_of(context, connection, person_id, hold=True)
    if part not in settled:
        raise NotFound("The board has settled nothing of this part that could be taken back.")
    if booked := [one.part for one in cases if one.state == "booked"]:
        raise Conflict(
            f"ECTS are booked that waited for all parts: those of {', '.join(booked)}. Reverse that first (the step "
            "'reverse'), then take this back."
        )
    assert context.person_id
    c = t.settled.c
    hers = (c.programme_id == context.programme_id) & (c.person_id == person_id)
    for key, one in settled.items():
        if one.booked:
            await reverse_credit(connection, person_id, source(key, elsewhere=True), note, context.person_id)
    await connection.execute(delete(t.settled).where(hers, c.part == part))
    await connection.execute(update(t.settled).where(hers).values(booked=False))
    await _note(context, connection, person_id, part, "taken_back", settled[part].ects, note)


async def parts_of(context: Context, connection: AsyncConnection, person_id: UUID) -> w.Parts:
    """Return the parts of a student's internship and all that was settled of them.

    Five statements, ten more where modules replace a part. Raises NotFound for somebody who neither studies here nor
    has anything settled.
    """
    h, c = t.settled_line.c, t.case.c
    lines = select(t.settled_line).where(h.programme_id == context.programme_id, h.person_id == person_id)
    history = (await connection.execute(lines.order_by(h.at, h.id))).all()
    internship: Internship | None = None
    try:
        study = await read_study(connection, person_id, context.programme_id)
        internship = context.settings.internship(study.regulation)
    except NotFound:
        if not history:
            raise
    lines_of: dict[str, list[w.SettledLine]] = {}
    for row in history:
        line = w.SettledLine(row.at, row.action, row.ects, row.by_name, row.note)
        lines_of.setdefault(row.part, []).append(line)
    rows = await _rows(context, connection, person_id)
    hers = select(t.case).where(c.programme_id == context.programme_id, c.person_id == person_id)
    cases = [case_of(row) for row in await connection.execute(hers.order_by(c.id))]
    replaced = {key for row in rows for key in row.replaced_by}
    known = await _modules(context, connection, person_id, replaced) if replaced else {}
    settled = {row.part: Settled(row.kind, row.ects, row.by_id) for row in rows}
    there = done(internship, cases, settled, today_in(context)) if internship else set()
    parts = {one.key: one for one in internship.parts} if internship else {}
    # of several cases of a part the last here counts
    latest = {one.part: one for one in sorted(cases, key=lambda one: (one.granted is not None, one.state not in OVER))}
    now_settled = {
        row.part: w.Settlement(
            kind=row.kind, ects=row.ects, evidence=row.evidence, booked=row.booked, at=row.at,
            replaced_by=[known[key] for key in row.replaced_by],
        )
        for row in rows
    }  # fmt: skip
    return w.Parts(
        [
            w.PartView(
                part=key, title=parts[key].title if key in parts else key,
                ects=parts[key].ects if key in parts else None,
                granted=latest[key].granted if key in latest else None, done=key in there,
                state=latest[key].state if key in latest else None, settled=now_settled.get(key),
                history=lines_of.get(key, []),
            )
            for key in dict.fromkeys([*parts, *lines_of])
        ]
    )  # fmt: skip


async def _rows(context: Context, connection: AsyncConnection, person_id: UUID) -> Sequence[Any]:
    c = t.settled.c
    query = select(t.settled).where(c.programme_id == context.programme_id, c.person_id == person_id)
    return (await connection.execute(query.order_by(c.part))).all()


async def _check_modules(
    context: Context, connection: AsyncConnection, part: Part, keys: Sequence[str], others: Collection[str]
) -> None:
    """Raise InvalidInput unless these modules are taught here, bring what a part brings, and replace no other part."""
    taught = {one.key: one for one in (await read_catalogue(connection, context.programme_id)).modules}
    wrong = [key for key in keys if key not in taught]
    twice = [key for key in keys if key in others]
    bring = sum((taught[key].ects for key in keys if key in taught), Decimal(0))
    reason = (
        f"must be modules of the programme; {', '.join(wrong)} is none"
        if wrong
        else f"must replace one part each; {', '.join(twice)} replaces another"
        if twice
        else f"must bring {part.ects} ECTS at least, as the part does, and bring {bring}"
        if bring < part.ects
        else ""
    )
    if reason:
        raise InvalidInput("These modules cannot replace the part.", errors=[FieldError("body.replacedBy", reason)])


async def _modules(
    context: Context, connection: AsyncConnection, person_id: UUID, keys: Collection[str]
) -> dict[str, w.Replacement]:
    """Return modules by key, and whether a student has their ECTS; of one that is gone its key is all that is known."""
    taught: dict[str, ModuleFacts] = {
        one.key: one for one in (await read_catalogue(connection, context.programme_id)).modules
    }
    standing = next(iter(await read_standings(connection, context.programme_id, [person_id])), None)
    earned = {one.module_id for one in standing.earned} if standing else None
    found = {}
    for key in keys:
        module = taught.get(key)
        there = None if earned is None else module is not None and module.module_id in earned
        found[key] = w.Replacement(key, module.title if module else key, module.ects if module else Decimal(0), there)
    return found


async def _note(
    context: Context, connection: AsyncConnection, person_id: UUID, part: str, action: str, ects: Decimal, note: str
) -> None:
    assert context.person_id
    line = {
        "id": new_id(), "programme_id": context.programme_id, "person_id": person_id, "part": part, "action": action,
        "ects": ects, "by_name": (await read_person(connection, context.person_id)).name, "at": now(), "note": note,
    }  # fmt: skip
    await connection.execute(insert(t.settled_line), line)
