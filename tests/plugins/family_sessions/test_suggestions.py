"""A planner has dates found, follows the search, and compares what came of it."""

from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ET
from datetime import date, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lms_core.api import Slot, SlotsRequest
from lms_core.types import now
from tests.support.family import (
    days,
    family,
    leaves_state,
    need,
    needs,
    run_of,
    seated,
    send_file,
    suggested,
    task,
    worked,
)
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import World


async def test_dates_are_found_for_one_whom_nobody_can_tell_from_the_answer(world: World) -> None:
    """She can come on Thursdays and Fridays in May alone: the dates are made for her, and nothing else shows it."""
    alpha, beta = await family(world, workers=1), await family(world, "beta")
    run_id = await run_of(world, alpha)
    mother = await seated(world, alpha, run_id, "Mia")
    for n in range(3):
        await seated(world, alpha, run_id, f"Sam {n}")
    before = await suggested(world, alpha.path, task(run_id))
    assert before["result"]["status"] == "optimal"
    assert not all(day.month == 5 for day in days(before))
    rest = {"weekdays": 0b1111111}
    await needs(
        world,
        alpha,
        mother.person.id,
        need(**rest, last_day=date(2027, 4, 30)),
        need(**rest, first_day=date(2027, 6, 1)),
    )
    found = await suggested(world, alpha.path, task(run_id))
    result = found["result"]
    assert (found["state"], result["status"], result["stage"], result["worstOffGap"]) == ("done", "optimal", "done", 0)
    assert all(day.month == 5 for day in days(found)), days(found)
    assert days(found, "byCalendar") == days(before, "byCalendar")
    assert result["byCalendar"] == before["result"]["byCalendar"]
    told = {(one["kind"], one["people"]) for one in result["proposal"]["findings"]}
    assert told <= {("overnight", None), ("short_notice", None), ("consecutive", None), ("outside_core", None)}
    student = await world.student("Nosy", alpha.programme)
    for path in ("/suggestions", f"/suggestions/{found['id']}", f"/comparison?suggestion={found['id']}"):
        await student.get(f"{alpha.path}{path}", 403)
    lecturer = await world.person("Lena", "lecturer", beta.programme)
    for path in (f"/suggestions/{found['id']}", f"/comparison?suggestion={found['id']}"):
        await lecturer.get(f"{beta.path}{path}", 404)
    await lecturer.get(f"{alpha.path}/suggestions/{found['id']}", 404)
    assert (await lecturer.get(f"{beta.path}/suggestions"))["items"] == []
    await lecturer.post(f"{beta.path}/suggestions", task(run_id), 422)


async def test_families_are_told_in_classes_and_what_would_help_them(world: World) -> None:
    alpha = await family(world, workers=1)
    run_id = await run_of(world, alpha)
    for n in range(5):
        parent = await seated(world, alpha, run_id, f"Pat {n}")
        await parent.put(f"{alpha.path}/me/school-calendars", {"calendars": [{"land": "BW", "school": ""}]})
    asked = task(run_id)
    asked["sessions"] = [{**asked["sessions"][0], "last": "2027-05-30"}]
    asked["sessions"][0] |= {"first": "2027-03-31", "last": "2027-04-02", "weekdays": [4]}  # after Easter
    asked["sessions"].append({**asked["sessions"][0], "key": "two", "first": "2027-04-12", "last": "2027-04-30"})
    made = await suggested(world, alpha.path, asked)
    found = made["result"]["proposal"]
    easter = [one for one in found["findings"] if one["session"] == "one"]
    assert {"session": "one", "kind": "school_free", "people": "5 to 9"} in easter
    assert [one["kind"] for one in found["findings"] if one["session"] == "two" and one["people"]] == []
    helps = [
        (one["do"], one["people"], one["worstOff"], one["worstOffThen"])
        for one in found["alternatives"] if one["session"] == "one"
    ]  # fmt: skip
    night, holidays = 20, 60  # of each session, and of two days without school
    assert helps == [
        ("record", "5 to 9", 2 * night + holidays, 2 * night + holidays // 4),
        ("hybrid", None, 2 * night + holidays, night + holidays),
    ]
    page = await world.admin.call("GET", f"{alpha.path}/comparison?suggestion={made['id']}")
    told = tables(page.text)
    later = "Recording: Who cannot come sees it later; it costs a quarter of what it does at a bad time."
    home = "Hybrid form: Who cannot come to the place takes part from elsewhere; nobody needs a night away."
    assert told["What would help"][1:] == [
        ["Weekend <one>", *2 * [
            f"{later} (serves 5 to 9 people, heaviest shared burden 55 instead of 100) "
            f"{home} (heaviest shared burden 80 instead of 100)"
        ]],
        ["Weekend <one>", *2 * [f"{later} {home} (heaviest shared burden 80 instead of 100)"]],
    ]  # fmt: skip
    assert [row[1:] for row in told["Would it be refused?"][1:]] == 2 * [["no", "not told"]]


async def test_a_search_is_followed_and_stopped_and_begins_only_so_often(world: World) -> None:
    alpha = await family(world, workers=1, suggestions_per_day=2)
    run_id = await run_of(world, alpha)
    await seated(world, alpha, run_id, "Sam")
    lecturer = await world.person("Lena", "lecturer", alpha.programme)
    first = await lecturer.post(f"{alpha.path}/suggestions", task(run_id))
    stopped = await lecturer.post(f"{alpha.path}/suggestions/{first['id']}/stop", None, 200)
    assert (stopped["state"], stopped["result"]) == ("cancelled", None)
    await worked(world)
    assert await lecturer.get(f"{alpha.path}/suggestions/{first['id']}") == stopped
    second = await lecturer.post(f"{alpha.path}/suggestions", task(run_id))
    refused = await lecturer.post(f"{alpha.path}/suggestions", task(run_id), 409)
    assert refused["detail"].startswith("You have asked for 2 proposals within a day")
    await worked(world)
    told = (await lecturer.call("GET", f"{alpha.path}/suggestions/{second['id']}/events")).text
    assert (told.count("event: progress") >= 3, told.count("event: end")) == (True, 1)
    assert '"stage":"worst_off"' in told
    listed = (await world.admin.get(f"{alpha.path}/suggestions"))["items"]
    assert [(one["id"], one["state"], one["madeBy"]) for one in listed] == [
        (first["id"], "cancelled", str(lecturer.person.id)),
        (second["id"], "done", str(lecturer.person.id)),
    ]
    await world.admin.post(f"{alpha.path}/suggestions", task(run_id))  # others may still ask


async def test_a_running_search_ends_with_what_it_has_when_somebody_stops_it(world: World) -> None:
    alpha = await family(world, workers=1)
    run_id = await run_of(world, alpha)
    chance = Random(7)
    for n in range(10):
        student = await seated(world, alpha, run_id, f"Sam {n}")
        some = [date(2027, 3, 1) + timedelta(chance.randrange(120)) for _ in range(12)]
        wishes = [need("rather_not", first_day=day, last_day=day + timedelta(9), weekdays=127) for day in some]
        await needs(world, alpha, student.person.id, *wishes)
    asked = task(run_id, seconds=100)
    asked["sessions"] = [{**asked["sessions"][0], "key": f"k{n}"} for n in range(10)]
    begun = await world.admin.post(f"{alpha.path}/suggestions", asked)
    working = asyncio.create_task(worked(world))
    path = f"{alpha.path}/suggestions/{begun['id']}"
    async with asyncio.timeout(60):
        await leaves_state(world, path, "queued")
        await world.admin.post(f"{path}/stop", None, 200)
        await working
    found = await world.admin.get(path)
    assert (found["state"], found["result"]["status"]) == ("done", "feasible")
    assert len(days(found)) == 20


async def test_what_cannot_be_placed_is_named(world: World) -> None:
    alpha, beta = await family(world), await family(world, "beta")
    theirs = await run_of(world, beta, "beta")
    one = task(theirs)["sessions"][0]
    wrong = [
        {**one, "weekdays": [6]},
        {**one, "last": "2027-02-01"},
        {**one, "key": "late", "starts": ["14:00"]},
    ]
    refused = await world.admin.post(f"{alpha.path}/suggestions", {"title": "x", "sessions": wrong}, 422)
    assert [error["where"] for error in refused["errors"]] == [
        "body.sessions[0]", "body.sessions[1].key", "body.sessions[1].last", "body.sessions[2].starts",
    ]  # fmt: skip
    refused = await world.admin.post(f"{alpha.path}/suggestions", task(theirs), 422)
    assert refused["errors"][0] == {"where": "body.sessions[0].runId", "reason": "the programme has no such run"}
    assert (await world.admin.get(f"{alpha.path}/suggestions"))["items"] == []


def tables(page: str) -> dict[str, list[list[str]]]:
    root = ET.fromstring(page.removeprefix("<!DOCTYPE html>"))
    return {
        str(table.findtext("caption")): [["".join(cell.itertext()) for cell in row] for row in table.iter("tr")]
        for table in root.iter("table")
    }


async def test_proposals_side_by_side_with_the_holidays(world: World) -> None:
    alpha = await family(world, workers=1)
    run_id = await run_of(world, alpha)
    await seated(world, alpha, run_id, "Sam")
    await send_file(world.admin, f"{alpha.path}/movable-days?land=BW", "first,name\n2027-06-25,Brückentag\n")
    both = [await suggested(world, alpha.path, task(run_id, title=title)) for title in ("A & B", "C")]
    path = f"{alpha.path}/comparison?suggestion={both[0]['id']}&suggestion={both[1]['id']}&land=BW"
    with statements(world.database) as sent:
        page = await world.admin.call("GET", path)
    assert page.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'"
    assert len([one for one in sent if "family_sessions_" in one]) == 3
    found = tables(page.text)
    assert found["Dates"][0] == ["", "1. A & B", "2. C", "First free dates"]
    assert [row[0] for row in found["Dates"][1:]] == ["Weekend <one>", "Weekend <two>", "Weekend <three>"]
    assert found["Dates"][1][3].startswith("Thu 2027-03-04 09:00-16:00; Fri 2027-03-05")
    closed = [row[0] for row in found["Weekends in holidays"][1:]]
    assert {"2027-03-27", "2027-04-03", "2027-05-22", "2027-06-26"} <= set(closed)
    assert "2027-04-17" not in closed
    root = ET.fromstring(page.text.removeprefix("<!DOCTYPE html>"))
    fills = [one.get("fill") for one in root.iter("{http://www.w3.org/2000/svg}rect")]
    assert (fills.count("url(#free)"), fills.count("black")) == (len(closed), 3 * 3)  # each session of each plan
    await world.admin.get(f"{alpha.path}/comparison", 400)
    waiting = await world.admin.post(f"{alpha.path}/suggestions", task(run_id))
    nothing = await world.admin.call("GET", f"{alpha.path}/comparison?suggestion={waiting['id']}")
    assert "There are no dates to compare yet." in nothing.text


async def test_other_plugins_learn_what_a_slot_costs_and_nothing_of_a_single_person(world: World) -> None:
    alpha, beta = await family(world), await family(world, "beta")
    people = [await world.student(f"Pat {n}", alpha.programme) for n in range(7)]
    saturday = need()
    for one in people[:5]:
        await needs(world, alpha, one.person.id, saturday)
    await needs(world, alpha, people[5].person.id, need(weekdays=0b0001000))
    persons = tuple(one.person.id for one in people)
    hooks = world.app.state.hooks

    async def costs(programme: dict[str, Any], asked: tuple[Any, ...]) -> dict[str, int]:
        starts = {"saturday": 17, "thursday": 15, "friday": 16}
        slots = tuple(
            Slot(key, *(now().replace(2027, 4, day, hour, 0, 0, 0) for hour in (9, 12)), asked)
            for key, day in starts.items()
        )
        answers, failed = await hooks.shape("score_slots", UUID(programme["id"]), SlotsRequest(slots))
        assert failed == []
        return {score.key: score.cost for _, score in answers}

    assert await costs(alpha.programme, persons) == {"saturday": 5000}
    for gone in persons:
        assert await costs(alpha.programme, tuple(one for one in persons if one != gone)) == {"saturday": 5000}
    assert await costs(alpha.programme, persons[:4]) == {}
    assert await costs(beta.programme, persons) == {}
