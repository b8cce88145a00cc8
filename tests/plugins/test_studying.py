"""What plugins that plan a study read: compared as a whole, with what belongs to others beside it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

from lms_core.api import (
    Earned,
    ModuleFacts,
    PassRate,
    RunOffer,
    RunPlace,
    TermDates,
    Tried,
    UnitOfRun,
    book_credit,
    read_catalogue,
    read_pass_rates,
    read_standings,
    read_units,
)
from tests.support.exams import Faculty
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import World

UNIT = {"key": "intro", "kind": "reading", "title": "Introduction", "minutes": 90}
WINTER, SUMMER = 2 * 2026 + 1, 2 * 2027


def fact(module: dict[str, Any], title: str, *before: dict[str, Any], offered: Any = ()) -> ModuleFacts:
    return ModuleFacts(
        module_id=UUID(module["id"]), key=title.lower(), title=title, ects=Decimal(5), workload_hours=150,
        offered=offered, prerequisites=tuple(UUID(one["id"]) for one in before),
    )  # fmt: skip


async def published(world: World, programme: dict[str, Any], key: str, **content: Any) -> dict[str, Any]:
    path = f"/programmes/{programme['id']}/modules"
    made: dict[str, Any] = await world.admin.post(path, {"key": key, "title": key.title()})
    whole = {"title": key.title(), "ects": "5", "workloadHours": 150, "units": [UNIT], **content}
    draft = await world.admin.put(f"/modules/{made['id']}/draft", whole, If_Match='"1"')
    await world.admin.post(f"/modules/{made['id']}/publish", If_Match=f'"{draft["revision"]}"')
    return made


async def test_what_a_programme_teaches_and_when(world: World) -> None:
    mine, other = await world.programme("mine"), await world.programme("other")
    optics = await published(world, mine, "optics", offered=["winter"])
    lasers = await published(world, mine, "lasers", prerequisites=["optics"], offered=["summer", "winter"])
    basics = await published(world, other, "basics")
    theirs = await published(world, other, "theirs", prerequisites=["basics"])
    await world.admin.post(f"/programmes/{mine['id']}/modules", {"key": "draft", "title": "Nobody published it"})
    await world.admin.put(f"/programmes/{mine['id']}/adoptions/{theirs['id']}", None, 204)
    run = await world.run(mine, optics, 2)
    adopted = await world.run(other, theirs, 3)
    await world.run(other, basics)
    ada = await world.student("Ada", mine)
    await ada.put(f"/runs/{run['id']}/enrolment", {})
    async with world.database.read() as connection:
        with statements(world.database) as asked:
            found = await read_catalogue(connection, UUID(mine["id"]))
    assert len(asked) == 4
    days = {"starts_on": (2026, 10, 1), "ends_on": (2027, 3, 31), "lectures_from": (2026, 10, 12)}
    days |= {"lectures_to": (2027, 2, 6), "exams_from": (2027, 2, 8), "exams_to": (2027, 2, 27)}
    assert found.terms == (
        TermDates(number=WINTER, name="winter term 2026/27", **{name: date(*day) for name, day in days.items()}),
    )
    assert found.modules == (
        fact(lasers, "Lasers", optics, offered=("summer", "winter")), fact(optics, "Optics", offered=("winter",)),
        fact(theirs, "Theirs", basics),
    )  # fmt: skip
    assert found.runs == tuple(
        RunOffer(
            run_id=UUID(one["id"]), module_id=UUID(one["moduleId"]), term=WINTER, title=one["title"], open=True,
            seats=seats, free=free,
        )
        for one, seats, free in ((run, 2, 1), (adopted, 3, 3))
    )  # fmt: skip
    async with world.database.read() as connection:
        nothing = await read_catalogue(connection, UUID(int=7))
    assert (nothing.terms, nothing.modules, nothing.runs) == ((), (), ())


async def test_how_far_students_are_by_what_counts_under_their_programme(world: World) -> None:
    limits = {"attempts": 3, "repeatWithinTerms": 1, "maxTerms": 12}
    faculty, other = await Faculty.of(world, **limits), await Faculty.of(world, "other")
    programme = faculty.programme
    optics, lasers = await published(world, programme, "optics"), await published(world, programme, "lasers")
    runs = [await world.run(programme, module) for module in (optics, lasers)]
    where = f"/programmes/{programme['id']}"
    ada, eve = [await world.person(name) for name in ("Ada", "Eve")]
    for who in (ada, eve):
        await world.admin.post(f"{where}/enrolments", {"email": who.email, "regulationId": programme["regulation"]})
        await who.put(f"/runs/{runs[0]['id']}/enrolment", {})
    stranger = await world.student("Sam", other.programme)
    await ada.put(f"/runs/{runs[1]['id']}/enrolment", {})
    await faculty.attempt(runs[0], ada, mark="5.0")
    passed = await faculty.attempt(runs[1], ada, mark="1.3")
    await faculty.examiner.post(f"{passed}/marks/{ada.id}/credit", {"evidence": "Protocol 7"})
    async with world.database.write() as connection:
        await book_credit(
            connection, ada.person.id, "school:1", Decimal(3), "A certificate", faculty.examiner.person.id,
            title="A school", programme_id=UUID(programme["id"]), recognised=True,
        )  # fmt: skip
    await faculty.attempt(runs[0], eve, mark="2.0")
    gone = await world.student("Gone", programme)
    await world.admin.delete(f"{where}/enrolments/{gone.id}")
    async with world.database.read() as connection:
        with statements(world.database) as asked:
            first, second = await read_standings(connection, UUID(programme["id"]))
        assert len(asked) == 6
        assert await read_pass_rates(connection, UUID(programme["id"])) == sorted(
            [
                PassRate(module_id=UUID(optics["id"]), taken=2, passed=1),
                PassRate(module_id=UUID(lasers["id"]), taken=1, passed=1),
            ],
            key=lambda one: one.module_id,
        )
        assert await read_pass_rates(connection, UUID(other.programme["id"])) == []
        assert await read_standings(connection, UUID(programme["id"]), [stranger.person.id, gone.person.id]) == []
        with statements(world.database) as asked:
            units = await read_units(connection, ada.person.id, [UUID(runs[0]["id"])])
        assert len(asked) == 1
    optics_id, lasers_id = UUID(optics["id"]), UUID(lasers["id"])
    assert (first.person_id, second.person_id) == (ada.person.id, eve.person.id)
    assert (first.regulation, first.ects_total, first.hours_per_ects) == ("strict", Decimal(90), Decimal(30))
    assert first.limits == limits
    assert {(one.module_id, one.state, one.term) for one in first.places} == {
        (optics_id, "enrolled", WINTER), (lasers_id, "enrolled", WINTER),
    }  # fmt: skip
    tried = {one.module_id: one for one in first.tried}
    assert tried == {
        optics_id: Tried(module_id=optics_id, failed=(WINTER,), elsewhere=0, passed=None, left=2, until=SUMMER),
        lasers_id: Tried(module_id=lasers_id, failed=(), elsewhere=0, passed=WINTER, left=3, until=None),
    }
    assert first.earned == (  # whoever books says whether they were earned elsewhere
        Earned(module_id=lasers_id, title="Lasers", ects=Decimal(5)),
        Earned(module_id=None, title="A school", ects=Decimal(3), recognised=True),
    )
    assert second.earned == ()
    assert second.places == (
        RunPlace(run_id=UUID(runs[0]["id"]), module_id=optics_id, term=WINTER, state=second.places[0].state),
    )
    assert units == [
        UnitOfRun(
            run_id=UUID(runs[0]["id"]), unit_key="intro", title="Introduction", minutes=90, required=True,
            completed_at=None,
        )
    ]  # fmt: skip
