"""Dates of a study in calendars: in a student's feed if she wants it, and of a plan as a file."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest
from lms_part_time_tracks import dates, knowing

from tests.support.calendars import read
from tests.support.tracks import Study
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World

NOW = datetime(2026, 10, 2, 12, 34, 56, tzinfo=UTC)
HOUR = datetime(2026, 10, 2, 12, tzinfo=UTC)
UNITS = [{"key": f"unit{n}", "kind": "reading", "title": f"Unit {n}", "minutes": 120} for n in range(4)]
LIMITS = {"maxTerms": 6, "milestones": [{"ects": 20, "byTerm": 2}, {"ects": 20, "byTerm": 3}]}


@pytest.fixture(autouse=True)
def october(monkeypatch: pytest.MonkeyPatch) -> None:
    """The winter term 2026 has begun, its lectures have not."""
    for module in (knowing, dates):
        monkeypatch.setattr(module, "now", lambda: NOW)


def day(title: str, *, starts: date, ends: date, text: str = "") -> dict[str, Any]:
    return {
        "starts": starts, "ends": ends, "zone": "UTC", "title": title, "place": "", "description": text,
        "status": "CONFIRMED", "sequence": int(HOUR.timestamp() // 3600), "changed": HOUR,
    }  # fmt: skip


async def test_who_wants_it_finds_her_study_in_her_calendar(world: World) -> None:
    study = await Study.of(world, limits=LIMITS)
    ingrid, eve = await study.student("Ingrid"), await study.student("Eve")
    run = await world.run(study.programme, await world.module(study.programme, UNITS, "pace"))
    for who in (ingrid, eve):
        await who.put(f"/runs/{run['id']}/enrolment", {})
    due = {"due": "2026-11-01T23:59:00", "zone": "Europe/Berlin"}
    await world.admin.put(f"/runs/{run['id']}/units/unit1/deadline", due, If_Match='"0"')
    track = {"budgets": [{"firstDay": "2026-10-01", "hours": 1}], "calendar": True}
    kept = await ingrid.put(f"{study.path}/me/track", track, If_Match='"0"')
    assert kept["track"]["calendar"]
    await eve.put(f"{study.path}/me/track", {**track, "calendar": False}, If_Match='"0"')

    def named(key: str) -> str:
        return f"part_time_tracks.{study.programme['id']}.{key}@localhost"

    title = run["title"]
    irrevocable = {
        named("due.milestone.20"): day(
            "By 30.09.2027 you need 20 ECTS; 20 are missing.", starts=date(2027, 9, 30), ends=date(2027, 10, 1)
        ),
        named("due.latest.35"): day(
            "On 30.09.2029 the time for your study ends; 35 of 35 ECTS are missing.",
            starts=date(2029, 9, 30), ends=date(2029, 10, 1),
        ),
    }  # fmt: skip
    assert await feed(world, ingrid) == {
        named("pace.2026-11-01"): day(
            "By today: Unit 0, Unit 1", starts=date(2026, 11, 1), ends=date(2026, 11, 2),
            text=f"{title}: Unit 0 (2.0 h)\n{title}: Unit 1 (2.0 h)",
        ),
        named("pace.2027-01-10"): day(
            "By today: Unit 2", starts=date(2027, 1, 10), ends=date(2027, 1, 11), text=f"{title}: Unit 2 (2.0 h)"
        ),
        named("pace.2027-02-06"): day(
            "By today: Unit 3", starts=date(2027, 2, 6), ends=date(2027, 2, 7), text=f"{title}: Unit 3 (2.0 h)"
        ),
        **irrevocable,
    }  # fmt: skip
    assert await feed(world, eve) == {}
    await ingrid.put("/me/language", {"language": "de"}, 204)
    told = await feed(world, ingrid)
    assert [told[named(key)]["title"] for key in ("pace.2027-01-10", "due.milestone.20")] == [
        "Bis heute: Unit 2", "Bis 30.09.2027 brauchen Sie 20 ECTS; es fehlen noch 20.",
    ]  # fmt: skip


async def feed(world: World, who: Actor) -> dict[str, dict[str, Any]]:
    """Return what this plugin has in somebody's feed."""
    made = await who.post("/me/calendar-feeds", {"name": "Phone"})
    answer = await world.http.get(made["url"])
    assert "X-Degraded" not in answer.headers
    return {uid: one for uid, one in read(answer.content).items() if uid.startswith("part_time_tracks.")}


async def test_a_plan_as_a_calendar_file(world: World) -> None:
    study = await Study.of(world, limits=LIMITS)
    ingrid, eve = await study.student("Ingrid"), await study.student("Eve")
    run = await world.run(study.programme, study.modules["mems"])
    # the clocks go back between the two
    sessions = [
        await world.admin.post(
            f"/runs/{run['id']}/sessions",
            {
                "title": f"Block {number}", "zone": "Europe/Berlin", "mode": mode, "place": place,
                "starts": f"2026-10-{23 + 4 * number}T09:00:00", "ends": f"2026-10-{23 + 4 * number}T17:00:00",
            },
        )
        for number, (mode, place) in enumerate((("on_site", "Aula"), ("online", "")))
    ]  # fmt: skip
    plan = await study.planned(ingrid)
    path = f"{study.path}/me/plans/{plan['id']}/plan.ics"
    with statements(world.database) as asked:
        answer = await ingrid.call("GET", path)
    assert len([one for one in asked if "FROM token" not in one and "programme_plugin" not in one]) == 17, asked
    assert answer.headers["content-type"].startswith("text/calendar")
    assert answer.headers["content-disposition"] == 'attachment; filename="plan.ics"'
    prefix = f"part_time_tracks.{study.programme['id']}"
    found = read(answer.content)
    hours = [(datetime(2026, 10, 23, 7, tzinfo=UTC), 15), (datetime(2026, 10, 27, 8, tzinfo=UTC), 16)]
    blocks = {
        f"{prefix}.session.{session['id']}@localhost": {
            "starts": starts, "ends": starts.replace(hour=until), "zone": "Europe/Berlin",
            "title": f"{run['title']}: {session['title']}", "place": session["place"], "description": mode,
            "status": "TENTATIVE", "sequence": 1, "changed": NOW.replace(microsecond=0),
        }
        for session, (starts, until), mode in zip(sessions, hours, ("On site", "Online"), strict=True)
    }  # fmt: skip
    due = {
        f"{prefix}.due.milestone.20@localhost": day(
            "By 30.09.2027 you need 20 ECTS; 20 are missing.", starts=date(2027, 9, 30), ends=date(2027, 10, 1)
        ),
        f"{prefix}.due.latest.35@localhost": day(
            "On 30.09.2029 the time for your study ends; 35 of 35 ECTS are missing.",
            starts=date(2029, 9, 30), ends=date(2029, 10, 1),
        ),
    }  # fmt: skip
    assert found == {**blocks, **due}
    # with a seat they are certain; what is cancelled later is told under the same name
    await ingrid.put(f"/runs/{run['id']}/enrolment", {})
    await world.admin.delete(f"/runs/{run['id']}/sessions/{sessions[0]['id']}", If_Match='"1"')
    again = read((await ingrid.call("GET", path)).content)
    assert [(uid, again[uid]["status"]) for uid in blocks] == list(zip(blocks, ("CANCELLED", "CONFIRMED"), strict=True))
    await eve.get(path, 404)
