"""What planners are warned of: the policy of the programme, schools, nights away from home, and childcare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.family import send_file
from tests.support.family_care import Setting, prepared, seated
from tests.support.family_childcare import offers
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import World


def plan(starts: str, ends: str, **other: Any) -> dict[str, Any]:
    return {
        "title": "Block", "starts": f"{starts}:00", "ends": f"{ends}:00", "zone": "Europe/Berlin", "mode": "hybrid",
        "place": "Room 1", **other,
    }  # fmt: skip


async def planned(world: World, setting: Setting, starts: str, ends: str, **other: Any) -> dict[str, Any]:
    made: dict[str, Any] = await world.admin.post(
        f"/runs/{setting.run['id']}/sessions", plan(starts, ends, **other), 201
    )
    return made


def codes(made: dict[str, Any]) -> list[str]:
    return [one["code"] for one in made["warnings"]]


async def test_the_policy_warns(world: World) -> None:
    setting = await prepared(world, notice_weeks=4)
    online = {"mode": "online", "place": ""}
    first = await planned(world, setting, "2027-04-10T09:00", "2027-04-10T16:00", **online)
    assert codes(first) == []
    second = await planned(world, setting, "2027-04-17T08:30", "2027-04-17T16:00", **online)
    assert codes(second) == ["outside-core-hours", "consecutive-weekends"]
    soon = await planned(world, setting, "2026-01-06T09:00", "2026-01-06T16:00", **online)
    assert codes(soon) == ["short-notice"]


async def test_who_lives_elsewhere_stays_overnight_between_days_on_site(world: World) -> None:
    setting = await prepared(world)
    first = await planned(world, setting, "2027-06-08T09:00", "2027-06-08T16:00", mode="on_site")
    assert codes(first) == []
    home = await planned(world, setting, "2027-06-09T09:00", "2027-06-09T16:00")
    assert codes(home) == [], "part of it can be had at home"
    second = await planned(world, setting, "2027-06-09T09:00", "2027-06-09T16:00", mode="on_site")
    assert codes(second) == ["overnight-stay"]
    path = f"/runs/{setting.run['id']}/sessions/{first['id']}"
    alone = plan("2027-06-07T09:00", "2027-06-07T16:00", mode="on_site")
    moved = await world.admin.put(path, alone, If_Match=f'"{first["revision"]}"')
    assert codes(moved) == [], "it is not next to where it was before"
    back = await world.admin.put(path, {**alone, "ends": "2027-06-08T10:00:00"}, If_Match=f'"{moved["revision"]}"')
    assert codes(back) == ["outside-core-hours", "overnight-stay"]


async def test_days_without_school_are_told_when_five_people_share_a_calendar(world: World) -> None:
    setting, other = await prepared(world), await prepared(world, "beta")
    where = f"{setting.path}/movable-days?land=BW&school=Lessing"
    assert (await send_file(world.admin, where, "first,last,name\n2027-06-11,,Chosen\n")).status_code == 200
    calendars = {"calendars": [{"land": "BW", "school": "Lessing"}, {"land": "SN"}]}
    people = [await seated(world, setting, f"Parent {n}") for n in range(5)]
    for who in people[:4]:
        await who.put(f"{setting.path}/me/school-calendars", calendars)
    whitsun, chosen, unknown = "2027-05-20", "2027-06-11", "2035-06-12"

    async def told(day: str, setting: Setting = setting) -> list[tuple[str, str]]:
        made = await planned(world, setting, f"{day}T09:00", f"{day}T16:00")
        return [(one["code"], one["reason"]) for one in made["warnings"]]

    assert [await told(day) for day in (whitsun, chosen, unknown)] == [[], [], []]
    await people[4].put(f"{setting.path}/me/school-calendars", {"calendars": [{"land": "BW", "school": "Lessing"}]})
    free = [("school-holidays", "Schools that matter to 5 to 9 people are closed then.")]
    perhaps = "Nobody can tell yet whether schools that matter to 5 to 9 people are open then."
    assert [await told(day) for day in (whitsun, chosen, unknown, "2027-06-10")] == [
        free, free, [("school-holidays-unknown", perhaps)], [],
    ]  # fmt: skip
    assert await told(whitsun, other) == []
    with statements(world.database) as seen:
        await told(whitsun)
    assert len([one for one in seen if "family_sessions_calendar" in one or "family_sessions_movable" in one]) == 2


async def test_a_weekend_on_site_without_childcare(world: World) -> None:
    setting, other = await prepared(world), await prepared(world, "beta")
    saturday = ("2099-03-07T09:00", "2099-03-07T16:00")
    assert codes(await planned(world, setting, *saturday)) == ["no-childcare"]
    assert codes(await planned(world, setting, *saturday, mode="online", place="")) == []
    assert codes(await planned(world, setting, "2099-03-06T09:00", "2099-03-06T16:00")) == []
    await world.admin.post(f"{setting.path}/childcare", offers(setting))
    assert codes(await planned(world, setting, *saturday)) == []
    longer = await planned(world, setting, "2099-03-07T09:00", "2099-03-07T16:45")
    assert codes(longer) == ["outside-core-hours", "no-childcare"], "children would have to go before"
    assert codes(await planned(world, other, *saturday)) == ["no-childcare"], "that of others is not for them"
