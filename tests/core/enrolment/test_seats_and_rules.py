"""The core's own rules about seats: what must be completed before, how much a term may hold, no two days at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import insert

from lms_core.enrolment.tables import run_enrolment
from lms_core.types import now
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World

READING = {"key": "intro", "kind": "reading", "title": "Introduction"}
DAY = {"title": "Lab day", "zone": "Europe/Berlin", "mode": "on_site", "place": "Lab 1"}


async def module(world: World, programme: dict[str, Any], key: str, **content: Any) -> dict[str, Any]:
    made = await world.admin.post(f"/programmes/{programme['id']}/modules", {"key": key, "title": key.title()})
    whole = {"title": key.title(), "ects": "5", "workloadHours": 150, "units": [READING], **content}
    draft = await world.admin.put(f"/modules/{made['id']}/draft", whole, If_Match='"1"')
    await world.admin.post(f"/modules/{made['id']}/publish", If_Match=f'"{draft["revision"]}"')
    return made


async def enrol(student: Actor, run: dict[str, Any], status: int = 200) -> Any:
    return await student.put(f"/runs/{run['id']}/enrolment", {}, status)


async def states(world: World, run: dict[str, Any]) -> dict[str, str]:
    people = await world.admin.get(f"/runs/{run['id']}/participants?limit=200")
    return {p["name"]: p["state"] for p in people["items"]}


async def session(world: World, run: dict[str, Any], starts: str, ends: str, **other: Any) -> Any:
    return await world.admin.post(f"/runs/{run['id']}/sessions", {**DAY, "starts": starts, "ends": ends, **other})


async def test_what_must_be_completed_before_is_asked_for_and_can_be_waived(world: World) -> None:
    programme = await world.programme()
    physics = await world.run(programme, await module(world, programme, "physics"))
    await module(world, programme, "chemistry")
    sensors = await world.run(
        programme, await module(world, programme, "sensors", prerequisites=["physics", "chemistry"])
    )
    anna, bea = [await world.student(name, programme) for name in ("Anna", "Bea")]
    await enrol(bea, physics)  # being enrolled is not having completed
    for student in (anna, bea):
        refused = await enrol(student, sensors, 409)
        assert refused["errors"] == [{"where": "prerequisites", "reason": "Not completed before: Chemistry, Physics."}]
    event = {"id": "01999999-0000-7000-8000-000000000001", "at": "2026-11-01T10:00:00Z", "completed": True}
    await bea.post(f"/runs/{physics['id']}/units/intro/progress", event, 200)
    refused = await enrol(bea, sensors, 409)
    assert refused["errors"][0]["reason"] == "Not completed before: Chemistry."
    waiver = f"/runs/{sensors['id']}/enrolments/{bea.id}/waivers"
    await world.admin.put(f"{waiver}/limits", {"reason": "Another rule."})
    await enrol(bea, sensors, 409)
    granted = await world.admin.put(f"{waiver}/prerequisites", {"reason": "Ten years in a clean room."})
    assert (granted["grantedBy"], granted["reason"]) == (world.admin.id, "Ten years in a clean room.")
    await enrol(bea, sensors)
    await enrol(anna, sensors, 409)  # a waiver is for one person
    bad = await world.admin.put(f"{waiver}/everything", {"reason": "No."}, 400)
    assert bad["errors"][0]["where"] == "path.rule"


async def test_a_term_holds_what_the_regulation_of_the_person_allows(world: World) -> None:
    programme = await world.programme()
    path = f"/programmes/{programme['id']}"
    strict = {
        "version": "strict", "validFrom": "2026-02-01", "ectsTotal": "90", "hoursPerEcts": "30",
        "limits": {"maxEctsPerTerm": 10},
    }  # fmt: skip
    strict_id = (await world.admin.post(f"{path}/regulations", strict))["id"]
    runs = [await world.run(programme, await module(world, programme, key)) for key in ("one", "two", "three")]
    anna, free = await world.person("Anna"), await world.person("Free")
    await world.admin.post(f"{path}/enrolments", {"email": anna.email, "regulationId": strict_id})
    bound = {"email": free.email, "regulationId": programme["regulation"]}
    await world.admin.post(f"{path}/enrolments", bound)
    for run in runs:
        await enrol(free, run)
    await enrol(anna, runs[0])
    await enrol(anna, runs[1])
    refused = await enrol(anna, runs[2], 409)
    assert refused["errors"] == [
        {
            "where": "limits",
            "reason": "With the 5 ECTS of this run you would have 15 ECTS in the term; the regulation strict allows 10.",
        }
    ]
    await anna.delete(f"/runs/{runs[0]['id']}/enrolment")
    await enrol(anna, runs[2])


async def test_nobody_has_two_days_at_once_whatever_their_zones(world: World) -> None:
    programme = await world.programme()
    berlin, york, free = [
        await world.run(programme, await module(world, programme, key)) for key in ("berlin", "york", "free")
    ]
    await session(world, berlin, "2026-11-07T09:00:00", "2026-11-07T16:00:00")
    # 03:00 to 04:00 in New York is 09:00 to 10:00 in Berlin
    night = {"zone": "America/New_York", "mode": "online", "title": "Call"}
    call = await session(world, york, "2026-11-07T03:00:00", "2026-11-07T04:00:00", **night)
    await session(world, free, "2026-11-07T16:00:00", "2026-11-07T17:00:00")
    anna = await world.student("Anna", programme)
    await enrol(anna, berlin)
    await enrol(anna, free)  # begins as the other ends
    refused = await enrol(anna, york, 409)
    assert refused["errors"] == [
        {
            "where": "clashes",
            "reason": '"Call" on 2026-11-07 at 03:00 (America/New_York) is at the same time as "Lab day" of Berlin.',
        }
    ]
    path = f"/runs/{york['id']}/sessions/{call['id']}"
    await world.admin.delete(path, If_Match='"1"')
    await enrol(anna, york)


async def test_who_moves_up_is_passed_over_while_a_rule_stands_against_it(world: World) -> None:
    programme = await world.programme()
    one, two = [await world.run(programme, await module(world, programme, key), 1) for key in ("one", "two")]
    for run in (one, two):
        await session(world, run, "2026-11-07T09:00:00", "2026-11-07T16:00:00")
    anna, bea, cem = [await world.student(name, programme) for name in ("Anna", "Bea", "Cem")]
    for student in (anna, bea, cem):
        await enrol(student, one)
    await enrol(bea, two)  # one waits, and does not sit, in the other
    await anna.delete(f"/runs/{one['id']}/enrolment")
    assert await states(world, one) == {"Anna": "withdrawn", "Bea": "waiting", "Cem": "enrolled"}
    mine = await bea.get(f"/runs/{one['id']}/enrolment")
    assert [change["reason"] for change in mine["changes"]] == [
        "",
        '"Lab day" on 2026-11-07 at 09:00 (Europe/Berlin) is at the same time as "Lab day" of Two.',
    ]
    await bea.delete(f"/runs/{two['id']}/enrolment")
    await cem.delete(f"/runs/{one['id']}/enrolment")
    assert (await states(world, one))["Bea"] == "enrolled"


async def test_who_plans_is_warned_how_many_are_elsewhere_then_and_never_who(world: World) -> None:
    programme, other = await world.programme(), await world.programme("other")
    mine, sister, call = [
        await world.run(programme, await module(world, programme, key), 9) for key in ("mine", "sister", "call")
    ]
    secret = await world.run(other, await module(world, other, "secret"), 9)
    morning = ("2026-11-07T09:00:00", "2026-11-07T12:00:00")
    for run in (sister, secret):
        await session(world, run, *morning)
    # 03:00 in New York is 09:00 in Berlin; this one is of the day before there
    await session(world, call, "2026-11-06T21:30:00", "2026-11-07T01:30:00", zone="America/New_York", title="Call")
    people = [await world.student(name, programme) for name in ("Anna", "Bea", "Cem", "Dora")]
    for student, runs in zip(
        people, ([mine, sister], [mine, sister, secret], [mine, call], [sister, secret]), strict=True
    ):
        await world.admin.post(f"/programmes/{other['id']}/enrolments", {"email": student.email})
        for run in runs:
            async with world.database.write() as connection:  # past the rule that would have stood against it
                row = {"person_id": student.person.id, "run_id": UUID(run["id"]), "state": "enrolled", "turn": 1}
                await connection.execute(insert(run_enrolment), {**row, "since": now()})
    planner = await world.person("Mo", "programme_administrator", programme)
    path = f"/runs/{mine['id']}/sessions"

    def told(*reasons: str) -> list[dict[str, str]]:
        return [{"code": "clashes", "reason": reason, "severity": "warn"} for reason in reasons]

    both = told(
        'Participants elsewhere then: 2, at "Lab day" of Sister.',
        "Participants elsewhere then: 1, at a day of another programme.",
    )
    planned = await planner.post(path, {**DAY, "starts": "2026-11-07T11:00:00", "ends": "2026-11-07T16:00:00"})
    assert planned["warnings"] == both
    noon = {**DAY, "starts": "2026-11-07T12:00:00", "ends": "2026-11-07T16:00:00"}
    changed = await planner.put(f"{path}/{planned['id']}", noon, If_Match='"1"')
    assert changed["warnings"] == []
    early = {**DAY, "starts": "2026-11-07T07:00:00", "ends": "2026-11-07T08:00:00"}
    with statements(world.database) as seen:
        assert (await planner.post(path, early))["warnings"] == told(
            'Participants elsewhere then: 1, at "Call" of Call.'
        )
    assert len([line for line in seen if "theirs" in line]) == 1


async def test_who_left_the_programme_does_not_move_up_and_reads_why_once(world: World) -> None:
    programme = await world.programme()
    run = await world.run(programme, await module(world, programme, "one"), 1)
    anna, bea, cem, dora = [await world.student(name, programme) for name in ("Anna", "Bea", "Cem", "Dora")]
    for student in (anna, bea, cem, dora):
        await enrol(student, run)
    await world.admin.delete(f"/programmes/{programme['id']}/enrolments/{bea.id}")
    await anna.delete(f"/runs/{run['id']}/enrolment")
    await cem.delete(f"/runs/{run['id']}/enrolment")
    assert await states(world, run) == {"Anna": "withdrawn", "Bea": "waiting", "Cem": "withdrawn", "Dora": "enrolled"}
    mine = await bea.get(f"/runs/{run['id']}/enrolment")
    left = "You do not study the programme any more under which this would count."
    assert [change["reason"] for change in mine["changes"]] == ["", left]
    waiver = f"/runs/{run['id']}/enrolments/{bea.id}/waivers/programme"
    await world.admin.put(waiver, {"reason": "No rule that could be waived."}, 400)


async def test_a_list_full_of_clashes_costs_a_few_rounds_and_passes_over_only_those_before_the_next(
    world: World,
) -> None:
    programme = await world.programme()
    one, two = [await world.run(programme, await module(world, programme, key), 1) for key in ("one", "two")]
    await world.admin.put(f"/runs/{two['id']}/capacity", {"capacity": 50}, If_Match='"1"')
    for run in (one, two):
        await session(world, run, "2026-11-07T09:00:00", "2026-11-07T16:00:00")
    first, *others = [await world.student(f"Student {number:02}", programme) for number in range(33)]
    await enrol(first, one)
    for number, student in enumerate(others):
        await enrol(student, one)
        if number != 30:  # the last but one sits nowhere else
            await enrol(student, two)
    with statements(world.database) as seen:
        await first.delete(f"/runs/{one['id']}/enrolment")
    assert len([line for line in seen if "FROM run_enrolment JOIN session" in line]) == 3, seen
    found = await states(world, one)
    assert [name for name, state in found.items() if state == "enrolled"] == ["Student 31"]
    changes = (await world.admin.get(f"/runs/{one['id']}/enrolment-changes?limit=200"))["items"]
    passed = [change["personId"] for change in changes if change["before"] == change["after"]]
    assert sorted(passed) == sorted(student.id for student in others[:30])  # and not the last, for no seat was left


async def test_the_number_of_statements_is_known(world: World) -> None:
    programme = await world.programme()
    run = await world.run(programme, await module(world, programme, "one"), 2)
    students = [await world.student(f"Student {number}", programme) for number in range(12)]
    path = f"/runs/{run['id']}"
    for student in students[:3]:
        await enrol(student, run)
        await student.get("/me")
    await students[10].get("/me")
    with statements(world.database) as seen:
        await enrol(students[10], run)  # no seat is free
    assert len(seen) <= 18, seen
    with statements(world.database) as seen:
        await students[0].delete(f"{path}/enrolment")
    assert len(seen) <= 16, seen
    for student in students[4:10]:
        await enrol(student, run)
    counts = []
    for capacity, revision in ((3, 1), (7, 2)):
        with statements(world.database) as seen:
            await world.admin.put(f"{path}/capacity", {"capacity": capacity}, If_Match=f'"{revision}"')
        counts.append(len(seen))
    assert counts[0] == counts[1], counts  # however many move up
