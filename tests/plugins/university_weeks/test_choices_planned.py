"""What students were given decides who comes: in the plan, in what each of them sees, and in what counts."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from lms_university_weeks.translate import translate
from lms_university_weeks.week import WeekContent

from tests.support.calendars import read
from tests.support.weeks import DAYS, choice, choosing_week, planned, prepared, seated

if TYPE_CHECKING:
    from tests.support.world import World

RUN = "0190a6e0-5f3c-7000-8000-000000000000"


async def test_from_wishes_to_what_counts(world: World) -> None:
    setting = await prepared(world)
    ann, bo, cy = [await seated(world, setting, name) for name in ("Ann", "Bo", "Cy")]
    credit = {"ects": "1", "percent": 80}
    made = await world.admin.post(f"{setting.path}/weeks", choosing_week(setting.run["id"], credit=credit))
    at = f"{setting.path}/weeks/{made['id']}"
    tracks = [{"personId": who.id, "track": "optics" if who is cy else "mems"} for who in (ann, bo, cy)]
    await world.admin.put(f"{at}/members", {"items": tracks})
    early = await planned(world, setting.path, made["id"])
    assert early["result"]["status"] == "infeasible"  # whoever may come to both cannot be at both

    wishes = {ann.id: ["etching", "bonding"], bo.id: ["bonding", "etching"], cy.id: ["etching", "bonding"]}
    for who in (ann, bo, cy):
        await who.put(f"{at}/choices/workshops/mine", {"ranked": wishes[who.id]})
    await world.admin.post(f"{at}/choices/workshops/assignment", None, 200)
    plan = await planned(world, setting.path, made["id"])
    [best] = plan["result"]["proposals"]
    where = {one["key"]: (one["day"], one["slot"], one["tracks"]) for one in best["sessions"]}
    assert best["violations"] == []
    assert where["etching"] == (DAYS[1], 1, ["mems #2", "optics"])
    assert where["bonding"] == (DAYS[1], 1, ["mems #1"])
    assert where["opening"][2] == ["mems #1", "mems #2", "optics"]
    await world.admin.post(f"{setting.path}/publications", {"planId": plan["id"]})

    async def calendars() -> list[list[str]]:
        feeds = [await who.post("/me/calendar-feeds", {"name": "Phone"}) for who in (ann, bo, cy)]
        texts = [(await world.http.get(feed["url"])).content for feed in feeds]
        return [sorted(one["title"].partition(": ")[2] for one in read(text).values()) for text in texts]

    assert await calendars() == [["Etching", "Opening"], ["Bonding", "Opening"], ["Etching", "Opening"]]

    async def seen(view: str) -> list[str]:
        page = await bo.call("GET", f"{at}/publication/picture?view={view}")
        return [title for title in ("Opening", "Etching", "Bonding") if f">{title}<" in page.text]

    assert await seen("me") == ["Opening", "Bonding"]
    assert await seen("all") == ["Opening", "Etching", "Bonding"]
    assert await seen("track:optics") == ["Opening", "Etching"]
    everybody = (await bo.call("GET", f"{at}/publication/picture")).text
    assert ("for everybody" in everybody, "for those who chose it" in everybody, "#" in everybody) == (
        True,
        True,
        False,
    )
    noted = {"items": [{"personId": who.id, "minutes": 90} for who in (ann, bo, cy)]}
    await world.admin.put(f"{at}/presences?key=opening", noted)
    told = await world.admin.put(f"{at}/presences?key=etching", noted)  # Bo was at the wrong one
    assert [(one["name"], one["minutes"], one["of"]) for one in told["items"]] == [
        ("Ann", 180, 180), ("Bo", 90, 180), ("Cy", 180, 180),
    ]  # fmt: skip

    stale = await planned(world, setting.path, made["id"])
    swap = [{"personId": ann.id, "options": ["bonding"]}, {"personId": bo.id, "options": ["etching"]}]
    await world.admin.put(f"{at}/choices/workshops/assignment", {"items": swap})
    refused = await world.admin.post(f"{setting.path}/publications", {"planId": stale["id"]}, 409)
    assert refused["detail"] == "Since the plan was asked for, places were given in Workshops; plan again."
    assert await seen("me") == ["Opening", "Etching"]
    assert await calendars() == [["Bonding", "Opening"], ["Etching", "Opening"], ["Etching", "Opening"]]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 12), st.booleans())
def test_nobody_is_lost_or_at_two_places_of_a_plan(seed: int, people: int, splits: bool) -> None:
    """Each person is in exactly one group, which comes to all that she comes to and nothing else."""
    chance = Random(seed)
    content = choosing_week(RUN, choices=[choice(each=2)])
    content["sessions"].append(
        {"key": "bench", "title": "Bench", "equipment": ["bench"], "maySplit": splits, "tracks": ["mems"]}
    )
    content["rooms"][1]["safetyCap"] = 3
    week = msgspec.convert(content, WeekContent)
    tracks: dict[str, list[UUID]] = {"mems": [], "optics": []}
    for number in range(people):
        tracks[chance.choice(["mems", "optics"])].append(UUID(int=number))
    chosen = {
        key: {UUID(int=number) for number in range(people) if chance.random() < 0.5} for key in ("etching", "bonding")
    }
    problem = translate(week, tracks, (), chosen).problem
    sizes = {"mems": len(tracks["mems"]) or 20, "optics": len(tracks["optics"]) or 10}
    assert sum(problem.group_size) == sum(sizes.values())
    assert min(problem.group_size) > 0
    coming = {session.name.partition(" (")[0]: 0 for session in problem.sessions}
    for session in problem.sessions:
        coming[session.name.partition(" (")[0]] += sum(problem.group_size[group] for group in session.groups)
        if splits and session.name.startswith("Bench"):
            assert session.size <= 3
    assert coming == {
        "Opening": sum(sizes.values()), "Bench": sizes["mems"], "Etching": len(chosen["etching"]),
        "Bonding": len(chosen["bonding"]),
    }  # fmt: skip
    both = sum(len({*tracks[track]} & chosen["etching"] & chosen["bonding"]) for track in tracks)
    by_name = {session.name: set(session.groups) for session in problem.sessions}
    assert both == sum(problem.group_size[group] for group in by_name["Etching"] & by_name["Bonding"])
    before = translate(week, tracks).problem
    known = {session.name: session.size for session in before.sessions}
    assert known["Etching"] == min(2, sum(sizes.values()))  # no more than there are places
