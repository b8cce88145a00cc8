"""Who moves up is judged again: by the core's own rules, and by plugins, whom no withdrawal ever waits for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from lms_core.api import Context, EnrolmentRequest, Objection, Plugin, hookimpl
from lms_core.enrolment.channel import SeatsChannel
from lms_core.enrolment.tables import run_enrolment
from lms_core.outbox.leases import ATTEMPTS
from lms_core.outbox.tables import outbox
from lms_core.outbox.work import settle
from lms_core.types import now

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.support.world import Actor, World

    Later = Callable[[timedelta], Awaitable[None]]

READING = {"key": "intro", "kind": "reading", "title": "Introduction"}


class Gate(Plugin):
    """Objects to persons it is told of; breaks while it is told to."""

    name = "gate"
    requires = "lms>=0,<2"

    def __init__(self) -> None:
        self.asked: list[UUID] = []
        self.refused: set[UUID] = set()
        self.broken = False
        self.broken_in: UUID | None = None

    @hookimpl
    async def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
        self.asked.append(enrolment.person_id)
        if self.broken or context.programme_id == self.broken_in:
            raise RuntimeError("the gate is broken")
        return [Objection("closed", "The gate is closed for you.")] if enrolment.person_id in self.refused else []


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def plugins(gate: Gate) -> list[Any]:
    return [gate]


async def a_run(world: World, capacity: int, *names: str) -> tuple[dict[str, Any], list[Actor]]:
    """Open a run where the gate is enabled, and let these enrol in it."""
    programme = await world.programme()
    await world.admin.put(
        f"/programmes/{programme['id']}/plugins/gate", {"enabled": True, "settings": {}}, If_Match='"0"'
    )
    run = await world.run(programme, await world.module(programme, [READING]), capacity)
    students = [await world.student(name, programme) for name in names]
    for student in students:
        await student.put(f"/runs/{run['id']}/enrolment", {})
    return run, students


async def states(world: World, run: dict[str, Any]) -> dict[str, str]:
    people = await world.admin.get(f"/runs/{run['id']}/participants?limit=200")
    return {p["name"]: p["state"] for p in people["items"]}


async def grow_old(world: World) -> None:
    """Let verdicts be older than they count."""
    async with world.database.write() as connection:
        await connection.execute(update(run_enrolment).values(judged_at=now() - timedelta(minutes=11)))


async def work(world: World) -> None:
    await settle(world.database, [SeatsChannel(world.database, world.app.state.hooks)])


async def jobs(world: World) -> list[str]:
    async with world.database.read() as connection:
        found = select(outbox.c.name).where(outbox.c.name.like("seats%")).order_by(outbox.c.id)
        return list((await connection.execute(found)).scalars())


async def test_with_a_fresh_verdict_the_next_moves_up_at_once_and_nobody_is_asked(world: World, gate: Gate) -> None:
    run, (anna, _, _) = await a_run(world, 1, "Anna", "Bea", "Cem")
    gate.asked.clear()
    gate.broken = True
    await anna.delete(f"/runs/{run['id']}/enrolment")
    assert await states(world, run) == {"Anna": "withdrawn", "Bea": "enrolled", "Cem": "waiting"}
    assert (gate.asked, await jobs(world)) == ([], [])


async def test_without_one_the_seat_is_kept_until_the_plugin_has_judged(world: World, gate: Gate) -> None:
    run, (anna, bea, _, dora) = await a_run(world, 1, "Anna", "Bea", "Cem", "Dora")
    await dora.delete(f"/runs/{run['id']}/enrolment")
    await grow_old(world)
    gate.asked.clear()
    await anna.delete(f"/runs/{run['id']}/enrolment")
    waiting = {"Anna": "withdrawn", "Bea": "waiting", "Cem": "waiting", "Dora": "withdrawn"}
    assert (await states(world, run), gate.asked, await jobs(world)) == (waiting, [], ["seats_fill"])
    # a newcomer does not get the seat that is kept, though the gate lets her pass
    await dora.put(f"/runs/{run['id']}/enrolment", {})
    assert await states(world, run) == {**waiting, "Dora": "waiting"}
    gate.asked.clear()
    await work(world)
    assert set(gate.asked) == {UUID(bea.id)}
    assert await states(world, run) == {**waiting, "Bea": "enrolled", "Dora": "waiting"}


async def test_whom_a_plugin_objects_to_is_passed_over_and_reads_why(world: World, gate: Gate) -> None:
    run, (anna, bea, _) = await a_run(world, 1, "Anna", "Bea", "Cem")
    await grow_old(world)
    gate.refused = {UUID(bea.id)}
    await anna.delete(f"/runs/{run['id']}/enrolment")
    await work(world)
    assert await states(world, run) == {"Anna": "withdrawn", "Bea": "waiting", "Cem": "enrolled"}
    mine = await bea.get(f"/runs/{run['id']}/enrolment")
    told = [(change["before"], change["after"], change["reason"]) for change in mine["changes"]]
    assert told == [(None, "waiting", ""), ("waiting", "waiting", "The gate is closed for you.")]
    assert mine["ahead"] == 0


async def test_while_a_plugin_is_broken_withdrawing_works_and_the_seat_waits(world: World, gate: Gate) -> None:
    run, (anna, _) = await a_run(world, 1, "Anna", "Bea")
    await grow_old(world)
    gate.broken = True
    await anna.delete(f"/runs/{run['id']}/enrolment")
    await work(world)
    assert await states(world, run) == {"Anna": "withdrawn", "Bea": "waiting"}
    assert (await world.admin.get(f"/runs/{run['id']}"))["seatsTaken"] == 0


async def test_however_long_a_plugin_was_broken_the_seat_is_given_soon_after(
    world: World, gate: Gate, later: Later, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lms_core.hooks.circuit.PAUSE", 0)  # which no test waits for
    run, (anna, _) = await a_run(world, 1, "Anna", "Bea")
    await grow_old(world)
    gate.broken = True
    await anna.delete(f"/runs/{run['id']}/enrolment")
    for _ in range(ATTEMPTS + 1):  # more often than what fails is tried
        await later(timedelta(days=1))
        await work(world)
    assert await states(world, run) == {"Anna": "withdrawn", "Bea": "waiting"}
    gate.broken = False
    await later(timedelta(minutes=2))
    await work(world)
    assert await states(world, run) == {"Anna": "withdrawn", "Bea": "enrolled"}


async def test_a_broken_plugin_stands_in_the_way_of_its_own_programme_alone(world: World, gate: Gate) -> None:
    run, (anna, _) = await a_run(world, 1, "Anna", "Bea")
    guest = await world.person("Guest")
    await world.admin.put(f"/runs/{run['id']}/enrolments/{guest.id}", {})  # counts under no programme
    await grow_old(world)
    gate.broken = True
    await anna.delete(f"/runs/{run['id']}/enrolment")
    assert await states(world, run) == {"Anna": "withdrawn", "Bea": "waiting", "Guest": "waiting"}  # kept for Bea
    await world.admin.put(f"/runs/{run['id']}/capacity", {"capacity": 2}, If_Match='"1"')
    assert await states(world, run) == {"Anna": "withdrawn", "Bea": "waiting", "Guest": "enrolled"}


async def test_who_can_be_judged_gets_a_seat_though_another_programme_is_broken(world: World, gate: Gate) -> None:
    run, (anna, _) = await a_run(world, 1, "Anna", "Bea")
    partner = await world.programme("partner")
    await world.admin.put(f"/programmes/{partner['id']}/adoptions/{run['moduleId']}", None, 204)
    setting = {"enabled": True, "settings": {}}
    await world.admin.put(f"/programmes/{partner['id']}/plugins/gate", setting, If_Match='"0"')
    cem = await world.student("Cem", partner)
    await cem.put(f"/runs/{run['id']}/enrolment", {})
    await grow_old(world)
    gate.broken_in = UUID(run["programmeId"])
    await world.admin.put(f"/runs/{run['id']}/capacity", {"capacity": 3}, If_Match='"1"')
    await anna.delete(f"/runs/{run['id']}/enrolment")
    await work(world)
    assert await states(world, run) == {"Anna": "withdrawn", "Bea": "waiting", "Cem": "enrolled"}
