"""Turned off and on again in the middle of a term: all that people have is as it was, and nobody else sees a change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.plugins.family_sessions.test_consequences import PROTECTED, Course
from tests.support.family import task
from tests.support.family_care import CARE, EVERY_KIND, entered
from tests.support.family_childcare import mails, offers, worked

if TYPE_CHECKING:
    from tests.support.world import Actor, World

OWN = ("entries", "readings", "consequences", "leaves", "calendar", "school-calendars")


class Term:
    """A programme in mid-term: entries, a leave, a moved exam, booked childcare, a search for dates."""

    def __init__(self, course: Course, office: Actor, search: str) -> None:
        self.course, self.office, self.search = course, office, search
        self.plugin = f"/programmes/{course.setting.programme['id']}/plugins/family_sessions"

    @classmethod
    async def of(cls, world: World, key: str) -> Term:
        course = await Course.of(world, key)
        setting, ada = course.setting, course.ada
        office = await world.person(f"Olga Office {key}", "family_sessions.office", setting.programme)
        first, _ = await course.exam("2099-02-10"), await course.exam("2099-05-10")
        await ada.put(f"{course.exams}/{first}/registration")
        for needs in (PROTECTED, CARE, EVERY_KIND["maternity"], EVERY_KIND["children"]):
            await entered(ada, setting, needs)
        leave = {"personId": ada.id, "kind": "parental", "firstDay": "2026-10-01", "lastDay": "2027-03-31"}
        await office.put(f"{setting.path}/leaves/{uuid4()}", leave, If_Match='"0"')
        await office.post(f"{setting.path}/readings", {"personId": ada.id, "purpose": "A question"}, 200)
        await ada.put(f"{setting.path}/me/calendar")
        await ada.put(f"{setting.path}/me/school-calendars", {"calendars": [{"land": "SN", "school": "Lessing"}]})
        offered = await office.post(f"{setting.path}/childcare", offers(setting, everyDay=True))
        for age in (1, 4, 7):  # the last one waits
            await ada.post(f"{setting.path}/childcare/{offered['items'][0]['id']}/bookings", {"age": age})
        search = await world.admin.post(f"{setting.path}/suggestions", task(setting.run["id"], seconds=5))
        return cls(course, office, search["id"])

    async def shown(self) -> dict[str, Any]:
        """Return whole answers of the plugin to a student, the office and a planner."""
        path, admin = self.course.setting.path, self.course.world.admin
        asked = [(self.course.ada, f"{path}/me/{name}") for name in OWN]
        asked += [(self.course.ada, f"{path}/bookings"), (self.course.ada, f"{path}/childcare")]
        asked += [(self.office, f"{path}/people"), (self.office, f"{path}/refusals")]
        asked += [(admin, f"{path}/suggestions"), (admin, f"{path}/suggestions/{self.search}")]
        answers = {}
        for who, where in asked:
            found = await who.call("GET", where)
            answers[where] = (found.status_code, found.json())
        return answers

    async def kept(self) -> dict[str, Any]:
        """Return what the core keeps of it: for which exams she is registered, and her deadlines."""
        return {"exams": await self.course.registered(), "deadlines": await self.course.ada.get("/me/deadlines")}


@pytest.mark.timeout(300)
async def test_nothing_is_lost_and_all_is_back(world: World) -> None:
    term, other = await Term.of(world, "alpha"), await Term.of(world, "beta")
    await worked(world)
    before, kept, elsewhere = await term.shown(), await term.kept(), await other.shown()
    assert {status for status, _ in (*before.values(), *elsewhere.values())} == {200}
    empty = [where for where, (_, answer) in before.items() if answer.get("items") == []]
    assert [one.rsplit("/", 1)[1] for one in empty] == ["refusals"], "there is something to lose"
    written = len(await mails(world))

    await world.admin.put(term.plugin, {"enabled": False}, If_Match='"1"')
    await worked(world)
    assert {status for status, _ in (await term.shown()).values()} == {404}
    assert (await term.kept(), await other.shown()) == (kept, elsewhere)
    later = await term.course.exam("2099-03-10")
    await worked(world)
    assert (await term.kept(), len(await mails(world))) == (kept, written), "nothing is done while it is off"

    await world.admin.put(term.plugin, {"enabled": True}, If_Match='"2"')
    assert (await term.shown(), await term.kept(), await other.shown()) == (before, kept, elsewhere)
    await worked(world)
    assert (await term.shown(), await term.kept(), await other.shown()) == (before, kept, elsewhere)
    assert (later not in kept["exams"], len(await mails(world))) == (True, written)
