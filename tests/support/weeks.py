"""A small University Week, and what is needed to plan it in a test."""

from __future__ import annotations

from datetime import date
from random import Random
from typing import TYPE_CHECKING, Any

from lms_university_weeks.example import example

from lms_core.hooks.channel import PluginChannel
from lms_core.outbox.work import settle

if TYPE_CHECKING:
    from tests.support.world import Actor, World

DAYS = ["2027-03-01", "2027-03-02", "2027-03-03"]


def week(run_id: str, **other: Any) -> dict[str, Any]:
    """Return the week that newcomers begin with: two tracks, a laboratory too small for one, a visit, an evening."""
    return {**example(run_id, date.fromisoformat(DAYS[0])), **other}


def choice(**other: Any) -> dict[str, Any]:
    """Return a choice between two workshops at the same time, of two and of one."""
    return {
        "key": "workshops", "title": "Workshops", "closes": "2027-02-20T18:00:00",
        "sessions": [{"key": "etching", "places": 2}, {"key": "bonding", "places": 1}], **other,
    }  # fmt: skip


def choosing_week(run_id: str, **other: Any) -> dict[str, Any]:
    """Return a week of an opening and two workshops, of which students choose one."""
    content = week(run_id, companies=[], choices=[choice()])
    content["sessions"] = [
        content["sessions"][0],
        {"key": "etching", "title": "Etching", "only": [{"day": DAYS[1], "slots": [1]}], "lecturers": ["weiss"]},
        {"key": "bonding", "title": "Bonding", "only": [{"day": DAYS[1], "slots": [1]}], "lecturers": ["okafor"]},
    ]
    content["lecturers"][0]["available"] = None
    return {**content, **other}


class Setting:
    """A programme with the plugin enabled, a run, and where it answers."""

    def __init__(self, programme: dict[str, Any], run: dict[str, Any]) -> None:
        self.programme = programme
        self.run = run
        self.path = f"/programmes/{programme['id']}/university_weeks"


INTRODUCTION = {"key": "intro", "kind": "reading", "title": "Introduction"}


async def prepared(
    world: World, key: str = "alpha", *, unit: dict[str, Any] = INTRODUCTION, **settings: Any
) -> Setting:
    """Enable the plugin in a programme with a run, whose module has this unit."""
    programme = await world.programme(key)
    body = {"enabled": True, "settings": {"workers": 1, **settings}}
    await world.admin.put(f"/programmes/{programme['id']}/plugins/university_weeks", body, If_Match='"0"')
    module = await world.module(programme, [unit], key)
    return Setting(programme, await world.run(programme, module))


async def seated(world: World, setting: Setting, name: str) -> Actor:
    """Bring in a student with a seat in the run."""
    student = await world.student(name, setting.programme)
    await student.put(f"/runs/{setting.run['id']}/enrolment", {})
    return student


async def worked(world: World) -> None:
    """Let a worker do all that there is to do."""
    await settle(world.database, [PluginChannel(world.app.state.hooks)])


async def planned(world: World, path: str, week_id: str, **task: Any) -> dict[str, Any]:
    """Ask for a plan and wait for it."""
    plan = await world.admin.post(f"{path}/weeks/{week_id}/plans", {"seconds": 20, **task})
    await worked(world)
    done: dict[str, Any] = await world.admin.get(f"{path}/plans/{plan['id']}")
    return done


def busy_week(run_id: str) -> dict[str, Any]:
    """Return a week that takes a long time to be planned as well as possible: much is wanted, and little liked."""
    chance = Random(7)
    times = [(day, slot) for day in DAYS for slot in range(1, 6)]

    def some(share: float) -> list[dict[str, Any]]:
        return [{"day": day, "slots": [slot]} for day, slot in times if chance.random() < share]

    lecturers = [
        {"key": f"lecturer{n}", "name": f"Lecturer {n}", "available": some(0.7), "disliked": some(0.5)}
        for n in range(16)
    ]
    tracks = [{"key": f"track{n}", "name": f"Track {n}", "size": 15 + n} for n in range(6)]
    rooms = [
        {"key": f"room{n}", "name": f"Room {n}", "site": "campus" if n % 2 else "plant", "seats": 60} for n in range(5)
    ]
    sessions = [
        {
            "key": f"session{n}", "title": f"Session {n}", "must": n % 3 == 0, "lecturers": [f"lecturer{n % 16}"],
            "tracks": sorted({f"track{n % 6}", f"track{chance.randrange(6)}"}),
        }
        for n in range(40)
    ]  # fmt: skip
    return week(run_id, lecturers=lecturers, tracks=tracks, rooms=rooms, sessions=sessions, companies=[])


def ours(statements: list[str]) -> list[str]:
    """Return those statements that the plugin asks for; who somebody is, is kept for a while and asked now and then."""
    return [
        one for one in statements if any(name in one for name in ("university_weeks_", "run_enrolment", "seat_rules"))
    ]
