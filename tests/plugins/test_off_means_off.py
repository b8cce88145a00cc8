"""Everything that a plugin brings along appears with it in one programme, and is gone there when it is off."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest

from lms_core.app import create_app
from lms_core.errors import NotFound
from lms_core.hooks.context import Context
from lms_core.hooks.types import CalendarRequest, CreditsRequest, EnrolmentRequest, SessionPlan
from lms_core.types import now
from tests.conftest import living
from tests.support import board
from tests.support.board import Board
from tests.support.world import statements

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from lms_core.settings import Settings
    from tests.support.world import Actor, World

UNIT = {"key": "intro", "kind": "reading", "title": "Introduction"}

ROUTES = [
    "DELETE /programmes/{programme_id}/board/notices/{notice_id}",
    "GET /programmes/{programme_id}/board/broken",
    "GET /programmes/{programme_id}/board/mine",
    "GET /programmes/{programme_id}/board/notices",
    "GET /programmes/{programme_id}/board/public",
    "GET /programmes/{programme_id}/board/runs/{run_id}/notices",
    "POST /programmes/{programme_id}/board/notices",
]
NOTHING = {"routes": [], "hooks": [], "permissions": [], "roles": [], "jobs": [], "commands": []}
EVERYTHING = {
    "routes": sorted(route.replace("{notice_id}", "{notice_id:uuid}").replace("{run_id}", "{run_id:uuid}") for route in ROUTES),
    "hooks": [
        "calendar_entries", "check_enrolment", "check_session", "enrolment_created", "plugin_disabled",
        "plugin_enabled", "preview_change", "progress_credits",
    ],
    "permissions": [
        {
            "name": "board.read", "meaning": "read the notices", "plugin": "board",
            "roles": ["administrator", "student", "board.keeper"],
            "confidential": False,
        },
        {
            "name": "board.pin", "meaning": "pin notices to the board", "plugin": "board",
            "roles": ["administrator", "board.keeper"],
            "confidential": False,
        },
    ],
    "roles": [{"name": "board.keeper", "title": "Keeper of the notice board"}],
    "jobs": [{"name": "announce", "everySeconds": None}, {"name": "sweep", "everySeconds": 86400}],
    "commands": ["audit"],
}  # fmt: skip


@pytest.fixture
def plugins() -> list[Any]:
    board.NOTICES.clear()
    board.CALLED.clear()
    return [Board()]


@pytest.fixture
async def elsewhere(world: World, app_settings: Settings) -> AsyncIterator[World]:
    """Another worker on the same database."""
    app: Any = create_app(app_settings, [Board()])
    async with (
        living(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8000") as http,
    ):
        yield type(world)(app, http)


class Scene:
    """Two programmes with a student each; the board is enabled in the first one."""

    on: dict[str, Any]
    off: dict[str, Any]
    student: Actor
    run: dict[str, Any]


@pytest.fixture
async def scene(world: World) -> Scene:
    made = Scene()
    made.on, made.off = await world.programme("on"), await world.programme("off")
    made.student = await world.student("Sofia Student", made.on)
    await world.admin.post(f"/programmes/{made.off['id']}/enrolments", {"email": made.student.email})
    made.run = await world.run(made.on, await world.module(made.on, [UNIT]))
    return made


async def switch(world: World, programme: dict[str, Any], enabled: bool, **settings: Any) -> dict[str, Any]:
    path = f"/programmes/{programme['id']}/plugins/board"
    revision = (await world.admin.get(path))["revision"]
    body = {"enabled": enabled, **({"settings": settings} if settings else {})}
    changed: dict[str, Any] = await world.admin.put(path, body, If_Match=f'"{revision}"')
    return changed


async def ask(http: httpx.AsyncClient, actor: Actor, programme: dict[str, Any], scene: Scene) -> dict[str, int]:
    """Call every route of the plugin in a programme; return what each answers."""
    answers = {}
    for route in ROUTES:
        method, path = route.split()
        path = path.format(programme_id=programme["id"], run_id=scene.run["id"], notice_id=UUID(int=7))
        body = {"text": "Exam moved"} if method == "POST" else None
        headers = {"Authorization": f"Bearer {actor.token}"}
        answers[route] = (await http.request(method, path, json=body, headers=headers)).status_code
    return answers


async def told_of(world: World, programme: dict[str, Any]) -> dict[str, Any]:
    """Return what the API tells about the plugin in a programme, wherever it tells anything."""
    path = f"/programmes/{programme['id']}"
    document = await world.admin.get(f"{path}/openapi.json")
    permissions = (await world.admin.get(f"{path}/permissions"))["items"]
    return {
        "routes": sorted(
            f"{method.upper()} {route}" for route, found in document["paths"].items() for method in found
            if "/board" in route
        ),
        "schemas": sorted(name for name in document["components"]["schemas"] if "Notice" in name),
        "tags": document["tags"],
        "words": bool(re.search(r"\bboard\b", str(document))),
        "permissions": [found["name"] for found in permissions if found["plugin"]],
    }  # fmt: skip


async def call_hooks(world: World, programme: dict[str, Any], scene: Scene) -> list[str]:
    """Let the core ask every hook of every policy in a programme; return what of the plugin was called."""
    board.CALLED.clear()
    hooks, programme_id, person_id = world.app.state.hooks, UUID(programme["id"]), scene.student.person.id
    run_id = UUID(scene.run["id"])
    request = EnrolmentRequest(person_id, run_id, run_id, programme_id)
    plan = SessionPlan(run_id, run_id, programme_id, "Lab", now(), now(), "Europe/Berlin", "on_site", "C 1")
    await hooks.decide("check_enrolment", programme_id, request)
    await hooks.decide("check_session", programme_id, plan)
    await hooks.shape("calendar_entries", programme_id, CalendarRequest(person_id, now()))
    await hooks.shape("progress_credits", programme_id, CreditsRequest(person_id, programme_id))
    subscribed = [
        f"subscribed {name}"
        for name in ("enrolment_created", "plugin_enabled", "plugin_disabled")
        if await hooks.subscribers(name, programme_id, now())
    ]
    where = ["job sweep"] if programme_id in await hooks.where_due("board", "sweep") else []
    return [*board.CALLED, *subscribed, *where]


OFF = dict.fromkeys(ROUTES, 404)
ON = {
    **dict.fromkeys(ROUTES, 200),
    "POST /programmes/{programme_id}/board/notices": 201,
    "DELETE /programmes/{programme_id}/board/notices/{notice_id}": 404,  # there is no such notice
    "GET /programmes/{programme_id}/board/broken": 500,
}
GONE: dict[str, Any] = {"routes": [], "schemas": [], "tags": [], "words": False, "permissions": []}
THERE = {
    "routes": ROUTES,
    "schemas": ["NewNotice", "Notice", "Notices"],
    "tags": [{"name": "board", "description": "A notice board."}],
    "words": True,
    "permissions": ["board.read", "board.pin"],
}
CALLS = [
    "check_enrolment", "check_session", "calendar_entries", "progress_credits", "subscribed enrolment_created",
    "subscribed plugin_enabled", "subscribed plugin_disabled", "job sweep",
]  # fmt: skip


async def test_the_table_of_routes_is_that_of_the_plugin(world: World) -> None:
    [found] = (await world.admin.get("/plugins"))["items"]
    assert found["contributes"] == EVERYTHING
    mounted = [
        f"{method} {route.path_format}"
        for route in world.app.routes
        for method in route.methods - {"OPTIONS"}
        if "/board" in route.path_format
    ]
    assert sorted(mounted) == ROUTES


async def test_on_in_one_programme_is_off_in_the_other_and_off_again(world: World, scene: Scene) -> None:
    for programme in (scene.on, scene.off):
        assert await ask(world.http, world.admin, programme, scene) == OFF
        assert await told_of(world, programme) == GONE
        assert await call_hooks(world, programme, scene) == []

    await switch(world, scene.on, True)
    assert await ask(world.http, world.admin, scene.on, scene) == ON
    assert await told_of(world, scene.on) == THERE
    assert await call_hooks(world, scene.on, scene) == CALLS
    assert await ask(world.http, world.admin, scene.off, scene) == OFF
    assert await told_of(world, scene.off) == GONE
    assert await call_hooks(world, scene.off, scene) == []

    await switch(world, scene.on, False)
    assert await ask(world.http, world.admin, scene.on, scene) == OFF
    assert await told_of(world, scene.on) == GONE
    assert await call_hooks(world, scene.on, scene) == []


async def test_the_description_for_everybody_holds_no_plugin(world: World, scene: Scene) -> None:
    await switch(world, scene.on, True)
    document = (await world.http.get("/openapi.json")).json()
    assert [path for path in document["paths"] if "/board" in path] == []
    assert [name for name in document["components"]["schemas"] if "Notice" in name] == []


async def test_another_worker_follows_within_two_seconds(world: World, elsewhere: World, scene: Scene) -> None:
    loop = asyncio.get_running_loop()
    for enabled, expected in ((True, ON), (False, OFF)):
        await ask(elsewhere.http, world.admin, scene.on, scene)  # it has just looked
        await switch(world, scene.on, enabled)
        promised = loop.time() + 2.0
        await asyncio.sleep(promised - loop.time())
        assert await ask(elsewhere.http, world.admin, scene.on, scene) == expected


async def test_the_question_whether_a_plugin_is_on_costs_no_statement(world: World, scene: Scene) -> None:
    await switch(world, scene.on, True)
    path = f"/programmes/{scene.on['id']}/board/mine"
    await world.admin.get(path)
    with statements(world.database) as seen:
        await world.admin.get(path)
    assert seen == []


async def test_roles_get_the_permissions_once(world: World, scene: Scene) -> None:
    path = f"/programmes/{scene.on['id']}/board/notices"
    await scene.student.get(path, 404)

    await switch(world, scene.on, True)
    assert await scene.student.get(path) == {"items": []}
    refused = await scene.student.post(path, {"text": "Party"}, 403)
    assert refused["detail"] == "This needs the permission board.pin here: pin notices to the board."

    keeper = {"role": "board.keeper", "scope": "programme", "scopeId": scene.on["id"]}
    await world.admin.post(f"/persons/{scene.student.id}/grants", keeper)
    made = await scene.student.post(path, {"text": "Party"})
    assert made["text"] == "Party"

    student = await world.admin.get("/roles/student")
    content = {"title": student["title"], "permissions": [p for p in student["permissions"] if p != "board.read"]}
    answer = await world.admin.call("GET", "/roles/student")
    await world.admin.put("/roles/student", content, If_Match=answer.headers["ETag"])
    await switch(world, scene.on, False)
    await switch(world, scene.on, True)
    assert "board.read" not in (await world.admin.get("/roles/student"))["permissions"]


async def test_creating_by_a_plugin_happens_once_per_key(world: World, scene: Scene) -> None:
    await switch(world, scene.on, True, prefix="! ")
    path = f"/programmes/{scene.on['id']}/board/notices"
    first = await world.admin.post(path, {"text": "Party"}, Idempotency_Key="k1")
    assert await world.admin.post(path, {"text": "Party"}, Idempotency_Key="k1") == first
    assert await world.admin.get(path) == {"items": [{"id": first["id"], "text": "! Party"}]}


async def test_what_a_plugin_writes_asks_again_whether_it_is_on(world: World, scene: Scene) -> None:
    await switch(world, scene.on, True)
    context = Context("board", UUID(scene.on["id"]), None, world.database)
    async with context.write():
        pass
    await switch(world, scene.on, False)
    with pytest.raises(NotFound):
        async with context.write():
            raise AssertionError("never reached")


async def test_a_running_write_finishes_before_the_plugin_is_off(world: World, scene: Scene) -> None:
    await switch(world, scene.on, True)
    context = Context("board", UUID(scene.on["id"]), None, world.database)
    order: list[str] = []
    async with context.write():
        off = asyncio.create_task(switch(world, scene.on, False))
        off.add_done_callback(lambda _: order.append("off"))
        await asyncio.sleep(0.3)
        order.append("written")
    await off
    await asyncio.sleep(0)
    assert order == ["written", "off"]


async def test_a_path_of_a_plugin_leads_to_nobody_elses_run(world: World, scene: Scene) -> None:
    await switch(world, scene.on, True)
    await switch(world, scene.off, True)
    await world.admin.get(f"/programmes/{scene.on['id']}/board/runs/{scene.run['id']}/notices")
    await world.admin.get(f"/programmes/{scene.off['id']}/board/runs/{scene.run['id']}/notices", 404)


async def test_a_mistake_of_a_plugin_is_told_as_its_own(world: World, scene: Scene) -> None:
    await switch(world, scene.on, True)
    assert await world.admin.get(f"/programmes/{scene.on['id']}/board/broken", 500) == {
        "type": "urn:lms:problem:internal",
        "title": "Internal error",
        "status": 500,
        "detail": "The plugin board made a mistake; it was logged.",
        "plugin": "board",
    }
    await world.admin.get(f"/programmes/{scene.on['id']}/board/runs/{UUID(int=1)}/notices", 404)
    figures = world.app.state.hooks.figures.all()
    assert [(found.hook.split("/board")[1], found.calls, found.failures, found.last_error) for found in figures] == [
        ("/broken", 1, 1, "ZeroDivisionError: the board fell down")
    ]


async def test_a_preview_tells_everything_and_changes_nothing(world: World, scene: Scene) -> None:
    path = f"/programmes/{scene.on['id']}/plugins/board"
    before = await world.admin.get(path)
    shown = await world.admin.post(f"{path}/preview", {"enabled": True, "settings": {"prefix": "! "}}, 200)
    assert shown == {
        "name": "board",
        "before": {"enabled": False, "settings": {}},
        "after": {"enabled": True, "settings": {"prefix": "! "}},
        "hindrances": [],
        "appears": EVERYTHING,
        "disappears": NOTHING,
        "effects": [{"code": "notices", "reason": "0 notices appear."}],
        "degraded": False,
    }
    assert await world.admin.get(path) == before

    wrong = await world.admin.post(f"{path}/preview", {"enabled": True, "settings": {"prefix": 5}}, 200)
    assert wrong["hindrances"] == [{"where": "body.settings.prefix", "reason": "Expected `str`, got `int`"}]
    assert wrong["effects"] == []

    await switch(world, scene.on, True)
    board.NOTICES[UUID(scene.on["id"])] = [board.Notice(UUID(int=1), "Party")]
    shown = await world.admin.post(f"{path}/preview", {"enabled": False}, 200)
    assert (shown["appears"], shown["disappears"]) == (NOTHING, EVERYTHING)
    assert shown["effects"] == [{"code": "notices", "reason": "1 notices are kept, unseen."}]


async def test_every_state_is_kept_and_comes_back(world: World, scene: Scene) -> None:
    path = f"/programmes/{scene.on['id']}/plugins/board"
    await switch(world, scene.on, True, prefix="! ")
    await switch(world, scene.on, True, prefix="? ")
    await switch(world, scene.on, False)
    await switch(world, scene.off, True, prefix="other ")

    back = await world.admin.post(f"{path}/revert", {"revision": 1}, 200, If_Match='"3"')
    assert (back["enabled"], back["settings"], back["revision"]) == (True, {"prefix": "! "}, 4)
    history = (await world.admin.get(f"{path}/history"))["items"]
    assert [(found["revision"], found["enabled"], found["settings"]) for found in history] == [
        (4, True, {"prefix": "! "}),
        (3, False, {"prefix": "? "}),
        (2, True, {"prefix": "? "}),
        (1, True, {"prefix": "! "}),
    ]
    assert {found["changedBy"] for found in history} == {world.admin.id}

    page = await world.admin.call("GET", f"{path}/history?limit=3")
    assert [found["revision"] for found in page.json()["items"]] == [4, 3, 2]
    following = page.headers["Link"].split(";")[0].strip("<>")
    assert [found["revision"] for found in (await world.admin.get(following))["items"]] == [1]

    refused = await world.admin.post(f"{path}/revert", {"revision": 9}, 422, If_Match='"4"')
    assert refused["errors"] == [
        {"where": "body.revision", "reason": "must be one of those that the history of this plugin lists"}
    ]
    await world.admin.post(f"{path}/revert", {"revision": 1}, 412, If_Match='"3"')
