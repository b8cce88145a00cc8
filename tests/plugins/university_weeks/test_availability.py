"""A lecturer from industry says when she can come, by a link and without an account; the plan keeps to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.weeks import DAYS, planned, prepared, week

if TYPE_CHECKING:
    from tests.support.world import World

HERE = "http://localhost:8000"


async def invited(world: World, path: str, week_id: str, **asked: Any) -> dict[str, str]:
    made = await world.admin.post(f"{path}/weeks/{week_id}/invitations", asked)
    return {one["lecturer"]: one["url"].removeprefix(HERE) for one in made["items"]}


async def test_on_the_page_of_her_link(world: World) -> None:
    setting = await prepared(world)
    made = await world.admin.post(f"{setting.path}/weeks", week(setting.run["id"]))
    links = await invited(world, setting.path, made["id"])
    assert set(links) == {"weiss", "okafor"}
    page = await world.http.get(links["weiss"])
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "When can you come, Dr. Weiß?" in page.text
    assert page.text.count('<option value="yes" selected>') == 5  # Monday, as the planner has heard
    fields = {f"{DAYS[1]}.3": "yes", f"{DAYS[1]}.4": "rather-not", f"{DAYS[2]}.1": "no", "nonsense": "yes"}
    done = await world.http.post(links["weiss"], data=fields)
    assert (done.status_code, "Thank you" in done.text) == (200, True)
    assert (done.text.count('"yes" selected'), done.text.count('"rather-not" selected')) == (1, 1)
    told = await world.admin.get(f"{setting.path}/weeks/{made['id']}/availability")
    assert told == {
        "items": [
            {
                "lecturer": "weiss",
                "times": {
                    "available": [{"day": DAYS[1], "slots": [3, 4]}],
                    "disliked": [{"day": DAYS[1], "slots": [4]}],
                },
                "at": told["items"][0]["at"],
            }
        ],
        "missing": ["okafor"],
    }
    assert set(await invited(world, setting.path, made["id"])) == {"okafor"}

    plan = await planned(world, setting.path, made["id"])
    [safety] = [one for one in plan["result"]["proposals"][0]["sessions"] if one["key"] == "safety"]
    assert (safety["day"], safety["slot"]) in ((DAYS[1], 3), (DAYS[1], 4))

    times = {"available": [{"day": DAYS[2]}]}
    assert (await world.http.put(links["weiss"], json=times)).status_code == 200
    refused = await world.admin.post(f"{setting.path}/publications", {"planId": plan["id"]}, 409)
    assert refused["detail"] == "Since the plan was asked for, Dr. Weiß said anew when they can come; plan again."
    data = (await world.http.get(links["weiss"], headers={"Accept": "application/json"})).json()
    assert (data["name"], data["times"]) == ("Dr. Weiß", {"available": [{"day": DAYS[2]}], "disliked": []})


async def test_her_link_opens_nothing_else(world: World) -> None:
    setting, other = await prepared(world), await prepared(world, "beta")
    made = await world.admin.post(f"{setting.path}/weeks", week(setting.run["id"]))
    theirs = await world.admin.post(f"{other.path}/weeks", week(other.run["id"]))
    links = await invited(world, setting.path, made["id"], lecturers=["weiss"])
    secret = links["weiss"].partition("link=")[2]
    for path in (
        f"{other.path}/availability", f"{setting.path}/weeks", f"{setting.path}/weeks/{made['id']}",
        f"{setting.path}/weeks/{made['id']}/availability", f"{other.path}/weeks/{theirs['id']}", "/me",
    ):  # fmt: skip
        assert (await world.http.get(f"{path}?link={secret}")).status_code == 401
    await world.http.put(links["weiss"], json={"available": []})
    assert (await world.admin.get(f"{other.path}/weeks/{theirs['id']}/availability"))["items"] == []
    assert (await world.admin.get(f"{setting.path}/weeks/{made['id']}/availability"))["missing"] == ["okafor"]

    wrong = {"available": [{"day": "2027-04-01"}, {"day": DAYS[0], "slots": [9]}]}
    problem = (await world.http.put(links["weiss"], json=wrong)).json()
    assert [one["reason"] for one in problem["errors"]] == [
        "2027-04-01 is no day of the week", "a day has 5 slots, there is none with the number 9",
    ]  # fmt: skip
    content = week(setting.run["id"])
    content["lecturers"] = content["lecturers"][1:]
    content["sessions"] = [content["sessions"][0], content["sessions"][4]]
    await world.admin.put(f"{setting.path}/weeks/{made['id']}", content, If_Match='"1"')
    assert (await world.http.get(links["weiss"])).status_code == 404
    unknown = {"lecturers": ["okafor", "weiss"]}
    refused = await world.admin.post(f"{setting.path}/weeks/{made['id']}/invitations", unknown, 422)
    assert refused["errors"] == [{"where": "body.lecturers", "reason": "the week has no weiss"}]


async def test_the_page_of_her_link_says_what_she_is_to_teach(world: World) -> None:
    setting = await prepared(world)
    made = await world.admin.post(f"{setting.path}/weeks", week(setting.run["id"]))
    links = await invited(world, setting.path, made["id"])
    assert "Your sessions" not in (await world.http.get(links["weiss"])).text
    plan = await planned(world, setting.path, made["id"])
    await world.admin.post(f"{setting.path}/publications", {"planId": plan["id"]})
    slots = {n: (slot["starts"], slot["ends"]) for n, slot in enumerate(week("")["slots"], 1)}
    titles = {one["key"]: one["title"] for one in week("")["sessions"]}
    for who, link in links.items():
        data = (await world.http.get(link, headers={"Accept": "application/json"})).json()
        taught = [one for one in plan["result"]["proposals"][0]["sessions"] if who in one["lecturers"]]
        assert sorted(
            (one["title"].partition(" (")[0], one["day"], one["starts"]) for one in data["sessions"]
        ) == sorted((titles[one["key"].partition("/")[0]], one["day"], slots[one["slot"]][0]) for one in taught)
        page = (await world.http.get(link)).text
        assert page.count("<li>") == len(taught) > 0
