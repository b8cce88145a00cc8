"""By when which unit: in proportion to the hours, never past a deadline, spread anew when somebody falls behind."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lms_part_time_tracks import knowing
from lms_part_time_tracks.pace import Step, paced, spread

from tests.support.tracks import Study
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import World

MONDAY = date(2026, 10, 12)
END = MONDAY + timedelta(days=7 * 10 + 4)
DAYS = st.integers(0, 80).map(lambda n: MONDAY + timedelta(days=n))
STEPS = st.lists(
    st.tuples(st.integers(1, 600), st.booleans(), st.none() | DAYS), min_size=1, max_size=12
).map(
    lambda found: [
        Step(unit_key=f"u{n}", minutes=minutes, done=done, latest=latest) for n, (minutes, done, latest) in enumerate(found)
    ]
)  # fmt: skip
WEEKS = st.lists(st.integers(0, 1200), max_size=11).map(
    lambda found: [(MONDAY + timedelta(weeks=n), minutes) for n, minutes in enumerate(found)]
)


@given(STEPS, WEEKS)
def test_nothing_is_due_after_its_deadline_or_the_end_and_all_keeps_its_order(
    steps: list[Step], weeks: list[tuple[date, int]]
) -> None:
    days = spread(steps, weeks, END)
    assert days == sorted(days)
    assert all(day <= (one.latest or END) and day <= END for one, day in zip(steps, days, strict=True))
    if not any(one.latest for one in steps):
        # of the work that is due by a week, no more than the week's share of all hours, but for the unit it ends in
        had, whole = sum(minutes for _, minutes in weeks), sum(one.minutes for one in steps)
        for number, (monday, _) in enumerate(weeks):
            due = sum(one.minutes for one, day in zip(steps, days, strict=True) if day <= monday + timedelta(days=6))
            assert monday + timedelta(days=6) >= END or due * had <= whole * sum(m for _, m in weeks[: number + 1])


@given(STEPS, WEEKS, DAYS)
def test_what_is_left_has_a_day_and_what_is_done_has_none(
    steps: list[Step], weeks: list[tuple[date, int]], today: date
) -> None:
    by, behind, replanned = paced(steps, weeks, END, today)
    assert list(by) == [one.unit_key for one in steps if not one.done]
    assert -sum(one.minutes for one in steps) <= behind <= sum(one.minutes for one in steps)
    if not any(one.done for one in steps) and not any(one.latest for one in steps) and today <= MONDAY:
        assert not replanned


def test_hours_decide_and_who_is_behind_gets_new_days() -> None:
    steps = [Step(unit_key=f"u{n}", minutes=60, done=False) for n in range(4)]
    weeks = [(MONDAY, 60), (MONDAY + timedelta(weeks=1), 0), (MONDAY + timedelta(weeks=2), 180)]
    first, third = MONDAY + timedelta(days=6), MONDAY + timedelta(days=20)
    assert spread(steps, weeks, END) == [first, third, third, third]
    assert paced(steps, weeks, END, MONDAY + timedelta(days=12)) == (
        {"u0": first, "u1": third, "u2": third, "u3": third}, 60, False,
    )  # fmt: skip
    later = [*weeks, (MONDAY + timedelta(weeks=3), 240), (MONDAY + timedelta(weeks=4), 480)]
    fourth, fifth = MONDAY + timedelta(days=27), MONDAY + timedelta(days=34)
    assert spread(steps, later, END) == [third, fourth, fifth, fifth]
    kept = paced(steps, later, END, MONDAY + timedelta(days=27))
    assert kept == ({"u0": third, "u1": fourth, "u2": fifth, "u3": fifth}, 60, False)
    assert paced(steps, later, END, MONDAY + timedelta(days=28)) == (dict.fromkeys(kept[0], fifth), 120, True)
    early = [*(Step(unit_key=f"u{n}", minutes=60, done=True) for n in range(3)), steps[3]]
    assert paced(early, later, END, MONDAY) == ({"u3": fifth}, -180, True)


UNITS = [{"key": f"unit{n}", "kind": "reading", "title": f"Unit {n}", "minutes": 120} for n in range(4)]


async def test_a_student_sees_what_to_do_this_week(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    study = await Study.of(world)
    ingrid, eve = await study.student("Ingrid"), await study.student("Eve")
    run = await world.run(study.programme, await world.module(study.programme, UNITS, "pace"))
    await ingrid.put(f"/runs/{run['id']}/enrolment", {})
    due = {"due": "2026-11-01T23:59:00", "zone": "Europe/Berlin"}
    await world.admin.put(f"/runs/{run['id']}/units/unit1/deadline", due, If_Match='"0"')
    track = {"budgets": [{"firstDay": "2026-10-01", "hours": 1}]}
    await ingrid.put(f"{study.path}/me/track", track, If_Match='"0"')

    async def seen(day: str) -> Any:
        monkeypatch.setattr(knowing, "now", lambda: datetime.fromisoformat(f"{day}T12:00:00+00:00"))
        return await ingrid.get(f"{study.path}/me/pace")

    with statements(world.database) as asked:
        found = await seen("2026-10-13")
    assert len([one for one in asked if "FROM token" not in one and "programme_plugin" not in one]) == 16, asked
    one = {"runId": run["id"], "minutes": 120}
    assert found == {
        "hasMinutes": 60, "thisWeekMinutes": 0, "proposals": [],
        "runs": [
            {
                "runId": run["id"], "title": run["title"], "endsOn": "2027-02-06", "behindMinutes": 0, "neededMinutes": 29,
                "replanned": False,
                "units": [
                    {**one, "unitKey": "unit0", "title": "Unit 0", "by": "2026-11-01", "deadline": None},
                    {**one, "unitKey": "unit1", "title": "Unit 1", "by": "2026-11-01", "deadline": "2026-11-01"},
                    {**one, "unitKey": "unit2", "title": "Unit 2", "by": "2027-01-10", "deadline": None},
                    {**one, "unitKey": "unit3", "title": "Unit 3", "by": "2027-02-06", "deadline": None},
                ],
            }
        ],
    }  # fmt: skip
    late = await seen("2027-01-26")
    [behind] = late["runs"]
    assert (behind["behindMinutes"], behind["replanned"], late["thisWeekMinutes"]) == (360, True, 240)
    assert late["proposals"] == [
        "What is left takes 4.0 hours a week, and you have 1.0: study 3.0 hours more each week until the lectures end, "
        "or take one module less.",
        f"In {run['title']} you are 6.0 hours behind; the rest is spread until 2027-02-06.",
    ]
    monkeypatch.setattr(knowing, "now", lambda: datetime(2026, 10, 13, tzinfo=UTC))
    assert (await eve.get(f"{study.path}/me/pace"))["runs"] == []
