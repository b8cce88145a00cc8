"""A proposal becomes sessions of runs: all or none, once, and not when something has changed since."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import func, select

from lms_core.modules.tables import session
from lms_core.outbox.tables import outbox
from tests.support.family import family, need, needs, run_of, seated, suggested, task

if TYPE_CHECKING:
    from tests.support.world import World


async def sessions(world: World) -> list[tuple[str, str, str, str, str, int]]:
    """Return all sessions there are, in the order of time."""
    c = session.c
    query = select(c.title, c.starts, c.ends, c.mode, c.place, c.revision).where(c.cancelled_at.is_(None))
    async with world.database.read() as connection:
        rows = await connection.execute(query.order_by(c.starts))
        return [(one.title, str(one.starts), str(one.ends), one.mode, one.place, one.revision) for one in rows]


def expected(found: dict[str, Any], hybrid: str = "") -> list[tuple[str, str, str, str, str, int]]:
    """Return what the proposal should have become."""
    return sorted(
        (
            (
                f"{one['title']} ({number}/2)", starts.replace("T", " "), ends.replace("T", " "),
                "hybrid" if one["key"] == hybrid else "on_site", "Aula", 1,
            )
            for one in found["result"]["proposal"]["sessions"]
            for number, (starts, ends) in enumerate(one["times"], 1)
        ),
        key=lambda one: one[1],
    )  # fmt: skip


async def told(world: World) -> int:
    query = select(func.count()).where(outbox.c.name.like("session_%"))
    async with world.database.read() as connection:
        return await connection.scalar(query) or 0


async def test_a_proposal_becomes_sessions_once_however_often_it_is_accepted(world: World) -> None:
    alpha, beta = await family(world, workers=1), await family(world, "beta")
    run_id = await run_of(world, alpha)
    await seated(world, alpha, run_id, "Sam")
    found = await suggested(world, alpha.path, task(run_id))
    path, body = f"{alpha.path}/suggestions/{found['id']}/acceptance", {"place": "Aula"}
    await world.admin.post(f"{beta.path}/suggestions/{found['id']}/acceptance", body, 404)
    both = await asyncio.gather(*(world.admin.post(path, body, 200) for _ in range(2)))
    assert both[0] == both[1] == await world.admin.post(path, body, 200)
    assert await sessions(world) == expected(found)
    assert await told(world) == 6
    assert [one["session"] for one in both[0]["accepted"]["sessions"]] == ["one", "one", "two", "two", "three", "three"]
    assert both[0]["accepted"]["by"] == str(world.admin.person.id)
    await world.admin.post(path, {**body, "hybrid": ["one"]}, 409)
    refused = await world.admin.post(path.replace(found["id"], str(UUID(int=1))), body, 404)
    assert refused["status"] == 404
    assert (await world.admin.get(f"{alpha.path}/suggestions/{found['id']}")) == both[0]


async def test_sessions_that_there_are_can_be_moved(world: World) -> None:
    alpha = await family(world, workers=1)
    run_id = await run_of(world, alpha)
    sam = await seated(world, alpha, run_id, "Sam")
    first = await suggested(world, alpha.path, task(run_id))
    done = await world.admin.post(f"{alpha.path}/suggestions/{first['id']}/acceptance", {"place": "Aula"}, 200)
    ids = [one["sessionId"] for one in done["accepted"]["sessions"]]
    every = {"weekdays": 0b1111111}
    await needs(world, alpha, sam.person.id, need(**every, last_day=date(2027, 5, 31)))
    asked = task(run_id)
    for n, one in enumerate(asked["sessions"]):
        one["sessionIds"] = ids[2 * n : 2 * n + 2]
    second, third = [await suggested(world, alpha.path, asked) for _ in range(2)]
    await world.admin.post(f"{alpha.path}/suggestions/{second['id']}/acceptance", {"place": "Aula"}, 200)
    moved = await sessions(world)
    assert [one[:5] for one in moved] == [one[:5] for one in expected(second)]
    assert [one[5] for one in moved] == [1 if one in expected(first) else 2 for one in expected(second)]
    assert min(one[1] for one in expected(second)) > "2027-06"
    refused = await world.admin.post(f"{alpha.path}/suggestions/{third['id']}/acceptance", {"place": "Aula"}, 409)
    assert "has changed since" in refused["detail"]
    wrong = [{**asked["sessions"][0], "sessionIds": ids[:1]}, {**asked["sessions"][1], "sessionIds": [ids[2], ids[2]]}]
    wrong.append({**asked["sessions"][2], "sessionIds": [run_id, ids[4]]})
    refused = await world.admin.post(f"{alpha.path}/suggestions", {"title": "x", "sessions": wrong}, 422)
    assert [one["where"].removeprefix("body.") for one in refused["errors"]] == [
        "sessions[0].sessionIds", "sessions[1].sessionIds[0]", "sessions[1].sessionIds[1]", "sessions[2].sessionIds[0]",
    ]  # fmt: skip


async def test_what_is_stale_is_refused_for_good_and_makes_nothing(world: World) -> None:
    """Once somebody has tried, taking the change back does not tell her that there was one."""
    alpha = await family(world, workers=1)
    run_id = await run_of(world, alpha)
    sam = await seated(world, alpha, run_id, "Sam")
    kept, found = [await suggested(world, alpha.path, task(run_id)) for _ in range(2)]
    path = f"{alpha.path}/suggestions/{found['id']}"
    await needs(world, alpha, sam.person.id, need(weekdays=0b0001000, last_day=date(2027, 3, 31)))
    for _ in range(2):
        refused = await world.admin.post(f"{path}/acceptance", {}, 409)
        assert refused["detail"].startswith("What this proposal was made from has changed since")
    assert (await world.admin.get(path))["state"] == "stale"
    assert await sessions(world) == []
    assert (await world.admin.get(f"{alpha.path}/suggestions/{kept['id']}"))["state"] == "done"
    waiting = await world.admin.post(f"{alpha.path}/suggestions", task(run_id))
    refused = await world.admin.post(f"{alpha.path}/suggestions/{waiting['id']}/acceptance", {}, 409)
    assert refused["detail"] == "The search is queued and there are no dates that could be accepted."


async def test_what_plugins_refuse_makes_nothing_and_goes_on_site_and_online(world: World) -> None:
    alpha = await family(world, workers=1)
    run_id = await run_of(world, alpha)
    sam = await seated(world, alpha, run_id, "Sam")
    await needs(world, alpha, sam.person.id, need(weekdays=0b1111111, last_day=date(2027, 4, 30)))
    asked = task(run_id)
    asked["sessions"][0]["last"] = "2027-04-20"
    found = await suggested(world, alpha.path, asked)
    assert found["result"]["refused"] == [{"session": "one", "people": None}]
    path = f"{alpha.path}/suggestions/{found['id']}/acceptance"
    refused = await world.admin.post(path, {"place": "Aula"}, 409)
    assert all("A protection of participants stands against this time" in one["reason"] for one in refused["errors"])
    assert await sessions(world) == []
    wrong = await world.admin.post(path, {"hybrid": ["four"]}, 422)
    assert wrong["errors"] == [{"where": "body.hybrid[0]", "reason": "there is no session four that is on site"}]
    await world.admin.post(path, {"place": "Aula", "hybrid": ["one"]}, 200)
    assert await sessions(world) == expected(found, hybrid="one")
