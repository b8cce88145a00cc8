"""People without an account use one thing of a plugin by a link, for as long as it is good, and nothing else."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from re import findall
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import pytest

from lms_core import types as core_types
from lms_core.api import (
    Conflict,
    Guest,
    GuestLink,
    Invitation,
    JSONBody,
    Payload,
    Permission,
    Plugin,
    RouteContext,
    View,
    get,
    invite_guests,
    post,
    put,
    revoke_guests,
)
from lms_core.http import expected_revision
from tests.support.world import statements

if TYPE_CHECKING:
    import httpx

    from tests.support.world import World

CAME: list[tuple[str, str]] = []
"""Who has said when to come, and what."""


class Day(Payload, frozen=True):
    day: Annotated[str, msgspec.Meta(max_length=20)]


class Invited(View, frozen=True):
    items: list[GuestLink]


class Seen(View, frozen=True):
    guest: Guest
    person: bool


class NewInvitation(Payload, frozen=True, kw_only=True):
    about: str
    role: str = "visits.visitor"
    once: bool = False
    days: int = 30


@post("/invitations", permission="visits.invite")
async def invite(context: RouteContext, data: JSONBody[list[NewInvitation]]) -> Invited:
    """Invite visitors."""
    wanted = [
        Invitation(
            role=one.role, about=one.about, title=f"Visit of {one.about}", path="day", once=one.once,
            valid=timedelta(days=one.days),
        )
        for one in data
    ]  # fmt: skip
    async with context.write() as connection:
        return Invited(await invite_guests(context, connection, wanted))


@post("/takebacks", permission="visits.invite")
async def take_back(context: RouteContext, data: JSONBody[NewInvitation]) -> int:
    """Take invitations back."""
    async with context.write() as connection:
        return await revoke_guests(context, connection, data.role, data.about)


@get("/day", permission="guest:visits.visitor")
async def look(context: RouteContext) -> Seen:
    """Show what the visitor sees."""
    assert context.guest
    return Seen(context.guest, context.person_id is not None)


@put("/day", permission="guest:visits.visitor")
async def choose(context: RouteContext, data: JSONBody[Day]) -> None:
    """Take the visitor's choice."""
    assert context.guest
    if data.day == "wait":
        await asyncio.sleep(0.3)
    async with context.write():
        if data.day == "never":
            raise Conflict("There is no such day.")
        if data.day == "crash":
            raise ZeroDivisionError
        CAME.append((context.guest.about, data.day))


@get("/kitchen", permission="guest:visits.cook")
async def cook(context: RouteContext) -> None:
    """Only for cooks."""


class Visits(Plugin):
    """Visitors choose their day."""

    name = "visits"
    permissions = (Permission("visits.invite", "invite visitors", roles=("programme_administrator",)),)
    guests = (
        Permission("visits.visitor", "choose the day of a visit"),
        Permission("visits.cook", "see the kitchen"),
    )
    routes = (invite, take_back, look, choose, cook)


@pytest.fixture
def plugins() -> list[Any]:
    CAME.clear()
    return [Visits()]


@pytest.fixture
async def programme(world: World) -> dict[str, Any]:
    return await visited(world, "alpha")


async def visited(world: World, key: str) -> dict[str, Any]:
    made = await world.programme(key)
    await world.admin.put(f"/programmes/{made['id']}/plugins/visits", {"enabled": True}, If_Match='"0"')
    return made


async def invited(world: World, programme: dict[str, Any], *wanted: dict[str, Any]) -> list[str]:
    """Return the addresses of new links, without the server's own."""
    answer = await world.admin.post(f"/programmes/{programme['id']}/visits/invitations", list(wanted))
    return [link["url"].removeprefix("http://localhost:8000") for link in answer["items"]]


async def say(world: World, url: str, day: str) -> httpx.Response:
    return await world.http.put(url, json={"day": day})


async def test_a_link_opens_what_it_is_about_and_nothing_else(world: World, programme: dict[str, Any]) -> None:
    other = await visited(world, "beta")
    ann, bo = await invited(world, programme, {"about": "ann"}, {"about": "bo", "role": "visits.cook"})
    place, secret = ann.split("?link=")
    assert place == f"/programmes/{programme['id']}/visits/day"
    with statements(world.app.state.database) as sent:
        seen = (await world.http.get(ann)).json()
    assert seen == {
        "guest": {
            "link_id": seen["guest"]["link_id"],
            "role": "visits.visitor",
            "about": "ann",
            "title": "Visit of ann",
        },
        "person": False,
    }
    assert len(sent) == 1
    as_token = await world.http.get(place, headers={"Authorization": f"Bearer {secret}"})
    assert as_token.json() == seen
    assert (await say(world, ann, "monday")).status_code == 200
    assert CAME == [("ann", "monday")]

    kitchen = f"/programmes/{programme['id']}/visits/kitchen"
    unknown = "This link is unknown here; ask whoever sent it for another one."
    for wrong in (
        f"{kitchen}?link={secret}",
        bo,  # a cook chooses no day
        ann.replace(programme["id"], other["id"]),
        f"{place}?link=guessed",
        f"{place}?link={world.admin.token}",  # an account is no link
    ):
        refused = await world.http.get(wrong)
        assert (refused.status_code, refused.json()["detail"]) == (401, unknown), wrong
    assert (await world.http.get(place)).status_code == 401
    for mine in ("/me", f"/programmes/{programme['id']}", f"/programmes/{programme['id']}/guest-links"):
        for headers in ({"Authorization": f"Bearer {secret}"}, {}):
            assert (await world.http.get(f"{mine}?link={secret}", headers=headers)).status_code == 401


async def test_a_link_for_one_time_is_used_up_by_what_is_kept_and_by_nothing_less(
    world: World, programme: dict[str, Any]
) -> None:
    [ann] = await invited(world, programme, {"about": "ann", "once": True})
    assert (await world.http.get(ann)).status_code == 200
    assert (await say(world, ann, "never")).status_code == 409
    assert (await world.http.put(ann, json={"day": 5})).status_code == 400
    answers = [answer.status_code for answer in await asyncio.gather(*[say(world, ann, "tuesday") for _ in range(5)])]
    assert (sorted(answers), CAME) == ([200, 401, 401, 401, 401], [("ann", "tuesday")])
    late = await say(world, ann, "friday")
    assert late.status_code == 401
    assert late.json()["detail"].startswith("This link is good for one time and was used on 20")
    assert CAME == [("ann", "tuesday")]


async def test_links_are_listed_without_their_secret_revoked_and_expire(
    world: World, programme: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    other = await visited(world, "beta")
    [theirs] = await invited(world, other, {"about": "ann"})
    ann, bo, cy = await invited(world, programme, {"about": "ann"}, {"about": "bo"}, {"about": "cy", "days": 2})
    await say(world, bo, "monday")
    links = f"/programmes/{programme['id']}/guest-links"
    listed = (await world.admin.get(links))["items"]
    assert listed == [
        {
            "id": one["id"], "plugin": "visits", "role": "visits.visitor", "about": about, "title": f"Visit of {about}",
            "once": False, "madeBy": world.admin.id, "madeAt": one["madeAt"], "expiresAt": one["expiresAt"],
            "usedAt": one["usedAt"], "revokedAt": None, "revokedBy": None,
        }
        for one, about in zip(listed, ("ann", "bo", "cy"), strict=True)
    ]  # fmt: skip
    assert [one["usedAt"] is not None for one in listed] == [False, True, False]

    await world.admin.call("DELETE", f"{links}/{listed[0]['id']}")
    revoked = (await world.admin.get(links))["items"][0]
    await world.admin.call("DELETE", f"{links}/{listed[0]['id']}")
    assert (await world.admin.get(links))["items"][0] == revoked
    assert (revoked["revokedAt"] is not None, revoked["revokedBy"]) == (True, world.admin.id)
    assert (await say(world, ann, "tuesday")).json()["detail"] == (
        "This link was revoked; ask whoever sent it for another one."
    )
    foreign = (await world.admin.get(f"/programmes/{other['id']}/guest-links"))["items"][0]["id"]
    assert (await world.admin.call("DELETE", f"{links}/{foreign}")).status_code == 404
    takebacks = f"/programmes/{programme['id']}/visits/takebacks"
    assert [await world.admin.post(takebacks, {"about": "bo"}) for _ in range(2)] == [1, 0]
    assert (await say(world, bo, "tuesday")).status_code == 401

    moment = core_types.now() + timedelta(days=2, seconds=1)
    monkeypatch.setattr(core_types, "_clock", lambda: moment)
    assert (await say(world, cy, "tuesday")).json()["detail"].startswith("This link expired on 20")
    assert (await say(world, theirs, "tuesday")).status_code == 200
    assert CAME == [("bo", "monday"), ("ann", "tuesday")]


async def test_what_is_revoked_while_a_guest_is_at_it_is_not_kept(world: World, programme: dict[str, Any]) -> None:
    [ann] = await invited(world, programme, {"about": "ann"})
    saying = asyncio.create_task(say(world, ann, "wait"))
    await asyncio.sleep(0.1)
    await world.admin.post(f"/programmes/{programme['id']}/visits/takebacks", {"about": "ann"})
    assert ((await saying).status_code, CAME) == (401, [])


async def test_links_of_a_plugin_that_is_off_open_nothing(world: World, programme: dict[str, Any]) -> None:
    [ann] = await invited(world, programme, {"about": "ann"})
    path = f"/programmes/{programme['id']}/plugins/visits"
    revision = expected_revision((await world.admin.call("GET", path)).headers["ETag"])
    await world.admin.put(path, {"enabled": False}, If_Match=f'"{revision}"')
    assert (await world.http.get(ann)).status_code == 404
    await world.admin.put(path, {"enabled": True}, If_Match=f'"{revision + 1}"')
    assert (await world.http.get(ann)).status_code == 200


@pytest.mark.parametrize(
    ("role", "about", "days"), [("board.reader", "ann", 3), ("visits.visitor", "a" * 101, 3), ("visits.cook", "b", 401)]
)
async def test_an_invitation_that_cannot_be_is_the_plugins_mistake(
    world: World, programme: dict[str, Any], role: str, about: str, days: int
) -> None:
    wanted = [{"about": about, "role": role, "days": days}]
    answer = await world.admin.call("POST", f"/programmes/{programme['id']}/visits/invitations", wanted)
    assert (answer.status_code, answer.json()["plugin"]) == (500, "visits")
    assert (await world.admin.get(f"/programmes/{programme['id']}/guest-links")) == {"items": []}


BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
ASK = (
    "If you need a new link, ask the office of the programme that wrote to you",
    "Wenn Sie einen neuen Link brauchen, bitten Sie das Büro des Studiengangs darum, das Ihnen geschrieben hat",
)
CLOSED = ("This link does not open anything now", "Dieser Link öffnet jetzt nichts")
WRONG = ("This did not work", "Das hat nicht geklappt")
REFUSED = (
    "Nothing was changed. Go back and try again, or ask the office of the programme that wrote to you.",
    "Nichts wurde geändert. Gehen Sie zurück und versuchen Sie es noch einmal, oder fragen Sie das Büro des "
    "Studiengangs, das Ihnen geschrieben hat.",
)
FAILED = (
    "It is our mistake, and nothing was changed. Please try again in a few minutes.",
    "Es liegt an uns, und nichts wurde geändert. Bitte versuchen Sie es in einigen Minuten noch einmal.",
)


def sections(answer: httpx.Response) -> list[tuple[str, list[str]]]:
    """Return the language of each section of a page, and its texts."""
    found = findall(r'<section lang="(..)">(.*?)</section>', answer.text)
    return [(language, findall(r"<(?:h1|h2|p)>(.*?)</", section)) for language, section in found]


async def test_a_guest_reads_in_her_browser_why_a_link_opens_nothing_and_what_to_do(
    world: World, programme: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bo, cy = await invited(
        world, programme, {"about": "ann", "once": True}, {"about": "bo"}, {"about": "cy", "days": 2}
    )
    await world.admin.post(f"/programmes/{programme['id']}/visits/takebacks", {"about": "bo"})
    listed = (await world.admin.get(f"/programmes/{programme['id']}/guest-links"))["items"]
    expiry = datetime.fromisoformat(listed[2]["expiresAt"])
    moment = core_types.now() + timedelta(days=3)
    monkeypatch.setattr(core_types, "_clock", lambda: moment)
    await say(world, ann, "monday")
    nothing = (
        "This link is not known here. A part of its address may be lost: open it again from the mail.",
        "Dieser Link ist hier nicht bekannt. Vielleicht fehlt ein Teil der Adresse: öffnen Sie ihn noch einmal aus der "
        "E-Mail.",
    )
    for address, (english, german) in (
        (ann, (
            f"This link is good for one time and was used on {moment:%Y-%m-%d at %H:%M} UTC. What was sent then is kept.",
            f"Dieser Link gilt für ein Mal und wurde am {moment:%d.%m.%Y um %H:%M} UTC benutzt. Was dabei gesendet wurde, ist "
            "gespeichert.",
        )),
        (bo, (
            "This link was taken back or replaced by a newer one. If you have a newer mail, use the link in that.",
            "Dieser Link wurde zurückgenommen oder durch einen neueren ersetzt. Wenn Sie eine neuere E-Mail haben, "
            "nehmen Sie den Link daraus.",
        )),
        (cy, (
            f"This link expired on {expiry:%Y-%m-%d at %H:%M} UTC.",
            f"Dieser Link ist am {expiry:%d.%m.%Y um %H:%M} UTC abgelaufen.",
        )),
        (f"{ann}x", nothing),
        (ann.partition("?")[0], nothing),
    ):  # fmt: skip
        refused = await world.http.get(address, headers=BROWSER)
        names = ("content-type", "cache-control", "referrer-policy", "www-authenticate")
        assert (refused.status_code, [refused.headers[name] for name in names]) == (
            401, ["text/html; charset=utf-8", "no-store", "no-referrer", "Bearer"],
        )  # fmt: skip
        # who only guesses does not learn whose links there are
        named = "." if english == nothing[0] else " (Programme alpha)."
        assert sections(refused) == [
            ("en", [CLOSED[0], english, ASK[0] + named]), ("de", [CLOSED[1], german, ASK[1] + named]),
        ]  # fmt: skip
        for accept in ("application/json", "application/problem+json", "*/*"):
            refused = await world.http.get(address, headers={"Accept": accept})
            assert refused.json()["type"] == "urn:lms:problem:unauthenticated"


async def test_whatever_else_goes_wrong_a_browser_gets_a_page(world: World, programme: dict[str, Any]) -> None:
    [ann] = await invited(world, programme, {"about": "<ann>"})
    for day, status, english, german in (
        ("never", 409, ["There is no such day.", REFUSED[0]], REFUSED[1]),
        (5, 400, ["Some of what was sent is not valid.", REFUSED[0]], REFUSED[1]),
        ("crash", 500, [FAILED[0]], FAILED[1]),
    ):
        refused = await world.http.put(ann, json={"day": day}, headers=BROWSER)
        assert (refused.status_code, sections(refused)) == (
            status, [("en", [WRONG[0], *english]), ("de", [WRONG[1], german])],
        )  # fmt: skip
    # whoever has an account is told by a problem, whatever she asks for
    refused = await world.http.get(f"/programmes/{programme['id']}/guest-links", headers=BROWSER)
    assert refused.headers["content-type"] == "application/problem+json"
