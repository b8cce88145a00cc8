"""Programmes: run by several organisations together, governed by versions of a regulation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.world import World

TERM = {
    "season": "summer", "year": 2027, "startsOn": "2027-04-01", "endsOn": "2027-09-30", "lecturesFrom": "2027-04-12",
    "lecturesTo": "2027-07-17", "examsFrom": "2027-07-19", "examsTo": "2027-08-07",
}  # fmt: skip


async def test_a_programme_shows_who_runs_it_and_what_governs_it(world: World) -> None:
    made = await world.programme("ms-mems")
    path = f"/programmes/{made['id']}"
    furtwangen = {"key": "hfu", "name": "Hochschule Furtwangen", "kind": "university", "country": "DE"}
    leader = await world.admin.post("/organisations", furtwangen)
    firm = await world.admin.post("/organisations", {"key": "firm", "name": "A firm", "kind": "firm"})
    await world.admin.put(f"{path}/partners/{leader['id']}", {"part": "teaches"}, 204)
    await world.admin.put(f"{path}/partners/{leader['id']}", {"part": "leads"}, 204)
    await world.admin.put(f"{path}/partners/{firm['id']}", {"part": "hosts"}, 204)
    await world.admin.delete(f"{path}/partners/{firm['id']}")
    await world.admin.delete(f"{path}/partners/{firm['id']}", 404)
    regulation = {
        "version": "po-2027", "validFrom": "2027-10-01", "ectsTotal": "120", "hoursPerEcts": "25.5",
        "limits": {"maxTerms": 12, "milestones": [{"ects": 60, "byTerm": 4}]},
    }  # fmt: skip
    newer = await world.admin.post(f"{path}/regulations", regulation)
    await world.admin.post(f"{path}/regulations", regulation, 409)
    summer = await world.admin.post(f"{path}/terms", TERM)
    await world.admin.post(f"{path}/terms", TERM, 409)

    shown = await world.admin.get(path)
    assert shown["partners"] == [{"organisationId": leader["id"], "name": "Hochschule Furtwangen", "part": "leads"}]
    assert [r["version"] for r in shown["regulations"]] == ["po-2026", "po-2027"]
    assert shown["regulations"][1] == newer == {"id": newer["id"], **regulation}
    assert [(t["season"], t["year"]) for t in shown["terms"]] == [("winter", 2026), ("summer", 2027)]
    assert shown["terms"][1] == summer == {"id": summer["id"], **TERM}
    assert await world.admin.get("/organisations") == {"items": [leader, firm]}


async def test_a_student_is_bound_to_the_regulation_in_force(world: World) -> None:
    made = await world.programme()
    path = f"/programmes/{made['id']}"
    later = {"version": "po-2099", "validFrom": "2099-10-01", "ectsTotal": "120", "hoursPerEcts": "25"}
    future = await world.admin.post(f"{path}/regulations", later)
    anna, bea = await world.person("Anna"), await world.person("Bea")
    bound = await world.admin.post(f"{path}/enrolments", {"email": "ANNA@example.org"})
    assert (bound["regulationId"], bound["state"]) == (made["regulation"], "enrolled")
    chosen = await world.admin.post(f"{path}/enrolments", {"email": bea.email, "regulationId": future["id"]})
    assert chosen["regulationId"] == future["id"]
    await world.admin.post(f"{path}/enrolments", {"email": "nobody@example.org"}, 422)
    foreign = await world.programme("other")
    wrong = {"email": anna.email, "regulationId": foreign["regulation"]}
    await world.admin.post(f"{path}/enrolments", wrong, 422)
    await world.admin.delete(f"{path}/enrolments/{anna.id}")
    await world.admin.delete(f"{path}/enrolments/{anna.id}", 404)
    students = (await world.admin.get(f"{path}/enrolments"))["items"]
    assert {(s["name"], s["state"]) for s in students} == {("Anna", "withdrawn"), ("Bea", "enrolled")}
    await anna.get(path, 404)
    assert (await world.admin.post(f"{path}/enrolments", {"email": anna.email}))["state"] == "enrolled"
    await anna.get(path)


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"endsOn": "2027-03-01"}, "endsOn", "must not be before the period's first day"),
        ({"lecturesFrom": "2027-03-31"}, "lecturesFrom", "must not be before the term"),
        ({"lecturesTo": "2027-10-01"}, "lecturesTo", "must not be after the term"),
        ({"examsFrom": "2027-03-01", "examsTo": "2027-03-02"}, "examsFrom", "must not be before the term"),
    ],
)
async def test_terms_that_cannot_be_are_refused(world: World, change: dict[str, str], field: str, reason: str) -> None:
    made = await world.programme()
    problem = await world.admin.post(f"/programmes/{made['id']}/terms", {**TERM, **change}, 400)
    assert problem["errors"] == [{"where": f"body.{field}", "reason": reason}]


async def test_everybody_sees_her_own_programmes_only(world: World) -> None:
    mine, _ = await world.programme("mine"), await world.programme("not-mine")
    student = await world.student("Anna", mine)
    lecturer = await world.person("Lea", "lecturer", mine)
    for actor, keys in ((student, ["mine"]), (lecturer, ["mine"]), (world.admin, ["mine", "not-mine"])):
        assert [p["key"] for p in (await actor.get("/programmes"))["items"]] == keys
    assert (await student.get("/programmes?key=not-mine"))["items"] == []


async def test_editing_needs_the_state_that_was_read(world: World) -> None:
    made = await world.programme()
    path = f"/programmes/{made['id']}"
    problem = await world.admin.patch(path, {"title": "New"}, 428)
    assert problem["detail"] == "Send the ETag of the state you read as If-Match, so that nothing is overwritten."
    changed = await world.admin.patch(path, {"title": "New"}, If_Match='"1"')
    assert changed["title"] == "New"
    problem = await world.admin.patch(path, {"title": "Newer"}, 412, If_Match='"1"')
    assert problem["detail"] == "You are changing state 1, but it is in state 2 now; read it again."
    assert (await world.admin.get(path))["title"] == "New"
