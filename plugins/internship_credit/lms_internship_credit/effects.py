"""What it means for internships when somebody turns the plugin on or off, or changes its policy."""

from __future__ import annotations

from sqlalchemy import func, select

from lms_core.api import Context, Effect, PluginProposal
from lms_internship_credit import tables as t
from lms_internship_credit.parts import OVER
from lms_internship_credit.retention import old
from lms_internship_credit.settings import Settings

RESTING = (*OVER, "booked", "draft", "returned")


async def preview(context: Context, proposal: PluginProposal) -> list[Effect]:
    """Say how many internships are under way, which have no policy any more, and which documents go.

    Two statements.
    """
    c = t.case.c
    query = (
        select(c.regulation, c.part, func.count().label("cases"))
        .where(c.programme_id == context.programme_id, c.state.not_in(RESTING))
        .group_by(c.regulation, c.part)
        .order_by(c.regulation, c.part)
    )
    async with context.read() as connection:
        under_way = [(row.regulation, row.part, row.cases) for row in await connection.execute(query)]
    if not proposal.enabled:
        number = sum(cases for _, _, cases in under_way)
        told = f"{number} internships are" if number != 1 else "1 internship is"
        reason = f"{told} under way and will be finished; nothing new can be proposed."
        return [Effect("under-way", reason)] if number else []
    settings: Settings = context.settings
    found = []
    if not settings.internships:
        reason = "No regulation demands an internship in these settings: students can begin none."
        found.append(Effect("no-internships", reason))
    for regulation, part, cases in under_way:
        internship = settings.internship(regulation)
        if internship is None or internship.part(part) is None:
            told = f"{cases} under way of the part {part} of {regulation} cannot be decided: these settings lack it."
            found.append(Effect("no-policy", told))
    for kind, number in await old(context):
        documents = f"{number} documents" if number != 1 else "1 document"
        told = f"{documents} of the kind {kind} will be deleted within the hour: by these settings their time is over."
        found.append(Effect("documents-deleted", told))
    return found
