"""What the plugin's README shows works as it stands there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from tests.support.tracks import Study

if TYPE_CHECKING:
    from tests.support.world import World

README = (Path(__file__).parents[3] / "plugins" / "part_time_tracks" / "README.md").read_text()
EXAMPLES: list[Any] = [msgspec.json.decode(one) for one in re.findall(r"```json\n(.*?)```", README, re.DOTALL)]


async def test_the_settings(world: World) -> None:
    study = await Study.of(world)
    [settings] = [one for one in EXAMPLES if "settings" in one]
    plugin = f"/programmes/{study.programme['id']}/plugins/part_time_tracks"
    told = (await world.admin.post(f"{plugin}/preview", settings, 200))["effects"]
    assert [one["reason"] for one in told] == [
        "For part-time all modules of the programme count, which bring 40 of 35 ECTS.",
        "The curriculum of po-2026 brings 35 of 90 ECTS; the curriculum has no more.",
    ]
    kept = await world.admin.put(plugin, settings, If_Match='"1"')
    assert kept["settings"] == settings["settings"]
