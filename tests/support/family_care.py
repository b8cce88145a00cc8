"""A programme with family-friendly planning, and what people enter in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from tests.support.world import Actor, World

INTRODUCTION = {"key": "intro", "kind": "reading", "title": "Introduction"}

CARE = {
    "kind": "care_hours", "strength": "cannot", "firstDay": "2027-01-01",
    "hours": [{"weekdays": ["monday", "thursday"], "starts": "15:30", "ends": "24:00"}],
}  # fmt: skip
EVERY_KIND: dict[str, dict[str, Any]] = {
    "care_hours": CARE,
    "protected": {"kind": "protected", "strength": "cannot", "firstDay": "2027-01-04", "lastDay": "2027-01-15"},
    "daily": {"kind": "daily", "firstDay": "2027-01-01", "notBefore": "08:30", "noLaterThan": "20:00"},
    "closed_days": {"kind": "closed_days", "strength": "cannot", "days": ["2027-05-14", "2027-03-01"]},
    "maternity": {"kind": "maternity", "due": "2027-02-10"},
    "nursing": {
        "kind": "nursing", "firstDay": "2027-04-08", "lastDay": "2027-10-31",
        "breaks": [{"starts": "10:00", "ends": "10:30"}, {"starts": "15:00", "ends": "15:30"}],
    },
    "children": {"kind": "children", "children": [{"born": 2019, "land": "BW"}, {"born": 2022, "land": "RP"}]},
}  # fmt: skip


class Setting:
    """A programme with the plugin enabled, a run, and where it answers."""

    def __init__(self, programme: dict[str, Any], run: dict[str, Any]) -> None:
        self.programme = programme
        self.run = run
        self.path = f"/programmes/{programme['id']}/family_sessions"


async def prepared(world: World, key: str = "alpha", **settings: Any) -> Setting:
    """Enable the plugin in a programme with a run."""
    programme = await world.programme(key)
    body = {"enabled": True, "settings": {"land": "BW", **settings}}
    await world.admin.put(f"/programmes/{programme['id']}/plugins/family_sessions", body, If_Match='"0"')
    module = await world.module(programme, [INTRODUCTION], key)
    return Setting(programme, await world.run(programme, module))


async def seated(world: World, setting: Setting, name: str) -> Actor:
    """Bring in a student with a seat in the run."""
    student = await world.student(name, setting.programme)
    await student.put(f"/runs/{setting.run['id']}/enrolment", {})
    return student


async def entered(who: Actor, setting: Setting, needs: dict[str, Any], **other: Any) -> dict[str, Any]:
    """Enter something."""
    path = f"{setting.path}/me/entries/{uuid4()}"
    made: dict[str, Any] = await who.put(path, {"needs": needs, **other}, If_Match='"0"')
    return made


async def changed(who: Actor, setting: Setting, entry: dict[str, Any], **needs: Any) -> dict[str, Any]:
    """Change something of an entry."""
    path = f"{setting.path}/me/entries/{entry['id']}"
    made: dict[str, Any] = await who.put(
        path, {"needs": {**entry["needs"], **needs}}, If_Match=f'"{entry["revision"]}"'
    )
    return made


async def declared(who: Actor, setting: Setting, entry: dict[str, Any], **said: Any) -> dict[str, Any]:
    """Declare something about an entry."""
    path = f"{setting.path}/me/entries/{entry['id']}/declarations"
    made: dict[str, Any] = await who.post(path, {"declared": said}, 200, If_Match=f'"{entry["revision"]}"')
    return made
