"""Links of guests without a plugin that would make them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from lms_core.hooks.context import Context
from lms_core.hooks.guests import Invitation, invite_guests

if TYPE_CHECKING:
    from tests.support.world import World


async def links(world: World, programme_id: str, *titles: str) -> list[str]:
    """Make links of the sample plugin; return their ids."""
    context = Context("sample", UUID(programme_id), None, world.database, person_id=UUID(world.admin.id))
    wanted = [Invitation(role="sample.guest", about="thing", title=title) for title in titles]
    async with world.database.write() as connection:
        return [str(made.id) for made in await invite_guests(context, connection, wanted)]
