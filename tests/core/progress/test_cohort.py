"""What lecturers and administrators see of many people: filtered, in pages and as tables, and not twice."""

from __future__ import annotations

import asyncio
import csv
import io
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, text, update

from lms_core.enrolment.tables import programme_enrolment, run_enrolment
from lms_core.exports import exported
from lms_core.people.tables import person
from lms_core.progress import types as t
from lms_core.progress.cohort import member, selected
from lms_core.types import new_id, now
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World

UNITS = [
    {"key": "intro", "kind": "reading", "title": "Introduction"},
    {"key": "film", "kind": "video", "title": "Film"},
]
NOBODY = {
    "externalKey": None, "state": "enrolled", "regulation": "po-2026", "ectsTotal": "90", "ectsBooked": "0",
    "ectsInProgress": "0", "runs": 0, "runsCompleted": 0, "waiting": 0, "lastActivity": None,
}  # fmt: skip


class Course:
    """A programme with a run of two seats, in which Anna has done all, Bea something, and for which Cem waits."""

    def __init__(
        self, world: World, programme: dict[str, Any], runs: list[dict[str, Any]], people: list[Actor]
    ) -> None:
        self.world, self.programme, self.runs, self.people = world, programme, runs, people
        self.path, self.run = f"/programmes/{programme['id']}", f"/runs/{runs[0]['id']}"


async def study(student: Actor, run: dict[str, Any], unit: str, at: str, **event: Any) -> None:
    event = {"id": str(uuid4()), "at": at, **event}
    await student.post(f"/runs/{run['id']}/units/{unit}/progress", event, 200)


@pytest.fixture
async def course(world: World) -> Course:
    programme = await world.programme()
    runs = [
        await world.run(programme, await world.module(programme, UNITS, key, "2.5"), 2) for key in ("mems", "optics")
    ]
    people = [await world.student(name, programme) for name in ("Anna Öz", "Bea Weber", "Cem Zweig", "Öla Web")]
    for student in people[:3]:
        await student.put(f"/runs/{runs[0]['id']}/enrolment", {})
    await people[0].put(f"/runs/{runs[1]['id']}/enrolment", {})
    await study(people[0], runs[0], "film", "2026-11-02T12:00:00Z", completed=True)
    await study(people[0], runs[0], "intro", "2026-11-03T12:00:00Z", completed=True)
    await study(people[1], runs[0], "intro", "2026-11-03T10:00:00Z", completed=True)
    await study(people[1], runs[0], "film", "2026-11-04T10:00:00Z", position=7)
    credit = f"/runs/{runs[0]['id']}/participants/{people[0].id}/credit"
    await world.admin.post(credit, {"evidence": "protocol 7"})
    return Course(world, programme, runs, people)


async def test_the_cohort_shows_what_counts_under_the_programme_and_no_more(world: World, course: Course) -> None:
    anna, bea, cem, ola = course.people
    async with world.database.write() as connection:
        await connection.execute(update(person).where(person.c.id == bea.person.id).values(external_key="K2"))
    await world.admin.delete(f"{course.path}/enrolments/{ola.id}")
    # what Bea does in another programme, and as a guest there, is nobody's business here
    other = await world.programme("other")
    await world.admin.post(f"/programmes/{other['id']}/enrolments", {"email": bea.email})
    module = await world.module(other, UNITS, "secret", "7")
    for number in range(2):
        run = await world.run(other, module)
        await bea.put(f"/runs/{run['id']}/enrolment", {})
        await study(bea, run, "intro", f"2026-11-0{number + 5}T10:00:00Z", completed=True)
    manager = await world.person("Mo", "programme_administrator", course.programme)
    page = await manager.get(f"{course.path}/cohort")
    assert [{key: row[key] for key in row if key != "since"} for row in page["items"]] == [
        NOBODY | {
            "personId": anna.id, "name": "Anna Öz", "email": anna.email, "ectsBooked": "2.5", "ectsInProgress": "2.5",
            "runs": 2, "runsCompleted": 1, "lastActivity": "2026-11-03T12:00:00Z",
        },
        NOBODY | {
            "personId": bea.id, "name": "Bea Weber", "email": bea.email, "externalKey": "K2", "ectsInProgress": "2.5",
            "runs": 1, "lastActivity": "2026-11-04T10:00:00Z",
        },
        NOBODY | {"personId": cem.id, "name": "Cem Zweig", "email": cem.email, "waiting": 1},
        NOBODY | {"personId": ola.id, "name": "Öla Web", "email": ola.email, "state": "withdrawn"},
    ]  # fmt: skip
    table = await manager.call("GET", f"{course.path}/exports/cohort?q=bea")
    head, row = table.text.removeprefix("\ufeff").splitlines()
    assert head == (
        "personId,externalKey,name,email,state,since,regulation,ectsTotal,ectsBooked,ectsInProgress,runs,"
        "runsCompleted,waiting,lastActivity"
    )
    since = page["items"][1]["since"]
    assert row == f"{bea.id},K2,Bea Weber,{bea.email},enrolled,{since},po-2026,90,0,2.5,1,0,0,2026-11-04T10:00:00Z"
    same = await manager.get(f"{course.path}/exports/cohort?format=json")
    assert same == {"lines": page["items"]}


@pytest.mark.parametrize(
    ("query", "participants", "students"),
    [
        ("", ["Anna Öz", "Bea Weber", "Cem Zweig"], ["Anna Öz", "Bea Weber", "Cem Zweig", "Öla Web"]),
        ("q=web", ["Bea Weber"], ["Bea Weber", "Öla Web"]),
        ("q=WEBER", ["Bea Weber"], ["Bea Weber"]),
        ("q=%C3%96z", ["Anna Öz"], ["Anna Öz"]),
        ("q=%C3%B6", ["Anna Öz"], ["Anna Öz", "Öla Web"]),
        ("q=cem.zw", ["Cem Zweig"], ["Cem Zweig"]),
        ("q=eber", [], []),
        ("q=%25", [], []),
        ("q=_", [], []),
        ("q=Bea%20Weber&state=enrolled", ["Bea Weber"], ["Bea Weber"]),
        ("state=withdrawn", [], []),
    ],
)
async def test_people_are_found_by_how_a_name_begins_and_by_state(
    course: Course, query: str, participants: list[str], students: list[str]
) -> None:
    admin = course.world.admin
    for path, table, expected in (
        (f"{course.run}/participants", f"{course.run}/exports/participants", participants),
        (f"{course.path}/cohort", f"{course.path}/exports/cohort", students),
    ):
        assert [row["name"] for row in (await admin.get(f"{path}?{query}"))["items"]] == expected
        lines = (await admin.get(f"{table}?{query}&format=json"))["lines"]
        assert [line["name"] for line in lines] == expected
    waiting = await admin.get(f"{course.run}/participants?state=waiting")
    assert [row["name"] for row in waiting["items"]] == ["Cem Zweig"]


async def test_what_is_known_already_is_not_sent_again(world: World, course: Course) -> None:
    anna = course.people[0]
    lists = [f"{course.run}/participants", f"{course.run}/participants?limit=2", f"{course.path}/cohort"]
    seen = {
        path: actor
        for actor, paths in ((anna, [f"{course.run}/outline", "/me/dashboard"]), (world.admin, [*lists, f"{course.path}/overview"]))
        for path in paths
    }  # fmt: skip
    tags = {}
    for path, actor in seen.items():
        first = await actor.call("GET", path)
        tags[path] = tag = first.headers["ETag"]
        assert (first.status_code, first.headers["Cache-Control"]) == (200, "private, no-cache")
        for known in (tag, f"W/{tag}", f'"other", {tag}', "*"):
            again = await actor.call("GET", path, If_None_Match=known)
            told = (again.status_code, again.content, again.headers["ETag"], again.headers.get("Link"))
            assert told == (304, b"", tag, first.headers.get("Link")), path
        other = await actor.call("GET", path, If_None_Match='"other"')
        assert (other.status_code, other.json()) == (200, first.json())
    # something changes for everybody who looks
    await study(anna, course.runs[1], "intro", "2026-11-05T12:00:00Z", completed=True)
    await course.people[3].put(f"{course.run}/enrolment", {})
    await anna.delete(f"{course.run}/enrolment", 409)
    await world.admin.put(f"{course.run}/capacity", {"capacity": 3}, If_Match='"1"')
    await study(anna, course.runs[0], "film", "2026-11-06T12:00:00Z", position=9)
    for path, actor in seen.items():
        answer = await actor.call("GET", path, If_None_Match=tags[path])
        unchanged = path.endswith("limit=2")  # Anna and Bea are where they were
        assert answer.status_code == (304 if unchanged else 200), path


async def test_a_next_page_that_appears_is_not_hidden_by_what_is_known(world: World, course: Course) -> None:
    path = f"{course.run}/participants?limit=3"
    first = await world.admin.call("GET", path)
    assert first.links == {}
    await course.people[3].put(f"{course.run}/enrolment", {})
    again = await world.admin.call("GET", path, If_None_Match=first.headers["ETag"])
    assert (again.status_code, again.json(), "next" in again.links) == (200, first.json(), True)


async def crowd(world: World, course: Course, number: int) -> None:
    """Let many more people study, each in the run, by a few statements."""
    moment = now()
    people: list[dict[str, Any]] = [
        {
            "id": new_id(), "email": f"p{n}@example.org", "name": f"Person {n}", "active": True, "revision": 1,
            "created_at": moment, "language": "en",
        }
        for n in range(number)
    ]  # fmt: skip
    async with world.database.write() as connection:
        regulation = await connection.scalar(select(programme_enrolment.c.regulation_id).limit(1))
        held = (await connection.execute(select(run_enrolment.c.run_id, run_enrolment.c.programme_id).limit(1))).one()
        shared = {"programme_id": held.programme_id, "state": "enrolled", "since": moment}
        await connection.execute(insert(person), people)
        students = [{**shared, "person_id": one["id"], "regulation_id": regulation} for one in people]
        await connection.execute(insert(programme_enrolment), students)
        seats = [
            {**shared, "person_id": one["id"], "run_id": held.run_id, "turn": 9 + n} for n, one in enumerate(people)
        ]
        await connection.execute(insert(run_enrolment), seats)
        await connection.execute(text("ANALYZE"))


async def test_lists_of_five_thousand_cost_one_statement_and_lack_nobody(world: World, course: Course) -> None:
    await crowd(world, course, 5_000)
    counted = {}
    for address in (
        f"{course.path}/cohort?limit=200",
        f"{course.run}/participants?limit=200",
        f"{course.path}/cohort?q=person%204999",
        f"{course.path}/exports/cohort",
        f"{course.run}/exports/participants",
        f"{course.path}/exports/enrolments",
        f"{course.run}/exports/enrolments",
        "/exports/persons",
    ):
        await world.admin.get("/me")  # who asks is known for a few seconds
        with statements(world.database) as seen:
            answer = await world.admin.call("GET", address)
        counted[address] = len(seen)
        if "/exports/" in address:
            rows = list(csv.DictReader(io.StringIO(answer.text.removeprefix("\ufeff"))))
            crowd_in_order = [row["name"] for row in rows if row["name"].startswith("Person ")]
            assert crowd_in_order == [f"Person {n}" for n in range(5_000)], address
            others = {row["name"] for row in rows} - set(crowd_in_order)
            assert {"Anna Öz", "Bea Weber", "Cem Zweig"} <= others, address
            assert (await world.admin.get(f"{address}?format=json"))["lines"][-1]["name"] == rows[-1]["name"]
    assert set(counted.values()) == {1}, counted


async def test_a_table_of_any_length_takes_the_same_memory(world: World, course: Course) -> None:
    await crowd(world, course, 5_000)
    programme_id = UUID(course.programme["id"])

    async def peak(name: str | None) -> tuple[int, int]:
        query = selected(programme_id, None, name)
        size = 0
        tracemalloc.start()
        try:
            answer = await exported(world.database, query, t.CohortMember, "csv", "cohort", shape=member)
            async for piece in answer.iterator:  # type: ignore[union-attr]  # it is a function, if one was given
                size += len(piece)
            return size, tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    await peak(None)  # what is made once is made now
    (short, little), (long, much) = await peak("person 4"), await peak(None)  # 1,111 and 5,004: both have whole pages
    assert long > 4 * short
    assert much < 2 * little


async def test_who_breaks_off_leaves_neither_file_nor_connection(world: World, course: Course) -> None:
    await crowd(world, course, 5_000)
    pools = [world.database.writer.pool, world.database.reader.pool]
    used: list[tuple[list[str], list[int]]] = []

    async def in_use() -> tuple[list[str], list[int]]:
        files = await asyncio.to_thread(deleted_files)
        async with world.app.state.enablement._looking:  # each second somebody has a connection to look by itself
            return files, [pool.checkedout() for pool in pools]  # type: ignore[attr-defined]  # QueuePool has it

    async def send(message: Any) -> None:
        if message.get("body"):
            used.append(await in_use())
            gone.set()
            await asyncio.sleep(60)  # a slow client: whoever waits for it is cancelled as soon as it is gone

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    gone = asyncio.Event()
    before = await in_use()
    path = f"{course.path}/exports/cohort"
    headers = [(b"authorization", f"Bearer {world.admin.token}".encode()), (b"host", b"localhost")]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http",
        "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": headers,
        "client": ("127.0.0.1", 1), "server": ("localhost", 80), "state": {}, "extensions": {},
    }  # fmt: skip
    await world.app(scope, receive, send)  # type: ignore[arg-type]  # the types of the framework are narrower
    [(files, connections)] = used
    assert len(files) == len(before[0]) + 1
    assert connections == before[1]
    assert await in_use() == before


def deleted_files() -> list[str]:
    """Return the files that this process holds open although no folder has them."""
    links = []
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            links.append(str(descriptor.readlink()))
    return sorted(link for link in links if link.endswith("(deleted)"))
