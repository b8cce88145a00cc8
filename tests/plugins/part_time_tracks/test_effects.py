"""Before a policy counts it is told what its curricula bring, and what they name in vain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.tracks import CURRICULUM, Study

if TYPE_CHECKING:
    from tests.support.world import World

WHOLE = {**CURRICULUM, "version": "part-time"}
BRING = "all modules of the programme count, which bring 40 of"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"curricula": [WHOLE, CURRICULUM]},
            [
                ("brings", "The curriculum of part-time brings 35 of 35 ECTS."),
                ("brings", "The curriculum of po-2026 brings 35 of 90 ECTS; the curriculum has no more."),
            ],
        ),
        (
            {},
            [
                ("brings", f"For part-time {BRING} 35 ECTS."),
                ("brings", f"For po-2026 {BRING} 90 ECTS; the programme does not teach the rest yet."),
            ],
        ),
        (
            {
                "curricula": [{**WHOLE, "required": ["mems", "alchemy"], "thesis_after_ects": "30"}, {**WHOLE, "version": "po-2025"}],
                "fees": {"optics": 100, "gold": 100}, "pass_shares": {"lead": 0.5},
            },
            [
                ("no-modules", "The curriculum of part-time names modules that the programme does not teach: alchemy."),
                ("no-regulation", "No regulation has the version po-2025; those that there are: part-time, po-2026."),
                ("no-modules", "fees names modules that the programme does not teach: gold."),
                ("no-modules", "pass_shares names modules that the programme does not teach: lead."),
                (
                    "brings",
                    "The curriculum of part-time brings 30 of 35 ECTS; the programme does not teach alchemy; thesis needs 30 "
                    "ECTS before it.",
                ),
                ("brings", f"For po-2026 {BRING} 90 ECTS; the programme does not teach the rest yet."),
            ],
        ),
    ],
)  # fmt: skip
async def test_what_a_policy_would_mean(
    world: World, settings: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    study = await Study.of(world)
    other = await world.programme("beta")
    path = f"/programmes/{study.programme['id']}/plugins/part_time_tracks/preview"
    told = await world.admin.post(path, {"enabled": True, "settings": settings}, 200)
    assert ([(one["code"], one["reason"]) for one in told["effects"]], told["degraded"]) == (expected, False)
    off = await world.admin.post(path, {"enabled": False}, 200)
    assert off["effects"] == []
    # of the regulations of another programme nothing is told
    path = f"/programmes/{other['id']}/plugins/part_time_tracks/preview"
    told = await world.admin.post(path, {"enabled": True, "settings": {"curricula": [WHOLE]}}, 200)
    assert "brings 35" not in str(told["effects"])
