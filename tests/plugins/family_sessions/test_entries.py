"""A student enters what she needs; the constraints that follow hold no reason, and nobody else finds her entries."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from lms_family_sessions import entries
from lms_family_sessions.constraints import read_constraints
from lms_family_sessions.sealing import new_key
from sqlalchemy import text

from tests.support.family_care import CARE, EVERY_KIND, changed, declared, entered, prepared, seated
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import Actor, World


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    monkeypatch.setattr(entries, "now", lambda: moment)


async def rows(world: World, programme: dict[str, Any], who: Actor) -> list[tuple[Any, ...]]:
    async with world.database.read() as connection:
        found = await read_constraints(
            connection, UUID(programme["id"]), [UUID(who.id)], datetime(2020, 1, 1, tzinfo=UTC),
            datetime(2040, 1, 1, tzinfo=UTC),
        )  # fmt: skip
    return [(o.strength, o.first_day, o.last_day, o.weekdays, o.from_minute, o.to_minute, o.zone) for o in found]


async def test_she_enters_changes_and_removes_care_hours(world: World) -> None:
    setting = await prepared(world)
    student = await seated(world, setting, "Ada")
    path = f"{setting.path}/me/entries/{uuid4()}"
    made = await student.put(path, {"needs": CARE, "zone": "Europe/Paris"}, If_Match='"0"')
    row = ("cannot", date(2027, 1, 1), None, 0b1001, 930, 1440, "Europe/Paris")
    assert await rows(world, setting.programme, student) == [row]
    assert made["plannersSee"] == [
        {
            "strength": "cannot", "firstDay": "2027-01-01", "lastDay": None, "weekdays": 9, "fromMinute": 930,
            "toMinute": 1440, "zone": "Europe/Paris",
        }
    ]  # fmt: skip
    assert await student.get(path) == made
    assert await student.get(f"{setting.path}/me/entries") == {"items": [made]}
    assert (await student.call("PUT", path, {"needs": CARE}, If_Match='"0"')).status_code == 412
    later = await changed(student, setting, made, firstDay="2027-02-01", note="Grandmother")
    assert (later["revision"], later["needs"]["note"]) == (2, "Grandmother")
    assert await rows(world, setting.programme, student) == [
        ("cannot", date(2027, 2, 1), None, 0b1001, 930, 1440, "Europe/Berlin")
    ]
    assert (await student.call("DELETE", path, If_Match='"1"')).status_code == 412
    await student.delete(path, If_Match='"2"')
    assert await rows(world, setting.programme, student) == []
    assert (await student.call("DELETE", path, If_Match='"2"')).status_code == 404


@pytest.mark.parametrize("kind", EVERY_KIND)
async def test_every_kind_comes_back_as_it_was_and_is_kept_as_its_preview_says(world: World, kind: str) -> None:
    setting = await prepared(world)
    student = await seated(world, setting, "Ada")
    preview = await student.post(f"{setting.path}/me/preview", {"needs": EVERY_KIND[kind]}, 200)
    assert await rows(world, setting.programme, student) == []
    made = await entered(student, setting, EVERY_KIND[kind])
    assert EVERY_KIND[kind]["kind"] == made["needs"]["kind"] == kind
    assert made == await student.get(f"{setting.path}/me/entries/{made['id']}")
    assert {name: made[name] for name in preview} == preview
    kept = [
        {
            "strength": row[0], "firstDay": row[1].isoformat(), "lastDay": row[2] and row[2].isoformat(),
            "weekdays": row[3], "fromMinute": row[4], "toMinute": row[5], "zone": row[6],
        }
        for row in await rows(world, setting.programme, student)
    ]  # fmt: skip
    assert kept == preview["plannersSee"]
    assert bool(kept) == (kind != "children")


async def test_the_protection_follows_the_birth_and_what_she_declares_from_that_day_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(monkeypatch, datetime(2026, 11, 2, 12, tzinfo=UTC))
    setting = await prepared(world)
    student = await seated(world, setting, "Ada")
    made = await entered(student, setting, EVERY_KIND["maternity"])

    async def whole_days() -> list[tuple[date, date]]:
        found = await rows(world, setting.programme, student)
        return [(row[1], row[2]) for row in found if row[3:6] == (127, 0, 1440) and row[1] != row[2]]

    assert await whole_days() == [(date(2026, 12, 30), date(2027, 4, 7))]
    again = await changed(student, setting, made)
    assert again["plannersSee"] == made["plannersSee"]
    at(monkeypatch, datetime(2027, 2, 21, 12, tzinfo=UTC))
    born = await changed(student, setting, again, birth="2027-02-20")
    assert await whole_days() == [(date(2026, 12, 30), date(2027, 4, 17))]
    at(monkeypatch, datetime(2027, 3, 10, 12, tzinfo=UTC))
    waived = await declared(student, setting, born, about="waiver", phase="after", activity="teaching", given=True)
    assert await whole_days() == [(date(2026, 12, 30), date(2027, 3, 9))]
    twice = await declared(student, setting, waived, about="waiver", phase="after", activity="teaching", given=True)
    assert twice["waivers"] == waived["waivers"]
    at(monkeypatch, datetime(2027, 3, 20, 12, tzinfo=UTC))
    await declared(student, setting, twice, about="waiver", phase="after", activity="teaching", given=False)
    assert await whole_days() == [(date(2026, 12, 30), date(2027, 3, 9)), (date(2027, 3, 20), date(2027, 4, 17))]


async def test_evenings_are_hers_to_agree_to(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, datetime(2027, 5, 3, 12, tzinfo=UTC))
    setting = await prepared(world)
    student = await seated(world, setting, "Ada")
    made = await entered(student, setting, EVERY_KIND["nursing"])
    agreed = await declared(student, setting, made, about="consent", to="evening", given=True)
    evenings = [row[1:3] for row in await rows(world, setting.programme, student) if row[4:6] == (1200, 1320)]
    assert evenings == [(date(2027, 4, 8), date(2027, 5, 2))]
    refused = await student.call(
        "POST", f"{setting.path}/me/entries/{made['id']}/declarations",
        {"declared": {"about": "waiver", "phase": "after", "activity": "exams", "given": True}},
        If_Match=f'"{agreed["revision"]}"',
    )  # fmt: skip
    assert refused.status_code == 409


@pytest.mark.parametrize(
    ("needs", "where"),
    [
        ({**CARE, "lastDay": "2026-12-31"}, "body.needs.lastDay"),
        ({**CARE, "firstDay": "0001-01-01"}, "body.needs.firstDay"),
        ({**CARE, "hours": [{"starts": "10:00", "ends": "09:00"}]}, "body.needs.hours[0].ends"),
        ({"kind": "daily", "firstDay": "2027-01-01"}, "body.needs.notBefore"),
        ({"kind": "maternity", "due": "2027-02-10", "birth": "2028-02-10"}, "body.needs.birth"),
        ({"kind": "closed_days", "days": ["9999-12-31"]}, "body.needs.days"),
    ],
)
async def test_what_cannot_be_is_refused_where_it_stands(world: World, needs: dict[str, Any], where: str) -> None:
    setting = await prepared(world)
    student = await seated(world, setting, "Ada")
    refused = await student.call("PUT", f"{setting.path}/me/entries/{uuid4()}", {"needs": needs}, If_Match='"0"')
    assert (refused.status_code, refused.json()["errors"][0]["where"]) == (400, where)
    assert (await student.get(f"{setting.path}/me/entries")) == {"items": []}


async def test_nobody_finds_the_entries_of_another_or_of_another_programme(world: World) -> None:
    setting, other = await prepared(world), await prepared(world, "beta")
    ada, eve = await seated(world, setting, "Ada"), await seated(world, setting, "Eve")
    made = await entered(ada, setting, CARE)
    await entered(eve, setting, EVERY_KIND["daily"])
    path = f"{setting.path}/me/entries/{made['id']}"
    assert (await eve.call("GET", path)).status_code == 404
    assert (await eve.call("PUT", path, {"needs": CARE}, If_Match='"1"')).status_code == 404
    assert (await eve.call("PUT", path, {"needs": CARE}, If_Match='"0"')).status_code == 404
    assert (await eve.call("DELETE", path, If_Match='"1"')).status_code == 404
    assert [one["needs"]["kind"] for one in (await eve.get(f"{setting.path}/me/entries"))["items"]] == ["daily"]
    await ada.get(f"{other.path}/me/entries", 404)
    assert await rows(world, other.programme, ada) == []


async def test_it_takes_as_many_statements_however_much_is_kept(world: World) -> None:
    setting = await prepared(world)
    student = await seated(world, setting, "Ada")
    for _ in range(3):
        made = await entered(student, setting, EVERY_KIND["maternity"])
    path = f"{setting.path}/me/entries"
    counts = []
    for call in (student.get(path), student.get(f"{path}/{made['id']}"), changed(student, setting, made)):
        with statements(world.database) as asked:
            await call
        counts.append(sum("family_sessions_" in one for one in asked))
    assert counts == [1, 1, 4]


async def test_without_a_key_nothing_is_entered_and_without_its_key_nothing_is_shown(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    setting = await prepared(world)
    student = await seated(world, setting, "Ada")
    made = await entered(student, setting, CARE)
    path = f"{setting.path}/me/entries"
    for keys, word in (
        ("", "has no key"), ("nonsense", "cannot be used"), ("AAAA", "cannot be used"), (new_key(), "add it"),
    ):  # fmt: skip
        monkeypatch.setenv("LMS_FAMILY_KEYS", keys)
        refused = await student.call("GET", path)
        assert (refused.status_code, word in refused.json()["detail"]) == (503, True)
    monkeypatch.setenv("LMS_FAMILY_KEYS", "")
    refused = await student.call("PUT", f"{path}/{uuid4()}", {"needs": CARE}, If_Match='"0"')
    assert (refused.status_code, "new-key" in refused.json()["detail"]) == (503, True)
    assert len(await rows(world, setting.programme, student)) == 1, "planning goes on"
    assert (await student.post(f"{path[:-8]}/preview", {"needs": CARE}, 200))["plannersSee"] == made["plannersSee"]


async def test_a_sealed_entry_opens_nowhere_else(world: World) -> None:
    setting = await prepared(world)
    ada, eve = await seated(world, setting, "Ada"), await seated(world, setting, "Eve")
    of_ada, of_eve = await entered(ada, setting, CARE), await entered(eve, setting, EVERY_KIND["daily"])
    copy = (
        "UPDATE family_sessions_entry SET sealed = (SELECT sealed FROM family_sessions_entry WHERE id = {0}), "
        "wrapped = (SELECT wrapped FROM family_sessions_entry WHERE id = {0}) WHERE id = {1}"
    )
    ids = [f"'{UUID(one['id']).hex}'" if world.database.is_sqlite else f"'{one['id']}'" for one in (of_ada, of_eve)]
    async with world.database.write() as connection:
        await connection.execute(text(copy.format(*ids)))
    assert (await eve.call("GET", f"{setting.path}/me/entries")).status_code == 503
    assert (await ada.get(f"{setting.path}/me/entries"))["items"] == [of_ada]
