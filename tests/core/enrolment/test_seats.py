"""Seats in runs: never more than there are, and the waiting list moves up."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import select

from lms_core.outbox.tables import outbox

if TYPE_CHECKING:
    from tests.support.world import Actor, World

READING = {"key": "intro", "kind": "reading", "title": "Introduction"}


async def a_run(world: World, capacity: int) -> tuple[dict[str, Any], dict[str, Any]]:
    programme = await world.programme()
    run = await world.run(programme, await world.module(programme, [READING]), capacity)
    return programme, run


async def states(world: World, run: dict[str, Any]) -> dict[str, str]:
    people = await world.admin.get(f"/runs/{run['id']}/participants")
    return {p["name"]: p["state"] for p in people["items"]}


async def enrol(student: Actor, run: dict[str, Any]) -> Any:
    return await student.put(f"/runs/{run['id']}/enrolment", {})


async def test_a_full_run_gives_waiting_places_and_withdrawing_promotes_in_order(world: World) -> None:
    programme, run = await a_run(world, 2)
    students = [await world.student(name, programme) for name in ("Anna", "Bea", "Cem", "Dora")]
    for student in students:
        await enrol(student, run)
    assert await states(world, run) == {"Anna": "enrolled", "Bea": "enrolled", "Cem": "waiting", "Dora": "waiting"}

    await students[0].delete(f"/runs/{run['id']}/enrolment")
    expected = {"Anna": "withdrawn", "Bea": "enrolled", "Cem": "enrolled", "Dora": "waiting"}
    assert await states(world, run) == expected
    assert (await world.admin.get(f"/runs/{run['id']}"))["seatsTaken"] == 2

    # who comes back goes to the end of the list
    await enrol(students[0], run)
    await students[1].delete(f"/runs/{run['id']}/enrolment")
    expected = {"Anna": "waiting", "Bea": "withdrawn", "Cem": "enrolled", "Dora": "enrolled"}
    assert await states(world, run) == expected


async def test_withdrawing_is_told_once_and_before_who_moves_up(world: World) -> None:
    programme, run = await a_run(world, 1)
    anna, bea, cem = [await world.student(name, programme) for name in ("Anna", "Bea", "Cem")]
    for student in (anna, bea, cem):
        await enrol(student, run)
    for student in (cem, anna, anna):  # the second time changes nothing
        await student.delete(f"/runs/{run['id']}/enrolment")
    async with world.database.read() as connection:
        events = (await connection.execute(select(outbox).order_by(outbox.c.id))).all()
    assert {(event.aggregate, str(event.programme_id)) for event in events} == {(f"run:{run['id']}", programme["id"])}
    told = [(event.name, json.loads(event.payload)) for event in events]
    of = {"run_id": run["id"], "programme_id": programme["id"]}
    assert told == [
        ("enrolment_created", {"person_id": anna.id, **of, "state": "enrolled"}),
        ("enrolment_created", {"person_id": bea.id, **of, "state": "waiting"}),
        ("enrolment_created", {"person_id": cem.id, **of, "state": "waiting"}),
        ("enrolment_ended", {"person_id": cem.id, **of, "state": "waiting", "why": "withdrawn"}),
        ("enrolment_ended", {"person_id": anna.id, **of, "state": "enrolled", "why": "withdrawn"}),
        ("enrolment_created", {"person_id": bea.id, **of, "state": "enrolled"}),
    ]


async def test_many_at_once_never_take_more_seats_than_there_are(world: World) -> None:
    programme, run = await a_run(world, 3)
    students = [await world.student(f"Student {number}", programme) for number in range(12)]
    await asyncio.gather(*(enrol(student, run) for student in students for _ in range(2)))
    found = sorted((await states(world, run)).values())
    assert found == ["enrolled"] * 3 + ["waiting"] * 9
    async with world.database.read() as connection:
        events = (await connection.execute(select(outbox.c.name))).scalars().all()
    assert events == ["enrolment_created"] * 12


async def test_more_seats_promote_and_fewer_take_none_away(world: World) -> None:
    programme, run = await a_run(world, 1)
    for name in ("Anna", "Bea", "Cem"):
        await enrol(await world.student(name, programme), run)
    changed = await world.admin.put(f"/runs/{run['id']}/capacity", {"capacity": 2}, If_Match='"1"')
    assert (changed["capacity"], changed["seatsTaken"]) == (2, 2)
    assert await states(world, run) == {"Anna": "enrolled", "Bea": "enrolled", "Cem": "waiting"}
    problem = await world.admin.put(f"/runs/{run['id']}/capacity", {"capacity": 1}, 409, If_Match='"2"')
    assert problem["errors"] == [{"where": "body.capacity", "reason": "must be at least 2, the seats taken"}]
    await world.admin.put(f"/runs/{run['id']}/capacity", {"capacity": 5}, 412, If_Match='"1"')


async def test_a_closed_run_takes_nobody_and_a_stranger_does_not_see_it(world: World) -> None:
    programme, run = await a_run(world, 1)
    other = await world.programme("other")
    stranger = await world.student("Stranger", other)
    await stranger.put(f"/runs/{run['id']}/enrolment", {}, 404)
    await world.admin.patch(f"/runs/{run['id']}", {"open": False}, If_Match='"1"')
    student = await world.student("Anna", programme)
    problem = await student.put(f"/runs/{run['id']}/enrolment", {}, 409)
    assert problem["detail"] == "This run takes no enrolments at the moment."
    assert await states(world, run) == {}


async def test_a_person_without_the_programme_takes_a_single_module(world: World) -> None:
    programme, run = await a_run(world, 1)
    guest = await world.person("Guest")
    enrolment = await world.admin.put(f"/runs/{run['id']}/enrolments/{guest.id}", {})
    assert (enrolment["state"], enrolment["programmeId"]) == ("enrolled", None)
    outline = await guest.get(f"/runs/{run['id']}/outline")
    assert outline["state"] == "enrolled"
    await world.admin.post(f"/programmes/{programme['id']}/enrolments", {"email": guest.email})
    again = await world.admin.put(f"/runs/{run['id']}/enrolments/{guest.id}", {})
    assert again == enrolment
    wanted = {"programmeId": programme["id"]}
    problem = await world.admin.put(f"/runs/{run['id']}/enrolments/{guest.id}", wanted, 409)
    assert problem["detail"].endswith("withdraw her first.")


async def test_an_adopted_module_counts_under_the_adopting_programme(world: World) -> None:
    owner, run = await a_run(world, 5)
    adopter = await world.programme("adopter")
    student = await world.student("Anna", adopter)
    await student.get(f"/runs/{run['id']}", 404)
    await world.admin.put(f"/programmes/{adopter['id']}/adoptions/{run['moduleId']}", None, 204)
    assert (await student.get(f"/runs/{run['id']}"))["programmeId"] == owner["id"]
    assert (await enrol(student, run))["programmeId"] == adopter["id"]
    both = await world.student("Bea", adopter)
    await world.admin.post(f"/programmes/{owner['id']}/enrolments", {"email": both.email})
    problem = await both.put(f"/runs/{run['id']}/enrolment", {}, 422)
    choices = ", ".join(sorted([owner["id"], adopter["id"]]))
    reason = f"must be one that the person studies and that offers this: {choices}"
    assert problem["errors"] == [{"where": "body.programmeId", "reason": reason}]
    chosen = await both.put(f"/runs/{run['id']}/enrolment", {"programmeId": owner["id"]})
    assert chosen["programmeId"] == owner["id"]


async def test_who_withdraws_in_the_moment_of_completing_has_done_one_of_both(world: World) -> None:
    programme, run = await a_run(world, 12)
    students = [await world.student(f"Student {number}", programme) for number in range(12)]
    for student in students:
        await enrol(student, run)

    async def complete(student: Actor) -> int:
        event = {"id": str(uuid4()), "at": "2026-11-01T10:00:00Z", "completed": True}
        return (await student.call("POST", f"/runs/{run['id']}/units/intro/progress", event)).status_code

    async def leave(student: Actor) -> int:
        return (await student.call("DELETE", f"/runs/{run['id']}/enrolment")).status_code

    answers = await asyncio.gather(*(act(student) for student in students for act in (complete, leave)))
    pairs = list(zip(answers[::2], answers[1::2], strict=True))
    assert set(pairs) <= {(200, 409), (403, 204), (404, 204)}
    found = await states(world, run)
    for student, pair in zip(students, pairs, strict=True):
        assert found[student.person.name] == ("completed" if pair[0] == 200 else "withdrawn")
        mine = await student.get(f"/runs/{run['id']}/enrolment")
        assert [change["after"] for change in mine["changes"]] == ["enrolled", found[student.person.name]]
    assert (await world.admin.get(f"/runs/{run['id']}"))["seatsTaken"] == list(found.values()).count("completed")
