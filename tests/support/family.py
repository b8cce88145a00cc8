"""A programme that plans with families in mind, in a test."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from lms_family_sessions.calendars import Calendar
from lms_family_sessions.checking import Free
from lms_family_sessions.constraints import Constraint
from lms_family_sessions.holidays_of import free_days
from lms_family_sessions.rules import EXCLUDED, price
from lms_family_sessions.scores import Meeting, Person, Policy, days_of, weekend
from lms_family_sessions.suggest.problem import Candidate, Group, Problem, Session
from lms_family_sessions.tables_care import constraint, entry
from msgspec import structs
from sqlalchemy import insert

from lms_core.hooks.channel import PluginChannel
from lms_core.outbox.work import settle
from lms_core.types import now
from tests.support.weeks import INTRODUCTION

if TYPE_CHECKING:
    import httpx

    from tests.support.world import Actor, World


class Family:
    """A programme with the plugin enabled, and where it answers."""

    def __init__(self, programme: dict[str, Any]) -> None:
        self.programme = programme
        self.path = f"/programmes/{programme['id']}/family_sessions"


async def family(world: World, key: str = "alpha", **settings: Any) -> Family:
    """Enable the plugin in a programme."""
    programme = await world.programme(key)
    body = {"enabled": True, "settings": settings}
    await world.admin.put(f"/programmes/{programme['id']}/plugins/family_sessions", body, If_Match='"0"')
    return Family(programme)


async def send_file(actor: Actor, path: str, content: str | bytes, kind: str = "text/csv") -> httpx.Response:
    """Put a file."""
    data = content.encode() if isinstance(content, str) else content
    headers = {"Authorization": f"Bearer {actor.token}", "Content-Type": kind}
    return await actor.http.put(path, content=data, headers=headers)


ANNOUNCED = datetime(2026, 12, 1, tzinfo=UTC)
PROGRAMME = UUID(int=1)


def need(strength: str = "cannot", **other: Any) -> Constraint:
    """Return a constraint of somebody: on Saturdays of the whole year, unless told otherwise."""
    values = {
        "id": uuid4(), "programme_id": PROGRAMME, "person_id": uuid4(), "entry_id": uuid4(), "strength": strength,
        "first_day": date(2027, 1, 1), "last_day": date(2027, 12, 31), "weekdays": 0b0100000, "from_minute": 0,
        "to_minute": 1440, "zone": "Europe/Berlin", **other,
    }  # fmt: skip
    return Constraint(**values)


def meeting(key: str, first: date, days: int = 1, starts: int = 9, ends: int = 16, **other: Any) -> Meeting:
    """Return a session that takes place on days one after another, from hour to hour."""
    zone = ZoneInfo("Europe/Berlin")
    times = []
    for n in range(days):
        day = datetime.combine(first + timedelta(days=n), time(), zone)
        times.append((day + timedelta(hours=starts), day + timedelta(hours=ends)))
    return Meeting(key=key, times=tuple(times), overnight=days > 1, **other)


def term(seed: int, *, sessions: int = 12, people: int = 60, needy: int = 20, runs: int = 3) -> Problem:
    """Return a summer term: weekends of two days for each run, and people of whom some have needs of their own.

    Needs come out of the seed: weekdays, weeks, hours and school calendars, scored as those of real people.
    """
    chance = Random(seed)
    policy = Policy(announced=ANNOUNCED)
    first, weeks = date(2027, 3, 1), 26
    calendars = {Calendar(land): free_days(land, first, first + timedelta(400)) for land in ("BW", "BY", "HE", "RP")}
    dates = [(first + timedelta(7 * week + day), hour) for week in range(weeks) for day in (3, 4) for hour in (9, 13)]
    meetings = [meeting("x", day, 2, hour, hour + 7) for day, hour in dates]
    persons = [Person(str(n)) for n in range(people - needy)]
    persons += [_needy(chance, n, list(calendars)) for n in range(needy)]
    start = dates[0][0].toordinal()
    candidates = tuple(
        Candidate(day.toordinal() - start, 2, weekend(days_of(one, policy)))
        for (day, _), one in zip(dates, meetings, strict=True)
    )
    free = Free(policy.land)
    costs = {one.key: tuple(price(one, other, policy, calendars, free) for other in meetings) for one in persons}
    groups: Counter[tuple[tuple[int, ...], tuple[int, ...]]] = Counter()
    for one in persons:
        attended = sorted(chance.sample(range(runs), chance.randint(1, runs))) if int(one.key) >= 100 else [0, 1, 2]
        groups[tuple(n for n in range(sessions) if n % runs in attended), costs[one.key]] += 1
    return Problem(
        sessions=tuple(Session(n % runs, candidates) for n in range(sessions)),
        groups=tuple(Group(many, attends, (own,) * len(attends)) for (attends, own), many in sorted(groups.items())),
        forbidden=EXCLUDED,
    )


def _needy(chance: Random, number: int, calendars: list[Calendar]) -> Person:
    needs = []
    for _ in range(chance.randint(1, 3)):
        begins = date(2027, 3, 1) + timedelta(chance.randrange(150))
        ends = begins + timedelta(chance.choice([6, 20, 60]))
        early = chance.choice([0, 720, 900])
        weekdays = chance.choice([0b1111111, 0b0010000, 0b0100000, 0b0001000])
        strength = chance.choice(["cannot", "rather_not", "rather_not"])
        needs.append(need(strength, first_day=begins, last_day=ends, weekdays=weekdays, from_minute=early))
    return Person(str(100 + number), tuple(needs), tuple(chance.sample(calendars, chance.randint(0, 2))))


def task(run_id: str, **other: Any) -> dict[str, Any]:
    """Return what a planner asks for: three weekends of a run between March and July of 2027."""
    sessions = [
        {
            "key": key, "title": f"Weekend <{key}>", "runId": run_id, "first": "2027-03-01", "last": "2027-07-04",
            "starts": ["09:00", "13:00"], "days": 2, "weekdays": [4, 5],
        }
        for key in ("one", "two", "three")
    ]  # fmt: skip
    return {"title": "Summer", "sessions": sessions, "seconds": 30, **other}


async def worked(world: World) -> None:
    """Let a worker do all that there is to do."""
    await settle(world.database, [PluginChannel(world.app.state.hooks)])


async def suggested(world: World, path: str, asked: dict[str, Any]) -> dict[str, Any]:
    """Ask for dates and wait for them."""
    begun = await world.admin.post(f"{path}/suggestions", asked)
    await worked(world)
    done: dict[str, Any] = await world.admin.get(f"{path}/suggestions/{begun['id']}")
    return done


async def needs(world: World, family: Family, person_id: UUID, *constraints: Constraint) -> None:
    """Keep needs of a person, as if she had entered them."""
    entry_id, programme_id = uuid4(), UUID(family.programme["id"])
    keys = {"programme_id": programme_id, "person_id": person_id}
    sealed = {"id": entry_id, **keys, "key_id": "k", "wrapped": b"", "sealed": b"", "revision": 1}
    rows = [structs.asdict(one) | keys | {"id": uuid4(), "entry_id": entry_id} for one in constraints]
    async with world.database.write() as connection:
        await connection.execute(insert(entry), {**sealed, "made_at": now(), "changed_at": now()})
        await connection.execute(insert(constraint), rows)


async def run_of(world: World, alpha: Family, key: str = "alpha") -> str:
    """Make a run with forty seats."""
    module = await world.module(alpha.programme, [INTRODUCTION], key)
    found: str = (await world.run(alpha.programme, module, 40))["id"]
    return found


async def seated(world: World, alpha: Family, run_id: str, name: str) -> Actor:
    """Make a student with a seat in a run."""
    student = await world.student(name, alpha.programme)
    await student.put(f"/runs/{run_id}/enrolment", {})
    return student


def days(found: dict[str, Any], which: str = "proposal") -> list[date]:
    """Return the days of a proposal."""
    plan = found["result"][which]["sessions"]
    return [date.fromisoformat(times[0][:10]) for one in plan for times in one["times"]]


async def leaves_state(world: World, path: str, state: str) -> None:
    """Wait until a worker or its search has written another state; only asking again and again can tell."""
    async with asyncio.timeout(60):
        while (await world.admin.get(path))["state"] == state:  # noqa: ASYNC110 - another process writes it, and nothing here is told
            await asyncio.sleep(0.05)
