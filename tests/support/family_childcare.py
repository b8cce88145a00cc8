"""Childcare at an attendance weekend, and what is needed to offer and book it in a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import select

from lms_core.hooks.channel import PluginChannel
from lms_core.outbox.tables import delivery, outbox
from lms_core.outbox.work import settle

if TYPE_CHECKING:
    from tests.support.world import Actor, World

INTRODUCTION = {"key": "intro", "kind": "reading", "title": "Introduction"}
SATURDAY, SUNDAY = "2099-03-07", "2099-03-08"


class Setting:
    """A programme with the plugin enabled, a run with an attendance weekend, the family office, and where it answers."""

    def __init__(self, programme: dict[str, Any], run: dict[str, Any], office: Actor) -> None:
        self.programme = programme
        self.run = run
        self.office = office
        self.path = f"/programmes/{programme['id']}/family_sessions"


async def prepared(world: World, key: str = "alpha", **settings: Any) -> Setting:
    """Enable the plugin in a programme with a run that has sessions on a Saturday and a Sunday."""
    programme = await world.programme(key)
    body = {"enabled": True, "settings": settings}
    await world.admin.put(f"/programmes/{programme['id']}/plugins/family_sessions", body, If_Match='"0"')
    run = await world.run(programme, await world.module(programme, [INTRODUCTION], key), capacity=30)
    for day in (SATURDAY, SUNDAY):
        session = {
            "title": "On site", "starts": f"{day}T09:00:00", "ends": f"{day}T16:00:00", "zone": "Europe/Berlin",
            "mode": "on_site", "place": "Hall 1",
        }  # fmt: skip
        await world.admin.post(f"/runs/{run['id']}/sessions", session)
    office = await world.person(f"Fay Office {key}", "family_sessions.office", programme)
    return Setting(programme, run, office)


async def seated(world: World, setting: Setting, name: str) -> Actor:
    """Bring in a student with a seat in the run."""
    student = await world.student(name, setting.programme)
    await student.put(f"/runs/{setting.run['id']}/enrolment", {})
    return student


TERMS = {
    "begins": "08:30", "ends": "16:30", "zone": "Europe/Berlin", "place": "House 7", "places": 2, "ageFrom": 1,
    "ageTo": 10, "closes": "2099-02-20T18:00:00", "freeUntil": "2099-02-27T18:00:00", "costCents": 1250,
}  # fmt: skip


def offers(setting: Any, **other: Any) -> dict[str, Any]:
    """Return childcare for the weekend: two places each day."""
    days = {"firstDay": "2099-03-02", "lastDay": "2099-03-10"}
    return {"runs": [setting.run["id"]], **days, **TERMS, **other}


def content(**other: Any) -> dict[str, Any]:
    """Return an offer of the Saturday, as one changes it."""
    return {"day": SATURDAY, **TERMS, **other}


async def mails(world: World, after: int = 0) -> list[tuple[str, dict[str, str], dict[str, str]]]:
    """Return to whom plugins wrote, subject and text in each language, but for the first so many."""
    query = select(delivery.c.subscriber, outbox.c.payload).join(outbox, outbox.c.id == delivery.c.event_id)
    query = query.where(outbox.c.name == "mail").order_by(outbox.c.id)
    async with world.database.read() as connection:
        rows = (await connection.execute(query)).all()
    told = [(row.subscriber.removeprefix("mail:"), msgspec.json.decode(row.payload)) for row in rows]
    return [(who, mail["subject"], mail["text"]) for who, mail in told][after:]


async def worked(world: World) -> None:
    """Let a worker do all that there is to do; nothing of it fails."""
    await settle(world.database, [PluginChannel(world.app.state.hooks)])
    async with world.database.read() as connection:
        ours = delivery.c.subscriber.startswith("plugin:")  # nobody sends mail here
        failed = select(delivery.c.error).where(ours, delivery.c.error.is_not(None))
        assert (await connection.execute(failed)).scalars().all() == []
