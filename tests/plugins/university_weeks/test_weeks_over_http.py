"""A planner enters a week, has it planned, publishes it, and plans anew when something happens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.weeks import DAYS, planned, prepared, week

if TYPE_CHECKING:
    from tests.support.world import World


def at(proposal: dict[str, Any]) -> dict[str, tuple[str, int, str]]:
    return {one["key"]: (one["day"], one["slot"], one["room"]) for one in proposal["sessions"]}


async def test_from_the_first_line_to_the_calendars(world: World) -> None:
    setting = await prepared(world)
    path, run = setting.path, setting.run
    made = await world.admin.post(f"{path}/weeks", week(run["id"]))
    plan = await planned(world, path, made["id"])
    assert (plan["state"], plan["reason"], plan["result"]["status"]) == ("done", None, "optimal")
    [best] = plan["result"]["proposals"]
    assert best["violations"] == []
    assert plan["result"]["bound"] == best["cost"]
    where = at(best)
    assert set(where) == {"opening", "safety", "bench/1", "bench/2", "lasers", "visit", "evening", "recap"}
    assert where["safety"][0] == DAYS[0]  # the only day on which Dr. Weiß can come
    assert where["visit"][:2] in ((DAYS[1], 1), (DAYS[1], 2))
    assert where["evening"][1] == 5
    assert where["recap"][2] == ""
    assert {where["bench/1"][2], where["bench/2"][2]} == {"lab"}
    tracks = {one["key"]: one["tracks"] for one in best["sessions"]}
    assert (tracks["bench/1"], tracks["bench/2"]) == (["mems 1/2"], ["mems 2/2"])
    assert tracks["opening"] == ["mems 1/2", "mems 2/2", "optics"]
    events = await world.admin.call("GET", f"{path}/plans/{plan['id']}/events")
    assert events.text.rstrip().endswith('event: end\r\ndata: {"state":"done"}')

    before = await world.admin.get(f"/runs/{run['id']}/sessions")
    published = await world.admin.post(f"{path}/publications", {"planId": plan["id"]})
    assert (before["items"], published["version"], published["changes"]) == ([], 1, [])
    sessions = (await world.admin.get(f"/runs/{run['id']}/sessions"))["items"]
    assert sorted(one["title"] for one in sessions) == [
        "At Feinwerk's", "At the bench (1)", "At the bench (2)", "Evening by the river", "Lasers", "Opening", "Recap",
        "Safety in the clean room",
    ]  # fmt: skip
    visit = next(one for one in sessions if one["title"] == "At Feinwerk's")
    assert (visit["place"], visit["zone"]) == ("Feinwerk Sensorik, Plant", "Europe/Berlin")
    recap = next(one for one in sessions if one["title"] == "Recap")
    assert (recap["mode"], recap["place"]) == ("online", "")

    gone = {"lecturers": {"okafor": [{"day": where["opening"][0], "slots": [where["opening"][1]]}]}}
    again = await planned(world, path, made["id"], do="replan", **gone)
    assert (again["state"], again["result"]["fewest"]) == ("done", True)
    fewest = again["result"]["proposals"][0]
    moved = {key for key, place in at(fewest).items() if place != where[key]}
    assert "opening" in moved
    assert len(moved) == len(fewest["differences"])
    second = await world.admin.post(f"{path}/publications", {"planId": again["id"]})
    assert (second["version"], len(second["changes"])) == (2, len(moved))
    after = (await world.admin.get(f"/runs/{run['id']}/sessions"))["items"]
    assert {one["id"] for one in after} == {one["id"] for one in sessions}
    assert sorted(one["revision"] for one in after) == [1] * (8 - len(moved)) + [2] * len(moved)
    assert (await world.admin.get(f"{path}/weeks/{made['id']}/publication?version=1"))["changes"] == []


async def test_why_a_week_cannot_be(world: World) -> None:
    setting = await prepared(world)
    content = week(setting.run["id"])
    content["lecturers"][0]["available"] = [{"day": DAYS[0], "slots": [1]}]
    content["sessions"][3] = {**content["sessions"][3], "oneOf": [], "lecturers": ["weiss"]}
    made = await world.admin.post(f"{setting.path}/weeks", content)
    plan = await planned(world, setting.path, made["id"])
    assert (plan["result"]["status"], plan["result"]["proposals"]) == ("infeasible", [])
    told = await planned(world, setting.path, made["id"], do="explain")
    reasons = told["result"]["reasons"]
    assert "Dr. Weiß" in " ".join([*reasons["shortages"], *reasons["giveUp"], *reasons["conflict"]])
    refused = await world.admin.post(f"{setting.path}/publications", {"planId": plan["id"]}, 409)
    assert refused["detail"] == "The plan has 0 proposals, none with the number 1."


async def test_what_cannot_be_entered_is_told_all_at_once(world: World) -> None:
    setting = await prepared(world)
    other = await prepared(world, "beta")
    content = week(setting.run["id"])
    content["rooms"][0]["site"] = "moon"
    content["sessions"][0]["lecturers"] = ["nobody"]
    content["sessions"][4]["company"] = None
    content["sessions"][5]["length"] = 6
    content["sessions"][6]["only"] = [{"day": "2027-04-01"}]
    content["tracks"][1]["key"] = "mems"
    problem = await world.admin.post(f"{setting.path}/weeks", content, 422)
    assert problem["errors"] == [
        {"where": "body.tracks[1].key", "reason": "mems was there already; each key is used once"},
        {"where": "body.rooms[0].site", "reason": "there is no site moon"},
        {"where": "body.sessions[0].lecturers", "reason": "there is no lecturer nobody"},
        {"where": "body.sessions[3].tracks", "reason": "there is no track optics"},
        {"where": "body.sessions[4].company", "reason": "a visit names its company, and nothing else does"},
        {"where": "body.sessions[5].length", "reason": "a day has only 5 slots"},
        {"where": "body.sessions[6].tracks", "reason": "there is no track optics"},
        {"where": "body.sessions[6].only", "reason": "2027-04-01 is no day of the week"},
    ]
    await world.admin.post(f"{setting.path}/weeks", week(other.run["id"]), 404)
    assert (await world.admin.get(f"{setting.path}/weeks"))["items"] == []


async def test_a_week_is_changed_by_one_at_a_time_and_seen_in_its_programme_only(world: World) -> None:
    setting, other = await prepared(world), await prepared(world, "beta")
    lecturer = await world.person("Lea", "lecturer", setting.programme)
    student = await world.student("Sam", setting.programme)
    planner = await world.person("Pia")
    role = {"role": "university_weeks.planner", "scope": "programme", "scopeId": setting.programme["id"]}
    await world.admin.post(f"/persons/{planner.id}/grants", role)
    made = await planner.post(f"{setting.path}/weeks", week(setting.run["id"]))
    at = f"{setting.path}/weeks/{made['id']}"
    content = week(setting.run["id"], title="Moved to April")
    assert (await planner.put(at, content, If_Match='"1"'))["revision"] == 2
    await planner.put(at, content, 412, If_Match='"1"')
    plan = await planned(world, setting.path, made["id"])
    await planner.put(at, week(setting.run["id"]), If_Match='"2"')
    stale = await planner.post(f"{setting.path}/publications", {"planId": plan["id"]}, 409)
    assert stale["detail"] == "The plan is for state 2 of the week, which is in state 3 now; plan again."
    for nobody in (lecturer, student):
        for path in ("/weeks", f"/weeks/{made['id']}", f"/plans/{plan['id']}", f"/plans/{plan['id']}/events"):
            await nobody.get(f"{setting.path}{path}", 403)
    for path in (f"/weeks/{made['id']}", f"/weeks/{made['id']}/plans", f"/plans/{plan['id']}"):
        await world.admin.get(f"{other.path}{path}", 404)
        await planner.get(f"{other.path}{path}", 404)
    await world.admin.post(f"{other.path}/publications", {"planId": plan["id"]}, 404)
    await world.admin.post(f"{other.path}/weeks/{made['id']}/plans", {}, 404)
    assert (await world.admin.get(f"{other.path}/weeks"))["items"] == []
    await world.admin.get(f"{setting.path}/weeks/{made['id']}/publication", 404)
