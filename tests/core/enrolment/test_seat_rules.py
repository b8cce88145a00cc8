"""How seats are given where a run asks for more than an order of arrival: approval, offers, quotas, lots, a minimum."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import select

from lms_core import types
from lms_core.enrolment import run_rules
from lms_core.enrolment.channel import SeatsChannel
from lms_core.enrolment.tables import seat_rules
from lms_core.outbox.work import settle

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.support.world import Actor, World

    Later = Callable[[timedelta], Awaitable[None]]

READING = {"key": "intro", "kind": "reading", "title": "Introduction"}


async def a_run(world: World, capacity: int, **rules: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    programme = await world.programme()
    run = await world.run(programme, await world.module(programme, [READING]), capacity)
    if rules:
        await world.admin.put(f"/runs/{run['id']}/seat-rules", rules, If_Match='"1"')
    return programme, run


async def enrol(student: Actor, run: dict[str, Any], status: int = 200) -> Any:
    return await student.put(f"/runs/{run['id']}/enrolment", {}, status)


async def states(world: World, run: dict[str, Any]) -> dict[str, str]:
    people = await world.admin.get(f"/runs/{run['id']}/participants?limit=200")
    return {p["name"]: p["state"] for p in people["items"]}


async def work(world: World) -> None:
    """Let a worker do all that is due."""
    await settle(world.database, [SeatsChannel(world.database, world.app.state.hooks)])


async def test_a_request_is_approved_or_declined_and_the_student_reads_why(world: World) -> None:
    programme, run = await a_run(world, 1, approval=True)
    anna, bea, cem = [await world.student(name, programme) for name in ("Anna", "Bea", "Cem")]
    for student in (anna, bea, cem):
        assert (await enrol(student, run))["state"] == "requested"
    path = f"/runs/{run['id']}/enrolments"
    assert (await world.admin.put(f"{path}/{cem.id}/approval", {"approved": True}))["state"] == "enrolled"
    assert (await world.admin.put(f"{path}/{bea.id}/approval", {"approved": True}))["state"] == "waiting"
    silent = await world.admin.put(f"{path}/{anna.id}/approval", {"approved": False}, 400)
    assert silent["errors"][0]["where"] == "body.reason"
    declined = {"approved": False, "reason": "This run is for the second year."}
    await world.admin.put(f"{path}/{anna.id}/approval", declined)
    mine = await anna.get(f"/runs/{run['id']}/enrolment")
    told = [(change["before"], change["after"], change["actorId"], change["reason"]) for change in mine["changes"]]
    assert told == [
        (None, "requested", anna.id, ""),
        ("requested", "declined", world.admin.id, "This run is for the second year."),
    ]
    assert await states(world, run) == {"Anna": "declined", "Bea": "waiting", "Cem": "enrolled"}
    waiting = await bea.get(f"/runs/{run['id']}/enrolment")
    assert (waiting["enrolment"]["state"], waiting["ahead"]) == ("waiting", 0)


async def test_who_asked_first_is_first_whenever_it_is_approved(world: World) -> None:
    programme, run = await a_run(world, 1, approval=True)
    anna, bea, cem = [await world.student(name, programme) for name in ("Anna", "Bea", "Cem")]
    for student in (anna, bea, cem):
        await enrol(student, run)
    for student in (anna, cem, bea):
        await world.admin.put(f"/runs/{run['id']}/enrolments/{student.id}/approval", {"approved": True})
    await anna.delete(f"/runs/{run['id']}/enrolment")
    assert await states(world, run) == {"Anna": "withdrawn", "Bea": "enrolled", "Cem": "waiting"}


async def test_a_programme_can_ask_for_approval_of_all_its_students(world: World) -> None:
    programme, run = await a_run(world, 3)
    await world.admin.patch(f"/programmes/{programme['id']}", {"approval": True}, If_Match='"1"')
    anna = await world.student("Anna", programme)
    guest = await world.person("Guest")
    assert (await enrol(anna, run))["state"] == "requested"
    # a single module counts under no programme
    assert (await world.admin.put(f"/runs/{run['id']}/enrolments/{guest.id}", {}))["state"] == "enrolled"


async def test_a_programme_sees_the_requests_of_its_own_students_in_a_run_it_has_adopted(world: World) -> None:
    programme, run = await a_run(world, 3, approval=True)
    partner, other = await world.programme("partner"), await world.programme("other")
    await world.admin.put(f"/programmes/{partner['id']}/adoptions/{run['moduleId']}", None, 204)
    for number, of in enumerate((programme, partner, partner)):
        await enrol(await world.student(f"Student {number}", of), run)
    hers, path = await world.person("Pia", "programme_administrator", partner), f"runs/{run['id']}/enrolments"
    page = await hers.get(f"/programmes/{partner['id']}/{path}?state=requested")
    assert [(row["name"], row["email"], row["state"], row["programmeId"]) for row in page["items"]] == [
        (f"Student {number}", f"student.{number}@example.org", "requested", partner["id"]) for number in (1, 2)
    ]
    # it is the run's own programme that answers
    answer = {"approved": True}
    await hers.put(f"/{path}/{page['items'][0]['personId']}/approval", answer, 404)
    await world.admin.put(f"/{path}/{page['items'][0]['personId']}/approval", answer)
    left = await hers.get(f"/programmes/{partner['id']}/{path}?state=requested")
    assert left["items"] == page["items"][1:]
    assert len((await hers.get(f"/programmes/{partner['id']}/{path}"))["items"]) == 2
    # neither through another programme nor about what a programme does not offer
    await hers.get(f"/programmes/{programme['id']}/{path}", 404)
    await world.admin.get(f"/programmes/{other['id']}/{path}", 404)


async def test_an_offer_is_held_accepted_or_goes_to_the_next(world: World, later: Later) -> None:
    programme, run = await a_run(world, 1, offerHours=48)
    anna, bea, cem, dora = [await world.student(name, programme) for name in ("Anna", "Bea", "Cem", "Dora")]
    for student in (anna, bea, cem):
        await enrol(student, run)
    await anna.delete(f"/runs/{run['id']}/enrolment")
    assert await states(world, run) == {"Anna": "withdrawn", "Bea": "offered", "Cem": "waiting"}
    assert (await enrol(dora, run))["state"] == "waiting"  # the seat is held

    await later(timedelta(hours=47))
    await work(world)
    assert (await states(world, run))["Bea"] == "offered"
    await later(timedelta(hours=2))
    refused = await bea.put(f"/runs/{run['id']}/enrolment/acceptance", None, 409)
    assert "expired" in refused["detail"]
    await work(world)
    assert await states(world, run) == {"Anna": "withdrawn", "Bea": "expired", "Cem": "offered", "Dora": "waiting"}
    for _ in range(2):
        assert (await cem.put(f"/runs/{run['id']}/enrolment/acceptance"))["state"] == "enrolled"
    await later(timedelta(hours=100))
    await work(world)
    assert await states(world, run) == {"Anna": "withdrawn", "Bea": "expired", "Cem": "enrolled", "Dora": "waiting"}
    assert (await world.admin.get(f"/runs/{run['id']}"))["seatsTaken"] == 1


async def test_reserved_seats_are_kept_until_they_are_released(world: World, later: Later) -> None:
    programme, run = await a_run(world, 3)
    partner = await world.programme("partner")
    await world.admin.put(f"/programmes/{partner['id']}/adoptions/{run['moduleId']}", None, 204)
    released = (types.now() + timedelta(days=10)).replace(tzinfo=None, microsecond=0)
    quota = {"key": "partner", "seats": 2, "programmeId": partner["id"], "releasedAt": released.isoformat()}
    rules = {"zone": "UTC", "quotas": [quota]}
    written = await world.admin.put(f"/runs/{run['id']}/seat-rules", rules, If_Match='"1"')
    assert written["rules"]["quotas"] == [{**quota, "plugin": None}]
    own = [await world.student(name, programme) for name in ("Anna", "Bea", "Cem")]
    partners = [await world.student(name, partner) for name in ("Xenia",)]
    for student in (*own, *partners):
        await enrol(student, run)
    expected = {"Anna": "enrolled", "Bea": "waiting", "Cem": "waiting", "Xenia": "enrolled"}
    assert await states(world, run) == expected
    assert (await partners[0].get(f"/runs/{run['id']}/enrolment"))["enrolment"]["quota"] == "partner"
    # her seat goes back to the quota, not to those who wait
    await partners[0].delete(f"/runs/{run['id']}/enrolment")
    assert (await states(world, run))["Bea"] == "waiting"
    await enrol(partners[0], run)
    too_few = await world.admin.put(f"/runs/{run['id']}/capacity", {"capacity": 2}, 200, If_Match='"2"')
    assert too_few["capacity"] == 2
    refused = await world.admin.put(f"/runs/{run['id']}/capacity", {"capacity": 1}, 409, If_Match='"3"')
    assert "at least 2" in refused["errors"][0]["reason"]
    await world.admin.put(f"/runs/{run['id']}/capacity", {"capacity": 3}, If_Match='"3"')
    await later(timedelta(days=11))
    await work(world)
    assert await states(world, run) == {**expected, "Bea": "enrolled"}
    # what is released stands in the way of no smaller capacity
    for student in (*own[1:], *partners):
        await student.delete(f"/runs/{run['id']}/enrolment")
    await world.admin.put(f"/runs/{run['id']}/capacity", {"capacity": 1}, If_Match='"4"')


async def test_quotas_that_cannot_be_are_refused(world: World) -> None:
    programme, run = await a_run(world, 2)
    stranger = await world.programme("stranger")
    path = f"/runs/{run['id']}/seat-rules"
    quota = {"key": "own", "seats": 2, "programmeId": programme["id"]}
    for quotas, told in [
        ([{**quota, "seats": 3}], "must reserve at most 2 seats, all that there are, not 3"),
        ([{**quota, "programmeId": stranger["id"]}], "must be a programme that owns the module or has adopted it"),
    ]:
        refused = await world.admin.put(path, {"quotas": quotas}, 422, If_Match='"1"')
        assert refused["errors"][0]["reason"] == told
    refused = await world.admin.put(path, {"quotas": [quota, quota]}, 400, If_Match='"1"')
    assert refused["errors"] == [{"where": "body.quotas", "reason": "must each have a key of its own"}]
    skipped = {"drawAt": "2027-03-28T02:30:00"}
    refused = await world.admin.put(path, skipped, 400, If_Match='"1"')
    assert refused["errors"][0]["where"] == "body.drawAt"
    assert (await world.admin.call("GET", f"/runs/{run['id']}")).headers["ETag"] == '"1"'


async def test_lots_are_drawn_once_and_anybody_can_draw_them_again(world: World, later: Later) -> None:
    draw = (types.now() + timedelta(days=5)).replace(tzinfo=None, microsecond=0)
    programme, run = await a_run(world, 2, zone="UTC", drawAt=draw.isoformat())
    students = [await world.student(f"Student {number}", programme) for number in range(6)]
    for student in students:
        assert (await enrol(student, run))["state"] == "waiting"
    await work(world)
    assert set((await states(world, run)).values()) == {"waiting"}
    await later(timedelta(days=6))
    await work(world)
    found = await world.admin.get(f"/runs/{run['id']}/seat-rules")
    order = sorted(students, key=lambda one: hashlib.sha256(f"{found['seed']}:{one.id}".encode()).hexdigest())
    expected = {one.person.name: "enrolled" if place < 2 else "waiting" for place, one in enumerate(order)}
    assert await states(world, run) == expected
    # who comes after the draw is behind those who took part, and the order stands
    late = await world.student("Late", programme)
    await enrol(late, run)
    await order[0].delete(f"/runs/{run['id']}/enrolment")
    await work(world)
    expected |= {order[0].person.name: "withdrawn", order[2].person.name: "enrolled", "Late": "waiting"}
    assert await states(world, run) == expected
    again = {"zone": "UTC", "drawAt": (draw + timedelta(days=9)).isoformat()}
    assert (await world.admin.put(f"/runs/{run['id']}/seat-rules", again, 409, If_Match='"2"'))["status"] == 409
    assert (await world.admin.get(f"/runs/{run['id']}/seat-rules"))["seed"] == found["seed"]


async def test_lots_that_two_workers_draw_at_once_are_drawn_once(world: World, later: Later) -> None:
    draw = (types.now() + timedelta(days=5)).replace(tzinfo=None, microsecond=0)
    programme, run = await a_run(world, 2, zone="UTC", drawAt=draw.isoformat())
    for number in range(5):
        await enrol(await world.student(f"Student {number}", programme), run)
    await later(timedelta(days=6))

    async def again() -> None:
        async with world.database.write() as connection:
            await run_rules.draw(connection, UUID(run["id"]), ())

    async with world.database.write() as connection:
        await run_rules.draw(connection, UUID(run["id"]), ())
        other = asyncio.create_task(again())
        await asyncio.sleep(0.3)  # by then it waits for the run
    async with world.database.read() as connection:
        [seed] = (await connection.execute(select(seat_rules.c.seed))).scalars()
    await other
    assert (await world.admin.get(f"/runs/{run['id']}/seat-rules"))["seed"] == seed


async def test_a_run_with_too_few_is_decided_by_a_human_and_everybody_learns(world: World, later: Later) -> None:
    due = (types.now() + timedelta(days=5)).replace(tzinfo=None, microsecond=0)
    programme, run = await a_run(world, 5, zone="UTC", minimum=2, decideAt=due.isoformat())
    anna = await world.student("Anna", programme)
    await enrol(anna, run)
    await later(timedelta(days=6))
    await work(world)
    path = f"/runs/{run['id']}"
    assert (await world.admin.get(f"{path}/seat-rules"))["decision"] is None
    for _ in range(2):
        told = await world.admin.put(f"{path}/decision", {"go": False, "reason": "Only one of two came together."})
        assert (told["decision"], told["decidedBy"]) == ("no_go", world.admin.id)
    assert await states(world, run) == {"Anna": "withdrawn"}
    changes = (await anna.get(f"{path}/enrolment"))["changes"]
    assert [(c["after"], c["reason"]) for c in changes] == [
        ("enrolled", ""),
        ("withdrawn", "Only one of two came together."),
    ]
    after = await world.admin.get(path)
    assert (after["open"], after["seatsTaken"]) == (False, 0)
    await world.admin.put(f"{path}/decision", {"go": True, "reason": "No."}, 409)
    await world.admin.patch(path, {"open": True}, If_Match='"3"')
    await anna.put(f"{path}/enrolment", {}, 409)  # closed for good


async def test_a_run_with_enough_is_decided_by_itself(world: World, later: Later) -> None:
    due = (types.now() + timedelta(days=5)).replace(tzinfo=None, microsecond=0)
    programme, run = await a_run(world, 5, zone="UTC", minimum=1, decideAt=due.isoformat())
    await enrol(await world.student("Anna", programme), run)
    await later(timedelta(days=6))
    await work(world)
    found = await world.admin.get(f"/runs/{run['id']}/seat-rules")
    assert (found["decision"], found["decidedBy"]) == ("go", None)
