"""Children that people enter let school holidays count for the programme, and nobody learns whose they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from lms_family_sessions import children
from lms_family_sessions.growing import grow_up
from lms_family_sessions.plugin import FamilySessions
from lms_family_sessions.settings import Settings
from lms_family_sessions.tables_care import child_land
from sqlalchemy import select

from lms_core.api import Context
from lms_core.types import now
from tests.support.family_care import EVERY_KIND, Setting, changed, entered, prepared, seated

if TYPE_CHECKING:
    import pytest

    from tests.support.world import World

WHITSUN = "2027-05-20"  # no school in BW, and in RP there is
YEAR = now().year


def of(*born: tuple[int, str]) -> dict[str, Any]:
    return {"kind": "children", "children": [{"born": year, "land": land} for year, land in born]}


async def told(world: World, setting: Setting) -> list[str]:
    plan = {
        "title": "Block", "starts": f"{WHITSUN}T09:00:00", "ends": f"{WHITSUN}T16:00:00", "zone": "Europe/Berlin",
        "mode": "hybrid", "place": "Room 1",
    }  # fmt: skip
    made = await world.admin.post(f"/runs/{setting.run['id']}/sessions", plan, 201)
    return [one["reason"] for one in made["warnings"] if one["code"].startswith("school")]


async def lands(world: World) -> list[tuple[UUID, str]]:
    async with world.database.read() as connection:
        rows = await connection.execute(select(child_land.c.person_id, child_land.c.land).order_by(child_land.c.land))
    return [(row.person_id, row.land) for row in rows]


async def test_holidays_of_their_land_count_from_five_parents_on(world: World) -> None:
    setting, other = await prepared(world), await prepared(world, "beta")
    people = [await seated(world, setting, f"Parent {n}") for n in range(6)]
    for who in people[:3]:
        await entered(who, setting, of((YEAR - 7, "BW"), (YEAR - 9, "BW"), (YEAR - 8, "RP")))
    entry = await entered(people[3], setting, of((YEAR - 7, "BW")))
    await entered(people[3], setting, of((YEAR - 17, "BW")))
    await people[3].put(f"{setting.path}/me/school-calendars", {"calendars": [{"land": "BW"}]})
    await entered(people[5], setting, of((YEAR - 4, "BW"), (YEAR - 19, "BW")))
    stranger = await seated(world, other, "Zoe")
    await entered(stranger, other, of((YEAR - 7, "BW")))
    assert await told(world, setting) == [], "four parents, one of whom is counted once, and children of no school age"
    fifth = await entered(people[4], setting, of((YEAR - 5, "BW")))
    assert await told(world, setting) == ["Schools that matter to 5 to 9 people are closed then."]
    assert await told(world, other) == []
    assert await people[3].get(f"{setting.path}/me/school-calendars") == {"calendars": [{"land": "BW", "school": ""}]}
    await changed(people[4], setting, fifth, children=[{"born": YEAR - 6, "land": "RP"}])
    assert await told(world, setting) == []
    await people[4].put(f"{setting.path}/me/school-calendars", {"calendars": [{"land": "BW"}]})
    assert len(await told(world, setting)) == 1, "chosen or entered, it is one and the same"
    await people[0].delete(
        f"{setting.path}/me/entries/{(await people[0].get(f'{setting.path}/me/entries'))['items'][0]['id']}",
        If_Match='"1"',
    )
    assert await told(world, setting) == [], "what she removed counts no more"
    assert entry["schools"] == ["BW"]


async def test_she_sees_before_whose_holidays_would_count(world: World) -> None:
    setting = await prepared(world)
    ada = await seated(world, setting, "Ada")
    needs = of((YEAR - 18, "SN"), (YEAR - 5, "BY"), (YEAR - 19, "HH"), (YEAR - 4, "BE"), (YEAR - 6, "BY"))
    preview = await ada.post(f"{setting.path}/me/preview", {"needs": needs}, 200)
    assert preview == {"protection": [], "plannersSee": [], "schools": ["BY", "SN"]}
    assert await lands(world) == []
    made = await entered(ada, setting, needs)
    assert made["schools"] == preview["schools"]
    assert await lands(world) == [(UUID(ada.id), "BY"), (UUID(ada.id), "SN")]
    assert (await entered(ada, setting, EVERY_KIND["maternity"]))["schools"] == []


async def test_children_grow_up(world: World, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    setting, other = await prepared(world), await prepared(world, "beta")
    ada, eve = await seated(world, setting, "Ada"), await seated(world, setting, "Eve")
    await entered(ada, setting, of((YEAR - 18, "SN"), (YEAR - 5, "BY")))
    await entered(eve, setting, of((YEAR - 4, "HE")))
    stranger = await seated(world, other, "Zoe")
    await entered(stranger, other, of((YEAR - 18, "NW")))
    monkeypatch.setattr(children, "SCHOOL_AGE", range(4, 18))  # as it is a year later
    context = Context("family_sessions", UUID(setting.programme["id"]), Settings(), world.database)
    for _ in range(2):
        await grow_up(context, None)
    assert await lands(world) == [
        (UUID(ada.id), "BY"), (UUID(eve.id), "HE"), (UUID(stranger.id), "NW"),
    ]  # fmt: skip
    assert "school_age" in [job.name for job in FamilySessions.jobs]
