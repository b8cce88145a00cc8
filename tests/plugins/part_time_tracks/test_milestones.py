"""What is due when by the regulation, with clocks that stand still during a leave, and what a failure leaves."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from lms_part_time_tracks import knowing
from lms_part_time_tracks.settings import Settings
from lms_part_time_tracks.watching import watch

from lms_core.api import Context
from tests.support.exams import Faculty
from tests.support.family_childcare import mails
from tests.support.tracks import Study, where, worked

if TYPE_CHECKING:
    from tests.support.world import World

WINTER, SUMMER, NEXT = "winter term 2026/27", "summer term 2027", "winter term 2027/28"
TODAY = date(2026, 10, 2)
LIMITS = {"maxTerms": 6, "milestones": [{"ects": 20, "byTerm": 2}], "attempts": 2, "repeatWithinTerms": 2}


@pytest.fixture(autouse=True)
def october(monkeypatch: pytest.MonkeyPatch) -> None:
    """The winter term 2026 has begun, its lectures have not."""
    monkeypatch.setattr(knowing, "now", lambda: datetime(2026, 10, 2, 12, tzinfo=UTC))


def due(kind: str, on: str, term: str, ects: str, missing: str, planned: bool | None = None) -> dict[str, Any]:
    return {
        "kind": kind, "on": on, "term": term, "left": (date.fromisoformat(on) - TODAY).days, "ects": ects,
        "missing": missing, "planned": planned, "moduleId": None, "title": None,
    }  # fmt: skip


async def test_what_is_due_when_and_that_a_leave_stops_the_clock(world: World) -> None:
    study = await Study.of(world, limits=LIMITS)
    ingrid, stranger = await study.student("Ingrid"), await world.person("Stranger")
    path = f"{study.path}/me/standing"
    milestone = due("milestone", "2027-09-30", "summer term 2027", "20", "20")
    latest = due("latest", "2029-09-30", "summer term 2029", "35", "35")
    assert await ingrid.get(path) == {
        "done": False, "ects": "0", "ectsTotal": "35", "attempts": [], "dates": [milestone, latest], "next": milestone,
    }  # fmt: skip
    plan = await study.planned(ingrid)
    await ingrid.post(f"{study.path}/me/plans/{plan['id']}/acceptance", None, 200)
    assert [one["planned"] for one in (await ingrid.get(path))["dates"]] == [True, True]
    # she takes leave for the summer: both are a term later, and the plan that holds does not do for the first
    leave = {"kind": "ordinary", "firstDay": "2027-04-01", "lastDay": "2027-09-30"}
    await ingrid.put(f"{study.path}/me/track", {"leaves": [leave]}, If_Match='"0"')
    assert (await ingrid.get(path))["dates"] == [
        due("milestone", "2028-03-31", "winter term 2027/28", "20", "20", True),
        due("latest", "2030-03-31", "winter term 2029/30", "35", "35", True),
    ]
    await stranger.get(path, 404)
    await world.admin.get(path, 404)


async def test_a_failure_leaves_attempts_and_a_last_term_for_the_repeat(world: World) -> None:
    study = await Study.of(world, limits=LIMITS)
    programme = study.programme
    examiner = await world.person("Eva Examiner", "examiner", programme)
    faculty = Faculty(world, programme, examiner, await world.person("Lea Lecturer", "lecturer", programme))
    ingrid, other = await study.student("Ingrid"), await study.student("Otto")
    runs = {key: await world.run(programme, study.modules[key]) for key in ("mems", "lasers")}
    for run in runs.values():
        await ingrid.put(f"/runs/{run['id']}/enrolment", {})
    passed = await faculty.attempt(runs["lasers"], ingrid, mark="1.0")
    await examiner.post(f"{passed}/marks/{ingrid.id}/credit", {"evidence": "Protocol 7"})
    await faculty.attempt(runs["mems"], ingrid, mark="5.0")
    found = await ingrid.get(f"{study.path}/me/standing")
    assert found["ects"] == "5"
    assert found["attempts"] == [{"moduleId": study.modules["mems"]["id"], "title": "Mems", "failed": 1, "left": 1}]
    assert found["dates"][1] == {
        **due("repeat", "2028-03-31", "winter term 2027/28", "5", "5"), "moduleId": study.modules["mems"]["id"],
        "title": "Mems",
    }  # fmt: skip
    assert (await other.get(f"{study.path}/me/standing"))["attempts"] == []
    await worked(world)


async def test_nothing_stands_against_what_is_passed(world: World) -> None:
    study = await Study.of(world)
    programme = study.programme
    examiner = await world.person("Eva Examiner", "examiner", programme)
    faculty = Faculty(world, programme, examiner, await world.person("Lea Lecturer", "lecturer", programme))
    ingrid = await study.student("Ingrid")
    run = await world.run(programme, study.modules["mems"])
    await ingrid.put(f"/runs/{run['id']}/enrolment", {})
    session = {
        "title": "Block", "zone": "Europe/Berlin", "mode": "on_site", "place": "Aula",
        "starts": "2026-11-20T09:00:00", "ends": "2026-11-20T17:00:00",
    }  # fmt: skip
    await world.admin.post(f"/runs/{run['id']}/sessions", session)
    exam = await faculty.attempt(run, ingrid, mark="1.0")
    await examiner.post(f"{exam}/marks/{ingrid.id}/credit", {"evidence": "Protocol 7"})
    # the term is not over, and all of this comes too late
    away = {"blackouts": [{"firstDay": "2026-11-20", "lastDay": "2026-11-20"}], "unwanted": ["mems"]}
    await ingrid.put(f"{study.path}/me/track", away, If_Match='"0"')
    plan = await study.planned(ingrid)
    assert where(plan) == {WINTER: ["mems"], SUMMER: ["optics", "project"], NEXT: ["thesis"]}


async def test_each_is_reminded_once_of_a_date_and_again_when_it_is_nearer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = await Study.of(world, limits=LIMITS)
    other = await Study.of(world, "beta", limits=LIMITS)
    ingrid = await study.student("Ingrid")
    await other.student("Otto")
    context = Context(
        "part_time_tracks", UUID(study.programme["id"]), Settings(), world.database, hooks=world.app.state.hooks
    )

    async def told(day: str) -> list[str]:
        moment = datetime.fromisoformat(f"{day}T12:00:00+00:00")
        monkeypatch.setattr(knowing, "now", lambda: moment)
        before = len(await mails(world))
        await watch(context)
        return [
            f"{who == ingrid.id} {subject['en']}: {text['en'].splitlines()[0]}"
            for who, subject, text in (await mails(world))[before:]
        ]

    line = "True A date of your study comes nearer: By 30.09.2027 you need 20 ECTS; 20 are missing."
    assert [
        await told(day) for day in ("2027-03-01", "2027-04-03", "2027-04-04", "2027-08-01", "2027-08-02", "2027-10-01")
    ] == [
        [],
        [line],
        [],
        [line],
        [],
        [],
    ]
