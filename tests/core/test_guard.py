"""The guard: who asks, may she, and how long may anybody rely on an old answer?"""

from __future__ import annotations

import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx
import pytest
from litestar import Litestar, get, post
from litestar.params import FromPath
from sqlalchemy import text

from lms_core import guard
from lms_core.app import create_app
from lms_core.guard import RouteWithoutPermissionError, check_routes
from lms_core.people import actions as people
from tests.conftest import living
from tests.support.patience import REMEMBERED
from tests.support.world import Actor, World, statements

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from lms_core.settings import Settings


PROMISED = 5.0
"""Seconds after which what was withdrawn elsewhere works no longer."""


class Clock:
    """Stands in for the module time in the guard, so that seconds pass when the test says so."""

    def __init__(self) -> None:
        self.passed = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.passed


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(guard, "time", clock)
    monkeypatch.setattr(guard, "REMEMBER_SECONDS", REMEMBERED)
    return clock


@pytest.fixture
async def elsewhere(world: World, app_settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """Another process of the application on the same database: it hears nothing of what the first one forgets."""
    app: Any = create_app(app_settings, [])
    async with (
        living(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8000") as http,
    ):
        yield http


def at(http: httpx.AsyncClient, actor: Actor) -> Actor:
    """The same person with the same token, at another process."""
    return Actor(http, actor.person, actor.token)


@get("/a")
async def undeclared() -> None: ...


@get("/b", permission="no.such.permission")
async def misspelt() -> None: ...


@get("/c/{run_id:uuid}/{module_id:uuid}", permission="runs.read")
async def two_places(run_id: FromPath[UUID], module_id: FromPath[UUID]) -> None: ...


@get("/d/{run_id:uuid}/{module_id:uuid}", permission="runs.read", scope="media_id")
async def another_place(run_id: FromPath[UUID], module_id: FromPath[UUID]) -> None: ...


@get("/e", permission="runs.read", scope="run_id")
async def no_place() -> None: ...


@get("/f/{run_id:uuid}/{module_id:uuid}", permission="runs.read", scope="run_id")
async def one_of_two(run_id: FromPath[UUID], module_id: FromPath[UUID]) -> None: ...


@post("/g/{module_id:uuid}", permission="modules.edit")
async def the_only_one(module_id: FromPath[UUID]) -> None: ...


@pytest.mark.parametrize(
    ("handler", "complaint"),
    [
        (undeclared, "/a: declare permission=... with one of: "),
        (misspelt, "/b: declare permission=... with one of: "),
        (two_places, "/c/{run_id:uuid}/{module_id:uuid}: declare scope=... with one of: "),
        (another_place, "/d/{run_id:uuid}/{module_id:uuid}: declare scope=... with one of: "),
        (no_place, "/e: declare scope=... with one of: "),
    ],
)
def test_a_route_that_does_not_say_who_may_use_it_stops_the_start(handler: Any, complaint: str) -> None:
    with pytest.raises(RouteWithoutPermissionError) as refused:
        check_routes(Litestar([handler], openapi_config=None))
    assert str(refused.value).startswith(complaint)


def test_a_route_that_says_it_starts() -> None:
    check_routes(Litestar([one_of_two, the_only_one], openapi_config=None))


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Bearer forged",
        "Bearer " + "x" * 10_000,
        "Bearer \xe9",
        "Basic {token}",
        "{token}",
        "Bearer {token} {token}",
    ],
)
async def test_nobody_gets_in_without_a_token_of_ours(world: World, header: str | None) -> None:
    sent = [] if header is None else [(b"Authorization", header.format(token=world.admin.token).encode("latin-1"))]
    answer = await world.http.get("/me", headers=sent)
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert answer.json()["type"] == "urn:lms:problem:unauthenticated"


async def test_a_token_ends_by_time_by_signing_out_and_with_the_account(world: World, clock: Clock) -> None:
    anna = await world.person("Anna")
    async with world.database.write() as connection:
        expired = await people.issue_token(connection, anna.person, timedelta(seconds=-1))
    await Actor(world.http, anna.person, expired.token).get("/me", 401)

    await anna.get("/me")
    await anna.post("/sign-out", status=204)
    await anna.get("/me", 401)

    bea = await world.person("Bea")
    await bea.get("/me")
    await world.admin.patch(f"/persons/{bea.id}", {"active": False}, If_Match='"1"')
    await bea.get("/me", 401)


async def test_a_known_person_costs_no_statement_until_she_is_looked_up_again(world: World, clock: Clock) -> None:
    await world.admin.get("/plugins")
    with statements(world.database) as seen:
        await world.admin.get("/plugins")
    assert _hers(seen) == []
    clock.passed = PROMISED
    with statements(world.database) as seen:
        await world.admin.get("/plugins")
    assert len(_hers(seen)) == 1


def _hers(seen: list[str]) -> list[str]:
    """Leave out what the process asks now and then by itself: which plugins are enabled."""
    return [statement for statement in seen if "programme_plugin" not in statement]


async def test_what_was_withdrawn_elsewhere_stops_within_the_promised_time(
    world: World, elsewhere: httpx.AsyncClient, clock: Clock
) -> None:
    programme = await world.programme()
    path = f"/programmes/{programme['id']}"
    lea = await world.person("Lea", "lecturer", programme)
    anna = await world.student("Anna", programme)
    cem = await world.person("Cem")
    for actor in (lea, anna):
        await at(elsewhere, actor).get(path)
    await at(elsewhere, cem).get("/me")

    grant = (await lea.get("/me"))["grants"][0]
    await world.admin.delete(f"/persons/{lea.id}/grants/{grant['id']}")
    await world.admin.delete(f"{path}/enrolments/{anna.id}")
    await cem.post("/sign-out", status=204)
    for actor in (lea, anna):
        await actor.get(path, 404)  # at once where it was withdrawn
    clock.passed = PROMISED
    for actor in (lea, anna):
        await at(elsewhere, actor).get(path, 404)
    await at(elsewhere, cem).get("/me", 401)


async def test_a_role_that_allows_less_stops_everywhere(
    world: World, elsewhere: httpx.AsyncClient, clock: Clock
) -> None:
    programme = await world.programme()
    lea = await world.person("Lea", "lecturer", programme)
    new = {"key": "optics", "title": "Optics"}
    await at(elsewhere, lea).post(f"/programmes/{programme['id']}/modules", new)
    reading = {"title": "Lecturer", "permissions": ["programmes.read"]}
    await world.admin.put("/roles/lecturer", reading, If_Match='"1"')
    await lea.post(f"/programmes/{programme['id']}/modules", new, 403)
    clock.passed = PROMISED
    problem = await at(elsewhere, lea).post(f"/programmes/{programme['id']}/modules", new, 403)
    assert problem["detail"] == (
        "This needs the permission modules.edit here: create modules, edit drafts, publish versions, bring in media."
    )


async def test_what_was_granted_elsewhere_works_at_once(world: World, elsewhere: httpx.AsyncClient) -> None:
    programme = await world.programme()
    path = f"/programmes/{programme['id']}"
    anna = await world.person("Anna")
    await at(elsewhere, anna).get(path, 404)
    await world.admin.post(f"{path}/enrolments", {"email": anna.email})
    await at(elsewhere, anna).get(path)
    new = {"key": "optics", "title": "Optics"}
    await at(elsewhere, anna).post(f"{path}/modules", new, 403)
    role = {"role": "lecturer", "scope": "programme", "scopeId": programme["id"]}
    await world.admin.post(f"/persons/{anna.id}/grants", role)
    await at(elsewhere, anna).post(f"{path}/modules", new)


async def test_a_role_in_a_run_is_a_role_there_and_nowhere_else(world: World) -> None:
    programme = await world.programme()
    unit = {"key": "intro", "kind": "reading", "title": "Introduction"}
    module = await world.module(programme, [unit])
    here, there = await world.run(programme, module), await world.run(programme, module)
    gus = await world.person("Gus Guest")
    role = {"role": "lecturer", "scope": "run", "scopeId": here["id"]}
    await world.admin.post(f"/persons/{gus.id}/grants", role)
    await gus.get(f"/runs/{here['id']}")
    for path in (f"/runs/{there['id']}", f"/modules/{module['id']}", f"/programmes/{programme['id']}"):
        assert await gus.get(path, 404) == await gus.get(f"/programmes/{uuid4()}", 404)


async def test_a_check_that_fails_refuses(world: World, clock: Clock) -> None:
    programme = await world.programme()
    await world.admin.get(f"/programmes/{programme['id']}")
    async with world.database.write() as connection:
        await connection.execute(text("ALTER TABLE role_grant RENAME TO role_grant_lost"))
    clock.passed = PROMISED
    answer = await world.admin.call("GET", f"/programmes/{programme['id']}")
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:lms:problem:internal")


async def test_anybody_may_ask_which_methods_there_are(world: World) -> None:
    answer = await world.http.options("/persons")
    assert (answer.status_code, answer.text) == (204, "")
