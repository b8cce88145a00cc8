"""Creating with an Idempotency-Key happens once, however often the request is sent."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from lms_core.people import actions as people
from tests.support.campus import Campus, Sample, campus, contents, operations

if TYPE_CHECKING:
    from tests.support.world import World

# What creates without a key, and why that is safe to repeat.
WITHOUT = {
    "POST /persons/{person_id}/password-links": "the new link replaces the old one",
    "POST /programmes/{programme_id}/media": "announcing the same bytes again goes on with the upload",
    "POST /modules/{module_id}/publish": "the second finds the state changed",
    "POST /runs/{run_id}/units/{unit_key}/hand-in/files": "announcing the same bytes again goes on with the upload",
    "POST /me/calendar-feeds": "each address is another secret, and those not needed are revoked",
}
# Another request that is as right as the first; in an order in which each can be sent.
OTHER: dict[str, dict[str, Any]] = {
    "POST /persons": {"name": "Other"},
    "POST /persons/{person_id}/grants": {"role": "student"},
    "POST /organisations": {"name": "Other"},
    "POST /programmes": {"title": "Other"},
    "POST /programmes/{programme_id}/regulations": {"version": "other"},
    "POST /programmes/{programme_id}/terms": {"year": 2028},
    "POST /programmes/{programme_id}/modules": {"title": "Other"},
    "POST /programmes/{programme_id}/webhooks": {"url": "https://other.example.org/"},
    "POST /modules/{module_id}/runs": {"capacity": 7},
    "POST /runs/{run_id}/sessions": {"title": "Other"},
    "POST /programmes/{programme_id}/enrolments": {"email": "other@example.org"},
    "POST /runs/{run_id}/exams": {"title": "Other"},
    "POST /runs/{run_id}/units/{unit_key}/hand-in": {"files": ["01999999-0000-7000-8000-000000000001"]},
    "POST /runs/{run_id}/units/{unit_key}/hand-ins/{person_id}/{number}/verdict": {"remarks": "Other"},
    "POST /runs/{run_id}/participants/{person_id}/credit": {"evidence": "Other"},
    "POST /runs/{run_id}/participants/{person_id}/credit/reversal": {"evidence": "Other"},
    "POST /runs/{run_id}/exams/{exam_id}/marks/{person_id}/credit": {"evidence": "Other"},
}
NEW = {"email": "new@example.org", "name": "Nora New"}


@pytest.fixture
def plugins() -> list[Any]:
    return [Sample()]


@pytest.fixture
async def made(world: World) -> Campus:
    """Everything, and a participant who has completed her run and passed its exam, so that ECTS can be booked."""
    made = await campus(world, "alpha")
    path = made.path("/runs/{run_id}/participants/{person_id}/units/")
    for number, unit in enumerate(("intro", "quiz")):
        done = {"id": f"01999999-0000-7000-8000-00000000000{number}", "at": "2026-11-01T10:00:00Z", "completed": True}
        await world.admin.post(f"{path}{unit}/progress", done, 200)
    marks = made.path("/runs/{run_id}/exams/{exam_id}/marks/{person_id}")
    await world.admin.put(marks, {"mark": "1.0"}, If_Match='"0"')
    return made


async def test_whatever_creates_takes_a_key(world: World) -> None:
    creating = {op.name for op in operations(world.app) if op.method == "POST" and "201" in op.spec["responses"]}
    taking = {op.name for op in operations(world.app) if op.takes("Idempotency-Key")}
    assert creating - taking == WITHOUT.keys()
    assert taking <= creating


async def test_the_same_request_again_is_answered_the_same_and_creates_nothing(world: World, made: Campus) -> None:
    taking = [operation for operation in operations(world.app) if operation.takes("Idempotency-Key")]
    assert {operation.name for operation in taking} == OTHER.keys()
    for operation in sorted(taking, key=lambda operation: list(OTHER).index(operation.name)):
        path, body, key = made.path(operation.path), made.bodies[operation.name], operation.path
        actor = made.people["participant"] if path.endswith("/hand-in") else world.admin
        first = await actor.call("POST", path, body, Idempotency_Key=key)
        between = await contents(world.database)
        again = await actor.call("POST", path, body, Idempotency_Key=key)
        assert (first.status_code, again.status_code) == (201, 201), operation.name
        assert (again.json(), dict(again.headers)) == (first.json(), dict(first.headers))
        changed = body | OTHER[operation.name]
        other = await actor.post(path, changed, 422, Idempotency_Key=key)
        reason = "was used for a different request; take a new one"
        assert other["errors"] == [{"where": "header.Idempotency-Key", "reason": reason}]
        assert await contents(world.database) == between, operation.name


async def test_a_key_belongs_to_a_person_and_an_address(world: World) -> None:
    programmes = [await world.programme("one"), await world.programme("two")]
    managers = [await world.person(f"M {p['key']}", "programme_administrator", p) for p in programmes]
    new = {"key": "optics", "title": "Optics"}
    modules = [
        await manager.post(f"/programmes/{programme['id']}/modules", new, Idempotency_Key="k")
        for manager, programme in zip(managers, programmes, strict=True)
    ]
    assert modules[0]["id"] != modules[1]["id"]
    await world.admin.post(f"/programmes/{programmes[0]['id']}/modules", new | {"key": "a"}, Idempotency_Key="k")
    await world.admin.post(f"/programmes/{programmes[1]['id']}/modules", new | {"key": "a"}, 422, Idempotency_Key="k")


async def test_what_was_refused_may_be_mended_under_the_same_key(world: World) -> None:
    await world.admin.post("/persons", NEW | {"email": world.admin.email}, 409, Idempotency_Key="k")
    await world.admin.post("/persons", NEW | {"name": ""}, 400, Idempotency_Key="k")
    made = await world.admin.post("/persons", NEW, Idempotency_Key="k")
    assert await world.admin.post("/persons", NEW, Idempotency_Key="k") == made


async def test_many_at_once_with_one_key_create_one(world: World) -> None:
    answers = await asyncio.gather(*(world.admin.call("POST", "/persons", NEW, Idempotency_Key="k") for _ in range(12)))
    assert {(answer.status_code, answer.text) for answer in answers} == {(201, answers[0].text)}
    found = await world.admin.get(f"/persons?email={NEW['email']}")
    assert found == {"items": [answers[0].json()]}


async def test_what_fails_half_way_leaves_neither_key_nor_row(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    create_person = people.create_person

    async def and_then_the_process_dies(*arguments: Any) -> Any:
        await create_person(*arguments)
        raise RuntimeError("the process dies")

    before = await contents(world.database)
    with monkeypatch.context() as patch:
        patch.setattr(people, "create_person", and_then_the_process_dies)
        await world.admin.post("/persons", NEW, 500, Idempotency_Key="k")
    assert await contents(world.database) == before
    made = await world.admin.post("/persons", NEW, Idempotency_Key="k")
    assert await world.admin.get(f"/persons?email={NEW['email']}") == {"items": [made]}


async def test_an_answer_is_remembered_as_it_was(world: World) -> None:
    made = await world.admin.post("/persons", NEW, Idempotency_Key="k")
    await world.admin.patch(f"/persons/{made['id']}", {"name": "Nora Newer"}, If_Match='"1"')
    assert await world.admin.post("/persons", NEW, Idempotency_Key="k") == made
