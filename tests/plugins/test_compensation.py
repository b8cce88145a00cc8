"""What plugins read and decide about exam dates and deadlines of one person: only under their own programme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from lms_core.api import (
    Candidate,
    Conflict,
    Context,
    NotFound,
    allocate,
    deregister_from_exam,
    extend_deadline,
    now,
    read_deadlines,
    read_exam_dates,
    register_for_exam,
    withdraw_extension,
)
from tests.support.exams import EXAM
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import World

UNIT = {"key": "essay", "kind": "reading", "title": "Essay"}
PAST = {"registerBy": "2020-01-20T23:59:00", "deregisterBy": "2020-01-25T23:59:00"}


async def test_exams_and_deadlines_of_a_person_are_moved_under_their_programme_only(world: World) -> None:
    programme, other = await world.programme(), await world.programme("other")
    run = await world.run(programme, await world.module(programme, [UNIT]))
    ann = await world.student("Ann", programme)
    await ann.put(f"/runs/{run['id']}/enrolment", {})
    exam, second, off = [
        UUID((await world.admin.post(f"/runs/{run['id']}/exams", {**EXAM, **PAST, "title": title}))["id"])
        for title in ("First", "Second", "Off")
    ]
    await world.admin.delete(f"/runs/{run['id']}/exams/{off}", If_Match='"1"')
    due = {"due": "2099-01-31T23:59:00", "zone": "Europe/Berlin"}
    await world.admin.put(f"/runs/{run['id']}/units/essay/deadline", due, If_Match='"0"')
    mine, run_id = UUID(programme["id"]), UUID(run["id"])

    def context(programme_id: UUID) -> Any:
        return Context("sample", programme_id, None, world.database)

    async with world.database.write() as connection:
        with statements(world.database) as asked:
            since = await register_for_exam(context(mine), connection, ann.person.id, exam)
        assert len(asked) == 7
        with statements(world.database) as asked:
            found = await read_exam_dates(connection, ann.person.id, mine)
        assert len(asked) == 1
        assert [(one.exam_id, one.title, one.registered_at) for one in found] == [
            (exam, "First", since), (second, "Second", None),
        ]  # fmt: skip
        with pytest.raises(Conflict, match="registration for another exam"):
            await register_for_exam(context(mine), connection, ann.person.id, second)
        with statements(world.database) as asked:
            await deregister_from_exam(context(mine), connection, ann.person.id, exam)
        assert len(asked) == 5
        assert {one.registered_at for one in await read_exam_dates(connection, ann.person.id, mine)} == {None}

        [one] = await read_deadlines(connection, ann.person.id, mine)
        assert (one.title, one.withdrawn, one.holds_until.isoformat()) == ("Essay", False, "2099-01-31T22:59:00+00:00")
        later = one.due.replace(month=3)
        for _ in range(2):
            await extend_deadline(context(mine), connection, ann.person.id, run_id, "essay", later, "Europe/Berlin")
            later = later.replace(month=5)
        [one] = await read_deadlines(connection, ann.person.id, mine)
        assert (one.withdrawn, one.holds_until.isoformat()) == (False, "2099-05-31T21:59:00+00:00")
        await withdraw_extension(context(mine), connection, ann.person.id, run_id, "essay")
        [one] = await read_deadlines(connection, ann.person.id, mine)
        assert (one.withdrawn, one.holds_until.isoformat()) == (True, "2099-01-31T22:59:00+00:00")

        elsewhere = UUID(other["id"])
        assert await read_exam_dates(connection, ann.person.id, elsewhere) == []
        assert await read_deadlines(connection, ann.person.id, elsewhere) == []
        strange = context(elsewhere), connection, ann.person.id
        for refused in (
            register_for_exam(*strange, exam), deregister_from_exam(*strange, exam),
            extend_deadline(*strange, run_id, "essay", later, "Europe/Berlin"),
            withdraw_extension(*strange, run_id, "essay"),
        ):  # fmt: skip
            with pytest.raises(NotFound):
                await refused


def test_places_are_given_by_the_rules_of_seats() -> None:
    people = [Candidate(UUID(int=number), None, ready=number != 2) for number in range(1, 5)]
    found = allocate(5, 2, (), people, now())
    assert [one.person_id.int for one, _ in found.seats] == [1, 3]
    assert found.kept == [people[1]]
