"""A programme with internships and all who have to do with one, for the plugin that brings ECTS for them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from lms_internship_credit.calendar import turn
from lms_internship_credit.settings import Settings

import lms_core.types
from lms_core.hooks.context import Context
from lms_core.hooks.guests import Invitation, invite_guests, revoke_guests
from lms_core.people import actions as people
from lms_core.people import types as people_types
from tests.support.world import Actor

if TYPE_CHECKING:
    import pytest

    from tests.support.world import World

MAIN = {"key": "main", "title": "Internship", "ects": "5", "hours": 150}
TWO = [{"key": "first", "title": "First part", "ects": "4", "hours": 120}, {**MAIN, "key": "second", "ects": "5"}]
DESCRIPTION = {
    "firstDay": "2027-04-05", "lastDay": "2027-06-04", "weeklyHours": "35", "place": "Villingen",
    "tasks": "Etch membranes and measure them.", "aims": "Know a clean room.", "monitoring": "A talk each Friday.",
    "language": "de", "payCents": 120_000, "insurance": "Liability and accident by the host.",
}  # fmt: skip
MENTOR = {"name": "Mia Mentor", "email": "mia@sensors.example"}
CERTIFIED = {"firstDay": "2027-04-05", "lastDay": "2027-06-04", "hours": "300"}
POINTS = {"knowledge": 4, "quality": 5, "initiative": 4, "teamwork": 5, "reliability": 5, "words": "Gladly again."}


PLACES = {"Ines": "me/cases", "Sabine": "supervised", "Otto": "cases", "Berta": "decisions", "Bruno": "decisions"}
"""Where each takes steps."""


class Placement:
    """A programme with internships, its firm, and the seven who act: each by name."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.world, self._monkeypatch = world, monkeypatch
        self.people: dict[str, Actor] = {}

    @classmethod
    async def of(
        cls,
        world: World,
        monkeypatch: pytest.MonkeyPatch,
        parts: list[dict[str, Any]] | None = None,
        key: str = "ms",
        **settings: Any,
    ) -> Placement:
        made = cls(world, monkeypatch)
        await made._begin(parts or [MAIN], key, settings)
        return made

    async def _begin(self, parts: list[dict[str, Any]], key: str, settings: dict[str, Any]) -> None:
        world = self.world
        async with world.database.write() as connection:
            world.admin.token = (await people.issue_token(connection, world.admin.person, timedelta(days=4000))).token
        self.programme = await world.programme(key)
        where = f"/programmes/{self.programme['id']}"
        self.path = f"{where}/internship_credit"
        body = {"enabled": True, "settings": {"internships": [{"version": "po-2026", "parts": parts}], **settings}}
        await world.admin.put(f"{where}/plugins/internship_credit", body, If_Match='"0"')
        self.settings = msgspec.convert(body["settings"], Settings)
        for name, role in (
            ("Sabine", "lecturer"), ("Otto", "internship_credit.officer"), ("Berta", "internship_credit.board"),
            ("Bruno", "internship_credit.board"),
        ):  # fmt: skip
            self.people[name] = await self.person(f"{name} {key}", role)
        self.people["Ines"] = await self.person(f"Ines {key}")
        await world.admin.post(f"{where}/enrolments", {"email": self["Ines"].email})
        await self["Sabine"].put(f"{self.path}/me/supervising", {"subjects": "Sensors"}, 204)
        firm = {
            "name": "Sensors GmbH", "place": "Villingen", "country": "DE",
            "contacts": [{"name": "Hans Host", "email": "hans@sensors.example"}],
        }  # fmt: skip
        self.firm = await self["Otto"].post(f"{self.path}/organisations", firm)
        self.at("2027-03-01")

    def __getitem__(self, name: str) -> Actor:
        return self.people[name]

    async def person(self, name: str, role: str | None = None) -> Actor:
        """Bring a person in whose sign-in lasts for years."""
        email = f"{name.lower().replace(' ', '.')}@example.org"
        async with self.world.database.write() as connection:
            person = await people.create_person(connection, people_types.NewPerson(email=email, name=name))
            if role:
                scope = UUID(self.programme["id"])
                grant = people_types.NewGrant(role=role, scope="programme", scope_id=scope)
                await people.grant_role(connection, person.id, grant, None)
            signed_in = await people.issue_token(connection, person, timedelta(days=4000))
        return Actor(self.world.http, person, signed_in.token)

    def at(self, day: str) -> None:
        """Let it be noon of a day."""
        moment = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC) + timedelta(hours=11)
        self._monkeypatch.setattr(lms_core.types, "_clock", lambda: moment)

    async def day(self, day: str) -> None:
        """Let a day come, and the hourly job with it."""
        self.at(day)
        context = Context("internship_credit", UUID(self.programme["id"]), self.settings, self.world.database)
        await turn(context, None)

    async def link(self, case: str, role: str) -> str:
        """Make a link for one step, as the mail to host or mentor has one, and return its secret."""
        context = Context("internship_credit", UUID(self.programme["id"]), self.settings, self.world.database, off=True)
        name = MENTOR["name"] if role == "mentor" else self.firm["contacts"][0]["name"]
        async with context.write() as connection:
            await revoke_guests(context, connection, f"internship_credit.{role}", case)
            wanted = Invitation(
                role=f"internship_credit.{role}", about=case, title=f"{name}, {self.firm['name']}", path=role, once=True
            )
            [made] = await invite_guests(context, connection, [wanted])
        return made.url.partition("link=")[2]

    async def guest(self, case: str, role: str, action: str, status: int = 200, **more: Any) -> dict[str, Any]:
        """Take a step as host or mentor, by a fresh link."""
        secret = await self.link(case, role)
        address = f"{self.path}/{role}/steps?link={secret}"
        answer = await self.world.http.post(address, json={"action": action, **more})
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def step(self, name: str, case: str, action: str, status: int = 200, **more: Any) -> dict[str, Any]:
        """Take a step as somebody who is signed in, on the case as it is now."""
        place = f"{self.path}/{PLACES[name]}/{case}"
        revision = (await self[name].get(place))["revision"] if status == 200 else 0
        if status != 200:
            revision = (await self["Otto"].get(f"{self.path}/cases/{case}"))["revision"]
        body = {"action": action, **more}
        found: dict[str, Any] = await self[name].post(f"{place}/steps", body, status, If_Match=f'"{revision}"')
        return found

    async def drafted(self, part: str = "main", firm: str | None = None, **more: Any) -> str:
        """Have Ines begin a case and describe it; return its id."""
        new = {"part": part, "organisationId": firm or self.firm["id"]}
        case = await self["Ines"].post(f"{self.path}/me/cases", new)
        draft = {"description": {**DESCRIPTION, **more}, "supervisorId": self["Sabine"].id}
        await self["Ines"].put(f"{self.path}/me/cases/{case['id']}", draft, If_Match='"1"')
        return str(case["id"])

    async def signed(self, case: str) -> dict[str, Any]:
        """Have all three sign what is to be signed."""
        sha256 = (await self["Otto"].get(f"{self.path}/cases/{case}"))["sha256"]
        await self.step("Ines", case, "sign", sha256=sha256)
        await self.guest(case, "host", "sign", sha256=sha256)
        return await self.step("Sabine", case, "sign", sha256=sha256)

    async def running(self, part: str = "main", **more: Any) -> str:
        """Bring a case to where it is worked on; return its id."""
        case = await self.drafted(part, **more)
        await self.step("Ines", case, "propose")
        await self.guest(case, "host", "confirm", mentor=MENTOR)
        await self.step("Sabine", case, "approve")
        await self.signed(case)
        for kind in ("insurance", "residence", "wage"):
            body = {"cleared": True, "note": "Seen."}
            await self["Otto"].put(f"{self.path}/cases/{case}/clearances/{kind}", body)
        await self.step("Otto", case, "clear")
        await self.day(more.get("firstDay", DESCRIPTION["firstDay"]))
        return case

    async def evaluated(self, part: str = "main", hours: str = "300", **more: Any) -> str:
        """Bring a case to where the board decides; return its id."""
        case = await self.running(part, **more)
        first, last = more.get("firstDay", DESCRIPTION["firstDay"]), more.get("lastDay", DESCRIPTION["lastDay"])
        await self.day(str(date.fromisoformat(last) + timedelta(1)))
        certified = {"firstDay": first, "lastDay": last, "hours": hours}
        await self.guest(case, "host", "certify", certified=certified)
        secret = await self.link(case, "mentor")
        judged = await self.world.http.put(f"{self.path}/mentor/evaluation?link={secret}", json=POINTS)
        assert judged.status_code == 200, judged.text
        await self["Ines"].put(f"{self.path}/me/cases/{case}/report", {"text": "I etched, and it broke."})
        await self.step("Ines", case, "submit")
        await self.step("Sabine", case, "evaluate")
        return case
