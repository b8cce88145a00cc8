"""Lists come in pages: every row once, in one order, with the address of the next page in the header Link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from httpx import Response
from sqlalchemy import Uuid, insert, literal, select

from lms_core.outbox.events import send
from lms_core.outbox.tables import delivery
from tests.support.campus import Sample, operations
from tests.support.guests import links
from tests.support.handins import hand_in

if TYPE_CHECKING:
    from tests.support.world import Actor, World

ROWS = 5
READING = {"key": "intro", "kind": "reading", "title": "Introduction"}
ESSAY = {"key": "essay", "kind": "assignment", "title": "Essay"}


async def pages(actor: Actor, path: str) -> list[Response]:
    """Follow the links from a page to the next until there is none."""
    found = [await actor.call("GET", path)]
    while link := found[-1].links.get("next"):
        found.append(await actor.call("GET", str(link["url"])))
        assert len(found) <= 2 * ROWS
    assert {page.status_code for page in found} == {200}
    return found


async def jobs(world: World, programme_id: UUID | None) -> list[str]:
    """Send jobs, two of them of one event; return their ids as they are listed."""
    async with world.database.write() as connection:
        made = [await send(connection, "plugin:a", "job:x", programme_id, None) for _ in range(ROWS - 1)]
        twice = select(literal(made[0], Uuid), literal("plugin:b"), literal(""), literal(0), delivery.c.due_at)
        columns = ["event_id", "subscriber", "aggregate", "attempts", "due_at"]
        await connection.execute(insert(delivery).from_select(columns, twice.where(delivery.c.event_id == made[0])))
    return [f"{made[0]}:plugin:a", f"{made[0]}:plugin:b", *(f"{one}:plugin:a" for one in made[1:])]


async def changes(world: World, path: str) -> list[str]:
    """Change the settings of a plugin again and again; return the revisions as they are listed."""
    for number in range(ROWS):
        await world.admin.put(path, {"enabled": True, "settings": {"weeks": number}}, If_Match=f'"{number}"')
    return [str(revision) for revision in range(ROWS, 0, -1)]


@pytest.fixture
def plugins() -> list[Any]:
    return [Sample()]


@pytest.fixture
async def lists(world: World) -> dict[str, list[str]]:
    """What each list that comes in pages must show: the ids of its rows, in the order in which they were made."""
    programme = await world.programme()
    path = f"/programmes/{programme['id']}"
    students = [await world.student(f"Student {number}", programme) for number in range(ROWS)]
    module = await world.module(programme, [READING, ESSAY])
    runs = [await world.run(programme, module) for _ in range(ROWS)]
    exam = {
        "title": "E", "kind": "oral", "starts": "2099-02-10T09:00:00", "ends": "2099-02-10T11:00:00",
        "registerBy": "2099-01-20T23:59:00", "deregisterBy": "2099-02-03T23:59:00", "zone": "Europe/Berlin",
    }  # fmt: skip
    exams, unit = f"/runs/{runs[0]['id']}/exams", f"/runs/{runs[0]['id']}/units/intro"
    await world.admin.put(f"{unit}/deadline", {"due": "2099-01-01T12:00:00", "zone": "UTC"}, If_Match='"0"')
    longer = {"due": "2099-02-01T12:00:00", "zone": "UTC", "reason": "work", "note": "N"}
    exam = await world.admin.post(exams, exam)
    for student in students:
        await student.put(f"/runs/{runs[0]['id']}/enrolment", {})
        await student.put(f"{exams}/{exam['id']}/registration")
        await world.admin.put(f"{unit}/extensions/{student.id}", longer, If_Match='"0"')
        await hand_in(student, f"/runs/{runs[0]['id']}/units/essay", student.id.encode())

    for run in runs[1:]:
        await world.admin.put(f"/runs/{run['id']}/enrolments/{world.admin.id}", {})
        event = {"id": run["id"], "at": "2026-11-01T10:00:00Z", "completed": True}
        await world.admin.post(f"/runs/{run['id']}/units/intro/progress", event, 200)

    hook = {"url": "https://hooks.example.org/", "events": ["ping"]}
    hooks = [(await world.admin.post(f"{path}/webhooks", hook))["id"] for _ in range(ROWS)]

    async def make(where: str, **new: str) -> list[str]:
        made = [await world.admin.post(where, {"key": f"k{number}", **new}) for number in range(ROWS - 1)]
        return [one["id"] for one in made]

    async def files() -> list[str]:
        new = {"name": "a.txt", "size": 1, "contentType": "text/plain"}
        return [(await world.admin.post(f"{path}/media", new))["id"] for _ in range(ROWS)]

    people = [student.id for student in students]
    return {
        "/persons": [world.admin.id, *people],
        "/organisations": await make("/organisations", name="A firm", kind="firm"),
        "/programmes": [programme["id"], *await make("/programmes", title="P", degree="M.Sc.")],
        f"{path}/webhooks": hooks,
        f"{path}/guest-links": await links(world, programme["id"], *(f"Guest {number}" for number in range(ROWS))),
        f"{path}/modules": [module["id"], *await make(f"{path}/modules", title="M")],
        f"{path}/media": await files(),
        f"{path}/runs": [run["id"] for run in runs],
        f"{path}/enrolments": people,
        f"{path}/cohort": people,
        f"/runs/{runs[0]['id']}/participants": people,
        f"/runs/{runs[0]['id']}/enrolment-changes": await enrolment_changes(world, runs[0]),
        f"{path}/runs/{runs[0]['id']}/enrolments": people,
        "/me/progress": [run["id"] for run in runs[1:]],
        f"{exams}/{exam['id']}/registrations": people,
        f"{path}/transcripts": people,
        f"{unit}/extensions": people,
        f"/runs/{runs[0]['id']}/units/essay/hand-ins": people,
        f"{path}/deliveries": await jobs(world, UUID(programme["id"])),
        "/deliveries": await jobs(world, None),
        f"{path}/plugins/sample/history": await changes(world, f"{path}/plugins/sample"),
    }


async def enrolment_changes(world: World, run: dict[str, Any]) -> list[str]:
    found = await world.admin.get(f"/runs/{run['id']}/enrolment-changes?limit=200")
    assert len(found["items"]) == ROWS
    return [row["id"] for row in found["items"]]


def identities(page: Response) -> list[str]:
    return [
        (row["id"] if "before" in row else row.get("personId") or row.get("id") or row.get("runId"))
        or str(row["revision"])
        for row in page.json()["items"]
    ]


async def test_every_list_is_walked_through_row_by_row(world: World, lists: dict[str, list[str]]) -> None:
    paged = [operation.path for operation in operations(world.app) if operation.takes("cursor")]
    assert len(paged) == len(lists)
    for path, expected in lists.items():
        for limit in (1, 2, len(expected) - 1, len(expected), len(expected) + 1, 200):
            found = await pages(world.admin, f"{path}?limit={limit}")
            rows = [identities(page) for page in found]
            assert rows == [expected[start : start + limit] for start in range(0, len(expected), limit)], path
        whole = await pages(world.admin, path)
        assert [identities(page) for page in whole] == [expected], path


async def test_who_joins_or_leaves_meanwhile_shifts_no_page(world: World) -> None:
    people = [await world.person(f"Person {number}") for number in range(4)]
    first = await world.admin.call("GET", "/persons?limit=3")
    late = await world.person("Late")
    second = await world.admin.call("GET", str(first.links["next"]["url"]))
    shown = [*identities(first), *identities(second)]
    assert shown == [world.admin.id, *(person.id for person in people), late.id]


async def test_the_next_page_is_of_the_same_search(world: World) -> None:
    programme = await world.programme()
    path = f"/programmes/{programme['id']}/modules"
    for number in range(3):
        await world.admin.post(path, {"key": f"k{number}", "title": "M"})
    page = await world.admin.call("GET", f"{path}?limit=1&unknown=%0D%0Aa%26b&%C3%A9=1")
    (cursor,) = identities(page)
    assert page.headers["Link"] == (f'<{path}?unknown=%0D%0Aa%26b&%C3%A9=1&cursor={cursor}&limit=1>; rel="next"')
    found = await world.admin.call("GET", f"{path}?key=k1&limit=1")
    assert ([row["key"] for row in found.json()["items"]], found.links) == (["k1"], {})


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", str(10**30)])
async def test_pages_are_neither_empty_nor_endless(world: World, lists: dict[str, list[str]], limit: str) -> None:
    for path in lists:
        answer: Any = await world.admin.get(f"{path}?limit={limit}", 400)
        assert [error["where"] for error in answer["errors"]] == ["query.limit"]


async def test_a_cursor_is_a_place_in_the_order_not_a_row(world: World) -> None:
    """After the last row there is nothing, whether the row at the cursor was ever there or not."""
    for cursor in ("ffffffff-ffff-ffff-ffff-ffffffffffff", world.admin.id):
        page = await world.admin.call("GET", f"/persons?cursor={cursor}")
        assert (page.json(), page.links) == ({"items": []}, {})
    first = await world.admin.get("/persons?cursor=00000000-0000-0000-0000-000000000000")
    assert [person["id"] for person in first["items"]] == [world.admin.id]
