"""The board of placements: offered, searched, applied for, decided by the firm, and never given out twice."""

from __future__ import annotations

import asyncio
import csv
import io
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.plugins.internship_credit.test_mails import Post, link_in
from tests.support.interns import Placement
from tests.support.mailserver import MailServer
from tests.support.with_mail import app_settings, server

if TYPE_CHECKING:
    from lms_core.settings import Settings
    from tests.support.world import Actor, World

__all__ = ["app_settings", "server"]  # fixtures are found by their names here


OFFER = {
    "title": "Etching of membranes", "tasks": "Wet etching, measuring.", "skills": "Clean room", "place": "Villingen",
    "language": "German B1", "firstDay": "2027-04-05", "lastDay": "2027-06-30", "weeklyHours": "35",
    "payCents": 120_000, "kind": "any", "places": 1, "closesOn": "2027-03-20",
}  # fmt: skip


async def students(scene: Placement, number: int) -> list[Actor]:
    found = [scene["Ines"]]
    for n in range(1, number):
        who = await scene.person(f"Student {n} {scene.programme['key']}")
        await scene.world.admin.post(f"/programmes/{scene.programme['id']}/enrolments", {"email": who.email})
        found.append(who)
    return found


async def offered(scene: Placement, **more: Any) -> str:
    body = {**OFFER, "organisationId": scene.firm["id"], **more}
    return str((await scene["Otto"].post(f"{scene.path}/offers", body))["id"])


async def test_a_firm_decides_by_its_mail_and_who_withdraws_leaves_the_place_to_the_next(
    world: World, monkeypatch: pytest.MonkeyPatch, app_settings: Settings, server: MailServer
) -> None:
    scene, post = await Placement.of(world, monkeypatch), Post(world, app_settings, server)
    ines, bea, cy = await students(scene, 3)
    offer = await offered(scene)
    place = f"{scene.path}/offers/{offer}"
    for who in (ines, bea, cy):
        assert (await who.put(f"{place}/application", {"words": "Please <b>me</b>."}))["mine"] == "applied"
    assert (await ines.put(f"{place}/application", {}, 409))["detail"] == "You have applied already."
    mails = await post.new()
    assert list(mails) == ["hans@sensors.example"]
    address = link_in(mails["hans@sensors.example"])
    page = (await world.http.get(address)).text
    assert page.count("Please &lt;b&gt;me&lt;/b&gt;.") == 3
    found = (await world.http.get(address, headers={"Accept": "application/json"})).json()
    ids = {one["name"]: one["applicationId"] for one in found["items"]}
    assert list(ids) == ["Ines ms", "Student 1 ms", "Student 2 ms"]
    for name, decision in (("Student 1 ms", "agree"), ("Ines ms", "agree"), ("Student 2 ms", "decline")):
        answer = await world.http.post(address, data={"application": ids[name], "decision": decision})
        assert (answer.status_code, "Danke; das ist gespeichert." in answer.text) == (200, True)
    again = await world.http.post(address, data={"application": ids["Ines ms"], "decision": "decline"})
    assert (again.status_code, "Das geht nicht mehr." in again.text) == (409, True)
    # a form without a decision decides nothing, and the page can be read in English
    nothing = await world.http.post(address, data={"application": ids["Student 2 ms"]})
    assert (nothing.status_code, "Danke" in nothing.text) == (200, False)
    english = (await world.http.get(f"{address}&language=en")).text
    assert re.findall(r"</h2><p>([^<]+)</p>", english) == [
        "Waits for the next place that becomes free", "Has a place", "Declined",
    ]  # fmt: skip
    mails = await post.new()
    assert {email: text.splitlines()[0][:24] for email, text in mails.items()} == {
        bea.email: "You have the place. Begi", ines.email: "The firm agrees, but all", cy.email: "The firm has declined.",
    }  # fmt: skip
    seen = [await who.get(place) for who in (ines, bea, cy)]
    assert [(one["mine"], one["free"]) for one in seen] == [("waiting", 0), ("placed", 0), ("declined", 0)]
    assert (await bea.delete(f"{place}/application", 200))["mine"] is None
    assert (await ines.get(place))["mine"] == "placed"
    assert list(await post.new()) == [ines.email]
    assert (await cy.call("DELETE", f"{place}/application")).status_code == 404
    # further places go to those who wait
    applied = await bea.put(f"{place}/application", {"words": "After all."})
    assert applied["mine"] == "applied"
    listed = await scene["Otto"].get(f"{place}/applicants")
    assert [(one["name"], one["state"]) for one in listed["items"]] == [
        ("Ines ms", "placed"), ("Student 2 ms", "declined"), ("Student 1 ms", "applied"),
    ]  # fmt: skip


async def test_places_are_never_given_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch)
    people = await students(scene, 6)
    offer = await offered(scene, places=2)
    place = f"{scene.path}/offers/{offer}"
    for who in people:
        await who.put(f"{place}/application", {})
    secret = await firm_link(scene, offer)
    ids = [one["applicationId"] for one in (await scene["Otto"].get(f"{place}/applicants"))["items"]]
    answers = await asyncio.gather(
        *(world.http.put(f"{scene.path}/applicants/{one}?link={secret}", json={"agreed": True}) for one in [*ids, *ids])
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 6 + [409] * 6
    await asyncio.gather(*(who.call("DELETE", f"{place}/application") for who in people[:3]))
    states = sorted(one["state"] for one in (await scene["Otto"].get(f"{place}/applicants"))["items"])
    assert states == ["placed", "placed", "waiting"]
    body = {**OFFER, "organisationId": scene.firm["id"], "places": 3}
    changed = await scene["Otto"].put(place, body, If_Match='"1"')
    assert (changed["free"], changed["revision"]) == (0, 2)


async def firm_link(scene: Placement, offer: str) -> str:
    """Make a link for the firm, as its mail has one."""
    from uuid import UUID

    from lms_core.hooks.context import Context
    from lms_core.hooks.guests import Invitation, invite_guests

    context = Context("internship_credit", UUID(scene.programme["id"]), scene.settings, scene.world.database)
    async with context.write() as connection:
        wanted = Invitation(role="internship_credit.firm", about=offer, title="Hans", path="applicants")
        [made] = await invite_guests(context, connection, [wanted])
    return made.url.partition("link=")[2]


async def test_offers_are_found_by_their_words_until_they_close(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch)
    other = await Placement.of(world, monkeypatch, key="other")
    etching = await offered(scene)
    optics = await offered(
        scene, title="100% optics", kind="mandatory", tasks="Lenses.", skills="Python", closesOn="2027-03-10"
    )
    await offered(other)
    for query, found in (
        ("", [etching, optics]), ("text=ETCHING", [etching]), ("text=python+optics", [optics]), ("text=100%25", [optics]),
        ("text=1_0", []), ("country=DE", [etching, optics]), ("country=FR", []), ("kind=voluntary", [etching]),
        ("kind=mandatory", [etching, optics]),
    ):  # fmt: skip
        items = (await scene["Ines"].get(f"{scene.path}/offers?{query}"))["items"]
        assert [one["id"] for one in items] == found, query
    scene.at("2027-03-11")
    assert [one["id"] for one in (await scene["Ines"].get(f"{scene.path}/offers"))["items"]] == [etching]
    late = await scene["Ines"].put(f"{scene.path}/offers/{optics}/application", {}, 409)
    assert late["detail"] == "Applications were taken until 2027-03-10."
    # everybody sees the catalogue, without contacts
    catalogue = (await world.http.get(f"{scene.path}/catalogue")).text
    assert "hans" not in catalogue.lower()
    assert list(csv.reader(io.StringIO(catalogue)))[1:] == [
        [
            "Sensors GmbH", "DE", "Etching of membranes", "Villingen", "2027-04-05", "2027-06-30", "35", "120000",
            "German B1", "1",
        ]
    ]  # fmt: skip
    # nothing of another programme is found by its id
    theirs = (await other["Ines"].get(f"{other.path}/offers"))["items"][0]["id"]
    assert (await scene["Ines"].call("GET", f"{scene.path}/offers/{theirs}")).status_code == 404
    assert (await scene["Ines"].call("PUT", f"{scene.path}/offers/{theirs}/application", {})).status_code == 404


async def test_what_cannot_be_offered_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch)
    for more, where in (
        ({"lastDay": "2027-04-01"}, "lastDay"), ({"closesOn": "2027-05-01"}, "closesOn"), ({"places": 0}, "places"),
        ({"weeklyHours": "61"}, "weeklyHours"),
    ):  # fmt: skip
        body = {**OFFER, "organisationId": scene.firm["id"], **more}
        refused = await scene["Otto"].post(f"{scene.path}/offers", body, 400)
        assert where in str(refused["errors"]), more
    over = {**OFFER, "organisationId": scene.firm["id"], "closesOn": "2027-02-28"}
    refused = await scene["Otto"].post(f"{scene.path}/offers", over, 422)
    assert refused["errors"] == [{"where": "body.closesOn", "reason": "must not be over; nobody could apply"}]
    nowhere = {**OFFER, "organisationId": scene.programme["id"]}
    assert (await scene["Otto"].call("POST", f"{scene.path}/offers", nowhere)).status_code == 404
