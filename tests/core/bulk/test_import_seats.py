"""Seats by the list: in the order of its lines, by the rules of single ones, and for one's own students."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import insert, select

from lms_core.api import Context, EnrolmentRequest, Objection, Plugin, hookimpl
from lms_core.enrolment.tables import run_enrolment
from lms_core.outbox.tables import outbox
from lms_core.types import now
from tests.support.campus import contents
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World

READING = {"key": "intro", "kind": "reading", "title": "Introduction"}
NOTHING = {"mode": "all", "unchanged": 0, "changes": [], "errors": []}
UNKNOWN = "must be the address of a person known here; create her first"


class Gate(Plugin):
    """Keeps somebody out."""

    name = "gate"
    requires = "lms>=0.1,<1"
    out: UUID | None = None

    @hookimpl
    async def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
        """Object to her."""
        return [Objection("out", "She has not paid.")] if enrolment.person_id == self.out else []


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def plugins(gate: Gate) -> list[Any]:
    return [gate]


def table(*names: str, column: str = "", cell: str = "") -> str:
    lines = [f"{name.lower()}@example.org,{cell}\n" for name in names]
    return f"email,{column}\n{''.join(lines)}"


def changed(*changes: tuple[int, str]) -> list[dict[str, Any]]:
    return [{"line": line, "change": change, "columns": []} for line, change in changes]


class Class:
    """A programme with a run, its manager and some students."""

    def __init__(self, world: World, programme: dict[str, Any], run: dict[str, Any], manager: Actor) -> None:
        self.world, self.programme, self.run, self.manager = world, programme, run, manager
        self.path = f"/runs/{run['id']}/imports/enrolments"

    async def bring(self, text: str, mode: str = "all", status: int = 200) -> Any:
        return await self.manager.bring(f"{self.path}?mode={mode}", text, status)

    async def states(self) -> dict[str, tuple[str, int]]:
        people = await self.world.admin.get(f"/runs/{self.run['id']}/participants")
        return {p["name"]: (p["state"], p["turn"]) for p in people["items"]}


@pytest.fixture
async def course(world: World) -> Class:
    programme = await world.programme()
    run = await world.run(programme, await world.module(programme, [READING]), 2)
    for name in ("Anna", "Bea", "Cem", "Dora"):
        await world.student(name, programme)
    return Class(world, programme, run, await world.person("Mo", "programme_administrator", programme))


async def test_seats_are_taken_in_the_order_of_the_lines_and_once(world: World, course: Class) -> None:
    text = table("Cem", "Anna", "Dora")
    before = await contents(world.database)
    expected = NOTHING | {"lines": 3, "changes": changed((2, "enrolled"), (3, "enrolled"), (4, "waiting"))}
    assert await course.bring(text, "dry-run") == expected | {"mode": "dry-run"}
    assert await contents(world.database) == before
    assert await course.bring(text) == expected
    after = await contents(world.database)
    assert await course.bring(text) == NOTHING | {"lines": 3, "unchanged": 3}
    assert await contents(world.database) == after
    assert await course.states() == {"Anna": ("enrolled", 2), "Cem": ("enrolled", 1), "Dora": ("waiting", 3)}

    # who gives a seat up makes room for those who wait, before a later line asks
    text = "email,state\ncem@example.org,withdrawn\nbea@example.org,\n"
    assert (await course.bring(text))["changes"] == changed((2, "withdrawn"), (3, "waiting"))
    assert await course.states() == {
        "Anna": ("enrolled", 2), "Bea": ("waiting", 4), "Cem": ("withdrawn", 1), "Dora": ("enrolled", 3),
    }  # fmt: skip
    async with world.database.read() as connection:
        events = (await connection.execute(select(outbox.c.name, outbox.c.payload).order_by(outbox.c.id))).all()
    told = [(event.name, json.loads(event.payload).get("state")) for event in events]
    assert told == [
        ("enrolment_created", "enrolled"), ("enrolment_created", "enrolled"), ("enrolment_created", "waiting"),
        ("enrolment_ended", "enrolled"), ("enrolment_created", "enrolled"), ("enrolment_created", "waiting"),
    ]  # fmt: skip


async def test_plugins_and_rules_refuse_lines_as_they_refuse_single_ones(
    world: World, course: Class, gate: Gate
) -> None:
    setting = {"enabled": True, "settings": {}}
    await world.admin.put(f"/programmes/{course.programme['id']}/plugins/gate", setting, If_Match='"0"')
    anna = (await world.admin.get("/persons?email=anna@example.org"))["items"][0]
    gate.out = type(world.admin.person.id)(anna["id"])
    await course.bring(table("Bea"))
    before = await contents(world.database)
    text = (
        "email,programme,state\nanna@example.org,,\nnobody@example.org,,\nbea@example.org,other,\ncem@example.org,,gone\n"
        "cem@example.org,,completed\ndora@example.org,ms,waiting\nDORA@example.org,,\n"
    )
    await world.programme("other")  # which does not offer this
    fits = "must be the key of a programme that the person studies and that offers this: ms"
    errors = [
        (2, None, "She has not paid."),
        (3, "email", UNKNOWN),
        (4, "programme", fits),
        (5, "state", "must be one of requested, declined, offered, enrolled, waiting, withdrawn, expired, completed"),
        (6, "state", "must be enrolled or waiting, for this person is not in the run"),
        (8, None, "names the same person as line 7"),
    ]
    wrong = [{"line": line, "column": column, "reason": reason} for line, column, reason in errors]
    problem = await course.bring(text, status=422)
    assert [error["where"] for error in problem["errors"]] == [
        f"body.lines[{line - 2}]" + (f".{column}" if column else "") for line, column, _ in errors
    ]
    after = await contents(world.database)
    assert after["run_enrolment"] == before["run_enrolment"]
    assert await course.bring(text, "skip-bad") == {
        "mode": "skip-bad", "lines": 7, "unchanged": 0, "changes": changed((7, "enrolled")), "errors": wrong,
    }  # fmt: skip

    await world.admin.patch(f"/runs/{course.run['id']}", {"open": False}, If_Match='"1"')
    problem = await course.bring(table("Bea", "Cem"), status=422)
    reason = "line 3: This run takes no enrolments at the moment."
    assert problem["errors"] == [{"where": "body.lines[1]", "reason": reason}]


async def test_an_export_is_an_import(world: World, course: Class) -> None:
    await world.person("Guest")
    await course.bring(table("Anna", "Guest", "Cem"))
    await course.bring(table("Anna", column="state", cell="withdrawn"))
    answer = await course.manager.call("GET", f"/runs/{course.run['id']}/exports/enrolments")
    text = answer.text.removeprefix("\ufeff")
    assert text.splitlines() == [
        "externalKey,email,name,programme,state",
        ",anna@example.org,Anna,ms,withdrawn",
        ",cem@example.org,Cem,ms,enrolled",
        ",guest@example.org,Guest,,enrolled",
    ]
    assert await course.bring(text) == NOTHING | {"lines": 3, "unchanged": 3}


async def test_a_programme_fills_an_adopted_run_with_its_own_students_only(world: World, course: Class) -> None:
    adopter = await world.programme("adopter")
    manager = await world.person("Ada Adopter", "programme_administrator", adopter)
    await world.student("Eva", adopter)
    await world.person("Guest")
    path = f"/programmes/{adopter['id']}/runs/{course.run['id']}/imports/enrolments"
    await manager.bring(path, table("Eva"), 404)  # not adopted yet
    await world.admin.put(f"/programmes/{adopter['id']}/adoptions/{course.run['moduleId']}", None, 204)
    await manager.bring(course.path, table("Eva"), 404)
    assert (await manager.bring(path, table("Eva")))["changes"] == changed((2, "enrolled"))

    await course.bring(table("Anna"))
    none = "must be the key of a programme that the person studies and that offers this: there is none"
    fits = none.replace("there is none", "adopter")
    report = await manager.bring(f"{path}?mode=skip-bad", table("Bea", "Guest") + "eva@example.org,\n")
    assert [(error["line"], error["reason"]) for error in report["errors"]] == [(2, none), (3, none)]
    text = "email,programme,state\neva@example.org,ms,\nanna@example.org,,withdrawn\n"
    report = await manager.bring(f"{path}?mode=skip-bad", text)
    other = "must be the one under which she is enrolled already; withdraw her first"
    assert [(error["line"], error["reason"]) for error in report["errors"]] == [(2, fits), (3, other)]
    assert await course.states() == {"Eva": ("enrolled", 1), "Anna": ("enrolled", 2)}


async def test_who_studies_several_programmes_that_offer_it_chooses(world: World, course: Class) -> None:
    adopter = await world.programme("adopter")
    await world.admin.put(f"/programmes/{adopter['id']}/adoptions/{course.run['moduleId']}", None, 204)
    await world.admin.post(f"/programmes/{adopter['id']}/enrolments", {"email": "anna@example.org"})
    problem = await course.bring(table("Anna"), status=422)
    fits = "must be the key of a programme that the person studies and that offers this"
    reason = f"line 2: {fits}: adopter, ms"
    assert problem["errors"] == [{"where": "body.lines[0].programme", "reason": reason}]
    await course.bring(table("Anna", column="programme", cell="adopter"))
    rows = await world.admin.get(f"/runs/{course.run['id']}/exports/enrolments?format=json")
    assert [line["programme"] for line in rows["lines"]] == ["adopter"]


async def test_a_list_approves_of_requests_but_not_for_the_owner_of_the_run(world: World, course: Class) -> None:
    await world.admin.put(f"/runs/{course.run['id']}/seat-rules", {"approval": True}, If_Match='"1"')
    adopter = await world.programme("adopter")
    manager = await world.person("Ada Adopter", "programme_administrator", adopter)
    await world.student("Eva", adopter)
    await world.student("Finn", adopter)
    await world.admin.put(f"/programmes/{adopter['id']}/adoptions/{course.run['moduleId']}", None, 204)
    path = f"/programmes/{adopter['id']}/runs/{course.run['id']}/imports/enrolments"
    text = table("Eva", "Finn")
    assert (await manager.bring(path, text))["changes"] == changed((2, "requested"), (3, "requested"))
    assert await manager.bring(path, text) == NOTHING | {"lines": 2, "unchanged": 2}
    eva = (await world.admin.get("/persons?email=eva@example.org"))["items"][0]["id"]
    answer = f"/runs/{course.run['id']}/enrolments/{eva}/approval"
    await course.manager.put(answer, {"approved": False, "reason": "Next year."})
    assert (await manager.bring(path, text))["changes"] == changed((2, "requested"))  # asked again

    anna = (await world.admin.get("/persons?email=anna@example.org"))["items"][0]["id"]
    async with world.database.write() as connection:  # as if she had asked herself, before all others
        row = {"person_id": UUID(anna), "run_id": UUID(course.run["id"]), "state": "requested", "turn": 0}
        await connection.execute(
            insert(run_enrolment), {**row, "programme_id": UUID(course.programme["id"]), "since": now()}
        )
    report = await course.bring(table("Eva", "Anna", "Finn"))
    assert report["changes"] == changed((2, "waiting"), (3, "enrolled"), (4, "enrolled"))
    assert await course.states() == {"Anna": ("enrolled", 0), "Eva": ("waiting", 3), "Finn": ("enrolled", 2)}


async def test_a_list_costs_the_same_for_one_as_for_many(world: World, course: Class) -> None:
    people = [f"p{number}@example.org" for number in range(300)]
    await world.admin.bring("/imports/persons", "email,name\n" + "".join(f"{email},P\n" for email in people))
    students = "email\n" + "".join(f"{email}\n" for email in people)
    await course.manager.bring(f"/programmes/{course.programme['id']}/imports/enrolments", students)
    ending = "email,state\n" + "".join(f"{email},withdrawn\n" for email in people)
    one = "email,state\nanna@example.org,{}\n"
    counts, changes = [], []
    for text in (students, students, ending, one.format(""), one.format(""), one.format("withdrawn")):
        await course.manager.get(f"/runs/{course.run['id']}")  # whose programme it is, and who asks, is known then
        with statements(world.database) as seen:
            report = await course.bring(text)
        assert report["errors"] == []
        counts.append(len(seen))
        changes.append(len(report["changes"]))
    many, few = counts[:3], counts[3:]
    assert many[1] == 5  # the run, who offers it, and for each thousand: the people, their seats, what they study
    assert many == few
    assert changes == [300, 0, 300, 1, 0, 1]
