"""What an administrator is told before she turns University Weeks on, off, or up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.support.weeks import planned, prepared, week

if TYPE_CHECKING:
    from tests.support.world import World


async def test_what_enabling_and_disabling_mean(world: World) -> None:
    setting, other = await prepared(world), await prepared(world, "beta")

    async def told(enabled: bool, of: Any = setting, **settings: Any) -> list[str]:
        body = {"enabled": enabled, "settings": settings}
        found = await world.admin.post(f"/programmes/{of.programme['id']}/plugins/university_weeks/preview", body, 200)
        return [one["reason"] for one in found["effects"] if one.get("plugin", "university_weeks")]

    made = await world.admin.post(f"{setting.path}/weeks", week(setting.run["id"]))
    plan = await planned(world, setting.path, made["id"])
    await world.admin.post(f"{setting.path}/publications", {"planId": plan["id"]})
    await world.admin.post(f"{setting.path}/weeks", week(setting.run["id"]))
    await world.admin.post(f"{setting.path}/weeks/{made['id']}/plans", {"seconds": 5})
    searches = "At most 3 searches run at once, each for 600 s."
    assert await told(True, at_once=3) == ["Can be read and changed: 2 weeks.", searches]
    assert await told(False) == [
        "Kept, and not to be seen: 2 weeks.",
        "Sessions of 1 week stay in their runs; codes at doors and credits of it do not work.",
        "Asked for and not done: 1 searches; stop them, and ask again later.",
    ]
    assert await told(False, other) == ["Kept, and not to be seen: 0 weeks."]
