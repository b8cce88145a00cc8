"""An internship with seven who act: from an offer on the board to the transcript, with a firm that cancels and an appeal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from lms_internship_credit.plugin import InternshipCredit

from tests.plugins.internship_credit.test_mails import Post, fill_in, link_in
from tests.support.interns import MENTOR, Placement
from tests.support.mailserver import MailServer
from tests.support.with_mail import app_settings, server
from tests.support.with_tables import plugins, postgres_template, sqlite_template

if TYPE_CHECKING:
    from lms_core.settings import Settings
    from tests.support.world import World

__all__ = [
    "app_settings",
    "plugins",
    "postgres_template",
    "server",
    "sqlite_template",
]  # fixtures are found by their names here

HANS, KIM, MIA = "hans@sensors.example", "kim@lasers.example", MENTOR["email"]
LASERS = {
    "name": "Lasers SARL", "place": "Strasbourg", "country": "FR", "contacts": [{"name": "Kim Host", "email": KIM}],
}  # fmt: skip
OFFER = {
    "title": "Etching of membranes", "tasks": "Wet etching.", "place": "Villingen", "language": "German B1",
    "firstDay": "2027-04-05", "lastDay": "2027-06-04", "weeklyHours": "35", "places": 1, "closesOn": "2027-03-20",
}  # fmt: skip
POINTS = dict.fromkeys(("knowledge", "quality", "initiative", "teamwork", "reliability"), "4")


@pytest.fixture(scope="session")
def plugin_class() -> type[InternshipCredit]:
    return InternshipCredit


async def test_from_an_offer_to_the_transcript(
    world: World, monkeypatch: pytest.MonkeyPatch, app_settings: Settings, server: MailServer
) -> None:
    scene, post = await Placement.of(world, monkeypatch), Post(world, app_settings, server)
    ines, otto = scene["Ines"], scene["Otto"]

    # 1 March: the office puts an offer of a firm on the board; Ines finds it, applies, and the firm agrees
    body = {**OFFER, "organisationId": scene.firm["id"]}
    offer = (await otto.post(f"{scene.path}/offers", body))["id"]
    [found] = (await ines.get(f"{scene.path}/offers?text=membranes"))["items"]
    assert (found["id"], found["free"], found["mine"]) == (offer, 1, None)
    await ines.put(f"{scene.path}/offers/{offer}/application", {"words": "I know clean rooms."})
    address = link_in((await post.new())[HANS])
    listed = (await world.http.get(address, headers={"Accept": "application/json"})).json()["items"]
    await world.http.post(address, data={"application": listed[0]["applicationId"], "decision": "agree"})
    assert list(await post.new()) == [ines.email]
    assert (await ines.get(f"{scene.path}/offers/{offer}"))["mine"] == "placed"

    # she describes it, her firm confirms by the link of its mail, Sabine approves, three sign, Otto clears
    case = await arranged(scene, post, HANS)

    # 5 April it begins, and in May both sides agree that it goes on for longer
    await scene.day("2027-04-05")
    scene.at("2027-05-10")
    await post.new()
    before = await ines.get(f"{scene.path}/me/cases/{case}")
    assert (before["state"], before["beganOn"]) == ("running", "2027-04-05")
    longer = {**before["description"], "lastDay": "2027-07-02"}
    await scene.step("Ines", case, "amend", change=longer, note="The machine came late.")
    mails = await post.new()
    assert set(mails) == {HANS, ines.email, scene["Sabine"].email}
    assert "Danke" in await fill_in(world, link_in(mails[HANS]), action="sign")
    sha256 = (await ines.get(f"{scene.path}/me/cases/{case}"))["sha256"]
    await scene.step("Ines", case, "sign", sha256=sha256)
    changed = await scene.step("Sabine", case, "sign", sha256=sha256)
    assert (changed["state"], changed["inForce"], changed["description"]["lastDay"]) == ("running", 2, "2027-07-02")

    # 20 May the firm closes its line, by a link that the office sends; what was worked is certified and is too little
    scene.at("2027-05-20")
    await scene.guest(case, "host", "cancel", note="We close the line.")
    await post.new()
    ended = await scene.step("Ines", case, "end")
    assert (ended["state"], ended["endedOn"]) == ("ended", "2027-05-20")
    mails = await post.new()
    assert "Danke" in await fill_in(world, link_in(mails[HANS]), action="certify", hours="140")
    mails = await post.new()
    assert "Danke" in await fill_in(world, link_in(mails[MIA]), action="evaluate", **POINTS)
    await ines.put(f"{scene.path}/me/cases/{case}/report", {"text": "Six weeks of membranes."})
    await scene.step("Ines", case, "submit")
    await scene.step("Sabine", case, "evaluate")
    refused = await scene.step("Berta", case, "recognise", 409)
    assert [error["where"] for error in refused["errors"]] == ["award"]
    assert (await scene.step("Berta", case, "reject", note="140 of 150 hours."))["state"] == "rejected"

    # in summer she is at another firm for as long as it takes
    lasers = await otto.post(f"{scene.path}/organisations", LASERS)
    second = await arranged(scene, post, KIM, lasers["id"], firstDay="2027-07-05", lastDay="2027-08-31")
    await scene.day("2027-07-05")
    await scene.day("2027-09-01")
    mails = await post.new()
    assert "days and hours are to be certified" in mails[KIM]  # a firm in France is written to in English
    assert "Thank you" in await fill_in(world, link_in(mails[KIM]), action="certify", hours="290")
    await fill_in(world, link_in((await post.new())[MIA]), action="evaluate", **POINTS)
    await ines.put(f"{scene.path}/me/cases/{second}/report", {"text": "Lasers, and what they cut."})
    await scene.step("Ines", second, "submit")
    await scene.step("Sabine", second, "demand_rework", note="Say what you measured.", due="2027-09-20")
    await ines.put(f"{scene.path}/me/cases/{second}/report", {"text": "Lasers, what they cut, and how deep."})
    await scene.step("Ines", second, "submit")
    await scene.step("Sabine", second, "evaluate")

    # the board recognises a part, she appeals, and another member grants the whole
    partly = await scene.step("Berta", second, "recognise_partly", ects="2.5", note="Not all of it was microsystems.")
    assert (partly["state"], partly["granted"]) == ("partial", "2.5")
    await scene.step("Ines", second, "appeal", note="The aims of the agreement were met.")
    booked = await scene.step("Bruno", second, "recognise")
    assert (booked["state"], booked["granted"], booked["decidedOn"]) == ("booked", "5", "2027-09-01")
    await post.new()

    # what stands at the end: one booking on the transcript, two cases, nothing on its way
    [counted] = (await ines.get("/me/transcript"))["programmes"]
    assert counted["ectsEarned"] == "5"
    assert [(one["title"], one["ects"], one["credited"]) for one in counted["modules"]] == [("Internship", "5", True)]
    assert (await ines.get("/me/dashboard"))["pending"] == []
    assert [(one["organisation"], one["state"]) for one in (await ines.get(f"{scene.path}/me/cases"))["items"]] == [
        ("Sensors GmbH", "rejected"), ("Lasers SARL", "booked"),
    ]  # fmt: skip
    figures = await otto.get(f"{scene.path}/figures")
    assert [one["state"] for one in figures["states"]] == ["booked", "rejected"]


async def arranged(scene: Placement, post: Post, host: str, firm: str | None = None, **more: Any) -> str:
    """From a draft to where it waits for its first day; the host acts from the page that its mails open."""
    case = await scene.drafted(firm=firm, **more)
    await scene.step("Ines", case, "propose")
    address = link_in((await post.new())[host])
    thanks = await fill_in(scene.world, address, action="confirm", name=MENTOR["name"], email=MIA)
    assert ("Thank you" if host == KIM else "Danke") in thanks
    await scene.step("Sabine", case, "approve")
    mails = await post.new()
    await fill_in(scene.world, link_in(mails[host]), action="sign")
    sha256 = (await scene["Ines"].get(f"{scene.path}/me/cases/{case}"))["sha256"]
    await scene.step("Ines", case, "sign", sha256=sha256)
    await scene.step("Sabine", case, "sign", sha256=sha256)
    for kind in ("insurance", "residence", "wage"):
        note = {"cleared": True, "note": "Seen."}
        await scene["Otto"].put(f"{scene.path}/cases/{case}/clearances/{kind}", note)
    cleared = await scene.step("Otto", case, "clear")
    assert cleared["state"] == "cleared"
    await post.new()
    return case
