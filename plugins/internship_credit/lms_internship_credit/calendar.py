"""What a day that comes does to cases: they begin, end, lapse, are booked, and what is kept for a time goes."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_, select

from lms_core.api import Conflict, Context
from lms_internship_credit import tables as t
from lms_internship_credit.case import Entry
from lms_internship_credit.cases import CLOCK, book_due, take, today_in
from lms_internship_credit.forgetting import forget_words
from lms_internship_credit.lifecycle import Action
from lms_internship_credit.reminding import remind
from lms_internship_credit.retention import forget_old

ALL_AT_ONCE = 500


async def turn(context: Context, _payload: None) -> None:
    """Take the steps whose day has come, each in a transaction of its own. One statement, and those of each step."""
    today, c = today_in(context), t.case.c
    soonest = min((one.appeal_days for one in context.settings.internships), default=0)
    due = or_(
        (c.state == "cleared") & (c.first_day <= today),
        c.state.in_(("running", "amendment_pending", "interrupted")) & (c.last_day < today),
        c.state.in_(("certified", "rework")) & (c.due < today),
        (c.state == "partial") & (c.decided_on < today - timedelta(days=soonest)),
    )
    query = select(c.id, c.state).where(c.programme_id == context.programme_id, due).order_by(c.moved_at)
    async with context.read() as connection:
        waiting = [(row.id, row.state) for row in await connection.execute(query.limit(ALL_AT_ONCE))]
    steps: dict[str, Action] = {"cleared": "begin", "certified": "lapse", "rework": "lapse"}
    for case_id, state in waiting:
        try:
            async with context.write(more=True) as connection:
                if state == "partial":
                    await book_due(context, connection, case_id)
                else:
                    await take(context, connection, case_id, Entry(action=steps.get(state, "end")), CLOCK)
        except Conflict:
            continue  # somebody was faster, or its last day was moved
    await remind(context)
    await forget_old(context)
    await forget_words(context)
    async with context.write():
        pass
