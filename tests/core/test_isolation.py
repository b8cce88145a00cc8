"""What belongs to one programme does not exist for the people of another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.support.campus import Campus, Operation, Sample, campus, contents, operations

if TYPE_CHECKING:
    from tests.support.world import Actor, World


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


def somewhere(operation: Operation) -> bool:
    """Tell whether the operation is about something that belongs to a programme."""
    places = {"programme_id", "module_id", "run_id", "media_id"}
    return not places.isdisjoint(parameter["name"] for parameter in operation.parameters)


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
            answer = await operation.ask(actor, there, body)
            told.setdefault(operation.name, set()).add(answer.status_code)
            assert answer.text == (await operation.ask(actor, nowhere, body)).text, f"{kind} {operation.name}"
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
            await manager.call("GET", f"{run}/exams/{of['exam_id']}"),
            await manager.call("PUT", f"{run}/exams/{of['exam_id']}", beta.bodies["POST /runs/{run_id}/exams"], If_Match='"1"'),
            await manager.call("PUT", f"{run}/exams/{of['exam_id']}/registrations/{of['person_id']}"),
            await manager.call("GET", f"{run}/exams/{of['exam_id']}/marks/{of['person_id']}"),
            await manager.call("PUT", f"{run}/exams/{of['exam_id']}/marks/{of['person_id']}", {"mark": "1.0"}, If_Match='"0"'),
            await manager.call("GET", f"{run}/units/essay/hand-ins/{of['person_id']}"),
            await manager.call("GET", f"{run}/units/essay/hand-ins/{beta.ids['person_id']}/files/{of['file_id']}"),
            await manager.call("GET", f"{run}/units/essay/hand-ins/{of['person_id']}/files/{of['file_id']}"),
            await manager.call(
                "POST", f"{run}/units/essay/hand-ins/{of['person_id']}/1/verdict", {"outcome": "accepted"}
            ),
            await participant.call("GET", f"{run}/units/essay/hand-in/files/{of['file_id']}"),
            await manager.call("GET", f"{run}/units/intro/extensions/{of['person_id']}"),
            await manager.call(
                "PUT", f"{run}/units/intro/extensions/{of['person_id']}",
                beta.bodies["PUT /runs/{run_id}/units/{unit_key}/extensions/{person_id}"], If_Match='"0"',
            ),
            await manager.call("GET", f"{programme}/transcripts/{of['person_id']}"),
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
    assert [status for status, _ in told] == [404] * 22 + [422] * 5 + [404]
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
        "/runs/{run_id}/enrolment": 200,
        "/runs/{run_id}/enrolment-changes": 403,
        "/runs/{run_id}/seat-rules": 200,
        "/runs/{run_id}/sessions": 200,
        "/runs/{run_id}/sessions/{session_id}": 200,
        "/runs/{run_id}/units/{unit_key}": 200,
        "/runs/{run_id}/units/{unit_key}/files/{file_key}": 307,
        "/runs/{run_id}/outline": 200,
        "/runs/{run_id}/corrections": 200,
        "/runs/{run_id}/participants": 403,
        "/runs/{run_id}/exports/enrolments": 403,
        "/runs/{run_id}/exports/participants": 403,
        "/runs/{run_id}/units/{unit_key}/hand-in": 200,
        "/runs/{run_id}/units/{unit_key}/hand-ins": 403,
        "/runs/{run_id}/units/{unit_key}/hand-ins/{person_id}": 403,
        "/runs/{run_id}/units/{unit_key}/hand-ins/{person_id}/files/{file_id}": 403,
        "/runs/{run_id}/units/{unit_key}/deadline": 200,
        "/runs/{run_id}/units/{unit_key}/extensions": 403,
        "/runs/{run_id}/units/{unit_key}/extensions/{person_id}": 403,
        "/runs/{run_id}/exams": 200,
        "/runs/{run_id}/exams/{exam_id}": 200,
        "/runs/{run_id}/exams/{exam_id}/registrations": 403,
        "/runs/{run_id}/exams/{exam_id}/marks/{person_id}": 403,
    }
    assert told == dict.fromkeys(told, 404) | visible


async def test_adopting_a_module_shows_it_and_its_runs_and_no_more(world: World, alpha: Campus, beta: Campus) -> None:
    adoption = f"/programmes/{beta.ids['programme_id']}/adoptions/{alpha.ids['module_id']}"
    await world.admin.put(adoption, None, 204)
    visible = {
        "/modules/{module_id}": 200,
        "/runs/{run_id}": 200,
        "/runs/{run_id}/seat-rules": 200,
        "/runs/{run_id}/sessions": 200,
        "/runs/{run_id}/sessions/{session_id}": 200,
        "/runs/{run_id}/exams": 200,
        "/runs/{run_id}/exams/{exam_id}": 200,
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
