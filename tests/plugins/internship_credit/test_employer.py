"""A firm enters and mends its own offers by its link; the office releases them, and no firm sees another's."""

from __future__ import annotations

from html import unescape
from re import findall
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx
import pytest

from lms_core.api import Context, Invitation, invite_guests, revoke_guests
from tests.plugins.internship_credit.test_firms import FIRM, grown
from tests.plugins.internship_credit.test_mails import Post, link_in
from tests.plugins.internship_credit.test_offers import OFFER, offered
from tests.support.interns import Placement
from tests.support.mailserver import MailServer
from tests.support.with_mail import app_settings, server

if TYPE_CHECKING:
    from lms_core.settings import Settings
    from tests.support.world import World

__all__ = ["app_settings", "server"]  # fixtures are found by their names here


JSON = {"Accept": "application/json"}
TYPED = {
    "title": "Ätzen & <Messen>", "tasks": "Ätzen.", "skills": "", "contact_id": "", "place": "Villingen",
    "language": "Deutsch B1", "first_day": "05.04.2027", "last_day": "2027-06-30", "weekly_hours": "37,5",
    "pay_cents": "1.200,50", "kind": "any", "places": "1", "closes_on": "2027-03-20",
}  # fmt: skip


async def secret_of(scene: Placement, firm: str) -> str:
    """Make a link for a firm, as its mail has one."""
    context = Context("internship_credit", UUID(scene.programme["id"]), scene.settings, scene.world.database)
    async with context.write() as connection:
        await revoke_guests(context, connection, "internship_credit.employer", firm)
        wanted = Invitation(role="internship_credit.employer", about=firm, title="Kai", path="employer")
        [made] = await invite_guests(context, connection, [wanted])
    return made.url.partition("link=")[2]


class Employer:
    """A firm that comes by its link."""

    def __init__(self, scene: Placement, secret: str) -> None:
        self.scene, self.secret = scene, secret

    async def board(self) -> dict[str, Any]:
        answer = await self.scene.world.http.get(f"{self.scene.path}/employer?link={self.secret}", headers=JSON)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def put(self, path: str, body: Any, revision: int | None = None) -> httpx.Response:
        headers = {} if revision is None else {"If-Match": f'"{revision}"'}
        address = f"{self.scene.path}/employer/offers/{path}?link={self.secret}"
        return await self.scene.world.http.put(address, json=body, headers=headers)

    async def send(self, status: int = 200, **fields: str) -> str:
        address = f"{self.scene.path}/employer?link={self.secret}"
        answer = await self.scene.world.http.post(address, data=fields)
        assert answer.status_code == status, answer.text
        return unescape(answer.text)


async def test_what_a_firm_offers_waits_for_the_office(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch)
    firm = await grown(scene)
    employer = Employer(scene, await secret_of(scene, firm["id"]))
    assert await employer.board() == {"firm": firm, "language": "de", "items": [], "next": None}
    offer = str(uuid4())
    body = {**OFFER, "siteId": firm["sites"][0]["id"], "contactId": firm["contacts"][1]["id"]}
    made = (await employer.put(offer, body)).json()
    whole = {name: value for name, value in body.items() if name != "siteId"}
    assert made == {
        **whole, "id": offer, "organisationId": firm["id"], "organisation": "Sensors GmbH", "country": "DE", "free": 1,
        "site": firm["sites"][0], "state": "draft", "mine": None, "revision": 1,
    }  # fmt: skip
    assert (await employer.put(offer, body)).json() == made  # sent twice, it is there once

    async def seen() -> tuple[int, int, int]:
        found = await scene["Ines"].call("GET", f"{scene.path}/offers/{offer}")
        listed = (await scene["Ines"].get(f"{scene.path}/offers"))["items"]
        catalogue = (await world.http.get(f"{scene.path}/catalogue")).text
        return found.status_code, len(listed), len(catalogue.splitlines()) - 1

    assert await seen() == (404, 0, 0)
    [waiting] = (await scene["Otto"].get(f"{scene.path}/postings?stage=draft"))["items"]
    assert waiting == made
    await scene["Otto"].put(f"{scene.path}/offers/{offer}/state", {"state": "open"}, If_Match='"1"')
    assert await seen() == (200, 1, 1)
    # a change waits as well; who has read another state is told so
    assert (await employer.put(offer, {**body, "title": "Optics"}, 1)).status_code == 412
    assert (await employer.put(offer, {**body, "title": "Optics"})).status_code == 428
    changed = (await employer.put(offer, {**body, "title": "Optics"}, 2)).json()
    assert (changed["title"], changed["state"], changed["revision"]) == ("Optics", "draft", 3)
    assert await seen() == (404, 0, 0)
    closed = (await employer.put(f"{offer}/state", {"state": "closed"}, 3)).json()
    assert closed["state"] == "closed"
    assert (await employer.put(f"{offer}/state", {"state": "open"}, 4)).status_code == 400
    assert (await employer.put(f"{offer}/state", {"state": "draft"}, 4)).json()["state"] == "draft"


async def test_no_firm_sees_or_changes_what_another_offers(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch)
    other = await scene["Otto"].post(f"{scene.path}/organisations", {**FIRM, "name": "Lasers GmbH"})
    abroad = await Placement.of(world, monkeypatch, key="other")
    lasers = Employer(scene, await secret_of(scene, other["id"]))
    mine = str(uuid4())
    assert (await lasers.put(mine, OFFER)).status_code == 200
    for theirs in (await offered(scene), await offered(abroad)):
        for revision in (None, 1):
            assert (await lasers.put(theirs, {**OFFER, "title": "Stolen"}, revision)).status_code == 404
        assert (await lasers.put(f"{theirs}/state", {"state": "closed"}, 1)).status_code == 404
        for fields in ({"action": "close"}, {"action": "save", **TYPED}):
            page = await lasers.send(offer=theirs, revision="1", **fields)
            assert "Das hat inzwischen jemand anderes geändert" in page
            assert page.count("<section>") == 1
    assert [one["id"] for one in (await lasers.board())["items"]] == [mine]
    assert [one["state"] for one in (await scene["Otto"].get(f"{scene.path}/offers"))["items"]] == ["open"]
    # nor is another firm's site or contact one of its own
    for name, value in (("siteId", None), ("contactId", scene.firm["contacts"][0]["id"])):
        body = {**OFFER, name: value or (await grown(scene))["sites"][0]["id"]}
        refused = (await lasers.put(str(uuid4()), body)).json()
        assert refused["errors"] == [{"where": f"body.{name}", "reason": "must be one of this firm's"}]
    # and a link for applicants or for a case opens no board
    case = await scene.drafted()
    secret = await scene.link(case, "host")
    found = await world.http.get(f"{scene.path}/employer?link={secret}", headers=JSON)
    assert found.status_code == 401


async def test_a_firm_that_has_nothing_but_its_mail(
    world: World, monkeypatch: pytest.MonkeyPatch, app_settings: Settings, server: MailServer
) -> None:
    scene, post = await Placement.of(world, monkeypatch), Post(world, app_settings, server)
    firm = await grown(scene)
    kai = firm["contacts"][1]["id"]
    sent = await scene["Otto"].post(f"{scene.path}/organisations/{firm['id']}/links", {"contactId": kai})
    to = {"name": "Kai Contact", "email": "kai@sensors.example"}
    assert sent == {"mailedTo": "kai@sensors.example", "url": None, "expiresAt": None, **to}
    mails = await post.new()
    assert list(mails) == ["kai@sensors.example"]
    address = link_in(mails["kai@sensors.example"])
    page = (await world.http.get(address)).text
    assert '<html lang="de">' in page
    assert "<h1>Angebote von <bdi>Sensors GmbH</bdi></h1>" in page
    employer = Employer(scene, address.partition("link=")[2])
    [offer] = findall(r'name="offer" value="([^"]+)"', page)
    # what is wrong is told in the page, with what was typed
    wrong = {**TYPED, "title": " ", "weekly_hours": "viel", "last_day": "morgen", "pay_cents": "-1", "places": "0"}
    page = await employer.send(422, offer=offer, action="save", **wrong)
    assert findall(r'<li><a href="#(\w+)">', page) == ["title", "last_day", "weekly_hours", "pay_cents", "places"]
    rules = {"title": "", "last_day": "2027-04-01", "weekly_hours": "61", "closes_on": "2027-02-01", "tasks": " "}
    every = await employer.send(422, offer=offer, action="save", **{**TYPED, **rules})
    assert findall(r'<li><a href="#(\w+)">', every) == ["title", "tasks", "last_day", "weekly_hours", "closes_on"]
    assert page.count("Stunden je Woche: muss von 1 bis 60 sein, etwa 37,5.") == 2  # above, and at the field
    assert '<html lang="en">' in (await world.http.get(f"{address}&language=en")).text
    assert 'value="viel"' in page
    page = await employer.send(422, offer=offer, action="save", **{**TYPED, "last_day": "2027-04-01"})
    assert findall(r'<li><a href="#(\w+)">', page) == ["last_day"]
    page = await employer.send(422, offer=offer, action="save", **{**TYPED, "closes_on": "2027-02-01"})
    assert findall(r'<li><a href="#(\w+)">', page) == ["closes_on"]
    assert (await employer.board())["items"] == []
    # what is right is kept, once however often the button is pressed
    for _ in range(2):
        page = await employer.send(offer=offer, action="save", **TYPED)
        assert "Danke; das ist gespeichert." in page
    assert "<Messen>" not in (await world.http.get(address)).text
    [kept] = (await employer.board())["items"]
    assert (kept["title"], kept["state"], kept["weeklyHours"], kept["payCents"], kept["organisationId"]) == (
        "Ätzen & <Messen>", "draft", "37.5", 120_050, firm["id"],
    )  # fmt: skip
    # it is changed, closed and handed in anew; a page that is old says so
    site = firm["sites"][1]["id"]
    await employer.send(offer=offer, revision="1", action="save", **{**TYPED, "title": "Optik", "site_id": site})
    assert "inzwischen jemand anderes" in await employer.send(offer=offer, revision="1", action="save", **TYPED)
    assert "inzwischen jemand anderes" in await employer.send(offer=offer, action="save", **TYPED)
    await employer.send(offer=offer, revision="2", action="close")
    [kept] = (await employer.board())["items"]
    assert (kept["title"], kept["state"], kept["country"], kept["revision"]) == ("Optik", "closed", "FR", 3)
    await employer.send(offer=offer, revision="3", action="hand_in")
    assert (await employer.board())["items"][0]["state"] == "draft"
    # a newer link takes the older one back, and so does the end of the firm
    newer = Employer(scene, await secret_of(scene, firm["id"]))
    assert (await world.http.get(address)).status_code == 401
    assert len((await newer.board())["items"]) == 1
    await scene["Otto"].delete(f"{scene.path}/offers/{offer}", If_Match='"4"')
    await scene["Otto"].delete(f"{scene.path}/organisations/{firm['id']}", If_Match='"2"')
    assert (await world.http.get(f"{scene.path}/employer?link={newer.secret}")).status_code == 401
