"""Let mails be sent, and see what became of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import update

from lms_core.channels import channels
from lms_core.outbox.tables import OPEN, delivery
from lms_core.outbox.work import settle
from lms_core.types import now
from tests.support.outbox import deliveries

if TYPE_CHECKING:
    from lms_core.settings import Settings
    from tests.support.world import Actor, World


async def deliver(world: World, settings: Settings) -> None:
    """Do the work of a worker, which finds everything due that was tried before."""
    async with world.database.write() as connection:
        await connection.execute(update(delivery).where(OPEN).values(due_at=now()))
    await settle(world.database, channels(settings, world.database, world.app.state.store, world.app.state.hooks))


async def enrolled(world: World, name: str, run: dict[str, Any], language: str = "en") -> Actor:
    student = await world.student(name, run["programme"])
    await student.put("/me/language", {"language": language}, 204)
    await student.put(f"/runs/{run['id']}/enrolment", {})
    return student


async def greets(world: World, run: dict[str, Any]) -> None:
    path = f"/programmes/{run['programme']['id']}/plugins/greeter"
    await world.admin.put(path, {"enabled": True}, If_Match='"0"')


async def outcomes(world: World) -> list[tuple[str, str | None]]:
    """Return what became of each delivery of mail, and why."""
    rows = await deliveries(world.database, "subscriber", "done_at", "dead_at", "error")
    return [
        ("done" if done else "dead" if dead else "open", error)
        for subscriber, done, dead, error in rows
        if subscriber.startswith("mail:")
    ]
