"""School holidays, movable days of schools, and the calendars that matter to a student."""

from __future__ import annotations

from typing import TYPE_CHECKING

from icalendar import Calendar

from tests.support.family import family, send_file
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.world import World

MAY = "from=2027-05-03&to=2027-05-09"
FILE = "first,last,name\n2027-05-07,,Brückentag\n"


async def test_a_planner_enters_movable_days_and_a_student_sees_them_with_the_holidays(world: World) -> None:
    alpha, beta = await family(world), await family(world, "beta")
    lecturer = await world.person("Lena", "lecturer", alpha.programme)
    student, other = await world.student("Sam", alpha.programme), await world.student("Olu", beta.programme)
    path = f"{alpha.path}/movable-days?land=BW&school=Lessing-Gymnasium"
    made = await send_file(lecturer, path, FILE)
    bridge = {"first": "2027-05-07", "last": "2027-05-07", "name": "Brückentag", "kind": "movable"}
    assert (made.status_code, made.json()["items"]) == (200, [bridge])
    ascension = {"first": "2027-05-06", "last": "2027-05-06", "name": "Christi Himmelfahrt", "kind": "listed"}
    school = f"{alpha.path}/holidays?land=BW&school=Lessing-Gymnasium&{MAY}"
    with statements(world.database) as sent:
        found = await student.get(school)
    assert found == {"land": "BW", "school": "Lessing-Gymnasium", "items": [ascension, bridge], "unknown": []}
    assert len([one for one in sent if "family_sessions_" in one]) == 1
    assert (await student.get(f"{alpha.path}/holidays?land=BW&{MAY}"))["items"] == [ascension]
    assert (await other.get(f"{beta.path}/holidays?land=BW&school=Lessing-Gymnasium&{MAY}"))["items"] == [ascension]
    assert [one["school"] for one in (await student.get(f"{alpha.path}/movable-days"))["items"]] == [
        "Lessing-Gymnasium"
    ]
    assert (await other.get(f"{beta.path}/movable-days"))["items"] == []
    await other.get(school, 404)
    assert (await send_file(student, path, FILE)).status_code == 403
    assert (await send_file(lecturer, path, "first\n2027-05-10\n")).status_code == 200  # takes their place
    assert (await student.get(school))["items"] == [ascension]


async def test_a_file_with_a_mistake_changes_nothing(world: World) -> None:
    alpha = await family(world)
    path = f"{alpha.path}/movable-days?land=BW"
    assert (await send_file(world.admin, path, FILE)).status_code == 200
    before = await world.admin.get(f"{alpha.path}/movable-days")
    refused = await send_file(world.admin, path, f"{FILE}2027-05-12,2027-05-11,\n")
    assert refused.status_code == 422
    assert refused.json()["errors"] == [
        {"where": "line 3", "reason": "it ends on 2027-05-11, before it begins on 2027-05-12"}
    ]
    assert (await send_file(world.admin, path, FILE, "text/plain")).status_code == 415
    assert await world.admin.get(f"{alpha.path}/movable-days") == before
    assert (await send_file(world.admin, f"{alpha.path}/movable-days?land=XX", FILE)).status_code == 400


async def test_what_is_unknown_is_said_to_be(world: World) -> None:
    alpha = await family(world)
    path = f"{alpha.path}/holidays?land=BW&from=2030-05-01&to=2030-05-03"
    assert await world.admin.get(path) == {
        "land": "BW",
        "school": "",
        "items": [{"first": "2030-05-01", "last": "2030-05-01", "name": "Erster Mai", "kind": "listed"}],
        "unknown": [{"first": "2030-05-01", "last": "2030-05-03"}],
    }
    events = Calendar.from_ical((await world.admin.call("GET", f"{path}&format=ics")).content).walk("VEVENT")
    told = [(str(one["SUMMARY"]), str(one["DTSTART"].dt), str(one["DTEND"].dt), one["TRANSP"]) for one in events]
    assert told == [
        ("Erster Mai (BW)", "2030-05-01", "2030-05-02", "TRANSPARENT"),
        ("Schulferien unbekannt (BW)", "2030-05-01", "2030-05-04", "TRANSPARENT"),
    ]
    for days in ("from=2027-05-03&to=2027-05-02", "from=2000-01-01&to=2099-01-01", "from=0001-01-01&to=0001-01-02"):
        await world.admin.get(f"{alpha.path}/holidays?land=BW&{days}", 422)
    await world.admin.get(f"{alpha.path}/holidays?land=XX&{MAY}", 400)


async def test_siblings_go_to_schools_in_two_laender_and_nobody_else_sees_it(world: World) -> None:
    alpha, beta = await family(world), await family(world, "beta")
    sam, olu = await world.student("Sam", alpha.programme), await world.student("Olu", alpha.programme)
    both = {"calendars": [{"land": "BW", "school": ""}, {"land": "HE", "school": "Goetheschule"}]}
    path = f"{alpha.path}/me/school-calendars"
    assert await sam.put(path, both) == both
    assert [await one.get(path) for one in (sam, olu, world.admin)] == [both, {"calendars": []}, {"calendars": []}]
    await world.admin.put(path, both)
    assert await world.admin.get(f"{beta.path}/me/school-calendars") == {"calendars": []}  # they count in alpha alone
    one = {"calendars": [{"land": "RP", "school": ""}]}
    assert await sam.put(path, {"calendars": [*one["calendars"], *one["calendars"]]}) == one
    await sam.put(path, {"calendars": [{"land": "XX"}]}, 400)
    assert await sam.get(path) == one
    assert await sam.put(path, {"calendars": []}) == {"calendars": []}
