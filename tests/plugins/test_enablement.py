"""Enabling asks for settings that fit; disabling never asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from lms_core.api import Plugin

if TYPE_CHECKING:
    from tests.support.world import World


class Pace(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One setting, and it must be given."""

    most: int


class Pacing(Plugin):
    """Does nothing but have settings."""

    name = "pacing"
    settings = Pace


@pytest.fixture
def plugins() -> list[Plugin]:
    return [Pacing()]


async def test_a_plugin_is_disabled_without_a_word_about_settings(world: World) -> None:
    programme = await world.programme()
    path = f"/programmes/{programme['id']}/plugins/pacing"

    refused: dict[str, Any] = await world.admin.put(path, {"enabled": True}, 422, If_Match='"0"')
    assert refused["errors"] == [{"where": "body.settings.most", "reason": "is required"}]

    await world.admin.put(path, {"enabled": True, "settings": {"most": 3}}, If_Match='"0"')
    disabled = await world.admin.put(path, {"enabled": False}, If_Match='"1"')
    assert (disabled["enabled"], disabled["settings"], disabled["revision"]) == (False, {"most": 3}, 2)
