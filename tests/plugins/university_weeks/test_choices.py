"""Students choose among workshops or tracks, and get places fairly; a planner may still decide otherwise."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from lms_university_weeks import choosing
from lms_university_weeks.engine.fair import assign

from tests.support.weeks import choice, choosing_week, ours, prepared, seated, week
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.weeks import Setting
    from tests.support.world import Actor, World

NAMES = ("Ann", "Bo", "Cy")


async def chosen(world: World, setting: Setting, content: dict[str, Any]) -> tuple[str, list[Actor]]:
    """Enter a week with its tracks, each with somebody in it, and return where its choice is."""
    people = [await seated(world, setting, name) for name in NAMES]
    made = await world.admin.post(f"{setting.path}/weeks", content)
    at = f"{setting.path}/weeks/{made['id']}"
    tracks = [{"personId": who.id, "track": "mems" if who is people[0] else "optics"} for who in people]
    await world.admin.put(f"{at}/members", {"items": tracks})
    return f"{at}/choices/{content['choices'][0]['key']}", people


async def test_wishes_places_and_a_decision_by_hand(world: World) -> None:
    setting = await prepared(world)
    at, (ann, bo, cy) = await chosen(world, setting, choosing_week(setting.run["id"]))
    options = [
        {"key": "etching", "title": "Etching", "places": 2}, {"key": "bonding", "title": "Bonding", "places": 1},
    ]  # fmt: skip
    asked = {"key": "workshops", "title": "Workshops", "each": 1, "closesAt": "2027-02-20T18:00:00+01:00",
             "open": True, "options": options, "ranked": [], "given": None}  # fmt: skip
    assert await ann.get(f"{at}/mine") == asked
    assert (await ann.get(at.rpartition("/")[0]))["items"] == [asked]
    await ann.put(f"{at}/mine", {"ranked": ["etching", "bonding"]})
    told = await ann.put(f"{at}/mine", {"ranked": ["bonding", "etching"]})
    assert told == {**asked, "ranked": ["bonding", "etching"]} == await ann.get(f"{at}/mine")
    await bo.put(f"{at}/mine", {"ranked": ["bonding"]})
    assert await world.admin.get(at) == {
        **{key: asked[key] for key in ("key", "title", "each", "closesAt", "open")},
        "options": [{**options[0], "ranks": [0, 1]}, {**options[1], "ranks": [2, 0]}],
        "answered": 2,
        "missing": [{"personId": cy.id, "name": "Cy"}],
    }
    await world.admin.get(f"{at}/assignment", 409)
    given = await world.admin.post(f"{at}/assignment", None, 200)
    got = {one["name"]: [option["key"] for option in one["given"]] for one in given["items"]}
    assert sorted([got["Ann"], got["Bo"]]) == [["bonding"], ["etching"]]
    assert got["Cy"] == ["etching"]  # who did not answer gets what is left
    assert (given["ranks"], given["without"], given["places"], given["each"]) == (
        [1, int(got["Ann"] == ["etching"])], 0, {"etching": 2, "bonding": 1}, 1,
    )  # fmt: skip
    wishes = {UUID(one["personId"]): one["ranked"] for one in given["items"]}
    again = assign(given["places"], wishes, given["each"], given["seed"])  # by anybody who knows the seed
    assert {UUID(one["personId"]): tuple(got[one["name"]]) for one in given["items"]} == again
    assert await world.admin.post(f"{at}/assignment", None, 200) == given
    mine = await cy.get(f"{at}/mine")
    assert (mine["open"], mine["given"]) == (False, [{"key": "etching", "rank": None}])
    late = await cy.put(f"{at}/mine", {"ranked": ["bonding"]}, 409)
    assert late["detail"] == "The places of this choice are given already; ask whoever plans the week."

    winner, loser = (ann, bo) if got["Ann"] == ["bonding"] else (bo, ann)
    swap = [{"personId": winner.id, "options": ["etching"]}, {"personId": loser.id, "options": ["bonding"]}]
    full = await world.admin.put(f"{at}/assignment", {"items": swap[1:]}, 409)
    assert full["errors"] == [{"where": "body.items", "reason": "bonding has 1 places, and 2 people would be there"}]
    changed = await world.admin.put(f"{at}/assignment", {"items": swap})
    assert [(one["name"], one["byHand"]) for one in changed["items"]] == [("Ann", True), ("Bo", True), ("Cy", False)]
    assert (await loser.get(f"{at}/mine"))["given"] == [{"key": "bonding", "rank": 1}]
    after = await world.admin.post(f"{at}/assignment", None, 200)
    assert after == changed  # lots do not take back what was decided

    content = choosing_week(setting.run["id"], choices=[choice(sessions=[{"key": "etching", "places": 2}])])
    await world.admin.put(at.partition("/choices")[0], content, If_Match='"1"')
    fewer = await world.admin.post(f"{at}/assignment", None, 200)
    assert (fewer["seed"], fewer["places"], fewer["without"]) == (given["seed"], {"etching": 2}, 1)
    assert [one["name"] for one in fewer["items"] if one["byHand"]] == [winner.person.name]


async def test_a_choice_of_tracks_says_who_is_in_them(world: World) -> None:
    setting = await prepared(world)
    tracks = choice(tracks=[{"key": "mems", "places": 1}, {"key": "optics", "places": 1}], sessions=[])
    at, (ann, bo, cy) = await chosen(world, setting, choosing_week(setting.run["id"], choices=[tracks]))
    for who in (ann, bo):
        await who.put(f"{at}/mine", {"ranked": ["optics", "mems"]})
    given = await world.admin.post(f"{at}/assignment", None, 200)
    assert given["ranks"] == [1, 1]
    assert (given["without"], (await cy.get(f"{at}/mine"))["given"]) == (1, [])  # there are two places for three
    got = {one["personId"]: one["given"][0]["key"] for one in given["items"] if one["given"]}
    members = await world.admin.get(f"{at.partition('/choices')[0]}/members")
    assert {one["personId"]: one["track"] for one in members["items"]} == got
    assert members["without"] == [cy.id]
    [winner] = [who for who, track in got.items() if track == "optics"]
    items = [{"personId": winner, "options": []}, {"personId": cy.id, "options": ["optics"]}]
    await world.admin.put(f"{at}/assignment", {"items": items})
    members = await world.admin.get(f"{at.partition('/choices')[0]}/members")
    assert {one["personId"]: one["track"] for one in members["items"]} == (
        {who: track for who, track in got.items() if who != winner} | {cy.id: "optics"}
    )


async def test_who_may_not_choose_and_what_cannot_be_chosen(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    setting, other = await prepared(world), await prepared(world, "beta")
    content = choosing_week(setting.run["id"])
    for session in content["sessions"][1:]:
        session["tracks"] = ["optics"]
    at, (ann, bo, _) = await chosen(world, setting, content)
    dee, eve = await seated(world, setting, "Dee"), await world.student("Eve", setting.programme)
    gil = await seated(world, other, "Gil")
    for nobody, status in ((ann, 403), (dee, 403), (eve, 403), (world.admin, 403), (gil, 404)):
        await nobody.get(f"{at}/mine", status)
        await nobody.put(f"{at}/mine", {"ranked": ["etching"]}, status)
    for nobody in (ann, dee, eve, world.admin):
        assert (await nobody.get(at.rpartition("/")[0]))["items"] == []
    await gil.get(at.rpartition("/")[0], 404)
    refused = await dee.get(f"{at}/mine", 403)
    assert refused["detail"] == "You are in no track of this week yet; whoever plans it can say in which."
    for path in ("", "/assignment"):
        await bo.get(f"{at}{path}", 403)
        await world.admin.get(f"{at.replace(setting.path, other.path)}{path}", 404)
    await bo.post(f"{at}/assignment", None, 403)
    await bo.put(f"{at}/assignment", {"items": [{"personId": bo.id, "options": ["bonding"]}]}, 403)
    await world.admin.post(f"{at.replace(setting.path, other.path)}/assignment", None, 404)
    await gil.put(f"{at.replace(setting.path, other.path)}/mine", {"ranked": []}, 404)
    await bo.get(f"{at}-none/mine", 404)
    wrong = await bo.put(f"{at}/mine", {"ranked": ["etching", "opening", "etching"]}, 422)
    assert wrong["errors"] == [
        {"where": "body.ranked[1]", "reason": "cannot be chosen here; there are etching, bonding"},
        {"where": "body.ranked[2]", "reason": "was there already"},
    ]
    moment = datetime(2027, 2, 20, 18, tzinfo=ZoneInfo("Europe/Berlin"))
    monkeypatch.setattr(choosing, "now", lambda: moment)
    closed = await bo.put(f"{at}/mine", {"ranked": ["etching"]}, 409)
    assert closed["detail"] == "This choice closed on 2027-02-20 at 18:00 (Europe/Berlin)."
    assert (await world.admin.get(at))["answered"] == 0
    early = await world.admin.put(f"{at}/assignment", {"items": [{"personId": bo.id, "options": []}]}, 409)
    assert early["detail"] == "The places of this choice are not given yet."
    given = await world.admin.post(f"{at}/assignment", None, 200)
    assert [one["name"] for one in given["items"]] == ["Bo", "Cy"]
    strange = [
        {"personId": ann.id, "options": ["opening"]},
        *[{"personId": bo.id, "options": ["etching", "bonding"]}] * 2,
    ]
    wrong = await world.admin.put(f"{at}/assignment", {"items": strange}, 422)
    many = "must be at most 1 of the options, each of them once"
    assert wrong["errors"] == [
        {"where": "body.items[0].personId", "reason": "does not take part in this choice"},
        {"where": "body.items[0].options", "reason": "opening cannot be chosen here; there are etching, bonding"},
        {"where": "body.items[1].options", "reason": many},
        {"where": "body.items[2].personId", "reason": "was there already"},
        {"where": "body.items[2].options", "reason": many},
    ]
    assert await world.admin.get(f"{at}/assignment") == given


async def test_at_the_same_time(world: World) -> None:
    """Two devices send one's wishes, and places are given meanwhile: each wish counts or is refused, never half."""
    setting = await prepared(world)
    at, people = await chosen(world, setting, choosing_week(setting.run["id"]))
    [ann, *_] = people
    orders = [{"ranked": ["etching", "bonding"]}, {"ranked": ["bonding", "etching"]}]
    answers = await asyncio.gather(*(ann.call("PUT", f"{at}/mine", order) for order in orders * 4))
    assert {answer.status_code for answer in answers} == {200}
    assert {"ranked": (await ann.get(f"{at}/mine"))["ranked"]} in orders
    calls = [who.call("PUT", f"{at}/mine", order) for order in orders for who in people]
    calls[3:3] = [world.admin.call("POST", f"{at}/assignment") for _ in range(2)]
    answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} <= {200, 409}
    given = answers[3].json()
    assert given == answers[4].json() == await world.admin.get(f"{at}/assignment")
    for one, who in zip(given["items"], people, strict=True):
        assert one["ranked"] == (await who.get(f"{at}/mine"))["ranked"]


async def test_how_much_is_asked_of_the_database(world: World) -> None:
    """The same for three students and for eight."""
    setting = await prepared(world)

    async def counted(at: str, student: Actor) -> dict[str, int]:
        counts = {}
        for name, actor, method, path, body in (
            ("wish", student, "PUT", "/mine", {"ranked": ["etching"]}), ("mine", student, "GET", "/mine", None),
            ("all of mine", student, "GET", "/..", None),
            ("state", world.admin, "GET", "", None), ("assign", world.admin, "POST", "/assignment", None),
            ("again", world.admin, "POST", "/assignment", None), ("read", world.admin, "GET", "/assignment", None),
            ("change", world.admin, "PUT", "/assignment", {"items": [{"personId": student.id, "options": []}]}),
        ):  # fmt: skip
            with statements(world.database) as asked:
                answer = await actor.call(method, at.rpartition("/")[0] if path == "/.." else f"{at}{path}", body)
            assert answer.status_code == 200
            counts[name] = len(ours(asked))
        return counts

    wanted = {"wish": 6, "mine": 5, "all of mine": 5, "state": 4, "assign": 12, "again": 9, "read": 5, "change": 11}
    content = choosing_week(setting.run["id"])
    at, people = await chosen(world, setting, content)
    assert await counted(at, people[0]) == wanted
    people += [await seated(world, setting, f"More {n}") for n in range(5)]
    made = await world.admin.post(f"{setting.path}/weeks", content)
    tracks = {"items": [{"personId": who.id, "track": "optics"} for who in people]}
    await world.admin.put(f"{setting.path}/weeks/{made['id']}/members", tracks)
    at = f"{setting.path}/weeks/{made['id']}/choices/workshops"
    assert await counted(at, people[-1]) == wanted
    assert len((await world.admin.get(f"{at}/assignment"))["items"]) == 8


async def test_what_cannot_be_a_choice_is_told_all_at_once(world: World) -> None:
    setting = await prepared(world)
    content = week(setting.run["id"])
    content["sessions"].append({"key": "tour", "title": "Tour", "kind": "visit", "company": "feinwerk"})
    content["choices"] = [
        choice(sessions=[]),
        choice(key="two", each=2, sessions=[{"key": "lasers"}, {"key": "evening", "places": 81}, {"key": "moon"}]),
        choice(key="two", each=3, sessions=[{"key": "visit", "places": 41}, {"key": "tour"}]),
        choice(key="three", sessions=[{"key": "tour"}, {"key": "recap"}], closes="2027-03-04T09:00:00"),
        choice(key="four", each=2, sessions=[], tracks=[{"key": "mems"}, {"key": "mems", "places": 9}]),
        choice(key="five", sessions=[], tracks=[{"key": "mems", "places": 9}, {"key": "sun", "places": 9}]),
    ]
    problem = await world.admin.post(f"{setting.path}/weeks", content, 422)
    assert [(one["where"].removeprefix("body."), one["reason"]) for one in problem["errors"]] == [
        ("choices[2].key", "two was there already; each key is used once"),
        ("choices[0].sessions", "a choice is either among tracks or among sessions"),
        ("choices[1].sessions", "there is no session moon"),
        ("choices[1].sessions", "all of them must be for the same tracks, whose students then choose"),
        ("choices[1].sessions", "evening may be left out; what is chosen must take place"),
        ("choices[1].sessions", "evening has at most 80 places, where it can be"),
        ("choices[1].sessions", "for how many moon is must be said"),
        ("choices[2].each", "there are only 2 to choose among"),
        ("choices[2].sessions", "visit has at most 40 places, where it can be"),
        ("choices[3].closes", "must be before the week is over, on 2027-03-03"),
        ("choices[3].sessions", "all of them must be for the same tracks, whose students then choose"),
        ("choices[3].sessions", "tour is in another choice already"),
        ("choices[3].sessions", "for how many recap is must be said"),
        ("choices[4].tracks", "mems was there already"),
        ("choices[4].each", "everybody is in one track"),
        ("choices[4].tracks", "for how many mems is must be said"),
        ("choices[5].tracks", "there is no track sun"),
        ("choices[5].tracks", "another choice is among tracks already; everybody is in one track"),
    ]
