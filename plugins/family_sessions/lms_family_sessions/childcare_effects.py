"""What it means for a programme's childcare when somebody turns the plugin on or off."""

from __future__ import annotations

from sqlalchemy import func, select

from lms_core.api import Context, Effect, PluginProposal, now
from lms_family_sessions.effects import FEW
from lms_family_sessions.tables_childcare import booking, offer


async def preview(context: Context, proposal: PluginProposal) -> list[Effect]:
    """Say what would change for offers and bookings; how many book is not told while they are few. One statement."""
    ahead = (offer.c.programme_id == context.programme_id) & (offer.c.ends_at > now()) & offer.c.cancelled_at.is_(None)
    booked = select(func.count()).select_from(booking).join(offer, offer.c.id == booking.c.offer_id)
    query = select(
        select(func.count()).where(ahead).scalar_subquery().label("offers"),
        booked.where(ahead, booking.c.state == "booked").scalar_subquery().label("booked"),
    )
    async with context.read() as connection:
        kept = (await connection.execute(query)).one()
    if not kept.offers:
        return []
    days = "1 offer" if kept.offers == 1 else f"{kept.offers} offers"
    if proposal.enabled:
        return [Effect("childcare", f"Can be seen and booked: {days} of childcare.")]
    told = f"{kept.booked} children" if kept.booked >= FEW else f"fewer than {FEW} children, or none"
    return [
        Effect("childcare", f"Kept, and not to be seen or booked: {days} of childcare."),
        Effect("bookings", f"Places are booked for {told}; nobody is told, and calendars do not show it."),
    ]
