"""ECTS that plugins say are on their way stand on the dashboard, beside what is booked."""

from decimal import Decimal
from typing import Any

import pytest

from lms_core.api import Context, CreditsRequest, PendingCredit, Plugin, hookimpl
from tests.support.world import World


class Placements(Plugin):
    """Tells what its test wants told."""

    name = "placements"
    ects = Decimal("2.5")

    @hookimpl
    async def progress_credits(self, context: Context, request: CreditsRequest) -> list[PendingCredit]:
        return [PendingCredit(f"placement:{request.person_id}", "Internship", self.ects, "report handed in")]


class Broken(Plugin):
    """Fails."""

    name = "broken"

    @hookimpl
    async def progress_credits(self, context: Context, request: CreditsRequest) -> list[PendingCredit]:
        raise ConnectionError("the student office does not answer")


@pytest.fixture
def placements() -> Placements:
    return Placements()


@pytest.fixture
def plugins(placements: Placements) -> list[Any]:
    return [placements, Broken()]


async def test_pending_ects_are_shown_but_not_counted(world: World, placements: Placements) -> None:
    programme, other = await world.programme(), await world.programme("other")
    sofia = await world.student("Sofia Student", programme)
    await world.admin.post(f"/programmes/{other['id']}/enrolments", {"email": sofia.email})
    for plugin in ("placements", "broken"):
        await world.admin.put(f"/programmes/{programme['id']}/plugins/{plugin}", {"enabled": True}, If_Match='"0"')

    seen = await sofia.get("/me/dashboard")
    assert seen["pending"] == [
        {
            "programmeId": programme["id"],
            "plugin": "placements",
            "source": f"placement:{sofia.id}",
            "title": "Internship",
            "ects": "2.5",
            "state": "report handed in",
        }
    ]
    assert seen["degraded"] == ["broken"]
    assert [(t["ectsEarned"], t["ectsInProgress"], t["ectsOpen"]) for t in seen["totals"]] == [("0", "0", "90")] * 2


@pytest.mark.parametrize("ects", ["NaN", "Infinity", "-1", "2.505", "1E+9"])
async def test_impossible_ects_are_left_out(world: World, placements: Placements, ects: str) -> None:
    placements.ects = Decimal(ects)
    programme = await world.programme()
    sofia = await world.student("Sofia Student", programme)
    await world.admin.put(f"/programmes/{programme['id']}/plugins/placements", {"enabled": True}, If_Match='"0"')
    seen = await sofia.get("/me/dashboard")
    assert (seen["pending"], seen["degraded"]) == ([], ["placements"])
