"""ECTS that an internship may bring: shown beside the booked ones, never counted."""

from __future__ import annotations

import msgspec
from sqlalchemy import select

from lms_core.api import Context, CreditsRequest, PendingCredit
from lms_internship_credit import tables as t
from lms_internship_credit.case import Case
from lms_internship_credit.cases import settled_of, source
from lms_internship_credit.parts import OVER


async def pending(context: Context, request: CreditsRequest) -> list[PendingCredit]:
    """Return what the cases of a person may bring, and what is recognised from elsewhere. Two statements."""
    c = t.case.c
    over = [*OVER, "booked", "draft"]
    query = select(c.details).where(
        c.programme_id == context.programme_id, c.person_id == request.person_id, c.state.not_in(over)
    )
    async with context.read() as connection:
        cases = [msgspec.convert(row.details, Case) for row in await connection.execute(query.order_by(c.id))]
        settled = await settled_of(context, connection, request.person_id)
    elsewhere = {key: one for key, one in settled.items() if one.kind == "recognised"}
    found = []
    for case in cases:
        internship = context.settings.internship(case.regulation)
        if internship and (part := internship.part(case.part)):
            most = part.ects - (elsewhere[part.key].ects if part.key in elsewhere else 0)
            ects = most if case.granted is None else case.granted
            found.append(PendingCredit(source(part.key), part.title, ects, case.state.replace("_", " ")))
    titles = {part.key: part.title for one in context.settings.internships for part in one.parts}
    for key, one in sorted(elsewhere.items()):
        if not one.booked:
            told = "recognised from elsewhere"
            found.append(PendingCredit(source(key, elsewhere=True), titles.get(key, key), one.ects, told))
    return found
