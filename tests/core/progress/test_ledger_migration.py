"""Progress that was recorded before the ledger knew of films' pieces, facts and changes is there after the migration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import select, text

from lms_core import migrations
from lms_core.progress.tables import progress_event, unit_state
from tests.support.ledger import replayed, stored

if TYPE_CHECKING:
    from tests.support.world import World

UNITS = [{"key": key, "kind": "video", "title": key} for key in ("a", "b", "c")]
BEFORE = "0004"


async def test_down_and_up_again_keeps_what_was_done(world: World) -> None:
    programme = await world.programme()
    run = await world.run(programme, await world.module(programme, UNITS))
    for name in ("Anna", "Bea"):
        student = await world.student(name, programme)
        await student.put(f"/runs/{run['id']}/enrolment", {})
        for key in ("c", "a", "b"):
            event = {"id": str(uuid4()), "at": "2026-11-02T12:00:00Z", "completed": key != "b", "position": 7}
            await student.post(f"/runs/{run['id']}/units/{key}/progress", event, 200)
    before = (await stored(world.database), await outline(student, run))
    await migrations.downgrade(world.database, BEFORE)
    await migrations.migrate(world.database)
    assert (await stored(world.database), await outline(student, run)) == before
    assert await replayed(world.database) == before[0]

    async with world.database.read() as connection:
        rows = (await connection.execute(select(unit_state))).all()
        assert len((await connection.execute(select(progress_event))).all()) == 6
        if world.database.is_sqlite:  # as fast to scan as before
            made = await connection.scalar(text("SELECT sql FROM sqlite_master WHERE name = 'unit_state'"))
            assert "WITHOUT ROWID" in made
    assert all(row.told_at == row.completed_at for row in rows)
    for person in {row.person_id for row in rows}:
        assert sorted(row.changed for row in rows if row.person_id == person) == [1, 2, 3]
    moved = {"id": str(uuid4()), "at": "2026-11-02T12:01:00Z", "position": 9, "watched": [[0, 9]]}
    await student.post(f"/runs/{run['id']}/units/b/progress", moved, 200)
    (change,) = (await student.get("/me/progress?cursor=3"))["items"]
    assert (change["unitKey"], change["position"], change["watchedSeconds"]) == ("b", 9, 9)


async def outline(student: Any, run: dict[str, Any]) -> Any:
    return await student.get(f"/runs/{run['id']}/outline")
