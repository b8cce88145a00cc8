"""What administrators see of deliveries, and how they have those tried again that were given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from lms_core.outbox.events import Undeliverable, emit
from lms_core.outbox.tables import outbox
from lms_core.outbox.work import settle
from tests.support.outbox import Happened, Notes, deliveries, happened
from tests.support.world import statements

if TYPE_CHECKING:
    from lms_core.db import Database
    from tests.support.outbox import Clock
    from tests.support.world import World


@pytest.fixture
def database(world: World) -> Database:
    return world.database


@pytest.fixture
async def programmes(world: World) -> tuple[dict[str, Any], dict[str, Any]]:
    """Two programmes, as they were made."""
    return await world.programme("ms"), await world.programme("other")


async def refuses(whom: str, what: str) -> None:
    if what.startswith("refused"):
        raise Undeliverable(f"{whom} does not want it")
    if what == "failing":
        raise ConnectionError("nobody answers")


async def of(database: Database, programme: dict[str, Any] | None, *whats: str) -> None:
    """Let things happen in a programme, all to one thing."""
    programme_id = UUID(programme["id"]) if programme else None
    await happened(database, f"thing:{programme_id}", *whats, programme_id=programme_id)


def wire(moment: Any) -> Any:
    return moment and moment.isoformat().replace("+00:00", "Z")


async def test_an_administrator_sees_what_became_of_each_delivery_and_not_what_it_says(
    world: World, clock: Clock, programmes: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    ours, others = programmes
    manager = await world.person("Mia", "programme_administrator", ours)
    await of(world.database, ours, "told", "refused", "failing", "waiting")
    await of(world.database, others, "refused elsewhere")
    await of(world.database, None, "refused nowhere")
    await settle(world.database, [Notes(handle=refuses)])
    path = f"/programmes/{ours['id']}/deliveries"
    with statements(world.database) as seen:
        shown = (await manager.get(path))["items"]
    assert len([statement for statement in seen if "outbox" in statement]) == 1

    async with world.database.read() as connection:
        events = (await connection.execute(select(outbox).order_by(outbox.c.id))).all()
    happened_here = [event for event in events if event.programme_id == UUID(ours["id"])]
    common = {"event": "happened", "subscriber": "notes:anna", "aggregate": f"thing:{ours['id']}", "at": wire(clock.at)}
    at = wire(clock.at)
    expected = [
        {"state": "done", "attempts": 1, "error": None, "doneAt": at, "deadAt": None},
        {"state": "dead", "attempts": 1, "error": "anna does not want it", "doneAt": None, "deadAt": at},
        {"state": "open", "attempts": 1, "error": "ConnectionError: nobody answers", "doneAt": None, "deadAt": None},
        {"state": "open", "attempts": 0, "error": None, "doneAt": None, "deadAt": None},
    ]
    rows = await deliveries(world.database, "event_id", "due_at")
    due = {str(event_id): wire(due_at) for event_id, due_at in rows}
    assert shown == [
        {
            **common,
            **said,
            "id": f"{event.id}:notes:anna",
            "eventId": str(event.id),
            "dueAt": due[str(event.id)],
        }
        for event, said in zip(happened_here, expected, strict=True)
    ]
    for state, which in {"done": [0], "dead": [1], "open": [2, 3]}.items():
        assert (await manager.get(f"{path}?state={state}"))["items"] == [shown[number] for number in which]
    problem = await manager.get(f"{path}?state=lost", 400)
    assert problem["errors"] == [{"where": "query.state", "reason": "must be one of open, done, dead"}]
    await manager.get(f"/programmes/{others['id']}/deliveries", 404)
    await manager.get("/deliveries", 403)
    (nowhere,) = (await world.admin.get("/deliveries"))["items"]
    assert nowhere["eventId"] == str(events[-1].id)


async def test_a_dead_letter_is_tried_again(
    world: World, clock: Clock, programmes: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    ours, others = programmes
    manager = await world.person("Mia", "programme_administrator", ours)
    await of(world.database, ours, "refused", "told")
    await of(world.database, others, "refused elsewhere")
    await of(world.database, None, "refused nowhere")
    await settle(world.database, [Notes(handle=refuses)])
    listed = f"/programmes/{ours['id']}/deliveries"
    dead, done = (await manager.get(listed))["items"]
    clock.forward(minutes=30)

    async def replay(one: dict[str, Any], status: int, at: str = listed) -> Any:
        return await manager.post(f"{at}/{one['eventId']}/{one['subscriber']}/replay", status=status)

    again = await replay(dead, 200)
    assert again == {**dead, "state": "open", "attempts": 0, "dueAt": wire(clock.at), "deadAt": None}
    assert (await manager.get(f"{listed}?state=open"))["items"] == [again]
    assert (await replay(dead, 409))["detail"] == "This delivery is open; only one that is dead can be tried again."
    assert (await replay(done, 409))["detail"] == "This delivery is done; only one that is dead can be tried again."
    elsewhere = (await world.admin.get(f"/programmes/{others['id']}/deliveries"))["items"][0]
    nowhere = (await world.admin.get("/deliveries"))["items"][0]
    unknown = await replay({**dead, "eventId": str(uuid4())}, 404)
    for hidden in (elsewhere, nowhere, {**dead, "subscriber": "notes:bea"}):
        assert await replay(hidden, 404) == unknown
    await replay(nowhere, 403, "/deliveries")

    notes = Notes()
    await settle(world.database, [notes])
    assert notes.told == [("anna", "refused")]
    path = f"/deliveries/{nowhere['eventId']}/notes:anna/replay"
    await world.admin.post(path.replace(nowhere["eventId"], dead["eventId"]), status=404)
    assert (await world.admin.post(path, status=200))["state"] == "open"
    await settle(world.database, [notes])
    assert notes.told == [("anna", "refused"), ("anna", "refused nowhere")]
    assert (await world.admin.get(f"/programmes/{others['id']}/deliveries"))["items"] == [elsewhere]


async def test_all_dead_letters_of_a_subscriber_are_tried_again(
    world: World, clock: Clock, programmes: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    ours, others = programmes
    manager = await world.person("Mia", "programme_administrator", ours)
    await of(world.database, ours, "refused 1", "told", "refused 2", "failing")
    await of(world.database, others, "refused elsewhere")
    await settle(world.database, [Notes("notes", ["anna", "bea"], refuses)])
    path = f"/programmes/{ours['id']}/deliveries/replay"
    problem = await manager.post(path, {"subscriber": "anna"}, 400)
    assert [error["where"] for error in problem["errors"]] == ["body.subscriber"]
    assert await manager.post(path, {"subscriber": "notes:carl"}, 200) == {"count": 0}
    assert await manager.post(path, {"subscriber": "notes:anna"}, 200) == {"count": 2}
    assert await manager.post(path, {"subscriber": "notes:anna"}, 200) == {"count": 0}
    notes = Notes("notes", [])
    await settle(world.database, [notes])
    assert notes.told == [("anna", "refused 1"), ("anna", "refused 2")]


async def test_what_belongs_to_an_event_of_several_subscribers_is_walked_through_page_by_page(world: World) -> None:
    async with world.database.write() as connection:
        for number in range(2):
            await emit(connection, "happened", f"run:{number}", None, Happened("told"))
    await settle(world.database, [Notes("notes", ["anna", "bea", "carl"])])
    whole = [row["id"] for row in (await world.admin.get("/deliveries"))["items"]]
    assert [identity.partition(":")[2] for identity in whole] == ["notes:anna", "notes:bea", "notes:carl"] * 2
    page = await world.admin.call("GET", "/deliveries?limit=2&state=done")
    found = [row["id"] for row in page.json()["items"]]
    while link := page.links.get("next"):
        page = await world.admin.call("GET", str(link["url"]))
        found += [row["id"] for row in page.json()["items"]]
    assert found == whole
    problem = await world.admin.get(f"/deliveries?cursor={uuid4()}", 400)
    assert [error["where"] for error in problem["errors"]] == ["query.cursor"]
