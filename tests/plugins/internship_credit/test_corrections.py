"""What was entered wrongly is mended, and what is done for others stands in the history."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.interns import DESCRIPTION, MENTOR, Placement

if TYPE_CHECKING:
    from tests.support.world import World


@pytest.fixture
async def scene(world: World, monkeypatch: pytest.MonkeyPatch) -> Placement:
    return await Placement.of(world, monkeypatch)


async def test_a_typing_error_in_a_certificate_is_mended_until_the_report_is_there(scene: Placement) -> None:
    case = await scene.running()
    await scene.day("2027-06-05")
    days = {"firstDay": "2027-04-05", "lastDay": "2027-06-04"}
    wrong = await scene.guest(case, "host", "certify", 422, certified={**days, "hours": "3000"})
    assert wrong["errors"] == [{"where": "body.certified.hours", "reason": "must be 610 at most: 61 days of 10 hours"}]
    for role, hours, award in (("host", "30", "0"), ("mentor", "300", "5")):
        await scene.guest(case, role, "certify", certified={**days, "hours": hours})
        assert (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["award"] == award
    await scene["Ines"].put(f"{scene.path}/me/cases/{case}/report", {"text": "Done."})
    await scene.step("Ines", case, "submit")
    late = await scene.guest(case, "host", "certify", 409, certified={**days, "hours": "310"})
    assert late["detail"] == (
        "This is no step of a case that is report submitted: certify. From there leads: evaluate (the supervisor), "
        "demand rework (the supervisor)."
    )


async def test_what_the_office_does_for_others_stands_in_the_history(scene: Placement) -> None:
    case = await scene.running()
    made = [
        await scene["Otto"].post(f"{scene.path}/cases/{case}/links", {"role": role})
        for role in ("host", "mentor", "host")
    ]
    # where no mail is sent at all, the office passes the link on; the newest counts
    assert [(one["expiresAt"], one["mailedTo"]) for one in made] == [("2027-04-19T11:00:00Z", None)] * 3
    found = [(await scene.world.http.get(one["url"])).status_code for one in made]
    assert found == [401, 200, 200]
    assert [one["email"] for one in made] == ["hans@sensors.example", "mia@sensors.example", "hans@sensors.example"]
    whole = await scene["Ines"].get(f"{scene.path}/me/cases/{case}")
    links = [(line["by"], line["entered"]) for line in whole["history"] if line["action"] == "link"]
    assert links == [("Otto ms", {"for": role, "mailed": False}) for role in ("host", "mentor", "host")]
    refused = await scene.step("Otto", case, "end", 422)
    assert refused["errors"][0]["where"] == "body.note"
    ended = await scene.step("Otto", case, "end", note="The firm is insolvent.")
    assert (ended["state"], ended["endedOn"]) == ("ended", "2027-04-05")


async def test_without_mail_the_office_passes_on_what_all_have_signed(scene: Placement) -> None:
    case = await scene.drafted()
    early = await scene["Otto"].post(f"{scene.path}/cases/{case}/links", {"role": "reader"}, 409)
    assert early["detail"] == "Not all three have signed an agreement yet; then the host can read and keep it."
    await scene.step("Ines", case, "propose")
    await scene.guest(case, "host", "confirm", mentor={"name": "Mia", "email": "mia@sensors.example"})
    await scene.step("Sabine", case, "approve")
    await scene.signed(case)
    made = [await scene["Otto"].post(f"{scene.path}/cases/{case}/links", {"role": "reader"}) for _ in range(2)]
    url = made[1].pop("url")
    assert made[1] == {
        "name": "Hans Host", "email": "hans@sensors.example", "expiresAt": "2027-04-30T11:00:00Z", "mailedTo": None,
    }  # fmt: skip
    read = [await scene.world.http.get(one) for one in (made[0]["url"], url, url)]
    assert [one.status_code for one in read] == [401, 200, 200]
    assert read[1].content.startswith(b"%PDF")
    secret = url.partition("link=")[2]
    for role in ("host", "mentor"):
        assert (await scene.world.http.get(f"{scene.path}/{role}?link={secret}")).status_code == 401


async def test_what_was_cleared_can_be_taken_back_until_it_begins(scene: Placement) -> None:
    case = await scene.drafted()
    await scene.step("Ines", case, "propose")
    await scene.step("Ines", case, "revise")
    await scene.step("Ines", case, "propose")
    await scene.guest(case, "host", "confirm", mentor=MENTOR)
    await scene.step("Sabine", case, "approve")
    await scene.signed(case)
    place = f"{scene.path}/cases/{case}/clearances"
    for kind in ("insurance", "residence", "wage"):
        await scene["Otto"].put(f"{place}/{kind}", {"cleared": True, "note": "Seen."})
    await scene.step("Otto", case, "clear")
    await scene["Otto"].put(f"{place}/residence", {"cleared": False, "note": "The title has run out."})
    await scene.day("2027-04-05")
    assert (await scene["Ines"].get(f"{scene.path}/me/cases/{case}"))["state"] == "cleared"
    await scene["Otto"].put(f"{place}/residence", {"cleared": True, "note": "Extended."})
    await scene.day("2027-04-06")
    assert (await scene["Ines"].get(f"{scene.path}/me/cases/{case}"))["beganOn"] == "2027-04-05"


async def test_a_description_needs_no_language(scene: Placement) -> None:
    new = {"part": "main", "organisationId": scene.firm["id"]}
    case = await scene["Ines"].post(f"{scene.path}/me/cases", new)
    bare = {name: value for name, value in DESCRIPTION.items() if name not in ("language", "monitoring", "insurance")}
    body = {"description": bare, "supervisorId": scene["Sabine"].id}
    kept = await scene["Ines"].put(f"{scene.path}/me/cases/{case['id']}", body, If_Match='"1"')
    assert kept["description"] == {**bare, "language": "", "monitoring": "", "insurance": ""}


async def test_days_at_the_end_of_the_calendar_are_refused_as_any_others(scene: Placement) -> None:
    case = await scene.drafted()
    place = f"{scene.path}/me/cases/{case}"
    for first, last, status in (("9999-12-30", "9999-12-31", 200), ("9999-12-31", "9999-12-30", 400)):
        body = {"description": {**DESCRIPTION, "firstDay": first, "lastDay": last}, "supervisorId": scene["Sabine"].id}
        revision = (await scene["Ines"].get(place))["revision"]
        await scene["Ines"].put(place, body, status, If_Match=f'"{revision}"')
