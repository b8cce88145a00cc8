"""Keys of the installation that are exchanged: everything is wrapped, wherever it is, and nothing is lost."""

from __future__ import annotations

import asyncio
import base64
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from click.testing import CliRunner, Result
from lms_family_sessions import commands
from lms_family_sessions.sealing import key_id, new_key
from lms_family_sessions.tables_care import entry, reading
from lms_family_sessions.tables_leaves import leave
from sqlalchemy import select, update

from lms_core.cli import main
from tests.support.family_care import CARE, EVERY_KIND, entered, prepared, seated
from tests.support.serving import environment

if TYPE_CHECKING:
    from content_store import StoreSettings
    from tests.support.world import World

rotate_keys: Any = commands.rotate_keys.callback  # what the host awaits, within its command


def named(key: str) -> str:
    return key_id(base64.b64decode(key))


async def key_ids(world: World) -> set[str]:
    async with world.database.read() as connection:
        found = [(await connection.execute(select(table.c.key_id))).scalars() for table in (entry, reading, leave)]
    return {one for table in found for one in table}


async def run(database_url: str, store_settings: StoreSettings, keys: str) -> Result:
    env = {**environment(database_url, store_settings, 8000), "LMS_FAMILY_KEYS": keys}
    return await asyncio.to_thread(CliRunner().invoke, main, ["family-sessions", "rotate-keys"], env=env)


async def test_keys_are_exchanged_in_pieces_everywhere_and_nothing_is_lost(
    world: World, database_url: str, store_settings: StoreSettings, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "BATCH", 2)
    setting, other = await prepared(world), await prepared(world, "beta")
    ada = await seated(world, setting, "Ada")
    office = await world.person("Olga Office", "family_sessions.office", setting.programme)
    made = [await entered(ada, setting, EVERY_KIND[kind]) for kind in ("maternity", "care_hours", "daily")]
    await office.post(f"{setting.path}/readings", {"personId": ada.id, "purpose": "A question"}, 200)
    on_leave = {"personId": ada.id, "kind": "care", "firstDay": "2027-04-01", "lastDay": "2027-09-30"}
    granted = await office.put(f"{setting.path}/leaves/{uuid4()}", on_leave, If_Match='"0"')
    zoe = await seated(world, other, "Zoe")
    hers = [await entered(zoe, other, CARE) for _ in range(3)]
    plugin = f"/programmes/{other.programme['id']}/plugins/family_sessions"
    await world.admin.put(plugin, {"enabled": False}, If_Match='"1"')
    fresh = new_key()

    with monkeypatch.context() as interrupted:
        rewrap, done = commands.sealing.rewrap, 0

        def stopped(*given: Any) -> Any:
            nonlocal done
            done += 1
            if done == 4:
                raise KeyboardInterrupt
            return rewrap(*given)

        interrupted.setenv("LMS_FAMILY_KEYS", f"{fresh}, {key}")
        interrupted.setattr(commands.sealing, "rewrap", stopped)
        with pytest.raises(KeyboardInterrupt):
            await rotate_keys(world.database)
    assert await key_ids(world) == {named(key), named(fresh)}

    told = [
        f"Wrapped with the first key ({named(fresh)}): 6 documents of 2 programmes.",
        "Nothing is under another key: all but the first can be taken away.",
    ]
    done_now = await run(database_url, store_settings, f"{fresh},{key}")
    assert (done_now.exit_code, done_now.output.splitlines()[-2:]) == (0, told)
    assert await key_ids(world) == {named(fresh)}
    told[0] = told[0].replace("6 documents of 2", "0 documents of 0")
    done_now = await run(database_url, store_settings, fresh)
    assert (done_now.exit_code, done_now.output.splitlines()[-2:]) == (0, told)

    monkeypatch.setenv("LMS_FAMILY_KEYS", fresh)
    assert (await ada.get(f"{setting.path}/me/entries"))["items"] == sorted(made, key=lambda one: one["id"])
    assert (await ada.get(f"{setting.path}/me/leaves"))["items"] == [granted]
    [noted] = (await ada.get(f"{setting.path}/me/readings"))["items"]
    assert noted["purpose"] == "A question"
    await world.admin.put(plugin, {"enabled": True}, If_Match='"2"')
    assert (await zoe.get(f"{other.path}/me/entries"))["items"] == sorted(hers, key=lambda one: one["id"])


async def test_what_no_key_opens_is_named_and_keeps_nothing_else_from_being_wrapped(
    world: World, database_url: str, store_settings: StoreSettings, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = await prepared(world)
    ada = await seated(world, setting, "Ada")
    made = [await entered(ada, setting, EVERY_KIND[kind]) for kind in ("maternity", "care_hours", "daily")]
    lost, moved, kept = sorted(made, key=lambda one: one["id"])
    async with world.database.write() as connection:
        await connection.execute(update(entry).where(entry.c.id == UUID(lost["id"])).values(key_id="gone"))
        await connection.execute(update(entry).where(entry.c.id == UUID(moved["id"])).values(wrapped=b"changed"))
    fresh = new_key()
    done = await run(database_url, store_settings, f"{fresh},{key}")
    assert (done.exit_code, done.output.splitlines()[-3:]) == (
        1,
        [
            f"Wrapped with the first key ({named(fresh)}): 1 documents of 1 programmes.",
            *(
                f"Still under the key {one}, which is missing or did not open them: 1."
                for one in sorted(["gone", named(key)])
            ),
        ],
    )
    monkeypatch.setenv("LMS_FAMILY_KEYS", fresh)
    assert await ada.get(f"{setting.path}/me/entries/{kept['id']}") == kept
    for one in (lost, moved):
        await ada.get(f"{setting.path}/me/entries/{one['id']}", 503)

    without = await run(database_url, store_settings, "")
    assert (without.exit_code, without.output.splitlines()[-1][:47]) == (
        1, "Error: What people enter here is kept encrypted",
    )  # fmt: skip


def test_a_new_key_is_one_that_seals() -> None:
    done = CliRunner().invoke(commands.new_key)
    assert (done.exit_code, len(done.output.strip())) == (0, 44)
