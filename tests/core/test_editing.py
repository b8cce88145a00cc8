"""Whoever edits says which state she read: nobody's work is overwritten by accident."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.campus import Campus, Operation, Sample, campus, contents, operations

if TYPE_CHECKING:
    from tests.support.world import World

# Where the ETag stands that each operation wants, and what it answers when it is the right one.
EDITING = {
    "PATCH /persons/{person_id}": ("/persons/{person_id}", 200),
    "PUT /roles/{name}": ("/roles/{name}", 200),
    "PATCH /programmes/{programme_id}": ("/programmes/{programme_id}", 200),
    "PUT /programmes/{programme_id}/plugins/{name}": ("/programmes/{programme_id}/plugins/{name}", 200),
    "POST /programmes/{programme_id}/plugins/{name}/revert": ("/programmes/{programme_id}/plugins/{name}", 200),
    "PUT /programmes/{programme_id}/webhooks/{webhook_id}": ("/programmes/{programme_id}/webhooks/{webhook_id}", 200),
    "POST /programmes/{programme_id}/webhooks/{webhook_id}/secret": (
        "/programmes/{programme_id}/webhooks/{webhook_id}/secret",
        200,
    ),
    "PUT /programmes/{programme_id}/media-quota": ("/programmes/{programme_id}/media-quota", 200),
    "PUT /modules/{module_id}/draft": ("/modules/{module_id}", 200),
    "PUT /modules/{module_id}/attempts-elsewhere/{person_id}": (
        "/modules/{module_id}/attempts-elsewhere/{person_id}",
        200,
    ),
    "POST /modules/{module_id}/publish": ("/modules/{module_id}", 201),
    "PATCH /runs/{run_id}": ("/runs/{run_id}", 200),
    "PUT /runs/{run_id}/capacity": ("/runs/{run_id}", 200),
    "PUT /runs/{run_id}/seat-rules": ("/runs/{run_id}", 200),
    "PUT /runs/{run_id}/version": ("/runs/{run_id}", 200),
    "PUT /runs/{run_id}/sessions/{session_id}": ("/runs/{run_id}/sessions/{session_id}", 200),
    "DELETE /runs/{run_id}/sessions/{session_id}": ("/runs/{run_id}/sessions/{session_id}", 204),
    "PUT /runs/{run_id}/units/{unit_key}/deadline": ("/runs/{run_id}/units/{unit_key}/deadline", 200),
    "DELETE /runs/{run_id}/units/{unit_key}/deadline": ("/runs/{run_id}/units/{unit_key}/deadline", 204),
    "PUT /runs/{run_id}/units/{unit_key}/extensions/{person_id}": (
        "/runs/{run_id}/units/{unit_key}/extensions/{person_id}",
        200,
    ),
    "DELETE /runs/{run_id}/units/{unit_key}/extensions/{person_id}": (
        "/runs/{run_id}/units/{unit_key}/extensions/{person_id}",
        204,
    ),
    "PUT /runs/{run_id}/exams/{exam_id}": ("/runs/{run_id}/exams/{exam_id}", 200),
    "PUT /runs/{run_id}/exams/{exam_id}/marks/{person_id}": ("/runs/{run_id}/exams/{exam_id}/marks/{person_id}", 200),
    "DELETE /runs/{run_id}/exams/{exam_id}": ("/runs/{run_id}/exams/{exam_id}", 204),
}
NO_ETAG = ["", "1", '"', '"1', "*", 'W/"1"', '"1", "2"', '"-1"', '"+1"', '"1e0"', '"x"', '"9999999999"', "\0"]


@pytest.fixture
def plugins() -> list[Any]:
    return [Sample()]


@pytest.fixture
async def made(world: World) -> Campus:
    return await campus(world, "alpha")


def editing(world: World) -> list[Operation]:
    return [operation for operation in operations(world.app) if operation.takes("If-Match")]


async def test_everything_that_is_edited_is_in_the_table(world: World) -> None:
    named = {operation.name for operation in editing(world)}
    assert named == EDITING.keys()
    changing = {op.name for op in operations(world.app) if op.method in {"PUT", "PATCH"}}
    assert changing - named == {
        # these say what shall be, whatever was before, and so may be repeated
        "PUT /me/language",
        "PUT /me/password",
        "PUT /programmes/{programme_id}/partners/{organisation_id}",
        "PUT /programmes/{programme_id}/adoptions/{module_id}",
        "PUT /runs/{run_id}/enrolment",
        "PUT /runs/{run_id}/enrolment/acceptance",
        "PUT /runs/{run_id}/enrolments/{person_id}",
        "PUT /runs/{run_id}/enrolments/{person_id}/approval",
        "PUT /runs/{run_id}/enrolments/{person_id}/waivers/{rule}",
        "PUT /runs/{run_id}/decision",
        "PUT /runs/{run_id}/exams/{exam_id}/registration",
        "PUT /runs/{run_id}/exams/{exam_id}/registrations/{person_id}",
    }


async def test_without_the_present_state_nothing_changes(world: World, made: Campus) -> None:
    before = await contents(world.database)
    for operation in editing(world):
        path, body = made.path(operation.path), made.bodies.get(operation.name)
        missing = await world.admin.call(operation.method, path, body)
        told = (missing.status_code, missing.json()["type"])
        assert told == (428, "urn:lms:problem:if-match-required"), operation.name
        for bad in ['"7"', *NO_ETAG]:
            answer = await world.admin.call(operation.method, path, body, If_Match=bad)
            told = (answer.status_code, answer.json()["type"])
            assert told == (412, "urn:lms:problem:changed-meanwhile"), f"{operation.name} {bad}"
    assert await contents(world.database) == before


async def test_the_state_that_was_read_is_changed_once(world: World, made: Campus) -> None:
    """Each edits at once with another who read the same; one of them is told, reads again and then may."""
    draft = made.bodies["PUT /modules/{module_id}/draft"]
    for operation in sorted(editing(world), key=lambda operation: operation.method == "DELETE"):
        source, status = EDITING[operation.name]
        path, body = made.path(operation.path), made.bodies.get(operation.name)
        read = await world.admin.call("GET", made.path(source))
        if operation.path.endswith("/publish"):
            await world.admin.put(
                made.path("/modules/{module_id}/draft"), draft | {"title": "New"}, If_Match=read.headers["ETag"]
            )
            read = await world.admin.call("GET", made.path(source))
        etag = read.headers["ETag"]
        answers = await asyncio.gather(
            *(world.admin.call(operation.method, path, body, If_Match=etag) for _ in range(4))
        )
        assert sorted(answer.status_code for answer in answers) == [status, 412, 412, 412], operation.name
        if operation.method != "DELETE":
            (changed,) = (answer for answer in answers if answer.status_code == status)
            now = await world.admin.call("GET", made.path(source))
            assert changed.headers["ETag"] == now.headers["ETag"] == f'"{int(etag.strip(chr(34))) + 1}"', operation.name


async def test_what_was_never_there_cannot_be_edited(world: World, made: Campus) -> None:
    for operation in editing(world):
        nowhere = {name: "01999999-0000-7000-8000-000000000000" for name in made.ids if name.endswith("_id")}
        path = made.path(operation.path, **nowhere, name="none")
        answer = await world.admin.call(operation.method, path, made.bodies.get(operation.name), If_Match='"1"')
        assert answer.status_code == 404, operation.name
