"""What plugins may read of the core without knowing its tables."""

from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import pytest

from lms_core.api import (
    NotFound,
    PersonFacts,
    ProgrammeFacts,
    RunFacts,
    RunMinimum,
    Seat,
    SeatFacts,
    read_minimum,
    read_person,
    read_persons,
    read_programme,
    read_run,
    read_seats,
)
from tests.support.world import World, statements

UNIT = {"key": "intro", "kind": "reading", "title": "Introduction"}


async def test_facts_about_a_run_and_a_person(world: World) -> None:
    programme = await world.programme()
    module = await world.module(programme, [UNIT])
    run = await world.run(programme, module)
    sofia = await world.student("Sofia Student", programme)
    async with world.database.read() as connection:
        with statements(world.database) as seen:
            facts = await read_run(connection, UUID(run["id"])), await read_person(connection, sofia.person.id)
        for read in (read_run, read_person):
            with pytest.raises(NotFound):
                await read(connection, uuid4())
    ids = [UUID(found) for found in (run["id"], module["id"], programme["id"], programme["term"])]
    assert facts == (
        RunFacts(*ids, "Mems", date(2026, 10, 1), date(2027, 3, 31)),
        PersonFacts(sofia.person.id, "Sofia Student", "sofia.student@example.org", "en"),
    )
    assert len(seen) == 2


async def test_a_programme_is_led_by_some_of_its_partners(world: World) -> None:
    programme, alone = await world.programme(), await world.programme("alone")
    for name, part in (("Zeta University", "leads"), ("Alpha University", "leads"), ("Sensors GmbH", "hosts")):
        body = {"key": name.lower().replace(" ", "-"), "name": name, "kind": "university"}
        made = await world.admin.post("/organisations", body)
        await world.admin.put(f"/programmes/{programme['id']}/partners/{made['id']}", {"part": part}, 204)
    async with world.database.read() as connection:
        with statements(world.database) as seen:
            found = [await read_programme(connection, UUID(one["id"])) for one in (programme, alone)]
        with pytest.raises(NotFound):
            await read_programme(connection, uuid4())
    assert found == [
        ProgrammeFacts("Programme ms", ("Alpha University", "Zeta University")), ProgrammeFacts("Programme alone", ()),
    ]  # fmt: skip
    assert len(seen) == 2


async def test_facts_about_many_persons_at_once(world: World) -> None:
    ann, bo = await world.person("Ann"), await world.person("Bo")
    await world.person("Cy")
    async with world.database.read() as connection:
        with statements(world.database) as seen:
            found = await read_persons(connection, [bo.person.id, ann.person.id, uuid4()])
        assert len(seen) == 1
        assert found == [await read_person(connection, who.person.id) for who in (ann, bo)]


async def test_the_seats_of_a_person_are_those_under_the_programme(world: World) -> None:
    programme, other = await world.programme(), await world.programme("other")
    runs = [
        await world.run(mine, await world.module(mine, [UNIT], key), capacity=1)
        for mine, key in ((programme, "mems"), (programme, "optics"), (programme, "left"), (other, "elsewhere"))
    ]
    early = await world.student("Early Student", programme)
    sofia = await world.student("Sofia Student", programme)
    await world.admin.post(f"/programmes/{other['id']}/enrolments", {"email": sofia.email})
    await early.put(f"/runs/{runs[1]['id']}/enrolment", {})
    for run in runs:
        await sofia.put(f"/runs/{run['id']}/enrolment", {})
    await sofia.delete(f"/runs/{runs[2]['id']}/enrolment")
    ids = [UUID(run["id"]) for run in runs]
    async with world.database.read() as connection:
        with statements(world.database) as seen:
            facts = await read_seats(connection, sofia.person.id, UUID(programme["id"]))
        assert len(seen) == 2
        assert facts == SeatFacts(True, (Seat(ids[0], "enrolled"), Seat(ids[1], "waiting")))
        elsewhere = await read_seats(connection, sofia.person.id, UUID(other["id"]))
        assert elsewhere == SeatFacts(True, (Seat(ids[3], "enrolled"),))
        assert await read_seats(connection, uuid4(), UUID(programme["id"])) == SeatFacts(False, ())


async def test_the_minimum_of_a_run_and_what_was_decided(world: World) -> None:
    programme = await world.programme()
    run = await world.run(programme, await world.module(programme, [UNIT]))
    other = await world.run(programme, await world.module(programme, [UNIT], "optics"))
    rules = {"minimum": 3, "decideAt": "2027-02-01T12:00:00", "zone": "Europe/Berlin"}
    await world.admin.put(f"/runs/{run['id']}/seat-rules", rules, If_Match='"1"')
    due = datetime(2027, 2, 1, 11, tzinfo=UTC)
    async with world.database.read() as connection:
        with statements(world.database) as seen:
            assert await read_minimum(connection, UUID(run["id"])) == RunMinimum(3, due, None)
        assert len(seen) == 1
        for nothing in (UUID(other["id"]), uuid4()):
            assert await read_minimum(connection, nothing) == RunMinimum(None, None, None)
