"""Events of plugins that fail are tried again and end as dead letters; nobody else's events wait for them."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from lms_core.channels import channels
from lms_core.hooks import dispatch, rounds
from lms_core.outbox import leases
from lms_core.outbox.work import settle
from tests.hostile import witness
from tests.hostile.installed import HOOKED, LIMIT, entry, switch

if TYPE_CHECKING:
    from lms_core.settings import Settings
    from tests.support.world import World

UNIT = {"key": "intro", "kind": "reading", "title": "Introduction"}
HOSTILE = sorted([*HOOKED, "nonsense"])
HARMLESS = {"floods", "lies", "nonsense"}
"""What these answer is nothing that an event asks for."""


# what swallows everything does so even when it is collected
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    monkeypatch.setattr(dispatch, "TIME_LIMIT", LIMIT)
    monkeypatch.setattr(rounds, "GRACE", 0.05)
    monkeypatch.setattr(leases, "ATTEMPTS", 2)
    monkeypatch.setattr(leases, "FIRST_PAUSE", 0.0)
    witness.SEEN.clear()
    return [entry(name) for name in (*HOSTILE, "witness")]


async def test_what_they_do_to_an_event_ends_as_a_dead_letter(world: World, app_settings: Settings) -> None:
    programme = await world.programme()
    run = await world.run(programme, await world.module(programme, [UNIT]))
    anna = await world.student("Anna", programme)
    await switch(world, programme, "witness")
    await anna.put(f"/runs/{run['id']}/enrolment", {})
    for name in HOSTILE:
        await switch(world, programme, name)
    await anna.delete(f"/runs/{run['id']}/enrolment")

    async with asyncio.timeout(120):
        await settle(
            world.database, channels(app_settings, world.database, world.app.state.store, world.app.state.hooks)
        )

    path, found = f"/programmes/{programme['id']}/deliveries?limit=200", []
    while path:
        page = await world.admin.call("GET", path)
        found += page.json()["items"]
        path = page.headers["Link"].split(";")[0].strip("<>") if "Link" in page.headers else ""
    ended = {
        one["subscriber"].removeprefix("plugin:"): (one["state"], one["attempts"], bool(one["error"]))
        for one in found
        if one["event"] == "enrolment_ended"
    }
    assert ended == {
        **dict.fromkeys(HOOKED, ("dead", 2, True)),
        **dict.fromkeys((*HARMLESS, "witness"), ("done", 1, False)),
    }
    changes = len(HOSTILE) + 1
    assert sorted(witness.SEEN) == [
        "check_enrolment",
        "enrolment_created",
        "enrolment_ended",
        *["plugin_enabled"] * changes,
    ]

    async with asyncio.timeout(10):  # nothing is held any more, and nothing of what they wrote is kept
        await switch(world, programme, "witness", False)
    assert (await world.admin.get(f"/programmes/{programme['id']}"))["title"] == "Programme ms"
