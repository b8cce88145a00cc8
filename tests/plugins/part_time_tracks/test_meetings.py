"""Runs that meet at the same time are not planned together, and who cannot have both is told which and when."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from lms_part_time_tracks import knowing
from lms_part_time_tracks.meetings import Meeting, meetings

from lms_core.api import Context, SessionFacts, SessionPeople, name_session_people
from tests.support.tracks import Study, where

if TYPE_CHECKING:
    from tests.support.world import World

WINTER, SUMMER, NEXT = "winter term 2026/27", "summer term 2027", "winter term 2027/28"
BOTH = {"curricula": [{"version": "part-time", "required": ["mems", "lasers"]}], "ects": "10"}
TODAY = date(2026, 10, 2)


@pytest.fixture(autouse=True)
def october(monkeypatch: pytest.MonkeyPatch) -> None:
    """The winter term 2026 has begun, its lectures have not."""
    monkeypatch.setattr(knowing, "now", lambda: datetime(2026, 10, 2, 12, tzinfo=UTC))


async def runs_of(world: World, study: Study, *other: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a run of mems and one of lasers with a session each, of the same morning if nothing else is said."""
    runs = [await world.run(study.programme, study.modules[key]) for key in ("mems", "lasers")]
    for run, said in zip(runs, other or ({}, {}), strict=True):
        session = {
            "title": "Block", "zone": "Europe/Berlin", "mode": "on_site", "place": "Aula",
            "starts": "2026-11-20T09:00:00", "ends": "2026-11-20T12:00:00", **said,
        }  # fmt: skip
        run["session"] = await world.admin.post(f"/runs/{run['id']}/sessions", session)
    return runs


async def test_one_is_taken_a_year_later(world: World) -> None:
    study = await Study.of(world, **BOTH)
    await runs_of(world, study, {}, {"mode": "online", "place": ""})
    ingrid = await study.student("Ingrid")
    plan = where(await study.planned(ingrid))
    assert (sorted([*plan[WINTER], *plan[NEXT]]), len(plan[WINTER])) == (["lasers", "mems"], 1)
    # both this year cannot be, and that is told
    await ingrid.put(f"{study.path}/me/track", {"doneBy": "2027-03-31"}, If_Match='"0"')
    told = (await study.planned(ingrid))["result"]
    names = ("Lasers", "Mems") if "Lasers and Mems" in told["reason"] else ("Mems", "Lasers")
    runs = " and ".join(f"run {name}" for name in names)
    meet = f"{' and '.join(names)} meet at the same time in {WINTER} ({runs}, 20 November 2026)"
    assert meet in told["reason"]
    assert sorted((one["kind"], one["text"], one["finish"]) for one in told["ways"]) == [
        ("let_go", f"not this: {meet}", WINTER),
        ("let_go", f"not this: you want to be done by the end of {WINTER}", NEXT),
        ("longer", "2 terms more", NEXT),
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"starts": "2026-11-20T12:00:00", "ends": "2026-11-20T13:00:00"},
        {"zone": "America/New_York"},
        {"cancelled": True},
        {"named": True},
    ],
)
async def test_what_does_not_meet(world: World, other: dict[str, Any]) -> None:
    study = await Study.of(world, **BOTH)
    times = {name: value for name, value in other.items() if name in ("starts", "ends", "zone")}
    _, lasers = await runs_of(world, study, {}, times)
    if "cancelled" in other:
        await world.admin.delete(f"/runs/{lasers['id']}/sessions/{lasers['session']['id']}", If_Match='"1"')
    if "named" in other:  # a group of a laboratory; there may be another one for her
        context = Context("part_time_tracks", UUID(study.programme["id"]), None, world.database)
        async with context.write() as connection:
            wanted = {UUID(lasers["session"]["id"]): SessionPeople(frozenset())}
            await name_session_people(context, connection, wanted)
    plan = await study.planned(await study.student("Ingrid"))
    assert {term: sorted(keys) for term, keys in where(plan).items()} == {WINTER: ["lasers", "mems"]}


async def test_who_has_both_seats_keeps_them(world: World) -> None:
    study = await Study.of(world, **BOTH)
    runs = await runs_of(world, study)
    ingrid = await study.student("Ingrid")
    for run in runs:
        waived = {"reason": "The lecturer lets her miss the block"}
        await world.admin.put(f"/runs/{run['id']}/enrolments/{ingrid.id}/waivers/clashes", waived)
        await ingrid.put(f"/runs/{run['id']}/enrolment", {})
    assert sorted(where(await study.planned(ingrid))[WINTER]) == ["lasers", "mems"]


@pytest.mark.parametrize("seed", range(20))
def test_one_sweep_finds_what_all_pairs_tell(seed: int) -> None:
    rng = Random(seed)
    runs = [UUID(int=number) for number in range(1, 6)]

    def session(number: int) -> SessionFacts:
        starts = datetime(2026, 10, 1, rng.randint(0, 23)) + timedelta(days=rng.choice((0, 1, 2, 23, 24)))
        return SessionFacts(
            session_id=UUID(int=number), run_id=rng.choice(runs), revision=1, title="Block", starts=starts,
            ends=starts + timedelta(hours=rng.randint(1, 30)),
            zone=rng.choice(("Europe/Berlin", "America/New_York", "Asia/Tokyo")), mode="on_site", place="",
            cancelled_at=datetime(2026, 9, 1, tzinfo=UTC) if rng.random() < 0.1 else None, for_named=rng.random() < 0.1,
        )  # fmt: skip

    def moments(one: SessionFacts) -> tuple[datetime, datetime]:
        zone = ZoneInfo(one.zone)
        return one.starts.replace(tzinfo=zone).astimezone(UTC), one.ends.replace(tzinfo=zone).astimezone(UTC)

    sessions = [session(number) for number in range(12)]
    days: dict[tuple[UUID, UUID], set[tuple[datetime, date]]] = {}
    for one, other in combinations(sessions, 2):
        (starts, ends), (begins, until) = moments(one), moments(other)
        dead = any(each.cancelled_at or each.for_named or each.ends.date() < TODAY for each in (one, other))
        if one.run_id != other.run_id and not dead and starts < until and begins < ends:
            pair = (min(one.run_id, other.run_id), max(one.run_id, other.run_id))
            later = max((one, other), key=lambda each: (moments(each)[0], each.session_id))
            days.setdefault(pair, set()).add((moments(later)[0], later.starts.date()))
    expected = {Meeting(pair, min(those)[1], len({day for _, day in those}) > 1) for pair, those in days.items()}
    found = meetings(sessions, TODAY)
    assert (set(found), len(found)) == (expected, len(expected))


def test_the_first_day_is_told() -> None:
    def session(run: int, day: int) -> SessionFacts:
        starts = datetime(2026, 11, day, 9)
        return SessionFacts(
            session_id=UUID(int=10 * run + day), run_id=UUID(int=run), revision=1, title="", starts=starts,
            ends=starts + timedelta(hours=2), zone="Europe/Berlin", mode="hybrid", place="", cancelled_at=None,
            for_named=False,
        )  # fmt: skip

    sessions = [session(run, day) for run in (1, 2) for day in (9, 5, 7)]
    assert meetings(sessions, TODAY) == (Meeting((UUID(int=1), UUID(int=2)), date(2026, 11, 5), True),)
    assert meetings(sessions, date(2026, 11, 8)) == (Meeting((UUID(int=1), UUID(int=2)), date(2026, 11, 9), False),)
