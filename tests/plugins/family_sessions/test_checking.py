"""What the law forbids is refused, in words from which nobody can tell whom it protects; the policy only warns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from lms_family_sessions import checking
from lms_family_sessions.hooks_care import constraints
from lms_family_sessions.settings import Settings

from lms_core.api import (
    Conflict,
    ConstraintsRequest,
    Context,
    PlannedSession,
    SessionConstraint,
    SessionPeople,
    SessionRemark,
    judge_sessions,
    name_session_people,
    new_id,
)
from tests.support.family_care import CARE, EVERY_KIND, Setting, declared, entered, prepared, seated
from tests.support.world import statements

if TYPE_CHECKING:
    import httpx

    from tests.support.world import Actor, World


def plan(starts: str, ends: str, **other: Any) -> dict[str, Any]:
    return {
        "title": "Block", "starts": f"{starts}:00", "ends": f"{ends}:00", "zone": "Europe/Berlin", "mode": "on_site",
        "place": "Room 1", **other,
    }  # fmt: skip


DAY = plan("2027-03-02T10:00", "2027-03-02T12:00")  # a Tuesday within the protection
EVENING = plan("2027-05-04T19:00", "2027-05-04T20:30", mode="online")
SUNDAY = plan("2027-05-09T10:00", "2027-05-09T12:00", mode="hybrid")
HOLIDAY = plan("2027-05-06T10:00", "2027-05-06T12:00", mode="online")  # Ascension Day


async def tried(world: World, setting: Setting, body: dict[str, Any], who: Actor | None = None) -> httpx.Response:
    return await (who or world.admin).call("POST", f"/runs/{setting.run['id']}/sessions", body)


def said(answer: httpx.Response) -> Any:
    found = answer.json()
    return {name: found.get(name) for name in ("type", "title", "status", "detail", "errors")}


async def test_a_session_that_the_law_forbids_is_refused_and_others_are_not(world: World) -> None:
    setting = await prepared(world)
    ada = await seated(world, setting, "Ada")
    made = await entered(ada, setting, EVERY_KIND["maternity"])
    assert (await tried(world, setting, DAY)).status_code == 409
    assert (await tried(world, setting, {**DAY, "mode": "hybrid"})).status_code == 201
    assert (await tried(world, setting, {**DAY, "mode": "online"})).status_code == 201
    night = plan("2027-03-02T19:00", "2027-03-02T20:01", mode="online")
    assert (await tried(world, setting, night)).status_code == 409, "online at night is at night"
    assert (await tried(world, setting, {**night, "ends": "2027-03-02T20:00:00"})).status_code == 201
    abroad = {**night, "zone": "America/New_York", "starts": "2027-03-02T13:00:00", "ends": "2027-03-02T14:30:00"}
    assert (await tried(world, setting, abroad)).status_code == 409, "it is night where she is"
    later = plan("2027-06-01T10:00", "2027-06-01T12:00")
    assert (await tried(world, setting, later)).status_code == 201
    before = await declared(ada, setting, made, about="waiver", phase="after", activity="exams", given=True)
    assert (await tried(world, setting, DAY)).status_code == 409, "exams are not teaching"
    await declared(ada, setting, before, about="waiver", phase="after", activity="teaching", given=True)
    assert (await tried(world, setting, DAY)).status_code == 201


@pytest.mark.parametrize("body", [EVENING, SUNDAY, HOLIDAY])
async def test_evenings_sundays_and_holidays_are_refused_until_she_agrees(world: World, body: dict[str, Any]) -> None:
    setting = await prepared(world)
    ada = await seated(world, setting, "Ada")
    assert (await tried(world, setting, body)).status_code == 201
    made = await entered(ada, setting, {**EVERY_KIND["nursing"], "breaks": []})
    assert (await tried(world, setting, body)).status_code == 409
    to = "evening" if body is EVENING else "sunday"
    await declared(ada, setting, made, about="consent", to=to, given=True)
    assert (await tried(world, setting, body)).status_code == 201


async def test_the_words_are_the_same_for_every_cause_and_number_of_people(world: World) -> None:
    setting = await prepared(world)
    everybody = [await seated(world, setting, name) for name in ("Ada", "Bea", "Cleo", "Dora", "Eve", "Fay")]
    planner = await world.person("Petra Planner", "programme_administrator", setting.programme)
    needs = [
        EVERY_KIND["maternity"],
        {**CARE, "hours": [{"starts": "09:00", "ends": "13:00"}]},
        {"kind": "protected", "strength": "cannot", "firstDay": "2027-03-01", "lastDay": "2027-03-05"},
        {"kind": "closed_days", "strength": "cannot", "days": ["2027-03-02"]},
        {"kind": "daily", "strength": "cannot", "firstDay": "2027-01-01", "noLaterThan": "11:00"},
        {**EVERY_KIND["nursing"], "firstDay": "2027-01-01"},
    ]
    words = []
    for who, need in zip(everybody, needs, strict=True):
        made = await entered(who, setting, need)
        words.append(said(await tried(world, setting, DAY, planner)))
        await who.delete(f"{setting.path}/me/entries/{made['id']}", If_Match='"1"')
    for who, need in zip(everybody, needs, strict=True):
        await entered(who, setting, need)
    words.append(said(await tried(world, setting, DAY, planner)))
    assert words == [words[0]] * 7
    [error] = words[0]["errors"]
    assert error["where"] == "protected-time"
    assert not any(digit in error["reason"] for digit in "0123456789")


async def test_wishes_people_without_a_seat_and_those_not_named_block_nothing(world: World) -> None:
    setting = await prepared(world)
    ada, eve = await seated(world, setting, "Ada"), await seated(world, setting, "Eve")
    made = (await tried(world, setting, DAY)).json()
    session = f"/runs/{setting.run['id']}/sessions/{made['id']}"
    await entered(ada, setting, {**CARE, "strength": "rather_not", "hours": [{"starts": "08:00", "ends": "18:00"}]})
    outside = await world.student("Olivia", setting.programme)
    await entered(outside, setting, EVERY_KIND["maternity"])
    assert (await tried(world, setting, DAY)).status_code == 201
    await entered(ada, setting, EVERY_KIND["maternity"])
    context = Context("family_sessions", UUID(setting.programme["id"]), Settings(), world.database)
    for named, status in (((eve,), 200), ((eve, ada), 409)):
        people = SessionPeople(frozenset(who.person.id for who in named))
        async with context.write() as connection:
            await name_session_people(context, connection, {UUID(made["id"]): people})
        revision = (await world.admin.get(session))["revision"]
        answer = await world.admin.call("PUT", session, DAY, If_Match=f'"{revision}"')
        assert answer.status_code == status


async def test_a_plan_of_many_sessions_says_for_whom_they_will_be(world: World) -> None:
    setting = await prepared(world)
    ada, eve = await seated(world, setting, "Ada"), await seated(world, setting, "Eve")
    await entered(ada, setting, EVERY_KIND["maternity"])
    programme_id = UUID(setting.programme["id"])
    one = PlannedSession(
        session_id=new_id(), run_id=UUID(setting.run["id"]), revision=0, title="Group 2", place="", mode="on_site",
        starts=datetime(2027, 3, 2, 10), ends=datetime(2027, 3, 2, 12), zone="Europe/Berlin",
    )  # fmt: skip

    async def judged(*who: Actor) -> list[SessionRemark]:
        hooks = world.app.state.hooks
        context = Context("university_weeks", programme_id, None, world.database, hooks=hooks)
        people = {one.session_id: SessionPeople(frozenset(each.person.id for each in who))}
        return await judge_sessions(context, [one], people if who else None)

    assert [remark.code for remark in await judged(eve)] == []
    for who in ((ada,), (ada, eve), ()):
        with pytest.raises(Conflict) as refused:
            await judged(*who)
        [error] = refused.value.errors
        assert (error.where, error.reason) == (f"sessions.{one.session_id}", f"Group 2: {checking.PROTECTED.reason}")


async def test_who_tries_one_time_after_another_is_stopped_and_seen(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "TRIES", 3)
    setting = await prepared(world)
    ada = await seated(world, setting, "Ada")
    office = await world.person("Olga Office", "family_sessions.office", setting.programme)
    await entered(ada, setting, EVERY_KIND["maternity"])
    free = plan("2027-06-01T10:00", "2027-06-01T12:00")
    for hour in (10, 10, 11, 12):
        body = plan(f"2027-03-02T{hour}:00", "2027-03-02T13:00")
        assert (await tried(world, setting, free)).status_code == 201, "the same time again counts once"
        assert (await tried(world, setting, body)).status_code == 409
    stopped = await tried(world, setting, free)
    assert (stopped.status_code, "Too many times" in stopped.json()["detail"]) == (409, True)
    seen = (await office.get(f"{setting.path}/refusals"))["items"]
    assert [(one["runId"], one["starts"][:16]) for one in seen] == [
        (setting.run["id"], f"2027-03-02T{hour:02}:00") for hour in (11, 10, 9)
    ]


async def test_planners_are_told_joined_intervals_in_one_statement(world: World) -> None:
    setting = await prepared(world)
    ada, eve = await seated(world, setting, "Ada"), await seated(world, setting, "Eve")
    await entered(ada, setting, EVERY_KIND["maternity"])
    await entered(ada, setting, {**CARE, "hours": [{"starts": "09:00", "ends": "13:00"}]})
    await entered(eve, setting, {**CARE, "strength": "rather_not", "hours": [{"starts": "09:00", "ends": "13:00"}]})
    await entered(eve, setting, {**CARE, "strength": "rather_not", "hours": [{"starts": "12:00", "ends": "14:00"}]})
    context = Context("family_sessions", UUID(setting.programme["id"]), Settings(), world.database)
    starts, ends = datetime(2027, 3, 2, tzinfo=UTC), datetime(2027, 3, 3, tzinfo=UTC)
    asked = ConstraintsRequest(starts, ends, (ada.person.id, eve.person.id))
    with statements(world.database) as seen:
        found = await constraints(context, asked)
    assert len(seen) == 1
    assert found == [
        SessionConstraint(ada.person.id, starts, ends, "cannot"),
        SessionConstraint(
            eve.person.id, datetime(2027, 3, 2, 8, tzinfo=UTC), datetime(2027, 3, 2, 13, tzinfo=UTC), "rather_not"
        ),
    ]


async def test_a_check_takes_as_many_statements_for_many_people(world: World) -> None:
    setting = await prepared(world)
    counts = []
    for name in ("Ada", "Bea", "Cleo"):
        who = await seated(world, setting, name)
        await entered(who, setting, {**EVERY_KIND["nursing"], "breaks": []})
        with statements(world.database) as seen:
            await tried(world, setting, plan("2027-05-04T10:00", "2027-05-04T12:00"))
        counts.append(sum("family_sessions_" in one for one in seen))
    assert counts == [3, 3, 3]
