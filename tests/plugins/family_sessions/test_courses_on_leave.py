"""Who is on leave of a kind without courses gets no seat in its terms, and nobody else is told why."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from sqlalchemy import update

from lms_core.enrolment.channel import SeatsChannel
from lms_core.enrolment.filling import VERDICT_LASTS
from lms_core.enrolment.tables import run_enrolment
from lms_core.outbox.work import settle
from lms_core.types import now
from tests.support.exams import READING, Faculty
from tests.support.family_care import INTRODUCTION, prepared

if TYPE_CHECKING:
    from tests.support.world import Actor, World

FIRST, LAST = "2026-10-01", "2027-03-31"
REASON = "In this term no seat in the run is possible; whom it concerns can look up why."


async def granted(office: Actor, path: str, who: Actor, kind: str, first: str = FIRST, last: str = LAST) -> str:
    body = {"personId": who.id, "kind": kind, "firstDay": first, "lastDay": last}
    made = await office.put(f"{path}/leaves/{uuid4()}", body, If_Match='"0"')
    return f"{path}/leaves/{made['id']}"


async def test_a_seat_is_refused_in_a_term_of_leave_without_courses(world: World) -> None:
    setting, other = await prepared(world), await prepared(world, "beta")
    path, seat = setting.path, f"/runs/{setting.run['id']}/enrolment"
    office = await world.person("Olga Office", "family_sessions.office", setting.programme)
    ada, eve, mia, pia = [await world.student(name, setting.programme) for name in ("Ada", "Eve", "Mia", "Pia")]
    leaves = [
        await granted(office, path, ada, "ordinary", last="2026-12-31"),
        await granted(office, path, ada, "illness", first="2026-12-15"),
    ]
    await granted(office, path, eve, "parental")
    await granted(office, path, mia, "ordinary", last="2027-03-30")
    await granted(office, path, pia, "ordinary", first="2027-04-01", last="2027-09-30")

    refused = await ada.put(seat, {}, 409)
    assert (refused["detail"], refused["errors"]) == (REASON, [{"where": "no-seat", "reason": REASON}])
    for who in (eve, mia, pia):
        assert (await who.put(seat, {}))["state"] == "enrolled"
    assert (await ada.get(f"{path}/me/leaves"))["noCourses"] == ["winter term 2026/27"]
    assert (await eve.get(f"{path}/me/leaves"))["noCourses"] == []

    # what one programme knows counts in another as little as it is seen there
    await world.admin.post(f"/programmes/{other.programme['id']}/enrolments", {"email": ada.email})
    assert (await ada.put(f"/runs/{other.run['id']}/enrolment", {}))["state"] == "enrolled"

    await office.delete(leaves[1], If_Match='"1"')
    assert (await ada.put(seat, {}))["state"] == "enrolled"
    await granted(office, path, ada, "illness", first="2026-12-15")
    assert (await ada.put(seat, {}))["state"] == "enrolled", "a seat that she has stays hers"


async def test_the_term_is_that_of_the_run_whoever_owns_it(world: World) -> None:
    setting, owner = await prepared(world), await Faculty.of(world, "owner")
    module = await world.module(owner.programme, [READING], "adopted")
    summer = await owner.term("summer", 2027)
    run = await world.admin.post(f"/modules/{module['id']}/runs", {"termId": summer, "capacity": 9})
    await world.admin.put(f"/programmes/{setting.programme['id']}/adoptions/{module['id']}", None, 204)
    office = await world.person("Olga Office", "family_sessions.office", setting.programme)
    ada = await world.student("Ada", setting.programme)
    made = await granted(office, setting.path, ada, "ordinary", first="2027-04-01", last="2027-09-30")
    assert (await ada.put(f"/runs/{run['id']}/enrolment", {}, 409))["detail"] == REASON
    await office.delete(made, If_Match='"1"')
    await granted(office, setting.path, ada, "ordinary")
    assert (await ada.put(f"/runs/{run['id']}/enrolment", {}))["state"] == "enrolled"


async def test_who_waits_is_passed_over_and_no_list_or_record_says_why(world: World) -> None:
    setting = await prepared(world)
    run = await world.run(setting.programme, await world.module(setting.programme, [INTRODUCTION], "optics"), 1)
    seat = f"/runs/{run['id']}/enrolment"
    office = await world.person("Olga Office", "family_sessions.office", setting.programme)
    ada, eve, mia = [await world.student(name, setting.programme) for name in ("Ada", "Eve", "Mia")]
    for who in (ada, eve, mia):
        await who.put(seat, {})
    await granted(office, setting.path, eve, "illness")
    async with world.database.write() as connection:  # plugins were asked when she began to wait, which was a while ago
        await connection.execute(update(run_enrolment).values(judged_at=now() - VERDICT_LASTS - timedelta(seconds=1)))
    await ada.delete(seat)
    await settle(world.database, [SeatsChannel(world.database, world.app.state.hooks)])
    listed = await world.admin.get(f"/runs/{run['id']}/participants?limit=200")
    assert {one["name"]: one["state"] for one in listed["items"]} == {
        "Ada": "withdrawn", "Eve": "waiting", "Mia": "enrolled",
    }  # fmt: skip
    seen = [
        listed,
        await world.admin.get(f"/programmes/{setting.programme['id']}/runs/{run['id']}/enrolments"),
        await world.admin.get(f"/runs/{run['id']}/enrolment-changes"),
    ]
    assert REASON in str(seen)
    assert not any(word in str(seen).lower() for word in ("illness", "leave", "family", "courses"))


async def test_a_leave_that_cannot_be_opened_speaks_against_her_seat_alone(
    world: World, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = await prepared(world)
    seat = f"/runs/{setting.run['id']}/enrolment"
    office = await world.person("Olga Office", "family_sessions.office", setting.programme)
    ada, eve = [await world.student(name, setting.programme) for name in ("Ada", "Eve")]
    await granted(office, setting.path, ada, "parental")
    monkeypatch.setenv("LMS_FAMILY_KEYS", "")
    for _ in range(12):  # so often that the host would leave a plugin that fails alone, and refuse everybody
        problem: dict[str, Any] = await ada.put(seat, {}, 409)
    assert problem["errors"][0]["where"] == "no-seat-yet"
    assert (await eve.put(seat, {}))["state"] == "enrolled"
    monkeypatch.setenv("LMS_FAMILY_KEYS", key)
    assert (await ada.put(seat, {}))["state"] == "enrolled"
