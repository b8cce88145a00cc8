"""What a planner owes others: lists of names for companies, and all that falls due, in the order of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.weeks import DAYS, choice, ours, planned, prepared, seated, week
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import World


def visits(run_id: str) -> dict[str, Any]:
    """Return a week with an opening, a visit for everybody, and a choice between two others at another company."""
    content = week(run_id, choices=[choice(sessions=[{"key": "fab"}, {"key": "office", "places": 1}])])
    other = {**content["companies"][0], "key": "chips", "name": "Chips & Söhne", "windows": [], "namesDueDays": 0}
    content["companies"].append(other)
    visit = {"kind": "visit", "company": "chips", "tracks": ["mems"], "only": [{"day": DAYS[2], "slots": [2]}]}
    content["sessions"] = [
        content["sessions"][0], content["sessions"][4], {**visit, "key": "fab", "title": "=Fab"},
        {**visit, "key": "office", "title": "Office", "only": [{"day": DAYS[2], "slots": [4]}]},
    ]  # fmt: skip
    return content


async def test_who_comes_to_a_company(world: World) -> None:
    setting, other = await prepared(world), await prepared(world, "beta")
    ann, bo, cy = [await seated(world, setting, name) for name in ("Ann", "Bo", "Cy")]
    gone = await seated(world, setting, "Dee")
    made = await world.admin.post(f"{setting.path}/weeks", visits(setting.run["id"]))
    at = f"{setting.path}/weeks/{made['id']}"
    tracks = [{"personId": who.id, "track": "optics" if who is cy else "mems"} for who in (ann, bo, cy, gone)]
    await world.admin.put(f"{at}/members", {"items": tracks})
    await gone.delete(f"/runs/{setting.run['id']}/enrolment")
    visit = {"key": "visit", "title": "At Feinwerk's", "final": True, "people": ["Ann", "Bo", "Cy"], "buses": 1}
    assert await world.admin.get(f"{at}/companies/feinwerk/participants") == {
        "company": "feinwerk", "name": "Feinwerk Sensorik", "visits": [{**visit, "days": [], "dueOn": None}],
    }  # fmt: skip
    early = await world.admin.get(f"{at}/companies/chips/participants")
    assert [(one["final"], one["people"]) for one in early["visits"]] == [(False, ["Ann", "Bo"])] * 2

    for who in (ann, bo):
        await who.put(f"{at}/choices/workshops/mine", {"ranked": ["office", "fab"] if who is bo else ["fab", "office"]})
    await world.admin.post(f"{at}/choices/workshops/assignment", None, 200)
    plan = await planned(world, setting.path, made["id"])
    await world.admin.post(f"{setting.path}/publications", {"planId": plan["id"]})
    with statements(world.database) as asked:
        told = await world.admin.get(f"{at}/companies/feinwerk/participants")
    assert told["visits"] == [{**visit, "days": [DAYS[1]], "dueOn": "2027-02-23"}]
    assert len(ours(asked)) == 5
    chips = f"{at}/companies/chips/participants"
    last = await world.admin.get(chips)
    assert [(one["key"], one["dueOn"], one["final"], one["people"]) for one in last["visits"]] == [
        ("fab", DAYS[2], True, ["Ann"]), ("office", DAYS[2], True, ["Bo"]),
    ]  # fmt: skip
    table = await world.admin.call("GET", f"{chips}?format=csv")
    assert table.content.decode("utf-8-sig").splitlines() == [
        "visit,days,name", f"'=Fab,{DAYS[2]},Ann", f"Office,{DAYS[2]},Bo",
    ]  # fmt: skip
    assert table.headers["content-disposition"] == "attachment; filename*=UTF-8''Chips%20%26%20S%C3%B6hne.csv"
    assert (await world.admin.call("GET", chips, Accept="text/csv")).content == table.content
    assert (await world.admin.call("GET", f"{chips}?format=json", Accept="text/csv")).json() == last
    assert (await world.admin.call("GET", f"{chips}?format=pdf")).status_code == 400
    await world.admin.get(f"{at}/companies/moon/participants", 404)
    for path in ("/companies/chips/participants", "/deadlines"):
        await ann.get(f"{at}{path}", 403)
        await world.admin.get(f"{at.replace(setting.path, other.path)}{path}", 404)


async def test_what_falls_due(world: World) -> None:
    setting = await prepared(world)
    made = await world.admin.post(f"{setting.path}/weeks", visits(setting.run["id"]))
    at = f"{setting.path}/weeks/{made['id']}"
    choosing = {"kind": "choice", "key": "workshops", "title": "Workshops", "on": "2027-02-20",
                "at": "2027-02-20T18:00:00+01:00", "done": False}  # fmt: skip
    day = {"at": None, "done": False}
    lists = [
        {
            "kind": "participants",
            "key": "visit",
            "title": "Feinwerk Sensorik: At Feinwerk's",
            "on": "2027-02-23",
            **day,
        },
        {"kind": "participants", "key": "fab", "title": "Chips & Söhne: =Fab", "on": DAYS[2], **day},
        {"kind": "participants", "key": "office", "title": "Chips & Söhne: Office", "on": DAYS[2], **day},
    ]
    silent = [
        {"kind": "lecturer", "key": "okafor", "title": "Prof. Okafor", "on": None, **day},
        {"kind": "lecturer", "key": "weiss", "title": "Dr. Weiß", "on": None, **day},
    ]
    unplanned = sorted(({**one, "on": None} for one in lists), key=lambda one: str(one["key"]))
    assert (await world.admin.get(f"{at}/deadlines"))["items"] == [choosing, *silent, *unplanned]

    rules = {"minimum": 3, "decideAt": "2027-02-20T12:00:00", "zone": "UTC"}
    await world.admin.put(f"/runs/{setting.run['id']}/seat-rules", rules, If_Match='"1"')
    await world.admin.post(f"{at}/choices/workshops/assignment", None, 200)
    plan = await planned(world, setting.path, made["id"])
    await world.admin.post(f"{setting.path}/publications", {"planId": plan["id"]})
    links = await world.admin.post(f"{at}/invitations", {"lecturers": ["okafor"]})
    link = links["items"][0]["url"].removeprefix("http://localhost:8000")
    await world.http.put(link, json={"available": [{"day": DAYS[0]}]})
    decision = {"kind": "run", "key": setting.run["id"], "title": "at least 3 seats taken", "on": "2027-02-20",
                "at": "2027-02-20T13:00:00+01:00", "done": False}  # fmt: skip
    with statements(world.database) as asked:
        told = await world.admin.get(f"{at}/deadlines")
    assert told["items"] == [decision, {**choosing, "done": True}, *lists, silent[1]]
    assert len(ours(asked)) == 6
