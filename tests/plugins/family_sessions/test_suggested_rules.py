"""Dates are proposed that can be published, and where there are none, that is said."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from lms_family_sessions.plugin import FamilySessions
from lms_family_sessions.searching import TRIES
from sqlalchemy import update

from lms_core.api import ConstraintsRequest, Context, Plugin, SessionConstraint, hookimpl
from lms_core.outbox.tables import delivery
from lms_core.types import now
from tests.plugins.family_sessions.test_suggestions import tables
from tests.support.family import days, family, need, needs, run_of, seated, suggested, task, worked

if TYPE_CHECKING:
    from tests.support.family import Family
    from tests.support.world import World


class Shifts(Plugin):
    """Says that nobody can come before May; until it is mended, nothing."""

    name = "shifts"
    broken = False
    asked: list[ConstraintsRequest]

    @hookimpl
    async def session_constraints(self, context: Context, request: ConstraintsRequest) -> list[SessionConstraint]:
        """Answer for one person after the other."""
        self.asked.append(request)
        if self.broken:
            raise RuntimeError("the list of shifts cannot be read")
        until = request.ends.replace(year=2027, month=5, day=1, hour=0)
        return [
            SessionConstraint(one, request.starts, min(request.ends, until), "cannot")
            for one in request.persons
            if request.starts < until
        ]


@pytest.fixture
def shifts() -> Shifts:
    made = Shifts()
    made.asked = []
    return made


@pytest.fixture
def plugins(shifts: Shifts) -> list[Any]:
    return [FamilySessions(), shifts]


async def test_what_another_plugin_says_of_people_is_a_rule_where_it_is_enabled(world: World, shifts: Shifts) -> None:
    alpha = await family(world, workers=1)
    run_id = await run_of(world, alpha)
    for n in range(3):
        await seated(world, alpha, run_id, f"Sam {n}")
    free = await suggested(world, alpha.path, task(run_id))
    assert min(days(free)) < date(2027, 5, 1)
    assert shifts.asked == []
    path = f"/programmes/{alpha.programme['id']}/plugins/shifts"
    await world.admin.put(path, {"enabled": True, "settings": {}}, If_Match='"0"')
    found = await suggested(world, alpha.path, task(run_id))
    assert (found["result"]["status"], found["result"]["refused"]) == ("optimal", [])
    assert min(days(found)) >= date(2027, 5, 1)
    assert all(one.ends - one.starts <= timedelta(weeks=1) for one in shifts.asked), "answers stay small"
    asked = task(run_id)
    asked["sessions"] = [{**asked["sessions"][0], "last": "2027-04-29"}]
    found = (await suggested(world, alpha.path, asked))["result"]
    assert found["refused"] == [{"session": "one", "people": None}]


async def test_nothing_is_proposed_while_a_plugin_cannot_tell(world: World, shifts: Shifts) -> None:
    alpha = await family(world, workers=1)
    run_id = await run_of(world, alpha)
    await seated(world, alpha, run_id, "Sam")
    path = f"/programmes/{alpha.programme['id']}/plugins/shifts"
    await world.admin.put(path, {"enabled": True, "settings": {}}, If_Match='"0"')
    shifts.broken = True
    waiting = await suggested(world, alpha.path, task(run_id))
    assert (waiting["state"], waiting["result"]) == ("queued", None)
    for _ in range(TRIES):  # to wait is no try
        async with world.database.write() as connection:
            await connection.execute(update(delivery).values(due_at=now()))
        await worked(world)
    assert (await world.admin.get(f"{alpha.path}/suggestions/{waiting['id']}"))["state"] == "queued"
    stopped = await world.admin.post(f"{alpha.path}/suggestions/{waiting['id']}/stop", None, 200)
    assert stopped["state"] == "cancelled"


def placed(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the sessions of a proposal as one plans them by hand, one for each day."""
    return [
        {
            "title": one["title"], "starts": starts, "ends": ends, "zone": "Europe/Berlin", "mode": "on_site",
            "place": "Room 1",
        }
        for one in found["result"]["proposal"]["sessions"]
        for starts, ends in one["times"]
    ]  # fmt: skip


async def test_no_proposed_date_is_refused_when_it_is_published(world: World) -> None:
    """What one person bears who has many wishes is no reason to put a session where another one cannot come."""
    alpha = await family(world, workers=1, land="BW")
    run_id = await run_of(world, alpha)
    mother, other = [await seated(world, alpha, run_id, name) for name in ("Mia", "Ole")]
    every = {"weekdays": 0b1111111}
    can = [date(2027, 5, 6), date(2027, 5, 13), date(2027, 5, 27)]  # Thursdays: two of them holidays
    await needs(world, alpha, mother.person.id, need(**every, last_day=can[0] - timedelta(1)),
                need(**every, first_day=date(2027, 6, 5)))  # fmt: skip
    await needs(world, alpha, other.person.id, need("rather_not", **every, first_day=can[0], last_day=date(2027, 6, 5)))
    found = await suggested(world, alpha.path, task(run_id))
    assert (found["result"]["status"], found["result"]["refused"]) == ("optimal", [])
    assert not {date(2027, 5, 6), date(2027, 5, 27)} & set(days(found)), "Ascension Day, and Corpus Christi in BW"
    assert {day.month for day in days(found)} <= {5, 6}
    for one in placed(found):
        await world.admin.post(f"/runs/{run_id}/sessions", one)
    assert (await world.admin.get(f"/runs/{run_id}/sessions"))["items"]
    nowhere = task(run_id)
    nowhere["sessions"] = [{**nowhere["sessions"][0], "first": "2027-05-27", "last": "2027-05-27"}]
    refused = await world.admin.post(f"{alpha.path}/suggestions", nowhere, 422)
    assert refused["errors"][0]["where"] == "body.sessions[0]"


async def test_nobody_is_wanted_where_she_has_to_be_in_a_session_that_there_is(world: World) -> None:
    alpha = await family(world, workers=1)
    here, shared, strange = [await run_of(world, alpha, key) for key in ("here", "shared", "strange")]
    sam = await seated(world, alpha, here, "Sam")
    await sam.put(f"/runs/{shared}/enrolment", {})
    await seated(world, alpha, strange, "Zoe")
    made = {}
    for run_id, day in ((here, 6), (shared, 13), (strange, 20), (here, 27)):
        new = {"title": "Lab", "zone": "America/New_York", "mode": "on_site", "place": "Lab 1"}
        hours = {"starts": f"2027-04-{day:02}T09:00:00", "ends": f"2027-04-{day:02}T11:00:00"}  # at 15 in Berlin
        made[day] = (await world.admin.post(f"/runs/{run_id}/sessions", {**new, **hours}))["id"]
    await world.admin.delete(f"/runs/{here}/sessions/{made[27]}", If_Match='"1"')
    tuesdays = {"last": "2027-04-29", "first": "2027-04-06", "weekdays": [2], "days": 1, "starts": ["09:00", "13:00"]}
    asked = task(here)
    one = {**asked["sessions"][0], **tuesdays, "minutes": 180}

    async def placed_at(*sessions: dict[str, Any]) -> list[str] | None:
        found = (await suggested(world, alpha.path, {**asked, "sessions": list(sessions)}))["result"]
        plan = found["proposal"] and [times[0] for one in found["proposal"]["sessions"] for times in one["times"]]
        return [start[5:13] for start in plan] if plan else None

    other = {"key": "two", "runId": shared, "first": "2027-04-06", "last": "2027-04-06", "starts": ["13:00"]}
    assert await placed_at({**one, "last": "2027-04-06"}) == ["04-06T09"]
    assert await placed_at({**one, "last": "2027-04-06", "starts": ["13:00"]}) is None
    assert await placed_at({**one, **other}) == ["04-06T13"], "only the runs that are asked for are looked at"
    apart = {
        **one,
        "key": "strange",
        "runId": strange,
        "first": "2027-04-20",
        "last": "2027-04-20",
        "starts": ["09:00"],
    }
    assert await placed_at({**one, **other}, apart) == ["04-06T13", "04-20T09"]
    assert await placed_at({**one, "first": "2027-04-27", "last": "2027-04-27"}, {**one, **other}) is None
    moved = {**one, "last": "2027-04-06", "starts": ["13:00"], "sessionIds": [made[6]]}
    assert await placed_at(moved) == ["04-06T13"]


async def test_where_no_dates_keep_all_rules_the_least_bad_ones_are_named_as_such(world: World) -> None:
    alpha = await family(world, workers=1)
    run_id = await run_of(world, alpha)
    people = [await seated(world, alpha, run_id, f"Pat {n}") for n in range(6)]
    every = {"weekdays": 0b1111111}
    for one in people[:4]:
        await needs(world, alpha, one.person.id, need(**every, last_day=date(2027, 4, 30)))
    await needs(world, alpha, people[5].person.id, need(**every, first_day=date(2027, 5, 1)))
    asked = task(run_id)
    asked["sessions"][2]["first"] = "2027-05-03"
    found = (await suggested(world, alpha.path, asked))["result"]
    assert found["status"] == "optimal"
    assert found["refused"] == [{"session": key, "people": None} for key in ("one", "two", "three")]
    listed = await office_refusals(world, alpha)
    assert len(listed) == 3
    assert {one["runId"] for one in listed} == {run_id}
    await needs(world, alpha, people[4].person.id, need(**every, last_day=date(2027, 4, 30)))
    asked["sessions"] = [{**asked["sessions"][0], "last": "2027-04-25"}, asked["sessions"][2]]
    made = await suggested(world, alpha.path, asked)
    found = made["result"]
    assert found["refused"] == [{"session": "one", "people": "5 to 9"}, {"session": "three", "people": None}]
    page = await world.admin.call("GET", f"{alpha.path}/comparison?suggestion={made['id']}")
    assert tables(page.text)["Would it be refused?"] == [
        ["", "1. Summer", "First free dates"],
        ["Weekend <one>", "yes, for 5 to 9 people", "not told"],
        ["Weekend <three>", "yes", "not told"],
    ]
    online = [{**one, "mode": "hybrid"} for one in asked["sessions"]]
    found = (await suggested(world, alpha.path, {**asked, "sessions": online}))["result"]
    assert found["refused"] == [], "who cannot come takes part from home"


async def test_who_asks_about_one_date_after_another_is_stopped_and_seen(world: World) -> None:
    """Sessions with one date each say of each whether somebody can come; as many as plans that are refused."""
    alpha = await family(world, workers=1)
    run_id = await run_of(world, alpha)
    mother = await seated(world, alpha, run_id, "Mia")
    await needs(world, alpha, mother.person.id, need(weekdays=0b1111111))
    one = task(run_id)["sessions"][0]
    mondays = [date(2027, 3, 1) + timedelta(7 * n) for n in range(25)]
    each = [
        {**one, "key": f"k{n}", "first": str(day), "last": str(day), "weekdays": [1], "days": 1}
        for n, day in enumerate(mondays) if day not in {date(2027, 3, 29), date(2027, 5, 17)}
    ]  # fmt: skip
    assert len((await suggested(world, alpha.path, {"title": "?", "sessions": each}))["result"]["refused"]) == 23
    refused = await world.admin.post(f"{alpha.path}/suggestions", task(run_id), 409)
    assert refused["detail"].startswith("Too many times of this run were refused today")
    assert len(await office_refusals(world, alpha)) == 23


async def office_refusals(world: World, alpha: Family) -> list[dict[str, Any]]:
    office = await world.person("Olga", "family_sessions.office", alpha.programme)
    found: list[dict[str, Any]] = (await office.get(f"{alpha.path}/refusals"))["items"]
    return found
