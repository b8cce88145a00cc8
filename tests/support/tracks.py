"""A small part-time master and its students, for the plugin that plans their studies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from lms_part_time_tracks.settings import Settings

from lms_core.api import Context
from lms_core.hooks.channel import PluginChannel
from lms_core.outbox.work import settle

if TYPE_CHECKING:
    from tests.support.world import Actor, World

UNIT = {"key": "intro", "kind": "reading", "title": "Introduction"}
MODULES: dict[str, dict[str, Any]] = {
    "mems": {"offered": ["winter"]},
    "optics": {"offered": ["summer"], "prerequisites": ["mems"]},
    "lasers": {"offered": ["winter"]},
    "project": {"offered": ["summer"], "workloadHours": 300, "ects": "10"},
    "thesis": {"offered": ["winter", "summer"], "workloadHours": 450, "ects": "15"},
}
CURRICULUM = {
    "version": "po-2026",
    "required": ["mems", "optics"],
    "electives": [
        {"key": "depth", "title": "Depth", "modules": ["lasers", "project"], "min_ects": "10", "max_ects": "10"},
    ],
    "thesis": "thesis",
    "thesis_after_ects": "20",
}


class Study:
    """A programme of 35 ECTS with the plugin enabled, and its modules by key."""

    def __init__(self, world: World, programme: dict[str, Any], modules: dict[str, dict[str, Any]]) -> None:
        self.world, self.programme, self.modules = world, programme, modules
        self.path = f"/programmes/{programme['id']}/part_time_tracks"

    @classmethod
    async def of(
        cls,
        world: World,
        key: str = "alpha",
        limits: dict[str, Any] | None = None,
        ects: str = "35",
        **settings: Any,
    ) -> Study:
        programme = await world.programme(key)
        where = f"/programmes/{programme['id']}"
        rules = {
            "version": "part-time", "validFrom": "2026-06-01", "ectsTotal": ects, "hoursPerEcts": "30",
            "limits": {"maxTerms": 8, **(limits or {})},
        }  # fmt: skip
        programme["regulation"] = (await world.admin.post(f"{where}/regulations", rules))["id"]
        curriculum = {**CURRICULUM, "version": "part-time"}
        body = {"enabled": True, "settings": {"curricula": [curriculum], **settings}}
        await world.admin.put(f"{where}/plugins/part_time_tracks", body, If_Match='"0"')
        modules = {}
        for name, content in MODULES.items():
            made = await world.admin.post(f"{where}/modules", {"key": name, "title": name.title()})
            whole = {"title": name.title(), "ects": "5", "workloadHours": 150, "units": [UNIT], **content}
            draft = await world.admin.put(f"/modules/{made['id']}/draft", whole, If_Match='"1"')
            await world.admin.post(f"/modules/{made['id']}/publish", If_Match=f'"{draft["revision"]}"')
            modules[name] = made
        return cls(world, programme, modules)

    async def student(self, name: str) -> Actor:
        who = await self.world.person(name)
        body = {"email": who.email, "regulationId": self.programme["regulation"]}
        await self.world.admin.post(f"/programmes/{self.programme['id']}/enrolments", body)
        return who

    async def planned(self, who: Actor, *what_if: dict[str, Any]) -> dict[str, Any]:
        """Let a plan be made."""
        asked = await who.post(f"{self.path}/me/plans", {"whatIf": list(what_if)})
        assert (asked["state"], asked["result"]) == ("queued", None)
        await worked(self.world)
        found: dict[str, Any] = await who.get(f"{self.path}/me/plans/{asked['id']}")
        return found


def context_of(study: Study, *curricula: dict[str, Any]) -> Context:
    """Return what the host hands to a job of the plugin, with these curricula or those that the study has."""
    settings = msgspec.convert(
        {"curricula": curricula or [{**CURRICULUM, "version": "part-time"}]}, Settings, strict=False
    )
    database, hooks = study.world.database, study.world.app.state.hooks
    return Context("part_time_tracks", UUID(study.programme["id"]), settings, database, hooks=hooks)


async def worked(world: World) -> None:
    """Let a worker do all that is due."""
    await settle(world.database, [PluginChannel(world.app.state.hooks)])


def where(plan: dict[str, Any]) -> dict[str, list[str]]:
    """Return the modules of each term of a plan."""
    return {term["name"]: [one["key"] for one in term["modules"]] for term in plan["result"]["terms"]}
