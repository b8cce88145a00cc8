"""A confidential permission is for the roles that its plugin names: administrators do not have it, nor can give it on."""

from __future__ import annotations

from typing import Any

import pytest

from lms_core.api import Permission, Plugin, Role, RouteContext, get
from lms_core.hooks.registry import PluginError, load
from tests.support.world import World

SECRET = Permission("diary.secrets", "read what is secret", roles=("diary.keeper", "examiner"), confidential=True)


@get("/secrets", permission="diary.secrets")
async def secrets(context: RouteContext) -> list[str]:
    """Tell."""
    return [str(context.programme_id)]


class Diary(Plugin):
    """Keeps secrets."""

    name = "diary"
    roles = (Role("diary.keeper", "Keeper"), Role("diary.friend", "Friend"))
    permissions = (SECRET, Permission("diary.plain", "read the rest", roles=("diary.friend",)))
    routes = (secrets,)


@pytest.fixture
def plugins() -> list[Any]:
    return [Diary()]


async def given(world: World, name: str) -> tuple[list[str], str]:
    answer = await world.admin.call("GET", f"/roles/{name}")
    return answer.json()["permissions"], answer.headers["etag"]


async def test_it_goes_to_the_roles_that_it_names_and_stays_with_them(world: World) -> None:
    programme = await world.programme()
    path = f"/programmes/{programme['id']}"
    await world.admin.put(f"{path}/plugins/diary", {"enabled": True, "settings": {}}, If_Match='"0"')
    offered = {one["name"]: one for one in (await world.admin.get(f"{path}/permissions"))["items"] if one["plugin"]}
    assert offered == {
        "diary.secrets": {
            "name": "diary.secrets", "meaning": "read what is secret", "plugin": "diary",
            "roles": ["diary.keeper", "examiner"], "confidential": True,
        },
        "diary.plain": {
            "name": "diary.plain", "meaning": "read the rest", "plugin": "diary",
            "roles": ["administrator", "diary.friend"], "confidential": False,
        },
    }  # fmt: skip
    reads = {}
    for role in ("diary.keeper", "diary.friend", "examiner", "programme_administrator", "lecturer"):
        who = await world.person(role.replace(".", " ").replace("_", " "), role, programme)
        reads[role] = (await who.call("GET", f"{path}/diary/secrets")).status_code
    assert reads == {
        "diary.keeper": 200, "diary.friend": 403, "examiner": 200, "programme_administrator": 403, "lecturer": 403,
    }  # fmt: skip
    assert (await world.admin.call("GET", f"{path}/diary/secrets")).status_code == 403

    for name in ("administrator", "diary.friend"):
        held, etag = await given(world, name)
        assert "diary.plain" in held
        assert "diary.secrets" not in held
        body = {"title": name, "permissions": [*held, "diary.secrets"]}
        refused = await world.admin.call("PUT", f"/roles/{name}", body, If_Match=etag)
        assert (refused.status_code, refused.json()["errors"]) == (
            409, [{"where": "body.permissions", "reason": "diary.secrets is for diary.keeper, examiner only"}],
        )  # fmt: skip
        assert await given(world, name) == (held, etag)
    held, etag = await given(world, "administrator")
    fewer = {"title": "Administrator", "permissions": [one for one in held if one != "diary.plain"]}
    assert (await world.admin.call("PUT", "/roles/administrator", fewer, If_Match=etag)).status_code == 409
    await world.admin.put("/roles/administrator", {"title": "Root", "permissions": held}, If_Match=etag)

    _, etag = await given(world, "diary.keeper")
    await world.admin.put("/roles/diary.keeper", {"title": "Keeper", "permissions": []}, If_Match=etag)
    _, etag = await given(world, "diary.keeper")
    await world.admin.put("/roles/diary.keeper", {"title": "Keeper", "permissions": ["diary.secrets"]}, If_Match=etag)


def test_one_that_nobody_could_hold_is_refused() -> None:
    class Lost(Diary):
        permissions = (Permission("diary.secrets", "read what is secret", confidential=True),)

    with pytest.raises(PluginError, match="names no role; nobody could ever hold it"):
        load([Lost()])
