"""The students of a programme, enrolled by the list of its office, which sees nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import update

from lms_core.people.tables import person
from tests.support.campus import contents
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World

NOTHING = {"mode": "all", "unchanged": 0, "changes": [], "errors": []}
KNOWN = "must be that of somebody known in this programme; name others by e-mail"


class Office:
    """A programme and whoever administers it."""

    def __init__(self, programme: dict[str, Any], manager: Actor) -> None:
        self.programme, self.manager = programme, manager
        self.path = f"/programmes/{programme['id']}"

    async def bring(self, table: str, mode: str = "all", status: int = 200) -> Any:
        return await self.manager.bring(f"{self.path}/imports/enrolments?mode={mode}", table, status)

    async def students(self) -> dict[str, str]:
        people = await self.manager.get(f"{self.path}/enrolments")
        return {student["name"]: student["state"] for student in people["items"]}


@pytest.fixture
async def office(world: World) -> Office:
    programme = await world.programme()
    return Office(programme, await world.person("Mo Manager", "programme_administrator", programme))


async def keyed(world: World, name: str, key: str) -> Actor:
    actor = await world.person(name)
    async with world.database.write() as connection:
        await connection.execute(update(person).where(person.c.id == actor.person.id).values(external_key=key))
    return actor


def changed(*changes: tuple[int, str]) -> list[dict[str, Any]]:
    return [{"line": line, "change": change, "columns": []} for line, change in changes]


def wrong(*errors: tuple[int, str | None, str]) -> list[dict[str, Any]]:
    return [{"line": line, "column": column, "reason": reason} for line, column, reason in errors]


async def test_a_list_enrols_withdraws_and_repeats_without_effect(world: World, office: Office) -> None:
    anna = await keyed(world, "Anna", "K1")
    await world.person("Bea")
    await world.person("Cem")
    table = "email;regulation\nANNA@example.org;po-2026\nbea@example.org;\n"
    assert await office.bring(table) == NOTHING | {"lines": 2, "changes": changed((2, "enrolled"), (3, "enrolled"))}
    before = await contents(world.database)
    assert await office.bring(table) == NOTHING | {"lines": 2, "unchanged": 2}
    assert await contents(world.database) == before
    assert await anna.get(office.path)  # she may see it at once

    # whoever is known here may be named by her key alone
    table = "externalKey,email,state\nK1,,withdrawn\n,cem@example.org,\n,bea@example.org,enrolled\n"
    report = await office.bring(table)
    assert report == NOTHING | {"lines": 3, "unchanged": 1, "changes": changed((2, "withdrawn"), (3, "enrolled"))}
    assert await office.students() == {"Anna": "withdrawn", "Bea": "enrolled", "Cem": "enrolled"}
    await office.bring("externalKey\nK1\n")
    assert (await office.students())["Anna"] == "enrolled"


async def test_every_mistake_of_a_list_is_told_at_once(world: World, office: Office) -> None:
    for name, key in (("Anna", "K1"), ("Bea", "K2"), ("Cem", "K3")):
        await keyed(world, name, key)
    await office.bring("email\nanna@example.org\n")
    newer = {"version": "po-2030", "validFrom": "2030-01-01", "ectsTotal": "90", "hoursPerEcts": "30"}
    await world.admin.post(f"{office.path}/regulations", newer)
    before = await contents(world.database)
    table = (
        "externalKey,email,regulation,state\n,nobody@example.org,,\n,,po-2026,\nK1,bea@example.org,,\nK1,,po-2030,\n"
        ",bea@example.org,po-1999,\n,cem@example.org,,withdrawn\n,CEM@example.org,,\n,x,PO 2026,gone\nK1,,,\n"
        "K2,bea@example.org,po-2030,\n"
    )
    email = "an e-mail address, such as anna@example.org"
    errors = wrong(
        (2, "email", "must be the address of a person known here; create her first"),
        (3, "email", f"must be {email}, where no external key names the person"),
        (4, "email", "must not be the address of another person than the external key names"),
        (5, "regulation", "must be the version that the student is bound to; leave it empty"),
        (6, "regulation", "must be the key of a version of the programme's regulation: po-2026, po-2030"),
        (7, "state", "must be enrolled, for this person is no student of the programme"),
        (8, None, "names the same person as line 7"),
        (9, "email", f"must be {email}"),
        (9, "regulation", "must be the key of a version of the programme's regulation"),
        (9, "state", "must be enrolled or withdrawn"),
        (10, None, "names the same person as line 5"),
        (11, None, "names the same person as line 6"),
    )
    report = await office.bring(table, "dry-run")
    assert report == NOTHING | {"mode": "dry-run", "lines": 10, "errors": errors}
    problem = await office.bring(table, status=422)
    assert len(problem["errors"]) == len(errors)
    assert problem["errors"][6] == {"where": "body.lines[6]", "reason": "line 8: names the same person as line 7"}
    assert await contents(world.database) == before


async def test_a_key_that_was_guessed_leads_to_nobody(world: World, office: Office) -> None:
    """Neither in another programme nor in none: what is answered is the same as for a key that nobody has."""
    other = await world.programme("other")
    for name, key in (("Anna", "K1"), ("Bea", "K2")):
        await keyed(world, name, key)
    await world.admin.post(f"/programmes/{other['id']}/enrolments", {"email": "anna@example.org"})
    table = "externalKey,email\nK1,\nK2,\nK3,\n"
    expected = wrong((2, "externalKey", KNOWN), (3, "externalKey", KNOWN), (4, "externalKey", KNOWN))
    assert (await office.bring(table, "skip-bad"))["errors"] == expected
    # not even where her address stands in another line, or beside a key that may or may not be hers
    table = "externalKey,email\nK1,\n,anna@example.org\nK9,bea@example.org\n"
    report = await office.bring(table, "dry-run")
    assert (report["errors"], report["changes"]) == (expected[:1], changed((3, "enrolled"), (4, "enrolled")))
    assert await office.students() == {}


async def test_an_export_is_an_import_and_shows_this_programme_only(world: World, office: Office) -> None:
    other = await world.programme("other")
    await world.student("Stranger", other)
    for name, key in (("Anna", "K1"), ("Bea", "K2")):
        await keyed(world, name, key)
    await office.bring("email,state\nanna@example.org,\nbea@example.org,\n")
    await office.bring("externalKey,state\nK2,withdrawn\n")
    answer = await office.manager.call("GET", f"{office.path}/exports/enrolments")
    table = answer.text.removeprefix("\ufeff")
    assert table.splitlines() == [
        "externalKey,email,name,regulation,state",
        "K1,anna@example.org,Anna,po-2026,enrolled",
        "K2,bea@example.org,Bea,po-2026,withdrawn",
    ]
    assert await office.bring(table) == NOTHING | {"lines": 2, "unchanged": 2}
    same = await office.manager.get(f"{office.path}/exports/enrolments?format=json")
    assert [line["email"] for line in same["lines"]] == ["anna@example.org", "bea@example.org"]
    assert await office.manager.post(f"{office.path}/imports/enrolments", same, 200) == NOTHING | {
        "lines": 2, "unchanged": 2
    }  # fmt: skip


async def test_three_thousand_take_a_known_number_of_statements(world: World, office: Office) -> None:
    people = "".join(f"p{number}@example.org,Person {number}\n" for number in range(3_000))
    await world.admin.bring("/imports/persons", f"email,name\n{people}")
    enrolling = f"email,name\n{people}"
    withdrawing = "email,state\n" + "".join(f"p{number}@example.org,withdrawn\n" for number in range(3_000))
    counts = []
    for table in (enrolling, enrolling, withdrawing):
        await office.manager.get("/me")
        with statements(world.database) as seen:
            await office.bring(table)
        counts.append(len(seen))
    # of the versions, and for each thousand: of the people, of their enrolments, and what changes them
    assert counts == [1 + 3 * 3, 1 + 3 * 2, 1 + 3 * 3]
