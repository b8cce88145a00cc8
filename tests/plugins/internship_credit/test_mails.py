"""Everybody learns by mail that it is her turn; hosts and mentors act from a page that the link in it opens."""

from __future__ import annotations

from html import unescape
from re import findall, search
from typing import TYPE_CHECKING, Any

import pytest
from lms_internship_credit import reminding

from tests.support.interns import DESCRIPTION, MENTOR, Placement
from tests.support.mailing import deliver
from tests.support.mailserver import MailServer
from tests.support.with_mail import app_settings, server

if TYPE_CHECKING:
    from lms_core.settings import Settings
    from tests.support.world import World

__all__ = ["app_settings", "server"]  # fixtures are found by their names here


class Post:
    """The mail of all, as it comes."""

    def __init__(self, world: World, settings: Settings, server: MailServer) -> None:
        self.world, self.settings, self.server = world, settings, server

    async def new(self) -> dict[str, str]:
        """Have mails sent, and return the text of each by its address."""
        return {to: texts[-1] for to, texts in (await self.all()).items()}

    async def all(self) -> dict[str, list[str]]:
        """Have mails sent, and return all texts by their address."""
        self.server.mails.clear()
        await deliver(self.world, self.settings)
        found: dict[str, list[str]] = {}
        # several are sent at once; their ids tell in which order they were written
        for mail in sorted(self.server.mails, key=lambda one: str(one["Message-ID"])):
            found.setdefault(str(mail["To"].addresses[0].addr_spec), []).append(mail.get_content())
        return found


def link_in(text: str) -> str:
    found = search(r"\S+link=\S+", text)
    assert found, text
    return found[0]


async def fill_in(world: World, address: str, status: int = 200, **fields: str) -> str:
    """Open a page, fill in its form of an action, and send it; return the page that comes."""
    page = (await world.http.get(address)).text
    forms = [form for form in findall(r"<form.*?</form>", page, 16) if f'value="{fields["action"]}"' in form]
    assert len(forms) == 1, page
    given = dict(findall(r'<input[^>]*name="(\w+)"[^>]*value="([^"]*)"', forms[0]))
    names = set(findall(r'name="(\w+)"', forms[0]))
    assert set(fields) <= names
    answer = await world.http.post(address, data={**given, **fields})
    assert answer.status_code == status, answer.text
    return unescape(answer.text)


async def test_a_host_and_a_mentor_who_have_nothing_but_their_mail(
    world: World, monkeypatch: pytest.MonkeyPatch, app_settings: Settings, server: MailServer
) -> None:
    scene, post = await Placement.of(world, monkeypatch), Post(world, app_settings, server)
    ines, sabine = scene["Ines"].email, scene["Sabine"].email
    hans, mia = "hans@sensors.example", MENTOR["email"]
    case = await scene.drafted()
    await scene.step("Ines", case, "propose")
    mails = await post.new()
    assert list(mails) == [hans]
    assert "Das Praktikum von Ines ms bei Sensors GmbH ist vorgeschlagen" in mails[hans]
    unnamed = await fill_in(world, link_in(mails[hans]), 422, action="confirm")
    assert "„Name der Betreuungsperson“ muss ausgefüllt sein." in unnamed
    thanks = await fill_in(world, link_in(mails[hans]), action="confirm", name=MENTOR["name"], email=mia)
    assert "Danke, das ist gespeichert" in thanks
    assert "<form" not in thanks
    assert (await world.http.get(link_in(mails[hans]))).status_code == 401

    mails = await post.new()
    assert list(mails) == [sabine]
    await scene.step("Sabine", case, "approve")
    mails = await post.new()
    assert sorted(mails) == sorted([hans, ines, sabine])
    assert "Danke" in await fill_in(world, link_in(mails[hans]), action="sign")
    sha256 = (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["sha256"]
    await scene.step("Ines", case, "sign", sha256=sha256)
    await scene.step("Sabine", case, "sign", sha256=sha256)
    for kind in ("insurance", "residence", "wage"):
        await scene["Otto"].put(f"{scene.path}/cases/{case}/clearances/{kind}", {"cleared": True, "note": "Seen."})
    await scene.step("Otto", case, "clear")
    await scene.day("2027-04-05")
    await scene.day("2027-06-05")
    mails = await post.new()
    assert sorted(mails) == sorted([hans, ines])
    wrong = await fill_in(world, link_in(mails[hans]), 422, action="certify", hours="300 h")
    assert "„Geleistete Stunden insgesamt“ muss eine Zahl sein wie 37,5." in wrong
    assert "Danke" in await fill_in(world, link_in(mails[hans]), action="certify", hours="300")
    mails = await post.new()
    assert sorted(mails) == sorted([mia, ines])
    assert "The report is due on 2027-07-31" in mails[ines]
    points = dict.fromkeys(("knowledge", "quality", "initiative", "teamwork", "reliability"), "4")
    assert "Danke" in await fill_in(world, link_in(mails[mia]), action="evaluate", **points)
    whole: dict[str, Any] = await scene["Ines"].get(f"{scene.path}/me/cases/{case}")
    assert (whole["state"], whole["certified"]["hours"], whole["evaluation"]["quality"]) == ("certified", "300", 4)
    assert await post.new() == {}


async def test_what_people_write_is_no_markup_and_no_place_for_a_link(
    world: World, monkeypatch: pytest.MonkeyPatch, app_settings: Settings, server: MailServer
) -> None:
    scene, post = await Placement.of(world, monkeypatch), Post(world, app_settings, server)
    case = await scene.drafted(tasks="<script>alert(1)</script> {link} {0}")
    await scene.step("Ines", case, "propose")
    [text] = (await post.new()).values()
    page = (await world.http.get(link_in(text))).text
    assert "<script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {link} {0}" in page
    await scene.guest(case, "host", "return", note="{link} <b>no</b> {0}")
    [text] = (await post.new()).values()
    assert "(link) <b>no</b> {0}" in text


async def test_who_is_awaited_is_reminded_once_of_each_thing(
    world: World, monkeypatch: pytest.MonkeyPatch, app_settings: Settings, server: MailServer
) -> None:
    scene, post = await Placement.of(world, monkeypatch), Post(world, app_settings, server)
    case = await scene.drafted()
    await scene.step("Ines", case, "propose")
    [first] = (await post.new()).values()
    for day, told in (
        ("2027-03-07", []), ("2027-03-08", ["hans@sensors.example"]), ("2027-03-08", []), ("2027-03-14", []),
        ("2027-03-15", ["hans@sensors.example"]), ("2027-03-30", []),
    ):  # fmt: skip
        await scene.day(day)
        mails = await post.new()
        assert sorted(mails) == told, day
        if day == "2027-03-14":  # what is entered beside starts no time anew
            await scene["Otto"].post(f"{scene.path}/cases/{case}/links", {"role": "host"})
            assert sorted(await post.new()) == ["hans@sensors.example"]
            assert (await scene["Otto"].get(f"{scene.path}/cases"))["items"][0]["movedAt"] == "2027-03-01T11:00:00Z"
    # the newest link is the one that counts
    assert (await world.http.get(link_in(first))).status_code == 401


async def test_nobody_is_forgotten_where_many_wait(
    world: World, monkeypatch: pytest.MonkeyPatch, app_settings: Settings, server: MailServer
) -> None:
    """Cases are read page by page; those of the first page are reminded already when the others come."""
    monkeypatch.setattr(reminding, "MOST", 1)
    parts = [{"key": key, "title": key, "ects": "5", "hours": 150} for key in ("first", "second", "third")]
    scene, post = await Placement.of(world, monkeypatch, parts), Post(world, app_settings, server)
    await scene.step("Ines", await scene.drafted("first"), "propose")
    await scene.day("2027-03-08")
    for part in ("second", "third"):
        await scene.step("Ines", await scene.drafted(part), "propose")
    await post.new()
    await scene.day("2027-03-15")
    assert {to: len(texts) for to, texts in (await post.all()).items()} == {"hans@sensors.example": 3}


async def test_a_student_is_reminded_while_she_can_still_ask_for_more_time(
    world: World, monkeypatch: pytest.MonkeyPatch, app_settings: Settings, server: MailServer
) -> None:
    scene, post = await Placement.of(world, monkeypatch), Post(world, app_settings, server)
    case = await scene.running()
    await scene.day("2027-06-05")
    certified = {"firstDay": "2027-04-05", "lastDay": "2027-06-04", "hours": "240"}
    assert (await scene.guest(case, "host", "certify", certified=certified))["due"] == "2027-07-31"
    await post.new()
    for day, told in (
        ("2027-07-16", []), ("2027-07-17", [scene["Ines"].email]), ("2027-07-27", []),
        ("2027-07-28", [scene["Ines"].email]), ("2027-07-31", []), ("2027-08-01", sorted([scene["Ines"].email, scene["Sabine"].email])),
    ):  # fmt: skip
        await scene.day(day)
        assert sorted(await post.new()) == told, day
    assert (await scene["Ines"].get(f"{scene.path}/me/cases/{case}"))["state"] == "lapsed"


CONTACT = {"name": "Internship office", "email": "office@university.example", "phone": "+49 7723 920-0"}
FOOT = "\n-- \nDiese Nachricht wurde automatisch verschickt von http://localhost:8000\n"


async def led_by(world: World, scene: Placement, name: str) -> None:
    made = await world.admin.post("/organisations", {"key": "university", "name": name, "kind": "university"})
    place = f"/programmes/{scene.programme['id']}/partners/{made['id']}"
    await world.admin.put(place, {"part": "leads"}, 204)


async def test_the_office_has_a_link_sent_and_never_sees_it(
    world: World, monkeypatch: pytest.MonkeyPatch, app_settings: Settings, server: MailServer
) -> None:
    scene = await Placement.of(world, monkeypatch, contact=CONTACT)
    post = Post(world, app_settings, server)
    await led_by(world, scene, "Furtwangen University")
    case = await scene.drafted()
    await scene.step("Ines", case, "propose")
    first = (await post.new())["hans@sensors.example"]
    assert first == (
        "Das Praktikum von Ines ms bei Sensors GmbH ist vorgeschlagen: bitte bestätigen Sie es und nennen Sie eine "
        "Betreuung.\nDas wird bis 04.04.2027 erwartet.\n\n"
        f"Dieser Link gilt für einen Schritt, 14 Tage lang:\n{link_in(first)}\n\n"
        "Furtwangen University, Programme ms\n"
        f"Fragen: Internship office, office@university.example, +49 7723 920-0\n{FOOT}"
    )
    links = f"{scene.path}/cases/{case}/links"
    unnamed = await scene["Otto"].post(links, {"role": "mentor"}, 409)
    assert unnamed["detail"] == "No mentor is named yet; the host names one with the step 'confirm'."
    made = await scene["Otto"].post(links, {"role": "host"})
    hans = "hans@sensors.example"
    assert made == {"name": "Hans Host", "email": hans, "url": None, "expiresAt": None, "mailedTo": hans}
    history = (await scene["Otto"].get(f"{scene.path}/cases/{case}"))["history"]
    assert (history[-1]["action"], history[-1]["by"], history[-1]["entered"]) == (
        "link", "Otto ms", {"for": "host", "mailed": True},
    )  # fmt: skip
    second = (await post.new())["hans@sensors.example"]
    assert second == (
        "Sie erhalten einen Link zum Praktikum von Ines ms bei Sensors GmbH: er zeigt, wie es steht und was Sie tun "
        "können.\n\n"
        f"Dieser Link gilt für einen Schritt, 14 Tage lang:\n{link_in(second)}\n\n"
        "Furtwangen University, Programme ms\n"
        f"Fragen: Internship office, office@university.example, +49 7723 920-0\n{FOOT}"
    )
    assert [(await world.http.get(link_in(text))).status_code for text in (first, second)] == [401, 200]


async def test_what_all_have_signed_is_read_by_a_link_that_does_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch, app_settings: Settings, server: MailServer
) -> None:
    scene, post = await Placement.of(world, monkeypatch), Post(world, app_settings, server)
    case = await scene.running()
    [text] = [mail for mail in (await post.all())["hans@sensors.example"] if "(Fassung" in mail]
    assert text == (
        "Alle drei haben die Vereinbarung zum Praktikum von Ines ms bei Sensors GmbH unterschrieben (Fassung 1).\n\n"
        f"Mit diesem Link können Sie sie 60 Tage lang lesen und sichern; ändern kann er nichts:\n{link_in(text)}\n\n"
        f"Programme ms\n{FOOT}"
    )
    own = f"{scene.path}/me/cases/{case}/agreement.pdf?language=de"
    signed = (await scene["Ines"].call("GET", own)).content
    for _ in range(2):
        assert (await world.http.get(f"{link_in(text)}&language=de")).content == signed
    # it opens no page, takes no step, and is none of a mentor
    secret = link_in(text).partition("link=")[2]
    for method, path in (
        ("GET", "host"), ("POST", "host"), ("POST", "host/steps"), ("GET", "host/agreement.pdf"), ("GET", "mentor"),
        ("POST", "mentor"), ("POST", "mentor/steps"), ("PUT", "mentor/evaluation"), ("GET", "applicants"),
    ):  # fmt: skip
        body = None if method == "GET" else {"action": "cancel", "note": "No."}
        answer = await world.http.request(method, f"{scene.path}/{path}?link={secret}", json=body)
        assert answer.status_code == 401, (method, path)
    # while a change waits for signatures what was signed is what it reads; then the mail of the change counts
    change = {**DESCRIPTION, "lastDay": "2027-07-02"}
    await scene.step("Ines", case, "amend", change=change)
    assert (await world.http.get(f"{link_in(text)}&language=de")).content == signed
    await scene.signed(case)
    [later] = [mail for mail in (await post.all())["hans@sensors.example"] if "(Fassung 2)" in mail]
    assert [(await world.http.get(link_in(mail))).status_code for mail in (text, later)] == [401, 200]
    # it ends after sixty days
    scene.at("2027-06-05")
    assert (await world.http.get(link_in(later))).status_code == 401
