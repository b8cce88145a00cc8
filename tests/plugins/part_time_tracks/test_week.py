"""A student's week in one answer, and on Mondays in a mail for whoever wants it, once."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from lms_part_time_tracks import knowing
from lms_part_time_tracks.settings import Settings
from lms_part_time_tracks.watching import watch

from lms_core.api import Context, SessionPeople, name_session_people
from lms_core.progress import ledger
from tests.support.family_childcare import mails
from tests.support.tracks import Study
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World

UNITS = [{"key": f"unit{n}", "kind": "reading", "title": f"Unit {n}", "minutes": 120} for n in range(4)]
LIMITS = {"maxTerms": 6, "milestones": [{"ects": 20, "byTerm": 2}]}
TRACK = {
    "budgets": [{"firstDay": "2026-10-01", "hours": 6}], "digest": True,
    "blackouts": [{"firstDay": "2026-11-02", "lastDay": "2026-11-08"}],
}  # fmt: skip


@pytest.fixture
def today(monkeypatch: pytest.MonkeyPatch) -> Any:
    def is_(day: str) -> None:
        for module in (knowing, ledger):
            monkeypatch.setattr(module, "now", lambda: datetime.fromisoformat(f"{day}T12:00:00+00:00"))

    is_("2026-10-13")
    return is_


async def studying(world: World, study: Study, name: str, **track: Any) -> tuple[Actor, dict[str, Any]]:
    """Return a student with a seat in a run of four units, and the run: it has a deadline and a session."""
    run = await world.run(study.programme, await world.module(study.programme, UNITS, f"pace-{name.lower()}"))
    who = await study.student(name)
    await who.put(f"/runs/{run['id']}/enrolment", {})
    due = {"due": "2026-11-01T23:59:00", "zone": "Europe/Berlin"}
    await world.admin.put(f"/runs/{run['id']}/units/unit1/deadline", due, If_Match='"0"')
    session = {
        "title": "Block", "zone": "Europe/Berlin", "mode": "on_site", "place": "Aula",
        "starts": "2026-10-30T09:00:00", "ends": "2026-10-30T17:00:00",
    }  # fmt: skip
    run["session"] = (await world.admin.post(f"/runs/{run['id']}/sessions", session))["id"]
    await who.put(f"{study.path}/me/track", {**TRACK, **track}, If_Match='"0"')
    return who, run


async def test_a_week_in_one_answer(world: World, today: Any) -> None:
    study = await Study.of(world, limits=LIMITS)
    ingrid, run = await studying(world, study, "Ingrid")
    other, _ = await studying(world, study, "Other")
    today("2026-10-22")
    done = {"id": str(uuid4()), "at": "2026-10-22T10:00:00Z", "runId": run["id"], "unitKey": "unit0", "completed": True}
    await ingrid.post("/me/progress", {"events": [done]}, 200)
    today("2026-10-28")
    path, where = f"{study.path}/me/week", {"runId": run["id"], "run": run["title"]}
    with statements(world.database) as asked:
        found = await ingrid.get(path)
    assert len([one for one in asked if "FROM token" not in one and "programme_plugin" not in one]) == 17, asked
    assert found == {
        "firstDay": "2026-10-26", "lastDay": "2026-11-01", "doneMinutes": 120,
        "units": [
            {**where, "unitKey": "unit1", "title": "Unit 1", "minutes": 120, "by": "2026-11-01", "deadline": "2026-11-01"}
        ],
        "sessions": [
            {
                **where, "sessionId": run["session"], "title": "Block", "starts": "2026-10-30T09:00:00",
                "ends": "2026-10-30T17:00:00", "zone": "Europe/Berlin", "mode": "on_site", "place": "Aula",
            }
        ],
        "deadlines": [{**where, "unitKey": "unit1", "title": "Unit 1", "due": "2026-11-01T22:59:00Z"}],
        "neededMinutes": 120, "inSessionsMinutes": 480, "hasMinutes": 360, "behindMinutes": -120,
        "next": {
            "kind": "milestone", "on": "2027-09-30", "term": "summer term 2027", "left": 337, "ects": "20",
            "missing": "20", "planned": None, "moduleId": None, "title": None,
        },
    }  # fmt: skip
    # in the week after she is away; what she has not done by then is due all the same
    away = await ingrid.get(f"{path}?from=2026-11-02")
    assert (away["doneMinutes"], away["units"], away["sessions"], away["hasMinutes"]) == (0, [], [], 0)
    today("2026-11-04")
    late = await ingrid.get(path)
    assert ([one["unitKey"] for one in late["units"]], late["behindMinutes"], late["hasMinutes"]) == (["unit1"], 120, 0)
    first = await ingrid.get(f"{path}?from=2026-10-19")
    # what was due in a week that is over is not kept
    assert first == {
        "firstDay": "2026-10-19", "lastDay": "2026-10-25", "doneMinutes": 0, "units": None, "sessions": [],
        "deadlines": [], "neededMinutes": None, "inSessionsMinutes": 0, "hasMinutes": 360, "behindMinutes": None,
        "next": None,
    }  # fmt: skip
    # a session for others in her run is none of hers
    context = Context("part_time_tracks", UUID(study.programme["id"]), Settings(), world.database)
    async with context.write() as connection:
        await name_session_people(context, connection, {UUID(run["session"]): SessionPeople(frozenset())})
    assert (await ingrid.get(f"{path}?from=2026-10-26"))["sessions"] == []
    theirs = await other.get(f"{path}?from=2026-10-26")
    assert [one["runId"] == run["id"] for one in theirs["sessions"]] == [False]


async def test_what_is_no_week_is_refused(world: World, today: Any) -> None:
    study = await Study.of(world)
    ingrid = await study.student("Ingrid")
    for day in ("2026-10-27", "1999-12-27", "2101-01-03", "20261026", "soon", ""):
        problem = await ingrid.get(f"{study.path}/me/week?from={day}", 422)
        assert [one["where"] for one in problem["errors"]] == ["query.from"]
    for day, status in (("2000-01-03", 200), ("2100-12-27", 200)):
        await ingrid.get(f"{study.path}/me/week?from={day}", status)
    await (await world.person("Stranger")).get(f"{study.path}/me/week", 404)


MAIL = """Last week you completed units of 2.0 hours.
This week takes 2.0 hours for units and 8.0 in sessions; you have 6.0.
You are 2.0 hours ahead.

To be done:
- Unit 1 ({run}), 2.0 h, by 01.11.

Sessions:
- 30.10. 09:00-17:00 {run}: Block, Aula

Deadlines:
- 01.11. 23:59 Unit 1 ({run})

By 30.09.2027 you need 20 ECTS; 20 are missing. Days left: 339.

{url}?from=2026-10-26
"""
BRIEF = """Letzte Woche haben Sie Einheiten von 2.0 Stunden abgeschlossen.
Diese Woche braucht 2.0 Stunden für Einheiten und 8.0 in Terminen; Sie haben 6.0.
Sie sind 2.0 Stunden voraus.
"""


async def test_the_week_comes_by_mail_once_to_whoever_wants_it(world: World, today: Any) -> None:
    study, beta = await Study.of(world, limits=LIMITS), await Study.of(world, "beta", limits=LIMITS)
    ingrid, run = await studying(world, study, "Ingrid")
    await studying(world, study, "Quiet", digest=False)
    await studying(world, beta, "Elsewhere")
    idle = await study.student("Idle")
    await idle.put(f"{study.path}/me/track", {"digest": True}, If_Match='"0"')
    context = Context(
        "part_time_tracks", UUID(study.programme["id"]), Settings(), world.database, hooks=world.app.state.hooks,
        public_url="https://lms.example.org",
    )  # fmt: skip

    async def told(day: str, times: int = 1) -> list[tuple[str, dict[str, str], dict[str, str]]]:
        today(day)
        before = len(await mails(world))
        await asyncio.gather(*(watch(context.again()) for _ in range(times)))
        return [one for one in await mails(world, before) if "week" in one[1]["en"]]

    today("2026-10-22")
    done = {"id": str(uuid4()), "at": "2026-10-22T10:00:00Z", "runId": run["id"], "unitKey": "unit0", "completed": True}
    await ingrid.post("/me/progress", {"events": [done]}, 200)
    assert await told("2026-10-25") == []
    [(who, subject, text)] = await told("2026-10-26", 2)
    url = f"https://lms.example.org{study.path}/me/week"
    assert (who, subject) == (ingrid.id, {"en": "Your week from 26.10.", "de": "Ihre Woche ab 26.10."})
    assert text["en"] == MAIL.format(run=run["title"], url=url)
    assert text["de"].startswith(BRIEF)
    with statements(world.database) as asked:
        assert [await told(day) for day in ("2026-10-26", "2026-10-27", "2026-10-28")] == [[], [], []]
    # only for Idle, of whom there was nothing to tell, it is read again, as long as it is not too late
    assert sum("unit.minutes" in one for one in asked) == 2
    # nobody looked on Monday: on Tuesday it is told, and no later
    [(who, subject, text)] = await told("2026-11-03")
    assert (who, subject["en"], text["en"].splitlines()[1]) == (
        ingrid.id, "Your week from 02.11.", "This week takes 2.0 hours for units and 0.0 in sessions; you have 0.0.",
    )  # fmt: skip
    assert await told("2026-11-11") == []
    async with world.database.read() as connection:
        kept = await connection.exec_driver_sql("SELECT count(*) FROM part_time_tracks_reminder WHERE about = 'week'")
        assert kept.scalar_one() == 1
