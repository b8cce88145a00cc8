"""What if a module were taught in other seasons: a programme learns how many would end when, and never of whom."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4
from xml.etree import ElementTree as ET

import pytest
from lms_part_time_tracks import knowing, moves, moving, plans, tidying
from lms_part_time_tracks.moves import MOST_A_WEEK, Moving
from lms_part_time_tracks.tables import move, placed
from sqlalchemy import insert, update

from tests.support.tracks import Study, context_of, worked

if TYPE_CHECKING:
    from tests.support.world import Actor, World

CURRICULUM = {
    "version": "part-time", "required": ["mems", "optics"], "thesis": "thesis", "thesis_after_ects": "10",
}  # fmt: skip
OFF = {"blackouts": [{"firstDay": "2027-04-01", "lastDay": "2027-09-30"}]}
OCTOBER = datetime(2026, 10, 2, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def october(monkeypatch: pytest.MonkeyPatch) -> None:
    """The winter term 2026 has begun, its lectures have not."""
    for module in (knowing, plans, moves):
        monkeypatch.setattr(module, "now", lambda: OCTOBER)


async def small(world: World, key: str = "alpha") -> Study:
    """Return a study of mems (in winter), optics (in summer), and the thesis in the term after them."""
    return await Study.of(world, key, ects="25", curricula=[CURRICULUM])


async def students(study: Study, many: int, track: dict[str, Any] | None = None) -> list[Actor]:
    """Bring in students who have accepted a plan."""
    people = [await study.student(f"Student {uuid4()}") for _ in range(many)]
    for who in people:
        if track:
            await who.put(f"{study.path}/me/track", track, If_Match='"0"')
        row = {"person_id": UUID(who.id), "programme_id": UUID(study.programme["id"]), "term": 4053, "run_id": None}
        async with study.world.database.write() as connection:
            await connection.execute(insert(placed), {**row, "module_id": UUID(study.modules["mems"]["id"])})
    return people


async def asked(study: Study, key: str, *offered: str, **other: Any) -> dict[str, Any]:
    body = {"moduleId": study.modules[key]["id"], "offered": list(offered), **other}
    made = await study.world.admin.post(f"{study.path}/moves", body)
    await worked(study.world)
    found: dict[str, Any] = await study.world.admin.get(f"{study.path}/moves/{made['id']}")
    return found


def told(found: dict[str, Any]) -> dict[str, Any]:
    """Return the numbers that are told."""
    result = found["result"]
    names = [one["effect"] + (f" {one['terms']}" if one["terms"] else "") for one in result["outcomes"]]
    assert names == ["earlier", "same", "later 1", "later 2", "later 3", "later 4", "lost", "unclear"]
    numbers = {name: one["students"] for name, one in zip(names, result["outcomes"], strict=True)}
    return {"all": result["students"], **{name: number for name, number in numbers.items() if number is not None}}


async def test_what_moving_a_module_to_the_winter_does_to_everybody(world: World) -> None:
    study, other = await small(world), await small(world, "beta")
    await students(study, 12, {"doneBy": "2028-03-31"})  # which is what a move may change
    await students(study, 8, OFF)
    await students(study, 1, {"mostEcts": "4"})
    chief = await world.person("Petra", "programme_administrator", study.programme)
    body = {"moduleId": study.modules["optics"]["id"], "offered": ["winter"]}
    begun = await chief.post(f"{study.path}/moves", body)
    assert begun == {
        "id": begun["id"], "moduleId": body["moduleId"], "title": "Optics", "offered": ["winter"],
        "fromTerm": "summer term 2027", "state": "queued", "share": 0, "madeBy": chief.id, "madeAt": begun["madeAt"],
        "endedAt": None, "reason": None, "result": None,
    }  # fmt: skip
    here = f"{study.path}/moves/{begun['id']}"
    await chief.get(f"{here}/graduations.svg", 404)
    await worked(world)
    done = await chief.get(here)
    assert done == {**begun, "state": "done", "share": 100, "endedAt": done["endedAt"], "result": done["result"]}
    # who is off in the summer gains a term, all others lose one; of her who has no plan as it is nothing is told
    assert told(done) == {"all": 20, "earlier": 10, "later 1": 10}
    assert (await chief.get(f"{study.path}/moves"))["items"] == [done]
    # it is nobody else's
    await world.admin.get(f"{other.path}/moves/{begun['id']}", 404)
    assert (await world.admin.get(f"{other.path}/moves"))["items"] == []
    await chief.get(f"{other.path}/moves", 404)
    # in both seasons nobody loses anything, and without the module nobody ends
    assert told(await asked(study, "optics", "winter", "summer")) == {"all": 20, "earlier": 10, "same": 10}
    assert told(await asked(study, "optics")) == {"all": 20, "lost": 20}
    # those who are here now take mems before the change, and lasers are no part of their study
    assert told(await asked(study, "mems", "summer")) == told(await asked(study, "lasers")) == {"all": 20, "same": 20}


async def test_published_runs_stay_and_a_change_can_come_later(world: World) -> None:
    study = await small(world)
    await students(study, 12)
    assert told(await asked(study, "optics", "winter", fromYear=2028)) == {"all": 10, "same": 10}
    term = {
        "season": "summer", "year": 2027, "startsOn": "2027-04-01", "endsOn": "2027-09-30",
        "lecturesFrom": "2027-04-12", "lecturesTo": "2027-07-24", "examsFrom": "2027-07-26", "examsTo": "2027-08-14",
    }  # fmt: skip
    made = await world.admin.post(f"/programmes/{study.programme['id']}/terms", term)
    optics = study.modules["optics"]["id"]
    assert told(await asked(study, "optics", "winter")) == {"all": 10, "later 1": 10}
    await world.admin.post(f"/modules/{optics}/runs", {"termId": made["id"], "capacity": 20})
    assert told(await asked(study, "optics")) == {"all": 10, "same": 10}


async def test_who_asks_again_after_somebody_changed_something_sees_nothing_of_her(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = await small(world)
    await students(study, 7, OFF)
    ingrid, *others = await students(study, 12)
    before = await asked(study, "optics", "winter")
    assert told(before) == {"all": 20, "later 1": 10}, "seven and a number that is one of all but twelve are not told"

    async def changes(who: Actor) -> None:
        await who.put(f"{study.path}/me/track", OFF, If_Match='"0"')

    await changes(ingrid)
    assert await asked(study, "optics", "winter") == before, "the same question has the answer that it had"
    # nor is it seen in a question that is the same for all but her, nor when the time for the same answer is over
    assert told(await asked(study, "optics", "winter", fromYear=2027)) == told(before)
    assert told(await asked(study, "optics", "winter", fromYear=2028))["all"] == 20
    later = OCTOBER + timedelta(days=8)
    monkeypatch.setattr(moves, "now", lambda: later)
    again = await asked(study, "optics", "winter")
    assert (again["id"] == before["id"], told(again)) == (False, told(before))
    # nor that she leaves
    await world.admin.delete(f"/programmes/{study.programme['id']}/enrolments/{ingrid.id}")
    monkeypatch.setattr(moves, "now", lambda: later + timedelta(days=8))
    assert told(await asked(study, "optics", "winter")) == told(before)
    # only when many have changed it is told anew
    for who in others[:7]:
        await changes(who)
    monkeypatch.setattr(moves, "now", lambda: later + timedelta(days=16))
    assert told(await asked(study, "optics", "winter")) == {"all": 20, "earlier": 15}


async def test_a_week_has_few_questions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    study = await small(world)
    keys = [(key, offered) for key in study.modules for offered in ([], ["winter"], ["summer"], ["winter", "summer"])]
    bodies = [{"moduleId": study.modules[key]["id"], "offered": offered, "fromYear": 2028} for key, offered in keys]
    codes = [(await world.admin.call("POST", f"{study.path}/moves", body)).status_code for body in bodies]
    assert codes.count(422) == len(study.modules), "where it is taught now is no change"
    more = [{**body, "fromYear": 2029} for body in bodies]
    codes += [(await world.admin.call("POST", f"{study.path}/moves", body)).status_code for body in more]
    assert codes.count(201) == MOST_A_WEEK
    refused = await world.admin.call("POST", f"{study.path}/moves", more[-3])
    assert refused.json()["detail"].startswith(f"The programme has asked {MOST_A_WEEK} such questions")
    monkeypatch.setattr(moves, "now", lambda: OCTOBER + timedelta(days=7, seconds=1))
    await world.admin.post(f"{study.path}/moves", more[-3])


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"moduleId": str(uuid4()), "offered": []}, 422), ({"offered": ["summer"]}, 422), ({"fromYear": 2025}, 422),
        ({"fromYear": 2090}, 422), ({"offered": ["spring"]}, 400), ({"offered": ["winter", "winter"]}, 400),
        ({"fromYear": 20_000}, 400), ({"who": "Ingrid"}, 400),
    ],
)  # fmt: skip
async def test_what_cannot_be_asked(world: World, wrong: dict[str, Any], status: int) -> None:
    study = await small(world)
    body = {"moduleId": study.modules["optics"]["id"], "offered": ["winter"], **wrong}
    await world.admin.post(f"{study.path}/moves", body, status)
    assert (await world.admin.get(f"{study.path}/moves"))["items"] == []


async def test_it_tells_how_far_it_is(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moving, "BEAT", 0.0)
    study = await small(world)
    await students(study, 10)
    made = await world.admin.post(f"{study.path}/moves", {"moduleId": study.modules["optics"]["id"], "offered": []})
    working = asyncio.create_task(moving.work(context_of(study, CURRICULUM), Moving(UUID(made["id"]))))
    seen = []
    while not working.done():
        seen.append((await world.admin.get(f"{study.path}/moves/{made['id']}"))["share"])
        await asyncio.sleep(0)
    await working
    assert seen == sorted(seen)
    assert set(seen) & {10, 20, 30, 40, 50, 60, 70, 80, 90}


async def test_one_whose_worker_dies_each_time_has_failed_and_can_be_asked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = await small(world)
    await students(study, 8)
    body = {"moduleId": study.modules["optics"]["id"], "offered": ["winter"]}
    path = f"{study.path}/moves/{(await world.admin.post(f'{study.path}/moves', body))['id']}"
    payload = Moving(UUID(path.rpartition("/")[2]))

    async def dies(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as deadly:
        deadly.setattr(moving, "look_up", dies)
        for _ in range(plans.TRIES):
            with pytest.raises(KeyboardInterrupt):
                await moving.work(context_of(study, CURRICULUM), payload)
            assert (await world.admin.get(path))["state"] == "running"
    await worked(world)
    found = await world.admin.get(path)
    assert (found["state"], found["reason"], found["result"]) == ("failed", plans.DIED, None)
    assert told(await asked(study, "optics", "winter")) == {"all": 10, "later 1": 10}


async def test_one_whose_turn_came_while_the_plugin_was_off_has_failed_a_day_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = await small(world)
    await students(study, 8)
    plugin = f"/programmes/{study.programme['id']}/plugins/part_time_tracks"
    made = await world.admin.post(f"{study.path}/moves", {"moduleId": study.modules["optics"]["id"], "offered": []})
    await world.admin.put(plugin, {"enabled": False}, If_Match='"1"')
    await worked(world)
    await world.admin.put(plugin, {"enabled": True}, If_Match='"2"')
    await worked(world)
    path, seen = f"{study.path}/moves/{made['id']}", []
    for moment in (OCTOBER + timedelta(hours=23), OCTOBER + timedelta(hours=25), OCTOBER + timedelta(days=181)):
        monkeypatch.setattr(tidying, "now", lambda at=moment: at)
        await tidying.tidy(context_of(study, CURRICULUM))
        seen.append((await world.admin.call("GET", path)).json())
    assert [(one.get("state"), one.get("reason")) for one in seen] == [
        ("queued", None), ("failed", tidying.LOST), (None, None),
    ]  # fmt: skip
    assert seen[2]["status"] == 404, "nor is it kept for ever"


async def test_one_at_a_time_so_that_students_need_not_wait(world: World) -> None:
    study, other = await small(world), await small(world, "beta")
    made = [
        await world.admin.post(f"{one.path}/moves", {"moduleId": one.modules["optics"]["id"], "offered": []})
        for one in (study, other)
    ]
    async with world.database.write() as connection:
        ours = update(move).where(move.c.id == UUID(made[0]["id"]))
        await connection.execute(ours.values(state="running", heard_at=moving.now()))
    with pytest.raises(moving.Later):
        await moving.work(context_of(other, CURRICULUM), Moving(UUID(made[1]["id"])))
    async with world.database.write() as connection:
        await connection.execute(ours.values(heard_at=moving.now() - moving.HEARD))
    await moving.work(context_of(other, CURRICULUM), Moving(UUID(made[1]["id"])))
    assert (await world.admin.get(f"{other.path}/moves/{made[1]['id']}"))["state"] == "done"


async def test_the_same_in_a_picture_a_table_and_a_file(world: World) -> None:
    study = await small(world)
    await students(study, 12)
    found = await asked(study, "optics", "winter")
    here = f"{study.path}/moves/{found['id']}"
    picture = await world.admin.call("GET", f"{here}/graduations.svg")
    assert picture.headers["content-type"] == "image/svg+xml"
    root = ET.fromstring(picture.content)
    words = (
        "Of about 10 students with an accepted plan, these would end their study - 1 term later: about 10. Few or "
        "nobody: earlier, at the same time, 2 terms later, 3 terms later, 4 or more terms later, not within the "
        "regulation, not known."
    )
    assert [one.text for one in root[:2]] == [
        "If Optics were taught in winter from the summer term 2027 on", words,
    ]  # fmt: skip
    page = (await world.admin.call("GET", f"{here}/page")).text
    assert page.count("<tr>") == 1 + 8
    assert "<td>1 term later</td><td>about 10</td>" in page
    table = (await world.admin.call("GET", f"{here}/graduations.csv")).text.splitlines()
    assert table[0] == "module,offered,from,effect,terms,students"
    assert table[3] == "Optics,winter,summer term 2027,later,1,10"
    assert table[1] == "Optics,winter,summer term 2027,earlier,,"
    assert len(table) == 9


async def test_where_the_degree_cannot_be_reached_yet_no_graduation_moves(world: World) -> None:
    study = await Study.of(world, ects="90", curricula=[CURRICULUM])
    await students(study, 8)
    outcomes = (await asked(study, "optics", "winter"))["result"]["outcomes"]
    assert {one["effect"]: one["students"] for one in outcomes if one["students"]} == {"unclear": 10}
