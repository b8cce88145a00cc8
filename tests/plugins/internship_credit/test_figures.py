"""What the office sees of all cases together; of a host only what five students at least say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from lms_internship_credit.tables import rating as rating_table
from sqlalchemy import insert

from tests.support.interns import Placement
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import World


async def test_the_office_sees_what_waits_and_what_is_due(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch)
    other = await Placement.of(world, monkeypatch, key="other")
    await other.drafted()
    running = await scene.running()
    draft = await scene.drafted(firstDay="2027-05-10", lastDay="2027-07-01")
    scene.at("2027-05-06")
    with statements(world.database) as seen:
        found = await scene["Otto"].get(f"{scene.path}/figures")
    assert found == {
        "states": [
            {"state": "draft", "week": 0, "month": 0, "quarter": 1, "longer": 0},
            {"state": "running", "week": 0, "month": 0, "quarter": 1, "longer": 0},
        ],
        "due": [{"caseId": running, "student": "Ines ms", "what": "ends", "on": "2027-06-04"}],
        "decided": 0,
        "days": None,
        "hosts": [],
    }
    assert len(seen) == 5
    assert draft != running


async def test_hosts_are_rated_by_five_at_least(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch)
    early = await scene.drafted()
    place = f"{scene.path}/me/cases/{{}}/rating"
    refused = await scene["Ines"].put(place.format(early), {"points": 5}, 409)
    assert refused["detail"] == "What is draft cannot be rated yet: the student rates the host once it has begun."
    case = await scene.running()
    for points in (5, 2):  # she may think it over
        await scene["Ines"].put(place.format(case), {"points": points}, 204)
    await scene["Ines"].put(place.format(case), {"points": 6}, 400)
    for number, points in enumerate((5, 5, 4), 1):
        await another(scene, f"Student {number}", points)
    assert (await scene["Otto"].get(f"{scene.path}/figures"))["hosts"] == []
    await another(scene, "Student 4", 3)
    assert (await scene["Otto"].get(f"{scene.path}/figures"))["hosts"] == [
        {"organisationId": scene.firm["id"], "name": "Sensors GmbH", "ratings": 5, "mean": "3.8"}
    ]
    whole: dict[str, Any] = await scene["Otto"].get(f"{scene.path}/cases/{case}")
    assert "rat" not in " ".join(line["action"] for line in whole["history"] if line["role"] == "student")
    # nor does an export say who said what
    exported = await world.admin.get(f"/programmes/{scene.programme['id']}/plugins/internship_credit/export")
    assert exported["leftOut"] == ["internship_credit_rating"]
    assert [name for name, rows in exported["tables"].items() if any("rating" in row for row in rows)] == []
    assert len(exported["tables"]["internship_credit_case"]) == 6


async def another(scene: Placement, name: str, points: int) -> None:
    """Somebody else who rates the same host."""
    who = await scene.person(name)
    await scene.world.admin.post(f"/programmes/{scene.programme['id']}/enrolments", {"email": who.email})
    new = {"part": "main", "organisationId": scene.firm["id"]}
    made = await who.post(f"{scene.path}/me/cases", new)
    async with scene.world.database.write() as connection:
        await connection.execute(insert(rating_table).values(case_id=UUID(made["id"]), points=points))
