"""Each route lets in those who may, and what belongs to one programme does not exist for another."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.support.campus import Campus, Operation, Sample, campus, contents, operations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import httpx

    from lms_core.db import AsyncConnection
    from tests.support.world import Actor, World

PUBLIC = {
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("POST", "/sign-in"),
    ("GET", "/set-password"),
    ("POST", "/set-password"),
    ("POST", "/password-links/redeem"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/docs/openapi.json"),
    ("GET", "/docs/static/{name}"),
    ("GET", "/docs/{path}"),  # there is nothing more
}

COLUMNS = (
    "administrator", "programme_administrator", "lecturer", "guest lecturer", "examiner", "integrator",
    "participant", "student", "nobody",
)  # fmt: skip
"""Those of a programme; the guest is lecturer of one run, the student in no run, and nobody is only signed in."""

OWN = """
GET /health/live                                                        200 200 200 200 200 200 200 200 200
GET /health/ready                                                       200 200 200 200 200 200 200 200 200
POST /sign-in                                                           401 401 401 401 401 401 401 401 401
POST /sign-out                                                          204 204 204 204 204 204 204 204 204
GET /me                                                                 200 200 200 200 200 200 200 200 200
PUT /me/password                                                        422 422 422 422 422 422 422 422 422
GET /set-password                                                       400 400 400 400 400 400 400 400 400
POST /set-password                                                      415 415 415 415 415 415 415 415 415
POST /password-links/redeem                                             404 404 404 404 404 404 404 404 404
GET /persons                                                            200 403 403 403 403 403 403 403 403
POST /persons                                                           201 403 403 403 403 403 403 403 403
GET /persons/{person_id}                                                200 403 403 403 403 403 403 403 403
PATCH /persons/{person_id}                                              200 403 403 403 403 403 403 403 403
POST /persons/{person_id}/password-links                                201 403 403 403 403 403 403 403 403
POST /persons/{person_id}/grants                                        201 403 403 403 403 403 403 403 403
DELETE /persons/{person_id}/grants/{grant_id}                           204 403 403 403 403 403 403 403 403
GET /roles                                                              200 200 200 200 200 200 200 200 200
GET /roles/{name}                                                       200 200 200 200 200 200 200 200 200
PUT /roles/{name}                                                       200 403 403 403 403 403 403 403 403
GET /organisations                                                      200 200 200 200 200 200 200 200 200
POST /organisations                                                     201 403 403 403 403 403 403 403 403
GET /programmes                                                         200 200 200 200 200 200 200 200 200
POST /programmes                                                        201 403 403 403 403 403 403 403 403
GET /programmes/{programme_id}                                          200 200 200 404 200 200 200 200 404
PATCH /programmes/{programme_id}                                        200 200 403 404 403 200 403 403 404
PUT /programmes/{programme_id}/partners/{organisation_id}               204 204 403 404 403 204 403 403 404
DELETE /programmes/{programme_id}/partners/{organisation_id}            204 204 403 404 403 204 403 403 404
POST /programmes/{programme_id}/regulations                             201 201 403 404 403 201 403 403 404
POST /programmes/{programme_id}/terms                                   201 201 403 404 403 201 403 403 404
GET /plugins                                                            200 200 200 200 200 200 200 200 200
GET /programmes/{programme_id}/plugins                                  200 200 403 404 403 200 403 403 404
GET /programmes/{programme_id}/plugins/{name}                           200 200 403 404 403 200 403 403 404
PUT /programmes/{programme_id}/plugins/{name}                           200 200 403 404 403 200 403 403 404
GET /programmes/{programme_id}/modules                                  200 200 200 404 200 200 200 200 404
POST /programmes/{programme_id}/modules                                 201 201 201 404 403 403 403 403 404
PUT /programmes/{programme_id}/adoptions/{module_id}                    204 404 403 404 403 404 403 403 404
DELETE /programmes/{programme_id}/adoptions/{module_id}                 204 204 403 404 403 204 403 403 404
GET /modules/{module_id}                                                200 200 200 404 200 200 200 200 404
GET /modules/{module_id}/content                                        200 200 200 404 403 403 403 403 404
PUT /modules/{module_id}/draft                                          200 200 200 404 403 403 403 403 404
POST /modules/{module_id}/publish                                       409 409 409 404 403 403 403 403 404
GET /modules/{module_id}/versions/{number}                              200 200 200 404 403 403 403 403 404
POST /modules/{module_id}/runs                                          201 201 201 404 403 403 403 403 404
GET /programmes/{programme_id}/runs                                     200 200 200 404 200 200 200 200 404
GET /runs/{run_id}                                                      200 200 200 200 200 403 200 200 404
PATCH /runs/{run_id}                                                    200 200 200 200 403 403 403 403 404
GET /runs/{run_id}/sessions                                             200 200 200 200 200 403 200 200 404
POST /runs/{run_id}/sessions                                            201 201 201 201 403 403 403 403 404
GET /runs/{run_id}/sessions/{session_id}                                200 200 200 200 200 403 200 200 404
PUT /runs/{run_id}/sessions/{session_id}                                200 200 200 200 403 403 403 403 404
DELETE /runs/{run_id}/sessions/{session_id}                             204 204 204 204 403 403 403 403 404
GET /runs/{run_id}/units/{unit_key}                                     200 200 200 200 403 403 200 403 404
GET /runs/{run_id}/units/{unit_key}/files/{file_key}                    307 307 307 307 403 403 307 403 404
POST /programmes/{programme_id}/media                                   201 201 201 404 403 403 403 403 404
GET /media/{media_id}                                                   200 200 200 404 403 403 403 403 404
GET /media/{media_id}/parts                                             200 200 200 404 403 403 403 403 404
POST /media/{media_id}/parts                                            200 200 200 404 403 403 403 403 404
POST /media/{media_id}/complete                                         409 409 409 404 403 403 403 403 404
GET /media/{media_id}/file                                              307 307 307 404 403 403 403 403 404
GET /programmes/{programme_id}/enrolments                               200 200 403 404 403 403 403 403 404
POST /programmes/{programme_id}/enrolments                              201 201 403 404 403 403 403 403 404
DELETE /programmes/{programme_id}/enrolments/{person_id}                204 204 403 404 403 403 403 403 404
PUT /runs/{run_id}/enrolment                                            422 403 403 403 403 403 200 200 404
DELETE /runs/{run_id}/enrolment                                         404 404 404 404 404 404 204 404 404
PUT /runs/{run_id}/enrolments/{person_id}                               200 200 403 403 403 403 403 403 404
DELETE /runs/{run_id}/enrolments/{person_id}                            204 204 403 403 403 403 403 403 404
PUT /runs/{run_id}/capacity                                             200 200 200 200 403 403 403 403 404
GET /runs/{run_id}/outline                                              200 200 200 200 403 403 200 403 404
GET /me/dashboard                                                       200 200 200 200 200 200 200 200 200
POST /runs/{run_id}/units/{unit_key}/progress                           404 403 403 403 403 403 200 403 404
POST /runs/{run_id}/participants/{person_id}/units/{unit_key}/progress  200 200 200 200 403 403 403 403 404
GET /runs/{run_id}/participants                                         200 200 200 200 200 403 403 403 404
POST /runs/{run_id}/participants/{person_id}/credit                     409 403 403 403 409 403 403 403 404
GET /programmes/{programme_id}/overview                                 200 200 403 404 403 200 403 403 404
"""
"""What those of a programme are answered when they ask for the right things there, one column for each of them."""


@pytest.fixture
def plugins() -> list[Any]:
    return [Sample()]


@pytest.fixture
async def alpha(world: World) -> Campus:
    return await campus(world, "alpha")


@pytest.fixture
async def beta(world: World) -> Campus:
    return await campus(world, "beta")


@pytest.fixture
async def nobody(world: World) -> Actor:
    return await world.person("Nobody")


@pytest.fixture
def nothing_stays(alpha: Campus, nobody: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Take back whatever a request changes once these are there, so that each is answered in the same world."""
    database = alpha.world.database

    @asynccontextmanager
    async def write() -> AsyncIterator[AsyncConnection]:
        async with database.writer.connect() as connection, connection.begin() as transaction:
            yield connection
            await transaction.rollback()

    monkeypatch.setattr(database, "write", write)


def somewhere(operation: Operation) -> bool:
    """Tell whether the operation is about something that belongs to a programme."""
    places = {"programme_id", "module_id", "run_id", "media_id"}
    return not places.isdisjoint(parameter["name"] for parameter in operation.parameters)


async def ask(actor: Actor, operation: Operation, path: str, body: Any) -> httpx.Response:
    return await actor.call(operation.method, path, body, If_Match=await etag(actor, operation, path))


async def etag(actor: Actor, operation: Operation, path: str) -> str:
    """Read the present state of what is edited, as far as this person may."""
    if not operation.takes("If-Match"):
        return '"1"'
    for ending in ("/draft", "/publish", "/capacity"):
        path = path.removesuffix(ending)
    found: str = (await actor.call("GET", path)).headers.get("ETag", '"1"')
    return found


@pytest.mark.usefixtures("nothing_stays")
async def test_the_people_of_a_programme_may_what_the_table_says(world: World, alpha: Campus, nobody: Actor) -> None:
    before = await contents(world.database)
    told = []
    for operation in operations(world.app):
        body = alpha.bodies.get(operation.name)
        people = [alpha.people.get(column, nobody) for column in COLUMNS]
        answers = [await ask(actor, operation, alpha.path(operation.path), body) for actor in people]
        told.append([*operation.name.split(), *(str(answer.status_code) for answer in answers)])
    assert told == [line.split() for line in OWN.strip().splitlines()]
    assert await contents(world.database) == before


async def test_only_these_routes_are_for_everybody(world: World, alpha: Campus) -> None:
    before = await contents(world.database)
    found = set()
    for route in world.app.routes:
        path = route.path_format
        for method in sorted(set(route.methods) - {"OPTIONS"}):
            body = alpha.bodies.get(f"{method} {path}")
            answer = await world.http.request(method, alpha.path(path, path="x"), json=body)
            if answer.status_code != 401 or path == "/sign-in":
                found.add((method, path))
    assert found == PUBLIC
    assert await contents(world.database) == before


async def test_another_programme_s_things_are_as_if_they_were_not(
    world: World, alpha: Campus, beta: Campus, nobody: Actor
) -> None:
    strangers = {**beta.people, "nobody": nobody}
    del strangers["administrator"]
    before = await contents(world.database)
    told: dict[str, set[int]] = {}
    for operation in operations(world.app):
        if not somewhere(operation):
            continue
        body = alpha.bodies.get(operation.name)
        there = alpha.path(operation.path)
        nowhere = alpha.path(operation.path, **{name: str(uuid4()) for name in alpha.ids if name.endswith("_id")})
        for kind, actor in strangers.items():
            answer = await ask(actor, operation, there, body)
            told.setdefault(operation.name, set()).add(answer.status_code)
            assert answer.json() == (await ask(actor, operation, nowhere, body)).json(), f"{kind} {operation.name}"
    assert all(statuses == {404} for statuses in told.values()), told
    assert len(told) > 40
    assert await contents(world.database) == before


async def test_the_things_of_one_programme_do_not_fit_into_another(world: World, alpha: Campus, beta: Campus) -> None:
    """What lies beside the path's first id is checked as well; and an unknown id is answered in the same words."""
    manager, examiner = beta.people["programme_administrator"], beta.people["examiner"]
    student, participant = beta.people["student"], beta.people["participant"]
    file = {"key": "f", "name": "f", "role": "inline"}
    unit = {"key": "intro", "kind": "reading", "title": "Introduction"}
    content = {"title": "M", "ects": "5", "workloadHours": 1}
    media = (await alpha.people["lecturer"].get(f"/modules/{alpha.ids['module_id']}/content"))["units"][0]["files"]
    ids = {
        **alpha.ids, "media_id": media[0]["mediaId"], "regulation_id": alpha.programme["regulation"],
        "term_id": alpha.programme["term"],
    }  # fmt: skip

    async def attempts(of: dict[str, str]) -> list[tuple[int, Any]]:
        programme, run = f"/programmes/{beta.ids['programme_id']}", f"/runs/{beta.ids['run_id']}"
        module = f"/modules/{beta.ids['module_id']}"
        answers = [
            await manager.call("GET", f"{run}/sessions/{of['session_id']}"),
            await manager.call(
                "PUT", f"{run}/sessions/{of['session_id']}",
                beta.bodies["POST /runs/{run_id}/sessions"], If_Match='"1"',
            ),
            await manager.call("DELETE", f"{run}/sessions/{of['session_id']}", If_Match='"1"'),
            await manager.call("DELETE", f"{programme}/enrolments/{of['person_id']}"),
            await manager.call("DELETE", f"{run}/enrolments/{of['person_id']}"),
            await manager.call("PUT", f"{programme}/adoptions/{of['module_id']}"),
            await manager.call("DELETE", f"{programme}/adoptions/{of['module_id']}"),
            await examiner.call("POST", f"{run}/participants/{of['person_id']}/credit", {"evidence": "x"}),
            await manager.call(
                "POST", f"{run}/participants/{of['person_id']}/units/intro/progress",
                {"id": str(uuid4()), "at": "2026-11-01T10:00:00Z", "completed": True},
            ),
            await manager.call(
                "POST", f"{programme}/enrolments", {"email": student.email, "regulationId": of["regulation_id"]}
            ),
            await manager.call("POST", f"{module}/runs", {"termId": of["term_id"], "capacity": 1}),
            await manager.call(
                "PUT", f"{module}/draft",
                {**content, "units": [{**unit, "files": [{**file, "mediaId": of["media_id"]}]}]}, If_Match='"3"',
            ),
            await student.call("PUT", f"{run}/enrolment", {"programmeId": of["programme_id"]}),
            await manager.call("PUT", f"{run}/enrolments/{student.id}", {"programmeId": of["programme_id"]}),
            await participant.call("GET", f"{run}/units/{of['session_id']}"),
        ]  # fmt: skip
        return [(answer.status_code, answer.json()) for answer in answers]

    before = await contents(world.database)
    told = await attempts(ids)
    assert [status for status, _ in told] == [404] * 9 + [422] * 5 + [404]
    assert told == await attempts({name: str(uuid4()) for name in ids})
    assert await contents(world.database) == before


async def test_no_answer_mentions_the_other_programme(world: World, alpha: Campus, beta: Campus) -> None:
    assert "alpha" in (await alpha.people["student"].call("GET", "/programmes")).text
    seen = set()
    for operation in operations(world.app):
        if operation.method == "GET" and operation.path != "/organisations":  # those are common to all
            for kind, actor in beta.people.items():
                if kind != "administrator":
                    answer = await actor.call("GET", beta.path(operation.path))
                    seen |= {operation.path} if answer.status_code == 200 else set()
                    assert "alpha" not in answer.text.lower(), f"{kind} {operation.name}"
    assert len(seen) > 20


async def test_a_guest_in_one_run_sees_that_run_alone(world: World, alpha: Campus, beta: Campus) -> None:
    guest = beta.people["student"]
    await world.admin.put(f"/runs/{alpha.ids['run_id']}/enrolments/{guest.id}", {})
    told = {
        operation.path: (await guest.call("GET", alpha.path(operation.path))).status_code
        for operation in operations(world.app)
        if operation.method == "GET" and somewhere(operation)
    }
    visible = {
        "/runs/{run_id}": 200,
        "/runs/{run_id}/sessions": 200,
        "/runs/{run_id}/sessions/{session_id}": 200,
        "/runs/{run_id}/units/{unit_key}": 200,
        "/runs/{run_id}/units/{unit_key}/files/{file_key}": 307,
        "/runs/{run_id}/outline": 200,
        "/runs/{run_id}/participants": 403,
    }
    assert told == dict.fromkeys(told, 404) | visible


async def test_adopting_a_module_shows_it_and_its_runs_and_no_more(world: World, alpha: Campus, beta: Campus) -> None:
    adoption = f"/programmes/{beta.ids['programme_id']}/adoptions/{alpha.ids['module_id']}"
    await world.admin.put(adoption, None, 204)
    visible = {
        "/modules/{module_id}": 200,
        "/runs/{run_id}": 200,
        "/runs/{run_id}/sessions": 200,
        "/runs/{run_id}/sessions/{session_id}": 200,
    }
    for kind in ("student", "lecturer", "examiner", "programme_administrator"):
        told = {
            operation.path: (await beta.people[kind].call("GET", alpha.path(operation.path))).status_code
            for operation in operations(world.app)
            if operation.method == "GET" and somewhere(operation)
        }
        assert told == dict.fromkeys(told, 404) | visible, kind
    await world.admin.delete(adoption)
    await beta.people["student"].get(f"/runs/{alpha.ids['run_id']}", 404)
