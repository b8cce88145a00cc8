"""Plugins are found by their entry points, and one that cannot be used is left out with the reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lms_core.api import Plugin
from lms_core.hooks.registry import PluginError, load

if TYPE_CHECKING:
    from pathlib import Path

WORKING = """
from lms_core.api import Plugin

class Works(Plugin):
    name = "works"

class Twin(Plugin):
    name = "works"

works = Works()
"""


def install(folder: Path, entries: dict[str, str]) -> None:
    """Lay a distribution with these entry points into a folder, as an installer does."""
    info = folder / "strangers-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: strangers\nVersion: 1.0\n")
    lines = [f"{name} = {target}" for name, target in entries.items()]
    (info / "entry_points.txt").write_text("\n".join(["[lms.plugins]", *lines, ""]))


def test_whatever_an_installed_plugin_does_wrong_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = load()
    (tmp_path / "strangers_broken.py").write_text("raise RuntimeError('no such university')\n")
    (tmp_path / "strangers_exits.py").write_text("raise SystemExit('usage: strangers_exits FILE')\n")
    (tmp_path / "strangers_working.py").write_text(WORKING)
    install(
        tmp_path,
        {
            "broken": "strangers_broken:Broken",
            "exits": "strangers_exits:Exits",
            "gone": "strangers_working:Gone",
            "nowhere": "strangers_nowhere:Nowhere",
            "object": "strangers_working:works",
            "works": "strangers_working:Works",
            "x_twin": "strangers_working:Twin",
        },
    )
    monkeypatch.syspath_prepend(tmp_path)

    registry = load()

    assert registry.failed == {
        **before.failed,
        "broken": "RuntimeError: no such university",
        "exits": "SystemExit: usage: strangers_exits FILE",
        "gone": "AttributeError: module 'strangers_working' has no attribute 'Gone'",
        "nowhere": "ModuleNotFoundError: No module named 'strangers_nowhere'",
        "object": "PluginError: strangers_working:works must be a class that inherits from lms_core.api.Plugin",
        "x_twin": "PluginError: the name 'works' is taken by another plugin; choose another `name`",
    }
    assert registry.plugins.keys() - before.plugins.keys() == {"works"}


class Given(Plugin):
    """Nothing but a name."""

    name = "given"


def test_given_plugins_stand_in_for_the_installed_ones() -> None:
    assert load([]).plugins == {}
    with pytest.raises(PluginError):
        load([Given(), Given()])
