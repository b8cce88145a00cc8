"""A programme sees how many plan what, from five on; fewer are nobody's number."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from lms_part_time_tracks import knowing

from tests.support.tracks import Study, worked

if TYPE_CHECKING:
    from tests.support.world import Actor, World


@pytest.fixture(autouse=True)
def october(monkeypatch: pytest.MonkeyPatch) -> None:
    """The winter term 2026 has begun, its lectures have not."""
    monkeypatch.setattr(knowing, "now", lambda: datetime(2026, 10, 2, 12, tzinfo=UTC))


async def accepted(study: Study, people: list[Actor]) -> None:
    asked = [(who, await who.post(f"{study.path}/me/plans", {})) for who in people]
    await worked(study.world)
    for who, plan in asked:
        await who.post(f"{study.path}/me/plans/{plan['id']}/acceptance", None, 200)


async def test_demand_is_told_from_five_on(world: World) -> None:
    study, other = await Study.of(world), await Study.of(world, "beta")
    run = await world.run(study.programme, study.modules["mems"], 3)
    people = [await study.student(f"Student {n}") for n in range(5)]
    await accepted(study, people[:4])
    assert await world.admin.get(f"{study.path}/forecast") == {
        "plans": None, "clashes": [],
        "demand": [told(study, key, term, None, seats) for key, term, seats in planned() if seats],
    }  # fmt: skip
    await accepted(study, people[4:])
    assert await world.admin.get(f"{study.path}/forecast") == {
        "plans": 5, "clashes": [],
        "demand": [told(study, key, term, 5, seats) for key, term, seats in planned()],
    }  # fmt: skip
    # seven are told as five: else what two of them plan would follow from what the others do
    await accepted(study, [await study.student(f"Student {n}") for n in (5, 6)])
    assert (await world.admin.get(f"{study.path}/forecast"))["plans"] == 5
    assert run["capacity"] == 3
    assert await world.admin.get(f"{other.path}/forecast") == {"plans": None, "clashes": [], "demand": []}
    await people[0].get(f"{study.path}/forecast", 403)


async def test_runs_that_many_plan_together_and_that_meet_at_once(world: World) -> None:
    study = await Study.of(world)
    runs = [await world.run(study.programme, study.modules[key], 9) for key in ("mems", "lasers")]
    session = {"title": "Block", "zone": "Europe/Berlin", "mode": "on_site", "place": "Aula"}
    for run, hours in zip(runs, (("09:00:00", "12:00:00"), ("11:00:00", "14:00:00")), strict=True):
        times = {"starts": f"2026-11-21T{hours[0]}", "ends": f"2026-11-21T{hours[1]}"}
        await world.admin.post(f"/runs/{run['id']}/sessions", {**session, **times})
    people = [await study.student(f"Student {n}") for n in range(5)]
    settings = {"curricula": [{"version": "part-time", "required": list(study.modules)}]}
    plugin = f"/programmes/{study.programme['id']}/plugins/part_time_tracks"
    await world.admin.put(plugin, {"enabled": True, "settings": settings}, If_Match='"1"')
    await accepted(study, people[:4])
    assert (await world.admin.get(f"{study.path}/forecast"))["clashes"] == []
    await accepted(study, people[4:])
    [found] = (await world.admin.get(f"{study.path}/forecast"))["clashes"]
    assert {**found, "runs": sorted(found["runs"]), "titles": sorted(found["titles"])} == {
        "runs": sorted(run["id"] for run in runs), "titles": sorted(run["title"] for run in runs),
        "term": "winter term 2026/27", "students": 5, "sessions": 1,
    }  # fmt: skip


def planned() -> list[tuple[str, str, int | None]]:
    return [
        ("mems", "winter term 2026/27", 3), ("optics", "summer term 2027", None), ("project", "summer term 2027", None),
        ("thesis", "winter term 2027/28", None),
    ]  # fmt: skip


def told(study: Study, key: str, term: str, students: int | None, seats: int | None) -> dict[str, Any]:
    one = {"moduleId": study.modules[key]["id"], "key": key, "title": key.title(), "term": term}
    return {**one, "students": students, "seats": seats}
