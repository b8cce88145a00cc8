"""From a draft to booked ECTS, over HTTP: each in her role, hosts and mentors by links."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import select

from lms_core.progress.tables import credit
from tests.support.interns import DESCRIPTION, MENTOR, TWO, Placement
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import World


@pytest.fixture
async def scene(world: World, monkeypatch: pytest.MonkeyPatch) -> Placement:
    return await Placement.of(world, monkeypatch)


def told(case: dict[str, Any]) -> list[tuple[str, str, str]]:
    lines = [line for line in case["history"] if line["action"] != "link"]
    return [(line["action"], line["role"], line["after"]) for line in lines]


async def credits_of(scene: Placement) -> list[tuple[str, str, str, str]]:
    async with scene.world.database.read() as connection:
        rows = await connection.execute(select(credit).where(credit.c.person_id == UUID(scene["Ines"].id)))
        return [(row.title, str(row.ects), row.evidence, str(row.authority)) for row in rows]


async def pending(scene: Placement) -> list[tuple[str, str, str, str]]:
    found = await scene["Ines"].get("/me/dashboard")
    return [(one["source"], one["title"], one["ects"], one["state"]) for one in found["pending"]]


async def test_from_a_draft_to_ects_on_the_transcript(scene: Placement) -> None:
    case = await scene.evaluated()
    booked = await scene.step("Berta", case, "recognise")
    assert (booked["state"], booked["award"], booked["granted"], booked["due"]) == ("booked", "5", "5", None)
    assert [one["due"] for one in (await scene["Otto"].get(f"{scene.path}/cases"))["items"]] == [None]
    whole = await scene["Ines"].get(f"{scene.path}/me/cases/{case}")
    assert told(whole) == [
        ("describe", "student", "draft"),
        ("propose", "student", "proposed"),
        ("confirm", "host", "host_confirmed"),
        ("approve", "supervisor", "approved"),
        ("sign", "student", "approved"),
        ("sign", "host", "approved"),
        ("sign", "supervisor", "agreement_signed"),
        ("judge", "office", "agreement_signed"),
        ("judge", "office", "agreement_signed"),
        ("judge", "office", "agreement_signed"),
        ("clear", "office", "cleared"),
        ("begin", "clock", "running"),
        ("end", "clock", "ended"),
        ("certify", "host", "certified"),
        ("rate", "mentor", "certified"),
        ("write", "student", "certified"),
        ("submit", "student", "report_submitted"),
        ("evaluate", "supervisor", "evaluated"),
        ("recognise", "board", "recognised"),
        ("book", "clock", "booked"),
    ]
    assert [line["number"] for line in whole["history"]] == list(range(2, whole["revision"] + 1))
    assert [(one["version"], one["party"], one["name"], one["sha256"]) for one in whole["signatures"]] == [
        (1, "host", "Hans Host, Sensors GmbH", whole["sha256"]),
        (1, "student", "Ines ms", whole["sha256"]),
        (1, "supervisor", "Sabine ms", whole["sha256"]),
    ]
    assert hashlib.sha256(whole["agreement"].encode()).hexdigest() == whole["sha256"]
    assert json.loads(whole["agreement"]) == {
        "case": case, "version": 1, "regulation": "po-2026", "part": "main",
        "student": {"name": "Ines ms", "email": "ines.ms@example.org"},
        "host": {"name": "Sensors GmbH", "place": "Villingen", "country": "DE"},
        "mentor": {**MENTOR, "position": "Mentor"},
        "supervisor": {"name": "Sabine ms", "email": "sabine.ms@example.org"},
        "agreed": DESCRIPTION,
    }  # fmt: skip
    assert (whole["description"], whole["mentor"]) == (DESCRIPTION, {**MENTOR, "position": "Mentor"})
    assert await credits_of(scene) == [("Internship", "5", f"internship_credit:case:{case}", scene["Berta"].id)]


async def test_what_may_come_is_shown_and_not_counted(scene: Placement) -> None:
    case = await scene.drafted()
    assert (await pending(scene)) == []
    await scene.step("Ines", case, "propose")
    assert (await pending(scene)) == [("internship_credit:main", "Internship", "5", "proposed")]
    assert await credits_of(scene) == []


async def test_nothing_is_booked_before_all_parts_are_recognised_and_then_all_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await Placement.of(world, monkeypatch, TWO)
    first = await scene.evaluated("first", "120")
    assert (await scene.step("Berta", first, "recognise"))["state"] == "recognised"
    assert await credits_of(scene) == []
    later = {"firstDay": "2027-08-02", "lastDay": "2027-09-30"}
    second = await scene.evaluated("second", "150", **later)
    assert (await scene.step("Berta", second, "recognise"))["state"] == "booked"
    assert (await scene["Otto"].get(f"{scene.path}/cases/{first}"))["state"] == "booked"
    assert sorted((title, ects) for title, ects, *_ in await credits_of(scene)) == [
        ("First part", "4"), ("Internship", "5"),
    ]  # fmt: skip


async def test_hours_that_do_not_reach_the_least_bring_nothing(scene: Placement) -> None:
    case = await scene.evaluated(hours="149.99")
    refused = await scene.step("Berta", case, "recognise", 409)
    assert refused["errors"] == [
        {
            "where": "award",
            "reason": "what is certified is too short to bring ECTS: 150 hours are demanded, 149.99 certified (the "
            "examination board)",
        }
    ]
    partly = await scene.step("Berta", case, "recognise_partly", ects="2.5", note="Half of the tasks.")
    assert (partly["state"], partly["granted"], await credits_of(scene)) == ("partial", "2.5", [])
    # thirty days to appeal, unless she accepts
    await scene.day("2027-07-05")
    assert (await scene["Ines"].get(f"{scene.path}/me/cases/{case}"))["state"] == "partial"
    await scene.day("2027-07-06")
    assert (await scene["Ines"].get(f"{scene.path}/me/cases/{case}"))["state"] == "booked"
    assert [ects for _, ects, *_ in await credits_of(scene)] == ["2.5"]


async def test_an_appeal_is_heard_once(scene: Placement) -> None:
    case = await scene.evaluated()
    assert (await scene.step("Berta", case, "reject", note="The report is not hers."))["state"] == "rejected"
    assert (await scene.step("Ines", case, "appeal", note="It is; here are my notes."))["state"] == "appeal"
    assert (await scene.step("Bruno", case, "reject", note="They are not."))["state"] == "rejected"
    refused = await scene.step("Ines", case, "appeal", 409, note="But they are!")
    assert [error["where"] for error in refused["errors"]] == ["first_appeal", "appeal_in_time"]
    assert await credits_of(scene) == []


async def test_what_was_booked_goes_only_by_a_decision_and_can_come_again(scene: Placement) -> None:
    case = await scene.evaluated()
    await scene.step("Berta", case, "recognise")
    back = await scene.step("Bruno", case, "reverse", note="The certificate was forged.")
    assert (back["state"], back["granted"]) == ("evaluated", None)
    assert [ects for _, ects, *_ in await credits_of(scene)] == ["5", "-5"]
    await scene.step("Berta", case, "recognise")
    assert [ects for _, ects, *_ in await credits_of(scene)] == ["5", "-5", "5"]


async def test_a_change_needs_all_signatures_again(scene: Placement) -> None:
    case = await scene.running()
    before = await scene["Otto"].get(f"{scene.path}/cases/{case}")
    change = {**DESCRIPTION, "lastDay": "2027-07-02"}
    scene.at("2027-05-03")
    await scene.guest(case, "mentor", "amend", change=change)
    pending = await scene["Otto"].get(f"{scene.path}/cases/{case}")
    assert (pending["state"], pending["version"], pending["inForce"]) == ("amendment_pending", 2, 1)
    assert (pending["description"], pending["change"]) == (DESCRIPTION, change)
    old = await scene.step("Ines", case, "sign", 422, sha256=before["sha256"])
    assert old["errors"][0]["where"] == "body.sha256"
    after = await scene.signed(case)
    assert (after["state"], after["inForce"], after["description"], after["change"]) == ("running", 2, change, None)
    assert sorted((one["version"], one["party"]) for one in after["signatures"]) == [
        (version, party) for version in (1, 2) for party in ("host", "student", "supervisor")
    ]
    # the old last day passes, the new one counts
    await scene.day("2027-06-05")
    assert (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["state"] == "running"
    await scene.day("2027-07-03")
    assert (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["state"] == "ended"


async def test_a_host_cancels_and_what_was_worked_can_count(scene: Placement) -> None:
    case = await scene.running()
    scene.at("2027-05-21")
    await scene.guest(case, "host", "cancel", note="The line is closed.")
    ended = await scene.step("Ines", case, "end")
    assert (ended["state"], ended["endedOn"]) == ("ended", "2027-05-21")
    certified = {"firstDay": "2027-04-05", "lastDay": "2027-05-22", "hours": "240"}
    late = await scene.guest(case, "host", "certify", 422, certified=certified)
    assert late["errors"] == [
        {
            "where": "body.certified",
            "reason": "must lie between 2027-04-05 and 2027-05-21, the days of the internship",
        }
    ]
    await scene.guest(case, "host", "certify", certified={**certified, "lastDay": "2027-05-21"})
    found = await scene["Ines"].get(f"{scene.path}/me/cases/{case}")
    assert (found["state"], found["award"]) == ("certified", "5")


async def test_a_host_cancels_before_it_begins_and_another_firm_is_found(scene: Placement) -> None:
    case = await scene.drafted()
    await scene.step("Ines", case, "propose")
    await scene.guest(case, "host", "cancel", note="No room.")
    refused = await scene.step("Ines", case, "end", 409)
    assert refused["errors"] == [
        {
            "where": "working_days",
            "reason": "it never began: it can be revised or withdrawn, and has nothing to end (the student)",
        }
    ]
    assert (await scene.step("Ines", case, "revise"))["state"] == "draft"


async def test_an_interruption_is_taken_off(scene: Placement) -> None:
    case = await scene.running()
    scene.at("2027-04-20")
    await scene.step("Ines", case, "interrupt", note="Ill.")
    scene.at("2027-04-27")
    await scene.step("Ines", case, "resume")
    await scene.day("2027-06-05")
    less = {"firstDay": "2027-04-05", "lastDay": "2027-06-04", "hours": "240", "absentDays": 6}
    refused = await scene.guest(case, "host", "certify", 422, certified=less)
    assert refused["errors"][0]["where"] == "body.certified.absentDays"
    assert (await scene.guest(case, "host", "certify", certified={**less, "absentDays": 7}))["state"] == "certified"


async def test_an_interruption_drops_a_change_that_waits_for_signatures(scene: Placement) -> None:
    case = await scene.running()
    change = {**DESCRIPTION, "lastDay": "2027-07-02"}
    scene.at("2027-04-20")
    await scene.step("Ines", case, "amend", change=change)
    pending = await scene["Otto"].get(f"{scene.path}/cases/{case}")
    await scene.step("Ines", case, "sign", sha256=pending["sha256"])
    scene.at("2027-04-22")
    stopped = await scene.step("Ines", case, "interrupt", day="2027-04-21")
    assert [stopped[name] for name in ("state", "inForce", "version", "change", "description")] == [
        "interrupted", 1, 2, None, DESCRIPTION,
    ]  # fmt: skip
    await scene.guest(case, "host", "sign", 409, sha256=pending["sha256"])
    scene.at("2027-04-28")
    assert (await scene.step("Ines", case, "resume"))["state"] == "running"
    # proposed anew it is a third version, which all three sign
    await scene.step("Ines", case, "amend", change=change)
    after = await scene.signed(case)
    assert [after[name] for name in ("state", "inForce", "description")] == ["running", 3, change]


async def test_a_report_that_is_late_lapses_and_an_extension_is_asked_for_in_time(scene: Placement) -> None:
    case = await scene.running()
    await scene.day("2027-06-05")
    certified = {"firstDay": "2027-04-05", "lastDay": "2027-06-04", "hours": "240"}
    due = (await scene.guest(case, "host", "certify", certified=certified))["due"]
    assert due == "2027-07-31"
    scene.at("2027-07-18")
    refused = await scene.step("Ines", case, "ask_extension", 409)
    assert [error["where"] for error in refused["errors"]] == ["extension_in_time"]
    scene.at("2027-07-17")
    await scene.step("Ines", case, "ask_extension")
    wrong = await scene.step("Sabine", case, "extend", 422, due="2027-08-29")
    assert wrong["errors"][0]["reason"] == "must lie after 2027-07-31, by 28 days at most"
    assert (await scene.step("Sabine", case, "extend", due="2027-08-14"))["due"] == "2027-08-14"
    await scene.day("2027-08-14")
    assert (await scene["Ines"].get(f"{scene.path}/me/cases/{case}"))["state"] == "certified"
    await scene.day("2027-08-15")
    assert (await scene["Ines"].get(f"{scene.path}/me/cases/{case}"))["state"] == "lapsed"
    again = await scene.drafted(firstDay="2027-10-01", lastDay="2027-12-01")
    assert (await scene.step("Ines", again, "propose"))["state"] == "proposed"


async def test_experienced_people_are_waived_a_part(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch, TWO)
    case = await scene.evaluated("second", "150")
    assert (await scene.step("Berta", case, "recognise"))["state"] == "recognised"
    place = f"{scene.path}/persons/{scene['Ines'].id}/parts"
    waiver = {"kind": "waived", "evidence": "Six years as a process engineer; Optics II instead."}
    assert (await scene["Otto"].call("PUT", f"{place}/first", waiver)).status_code == 403
    assert (await scene["Berta"].put(f"{place}/second", waiver, 409))["detail"].startswith(
        "There is a case of this part"
    )
    much = {"kind": "recognised", "ects": "4.5", "evidence": "An internship of a bachelor."}
    refused = await scene["Berta"].put(f"{place}/first", much, 422)
    assert refused["errors"] == [{"where": "body.ects", "reason": "must be 4 at most, which the part brings"}]
    await scene["Berta"].put(f"{place}/first", waiver, 204)
    assert (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["state"] == "booked"
    assert [(title, ects) for title, ects, *_ in await credits_of(scene)] == [("Internship", "5")]
    new = {"part": "first", "organisationId": scene.firm["id"]}
    waived = await scene["Ines"].post(f"{scene.path}/me/cases", new, 409)
    assert waived["detail"] == "This part is done, or waived: nothing is to be begun for it."


async def test_a_draft_waits_while_another_case_of_its_part_is_under_way(scene: Placement) -> None:
    draft, case = await scene.drafted(), await scene.drafted()
    await scene.step("Ines", case, "propose")
    refused = await scene.step("Ines", draft, "propose", 409)
    assert [error["where"] for error in refused["errors"]] == ["requirement_open"]


async def test_two_boards_decide_at_once_and_one_of_them_is_refused(scene: Placement) -> None:
    case = await scene.evaluated()
    revision = (await scene["Berta"].get(f"{scene.path}/decisions/{case}"))["revision"]
    address, tag = f"{scene.path}/decisions/{case}/steps", f'"{revision}"'
    answers = await asyncio.gather(
        scene["Berta"].call("POST", address, {"action": "recognise"}, If_Match=tag),
        scene["Bruno"].call("POST", address, {"action": "reject", "note": "No."}, If_Match=tag),
        scene["Berta"].call("POST", address, {"action": "recognise"}, If_Match=tag),
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
    whole = await scene["Berta"].get(f"{scene.path}/decisions/{case}")
    assert len(await credits_of(scene)) == (whole["state"] == "booked")
    assert [line["action"] for line in whole["history"] if line["role"] == "board"] in (["recognise"], ["reject"])


async def test_a_link_is_good_for_one_step_of_one_case(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch)
    case = await scene.drafted()
    await scene.step("Ines", case, "propose")
    secret = await scene.link(case, "host")
    address = f"{scene.path}/host/steps?link={secret}"
    seen = (await world.http.get(f"{scene.path}/host?link={secret}", headers={"Accept": "application/json"})).json()
    assert "id" in seen, seen
    assert (seen["id"], seen["history"], seen["organisation"]["contact"]) == (case, [], None)
    # a step that is refused does not use it up
    assert (await world.http.post(address, json={"action": "sign"})).status_code == 409
    assert (await world.http.post(address, json={"action": "confirm", "mentor": MENTOR})).status_code == 200
    again = await world.http.post(address, json={"action": "cancel", "note": "No."})
    assert (again.status_code, "good for one time" in again.json()["detail"]) == (401, True)
    # a mentor is not the host, and a newer link takes the older one back
    mentor = await scene.link(case, "mentor")
    assert (
        await world.http.post(f"{scene.path}/host/steps?link={mentor}", json={"action": "cancel"})
    ).status_code == 401
    await scene.link(case, "mentor")
    assert (await world.http.get(f"{scene.path}/mentor?link={mentor}")).status_code == 401
    assert (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["state"] == "host_confirmed"


async def test_who_has_nothing_to_do_with_a_case_does_not_find_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await Placement.of(world, monkeypatch)
    other = await Placement.of(world, monkeypatch, key="other")
    case = await scene.drafted()
    theirs = await other.drafted()
    anna = await scene.person("Anna")
    await world.admin.post(f"/programmes/{scene.programme['id']}/enrolments", {"email": anna.email})
    samuel = await scene.person("Samuel", "lecturer")
    for who, place in (
        (anna, "me/cases"), (samuel, "supervised"), (other["Otto"], "cases"), (other["Berta"], "decisions"),
    ):  # fmt: skip
        found = await who.call("GET", f"{scene.path}/{place}/{case}")
        assert found.status_code == 404, (place, found.text)
        step = {"action": "withdraw"}
        tried = await who.call("POST", f"{scene.path}/{place}/{case}/steps", step, If_Match='"2"')
        assert tried.status_code == 404, (place, tried.text)
    for name, place in (("Otto", "cases"), ("Berta", "decisions"), ("Ines", "me/cases"), ("Sabine", "supervised")):
        listed = (await scene[name].get(f"{scene.path}/{place}"))["items"]
        assert [(line["id"], line["student"]) for line in listed] == [(case, "Ines ms")], place
        assert (await scene[name].call("GET", f"{scene.path}/{place}/{theirs}")).status_code == 404
    assert (await anna.get(f"{scene.path}/me/cases"))["items"] == []
    assert (await samuel.get(f"{scene.path}/supervised"))["items"] == []
    # a firm of another programme is none
    body = {"part": "main", "organisationId": other.firm["id"]}
    assert (await scene["Ines"].call("POST", f"{scene.path}/me/cases", body)).status_code == 404


async def test_what_cannot_be_is_refused_with_what_would_be_right(scene: Placement) -> None:
    new = {"part": "thesis", "organisationId": scene.firm["id"]}
    wrong = await scene["Ines"].post(f"{scene.path}/me/cases", new, 422)
    assert wrong["errors"] == [{"where": "body.part", "reason": "must be one of main"}]
    case = await scene.drafted()
    unfit = {"description": {**DESCRIPTION, "lastDay": "2027-04-04"}, "supervisorId": scene["Sabine"].id}
    refused = await scene["Ines"].put(f"{scene.path}/me/cases/{case}", unfit, 400, If_Match='"2"')
    assert "lastDay" in str(refused["errors"])
    stranger = {"description": DESCRIPTION, "supervisorId": scene["Otto"].id}
    assert (
        await scene["Ines"].call("PUT", f"{scene.path}/me/cases/{case}", stranger, If_Match='"2"')
    ).status_code == 404
    await scene.step("Ines", case, "propose")
    edited = {"description": DESCRIPTION, "supervisorId": scene["Sabine"].id}
    assert (await scene["Ines"].call("PUT", f"{scene.path}/me/cases/{case}", edited, If_Match='"3"')).status_code == 409
    # never registered after it has begun
    scene.at("2027-04-05")
    await scene.guest(case, "host", "confirm", mentor=MENTOR)
    late = await scene.step("Sabine", case, "approve", 409)
    assert [error["where"] for error in late["errors"]] == ["days_ahead"]


async def test_steps_know_their_statements(scene: Placement, world: World) -> None:
    case = await scene.evaluated()
    with statements(world.database) as seen:
        await scene["Ines"].get(f"{scene.path}/me/cases/{case}")
    read = len(seen)
    revision = (await scene["Berta"].get(f"{scene.path}/decisions/{case}"))["revision"]
    with statements(world.database) as seen:
        body = {"action": "recognise"}
        await scene["Berta"].post(f"{scene.path}/decisions/{case}/steps", body, 200, If_Match=f'"{revision}"')
    assert (read, len(seen)) == (10, 27)
