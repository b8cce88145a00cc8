"""The hostile plugins, as an installation finds them: by their entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.support.world import World

LIMIT = 0.45
"""Seconds that the stories give each call: enough for a transaction, not enough for half a second of blocking."""

LATE = f"TimeoutError: took longer than {LIMIT:g} seconds"

HOOKED: dict[str, str] = {
    "blocks": LATE,
    "cancels": "PluginError: let a cancellation of its own escape",
    "closes": "GeneratorExit",
    "exits": "SystemExit: 3",
    "floods": "ValueError: answered with 1000000 items; 1000 are allowed",
    "hangs": LATE,
    "holds": LATE,
    "interrupts": "KeyboardInterrupt",
    "keeps_reading": "PluginError: left 1 connection(s) of its context open",
    "leaks": "PluginError: left 1 connection(s) of its context open",
    "lies": "ValidationError: Expected `object`, got `str` - at `$[0]`",
    "raises": "ZeroDivisionError: never tested",
    "swallows": LATE,
    "unspeakable": "Unspeakable: what it says cannot be read",
}
"""Those that fail in every hook, and what is told of that."""

OTHERS = ("drops_core", "half_migrated", "imports_core", "nonsense", "odd_settings", "routes", "witness")
"""Those that can be used otherwise, at least before something happens to them."""

LEFT_OUT = (
    "clashing_routes", "core_name", "exits_at_import", "gone", "misspelt_hook", "no_plugin", "other_version",
    "raises_at_import", "sync_hook", "wrong_annotations",
)  # fmt: skip
"""Those that are never usable."""


def entry(name: str) -> Any:
    """Return what an installed distribution would say about one of them."""
    attribute = "installed:entry" if name == "no_plugin" else f"{name}:Hostile"
    return EntryPoint(name, f"tests.hostile.{attribute}", "lms.plugins")


ALL = [entry(name) for name in (*HOOKED, *OTHERS, *LEFT_OUT)]


async def switch(world: World, programme: dict[str, Any], name: str, enabled: bool = True) -> None:
    """Enable or disable a plugin, as an administrator does."""
    path = f"/programmes/{programme['id']}/plugins/{name}"
    revision = (await world.admin.get(path))["revision"]
    await world.admin.put(path, {"enabled": enabled}, If_Match=f'"{revision}"')
