"""Firms with several contacts and sites: who is written to, what belongs to whom, and what cannot be removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from lms_internship_credit.agreement_words import parties
from lms_internship_credit.agreements import Written

from tests.plugins.internship_credit.test_mails import Post, link_in
from tests.plugins.internship_credit.test_offers import OFFER, offered, students
from tests.support.interns import MENTOR, Placement
from tests.support.mailserver import MailServer
from tests.support.with_mail import app_settings, server
from tests.support.world import statements

if TYPE_CHECKING:
    from lms_core.settings import Settings
    from tests.support.world import World

__all__ = ["app_settings", "server"]  # fixtures are found by their names here


HANS = {"name": "Hans Host", "email": "hans@sensors.example"}
KAI = {"name": "Kai Contact", "email": "kai@sensors.example", "position": "Personnel", "language": "en"}
LAB = {"name": "Laboratory", "street": "Am Neckar 1", "place": "Rottweil", "country": "DE"}
FAB = {"name": "Fab", "place": "Grenoble", "country": "FR"}
FIRM = {"name": "Sensors GmbH", "place": "Villingen", "country": "DE", "contacts": [HANS, KAI], "sites": [LAB, FAB]}


async def grown(scene: Placement, **more: Any) -> dict[str, Any]:
    """Give the firm of the scene two contacts and two sites; return it."""
    known = await scene["Otto"].get(f"{scene.path}/contacts/{scene.firm['id']}")
    kept = {one["name"]: one["id"] for name in ("contacts", "sites") for one in known[name]}
    body = {**FIRM, **more}
    for name in ("contacts", "sites"):
        body[name] = [{**one, "id": kept.get(one["name"])} for one in body[name]]
    place, tag = f"{scene.path}/organisations/{scene.firm['id']}", f'"{known["revision"]}"'
    found: dict[str, Any] = await scene["Otto"].put(place, body, If_Match=tag)
    return found


async def test_a_firm_has_contacts_and_sites_and_keeps_those_that_stay(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await Placement.of(world, monkeypatch)
    firm = await grown(scene)
    hans, kai = firm["contacts"]
    lab, fab = firm["sites"]
    assert hans == {"id": scene.firm["contacts"][0]["id"], **HANS, "position": "", "language": "de"}
    assert kai == {"id": kai["id"], **KAI}
    assert (lab, fab) == ({"id": lab["id"], **LAB}, {"id": fab["id"], "street": "", **FAB})
    assert {**firm, "revision": 0} == {
        "id": scene.firm["id"], "name": "Sensors GmbH", "place": "Villingen", "country": "DE", "contacts": [hans, kai],
        "sites": [lab, fab], "revision": 0,
    }  # fmt: skip
    # the order is the one that was sent, and who is left out is gone
    turned = await grown(scene, contacts=[KAI, {**HANS, "position": "Head"}], sites=[FAB])
    assert turned["contacts"] == [kai, {**hans, "position": "Head"}]
    assert (turned["sites"], turned["revision"]) == ([fab], 3)
    # students see where a firm is, and nobody's name
    [seen] = (await scene["Ines"].get(f"{scene.path}/organisations"))["items"]
    assert seen == {**turned, "contacts": None}
    with statements(world.database) as many:
        await scene["Otto"].get(f"{scene.path}/contacts")
    for n in range(3):
        body = {**FIRM, "name": f"Firm {n}"}
        await scene["Otto"].post(f"{scene.path}/organisations", body)
    with statements(world.database) as more:
        assert len((await scene["Otto"].get(f"{scene.path}/contacts"))["items"]) == 4
    assert len(more) == len(many)


async def test_what_belongs_to_another_firm_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch)
    firm = await grown(scene)
    foreign = await scene["Otto"].post(f"{scene.path}/organisations", {**FIRM, "name": "Lasers GmbH"})
    site, contact = foreign["sites"][0]["id"], foreign["contacts"][0]["id"]
    wrong = {"where": "body.siteId", "reason": "must be one of this firm's"}
    offer = {**OFFER, "organisationId": firm["id"]}
    assert (await scene["Otto"].post(f"{scene.path}/offers", {**offer, "siteId": site}, 422))["errors"] == [wrong]
    refused = await scene["Otto"].post(f"{scene.path}/offers", {**offer, "contactId": contact}, 422)
    assert refused["errors"] == [{**wrong, "where": "body.contactId"}]
    begin = {"part": "main", "organisationId": firm["id"], "siteId": site}
    assert (await scene["Ines"].post(f"{scene.path}/me/cases", begin, 422))["errors"] == [wrong]
    case = await scene.drafted()
    for body in ({"siteId": site, "contactId": None}, {"siteId": None, "contactId": contact}):
        assert (await scene["Otto"].put(f"{scene.path}/cases/{case}/host", body, 422))["title"]
    stolen = {**FIRM, "contacts": [{**HANS, "id": contact}, HANS], "sites": [{**LAB, "id": firm["sites"][0]["id"]}] * 2}
    refused = await scene["Otto"].put(f"{scene.path}/organisations/{firm['id']}", stolen, 422, If_Match='"2"')
    assert refused["errors"] == [
        {"where": "body.contacts[0].id", "reason": "must be null or the id of one of this firm, once"}
    ]
    stolen["contacts"] = [HANS]
    refused = await scene["Otto"].put(f"{scene.path}/organisations/{firm['id']}", stolen, 422, If_Match='"2"')
    assert [one["where"] for one in refused["errors"]] == ["body.sites[1].id"]
    nobody = {**FIRM, "contacts": []}
    assert (await scene["Otto"].post(f"{scene.path}/organisations", nobody, 400))["errors"]
    untouched = await scene["Otto"].get(f"{scene.path}/contacts/{foreign['id']}")
    assert untouched == foreign


async def test_mails_go_to_the_contact_of_the_case_and_else_to_the_first(
    world: World, monkeypatch: pytest.MonkeyPatch, app_settings: Settings, server: MailServer
) -> None:
    scene, post = await Placement.of(world, monkeypatch), Post(world, app_settings, server)
    firm = await grown(scene)
    lab, kai = firm["sites"][0], firm["contacts"][1]
    case = await scene.drafted()
    body = {"siteId": lab["id"], "contactId": kai["id"]}
    located = await scene["Otto"].put(f"{scene.path}/cases/{case}/host", body)
    assert located["organisation"] == {
        "id": firm["id"], "name": "Sensors GmbH", "place": "Villingen", "country": "DE", "site": lab, "contact": kai,
    }  # fmt: skip
    assert located["history"][-1]["entered"] == body
    seen = await scene["Ines"].get(f"{scene.path}/me/cases/{case}")
    assert (seen["organisation"]["site"], seen["organisation"]["contact"]) == (lab, None)
    await scene.step("Ines", case, "propose")
    mails = await post.new()
    assert list(mails) == ["kai@sensors.example"]
    assert "is proposed: please confirm it" in mails["kai@sensors.example"]  # in her language
    address = link_in(mails["kai@sensors.example"])
    assert '<html lang="en">' in (await world.http.get(address)).text
    # she leaves the firm: first another is named, and then she goes
    offer = await offered(scene, contactId=kai["id"], siteId=lab["id"])
    whole = {**FIRM, "contacts": [firm["contacts"][0]], "sites": []}
    place, tag = f"{scene.path}/organisations/{firm['id']}", f'"{firm["revision"]}"'
    refused = await scene["Otto"].put(place, whole, 409, If_Match=tag)
    assert refused["detail"] == (
        "What would go is still named: Kai Contact by 1 internship; Kai Contact by 1 offer. Name another there first "
        "(PUT /cases/{id}/host, PUT /offers/{id}), or send it with its id: what comes without one is new."
    )
    await scene["Otto"].put(f"{scene.path}/cases/{case}/host", {"siteId": lab["id"], "contactId": None})
    await scene["Otto"].put(f"{scene.path}/offers/{offer}/state", {"state": "closed"}, If_Match='"1"')
    refused = await scene["Otto"].put(place, whole, 409, If_Match=tag)
    assert refused["detail"].startswith("What would go is still named: Laboratory by 1 internship. Name another")
    await grown(scene, contacts=[HANS])
    await scene.guest(case, "host", "confirm", mentor=MENTOR)
    await post.new()
    approved = await scene.step("Sabine", case, "approve")
    assert sorted(await post.new()) == sorted(["hans@sensors.example", scene["Ines"].email, scene["Sabine"].email])
    # the site stands in what is signed, and stays
    written = msgspec.json.decode(approved["agreement"], type=Written)
    assert msgspec.to_builtins(written.host.site) == lab
    printed = "Sensors GmbH, Villingen, DE; Laboratory, Am Neckar 1, Rottweil, DE"
    assert dict(parties(written, "en"))["Host"] == printed
    moved = {"siteId": None, "contactId": None}
    refused = await scene["Otto"].put(f"{scene.path}/cases/{case}/host", moved, 409)
    assert refused["detail"].startswith("The site stands in the agreement")
    hans = (await scene["Otto"].get(f"{scene.path}/contacts/{firm['id']}"))["contacts"][0]
    kept = await scene["Otto"].put(f"{scene.path}/cases/{case}/host", {"siteId": lab["id"], "contactId": hans["id"]})
    assert kept["organisation"]["contact"] == hans
    assert (await scene["Otto"].call("PUT", f"{scene.path}/cases/{firm['id']}/host", moved)).status_code == 404


async def test_firms_and_offers_stay_as_long_as_something_stands_against_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await Placement.of(world, monkeypatch)
    [ines] = await students(scene, 1)
    offer, other = await offered(scene), await offered(scene)
    await ines.put(f"{scene.path}/offers/{offer}/application", {})
    case = await scene.drafted()
    firm, otto = f"{scene.path}/organisations/{scene.firm['id']}", scene["Otto"]
    tag = {"If_Match": '"1"'}
    assert (await otto.delete(firm, 409, **tag))["detail"] == (
        "There are 1 internship and 2 offers of this firm; it stays as long as there are."
    )
    refused = await otto.delete(f"{scene.path}/offers/{offer}", 409, **tag)
    assert refused["detail"] == "1 student has applied for this offer, so it stays; close it instead."
    # who withdraws leaves nothing behind, and nothing stands against it
    await ines.delete(f"{scene.path}/offers/{offer}/application", 200)
    assert (await otto.get(f"{scene.path}/offers/{offer}/applicants"))["items"] == []
    switch = f"/programmes/{scene.programme['id']}/plugins/internship_credit"
    kept = (await world.admin.get(f"{switch}/export"))["tables"]
    assert kept["internship_credit_application"] == []
    assert (await otto.call("DELETE", f"{scene.path}/offers/{offer}", **tag)).status_code == 204
    assert (await otto.call("DELETE", firm, If_Match='"7"')).status_code == 412
    assert (await otto.call("DELETE", firm)).status_code == 428
    assert (await otto.call("DELETE", f"{scene.path}/offers/{other}", **tag)).status_code == 204
    assert (await otto.call("GET", f"{scene.path}/postings/{other}")).status_code == 404
    assert (await otto.call("DELETE", f"{scene.path}/offers/{other}", **tag)).status_code == 404
    assert (await scene["Ines"].get(f"{scene.path}/me/cases/{case}"))["state"] == "draft"
    empty = await otto.post(f"{scene.path}/organisations", {**FIRM, "name": "Empty GmbH"})
    assert (await otto.call("DELETE", f"{scene.path}/organisations/{empty['id']}", **tag)).status_code == 204
    assert [one["name"] for one in (await otto.get(f"{scene.path}/contacts"))["items"]] == ["Sensors GmbH"]
    # another programme's office finds neither
    left = await offered(scene)
    abroad = await Placement.of(world, monkeypatch, key="other")
    for place in (f"organisations/{scene.firm['id']}", f"offers/{left}"):
        found = await abroad["Otto"].call("DELETE", f"{abroad.path}/{place}", **tag)
        assert found.status_code == 404, place
