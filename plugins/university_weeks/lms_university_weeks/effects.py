"""What it means for the weeks of a programme when somebody turns the plugin on, off, or its searches up and down."""

from __future__ import annotations

from sqlalchemy import distinct, func, select

from lms_core.api import Context, Effect, PluginProposal
from lms_university_weeks.tables import plan, publication, week


async def preview(context: Context, proposal: PluginProposal) -> list[Effect]:
    """Say what would change for weeks, published sessions and searches. One statement."""
    mine = context.programme_id
    query = select(
        select(func.count()).where(week.c.programme_id == mine).scalar_subquery().label("weeks"),
        select(func.count(distinct(publication.c.week_id)))
        .where(publication.c.programme_id == mine)
        .scalar_subquery()
        .label("published"),
        select(func.count())
        .where(plan.c.programme_id == mine, plan.c.state.in_(["queued", "running"]))
        .scalar_subquery()
        .label("searches"),
    )
    async with context.read() as connection:
        kept = (await connection.execute(query)).one()
    if proposal.enabled:
        most = f"At most {context.settings.at_once} searches run at once, each for {context.settings.most_seconds} s."
        found = [Effect("searches", most)]
        return [Effect("weeks", f"Can be read and changed: {_weeks(kept.weeks)}."), *found] if kept.weeks else found
    effects = [Effect("weeks", f"Kept, and not to be seen: {_weeks(kept.weeks)}.")]
    if kept.published:
        stay = f"Sessions of {_weeks(kept.published)} stay in their runs; codes at doors and credits of it do not work."
        effects.append(Effect("published", stay))
    if kept.searches:
        ended = f"Asked for and not done: {kept.searches} searches; stop them, and ask again later."
        effects.append(Effect("searches", ended))
    return effects


def _weeks(number: int) -> str:
    return "1 week" if number == 1 else f"{number} weeks"
