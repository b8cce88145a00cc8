"""What follows from protected time for exams and deadlines: told, listed, undone, and never done twice."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.exams import EXAM
from tests.support.family_care import EVERY_KIND, INTRODUCTION, Setting, changed, declared, entered, seated
from tests.support.family_childcare import mails, worked

if TYPE_CHECKING:
    from tests.support.world import Actor, World

PROTECTED = {"kind": "protected", "strength": "cannot", "firstDay": "2099-02-01", "lastDay": "2099-04-30"}


class Course:
    """A run with exams inside and after a protection, a deadline, and somebody who has a seat."""

    def __init__(self, world: World, setting: Setting, ada: Actor) -> None:
        self.world, self.setting, self.ada = world, setting, ada
        self.exams = f"/runs/{setting.run['id']}/exams"
        self.mine = f"{setting.path}/me/consequences"

    @classmethod
    async def of(cls, world: World, key: str = "alpha", **policy: Any) -> Course:
        programme = await world.programme(key)
        body = {"enabled": True, "settings": {"land": "BW", "consequences": {"proof": False, **policy}}}
        await world.admin.put(f"/programmes/{programme['id']}/plugins/family_sessions", body, If_Match='"0"')
        run = await world.run(programme, await world.module(programme, [INTRODUCTION], key))
        setting = Setting(programme, run)
        return cls(world, setting, await seated(world, setting, f"Ada {key}"))

    async def exam(self, day: str, **other: Any) -> str:
        times = {"starts": f"{day}T09:00:00", "ends": f"{day}T11:00:00"}
        dates = {"registerBy": "2099-01-20T23:59:00", "deregisterBy": "2099-01-25T23:59:00"}
        return str((await self.world.admin.post(self.exams, {**EXAM, **times, **dates, **other}))["id"])

    async def registered(self, who: Actor | None = None) -> list[str]:
        """Return for which exams a person is registered."""
        found = []
        for one in (await self.world.admin.get(self.exams))["items"]:
            candidates = (await self.world.admin.get(f"{self.exams}/{one['id']}/registrations"))["items"]
            found += [
                one["id"]
                for candidate in candidates
                if (candidate["personId"], candidate["state"]) == ((who or self.ada).id, "registered")
            ]
        return found

    async def listed(self) -> list[tuple[str, str, str | None, str]]:
        items = (await self.ada.get(self.mine))["items"]
        return [(one["kind"], one["before"], one["after"], one["state"]) for one in items]


async def test_an_exam_is_moved_told_and_undone_once(world: World) -> None:
    course = await Course.of(world)
    first, inside, later = [await course.exam(day) for day in ("2099-02-10", "2099-03-10", "2099-05-10")]
    eve = await seated(world, course.setting, "Eve")
    for who in (course.ada, eve):
        await who.put(f"{course.exams}/{first}/registration")
    await entered(course.ada, course.setting, PROTECTED)
    assert await course.registered() == [first]
    await worked(world)
    assert (await course.registered(), await course.registered(eve)) == ([later], [first])
    [one] = (await course.ada.get(course.mine))["items"]
    assert one == {
        "id": one["id"], "kind": "exam", "why": "protected_time", "title": "Written exam",
        "runId": course.setting.run["id"], "before": "2099-02-10T09:00:00", "after": "2099-05-10T09:00:00",
        "zone": "Europe/Berlin", "state": "done", "changedAt": one["changedAt"],
    }  # fmt: skip
    [(who, subject, text)] = await mails(world)
    assert (who, subject) == (course.ada.id, {
        "en": "The date of an exam has changed for you", "de": "Der Termin einer Prüfung hat sich für Sie geändert",
    })  # fmt: skip
    url = f"http://localhost:8000{course.mine}"
    assert text["de"] == (
        "Written exam: Sie sind jetzt für 10.05.2099 09:00 angemeldet statt für 10.02.2099 09:00 (Europe/Berlin).\n\n"
        f"Sie sehen das und können es rückgängig machen, und zwar hier:\n{url}\n"
    )
    await entered(course.ada, course.setting, {**PROTECTED, "lastDay": "2099-04-29"})
    await worked(world)
    assert len(await mails(world)) == 1

    assert (await eve.get(course.mine))["items"] == []
    await eve.post(f"{course.mine}/{one['id']}/undo", None, 404)
    undone = await course.ada.post(f"{course.mine}/{one['id']}/undo", None, 200)
    assert undone == {**one, "state": "undone", "changedAt": undone["changedAt"]}
    assert await course.ada.post(f"{course.mine}/{one['id']}/undo", None, 200) == undone
    await entered(course.ada, course.setting, {**PROTECTED, "lastDay": "2099-04-28"})
    await worked(world)
    assert (await course.registered(), len(await mails(world))) == ([first], 1)
    assert inside not in await course.registered()


async def test_she_may_register_herself_for_an_exam_in_it(world: World) -> None:
    course = await Course.of(world)
    first, _ = await course.exam("2099-02-10"), await course.exam("2099-05-10")
    entry = await entered(course.ada, course.setting, PROTECTED)
    await course.ada.put(f"{course.exams}/{first}/registration")
    await changed(course.ada, course.setting, entry, lastDay="2099-05-01")
    await worked(world)
    assert (await course.registered(), await course.listed(), await mails(world)) == ([first], [], [])


async def test_a_protection_that_grows_moves_what_was_moved(world: World) -> None:
    course = await Course.of(world)
    first, second, third = [await course.exam(day) for day in ("2099-02-10", "2099-05-10", "2099-08-10")]
    await course.ada.put(f"{course.exams}/{first}/registration")
    entry = await entered(course.ada, course.setting, PROTECTED)
    await worked(world)
    assert await course.registered() == [second]
    await changed(course.ada, course.setting, entry, lastDay="2099-06-30")
    await worked(world)
    assert await course.registered() == [third]
    assert [state for *_, state in await course.listed()] == ["done", "done"]


async def test_without_a_later_date_she_is_registered_as_soon_as_there_is_one(world: World) -> None:
    course = await Course.of(world)
    first = await course.exam("2099-02-10")
    await course.ada.put(f"{course.exams}/{first}/registration")
    entry = await entered(course.ada, course.setting, PROTECTED)
    await worked(world)
    assert await course.registered() == []
    assert await course.listed() == [("exam", "2099-02-10T09:00:00", None, "open")]
    later = await course.exam("2099-06-10", starts="2099-06-10T10:00:00", zone="Europe/London", title="Second")
    await changed(course.ada, course.setting, entry, lastDay="2099-05-02")
    await worked(world)
    assert await course.registered() == [later]
    assert await course.listed() == [("exam", "2099-02-10T09:00:00", "2099-06-10T11:00:00", "done")]
    assert ["not registered" in text["en"] for *_, text in await mails(world)] == [True, False]


async def test_who_waits_for_a_date_gets_it_even_if_her_protection_is_gone(world: World) -> None:
    course = await Course.of(world)
    first = await course.exam("2099-02-10")
    await course.ada.put(f"{course.exams}/{first}/registration")
    entry = await entered(course.ada, course.setting, PROTECTED)
    await worked(world)
    await course.ada.delete(f"{course.setting.path}/me/entries/{entry['id']}", If_Match='"1"')
    later = await course.exam("2099-06-10")
    await entered(await seated(world, course.setting, "Eve"), course.setting, EVERY_KIND["daily"])
    await worked(world)
    assert await course.registered() == [later]
    assert [state for *_, state in await course.listed()] == ["done"]


async def test_what_is_no_protected_time_has_no_consequences(world: World) -> None:
    course, other = await Course.of(world), await Course.of(world, "beta")
    first, _ = await course.exam("2099-02-10"), await course.exam("2099-05-10")
    await course.ada.put(f"{course.exams}/{first}/registration")
    for needs in (
        {**PROTECTED, "strength": "rather_not"},
        {**PROTECTED, "firstDay": "2099-02-08", "lastDay": "2099-02-13"},  # six days
        {"kind": "closed_days", "strength": "cannot", "days": ["2099-02-10"]},
        {**EVERY_KIND["care_hours"], "firstDay": "2099-01-01"},
    ):
        await entered(course.ada, course.setting, needs)
    await world.admin.post(f"/programmes/{other.setting.programme['id']}/enrolments", {"email": course.ada.email})
    await entered(course.ada, other.setting, PROTECTED)  # it is known to the other programme alone
    await worked(world)
    assert (await course.registered(), await course.listed(), await mails(world)) == ([first], [], [])


async def test_only_what_was_proven_counts_where_the_policy_says_so(world: World) -> None:
    course = await Course.of(world, proof=True)
    first, later = await course.exam("2099-02-10"), await course.exam("2099-05-10")
    await course.ada.put(f"{course.exams}/{first}/registration")
    entry = await entered(course.ada, course.setting, PROTECTED)
    await worked(world)
    assert await course.registered() == [first]
    office = await world.person("Fay Office", "family_sessions.office", course.setting.programme)
    await office.post(
        f"{course.setting.path}/proofs/{entry['id']}", {"personId": course.ada.id, "validUntil": "2099-12-31"}, 200,
        If_Match='"1"',
    )  # fmt: skip
    await worked(world)
    assert await course.registered() == [later]


async def test_an_express_waiver_for_exams_counts(world: World) -> None:
    course = await Course.of(world)
    first, _ = await course.exam("2099-02-10"), await course.exam("2099-12-10")
    await course.ada.put(f"{course.exams}/{first}/registration")
    entry = await entered(course.ada, course.setting, {"kind": "maternity", "due": "2099-03-01"})
    await declared(course.ada, course.setting, entry, about="waiver", phase="before", activity="exams", given=True)
    await worked(world)
    assert (await course.registered(), await course.listed()) == ([first], [])


async def test_a_deadline_is_extended_recomputed_and_given_up(world: World) -> None:
    """The dates are near: the time that she has begins with her seat."""
    course = await Course.of(world)
    today = datetime.now(UTC).date()
    unit = f"/runs/{course.setting.run['id']}/units/intro"
    due = today + timedelta(days=30)
    await world.admin.put(f"{unit}/deadline", {"due": f"{due}T23:59:00", "zone": "Europe/Berlin"}, If_Match='"0"')
    needs = {**PROTECTED, "firstDay": str(today + timedelta(days=10)), "lastDay": str(today + timedelta(days=19))}
    entry = await entered(course.ada, course.setting, needs)

    async def held() -> str:
        [one] = (await course.ada.get("/me/deadlines"))["items"]
        return str(one["due"])

    await worked(world)
    assert await held() == f"{due + timedelta(days=10)}T23:59:00"
    [seen] = (await world.admin.get(f"{unit}/extensions"))["items"]
    assert (seen["reason"], seen["note"]) == ("other", "Decided elsewhere.")
    assert seen["decidedBy"] == world.admin.id  # who set it
    entry = await changed(course.ada, course.setting, entry, lastDay=str(today + timedelta(days=24)))
    await worked(world)
    assert await held() == f"{due + timedelta(days=15)}T23:59:00"
    entry = await changed(course.ada, course.setting, entry, lastDay=str(today + timedelta(days=19)))
    await worked(world)
    assert await held() == f"{due + timedelta(days=15)}T23:59:00", "what was promised is not taken back"
    subjects = [subject["en"] for _, subject, _ in await mails(world)]
    assert subjects == ["A deadline has changed for you"] * 2
    assert len(await course.listed()) == 1
    [one] = (await course.ada.get(course.mine))["items"]
    await course.ada.post(f"{course.mine}/{one['id']}/undo", None, 200)
    assert await held() == f"{due}T23:59:00"
    await changed(course.ada, course.setting, entry, lastDay=str(today + timedelta(days=26)))
    await worked(world)
    assert await held() == f"{due}T23:59:00"


@pytest.mark.parametrize("policy", [{"exams": "leave", "deadlines": "leave"}, {"least_days": 120}])
async def test_a_programme_may_leave_it(world: World, policy: dict[str, Any]) -> None:
    course = await Course.of(world, **policy)
    first, _ = await course.exam("2099-02-10"), await course.exam("2099-05-10")
    await course.ada.put(f"{course.exams}/{first}/registration")
    await entered(course.ada, course.setting, PROTECTED)
    await worked(world)
    assert await course.registered() == [first]


async def test_two_workers_at_once_do_it_once(world: World) -> None:
    course = await Course.of(world)
    first, later = await course.exam("2099-02-10"), await course.exam("2099-05-10")
    await course.ada.put(f"{course.exams}/{first}/registration")
    for last in ("2099-04-30", "2099-04-29", "2099-04-28"):
        await entered(course.ada, course.setting, {**PROTECTED, "lastDay": last})
    await asyncio.gather(*(worked(world) for _ in range(3)))
    assert (await course.registered(), len(await course.listed()), len(await mails(world))) == ([later], 1, 1)


async def test_the_board_gives_more_time_to_who_has_fewer_hours(world: World) -> None:
    course, other = await Course.of(world), await Course.of(world, "beta")
    board = await world.person("Bo Board", "family_sessions.board", course.setting.programme)
    today = datetime.now(UTC).date()
    unit = f"/runs/{course.setting.run['id']}/units/intro"
    due = today + timedelta(days=30)
    await world.admin.put(f"{unit}/deadline", {"due": f"{due}T23:59:00", "zone": "Europe/Berlin"}, If_Match='"0"')
    here = f"{course.setting.path}/deadlines/{course.setting.run['id']}/intro/compensation"
    body = {"personId": course.ada.id, "hours": 20}
    await board.post(here, body, 204)
    [one] = (await course.ada.get("/me/deadlines"))["items"]
    assert one["due"] == f"{due + timedelta(days=30)}T23:59:00"
    again = await board.post(here, body, 409)
    assert again["detail"] == f"She has time until {due + timedelta(days=30)} 23:59:00 (Europe/Berlin) already."
    assert [(who, subject["de"]) for who, subject, _ in await mails(world)] == [
        (course.ada.id, "Eine Frist hat sich für Sie geändert"),
    ]
    [seen] = (await world.admin.get(f"{unit}/extensions"))["items"]
    assert (seen["reason"], seen["decidedBy"]) == ("other", board.id)
    assert len(await course.listed()) == 1
    await board.post(here, {**body, "personId": other.ada.id}, 404)
    await board.post(here.replace("intro", "none"), body, 404)
    await board.post(here, {**body, "hours": 0}, 400)
