"""Office and board read reasons, each time for a purpose that she sees; administrators of any kind never do."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from lms_family_sessions import readings
from lms_family_sessions.plugin import FamilySessions

from tests.support.family_care import CARE, EVERY_KIND, entered, prepared, seated
from tests.support.family_childcare import content, offers
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import World

OWN, REASONS = {"administrator", "student"}, {"office", "board"}
PLAN = {"administrator", "programme_administrator", "lecturer"}
READ = PLAN | {"student"}
OFFER = {"administrator", "programme_administrator", "office"}
BOOK = OFFER | {"student"}
ROUTES: dict[tuple[str, str], set[str]] = {
    ("GET", "/me/entries"): OWN,
    ("GET", "/me/entries/{entry_id:uuid}"): OWN,
    ("PUT", "/me/entries/{entry_id:uuid}"): OWN,
    ("POST", "/me/entries/{entry_id:uuid}/declarations"): OWN,
    ("DELETE", "/me/entries/{entry_id:uuid}"): OWN,
    ("POST", "/me/preview"): OWN,
    ("GET", "/me/readings"): OWN,
    ("GET", "/me/calendar"): OWN,
    ("PUT", "/me/calendar"): OWN,
    ("DELETE", "/me/calendar"): OWN,
    ("GET", "/people"): REASONS,
    ("POST", "/readings"): REASONS,
    ("POST", "/proofs/{entry_id:uuid}"): REASONS,
    ("GET", "/refusals"): REASONS,
    ("GET", "/holidays"): READ,
    ("GET", "/movable-days"): READ,
    ("PUT", "/movable-days"): PLAN,
    ("GET", "/me/school-calendars"): READ,
    ("PUT", "/me/school-calendars"): READ,
    ("POST", "/suggestions"): PLAN,
    ("GET", "/suggestions"): PLAN,
    ("GET", "/suggestions/{suggestion_id:uuid}"): PLAN,
    ("POST", "/suggestions/{suggestion_id:uuid}/stop"): PLAN,
    ("POST", "/suggestions/{suggestion_id:uuid}/acceptance"): PLAN,
    ("GET", "/suggestions/{suggestion_id:uuid}/events"): PLAN,
    ("GET", "/comparison"): PLAN,
    ("POST", "/childcare"): OFFER,
    ("GET", "/childcare"): BOOK,
    ("GET", "/childcare/{offer_id:uuid}"): BOOK,
    ("PUT", "/childcare/{offer_id:uuid}"): OFFER,
    ("DELETE", "/childcare/{offer_id:uuid}"): OFFER,
    ("GET", "/childcare/{offer_id:uuid}/children"): {"carer", "office"},
    ("GET", "/childcare/{offer_id:uuid}/families"): {"office"},
    ("POST", "/childcare/{offer_id:uuid}/bookings"): BOOK,
    ("PUT", "/childcare/{offer_id:uuid}/bookings/{booking_id:uuid}/cost"): {"office"},
    ("DELETE", "/childcare/{offer_id:uuid}/bookings/{booking_id:uuid}"): {"office"},
    ("GET", "/bookings"): BOOK,
    ("POST", "/bookings/{booking_id:uuid}/cancel"): BOOK,
    ("GET", "/me/consequences"): OWN,
    ("POST", "/me/consequences/{consequence_id:uuid}/undo"): OWN,
    ("POST", "/deadlines/{run_id:uuid}/{unit_key:str}/compensation"): {"board"},
    ("PUT", "/leaves/{leave_id:uuid}"): {"office"},
    ("DELETE", "/leaves/{leave_id:uuid}"): {"office"},
    ("GET", "/me/leaves"): OWN,
    ("PUT", "/reserved-seats"): {"office"},
    ("GET", "/reserved-seats"): {"office"},
    ("GET", "/me/reserved-seats"): OWN,
}


async def test_every_role_meets_every_route(world: World) -> None:
    setting = await prepared(world)
    student = await seated(world, setting, "Ada")
    made = await entered(student, setting, EVERY_KIND["maternity"], zone="Europe/Berlin")
    people = {"administrator": world.admin, "student": student}
    for role in ("programme_administrator", "lecturer", "examiner", "integrator"):
        people[role] = await world.person(role.replace("_", " "), role, setting.programme)
    for role in ("office", "board", "carer"):
        people[role] = await world.person(role, f"family_sessions.{role}", setting.programme)
    bodies: dict[str, Any] = {
        "/me/entries/{entry_id:uuid}": {"needs": CARE},
        "/me/preview": {"needs": CARE},
        "/me/entries/{entry_id:uuid}/declarations": {"declared": {"about": "consent", "to": "sunday", "given": True}},
        "/readings": {"personId": student.id, "purpose": "A question of hers"},
        "/proofs/{entry_id:uuid}": {"personId": student.id},
        "/leaves/{leave_id:uuid}": {
            "personId": student.id,
            "kind": "care",
            "firstDay": "2026-10-01",
            "lastDay": "2026-12-31",
        },
        "/reserved-seats": {"personId": student.id, "lastDay": None},
        "/childcare": offers(setting),
        "/childcare/{offer_id:uuid}": content(),
        "/childcare/{offer_id:uuid}/bookings": {"age": 3},
        "/childcare/{offer_id:uuid}/bookings/{booking_id:uuid}/cost": {"cost": "paid"},
        "/deadlines/{run_id:uuid}/{unit_key:str}/compensation": {"personId": student.id, "hours": 20},
    }
    declared = {(method, path) for one in FamilySessions.routes for path in one.paths for method in one.http_methods}
    assert declared == set(ROUTES)
    for (method, path), allowed in ROUTES.items():
        for role, who in people.items():
            address = path.replace("{entry_id:uuid}", made["id"]).replace("{run_id:uuid}", setting.run["id"])
            address = re.sub("{.*?}", str(uuid4()), address)
            body = bodies.get(path) if method != "GET" and method != "DELETE" else None
            found = await who.call(method, setting.path + address, body, If_Match='"77"')
            assert (found.status_code == 403) == (role not in allowed), (method, path, role, found.text)
            if role not in allowed:
                assert "2027" not in found.text
            strange = await world.http.request(method, setting.path + address, json=body)
            assert strange.status_code == 401
    stranger = await world.person("Stranger")
    assert (await stranger.call("GET", f"{setting.path}/people")).status_code == 404


async def test_she_sees_who_has_read_her_entries_and_what_for(world: World) -> None:
    setting, other = await prepared(world), await prepared(world, "beta")
    ada, eve = await seated(world, setting, "Ada"), await seated(world, setting, "Eve")
    office = await world.person("Olga Office", "family_sessions.office", setting.programme)
    elsewhere = await world.person("Otto Office", "family_sessions.office", other.programme)
    made = await entered(ada, setting, EVERY_KIND["maternity"])
    asked = {"personId": ada.id, "purpose": "Shift of an exam"}
    found = await office.post(f"{setting.path}/readings", asked, 200)
    assert (found["name"], found["entries"]) == ("Ada", [made])
    [noted] = (await ada.get(f"{setting.path}/me/readings"))["items"]
    assert (noted["id"], noted["reader"], noted["purpose"]) == (found["readingId"], "Olga Office", "Shift of an exam")
    assert (await eve.get(f"{setting.path}/me/readings")) == {"items": [], "next": None}
    for person_id in (eve.id, str(uuid4())):
        refused = await office.call("POST", f"{setting.path}/readings", {**asked, "personId": person_id})
        assert refused.status_code == 404
    assert (await elsewhere.call("POST", f"{other.path}/readings", asked)).status_code == 404
    assert (await office.call("POST", f"{setting.path}/readings", {"personId": ada.id})).status_code == 400
    assert await office.get(f"{setting.path}/people") == {
        "items": [{"id": ada.id, "name": "Ada", "entries": 1, "leaves": 0}], "next": None,
    }  # fmt: skip
    assert (await elsewhere.get(f"{other.path}/people"))["items"] == []


async def test_the_list_names_who_has_only_a_leave(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "PAGE", 2)
    setting, other = await prepared(world), await prepared(world, "beta")
    office = await world.person("Olga Office", "family_sessions.office", setting.programme)
    people = [await seated(world, setting, name) for name in ("Ada", "Eve", "Mia")]
    ada, eve, mia = people
    granted = {"kind": "care", "firstDay": "2027-04-01", "lastDay": "2027-09-30"}
    for who, times in ((eve, 1), (mia, 2)):
        for _ in range(times):
            body = {"personId": who.id, **granted}
            await office.put(f"{setting.path}/leaves/{uuid4()}", body, If_Match='"0"')
    for who, kind in ((ada, "daily"), (ada, "maternity"), (mia, "daily")):
        await entered(who, setting, EVERY_KIND[kind])
    zoe = await seated(world, other, "Zoe")
    await entered(zoe, other, EVERY_KIND["daily"])

    counted = {"Ada": (2, 0), "Eve": (0, 1), "Mia": (1, 2)}
    expected = [
        {
            "id": who.id,
            "name": who.person.name,
            **dict(zip(("entries", "leaves"), counted[who.person.name], strict=True)),
        }
        for who in sorted(people, key=lambda one: one.id)
    ]
    first = await office.get(f"{setting.path}/people")
    assert first == {"items": expected[:2], "next": expected[1]["id"]}
    assert await office.get(f"{setting.path}/people?cursor={first['next']}") == {"items": expected[2:], "next": None}
    asked = {"personId": eve.id, "purpose": "Which exams she can take"}
    assert len((await office.post(f"{setting.path}/readings", asked, 200))["leaves"]) == 1


async def test_nothing_is_answered_that_could_not_be_noted(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    setting = await prepared(world)
    ada = await seated(world, setting, "Ada")
    office = await world.person("Olga Office", "family_sessions.office", setting.programme)
    await entered(ada, setting, EVERY_KIND["maternity"])
    asked = {"personId": ada.id, "purpose": "Shift of an exam"}
    with statements(world.database) as seen:
        await office.post(f"{setting.path}/readings", asked, 200)
    ours = [one for one in seen if "family_sessions_" in one]
    assert [one.split()[0] for one in ours] == ["INSERT", "SELECT", "SELECT"]

    def broken() -> None:
        raise RuntimeError

    monkeypatch.setattr(readings, "now", broken)
    answer = await office.call("POST", f"{setting.path}/readings", asked)
    assert (answer.status_code, "2027" in answer.text) == (500, False)
    assert len((await ada.get(f"{setting.path}/me/readings"))["items"]) == 1


async def test_a_proof_is_noted_within_the_entry_and_stays_when_that_changes(world: World) -> None:
    setting = await prepared(world)
    ada, eve = await seated(world, setting, "Ada"), await seated(world, setting, "Eve")
    board = await world.person("Bo Board", "family_sessions.board", setting.programme)
    made = await entered(ada, setting, EVERY_KIND["maternity"])
    path = f"{setting.path}/proofs/{made['id']}"
    shown = {"personId": ada.id, "validUntil": "2027-06-30"}
    proof = await board.post(path, shown, 200, If_Match='"1"')
    assert (proof["verifier"], proof["validUntil"]) == ("Bo Board", "2027-06-30")
    assert (await board.call("POST", path, shown, If_Match='"1"')).status_code == 412
    assert (await board.call("POST", path, {**shown, "personId": eve.id}, If_Match='"2"')).status_code == 404
    own = f"{setting.path}/me/entries/{made['id']}"
    assert (await ada.get(own))["proofs"] == [proof]
    await ada.put(own, {"needs": {**made["needs"], "birth": "2027-02-20"}}, If_Match='"2"')
    assert (await ada.get(own))["proofs"] == [proof]
