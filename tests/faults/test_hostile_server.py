"""A real server goes on, whatever a plugin's route does to the process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.hostile.installed import entry, switch
from tests.support.serving import Serving, environment, free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

    from content_store import StoreSettings
    from tests.support.world import World

ROOT = Path(__file__).parents[2]


@pytest.fixture
def plugins() -> list[Any]:
    return [entry("routes")]


@pytest.fixture
def server(world: World, store_settings: StoreSettings, tmp_path: Path) -> Iterator[Serving]:
    """A process of its own on the same database, in which the hostile routes are installed."""
    info = tmp_path / "site" / "lms_hostile-1.0.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: lms-hostile\nVersion: 1.0.0\n")
    (info / "entry_points.txt").write_text("[lms.plugins]\nroutes = tests.hostile.routes:Hostile\n")
    env = environment(world.database.url, store_settings, free_port())
    made = Serving({**env, "PYTHONPATH": f"{tmp_path / 'site'}:{ROOT}"}, tmp_path / "server.log")
    yield made
    made.stop()


async def test_it_answers_after_each_of_them(world: World, server: Serving) -> None:
    programme = await world.programme()
    await switch(world, programme, "routes")
    server.start()
    path, headers = f"/programmes/{programme['id']}", {"Authorization": f"Bearer {world.admin.token}"}
    told = {}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=20) as http:
        for name in ("raises", "lies", "cancels", "exits", "interrupts"):
            told[name] = (await http.get(f"{path}/routes/{name}")).status_code
            assert (await http.get(path)).status_code == 200, f"after {name}: {server.log.read_text()[-2000:]}"
    assert told == dict.fromkeys(told, 500)
