"""What stays with the one whom it concerns: drafts of reports, what students say about hosts, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from lms_internship_credit.tables import rating
from sqlalchemy import select

from tests.plugins.internship_credit.test_offers import firm_link, offered
from tests.support.interns import CERTIFIED, PLACES, POINTS, Placement
from tests.support.papers import bring

if TYPE_CHECKING:
    from tests.support.world import World


@pytest.fixture
async def scene(world: World, monkeypatch: pytest.MonkeyPatch) -> Placement:
    return await Placement.of(world, monkeypatch)


async def certified(scene: Placement) -> str:
    """Bring a case to where its report is awaited; return its id."""
    case = await scene.running()
    await scene.day("2027-06-05")
    await scene.guest(case, "host", "certify", certified=CERTIFIED)
    return case


async def reads(scene: Placement, name: str, case: str) -> tuple[str | None, list[Any], list[str]]:
    """Return what somebody reads of a report: the draft, what stands in the history, and the files."""
    place = f"{scene.path}/{PLACES[name]}/{case}"
    found, files = await scene[name].get(place), (await scene[name].get(f"{place}/documents"))["items"]
    texts = [line["entered"] for line in found["history"] if line["action"] in ("write", "submit")]
    return found["draftReport"], texts, [one["id"] for one in files]


async def test_a_report_is_the_students_alone_until_it_is_handed_in(scene: Placement) -> None:
    case = await certified(scene)
    report = f"{scene.path}/me/cases/{case}/report"
    await scene["Ines"].put(report, {"text": "My mentor never came."})
    await scene["Ines"].put(report, {"text": "I etched."})
    file = await bring(scene, "Ines", case, "report")
    assert await reads(scene, "Ines", case) == ("I etched.", [{}, {}], [file])
    for name in ("Sabine", "Otto", "Berta"):
        assert await reads(scene, name, case) == (None, [{}, {}], [])
        await scene[name].get(f"{scene.path}/{PLACES[name]}/{case}/documents/{file}", 404)

    secret = await scene.link(case, "mentor")
    await scene.world.http.put(f"{scene.path}/mentor/evaluation?link={secret}", json=POINTS)
    await scene.step("Ines", case, "submit", note="Here it is.")
    for name in ("Ines", "Sabine", "Otto", "Berta"):
        assert await reads(scene, name, case) == (None, [{}, {}, {"text": "I etched."}], [file])

    # what is written anew is hers again
    await scene.step("Sabine", case, "demand_rework", note="How deep?", due="2027-07-31")
    await scene["Ines"].put(report, {"text": "I etched deep."})
    assert await reads(scene, "Sabine", case) == (None, [{}, {}, {"text": "I etched."}, {}], [file])
    await scene.step("Ines", case, "submit")
    assert (await reads(scene, "Sabine", case))[1][-1] == {"text": "I etched deep."}


async def test_what_is_decided_is_no_business_of_the_firm(scene: Placement) -> None:
    case = await scene.evaluated()
    await scene.step("Berta", case, "recognise")
    names = ("state", "award", "granted", "decidedOn", "appealUntil", "waitsFor", "evaluation", "history")
    seen = {}
    for role in ("host", "mentor"):
        address = f"{scene.path}/{role}?link={await scene.link(case, role)}"
        found = (await scene.world.http.get(address, headers={"Accept": "application/json"})).json()
        seen[role] = [found[name] for name in names]
    assert seen == {
        "host": ["booked", None, None, None, None, [], None, []],
        "mentor": ["booked", None, None, None, None, [], POINTS, []],
    }


async def test_what_people_wrote_of_one_another_goes_and_what_was_earned_stays(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await Placement.of(world, monkeypatch, retention={"words": 12})
    case = await scene.evaluated()
    await scene["Ines"].put(f"{scene.path}/me/cases/{case}/rating", {"points": 1}, 204)
    other = await scene.drafted()  # at no end

    async def rated() -> list[int]:
        """Read how hosts are rated; no route and no export tells it of so few."""
        async with world.database.read() as connection:
            return list(await connection.scalars(select(rating.c.points)))

    await scene.step("Berta", case, "recognise", note="She was good.")
    before = await scene["Otto"].get(f"{scene.path}/cases/{case}")
    switch = f"/programmes/{scene.programme['id']}/plugins/internship_credit"
    settings = (await world.admin.get(switch))["settings"]
    assert (await world.admin.post(f"{switch}/preview", {"enabled": True, "settings": settings}, 200))["effects"] == []
    assert before["decidedOn"] == "2027-06-05"
    await scene.day("2028-06-05")
    assert await scene["Otto"].get(f"{scene.path}/cases/{case}") == before
    assert await rated() == [1]
    scene.at("2028-06-06")
    preview = await world.admin.post(f"{switch}/preview", {"enabled": True, "settings": settings}, 200)
    told = "The personal words of 1 internship will be deleted within the hour: by these settings the time is over."
    assert [one["reason"] for one in preview["effects"]] == [told]
    await scene.day("2028-06-06")

    after = await scene["Otto"].get(f"{scene.path}/cases/{case}")
    *lines, gone = after["history"]
    assert (gone["action"], gone["by"], gone["entered"]) == ("forget", "the calendar", {"kind": "words"})
    named = ("describe", "confirm", "amend", "rate")
    left = [
        {**line, "note": "", "entered": {} if line["action"] in named else line["entered"]}
        for line in before["history"]
    ]
    assert lines == left
    less = {"mentor": None, "evaluation": None, "revision": before["revision"] + 1, "history": after["history"]}
    assert after == {**before, **less}
    exported = await world.admin.get(f"{switch}/export")
    [row] = [one for one in exported["tables"]["internship_credit_case"] if one["id"] == case]
    assert "Gladly again." not in str(row)
    assert await rated() == []
    assert (await scene["Ines"].get("/me/transcript"))["programmes"][0]["ectsEarned"] == "5"
    assert (await scene["Otto"].get(f"{scene.path}/cases/{other}"))["history"][0]["entered"] != {}
    await scene.day("2029-06-06")
    assert (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["revision"] == after["revision"]


async def test_applications_and_days_of_other_work_have_their_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await Placement.of(world, monkeypatch, retention={"application": 6, "work_days": 3})
    ines, otto = scene["Ines"], scene["Otto"]
    offers = [await offered(scene) for _ in range(3)]
    secrets = {}
    for offer, words in zip(offers, ("Declined.", "Placed.", "Begun."), strict=True):
        await ines.put(f"{scene.path}/offers/{offer}/application", {"words": words})
        secrets[offer] = await firm_link(scene, offer)
        [one] = (await otto.get(f"{scene.path}/offers/{offer}/applicants"))["items"]
        address = f"{scene.path}/applicants/{one['applicationId']}?link={secrets[offer]}"
        answer = await world.http.put(address, json={"agreed": words != "Declined."})
        assert answer.status_code == 200, answer.text
    case = await ines.post(f"{scene.path}/me/cases", {"part": "main", "offerId": offers[2]})
    days = [{"day": "2027-02-01", "hours": "8"}, {"day": "2027-07-31", "hours": "4"}]
    await ines.put(f"{scene.path}/me/work-days/2027", {"days": days})

    async def words() -> list[str]:
        tables = (await world.admin.get(f"/programmes/{scene.programme['id']}/plugins/internship_credit/export"))[
            "tables"
        ]
        return [one["words"] for one in tables["internship_credit_application"]]

    every = ["Declined.", "Placed.", "Begun."]
    for day, kept, worked in (
        ("2027-05-01", every, days), ("2027-05-02", every, days[1:]), ("2027-09-20", every, days[1:]),
        ("2027-09-21", every[1:], days[1:]), ("2027-11-01", every[1:], []), ("2027-12-30", every[1:], []),
        ("2027-12-31", [""], []),
    ):  # fmt: skip
        await scene.day(day)
        assert await words() == kept, day
        assert (await ines.get(f"{scene.path}/me/work-days/2027"))["days"] == worked, day
    assert (await ines.get(f"{scene.path}/me/cases/{case['id']}"))["placed"]["offerId"] == offers[2]
