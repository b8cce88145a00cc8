"""From a place to a case that is filled in, decisions that are taken back, and how words are found."""

from __future__ import annotations

import asyncio
from re import findall
from typing import TYPE_CHECKING, Any

import pytest
from lms_internship_credit.folding import forms, kept

from tests.plugins.internship_credit.test_firms import grown
from tests.plugins.internship_credit.test_mails import Post, link_in
from tests.plugins.internship_credit.test_offers import OFFER, firm_link, offered, students
from tests.support.interns import Placement
from tests.support.mailserver import MailServer
from tests.support.with_mail import app_settings, server
from tests.support.world import statements

if TYPE_CHECKING:
    from lms_core.settings import Settings
    from tests.support.world import Actor, World

__all__ = ["app_settings", "server"]  # fixtures are found by their names here


class Firm:
    """The firm of an offer with its link, as it decides."""

    def __init__(self, scene: Placement, offer: str, secret: str) -> None:
        self.scene, self.offer, self.secret = scene, offer, secret

    @classmethod
    async def of(cls, scene: Placement, offer: str) -> Firm:
        return cls(scene, offer, await firm_link(scene, offer))

    async def states(self) -> dict[str, tuple[str, str]]:
        """Return the state of each application, and its id, by the name of who applied."""
        found = await self.scene["Otto"].get(f"{self.scene.path}/offers/{self.offer}/applicants")
        return {one["name"]: (one["state"], one["applicationId"]) for one in found["items"]}

    async def seen(self) -> list[dict[str, Any]]:
        """Return who applied, as the firm reads it."""
        address = f"{self.scene.path}/applicants?link={self.secret}"
        answer = await self.scene.world.http.get(address, headers={"Accept": "application/json"})
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def decide(self, who: Actor, agreed: bool | None, status: int = 200) -> dict[str, Any]:
        """Agree, decline, or (None) take that back."""
        address = f"{self.scene.path}/applicants/{(await self.states())[who.person.name][1]}"
        http = self.scene.world.http
        if agreed is None:
            answer = await http.delete(f"{address}/decision?link={self.secret}")
        else:
            answer = await http.put(f"{address}?link={self.secret}", json={"agreed": agreed})
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found


async def test_a_place_fills_a_case_in(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch)
    ines, bea = await students(scene, 2)
    grew = await grown(scene)
    lab, kai = grew["sites"][0], grew["contacts"][1]
    offer = await offered(scene, siteId=lab["id"], contactId=kai["id"], kind="mandatory", places=2)
    place, begin = f"{scene.path}/offers/{offer}", {"part": "main", "offerId": offer}
    refused = await ines.post(f"{scene.path}/me/cases", begin, 409)
    assert refused["detail"] == (
        "You have no place by this offer (not applied); the firm has to agree to your application first."
    )
    for who in (ines, bea):
        await who.put(f"{place}/application", {})
    assert "the state 'applied'" in (await ines.post(f"{scene.path}/me/cases", begin, 409))["detail"]
    firm = await Firm.of(scene, offer)
    await firm.decide(ines, True)
    await firm.decide(bea, False)
    assert "the state 'declined'" in (await bea.post(f"{scene.path}/me/cases", begin, 409))["detail"]
    case = await ines.post(f"{scene.path}/me/cases", begin)
    assert {name: case[name] for name in ("state", "description", "placed", "organisation")} == {
        "state": "draft",
        "description": {
            "firstDay": "2027-04-05", "lastDay": "2027-06-30", "weeklyHours": "35", "place": "Villingen",
            "tasks": "Wet etching, measuring.", "aims": "", "monitoring": "", "language": "German B1",
            "payCents": 120_000, "insurance": "",
        },
        "placed": {
            "offerId": offer, "applicationId": (await firm.states())[ines.person.name][1],
            "title": "Etching of membranes", "kind": "mandatory",
        },
        "organisation": {
            "id": scene.firm["id"], "name": "Sensors GmbH", "place": "Villingen", "country": "DE", "site": lab,
            "contact": None,
        },
    }  # fmt: skip
    assert (await scene["Otto"].get(f"{scene.path}/cases/{case['id']}"))["organisation"]["contact"] == kai
    # aims are hers to write: until then it cannot be proposed
    draft = {"description": case["description"], "supervisorId": scene["Sabine"].id}
    await ines.put(f"{scene.path}/me/cases/{case['id']}", draft, If_Match='"1"')
    lacking = await scene.step("Ines", case["id"], "propose", 409)
    assert [error["where"] for error in lacking["errors"]] == ["description"]
    draft["description"] = {**case["description"], "aims": "Know a clean room."}
    await ines.put(f"{scene.path}/me/cases/{case['id']}", draft, If_Match='"2"')
    assert (await scene.step("Ines", case["id"], "propose"))["placed"] == case["placed"]
    # the place is hers while the case is: neither she nor the firm can give it away
    assert (await ines.delete(f"{place}/application", 409))["detail"].startswith("You have begun an internship")
    assert (await firm.decide(ines, None, 409))["detail"].startswith("The student has begun an internship")
    assert [one["fixed"] for one in await firm.seen()] == ["begun", None]
    await scene.step("Ines", case["id"], "withdraw")
    assert [one["fixed"] for one in await firm.seen()] == [None, None]
    await firm.decide(ines, None)
    assert (await ines.delete(f"{place}/application", 200))["mine"] is None


async def test_who_names_two_firms_or_none_is_told(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch)
    other = await Placement.of(world, monkeypatch, key="other")
    offer, theirs = await offered(scene), await offered(other)
    firm = scene.firm["id"]
    for body in ({}, {"organisationId": firm, "offerId": offer}, {"offerId": offer, "siteId": firm}):
        refused = await scene["Ines"].post(f"{scene.path}/me/cases", {"part": "main", **body}, 400)
        assert refused["errors"], body
    for unknown in (theirs, firm):
        begin = {"part": "main", "offerId": unknown}
        assert (await scene["Ines"].call("POST", f"{scene.path}/me/cases", begin)).status_code == 404


async def test_a_decision_is_taken_back_while_nobody_else_has_the_place(
    world: World, monkeypatch: pytest.MonkeyPatch, app_settings: Settings, server: MailServer
) -> None:
    scene, post = await Placement.of(world, monkeypatch), Post(world, app_settings, server)
    ines, bea, cy = await students(scene, 3)
    offer = await offered(scene)
    for who in (ines, bea, cy):
        await who.put(f"{scene.path}/offers/{offer}/application", {})
    firm = await Firm.of(scene, offer)
    assert (await firm.decide(ines, None, 409))["detail"] == "There is no decision to take back."
    # a place is taken back, and goes to the next
    await firm.decide(ines, True)
    await firm.decide(bea, True)
    await post.new()
    firm = await Firm.of(scene, offer)  # the mails took the link before back
    await firm.decide(ines, None)
    mails = await post.new()
    assert {email: text.splitlines()[0] for email, text in mails.items()} == {
        ines.email: "The firm has taken its answer back and will decide anew.",
        bea.email: "You have the place. Begin a case for it to have it count for your study.",
    }
    assert [state for state, _ in (await firm.states()).values()] == ["applied", "placed", "applied"]
    # who was declined can be reconsidered until all places are given
    await firm.decide(ines, False)
    assert (await firm.decide(ines, None, 409))["detail"] == "All places have gone to others since then."
    fixed = [(one["state"], one["fixed"]) for one in await firm.seen()]
    assert fixed == [("declined", "no_place"), ("placed", None), ("applied", None)]
    page = (await world.http.get(f"{scene.path}/applicants?link={firm.secret}&language=en")).text
    assert findall(r'value="(agree|decline|back)"', page) == ["back", "agree", "decline"]
    assert page.count("All places have gone to others, so this cannot be taken back.") == 1
    await firm.decide(bea, None)
    await firm.decide(ines, None)
    await firm.decide(ines, True)
    assert [state for state, _ in (await firm.states()).values()] == ["placed", "applied", "applied"]
    # by the page of the firm as well, whose link the office sends once more
    sent = await scene["Otto"].post(f"{scene.path}/offers/{offer}/links", {})
    to = {"name": "Hans Host", "email": "hans@sensors.example"}
    assert sent == {"mailedTo": "hans@sensors.example", "url": None, "expiresAt": None, **to}
    address = link_in((await post.new())["hans@sensors.example"])
    page = (await world.http.get(address)).text
    assert page.count("Zurücknehmen") == 1
    given = {"application": (await firm.states())[ines.person.name][1], "decision": "back"}
    assert "Danke" in (await world.http.post(address, data=given)).text
    assert [state for state, _ in (await firm.states()).values()] == ["applied"] * 3
    await scene["Otto"].post(f"{scene.path}/offers/{offer}/links", {})
    again = link_in((await post.new())["hans@sensors.example"])
    assert [(await world.http.get(one)).status_code for one in (address, again)] == [401, 200]


async def test_a_case_and_what_is_taken_back_do_not_miss_each_other(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await Placement.of(world, monkeypatch)
    ines = scene["Ines"]
    offer = await offered(scene)
    await ines.put(f"{scene.path}/offers/{offer}/application", {})
    firm = await Firm.of(scene, offer)
    await firm.decide(ines, True)
    back = f"{scene.path}/applicants/{(await firm.states())[ines.person.name][1]}/decision?link={firm.secret}"
    begun, taken = await asyncio.gather(
        ines.call("POST", f"{scene.path}/me/cases", {"part": "main", "offerId": offer}), world.http.delete(back)
    )
    assert (begun.status_code, taken.status_code) in ((201, 409), (409, 200))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Clean Room", ["cleanroom"]), ("clean-room", ["cleanroom"]), ("Ätz-Labor", ["atzlabor", "aetzlabor"]),
        ("A\u0308tzlabor", ["atzlabor", "aetzlabor"]), ("STRASSE, Straße", ["strassestrasse"]), ("C++ / C#", ["c++c#"]),
        ("Ελλάς", ["ελλασ"]), ("Crème brûlée", ["cremebrulee"]), ("100%", ["100%"]), (" - ", []), ("", []),
    ],
)  # fmt: skip
def test_how_words_are_kept(text: str, written: list[str]) -> None:
    assert forms(text) == written


def test_each_text_has_a_line_of_its_own() -> None:
    assert kept("Clean", "room", "Clean", "Öl") == "clean\nroom\nol\noel"


async def test_offers_are_found_however_they_are_written_and_by_what_they_say(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await Placement.of(world, monkeypatch)
    grew = await grown(scene)
    first = await offered(scene, title="Clean room", skills="Wet etching, C++", siteId=grew["sites"][1]["id"])
    second = await offered(
        scene, title="Prüfstand für Öl-Pumpen", tasks="Cafés.", skills="Python", language="Français B2", kind="voluntary",
        firstDay="2027-07-01", lastDay="2027-08-31", payCents=None,
    )  # fmt: skip
    third = await offered(
        scene, title="Reinraumtechnik", skills="", payCents=90_000, kind="mandatory", language="English"
    )
    ines = scene["Ines"]
    for query, found in (
        ("text=cleanroom", [first]), ("text=CLEAN-ROOM", [first]), ("text=room+clean", [first]),
        ("text=reinraum+technik", [third]), ("text=olpumpe", [second]), ("text=Oelpumpe", [second]),
        ("text=%C3%96lpumpe", [second]), ("text=pruefstand", [second]), ("text=cafes", [second]),
        ("text=sensorsgmbh", [first, second, third]), ("text=c%2B%2B", [first]), ("text=nowhere", []), ("text=%00room%00", [first]),
        ("skill=wetetching", [first]), ("skill=python", [second]), ("skill=cafes", []),
        ("language=francais", [second]), ("language=ENGLISH", [third]), ("language=b2", [second]),
        ("kind=mandatory", [first, third]), ("kind=voluntary", [first, second]), ("kind=any", [first]),
        ("first_day=2027-07-01", [second]), ("last_day=2027-06-30", [first, third]),
        ("first_day=2027-06-30&last_day=2027-07-01", [first, second, third]), ("first_day=2027-09-01", []),
        ("pay_cents=90001", [first]), ("pay_cents=90000", [first, third]), ("pay_cents=0", [first, third]),
        ("country=FR", [first]), ("country=DE", [second, third]), ("text=reinraum&pay_cents=100000", []),
    ):  # fmt: skip
        items = (await ines.get(f"{scene.path}/offers?{query}"))["items"]
        assert [one["id"] for one in items] == found, query
    for query in (
        "kind=other",
        "first_day=yesterday",
        "pay_cents=-1",
        "pay_cents=3000000000",
        "country=de",
        "country=%00%00",
    ):
        assert (await ines.call("GET", f"{scene.path}/offers?{query}")).status_code == 400, query
    with statements(world.database) as seen:
        await ines.get(f"{scene.path}/offers?text=clean+room&skill=python&country=DE&first_day=2027-03-01")
    assert len(seen) == 1
    # a firm's new name is found, and the one before is not
    await grown(scene, name="Kälte AG")
    assert len((await ines.get(f"{scene.path}/offers?text=kaelte"))["items"]) == 3
    assert (await ines.get(f"{scene.path}/offers?text=sensors"))["items"] == []


async def test_drafts_and_closed_offers_are_on_no_board(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch)
    ines, bea = await students(scene, 2)
    offer = await offered(scene)
    place, otto = f"{scene.path}/offers/{offer}", scene["Otto"]
    await ines.put(f"{place}/application", {})
    for state, seen_by_bea, told in (
        ("closed", 200, "The offer is closed; it takes no more applications."), ("draft", 404, "There is no such offer."),
    ):  # fmt: skip
        revision = (await otto.get(f"{scene.path}/postings/{offer}"))["revision"]
        moved = await otto.put(f"{place}/state", {"state": state}, If_Match=f'"{revision}"')
        assert (moved["state"], moved["revision"]) == (state, revision + 1)
        assert (await ines.get(f"{scene.path}/offers"))["items"] == []
        assert len((await world.http.get(f"{scene.path}/catalogue")).text.splitlines()) == 1
        assert (await bea.call("GET", place)).status_code == seen_by_bea
        assert (await bea.call("PUT", f"{place}/application", {})).json()["detail"] == told
        assert (await ines.get(place))["mine"] == "applied"  # who has applied still sees it
        listed = await otto.get(f"{scene.path}/postings?stage={state}")
        assert [one["id"] for one in listed["items"]] == [offer]
        assert (await otto.get(f"{scene.path}/postings?stage=open"))["items"] == []
    await otto.put(f"{place}/state", {"state": "open"}, 412, If_Match='"1"')
    await otto.put(f"{place}/state", {"state": "open"}, If_Match='"3"')
    assert (await bea.put(f"{place}/application", {}))["mine"] == "applied"
    await otto.put(f"{place}/state", {"state": "closed"}, If_Match='"4"')
    scene.at("2027-03-21")
    over = await otto.put(f"{place}/state", {"state": "open"}, 422, If_Match='"5"')
    assert over["errors"] == [{"where": "body.closesOn", "reason": "must not be over; nobody could apply"}]
    assert (await otto.get(f"{scene.path}/postings/{offer}"))["state"] == "closed"


async def test_there_cannot_be_fewer_places_than_are_given(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await Placement.of(world, monkeypatch)
    people = await students(scene, 2)
    offer = await offered(scene, places=2)
    firm = await Firm.of(scene, offer)
    for who in people:
        await who.put(f"{scene.path}/offers/{offer}/application", {})
        await firm.decide(who, True)
    body = {**OFFER, "organisationId": scene.firm["id"], "places": 1}
    refused = await scene["Otto"].put(f"{scene.path}/offers/{offer}", body, 409, If_Match='"1"')
    assert refused["detail"] == "2 students have a place already; there cannot be fewer."
    assert (await scene["Otto"].get(f"{scene.path}/postings/{offer}"))["places"] == 2
