"""Persons from the lists of other systems: all or only the good ones, twice is once, and a dry run changes nothing."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from lms_core.people import bulk
from lms_core.people import types as t
from lms_core.people.tables import person
from tests.support.campus import contents
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World

NOBODY = {"mode": "all", "unchanged": 0, "changes": [], "errors": []}


async def bring(actor: Actor, text: str, query: str = "", status: int = 200) -> Any:
    return await actor.bring(f"/imports/persons{query}", text, status)


async def kept(world: World) -> list[tuple[Any, ...]]:
    columns = person.c.external_key, person.c.email, person.c.name, person.c.language, person.c.active
    async with world.database.read() as connection:
        rows = await connection.execute(
            select(*columns).where(person.c.email != world.admin.email).order_by(columns[1])
        )
        return [tuple(row) for row in rows]


async def test_a_list_comes_in_once_and_what_it_says_anew_is_brought_up_to_date(world: World) -> None:
    text = "Name;E-Mail;External Key\nAnna;Anna@Example.org;K1\nBea;bea@example.org;K2\nCem;cem@example.org;\n"
    created = [{"line": line, "change": "created", "columns": []} for line in (2, 3, 4)]
    assert await bring(world.admin, text) == NOBODY | {"lines": 3, "changes": created}
    before = await contents(world.database)
    assert await bring(world.admin, text) == NOBODY | {"lines": 3, "unchanged": 3}
    assert await contents(world.database) == before

    # Anna has married, Bea moves into the address that Anna gave up, Cem gets a key, and Dora is new
    newer = (
        "externalKey,email,name,language,state\nK1,anna.weber@example.org,Anna Weber,,\nK2,anna@example.org,Bea,de,\n"
        "K3,cem@example.org,Cem,,inactive\n,dora@example.org,Dora,,\n"
    )
    assert await bring(world.admin, newer) == NOBODY | {
        "lines": 4,
        "changes": [
            {"line": 2, "change": "updated", "columns": ["email", "name"]},
            {"line": 3, "change": "updated", "columns": ["email", "language"]},
            {"line": 4, "change": "updated", "columns": ["externalKey", "state"]},
            {"line": 5, "change": "created", "columns": []},
        ],
    }
    assert await kept(world) == [
        ("K1", "anna.weber@example.org", "Anna Weber", "en", True),
        ("K2", "anna@example.org", "Bea", "de", True),
        ("K3", "cem@example.org", "Cem", "en", False),
        (None, "dora@example.org", "Dora", "en", True),
    ]


BAD = (
    "externalKey,email,name,language\nK1,anna@example.org,Anna,\nK2,no address,,fr\nK1,bea@example.org,Bea,\n"
    "K4,ANNA@example.org,Anna again,\nK9,known@example.org,Somebody,\nK5,cem@example.org,Cem,de\n"
)
WRONG = [
    (3, "email", "must be an e-mail address, such as anna@example.org"),
    (3, "name", "must be one line of at most 200 characters"),
    (3, "language", "must be de or en"),
    (4, "externalKey", "stands in line 2 already; each needs one of its own"),
    (5, "email", "stands in line 2 already; each needs one of its own"),
    (6, "email", "must not be the address of a person with another external key"),
]


async def test_with_bad_lines_nothing_happens_or_the_good_ones_do(world: World) -> None:
    await bring(world.admin, "externalKey,email,name\nK8,known@example.org,Known\n")
    before = await contents(world.database)
    refused = await bring(world.admin, BAD, status=422)
    assert refused["detail"] == "Some lines are wrong, so nothing was changed."
    assert refused["errors"] == [
        {"where": f"body.lines[{line - 2}].{column}", "reason": f"line {line}: {reason}"}
        for line, column, reason in WRONG
    ]
    report = NOBODY | {
        "lines": 6,
        "changes": [{"line": line, "change": "created", "columns": []} for line in (2, 7)],
        "errors": [{"line": line, "column": column, "reason": reason} for line, column, reason in WRONG],
    }
    assert await bring(world.admin, BAD, "?mode=dry-run") == report | {"mode": "dry-run"}
    assert await contents(world.database) == before
    assert await bring(world.admin, BAD, "?mode=skip-bad") == report | {"mode": "skip-bad"}
    assert [row[1] for row in await kept(world)] == ["anna@example.org", "cem@example.org", "known@example.org"]


async def test_json_is_another_way_to_write_the_same(world: World) -> None:
    lines = [{"externalKey": "K1", "email": "anna@example.org", "name": "Anna"}, {"line": 7, "email": "x"}]
    report = await world.admin.post("/imports/persons?mode=skip-bad", {"lines": lines}, 200)
    assert [(error["line"], error["column"]) for error in report["errors"]] == [(7, "email"), (7, "name")]
    assert report["changes"] == [{"line": 1, "change": "created", "columns": []}]
    problem = await world.admin.post("/imports/persons", {"lines": [{"email": 5}]}, 400)
    assert [error["where"] for error in problem["errors"]] == ["body.lines[0].email"]


async def test_what_is_no_table_is_refused_as_a_whole(world: World) -> None:
    problem = await bring(world.admin, "email,name,phone\na@x,Anna,1\n", "?mode=skip-bad", 400)
    known = "the first line must name the columns, which are: externalKey, email, name, language, state"
    reasons = ["line 1: the column 'phone' is not known here", known]
    assert problem["errors"] == [{"where": "body", "reason": reason} for reason in reasons]
    headers = {"Authorization": f"Bearer {world.admin.token}", "Content-Type": "text/csv"}
    assert (await world.http.post("/persons", content=b"email,name", headers=headers)).status_code == 415


async def test_who_becomes_inactive_is_signed_out_at_once(world: World) -> None:
    anna = await world.person("Anna")
    await anna.get("/me")
    await bring(world.admin, f"email,name,state\n{anna.email},Anna,inactive\n")
    await anna.get("/me", 401)
    again = await bring(world.admin, f"email,name,state\n{anna.email},Anna,active\n")
    assert again["changes"] == [{"line": 2, "change": "updated", "columns": ["state"]}]
    await anna.get("/me", 401)  # her token ended with it


async def test_two_address_owners_do_not_change_places_unseen(world: World) -> None:
    """An address is free only once an earlier line gave it up, so a mix-up is told instead of half mended."""
    await bring(world.admin, "externalKey,email,name\nK1,a@x,Anna\nK2,b@x,Bea\n")
    refused = await bring(world.admin, "externalKey,email,name\nK1,b@x,Anna\nK2,a@x,Bea\n", "?mode=skip-bad")
    reason = "must not be the address of another person"
    assert refused["errors"] == [{"line": line, "column": "email", "reason": reason} for line in (2, 3)]
    assert [row[:2] for row in await kept(world)] == [("K1", "a@x"), ("K2", "b@x")]


async def test_ten_thousand_take_four_statements_a_thousand_and_come_out_as_they_went_in(world: World) -> None:
    await world.admin.get("/me")
    lines = [f"K{number},p{number}@example.org,Person {number},de,active" for number in range(10_000)]
    head = "externalKey,email,name,language,state\r\n"
    text = head + "".join(f"{line}\r\n" for line in lines)
    with statements(world.database) as seen:
        report = await bring(world.admin, text)
    assert (len(report["changes"]), report["errors"], len(seen)) == (10_000, [], 2 * 10)
    await world.admin.get("/me")  # whom everybody forgot
    with statements(world.database) as seen:
        report = await bring(world.admin, text.replace(",Person 77", ",Renamed 77").replace("active", "inactive"))
    assert (len(report["changes"]), report["unchanged"], len(seen)) == (10_000, 0, 3 * 10)

    await world.admin.get("/me")
    with statements(world.database) as seen:
        answer = await world.admin.call("GET", "/exports/persons")
    assert answer.headers["Content-Type"] == "text/csv; header=present; charset=utf-8"
    assert len(seen) == 1
    handed_out = answer.text.removeprefix("\ufeff")
    changed = [line.replace(",Person 77", ",Renamed 77").replace("active", "inactive") for line in lines]
    assert handed_out.splitlines() == [head.strip(), f",{world.admin.email},Ada Admin,en,active", *changed]
    again = await bring(world.admin, handed_out.replace(f",{world.admin.email},Ada Admin,en,active\r\n", ""))
    assert again == NOBODY | {"lines": 10_000, "unchanged": 10_000}


async def test_an_export_as_json_is_an_import(world: World) -> None:
    await bring(world.admin, 'externalKey,email,name\nK1,a@x,"\'=Anna"\n')
    handed_out = await world.admin.get("/exports/persons?format=json")
    assert [line["name"] for line in handed_out["lines"]] == ["Ada Admin", "=Anna"]
    report = await world.admin.post("/imports/persons", handed_out, 200)
    assert report == NOBODY | {"lines": 2, "unchanged": 2}


LINE = st.builds(
    t.PersonLine,
    external_key=st.sampled_from([None, "K1", "K2", "K3"]),
    email=st.sampled_from(["a@x", "b@x", "c@x", "d@x"]),
    name=st.sampled_from(["Anna", "Bea"]),
)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=st.lists(LINE, max_size=6))
async def test_how_lines_are_divided_makes_no_difference(world: World, lines: list[t.PersonLine]) -> None:
    """Lines mean what they would mean one after the other, each in an import of its own."""
    known = [t.PersonLine(external_key=key, email=email, name="Anna") for key, email in [("K1", "a@x"), (None, "b@x")]]
    await bulk.import_persons(world.database, t.PersonLines(known), "skip-bad")
    told = []
    for size in (1, 2, 1000):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("lms_core.bulk.CHUNK", size)
            told.append(await bulk.import_persons(world.database, t.PersonLines(lines), "dry-run"))
    assert told[0] == told[1] == told[2]


async def test_two_offices_at_once_create_nobody_twice(world: World) -> None:
    text = "externalKey,email,name\n" + "".join(f"K{number},p{number}@x,P\n" for number in range(500))
    headers = {"Authorization": f"Bearer {world.admin.token}", "Content-Type": "text/csv"}
    send = partial(world.http.post, "/imports/persons", content=text.encode(), headers=headers)
    answers = await asyncio.gather(*(send() for _ in range(4)))
    assert {answer.status_code for answer in answers} <= {200, 409, 503}
    assert sum(len(answer.json().get("changes", [])) for answer in answers) == 500
    assert len(await kept(world)) == 500
