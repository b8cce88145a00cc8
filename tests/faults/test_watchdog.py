"""Code that never ends and never awaits takes its server process down, and the next one answers."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest

from lms_core.db import Database
from lms_core.people import actions as people
from lms_core.people.types import NewGrant, NewPerson
from tests.support.processes import free_port, wait_until
from tests.support.serving import Serving, environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from content_store import StoreSettings

PLUGIN = '''
"""A plugin that hangs when it is asked; its process gives up sooner than others, for somebody waits for that here."""

import lms_core.watchdog
from lms_core.api import Context, Effect, Plugin, PluginProposal, hookimpl

lms_core.watchdog.LIMIT = 3.0


class Hangs(Plugin):
    name = "hangs"

    @hookimpl
    async def preview_change(self, context: Context, proposal: PluginProposal) -> list[Effect]:
        while True:
            pass
'''


@pytest.fixture
def backend() -> str:
    """SQLite; which one it is does not matter here."""
    return "sqlite"


@pytest.fixture
def serving(database_url: str, store_settings: StoreSettings, tmp_path: Path) -> Iterator[Serving]:
    """A server of one process in which the plugin is installed."""
    installed = tmp_path / "installed"
    info = installed / "hangs-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: hangs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[lms.plugins]\nhangs = lms_hangs:Hangs\n")
    (installed / "lms_hangs.py").write_text(PLUGIN)
    env = {**environment(database_url, store_settings, free_port()), "PYTHONPATH": str(installed), "LMS_WORKERS": "1"}
    made = Serving(env, tmp_path / "log")
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
async def headers(database_url: str) -> dict[str, str]:
    """The header of an administrator's requests."""
    database = Database(database_url)
    async with database.write() as connection:
        amina = await people.create_person(connection, NewPerson(email="amina@example.org", name="Amina"))
        await people.grant_role(connection, amina.id, NewGrant(role="administrator", scope="system"), None)
        signed_in = await people.issue_token(connection, amina, timedelta(hours=1))
    await database.close()
    return {"Authorization": f"Bearer {signed_in.token}"}


def test_a_server_that_hangs_in_a_plugin_says_where_and_the_next_one_answers(
    serving: Serving, headers: dict[str, str]
) -> None:
    with httpx.Client(base_url=serving.url, headers=headers, timeout=60) as admin:
        programme = admin.post("/programmes", json={"key": "ms", "title": "Microsystems", "degree": "M.Sc."}).json()
        path = f"/programmes/{programme['id']}/plugins/hangs/preview"
        with pytest.raises(httpx.TransportError):
            admin.post(path, json={"enabled": True, "settings": {}})

        def answers() -> bool:
            try:
                return admin.get("/programmes").json()["items"] == [programme]
            except httpx.TransportError:
                return False

        wait_until(answers, "another process answers")

    log = serving.log.read_text()
    assert "Timeout (0:00:03)!" in log
    assert re.search(r'lms_hangs\.py", line 1[56] in preview_change', log)  # either line of its loop
