"""A plugin plans many sessions at once: the others are asked, all of the plan becomes real or none, and it is told."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import select

from lms_core.api import (
    ConstraintsRequest,
    Context,
    EventStream,
    FromQuery,
    Job,
    JSONBody,
    LastEventId,
    Payload,
    Permission,
    PlannedSession,
    Plugin,
    RouteContext,
    SessionConstraint,
    SessionPlan,
    SessionRemark,
    Slot,
    SlotScore,
    SlotsRequest,
    Told,
    follow,
    get,
    hookimpl,
    judge_sessions,
    new_id,
    post,
    publish_sessions,
    read_participants,
    read_sessions,
    score_slots,
    session_constraints,
)
from lms_core.hooks.channel import PluginChannel
from lms_core.outbox.tables import outbox
from lms_core.outbox.work import settle
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import World

STEPS: list[str] = []
"""What a job has told on its way."""


class Plan(Payload, frozen=True, kw_only=True):
    planned: list[PlannedSession]
    dropped: dict[UUID, int] = {}


@post("/plans", permission="weeks.plan")
async def publish_plan(context: RouteContext, data: JSONBody[Plan]) -> dict[str, Any]:
    """Publish a plan."""
    warnings = await judge_sessions(context, data.planned)
    async with context.write() as connection:
        done = await publish_sessions(context, connection, data.planned, data.dropped)
    return {"done": msgspec.to_builtins(done), "warnings": [one.reason for one in warnings]}


@get("/runs", permission="weeks.plan")
async def look(context: RouteContext, run: FromQuery[UUID]) -> dict[str, Any]:
    """Show what there is."""
    async with context.read() as connection:
        sessions, people = await read_sessions(connection, [run]), await read_participants(connection, [run])
    asked = ConstraintsRequest(START, START + timedelta(days=5), tuple(one.person.id for one in people))
    slots = SlotsRequest((Slot("early", START, START, ()), Slot("late", START, START, ())))
    scores, failed = await score_slots(context, slots)
    return {
        "sessions": [one.title for one in sessions if not one.cancelled_at],
        "people": [one.person.name for one in people],
        "constraints": msgspec.to_builtins(await session_constraints(context, asked)),
        "scores": msgspec.to_builtins(scores),
        "failed": failed,
    }


@get("/steps", permission="weeks.plan")
async def follow_steps(context: RouteContext, last_event_id: LastEventId = None) -> EventStream:
    """Follow a job."""

    async def found(fresh: Context, after: str | None) -> tuple[list[Told], bool]:
        async with fresh.read() as connection:
            await connection.execute(select(1))
        begin = int(after) if after else 0
        return [Told(str(n), "step", {"said": said}) for n, said in enumerate(STEPS, 1) if n > begin], len(STEPS) < 4

    return follow(context, found, last_event_id, every=0.01)


async def climb(context: Context, payload: None) -> None:
    """Tell three times how far it is, and then that it is done."""
    for step in ("one", "two", "three"):
        async with context.write(more=True):
            STEPS.append(step)
    if STEPS.count("one") == 1:
        raise RuntimeError("slipped")
    async with context.write():
        STEPS.append("up")
    with pytest.raises(RuntimeError, match="one block"):
        async with context.write(more=True):
            pass


@post("/climbs", permission="weeks.plan")
async def begin(context: RouteContext) -> None:
    """Begin a job."""
    async with context.write() as connection:
        await context.enqueue(connection, "climb")


class Weeks(Plugin):
    name = "weeks"
    permissions = (Permission("weeks.plan", "plan", roles=("programme_administrator",)),)
    routes = (publish_plan, look, follow_steps, begin)
    jobs = (Job("climb", climb),)


class Care(Plugin):
    """Has something to say about times."""

    name = "care"

    @hookimpl
    async def check_session(self, context: Context, session: SessionPlan) -> list[SessionRemark]:
        if session.starts.hour < 8:
            return [SessionRemark("early", "Nobody can come before eight.", "block")]
        return [SessionRemark("friday", "It is a Friday.", "warn")] if session.starts.weekday() == 4 else []

    @hookimpl
    async def session_constraints(self, context: Context, request: ConstraintsRequest) -> list[SessionConstraint]:
        return [SessionConstraint(one, request.starts, request.ends, "rather_not") for one in request.persons]

    @hookimpl
    async def score_slots(self, context: Context, request: SlotsRequest) -> list[SlotScore]:
        return [SlotScore(request.slots[0].key, 3)]


START = datetime(2027, 3, 1, 8, tzinfo=UTC)
MONDAY = {"zone": "Europe/Berlin", "mode": "on_site", "place": "Room 1"}


@pytest.fixture
def plugins() -> list[Any]:
    STEPS.clear()
    return [Weeks(), Care()]


def at(run: dict[str, Any], title: str, day: int, hour: int, session: str | None = None, revision: int = 0) -> Any:
    return {
        "runId": run["id"], "sessionId": session or str(new_id()), "revision": revision, "title": title,
        "starts": f"2027-03-{day:02}T{hour:02}:00:00", "ends": f"2027-03-{day:02}T{hour + 1:02}:30:00", **MONDAY,
    }  # fmt: skip


async def programme_with_runs(world: World, key: str) -> tuple[dict[str, Any], str, list[dict[str, Any]]]:
    made = await world.programme(key)
    for plugin in ("weeks", "care"):
        await world.admin.put(f"/programmes/{made['id']}/plugins/{plugin}", {"enabled": True}, If_Match='"0"')
    module = await world.module(made, [{"key": "intro", "kind": "reading", "title": "Introduction"}], key)
    return made, f"/programmes/{made['id']}/weeks", [await world.run(made, module) for _ in range(2)]


async def told(world: World) -> list[tuple[str, str]]:
    query = select(outbox.c.name, outbox.c.payload).where(outbox.c.name.like("session_%")).order_by(outbox.c.id)
    async with world.database.read() as connection:
        rows = await connection.execute(query)
        return [(row.name, msgspec.json.decode(row.payload)["title"]) for row in rows]


async def titles(world: World, run: dict[str, Any]) -> list[tuple[str, int, bool]]:
    found = (await world.admin.get(f"/runs/{run['id']}/sessions"))["items"]
    return [(one["title"], one["revision"], one["cancelledAt"] is not None) for one in found]


async def test_a_plan_is_published_changed_and_told_in_few_statements(world: World) -> None:
    _, path, (optics, lasers) = await programme_with_runs(world, "alpha")
    plan = [at(optics, "Light", 1, 9), at(lasers, "Beams", 2, 9), at(optics, "Bench", 5, 9)]
    plan += [at(lasers, f"Lab {hour}", 3, hour) for hour in range(8, 20)]
    with statements(world.app.state.database) as sent:
        made = await world.admin.post(f"{path}/plans", {"planned": plan})
    assert [one["change"] for one in made["done"]] == ["published"] * 15
    assert made["warnings"] == ["It is a Friday."]
    assert len(sent) == 8, sent
    assert await titles(world, optics) == [("Light", 1, False), ("Bench", 1, False)]

    plan = [{**one, "revision": 1} for one in plan]
    plan[0]["title"] = "Light and shadow"
    dropped = {plan[1]["sessionId"]: 1}
    again = {"planned": [plan[0], *plan[2:4], at(optics, "Tour", 4, 9)], "dropped": dropped}
    with statements(world.app.state.database) as sent:
        made = await world.admin.post(f"{path}/plans", again)
    assert len(sent) == 9, sent
    assert sorted((one["change"], one["revision"]) for one in made["done"]) == [
        ("cancelled", 2), ("changed", 2), ("published", 1), ("unchanged", 1), ("unchanged", 1),
    ]  # fmt: skip
    assert await titles(world, optics) == [("Light and shadow", 2, False), ("Tour", 1, False), ("Bench", 1, False)]
    assert (await titles(world, lasers))[0] == ("Beams", 2, True)
    assert (await told(world))[15:] == [
        ("session_published", "Tour"), ("session_changed", "Light and shadow"), ("session_cancelled", "Beams"),
    ]  # fmt: skip


async def test_a_plan_that_cannot_be_changes_nothing_and_says_all_that_is_wrong(world: World) -> None:
    _, path, (optics, lasers) = await programme_with_runs(world, "alpha")
    _, _, (foreign, _) = await programme_with_runs(world, "beta")
    ids = [str(new_id()) for _ in range(4)]
    theirs = await world.admin.post(
        f"/runs/{foreign['id']}/sessions", {k: v for k, v in at(foreign, "Theirs", 1, 9).items() if k in
        ("title", "starts", "ends", "zone", "mode", "place")},
    )  # fmt: skip
    first = [at(optics, "A", 1, 9, ids[0]), at(lasers, "B", 1, 9, ids[1]), at(optics, "C", 1, 12, ids[2])]
    await world.admin.post(f"{path}/plans", {"planned": first})
    session = f"/runs/{optics['id']}/sessions"
    own = {"title": "A, by hand", "starts": "2027-03-01T10:00:00", "ends": "2027-03-01T11:00:00", **MONDAY}
    await world.admin.put(f"{session}/{ids[0]}", own, If_Match='"1"')
    await world.admin.call("DELETE", f"{session}/{ids[2]}", If_Match='"1"')
    before = await titles(world, optics), await titles(world, lasers), await told(world)

    new = at(lasers, "New", 3, 9)
    stale = {
        "planned": [
            at(optics, "A", 2, 9, ids[0], 1),
            at(optics, "C", 2, 9, ids[2], 1),
            at(lasers, "B", 2, 9, ids[1], 1),
            new,
        ]
    }
    wrong = await world.admin.post(f"{path}/plans", stale, 409)
    assert wrong["errors"] == [
        {
            "where": f"sessions.{ids[0]}",
            "reason": "'A, by hand' was changed by somebody else: it is in state 2, you know 1",
        },
        {"where": f"sessions.{ids[2]}", "reason": "'C' was cancelled; plan a new one"},
    ]
    gone = await world.admin.post(f"{path}/plans", {"planned": [new], "dropped": {ids[3]: 4}}, 409)
    assert gone["errors"] == [{"where": f"sessions.{ids[3]}", "reason": "does not exist any more"}]
    early = [new, at(lasers, "Dawn", 4, 6, ids[3]), at(lasers, "Dusk", 4, 7)]
    refused = await world.admin.post(f"{path}/plans", {"planned": early}, 409)
    assert [one["reason"] for one in refused["errors"]] == [
        "Dawn: Nobody can come before eight.", "Dusk: Nobody can come before eight.",
    ]  # fmt: skip
    stranger = await world.admin.post(f"{path}/plans", {"planned": [new, at(foreign, "X", 1, 9)]}, 404)
    assert stranger["detail"] == f"The programme has no run {foreign['id']}."
    for mine in (
        {"planned": [new, at(lasers, "X", 1, 9, theirs["id"], 1)]},
        {"planned": [new], "dropped": {theirs["id"]: 1}},
    ):
        await world.admin.post(f"{path}/plans", mine, 404)
    assert (await titles(world, optics), await titles(world, lasers), await told(world)) == before
    assert await titles(world, foreign) == [("Theirs", 1, False)]


async def test_a_planner_reads_what_is_there_and_asks_the_others(world: World) -> None:
    programme, path, (optics, lasers) = await programme_with_runs(world, "alpha")
    students = [await world.student(name, programme) for name in ("Bo", "Ann", "Cy")]
    for student in students[:2]:
        await student.put(f"/runs/{optics['id']}/enrolment", {})
    await students[2].put(f"/runs/{lasers['id']}/enrolment", {})
    await world.admin.post(f"{path}/plans", {"planned": [at(optics, "Light", 1, 9), at(lasers, "Beams", 1, 9)]})
    period = {"starts": "2027-03-01T08:00:00Z", "ends": "2027-03-06T08:00:00Z", "strength": "rather_not"}
    assert await world.admin.get(f"{path}/runs?run={optics['id']}") == {
        "sessions": ["Light"],
        "people": ["Ann", "Bo"],
        "constraints": [{"person_id": one.id, **period} for one in (students[1], students[0])],
        "scores": [{"key": "early", "cost": 3}],
        "failed": [],
    }


async def test_a_job_tells_how_far_it_is_and_who_follows_goes_on_where_she_was(world: World) -> None:
    _, path, _ = await programme_with_runs(world, "alpha")
    await world.admin.post(f"{path}/climbs")
    await settle(world.database, [PluginChannel(world.app.state.hooks)])
    assert STEPS == ["one", "two", "three"]  # it slipped, and comes again later
    headers = {"Authorization": f"Bearer {world.admin.token}"}
    following = asyncio.create_task(world.http.get(f"{path}/steps", headers=headers))
    await asyncio.sleep(0.1)
    assert not following.done()
    STEPS.append("up")
    answer = await following
    assert answer.headers["content-type"].startswith("text/event-stream"), answer.text
    assert answer.text.split("\r\n\r\n")[1:] == [
        *(f'id: {n}\r\nevent: step\r\ndata: {{"said":"{said}"}}' for n, said in enumerate(STEPS, 1)), "",
    ]  # fmt: skip
    later = await world.http.get(f"{path}/steps", headers={**headers, "Last-Event-ID": "3"})
    assert later.text.split("\r\n\r\n")[1:] == ['id: 4\r\nevent: step\r\ndata: {"said":"up"}', ""]
