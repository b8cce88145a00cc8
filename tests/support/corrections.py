"""Corrections in mid-term: publishing another version of a module, and moving a run to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.support.world import World


async def publish(world: World, module: dict[str, Any], units: list[dict[str, Any]], **other: Any) -> None:
    content = {"title": "Mems", "ects": "5", "workloadHours": 150, "units": units, **other}
    etag = (await world.admin.call("GET", f"/modules/{module['id']}")).headers["ETag"]
    draft = await world.admin.put(f"/modules/{module['id']}/draft", content, If_Match=etag)
    await world.admin.post(f"/modules/{module['id']}/publish", If_Match=f'"{draft["revision"]}"')


async def move(world: World, run: dict[str, Any], number: int) -> None:
    etag = (await world.admin.call("GET", f"/runs/{run['id']}")).headers["ETag"]
    await world.admin.put(f"/runs/{run['id']}/version", {"version": number}, If_Match=etag)
