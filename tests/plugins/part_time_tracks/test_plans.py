"""A student says what time she has, has a plan made, accepts it, and is told when it no longer fits."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from lms_part_time_tracks import knowing, plans, tidying

from lms_core.api import Later, Unavailable, book_credit
from tests.support.exams import Faculty
from tests.support.tracks import Study, context_of, where, worked

if TYPE_CHECKING:
    from tests.support.world import World

WINTER, SUMMER, NEXT, LATER = "winter term 2026/27", "summer term 2027", "winter term 2027/28", "summer term 2028"


@pytest.fixture(autouse=True)
def october(monkeypatch: pytest.MonkeyPatch) -> None:
    """The winter term 2026 has begun, its lectures have not."""
    monkeypatch.setattr(knowing, "now", lambda: datetime(2026, 10, 2, 12, tzinfo=UTC))


def module(study: Study, key: str, ects: str = "5", **other: Any) -> dict[str, Any]:
    one = {"moduleId": study.modules[key]["id"], "key": key, "title": key.title(), "ects": ects}
    one |= {"runId": None, "run": None, "fixed": False, "done": False}
    return {**one, "slack": 0, "critical": True, "note": "", **other}


async def test_a_plan_is_made_proven_and_accepted(world: World) -> None:
    study, other = await Study.of(world), await Study.of(world, "beta")
    ingrid, eve = await study.student("Ingrid"), await study.student("Eve")
    plan = await study.planned(ingrid)
    rest = {"leave": False, "hours": None}
    assert plan["result"] == {
        "status": "optimal", "finish": NEXT, "finishOn": "2028-03-31", "recognised": [],
        "ects": "35", "ectsNeeded": "35", "missing": "",
        "weeks": plan["result"]["weeks"], "reason": "", "ways": [], "risk": plan["result"]["risk"],
        "terms": [
            {
                "name": WINTER, "firstDay": "2026-10-01", "lastDay": "2027-03-31", "weeks": 23, "load": "6.6",
                "ects": "5", "modules": [module(study, "mems", latest=WINTER)], **rest,
            },
            {
                "name": SUMMER, "firstDay": "2027-04-01", "lastDay": "2027-09-30", "weeks": 24, "load": "18.8",
                "ects": "15", **rest,
                "modules": [module(study, "optics", latest=SUMMER), module(study, "project", "10", latest=SUMMER)],
            },
            {
                "name": NEXT, "firstDay": "2027-10-01", "lastDay": "2028-03-31", "weeks": 23, "load": "19.6",
                "ects": "15", "modules": [module(study, "thesis", "15", latest=NEXT)], **rest,
            },
        ],
        "proven": [
            {"level": level, "value": value, "bound": value, "optimal": True}
            for level, value in (
                ("finish", "2"), ("peak", "19.6"), ("spread", "810"), ("trips", "0"), ("fee", "0"), ("changes", "0"),
            )
        ],
    }  # fmt: skip
    here = f"{study.path}/me/plans"
    accepted = await ingrid.post(f"{here}/{plan['id']}/acceptance", None, 200)
    assert accepted == {**plan, "acceptedAt": accepted["acceptedAt"], "holds": True}
    assert await ingrid.post(f"{here}/{plan['id']}/acceptance", None, 200) == accepted
    assert (await ingrid.get(here))["items"] == [accepted]
    # it is nobody else's
    assert (await eve.get(here))["items"] == []
    await eve.get(f"{here}/{plan['id']}", 404)
    await eve.post(f"{here}/{plan['id']}/acceptance", None, 404)
    await ingrid.get(f"{other.path}/me/plans/{plan['id']}", 404)
    await world.admin.get(f"{here}/{plan['id']}", 404)


async def test_how_late_each_module_can_be_without_a_later_end(world: World) -> None:
    study = await Study.of(world, ects="40", curricula=[])
    programme = study.programme
    examiner = await world.person("Eva Examiner", "examiner", programme)
    faculty = Faculty(world, programme, examiner, await world.person("Lea Lecturer", "lecturer", programme))
    ingrid = await study.student("Ingrid")
    runs = {key: await world.run(programme, study.modules[key]) for key in ("lasers", "thesis")}
    for run in runs.values():
        await ingrid.put(f"/runs/{run['id']}/enrolment", {})
    passed = await faculty.attempt(runs["lasers"], ingrid, mark="1.0")
    await examiner.post(f"{passed}/marks/{ingrid.id}/credit", {"evidence": "Protocol 7"})
    plan = await study.planned(ingrid)
    names = ("key", "fixed", "done", "latest", "slack", "critical")
    told = [tuple(one[name] for name in names) for term in plan["result"]["terms"] for one in term["modules"]]
    # the thesis has a seat, and could make way all the same; optics are taught in summer only, and so is the project
    assert sorted(told) == [
        ("lasers", True, True, None, None, False), ("mems", False, False, WINTER, 0, True),
        ("optics", False, False, SUMMER, 0, True), ("project", False, False, SUMMER, 0, True),
        ("thesis", True, False, SUMMER, 1, False),
    ]  # fmt: skip


async def test_a_plan_says_when_she_is_done_if_exams_can_be_failed(world: World) -> None:
    study = await Study.of(world, pass_share=1.0, pass_shares={"mems": 0.6}, limits={"attempts": 3})
    ingrid = await study.student("Ingrid")
    plan = await study.planned(ingrid)
    risk = plan["result"]["risk"]
    # mems costs a year each time, and after three times the study is over: 0.6, 0.84 and 0.936 of all lives
    assert (risk["p50"], risk["p80"], risk["p95"]) == (NEXT, "winter term 2028/29", None)
    assert (risk["samples"], risk["seed"]) == (2000, 0)
    assert abs(risk["inTime"] - 0.936) < 4 * risk["error"] < 0.04
    assert risk["delays"] == [{"title": "Mems", "terms": 2, "share": 0.4}]
    assert (await study.planned(ingrid))["result"]["risk"] == risk


@pytest.mark.parametrize(
    ("at_most", "recognised", "expected"),
    [
        ("15", True, {WINTER: ["thesis"], SUMMER: ["optics"]}),
        ("14", True, {WINTER: ["mems"], SUMMER: ["optics", "thesis"]}),
        # an internship, a week: earned here
        ("5", False, {WINTER: ["thesis"], SUMMER: ["optics"]}),
    ],
)
async def test_what_is_booked_apart_counts_and_takes_of_what_may_be_recognised_if_it_is(
    world: World, at_most: str, expected: dict[str, list[str]], *, recognised: bool
) -> None:
    study = await Study.of(world, limits={"recognisedAtMost": at_most}, curricula=[])
    ingrid = await study.student("Ingrid")
    said = {"recognised": ["mems"], "unwanted": ["lasers", "project"]}
    await ingrid.put(f"{study.path}/me/track", said, If_Match='"0"')
    assert (await study.planned(ingrid))["result"]["status"] == "infeasible"
    where_ = UUID(study.programme["id"])
    async with world.database.write() as connection:
        await book_credit(
            connection, ingrid.person.id, "school:1", Decimal(10), "A certificate", world.admin.person.id,
            title="A school in summer", programme_id=where_, recognised=recognised,
        )  # fmt: skip
    # 10 of 35 ECTS are there; 5 for mems can be recognised beside them, or not
    plan = await study.planned(ingrid)
    assert (plan["result"]["status"], where(plan)) == ("optimal", expected)
    assert [one["key"] for one in plan["result"]["recognised"]] == ([] if at_most == "14" else ["mems"])


async def test_hours_absences_and_wishes_are_planned_with(world: World) -> None:
    study = await Study.of(world)
    ingrid = await study.student("Ingrid")
    track = f"{study.path}/me/track"
    said = {
        "budgets": [{"firstDay": "2026-10-01", "hours": "8"}, {"firstDay": "2027-10-01", "hours": "19.75"}],
        "blackouts": [{"firstDay": "2027-06-07", "lastDay": "2027-06-18", "note": "A fair in Hanover"}],
        "leaves": [], "recognised": [], "wanted": ["lasers"], "unwanted": [], "noWeekends": False, "doneBy": None,
        "mostEcts": "15", "calendar": True, "digest": False,
    }  # fmt: skip
    assert (await ingrid.get(track))["revision"] == 0
    kept = await ingrid.put(track, said, If_Match='"0"')
    assert (kept["track"], kept["revision"]) == (said, 1)
    await ingrid.put(track, said, 412, If_Match='"0"')
    plan = await study.planned(ingrid)
    # lasers are among the electives, and the project does not fit with them: 10 ECTS of the two at most
    assert (plan["result"]["status"], plan["result"]["terms"]) == ("infeasible", [])
    said["wanted"] = []
    await ingrid.put(track, said, If_Match='"1"')
    plan = await study.planned(ingrid)
    # 10 ECTS are 13 hours a week: not before she has 19.75
    assert where(plan) == {
        WINTER: ["mems"], SUMMER: ["optics"], NEXT: [], LATER: ["project"], "winter term 2028/29": ["thesis"],
    }  # fmt: skip
    summer = plan["result"]["terms"][1]
    assert (summer["weeks"], summer["hours"], summer["load"]) == (22, "8", "6.9")


async def test_what_changed_meanwhile_is_not_accepted_and_a_new_plan_keeps_to_the_old_one(world: World) -> None:
    study = await Study.of(world)
    ingrid = await study.student("Ingrid")
    plan = await study.planned(ingrid)
    here = f"{study.path}/me/plans"
    await ingrid.post(f"{here}/{plan['id']}/acceptance", None, 200)
    track = f"{study.path}/me/track"
    await ingrid.put(track, {"mostEcts": "14"}, If_Match='"0"')
    second = await study.planned(ingrid)
    assert second["result"]["status"] == "infeasible"
    await ingrid.post(f"{here}/{second['id']}/acceptance", None, 409)
    await ingrid.put(track, {"blackouts": [{"firstDay": "2027-04-01", "lastDay": "2027-09-30"}]}, If_Match='"1"')
    third = await study.planned(ingrid)
    assert where(third) == {
        WINTER: ["mems"], SUMMER: [], NEXT: [], LATER: ["optics", "project"], "winter term 2028/29": ["thesis"],
    }  # fmt: skip
    assert [one["value"] for one in third["result"]["proven"] if one["level"] == "changes"] == ["3"]
    await ingrid.put(track, {"mostEcts": "30"}, If_Match='"2"')
    stale = await ingrid.post(f"{here}/{third['id']}/acceptance", None, 409)
    assert stale["detail"] == "Your study, your wishes or what is taught when has changed since; ask for a new plan."
    assert [one["holds"] for one in (await ingrid.get(here))["items"]] == [False, False, True]


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"budgets": [{"firstDay": "2027-01-01", "hours": 81}]}, 400),
        ({"budgets": [{"firstDay": "2027-01-01", "hours": "9.125"}]}, 400),
        ({"budgets": [{"firstDay": "2027-01-01", "hours": "NaN"}]}, 400),
        ({"budgets": [{"firstDay": "2027-01-01", "hours": 8}] * 2}, 400),
        ({"blackouts": [{"firstDay": "2027-01-02", "lastDay": "2027-01-01"}]}, 400),
        ({"blackouts": [{"firstDay": "1999-01-02", "lastDay": "2027-01-01"}]}, 400),
        ({"wanted": ["optics"], "unwanted": ["optics"]}, 400), ({"mostEcts": "-1"}, 400), ({"mostEcts": "NaN"}, 400),
        ({"leaves": [{"kind": "parental", "firstDay": "2027-01-01", "lastDay": "2027-01-02"}]}, 422),
        ({"wanted": ["alchemy"]}, 422), ({"doneBy": "2026-10-01"}, 422),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_refused(world: World, wrong: dict[str, Any], status: int) -> None:
    study = await Study.of(world)
    ingrid = await study.student("Ingrid")
    await ingrid.put(f"{study.path}/me/track", wrong, status, If_Match='"0"')
    assert (await ingrid.get(f"{study.path}/me/track"))["revision"] == 0


async def test_who_has_left_is_told_so_and_strangers_have_no_track(world: World) -> None:
    study = await Study.of(world)
    ingrid, stranger = await study.student("Ingrid"), await world.person("Stranger")
    asked = await ingrid.post(f"{study.path}/me/plans", {})
    await world.admin.delete(f"/programmes/{study.programme['id']}/enrolments/{ingrid.id}")
    await worked(world)
    assert (await ingrid.call("GET", f"{study.path}/me/plans/{asked['id']}")).status_code == 404
    for path in ("me/track", "me/plans", f"me/plans/{uuid4()}"):
        await stranger.get(f"{study.path}/{path}", 404)


async def test_a_plan_whose_worker_dies_each_time_has_failed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    study = await Study.of(world)
    ingrid = await study.student("Ingrid")
    asked = await ingrid.post(f"{study.path}/me/plans", {})
    payload = plans.Planning(UUID(asked["id"]))

    async def dies(*_: Any) -> Any:
        raise KeyboardInterrupt

    async def waits(*_: Any) -> Any:
        raise Unavailable("later")

    for happens, times, raised in ((waits, 9, Later), (dies, plans.TRIES, KeyboardInterrupt)):
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(plans, "look_up", happens)
            for _ in range(times):
                with pytest.raises(raised):
                    await plans.make(context_of(study), payload)
    path = f"{study.path}/me/plans/{asked['id']}"
    assert (await ingrid.get(path))["state"] == "queued"
    await worked(world)
    found = await ingrid.get(path)
    assert (found["state"], found["reason"], found["result"]) == ("failed", plans.DIED, None)
    assert (await study.planned(ingrid))["state"] == "done"


async def test_a_plan_whose_turn_came_while_the_plugin_was_off_has_failed_a_day_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = await Study.of(world)
    ingrid = await study.student("Ingrid")
    done = await study.planned(ingrid)
    plugin = f"/programmes/{study.programme['id']}/plugins/part_time_tracks"
    asked = await ingrid.post(f"{study.path}/me/plans", {})
    await world.admin.put(plugin, {"enabled": False}, If_Match='"1"')
    await worked(world)
    await world.admin.put(plugin, {"enabled": True}, If_Match='"2"')
    await worked(world)
    path, seen = f"{study.path}/me/plans/{asked['id']}", []
    for hours in (23, 25):
        moment = datetime.fromisoformat(asked["madeAt"]) + timedelta(hours=hours)
        monkeypatch.setattr(tidying, "now", lambda at=moment: at)
        await tidying.tidy(context_of(study))
        found = await ingrid.get(path)
        seen.append((found["state"], found["reason"]))
    assert seen == [("queued", None), ("failed", tidying.LOST)]
    assert await ingrid.get(f"{study.path}/me/plans/{done['id']}") == done
