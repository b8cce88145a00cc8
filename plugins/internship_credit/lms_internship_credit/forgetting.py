"""Personal words whose time is over: what people wrote in a case, applications, and days of other work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import ColumnElement, and_, delete, func, or_, select, update

from lms_core.api import AsyncConnection, Context, now
from lms_internship_credit import tables as t
from lms_internship_credit.cases import CLOCK, all_of, keep
from lms_internship_credit.retention import ALL_AT_ONCE, before, over

NAMES = ("describe", "confirm", "amend", "rate")
"""Entries of the history in which people are named or judged; of the others only the note goes."""


def _cases(context: Context) -> ColumnElement[bool]:
    """Tell of a case whether its words are to go: at its end for long, and nothing of it is gone since."""
    c = t.case.c
    kept = c.forgotten_at.is_(None) | (c.forgotten_at < c.moved_at)
    return and_(over(context, context.settings.retention.words), kept)


def _applications(context: Context) -> ColumnElement[bool]:
    """Tell of an application whether it is to go, or of one that led to a case, its words."""
    a, o, c = t.application.c, t.offer.c, t.case.c
    day, moment = before(context, context.settings.retention.application)
    late = select(o.id).where(o.closes_on < day, or_(a.state == "declined", o.last_day < day)).correlate(t.application)
    led = select(c.id).where(c.application_id == a.id).correlate(t.application).exists()
    left = or_(~led, a.words != "")
    return and_(a.programme_id == context.programme_id, a.changed_at < moment, a.offer_id.in_(late), left)


def _days(context: Context) -> ColumnElement[bool]:
    day, _ = before(context, context.settings.retention.work_days)
    return and_(t.work_day.c.programme_id == context.programme_id, t.work_day.c.day < day)


async def old_words(context: Context) -> Mapping[str, int]:
    """Count what is to go: cases with words, applications, and days of other work. One statement."""
    counts: dict[str, Any] = {
        "cases": select(func.count()).select_from(t.case).where(_cases(context)).scalar_subquery(),
        "applications": select(func.count()).select_from(t.application).where(_applications(context)).scalar_subquery(),
        "days": select(func.count()).select_from(t.work_day).where(_days(context)).scalar_subquery(),
    }
    async with context.read() as connection:
        row = (await connection.execute(select(*(query.label(name) for name, query in counts.items())))).one()
    return dict(row._mapping)


async def forget_words(context: Context) -> None:
    """Let words go whose time is over, those of each case in a transaction of its own."""
    if not any((await old_words(context)).values()):
        return
    async with context.read() as connection:
        query = select(t.case.c.id).where(_cases(context)).order_by(t.case.c.id).limit(ALL_AT_ONCE)
        cases = (await connection.execute(query)).scalars().all()
    for case_id in cases:
        async with context.write(more=True) as connection:
            await _forget_case(context, connection, case_id)
    async with context.write(more=True) as connection:
        led = select(t.case.c.application_id).where(t.case.c.application_id.is_not(None))
        gone = _applications(context)
        await connection.execute(delete(t.application).where(gone, t.application.c.id.not_in(led)))
        await connection.execute(update(t.application).where(gone).values(words=""))
        await connection.execute(delete(t.work_day).where(_days(context)))


async def _forget_case(context: Context, connection: AsyncConnection, case_id: UUID) -> None:
    """Leave of a case its states, days, hours and ECTS, and of its history who took which step when."""
    case, _ = await all_of(context, connection, case_id, CLOCK)
    c, h = t.case.c, t.history.c
    if await connection.scalar(select(c.id).where(c.id == case_id, _cases(context))) is None:
        return  # the board has reversed it meanwhile
    made = replace(case, mentor=None, evaluation=None, change=None, revision=case.revision + 1)
    await keep(context, connection, case, made, CLOCK, "forget", "", {"kind": "words"})
    of = h.case_id == case_id
    await connection.execute(update(t.history).where(of).values(note=""))
    await connection.execute(update(t.history).where(of, h.action.in_(NAMES)).values(entered={}))
    await connection.execute(delete(t.rating).where(t.rating.c.case_id == case_id))
    await connection.execute(update(t.case).where(c.id == case_id).values(draft_report=None, forgotten_at=now()))
