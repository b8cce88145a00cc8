"""Leaves that the office enters stop the clocks that the programme's policy says, and the person sees which."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from lms_family_sessions.leaves import Leave, latest_term, within

from lms_core.api import StudyTerm
from tests.plugins.family_sessions.test_consequences import Course
from tests.support.exams import Faculty
from tests.support.family_care import seated
from tests.support.family_childcare import mails, worked

if TYPE_CHECKING:
    from tests.support.world import Actor, World

WINTER = {"firstDay": "2026-10-01", "lastDay": "2027-03-31"}


async def office_of(world: World, programme: dict[str, Any]) -> Actor:
    return await world.person(f"Olga Office {programme['key']}", "family_sessions.office", programme)


async def on_leave(office: Actor, path: str, person: Actor, kind: str, **days: str) -> dict[str, Any]:
    body = {"personId": person.id, "kind": kind, **days}
    made: dict[str, Any] = await office.put(f"{path}/leaves/{uuid4()}", body, If_Match='"0"')
    return made


async def test_exams_and_deadlines_stand_still_by_the_kind_of_leave(world: World) -> None:
    course = await Course.of(world, proof=True)
    office = await office_of(world, course.setting.programme)
    eve = await seated(world, course.setting, "Eve")
    today = datetime.now(UTC).date()
    first, later = await course.exam("2099-02-10"), await course.exam("2099-05-10")
    unit = f"/runs/{course.setting.run['id']}/units/intro"
    due = today + timedelta(days=30)
    await world.admin.put(f"{unit}/deadline", {"due": f"{due}T23:59:00", "zone": "Europe/Berlin"}, If_Match='"0"')
    for who in (course.ada, eve):
        await who.put(f"{course.exams}/{first}/registration")
    path = course.setting.path
    soon = {"firstDay": str(today + timedelta(days=5)), "lastDay": str(today + timedelta(days=8))}
    far = {"firstDay": "2099-02-01", "lastDay": "2099-04-30"}
    for who, kind in ((course.ada, "ordinary"), (eve, "parental")):
        await on_leave(office, path, who, kind, **soon)
        await on_leave(office, path, who, kind, **far)
    await worked(world)
    assert (await course.registered(), await course.registered(eve)) == ([later], [first])
    for who in (course.ada, eve):
        [one] = (await who.get("/me/deadlines"))["items"]
        assert one["due"] == f"{due + timedelta(days=4)}T23:59:00"
    assert len(await mails(world)) == 3
    told = str([text for *_, text in await mails(world)])
    assert not any(word in told for word in ("leave", "parental", "Urlaub", "Beurlaub"))
    seen = str((await world.admin.get(f"{unit}/extensions"))["items"]) + str(await world.admin.get(course.exams))
    assert not any(word in seen.lower() for word in ("leave", "parental", "policy", "family", "protect"))


async def test_her_leaves_are_shown_to_her_alone(world: World) -> None:
    course, other = await Course.of(world), await Course.of(world, "beta")
    office, board = (
        await office_of(world, course.setting.programme),
        await world.person("Bo Board", "family_sessions.board", course.setting.programme),
    )
    path, ada = course.setting.path, course.ada
    made = await on_leave(office, path, ada, "maternity", **WINTER)
    second = await on_leave(office, path, ada, "care", firstDay="2027-04-01", lastDay="2027-09-29")
    ongoing = {"countsAsStudy": False, "repeatsRun": False, "deadlinesRun": False, "courses": True, "exams": True}
    assert made == {
        "id": made["id"], "revision": 1, "changedAt": made["changedAt"], "kind": "maternity", **WINTER,
        "countsAsLeave": False, **ongoing,
    }  # fmt: skip
    mine = await ada.get(f"{path}/me/leaves")
    winter = ["winter term 2026/27"]
    assert mine == {
        "items": [made, second], "notStudied": winter, "repeatsPaused": winter, "noCourses": [], "leaveTerms": 0, "mostLeaveTerms": 2,
        "latestTerm": None,
    }  # fmt: skip
    here = f"{path}/leaves/{made['id']}"
    body = {"personId": ada.id, "kind": "ordinary", **WINTER}
    await office.put(here, body, 412, If_Match='"2"')
    changed = await office.put(here, body, If_Match='"1"')
    assert (changed["revision"], changed["countsAsLeave"], changed["exams"]) == (2, True, False)
    assert (await ada.get(f"{path}/me/leaves"))["leaveTerms"] == 1
    assert (await other.ada.get(f"{other.setting.path}/me/leaves"))["items"] == []
    for who in (ada, board, world.admin):
        await who.put(here, body, 403, If_Match='"2"')
        await who.delete(here, 403, If_Match='"2"')
    stranger = await office_of(world, other.setting.programme)
    theirs = f"{other.setting.path}/leaves/{made['id']}"
    await stranger.put(theirs, {**body, "personId": other.ada.id}, 404, If_Match='"2"')
    await stranger.delete(theirs, 404, If_Match='"2"')
    read = await board.post(f"{path}/readings", {"personId": ada.id, "purpose": "A question"}, 200)
    assert (read["entries"], read["leaves"]) == ([], [changed, second])
    assert len((await ada.get(f"{path}/me/readings"))["items"]) == 1
    await office.delete(here, If_Match='"2"')
    assert (await ada.get(f"{path}/me/leaves"))["items"] == [second]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"kind": "sabbatical"}, 422), ({"lastDay": "2026-09-30"}, 400), ({"firstDay": "1999-01-01"}, 400),
        ({"personId": str(uuid4())}, 404), ({"kind": "Parental!"}, 400),
    ],
)  # fmt: skip
async def test_what_is_no_leave_is_refused(world: World, wrong: dict[str, str], status: int) -> None:
    course = await Course.of(world)
    office = await office_of(world, course.setting.programme)
    body = {"personId": course.ada.id, "kind": "care", **WINTER, **wrong}
    problem = await office.put(f"{course.setting.path}/leaves/{uuid4()}", body, status, If_Match='"0"')
    if wrong == {"kind": "sabbatical"}:
        assert problem["errors"] == [
            {"where": "body.kind", "reason": "must be one of ordinary, illness, care, maternity, parental"}
        ]
    assert (await course.ada.get(f"{course.setting.path}/me/leaves"))["items"] == []


async def test_repeats_and_the_study_are_a_term_later_for_each_term_of_leave(world: World) -> None:
    faculty = await Faculty.of(world, attempts=3, repeatWithinTerms=1, maxTerms=3)
    programme = faculty.programme
    where = f"/programmes/{programme['id']}"
    await world.admin.put(f"{where}/plugins/family_sessions", {"enabled": True}, If_Match='"0"')
    path = f"{where}/family_sessions"
    module = await world.module(programme, [{"key": "intro", "kind": "reading", "title": "Introduction"}])
    run = await world.run(programme, module)
    regulated = {"regulationId": programme["regulation"]}
    people = []
    for name in ("Ada", "Eve"):
        who = await world.person(name)
        await world.admin.post(f"{where}/enrolments", {"email": who.email, **regulated})
        await who.put(f"/runs/{run['id']}/enrolment", {})
        await faculty.attempt(run, who, mark="5.0")
        people.append(who)
    ada, eve = people
    await faculty.term("summer", 2027)
    later = await world.admin.post(
        f"/modules/{module['id']}/runs", {"termId": await faculty.term("winter", 2027), "capacity": 9}
    )
    repeat = await faculty.exam(later)
    for who in people:
        await who.put(f"/runs/{later['id']}/enrolment", {})
    office = await office_of(world, programme)
    summer = {"firstDay": "2027-04-01", "lastDay": "2027-09-30"}
    assert (await ada.get(f"{path}/me/leaves"))["latestTerm"] == "winter term 2027/28"
    made = await on_leave(office, path, ada, "parental", **summer)
    await on_leave(office, path, eve, "parental", **{**summer, "lastDay": "2027-09-29"})
    seen = await ada.get(f"{path}/me/leaves")
    assert (seen["notStudied"], seen["latestTerm"]) == (["summer term 2027"], "summer term 2028")
    problem = await eve.put(f"{repeat}/registration", None, 409)
    assert problem["detail"] == "The repeat was possible until the summer term 2027; ask the examination board."
    await office.delete(f"{path}/leaves/{made['id']}", If_Match='"1"')
    await ada.put(f"{repeat}/registration", None, 409)
    await on_leave(office, path, ada, "parental", **summer)
    settings = {"leaves": [{"kind": "parental", "repeats_run": True, "counts_as_study": True}]}
    await world.admin.put(f"{where}/plugins/family_sessions", {"enabled": True, "settings": settings}, If_Match='"1"')
    assert (await ada.get(f"{path}/me/leaves"))["latestTerm"] == "winter term 2027/28"
    await on_leave(office, path, ada, "parental", firstDay="2030-01-01", lastDay="2030-01-02")
    await ada.put(f"{repeat}/registration", None, 409)
    await world.admin.put(f"{where}/plugins/family_sessions", {"enabled": True, "settings": {}}, If_Match='"2"')
    await on_leave(office, path, ada, "parental", firstDay="2030-02-01", lastDay="2030-02-02")
    assert (await ada.put(f"{repeat}/registration"))["attempt"] == 2


def term(number: int, first: str, last: str) -> StudyTerm:
    return StudyTerm(
        number=number, name=str(number), starts_on=date.fromisoformat(first), ends_on=date.fromisoformat(last)
    )


def leave(first: str, last: str) -> Leave:
    return Leave(
        id=uuid4(), revision=1, changed_at=datetime.now(UTC), kind="care", first_day=date.fromisoformat(first),
        last_day=date.fromisoformat(last), counts_as_study=False, counts_as_leave=True, repeats_run=False,
        deadlines_run=False, courses=True, exams=True,
    )  # fmt: skip


def test_a_term_is_of_leave_when_all_its_days_are() -> None:
    terms = [term(10, "2027-04-01", "2027-09-30"), term(11, "2027-10-01", "2028-03-31")]
    halves = [leave("2027-06-01", "2027-10-31"), leave("2027-01-01", "2027-05-31"), leave("2027-05-01", "2027-05-02")]
    assert within(halves, terms) == terms[:1]
    assert within(halves[1:], terms) == []
    assert within([leave("2027-04-01", "2028-03-30")], terms) == terms[:1]
    assert within([], terms) == []


def test_the_last_term_of_a_study() -> None:
    terms = [term(4047 + n, f"{2024 + n}-01-01", f"{2024 + n}-12-31") for n in range(4)]
    names = [latest_term(terms, date(2025, 5, 1), most, terms[2:3]) for most in (1, 2, 3)]
    assert names == ["summer term 2024", "summer term 2025", "winter term 2025/26"]
    assert latest_term(terms, date(2025, 5, 1), None, []) is None
    assert latest_term(terms, date(2030, 5, 1), 6, []) is None
