"""Each route lets in those who may: who they are, and what they are answered, stands in one table."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.campus import Campus, Sample, campus, contents, operations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from lms_core.db import AsyncConnection
    from tests.support.world import Actor, World

PUBLIC = {
    ("GET", "/health/live"),
    ("GET", "/health/ready"),
    ("POST", "/sign-in"),
    ("GET", "/set-password"),
    ("POST", "/set-password"),
    ("POST", "/password-links/redeem"),
    ("GET", "/calendar/{file}"),  # the file's name is the key
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
PUT /me/language                                                        204 204 204 204 204 204 204 204 204
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
POST /imports/persons                                                   200 403 403 403 403 403 403 403 403
GET /exports/persons                                                    200 403 403 403 403 403 403 403 403
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
GET /programmes/{programme_id}/permissions                              200 200 403 404 403 200 403 403 404
GET /programmes/{programme_id}/plugins                                  200 200 403 404 403 200 403 403 404
GET /programmes/{programme_id}/plugins/{name}                           200 200 403 404 403 200 403 403 404
PUT /programmes/{programme_id}/plugins/{name}                           200 200 403 404 403 200 403 403 404
GET /programmes/{programme_id}/plugins/{name}/history                   200 200 403 404 403 200 403 403 404
POST /programmes/{programme_id}/plugins/{name}/preview                  200 200 403 404 403 200 403 403 404
POST /programmes/{programme_id}/plugins/{name}/revert                   200 200 403 404 403 200 403 403 404
GET /programmes/{programme_id}/plugins/{name}/export                    200 200 403 404 403 200 403 403 404
GET /plugins/health                                                     200 403 403 403 403 403 403 403 403
GET /programmes/{programme_id}/plugins-health                           200 200 403 404 403 200 403 403 404
GET /metrics                                                            200 403 403 403 403 403 403 403 403
GET /programmes/{programme_id}/guest-links                              200 200 403 404 403 200 403 403 404
DELETE /programmes/{programme_id}/guest-links/{link_id}                 204 204 403 404 403 204 403 403 404
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
HEAD /runs/{run_id}/units/{unit_key}/files/{file_key}                   307 307 307 307 403 403 307 403 404
GET /runs/{run_id}/units/{unit_key}/files/{file_key}/poster             404 404 404 404 403 403 404 403 404
HEAD /runs/{run_id}/units/{unit_key}/files/{file_key}/poster            404 404 404 404 403 403 404 403 404
GET /runs/{run_id}/units/{unit_key}/stream/{path}                       404 404 404 404 403 403 404 403 404
HEAD /runs/{run_id}/units/{unit_key}/stream/{path}                      404 404 404 404 403 403 404 403 404
GET /programmes/{programme_id}/media                                    200 200 200 404 403 403 403 403 404
POST /programmes/{programme_id}/media                                   201 201 201 404 403 403 403 403 404
GET /media/{media_id}                                                   200 200 200 404 403 403 403 403 404
DELETE /media/{media_id}                                                204 204 204 404 403 403 403 403 404
GET /media/{media_id}/parts                                             200 200 200 404 403 403 403 403 404
POST /media/{media_id}/parts                                            200 200 200 404 403 403 403 403 404
POST /media/{media_id}/complete                                         409 409 409 404 403 403 403 403 404
GET /media/{media_id}/file                                              409 409 409 404 403 403 403 403 404
HEAD /media/{media_id}/file                                             409 409 409 404 403 403 403 403 404
GET /programmes/{programme_id}/media-usage                              200 200 403 404 403 200 403 403 404
GET /programmes/{programme_id}/media-quota                              200 200 403 404 403 200 403 403 404
PUT /programmes/{programme_id}/media-quota                              200 200 403 404 403 200 403 403 404
GET /media/{media_id}/preparation                                       200 200 200 404 403 403 403 403 404
GET /media/{media_id}/poster                                            404 404 404 404 403 403 403 403 404
HEAD /media/{media_id}/poster                                           404 404 404 404 403 403 403 403 404
POST /media/{media_id}/fix                                              409 409 409 404 403 403 403 403 404
GET /programmes/{programme_id}/media-search                             400 400 400 404 403 403 403 403 404
GET /programmes/{programme_id}/enrolments                               200 200 403 404 403 403 403 403 404
POST /programmes/{programme_id}/enrolments                              201 201 403 404 403 403 403 403 404
DELETE /programmes/{programme_id}/enrolments/{person_id}                204 204 403 404 403 403 403 403 404
GET /runs/{run_id}/enrolment                                            404 404 404 404 404 404 200 404 404
PUT /runs/{run_id}/enrolment                                            422 403 403 403 403 403 200 200 404
DELETE /runs/{run_id}/enrolment                                         404 404 404 404 404 404 204 404 404
PUT /runs/{run_id}/enrolment/acceptance                                 404 404 404 404 404 404 200 404 404
PUT /runs/{run_id}/enrolments/{person_id}                               200 200 403 403 403 403 403 403 404
DELETE /runs/{run_id}/enrolments/{person_id}                            204 204 403 403 403 403 403 403 404
PUT /runs/{run_id}/enrolments/{person_id}/approval                      200 200 403 403 403 403 403 403 404
PUT /runs/{run_id}/enrolments/{person_id}/waivers/{rule}                200 200 403 403 403 403 403 403 404
GET /runs/{run_id}/enrolment-changes                                    200 200 403 403 403 403 403 403 404
GET /programmes/{programme_id}/runs/{run_id}/enrolments                 200 200 403 404 403 403 403 403 404
PUT /runs/{run_id}/capacity                                             200 200 200 200 403 403 403 403 404
GET /runs/{run_id}/seat-rules                                           200 200 200 200 200 403 200 200 404
PUT /runs/{run_id}/seat-rules                                           200 200 200 200 403 403 403 403 404
PUT /runs/{run_id}/decision                                             409 409 409 409 403 403 403 403 404
POST /programmes/{programme_id}/imports/enrolments                      200 200 403 404 403 403 403 403 404
GET /programmes/{programme_id}/exports/enrolments                       200 200 403 404 403 403 403 403 404
POST /runs/{run_id}/imports/enrolments                                  200 200 403 403 403 403 403 403 404
POST /programmes/{programme_id}/runs/{run_id}/imports/enrolments        422 422 403 404 403 403 403 403 404
GET /runs/{run_id}/exports/enrolments                                   200 200 403 403 403 403 403 403 404
GET /runs/{run_id}/outline                                              200 200 200 200 403 403 200 403 404
GET /me/dashboard                                                       200 200 200 200 200 200 200 200 200
GET /me/progress                                                        200 200 200 200 200 200 200 200 200
POST /me/progress                                                       200 200 200 200 200 200 200 200 200
POST /runs/{run_id}/units/{unit_key}/progress                           404 403 403 403 403 403 200 403 404
POST /runs/{run_id}/participants/{person_id}/units/{unit_key}/progress  200 200 200 200 403 403 403 403 404
PUT /runs/{run_id}/version                                              200 200 200 200 403 403 403 403 404
GET /runs/{run_id}/corrections                                          200 200 200 200 403 403 200 403 404
GET /runs/{run_id}/participants                                         200 200 200 200 200 403 403 403 404
GET /programmes/{programme_id}/overview                                 200 200 403 404 403 200 403 403 404
GET /programmes/{programme_id}/cohort                                   200 200 403 404 403 403 403 403 404
GET /runs/{run_id}/exports/participants                                 200 200 200 200 200 403 403 403 404
GET /programmes/{programme_id}/exports/cohort                           200 200 403 404 403 403 403 403 404
GET /runs/{run_id}/exams                                                200 200 200 200 200 403 200 200 404
POST /runs/{run_id}/exams                                               201 201 201 201 403 403 403 403 404
GET /runs/{run_id}/exams/{exam_id}                                      200 200 200 200 200 403 200 200 404
PUT /runs/{run_id}/exams/{exam_id}                                      200 200 200 200 403 403 403 403 404
DELETE /runs/{run_id}/exams/{exam_id}                                   204 204 204 204 403 403 403 403 404
PUT /runs/{run_id}/exams/{exam_id}/registration                         409 403 403 403 403 403 200 403 404
DELETE /runs/{run_id}/exams/{exam_id}/registration                      404 403 403 403 403 403 204 403 404
GET /runs/{run_id}/exams/{exam_id}/registrations                        200 200 200 200 200 403 403 403 404
PUT /runs/{run_id}/exams/{exam_id}/registrations/{person_id}            200 200 200 200 200 403 403 403 404
DELETE /runs/{run_id}/exams/{exam_id}/registrations/{person_id}         204 204 204 204 204 403 403 403 404
GET /runs/{run_id}/exams/{exam_id}/marks/{person_id}                    200 200 200 200 200 403 403 403 404
PUT /runs/{run_id}/exams/{exam_id}/marks/{person_id}                    200 200 200 200 200 403 403 403 404
POST /runs/{run_id}/exams/{exam_id}/marks/{person_id}/credit            409 403 403 403 409 403 403 403 404
POST /runs/{run_id}/participants/{person_id}/credit                     409 403 403 403 409 403 403 403 404
POST /runs/{run_id}/participants/{person_id}/credit/reversal            404 403 403 403 404 403 403 403 404
GET /modules/{module_id}/attempts-elsewhere/{person_id}                 200 403 403 404 200 403 403 403 404
PUT /modules/{module_id}/attempts-elsewhere/{person_id}                 200 403 403 404 200 403 403 403 404
GET /me/transcript                                                      200 200 200 200 200 200 200 200 200
GET /programmes/{programme_id}/transcripts                              200 200 403 404 200 403 403 403 404
GET /programmes/{programme_id}/exports/transcripts                      200 200 403 404 200 403 403 403 404
GET /programmes/{programme_id}/transcripts/{person_id}                  200 200 403 404 200 403 403 403 404
GET /runs/{run_id}/units/{unit_key}/deadline                            200 200 200 200 403 403 200 403 404
PUT /runs/{run_id}/units/{unit_key}/deadline                            200 200 200 200 403 403 403 403 404
DELETE /runs/{run_id}/units/{unit_key}/deadline                         204 204 204 204 403 403 403 403 404
GET /runs/{run_id}/units/{unit_key}/extensions                          200 200 403 403 200 403 403 403 404
GET /runs/{run_id}/units/{unit_key}/extensions/{person_id}              200 200 403 403 200 403 403 403 404
PUT /runs/{run_id}/units/{unit_key}/extensions/{person_id}              200 200 403 403 200 403 403 403 404
DELETE /runs/{run_id}/units/{unit_key}/extensions/{person_id}           204 204 403 403 204 403 403 403 404
GET /me/deadlines                                                       200 200 200 200 200 200 200 200 200
GET /runs/{run_id}/units/{unit_key}/hand-in                             404 403 403 403 403 403 200 403 404
POST /runs/{run_id}/units/{unit_key}/hand-in                            404 403 403 403 403 403 201 403 404
POST /runs/{run_id}/units/{unit_key}/hand-in/files                      404 403 403 403 403 403 201 403 404
GET /runs/{run_id}/units/{unit_key}/hand-in/files/{file_id}/parts       404 403 403 403 403 403 409 403 404
POST /runs/{run_id}/units/{unit_key}/hand-in/files/{file_id}/parts      404 403 403 403 403 403 409 403 404
POST /runs/{run_id}/units/{unit_key}/hand-in/files/{file_id}/complete   404 403 403 403 403 403 200 403 404
GET /runs/{run_id}/units/{unit_key}/hand-in/files/{file_id}             404 403 403 403 403 403 307 403 404
HEAD /runs/{run_id}/units/{unit_key}/hand-in/files/{file_id}            404 403 403 403 403 403 307 403 404
GET /runs/{run_id}/units/{unit_key}/hand-ins                            200 200 200 200 403 403 403 403 404
GET /runs/{run_id}/units/{unit_key}/hand-ins/{person_id}                200 200 200 200 403 403 403 403 404
GET /runs/{run_id}/units/{unit_key}/hand-ins/{person_id}/files/{file_id} 307 307 307 307 403 403 403 403 404
HEAD /runs/{run_id}/units/{unit_key}/hand-ins/{person_id}/files/{file_id} 307 307 307 307 403 403 403 403 404
POST /runs/{run_id}/units/{unit_key}/hand-ins/{person_id}/{number}/verdict 201 201 201 201 403 403 403 403 404
GET /programmes/{programme_id}/deliveries                               200 200 403 404 403 200 403 403 404
GET /deliveries                                                         200 403 403 403 403 403 403 403 403
POST /programmes/{programme_id}/deliveries/{event_id}/{subscriber}/replay 200 200 403 404 403 200 403 403 404
POST /deliveries/{event_id}/{subscriber}/replay                         200 403 403 403 403 403 403 403 403
POST /programmes/{programme_id}/deliveries/replay                       200 200 403 404 403 200 403 403 404
GET /programmes/{programme_id}/webhooks                                 200 200 403 404 403 200 403 403 404
POST /programmes/{programme_id}/webhooks                                201 201 403 404 403 201 403 403 404
GET /programmes/{programme_id}/webhooks/{webhook_id}                    200 200 403 404 403 200 403 403 404
PUT /programmes/{programme_id}/webhooks/{webhook_id}                    200 200 403 404 403 200 403 403 404
DELETE /programmes/{programme_id}/webhooks/{webhook_id}                 204 204 403 404 403 204 403 403 404
GET /programmes/{programme_id}/webhooks/{webhook_id}/secret             200 200 403 404 403 200 403 403 404
POST /programmes/{programme_id}/webhooks/{webhook_id}/secret            200 200 403 404 403 200 403 403 404
POST /programmes/{programme_id}/webhooks/{webhook_id}/test              202 202 403 404 403 202 403 403 404
GET /me/calendar-feeds                                                  200 200 200 200 200 200 200 200 200
POST /me/calendar-feeds                                                 201 201 201 201 201 201 201 201 201
DELETE /me/calendar-feeds/{feed_id}                                     404 404 404 404 404 404 204 404 404
GET /calendar/{file}                                                    200 200 200 200 200 200 200 200 200
"""
"""What those of a programme are answered when they ask for the right things there, one column for each of them."""


@pytest.fixture
def plugins() -> list[Any]:
    return [Sample()]


@pytest.fixture
async def alpha(world: World) -> Campus:
    return await campus(world, "alpha")


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


@pytest.mark.usefixtures("nothing_stays")
async def test_the_people_of_a_programme_may_what_the_table_says(world: World, alpha: Campus, nobody: Actor) -> None:
    before = await contents(world.database)
    told = []
    for operation in operations(world.app):
        body = alpha.bodies.get(operation.name)
        people = [alpha.people.get(column, nobody) for column in COLUMNS]
        answers = [await operation.ask(actor, alpha.path(operation.path), body) for actor in people]
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
