"""What database and store do not know of each other is listed, and only what is old and unknown is deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from lms_core.errors import Conflict
from lms_core.media import orphans
from lms_core.media.orphans import find_orphans, remove_old
from lms_core.types import new_id, now
from tests.support.objectstore import fresh_bucket
from tests.support.world import sha256

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from content_store import ContentStore, StoreSettings
    from lms_core.media.orphans import Orphans
    from tests.support.world import World


@pytest.fixture
async def store_settings(store_server: StoreSettings) -> AsyncIterator[StoreSettings]:
    async with fresh_bucket(store_server) as settings:
        yield settings


def told(found: Orphans) -> dict[str, Any]:
    return {
        "objects": sorted((one.key, one.size) for one in found.objects),
        "uploads": [(one.key, one.upload_id) for one in found.uploads],
        "missing": [(one.key, one.name, one.size) for one in found.missing],
    }


async def keys(store: ContentStore) -> set[str]:
    return {found.key async for found in store.objects("")}


async def test_what_one_side_does_not_know_of_the_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    programme = await world.programme()
    store: ContentStore = world.app.state.store
    one, lost, going = [
        await world.upload(world.admin, programme, f"{name}.txt", name.encode(), "text/plain")
        for name in ("one", "lost", "going")
    ]
    await world.admin.delete(f"/media/{going['id']}")
    place = f"media/{programme['id']}"
    await store.put(f"{place}/{one['id']}.poster", b"picture", "image/jpeg")
    await store.delete(f"{place}/{lost['id']}")
    new = {"name": "new.mp4", "size": 9_000_000, "contentType": "video/mp4", "sha256": sha256(b"new")}
    await world.admin.post(f"/programmes/{programme['id']}/media", new)
    # what is strange: unknown ids, a known id in another place, and what is no id
    strange = [f"{place}/{new_id()}", f"{place}/{new_id()}.poster", f"media/{new_id()}/{one['id']}", "media/readme"]
    for key in strange:
        await store.put(key, b"strange", "text/plain")
    upload_id = await store.start_upload(strange[0], "text/plain")
    await store.put("backup/of-somebody", b"else", "text/plain")
    await store.check()

    expected = {
        "objects": sorted((key, 7) for key in strange),
        "uploads": [(strange[0], upload_id)],
        "missing": [(f"{place}/{lost['id']}", "lost.txt", 4)],
    }
    before = await keys(store)
    found = await find_orphans(world.database, store)
    assert told(found) == expected
    assert await remove_old(store, found) == (0, 0)
    assert (told(await find_orphans(world.database, store)), await keys(store)) == (expected, before)

    moment = now() + timedelta(hours=25)
    monkeypatch.setattr(orphans, "now", lambda: moment)
    assert await remove_old(store, found) == (4, 1)
    left = await find_orphans(world.database, store)
    assert told(left) == {"objects": [], "uploads": [], "missing": expected["missing"]}
    assert await keys(store) == before - set(strange)
    assert len(await store.open_uploads("media/")) == 1  # the one that somebody goes on with


async def test_a_database_that_knows_nothing_of_the_bucket_is_another_one(world: World) -> None:
    store: ContentStore = world.app.state.store
    assert told(await find_orphans(world.database, store)) == {"objects": [], "uploads": [], "missing": []}
    await store.put(f"media/{new_id()}/{new_id()}", b"of another installation", "text/plain")
    with pytest.raises(Conflict, match="is it the one of this bucket"):
        await find_orphans(world.database, store)
