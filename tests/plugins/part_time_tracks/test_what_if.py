"""What if: a term off, fewer hours, a failure, an elective less, a run that moves; compared, and accepted or not."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from lms_part_time_tracks import knowing

from tests.support.tracks import Study, where

if TYPE_CHECKING:
    from tests.support.world import World

WINTER, SUMMER, NEXT, LATER = "winter term 2026/27", "summer term 2027", "winter term 2027/28", "summer term 2028"
LAST = "winter term 2028/29"
OFF = {"kind": "skip", "season": "summer", "year": 2027}


@pytest.fixture(autouse=True)
def october(monkeypatch: pytest.MonkeyPatch) -> None:
    """The winter term 2026 has begun, its lectures have not."""
    monkeypatch.setattr(knowing, "now", lambda: datetime(2026, 10, 2, 12, tzinfo=UTC))


async def test_a_term_off_is_compared_accepted_and_written_down(world: World) -> None:
    study = await Study.of(world)
    ingrid, eve = await study.student("Ingrid"), await study.student("Eve")
    plan, off = await study.planned(ingrid), await study.planned(ingrid, OFF)
    assert off["asked"] == {"whatIf": [{**OFF, "leave": None}]}
    assert where(off) == {WINTER: ["mems"], SUMMER: [], NEXT: [], LATER: ["optics", "project"], LAST: ["thesis"]}
    compared = f"{study.path}/me/comparison?before={plan['id']}&after={off['id']}"
    found = await ingrid.get(compared)
    assert sorted(found.pop("moved"), key=lambda one: one["title"]) == [
        {
            "moduleId": study.modules[key]["id"], "title": key.title(), "before": before, "after": after,
            "runBefore": None, "runAfter": None,
        }
        for key, before, after in (("optics", SUMMER, LATER), ("project", SUMMER, LATER), ("thesis", NEXT, LAST))
    ]  # fmt: skip
    assert found == {
        "finishBefore": NEXT, "finishAfter": LAST, "missingBefore": "", "missingAfter": "",
        "figures": [{"figure": "finish", "before": "2", "after": "4"}],
    }  # fmt: skip
    await eve.get(compared, 404)
    accepted = await ingrid.post(f"{study.path}/me/plans/{off['id']}/acceptance", None, 200)
    assert accepted["holds"]
    said = (await ingrid.get(f"{study.path}/me/track"))["track"]["blackouts"]
    assert said == [{"firstDay": "2027-04-01", "lastDay": "2027-09-30", "note": "A term off"}]
    # from then on it is so
    assert where(await study.planned(ingrid)) == where(off)


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (
            [{"kind": "hours", "season": "winter", "year": 2026, "hours": 9, "terms": 2}],
            {WINTER: ["mems"], SUMMER: ["optics"], NEXT: [], LATER: ["project"], LAST: ["thesis"]},
        ),
        (
            [{"kind": "fail", "season": "winter", "year": 2026, "module": "mems"}],
            {WINTER: [], SUMMER: ["project"], NEXT: ["mems"], LATER: ["optics"], LAST: ["thesis"]},
        ),
        (
            [{"kind": "skip", "season": "winter", "year": 2026, "leave": "ordinary"}],
            {WINTER: [], SUMMER: ["project"], NEXT: ["mems"], LATER: ["optics"], LAST: ["thesis"]},
        ),
    ],
)
async def test_what_would_be(world: World, asked: list[dict[str, Any]], expected: dict[str, list[str]]) -> None:
    study = await Study.of(world)
    ingrid = await study.student("Ingrid")
    plan = await study.planned(ingrid, *asked)
    assert plan["result"]["status"] == "optimal"
    assert where(plan) == expected


async def test_what_she_cannot_decide_is_not_accepted(world: World) -> None:
    study = await Study.of(world)
    ingrid = await study.student("Ingrid")
    plan = await study.planned(ingrid, {"kind": "fail", "season": "winter", "year": 2026, "module": "mems"})
    refused = await ingrid.post(f"{study.path}/me/plans/{plan['id']}/acceptance", None, 409)
    assert refused["detail"] == "This plan is for something that has not happened; ask for a new one when it has."
    run = await world.run(study.programme, study.modules["mems"], 9)
    moved = {"kind": "shift_run", "season": "winter", "year": 2027, "runId": run["id"]}
    plan = await study.planned(ingrid, moved)
    assert where(plan)[NEXT] == ["mems"]
    await ingrid.post(f"{study.path}/me/plans/{plan['id']}/acceptance", None, 409)


async def test_why_there_is_no_plan_and_what_would_help(world: World) -> None:
    study = await Study.of(world)
    ingrid = await study.student("Ingrid")
    track = {"budgets": [{"firstDay": "2026-10-01", "hours": 12}]}
    await ingrid.put(f"{study.path}/me/track", track, If_Match='"0"')
    plan = await study.planned(ingrid)
    assert (plan["state"], plan["result"]["status"], plan["result"]["terms"]) == ("done", "infeasible", [])
    assert plan["result"]["reason"] == (
        "The nearest plan needs 10 ECTS more in summer term 2027 than your 12 h a week allow (Project takes 12.5 h) and "
        "15 ECTS more in summer term 2029 than your 12 h a week allow (Thesis takes 19.6 h), because Thesis needs 20 "
        "ECTS from earlier terms, the study ends with summer term 2030 at the latest and Project is taught in summer "
        "only."
    )
    assert [one["kind"] for one in plan["result"]["ways"]] == ["hours"]
    compared = await ingrid.get(f"{study.path}/me/comparison?before={plan['id']}&after={plan['id']}", 409)
    assert compared["detail"] == f"Nothing is planned in plan {plan['id']}: {plan['result']['reason']}"
    await ingrid.post(f"{study.path}/me/plans/{plan['id']}/acceptance", None, 409)


@pytest.mark.parametrize(
    ("wrong", "where_"),
    [
        ({"kind": "skip", "season": "summer", "year": 2026}, "body.whatIf[0].year"),
        ({"kind": "skip", "season": "summer", "year": 2090}, "body.whatIf[0].year"),
        ({"kind": "drop", "module": "alchemy"}, "body.whatIf[0].module"),
        (
            {"kind": "shift_run", "season": "summer", "year": 2027, "runId": "01a20612-50d9-7036-a093-969729579217"},
            "body.whatIf[0].runId",
        ),
        ({**OFF, "leave": "sabbatical"}, "body.whatIf[0].leave"),
    ],
)
async def test_what_cannot_be_asked(world: World, wrong: dict[str, Any], where_: str) -> None:
    study = await Study.of(world)
    ingrid = await study.student("Ingrid")
    problem = await ingrid.post(f"{study.path}/me/plans", {"whatIf": [wrong]}, 422)
    assert [one["where"] for one in problem["errors"]] == [where_]
    assert (await ingrid.get(f"{study.path}/me/plans"))["items"] == []


async def test_seats_do_not_move_even_if_one_asks(world: World) -> None:
    study = await Study.of(world)
    ingrid = await study.student("Ingrid")
    run = await world.run(study.programme, study.modules["mems"], 9)
    await ingrid.put(f"/runs/{run['id']}/enrolment", {})
    skip = {"kind": "skip", "season": "winter", "year": 2026}
    asked = {"whatIf": [skip, {"kind": "drop", "module": "mems"}, {**skip, "year": 2027}]}
    problem = await ingrid.post(f"{study.path}/me/plans", asked, 422)
    reason = f"you have a seat in {run['title']}, and seats do not move: withdraw from it first, then ask again"
    assert problem["errors"] == [
        {"where": "body.whatIf[0].year", "reason": reason}, {"where": "body.whatIf[1].module", "reason": reason},
    ]  # fmt: skip
    await ingrid.delete(f"/runs/{run['id']}/enrolment")
    assert where(await study.planned(ingrid, skip))[WINTER] == []
