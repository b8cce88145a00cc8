"""What it means for what people have entered when somebody turns the plugin on, off, or changes its policy."""

from __future__ import annotations

from sqlalchemy import distinct, func, select

from lms_core.api import Context, Effect, PluginProposal, read_seat_claims
from lms_family_sessions import sealing
from lms_family_sessions.tables_care import entry

FEW = 5
"""Of fewer people no number is told."""


async def preview(context: Context, proposal: PluginProposal) -> list[Effect]:
    """Say what would happen to entries; of few people not even how many they are. Two statements."""
    query = select(func.count(distinct(entry.c.person_id))).where(entry.c.programme_id == context.programme_id)
    async with context.read() as connection:
        people = await connection.scalar(query) or 0
        named = bool(await read_seat_claims(context, connection))
    who = f"{people} people" if people >= FEW else f"fewer than {FEW} people, or nobody,"
    if not proposal.enabled:
        found = [
            Effect("entries", f"What {who} have entered is kept, and counts for nothing: plans are checked no more."),
        ]
        if named:
            found.append(Effect("reserved-seats", "Seats stay reserved for those who were named; nobody else can be."))
        return found
    found = [Effect("entries", f"What {who} have entered counts for plans from now on.")]
    if problem := sealing.missing():
        found.append(Effect("no-key", problem))
    return found
