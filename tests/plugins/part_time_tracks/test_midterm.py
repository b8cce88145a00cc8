"""A plan in the middle of a term: what is over is over, and cannot be begun any more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from lms_part_time_tracks import knowing

from tests.support.tracks import Study, where

if TYPE_CHECKING:
    from tests.support.world import World

WINTER, SUMMER, NEXT, LATER = "winter term 2026/27", "summer term 2027", "winter term 2027/28", "summer term 2028"
LAST = "winter term 2028/29"


@pytest.fixture(autouse=True)
def november(monkeypatch: pytest.MonkeyPatch) -> None:
    """The lectures of the winter term 2026 are half over."""
    monkeypatch.setattr(knowing, "now", lambda: datetime(2026, 11, 23, 12, tzinfo=UTC))


async def test_who_had_no_seat_on_a_day_on_site_begins_a_year_later(world: World) -> None:
    study = await Study.of(world)
    ingrid, eve = await study.student("Ingrid"), await study.student("Eve")
    run = await world.run(study.programme, study.modules["mems"], 9)
    session = {
        "title": "Lab", "zone": "Europe/Berlin", "mode": "on_site", "place": "C 1.07",
        "starts": "2026-11-07T09:00:00", "ends": "2026-11-07T17:00:00",
    }  # fmt: skip
    await world.admin.post(f"/runs/{run['id']}/sessions", session)
    await eve.put(f"/runs/{run['id']}/enrolment", {})
    # that she was away on a day that is over changes nothing
    track = {"blackouts": [{"firstDay": "2026-11-07", "lastDay": "2026-11-07"}]}
    await eve.put(f"{study.path}/me/track", track, If_Match='"0"')
    late, plan = await study.planned(ingrid), await study.planned(eve)
    assert where(late) == {WINTER: [], SUMMER: ["project"], NEXT: ["mems"], LATER: ["optics"], LAST: ["thesis"]}
    assert where(plan) == {WINTER: ["mems"], SUMMER: ["optics", "project"], NEXT: ["thesis"]}
    # 150 hours less the 8 on site, over 23 of the 26 weeks; nothing in those that are over
    weeks = {one["monday"]: (one["hours"], one["sessions"]) for one in plan["result"]["weeks"]}
    assert [weeks[day] for day in ("2026-10-05", "2026-11-02", "2026-11-16", "2026-11-23", "2026-11-30")] == [
        ("0", "0"), ("0", "0"), ("0", "0"), ("6.1", "0"), ("6.1", "0"),
    ]  # fmt: skip


async def test_what_is_begun_in_mid_term_takes_the_weeks_that_are_left(world: World) -> None:
    study = await Study.of(world)
    ingrid = await study.student("Ingrid")
    await world.run(study.programme, study.modules["mems"], 9)
    await ingrid.put(f"{study.path}/me/track", {"budgets": [{"firstDay": "2026-10-01", "hours": 20}]}, If_Match='"0"')
    weeks = {one["monday"]: (one["hours"], one["has"]) for one in (await study.planned(ingrid))["result"]["weeks"]}
    # 150 hours over the 15 weeks until 7 March
    assert [weeks[day] for day in ("2026-11-16", "2026-11-23", "2027-03-01", "2027-03-08")] == [
        ("0", "0"), ("10", "20"), ("10", "20"), ("0", "20"),
    ]  # fmt: skip


async def test_sessions_at_a_weekend_that_can_be_followed_from_elsewhere(world: World) -> None:
    study = await Study.of(world)
    ingrid, eve = await study.student("Ingrid"), await study.student("Eve")
    run = await world.run(study.programme, study.modules["mems"], 9)
    session = {
        "title": "Lab", "zone": "Europe/Berlin", "mode": "hybrid", "place": "C 1.07",
        "starts": "2026-12-05T09:00:00", "ends": "2026-12-05T17:00:00",
    }  # fmt: skip
    await world.admin.post(f"/runs/{run['id']}/sessions", session)
    await ingrid.put(f"{study.path}/me/track", {"noWeekends": True}, If_Match='"0"')
    plan, other = await study.planned(ingrid), await study.planned(eve)
    notes = [one["result"]["terms"][0]["modules"][0]["note"] for one in (plan, other)]
    assert notes == ["On 2026-12-05, at a weekend, you can take part from elsewhere: you need not come.", ""]
    page = (await ingrid.call("GET", f"{study.path}/me/plans/{plan['id']}/page")).text
    assert f"<td>{notes[0]}</td>" in page
