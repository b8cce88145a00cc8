"""What plugins may read of the core without knowing its tables."""

from uuid import UUID, uuid4

import pytest

from lms_core.api import NotFound, PersonFacts, RunFacts, read_person, read_run
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
        RunFacts(*ids, "Mems"),
        PersonFacts(sofia.person.id, "Sofia Student", "sofia.student@example.org", "en"),
    )
    assert len(seen) == 2
