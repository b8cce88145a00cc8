"""Whatever a plugin's module raises when it is imported leaves that plugin out; the application starts, and says so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from lms_core.app import create_app
from tests.conftest import living
from tests.hostile.installed import entry
from tests.support.world import World

if TYPE_CHECKING:
    from lms_core.settings import Settings


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("raises_at_import", "RuntimeError: no licence"),
        ("exits_at_import", "SystemExit: usage: exits_at_import [-h]"),
        ("skips_at_import", "Skipped: could not import licence"),
        ("surrogate_at_import", "RuntimeError: no licence"),
        ("unspeakable_at_import", "Unspeakable: what it says cannot be read"),
    ],
)
async def test_the_application_starts_and_says_why(app_settings: Settings, name: str, told: str) -> None:
    try:
        app: Any = create_app(app_settings, [entry(name), entry("witness")])
    except BaseException as escaped:  # what would end the server's process here ends the tests
        pytest.fail(f"{type(escaped).__name__} escaped to the server")
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with living(app), httpx.AsyncClient(transport=transport, base_url="http://localhost:8000") as http:
        admin = await World(app, http).person("Ada", "administrator")
        found = {plugin["name"]: plugin.get("failed") for plugin in (await admin.get("/plugins"))["items"]}
    assert found == {name: told, "witness": None}
