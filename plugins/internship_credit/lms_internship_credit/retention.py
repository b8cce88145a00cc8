"""Documents whose time is over: which they are, and letting them go. Only that they were there stays in the history."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec.structs import replace
from sqlalchemy import ColumnElement, and_, delete, func, literal, null, or_, select, union_all, update

from lms_core.api import AsyncConnection, Context, forget_file, now
from lms_internship_credit import tables as t
from lms_internship_credit.case import Case
from lms_internship_credit.cases import CLOCK, Who, all_of, keep, today_in
from lms_internship_credit.lifecycle import FINAL
from lms_internship_credit.papers import KINDS, ended_before

ALL_AT_ONCE = 500
LONGEST_APPEAL = 400
"""Days that any regulation may give for an appeal."""


def before(context: Context, months: int) -> tuple[date, datetime]:
    """Return the day, and the moment, before which something happened so many months ago."""
    day = ended_before(today_in(context), months)
    return day, datetime.combine(day, time(), ZoneInfo(context.settings.zone)).astimezone(UTC)


def over(context: Context, months: int) -> ColumnElement[bool]:
    """Tell of a case whether it is at its end for more than so many months.

    Nobody may be able to appeal: the longest time that a regulation gives must have passed since the decision, whether
    or not the student has appealed before.
    """
    c, today, settings = t.case.c, today_in(context), context.settings
    _, began = before(context, months)
    longest = max((one.appeal_days for one in settings.internships), default=LONGEST_APPEAL)
    settled = c.state.not_in(("rejected", "lapsed")) | (c.decided_on < today - timedelta(days=longest))
    return and_(c.programme_id == context.programme_id, c.state.in_(FINAL), settled, c.moved_at < began)


def _documents(context: Context) -> Any:
    """Select what is to go: the case, the kind, and the file, or the number of the line that holds a report as text."""
    d, h = t.document.c, t.history.c
    months = context.settings.retention.months
    late = or_(*((d.kind == kind) & over(context, months(kind)) for kind in KINDS))
    files = select(d.case_id, d.kind, d.id, null().label("number")).join(t.case, t.case.c.id == d.case_id).where(late)
    texts = select(h.case_id, literal("report"), null(), h.number).join(t.case, t.case.c.id == h.case_id)
    written = (h.action == "submit") & h.entered["text"].as_string().is_not(None)
    return union_all(files, texts.where(written, over(context, months("report")))).subquery()


async def old(context: Context) -> list[tuple[str, int]]:
    """Count the documents whose time is over, by kind. One statement."""
    gone = _documents(context).c
    query = select(gone.kind, func.count()).group_by(gone.kind).order_by(gone.kind)
    async with context.read() as connection:
        return [(row[0], row[1]) for row in await connection.execute(query)]


async def forget_old(context: Context) -> None:
    """Let documents go whose time is over, those of each case in a transaction of its own."""
    gone = _documents(context).c
    query = select(gone.case_id).distinct().order_by(gone.case_id).limit(ALL_AT_ONCE)
    async with context.read() as connection:
        cases = (await connection.execute(query)).scalars().all()
    for case_id in cases:
        async with context.write(more=True) as connection:
            case, _ = await all_of(context, connection, case_id, CLOCK)
            its = select(gone.id, gone.number).where(
                gone.case_id == case_id
            )  # the board may have reversed it meanwhile
            for row in (await connection.execute(its)).all():
                if row.id:
                    case = await forget(context, connection, case, CLOCK, row.id)
                else:
                    await _forget_text(connection, case_id, row.number)


async def forget(context: Context, connection: AsyncConnection, case: Case, who: Who, file_id: UUID) -> Case:
    """Let a document of a case go that the caller holds, and note it in the history. Seven statements."""
    d = t.document.c
    kind, sha256 = (await connection.execute(select(d.kind, d.sha256).where(d.id == file_id))).one()
    await forget_file(context, connection, str(case.id), file_id)
    await connection.execute(delete(t.document).where(d.id == file_id))
    made = replace(case, report_files=case.report_files - {file_id}, revision=case.revision + 1)
    await keep(context, connection, case, made, who, "forget", "", {"kind": kind, "sha256": sha256})
    return made


async def _forget_text(connection: AsyncConnection, case_id: UUID, number: int) -> None:
    """Leave of a report that was written as text its digest alone, and when it was deleted. Two statements."""
    h = t.history.c
    this = (h.case_id == case_id) & (h.number == number)
    text = (await connection.execute(select(h.entered).where(this))).scalar_one()["text"]
    left = {"sha256": hashlib.sha256(text.encode()).hexdigest(), "deletedAt": now().isoformat()}
    await connection.execute(update(t.history).where(this).values(entered=left))
