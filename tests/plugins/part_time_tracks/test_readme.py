"""What the plugin's README shows works as it stands there."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from lms_part_time_tracks import knowing

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


async def test_what_a_student_sends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(knowing, "now", lambda: datetime(2026, 10, 2, 12, tzinfo=UTC))
    study = await Study.of(world)
    ingrid, eve = await study.student("Ingrid"), await study.student("Eve")
    [track] = [one for one in EXAMPLES if "budgets" in one]
    assert (await ingrid.put(f"{study.path}/me/track", track, If_Match='"0"'))["track"] == track
    [asked] = [one for one in EXAMPLES if isinstance(one, list)]
    run = await world.run(study.programme, study.modules["mems"], 9)
    assert [one["kind"] for one in asked] == ["skip", "hours", "fail", "drop", "shift_run"]
    asked[-1]["runId"] = run["id"]
    for one in asked:
        plan = await study.planned(eve, one)
        assert (plan["asked"]["whatIf"], plan["state"], plan["result"]["status"]) == ([one], "done", "optimal"), one
