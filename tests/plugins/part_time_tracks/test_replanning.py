"""Accepted plans are looked at each night: what changed is proposed and told once, and nothing moves by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import pytest
from lms_part_time_tracks import knowing, plans
from lms_part_time_tracks.replanning import replan
from lms_part_time_tracks.settings import Settings

from lms_core.api import Context
from tests.support.family_childcare import mails
from tests.support.tracks import Study, where

if TYPE_CHECKING:
    from tests.support.world import Actor, World

WINTER, SUMMER, NEXT, LATER = "winter term 2026/27", "summer term 2027", "winter term 2027/28", "summer term 2028"


@pytest.fixture(autouse=True)
def october(monkeypatch: pytest.MonkeyPatch) -> None:
    """The winter term 2026 has begun, its lectures have not."""
    for module in (knowing, plans):
        monkeypatch.setattr(module, "now", lambda: datetime(2026, 10, 2, 12, tzinfo=UTC))


async def night(world: World, study: Study) -> list[tuple[str, str]]:
    """Let a night pass; return who was written to."""
    before = len(await mails(world))
    settings = (await world.admin.get(f"/programmes/{study.programme['id']}/plugins/part_time_tracks"))["settings"]
    made = msgspec.convert(settings, Settings)
    await replan(
        Context("part_time_tracks", UUID(study.programme["id"]), made, world.database, hooks=world.app.state.hooks)
    )
    return [(who, subject["en"]) for who, subject, _ in (await mails(world))[before:]]


async def test_that_nothing_fits_any_more_is_told_once(world: World) -> None:
    study = await Study.of(world)
    ingrid = await study.student("Ingrid")
    plan = await study.planned(ingrid)
    await ingrid.post(f"{study.path}/me/plans/{plan['id']}/acceptance", None, 200)
    await ingrid.put(f"{study.path}/me/track", {"mostEcts": "10"}, If_Match='"0"')
    assert [who for who, _ in await night(world, study)] == [ingrid.id]
    assert "there is no plan any more" in (await mails(world))[-1][2]["en"]
    newest, older = await listed(study, ingrid)
    assert (newest["result"]["status"], newest["holds"], older["holds"]) == ("infeasible", False, True)
    assert await night(world, study) == []


async def listed(study: Study, who: Actor) -> list[Any]:
    return list((await who.get(f"{study.path}/me/plans"))["items"])


async def test_only_what_no_longer_fits_is_proposed_anew(world: World) -> None:
    study = await Study.of(world)
    ingrid, eve, otto = [await study.student(name) for name in ("Ingrid", "Eve", "Otto")]
    for who in (ingrid, eve):
        plan = await study.planned(who)
        await who.post(f"{study.path}/me/plans/{plan['id']}/acceptance", None, 200)
    await study.planned(otto)
    assert await night(world, study) == []
    quiet = await listed(study, ingrid)
    assert await night(world, study) == []
    assert await listed(study, ingrid) == quiet
    # who asks what if is not planned for it
    await study.planned(eve, {"kind": "skip", "season": "summer", "year": 2027})
    kept = await listed(study, eve)
    off = {"blackouts": [{"firstDay": "2027-04-01", "lastDay": "2027-09-30", "note": ""}]}
    await ingrid.put(f"{study.path}/me/track", off, If_Match='"0"')
    told = (ingrid.id, "Your study plan does not fit any more")
    assert await night(world, study) == [told]
    newest, *older = await listed(study, ingrid)
    assert (newest["holds"], where(newest)[LATER]) == (False, ["optics", "project"])
    assert older == quiet
    assert [one["holds"] for one in older].count(True) == 1
    assert await listed(study, eve) == kept
    assert await night(world, study) == []
    await ingrid.post(f"{study.path}/me/plans/{newest['id']}/acceptance", None, 200)
    assert await night(world, study) == []
