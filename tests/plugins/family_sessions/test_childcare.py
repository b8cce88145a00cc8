"""Childcare at an attendance weekend: offered, booked, waited for, cancelled; and who sees what of it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from lms_family_sessions import childcare, childcare_places
from lms_family_sessions.childcare import places_for
from lms_family_sessions.tables_childcare import booking
from sqlalchemy import func, select

from lms_core.api import CalendarEntry, CalendarRequest
from lms_core.hooks import context
from tests.support.family_childcare import SATURDAY, SUNDAY, content, mails, offers, prepared, seated
from tests.support.world import statements

if TYPE_CHECKING:
    from tests.support.family_childcare import Setting
    from tests.support.world import Actor, World


async def offered(setting: Setting, **other: Any) -> str:
    """Offer childcare for the weekend, and return the address of the offer of Saturday."""
    made = await setting.office.post(f"{setting.path}/childcare", offers(setting, **other))
    return f"{setting.path}/childcare/{made['items'][0]['id']}"


def at(moment: str, patch: pytest.MonkeyPatch) -> None:
    for module in (childcare, childcare_places):
        patch.setattr(module, "now", lambda: datetime.fromisoformat(moment))


async def test_a_weekend_is_offered_booked_waited_for_and_cancelled(world: World) -> None:
    setting = await prepared(world)
    ann, bo, cy = [await seated(world, setting, name) for name in ("Ann", "Bo", "Cy")]
    made = await setting.office.post(f"{setting.path}/childcare", offers(setting))
    [saturday, sunday] = made["items"]
    assert saturday == {
        "id": saturday["id"], "revision": 1, "day": SATURDAY, "begins": "08:30", "ends": "16:30",
        "zone": "Europe/Berlin", "place": "House 7", "places": 2, "ageFrom": 1, "ageTo": 10,
        "closes": "2099-02-20T18:00:00", "closesAt": "2099-02-20T17:00:00Z", "freeUntil": "2099-02-27T18:00:00",
        "freeUntilAt": "2099-02-27T17:00:00Z", "costCents": 1250, "currency": "EUR", "runs": [setting.run["id"]],
        "open": True, "cancelledAt": None, "booked": None, "waiting": None,
    }  # fmt: skip
    assert (sunday["day"], made["next"]) == (SUNDAY, None)
    assert await ann.get(f"{setting.path}/childcare") == made
    here = f"{setting.path}/childcare/{saturday['id']}"

    first = await ann.post(f"{here}/bookings", {"age": 3}, Idempotency_Key="once")
    assert await ann.post(f"{here}/bookings", {"age": 3}, Idempotency_Key="once") == first
    assert first == {
        "id": first["id"], "offerId": saturday["id"], "age": 3, "state": "booked", "cost": "due", "costCents": 1250,
        "currency": "EUR", "revision": 2, "changedAt": first["changedAt"],
    }  # fmt: skip
    twin = await ann.post(f"{here}/bookings", {"age": 3})
    hers = await bo.post(f"{here}/bookings", {"age": 7})
    his = await cy.post(f"{here}/bookings", {"age": 1})
    assert [one["state"] for one in (twin, hers, his)] == ["booked", "waiting", "waiting"]
    assert await setting.office.get(f"{here}/children") == {"begins": "08:30", "ends": "16:30", "ages": [3, 3]}

    gone = await ann.post(f"{setting.path}/bookings/{twin['id']}/cancel", None, 200)
    assert (gone["state"], gone["cost"]) == ("cancelled", "none")
    assert await ann.post(f"{setting.path}/bookings/{twin['id']}/cancel", None, 200) == gone
    [moved_up] = (await bo.get(f"{setting.path}/bookings"))["items"]
    assert (moved_up["id"], moved_up["state"], moved_up["cost"]) == (hers["id"], "booked", "due")
    assert (await cy.get(f"{setting.path}/bookings"))["items"] == [his]
    [(who, subject, text)] = await mails(world)
    assert (who, subject) == (
        bo.id, {"en": "A place has become free for you", "de": "Für Sie ist ein Platz frei geworden"},
    )  # fmt: skip
    url = f"http://localhost:8000{setting.path}/bookings"
    assert text["en"] == (
        "You were in a waiting list and have a place now: 07.03.2099, 08:30-16:30 (Europe/Berlin).\n\n"
        f"What it costs, and until when you may cancel it, you see here:\n{url}\n"
    )

    wider = await setting.office.put(here, content(places=3), If_Match='"1"')
    assert (wider["revision"], wider["places"]) == (2, 3)
    assert [who for who, *_ in await mails(world, after=1)] == [cy.id]
    fewer = await setting.office.put(here, content(places=2), 409, If_Match='"2"')
    assert fewer["errors"] == [
        {
            "where": "body.places",
            "reason": "must be at least as many as are booked; the family office can cancel some before",
        }
    ]
    seen = await setting.office.get(f"{here}/families")
    assert [(one["name"], one["booking"]["age"]) for one in seen["items"]] == [("Ann", 3), ("Bo", 7), ("Cy", 1)]


async def test_who_may_do_and_see_what(world: World) -> None:
    setting, other = await prepared(world), await prepared(world, "beta")
    here = await offered(setting)
    ann, eve = await seated(world, setting, "Ann"), await world.student("Eve", setting.programme)
    gil = await seated(world, other, "Gil")
    carer = await world.person("Cem Carer", "family_sessions.carer", setting.programme)
    planner = await world.person("Pia Planner", "programme_administrator", setting.programme)
    await offered(other)
    mine = await ann.post(f"{here}/bookings", {"age": 3})
    refused = await eve.post(f"{here}/bookings", {"age": 3}, 403)
    assert refused["detail"] == (
        "This childcare is for participants of certain courses; you have no seat in one of them."
    )
    for path in ("", "/children", "/families"):
        await gil.get(f"{here}{path}", 404)
        await setting.office.get(f"{here.replace(setting.path, other.path)}{path}", 404)
        status = 403 if path else 404  # names, and ages of single children, are not for administrators
        await world.admin.get(f"{here.replace(setting.path, other.path)}{path}", status)
    await gil.post(f"{here}/bookings", {"age": 3}, 404)
    await gil.post(f"{here.replace(setting.path, other.path)}/bookings", {"age": 3}, 404)
    cancelling = f"{setting.path}/bookings/{mine['id']}/cancel"
    await gil.post(cancelling.replace(setting.path, other.path), None, 404)
    for nobody in (eve, setting.office, planner):  # it is Ann's; the office has an address of its own for that
        await nobody.post(cancelling, None, 404)
    assert (await carer.get(f"{here}/children"))["ages"] == [3]
    for who, path in ((carer, "/families"), (planner, "/families"), (planner, "/children"), (ann, "/children")):
        await who.get(f"{here}{path}", 403)
    await ann.post(f"{setting.path}/childcare", offers(setting), 403)
    await ann.put(here, content(), 403, If_Match='"1"')
    await ann.delete(here, 403, If_Match='"1"')
    await planner.put(f"{here}/bookings/{mine['id']}/cost", {"cost": "waived"}, 403)
    await other.office.put(
        f"{here.replace(setting.path, other.path)}/bookings/{mine['id']}/cost", {"cost": "waived"}, 404
    )
    await other.office.post(f"{other.path}/childcare", offers(setting), 404)  # the run is another programme's
    assert (await planner.get(here))["booked"] is None
    assert [one["runs"] for one in (await gil.get(f"{other.path}/childcare"))["items"]] == [[other.run["id"]]] * 2
    assert (await ann.get(f"{setting.path}/bookings"))["items"] == [mine]


async def test_figures_of_small_groups_are_not_told(world: World) -> None:
    setting = await prepared(world)
    here = await offered(setting, places=5)
    ann = await seated(world, setting, "Ann")
    for number in range(1, 10):
        await ann.post(f"{here}/bookings", {"age": number})
        seen = await setting.office.get(here)
        assert (seen["booked"], seen["waiting"]) == (5 if number >= 5 else None, None)
    await ann.post(f"{here}/bookings", {"age": 10})
    seen = await setting.office.get(here)
    assert (seen["booked"], seen["waiting"]) == (5, 5)
    most = await ann.post(f"{here}/bookings", {"age": 10}, 409)
    assert most["detail"] == "You have 10 bookings of this offer already, which is the most."


async def test_what_cancelling_costs(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    setting = await prepared(world)
    here = await offered(setting)
    ann, bo = await seated(world, setting, "Ann"), await seated(world, setting, "Bo")
    early, paid = [await ann.post(f"{here}/bookings", {"age": age}) for age in (3, 5)]
    late, later, never = [await bo.post(f"{here}/bookings", {"age": age}) for age in (2, 4, 6)]
    done = await setting.office.put(f"{here}/bookings/{paid['id']}/cost", {"cost": "paid"})
    assert (done["state"], done["cost"]) == ("booked", "paid")
    await setting.office.put(f"{here}/bookings/{never['id']}/cost", {"cost": "due"}, 409)

    async def cancelled(who: Actor, one: dict[str, Any]) -> str:
        return str((await who.post(f"{setting.path}/bookings/{one['id']}/cancel", None, 200))["cost"])

    assert await cancelled(ann, paid) == "refund"  # and Bo's first one moves up, in time
    at("2099-02-27T18:00:01+01:00", monkeypatch)
    assert await cancelled(ann, early) == "due"  # and the second one moves up, too late to cancel for nothing
    assert await cancelled(bo, late) == "due"
    assert await cancelled(bo, later) == "none"
    families = (await setting.office.get(f"{here}/families"))["items"]
    assert {one["booking"]["cost"] for one in families} == {"due", "refund"}
    given_back = await setting.office.put(f"{here}/bookings/{paid['id']}/cost", {"cost": "none"})
    assert (given_back["state"], given_back["cost"]) == ("cancelled", "none")
    states = {one["id"]: one["state"] for one in (await bo.get(f"{setting.path}/bookings"))["items"]}
    assert states == {late["id"]: "cancelled", later["id"]: "cancelled", never["id"]: "booked"}
    closed = await ann.post(f"{here}/bookings", {"age": 3}, 409)
    assert closed["detail"] == "Booking was possible until 2099-02-20 18:00 (Europe/Berlin)."
    at("2099-03-07T08:30:00+01:00", monkeypatch)
    begun = await bo.post(f"{setting.path}/bookings/{never['id']}/cancel", None, 409)
    assert begun["detail"] == "It has begun already, so that nothing can be cancelled any more."
    await setting.office.delete(here, 409, If_Match='"1"')


async def test_who_left_the_run_is_passed_over(world: World) -> None:
    setting = await prepared(world)
    here = await offered(setting, places=1)
    ann, bo, cy = [await seated(world, setting, name) for name in ("Ann", "Bo", "Cy")]
    [first, second, third] = [await who.post(f"{here}/bookings", {"age": 3}) for who in (ann, bo, cy)]
    await bo.delete(f"/runs/{setting.run['id']}/enrolment")
    await setting.office.delete(f"{here}/bookings/{first['id']}")
    families = (await setting.office.get(f"{here}/families"))["items"]
    assert {one["booking"]["id"]: one["booking"]["state"] for one in families} == {
        second["id"]: "waiting", third["id"]: "booked",
    }  # fmt: skip
    assert [who for who, *_ in await mails(world)] == [cy.id]


async def test_calendars_say_nothing_and_a_called_off_offer_is_told(world: World) -> None:
    setting = await prepared(world)
    here = await offered(setting)
    ann, bo = await seated(world, setting, "Ann"), await seated(world, setting, "Bo")
    hooks, programme_id = world.app.state.hooks, UUID(setting.programme["id"])

    async def shown(who: Actor) -> list[CalendarEntry]:
        asked = CalendarRequest(who.person.id, datetime(2099, 3, 1, tzinfo=UTC))
        answers, failed = await hooks.shape("calendar_entries", programme_id, asked)
        assert not failed
        return [entry for _, entry in answers]

    mine = [await ann.post(f"{here}/bookings", {"age": age}) for age in (2, 4)]
    await bo.post(f"{here}/bookings", {"age": 3})
    [entry] = await shown(ann)
    assert entry == CalendarEntry(
        key=here.rpartition("/")[2], title="Reservation", starts=datetime(2099, 3, 7, 8, 30),
        ends=datetime(2099, 3, 7, 16, 30), zone="Europe/Berlin", changed_at=entry.changed_at, sequence=5,
    )  # fmt: skip
    assert await shown(bo) == []  # who waits
    await ann.post(f"{setting.path}/bookings/{mine[0]['id']}/cancel", None, 200)
    assert [one.cancelled for who in (ann, bo) for one in await shown(who)] == [False, False]
    await setting.office.put(here, content(begins="09:00"), If_Match='"1"')
    [moved] = await shown(ann)
    assert (moved.starts, moved.sequence) == (datetime(2099, 3, 7, 9), 7)
    await setting.office.delete(here, If_Match='"2"')
    await setting.office.delete(here, If_Match='"3"')
    assert [one.cancelled for who in (ann, bo) for one in await shown(who)] == [True, True]
    assert [one.sequence for one in await shown(ann)] == [9]
    written = await mails(world)
    assert [(who, subject["de"]) for who, subject, _ in written] == [
        (bo.id, "Für Sie ist ein Platz frei geworden"),
        *[(who, "Eine Reservierung von Ihnen hat sich geändert") for who in sorted((ann.id, bo.id))],
        *[(who, "Eine Reservierung von Ihnen entfällt") for who in sorted((ann.id, bo.id))],
    ]
    for word in ("child", "kind", "famil", "care", "betreu", "house 7"):
        assert not [line for _, *both in written for said in both for line in said.values() if word in line.replace(
            "family_sessions", "").lower()]  # fmt: skip
    late = await bo.post(f"{here}/bookings", {"age": 3}, 409)
    assert late["detail"] == "This offer was called off."
    await setting.office.put(here, content(), 409, If_Match='"3"')


async def test_what_cannot_be_is_told(world: World) -> None:
    setting = await prepared(world)
    here = await offered(setting)
    ann = await seated(world, setting, "Ann")
    for wrong, where, reason in (
        ({"ends": "08:30"}, "ends", "must be after 08:30"),
        ({"ageTo": 0}, "ageTo", "must be at least 1"),
        ({"zone": "Mars/Base"}, "zone", "'Mars/Base' is not a time zone of the IANA database, such as Europe/Berlin"),
        ({"closes": "2099-03-02T08:31:00"}, "closes", "must not be after 2099-03-02 08:30:00, when it begins"),
        ({"lastDay": "2099-07-01"}, "lastDay", "must be the first day, or one of the 91 days after it"),
        (
            {"firstDay": "2099-03-29", "lastDay": "2099-03-29", "begins": "02:30", "everyDay": True},
            "firstDay", "no clock in Europe/Berlin shows 02:30 on 2099-03-29",
        ),
    ):  # fmt: skip
        problem = await setting.office.post(f"{setting.path}/childcare", offers(setting, **wrong), 400)
        assert problem["errors"] == [{"where": "body", "reason": f"{where}: {reason}"}] or (
            problem["errors"] == [{"where": f"body.{where}", "reason": reason}]
        ), problem
    none = await setting.office.post(f"{setting.path}/childcare", offers(setting, lastDay="2099-03-06"), 422)
    assert none["errors"] == [
        {"where": "body.runs", "reason": "have no session between these days; `everyDay` is for days without"}
    ]
    daily = offers(setting, lastDay="2099-03-06", everyDay=True)
    assert len((await setting.office.post(f"{setting.path}/childcare", daily))["items"]) == 5
    old = await ann.post(f"{here}/bookings", {"age": 11}, 422)
    assert old["errors"] == [{"where": "body.age", "reason": "must be from 1 to 10, for whom it is"}]
    await ann.post(f"{here}/bookings", {"age": 3, "note": "asthma"}, 400)
    await setting.office.put(here, content(), 412, If_Match='"7"')


async def test_at_the_same_time(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twelve book three places while others cancel: never more than three, and none stays empty while somebody waits."""
    monkeypatch.setattr(context, "WRITE_LIMIT", 60.0)  # they queue for one writer, on a machine that may be busy
    setting = await prepared(world)
    here = await offered(setting, places=3)
    people = [await seated(world, setting, f"Parent {n}") for n in range(8)]
    first = [await who.post(f"{here}/bookings", {"age": 3}) for who in people[:4]]
    calls = [who.call("POST", f"{here}/bookings", {"age": 5}) for who in people]
    for number, one in ((1, first[0]), (4, first[1]), (7, first[3])):
        actor = people[first.index(one)]
        calls.insert(number, actor.call("POST", f"{setting.path}/bookings/{one['id']}/cancel"))
    calls.insert(5, setting.office.call("PUT", here, content(places=4), If_Match='"1"'))
    answers = await asyncio.gather(*calls)
    assert {answer.status_code for answer in answers} <= {200, 201}
    query = select(booking.c.state, func.count()).group_by(booking.c.state)
    async with world.database.read() as connection:
        counts = {row[0]: row[1] for row in await connection.execute(query)}
        turns = (await connection.execute(select(booking.c.turn).order_by(booking.c.turn))).scalars().all()
    assert counts == {"booked": 4, "waiting": 5, "cancelled": 3}
    assert turns == list(range(1, 13))
    again = [who.call("POST", f"{here}/bookings", {"age": 2}) for who in people[4:]]
    assert {answer.json()["state"] for answer in await asyncio.gather(*again)} == {"waiting"}


async def test_for_how_many_there_are_places(world: World) -> None:
    setting, other = await prepared(world), await prepared(world, "beta")
    await offered(setting)
    here = await offered(setting, places=5, begins="10:00")
    await offered(other, places=50)

    async def found(begins: str, ends: str) -> int:
        starts, until = (datetime.fromisoformat(f"{SATURDAY}T{clock}:00+01:00") for clock in (begins, ends))
        async with world.database.read() as connection:
            with statements(world.database) as asked:
                answer = await places_for(connection, UUID(setting.programme["id"]), starts, until)
        assert len(asked) == 1
        return answer

    assert [await found(*span) for span in (("08:30", "12:00"), ("10:00", "16:30"), ("16:00", "17:00"))] == [2, 7, 0]
    await setting.office.delete(here, If_Match='"1"')
    assert await found("10:00", "16:30") == 2


async def test_what_enabling_and_disabling_mean(world: World) -> None:
    setting = await prepared(world)

    async def told(enabled: bool) -> list[str]:
        path = f"/programmes/{setting.programme['id']}/plugins/family_sessions/preview"
        return [one["reason"] for one in (await world.admin.post(path, {"enabled": enabled}, 200))["effects"]]

    assert not [one for one in await told(False) if "childcare" in one]
    here = await offered(setting)
    await (await seated(world, setting, "Ann")).post(f"{here}/bookings", {"age": 3})
    assert "Can be seen and booked: 2 offers of childcare." in await told(True)
    effects = await told(False)
    assert "Kept, and not to be seen or booked: 2 offers of childcare." in effects
    assert (
        "Places are booked for fewer than 5 children, or none; nobody is told, and calendars do not show it." in effects
    )


async def test_how_much_is_asked_of_the_database(world: World) -> None:
    """The same for one offer and booking as for several; each who moves up gets a mail of two statements."""
    setting = await prepared(world)

    async def counted(here: str, who: Actor) -> dict[str, int]:
        counts = {}
        made: dict[str, Any] = {}
        for name, actor, method, path, body in (
            ("book", who, "POST", f"{here}/bookings", {"age": 3}), ("list", who, "GET", f"{here}/..", None),
            ("read", who, "GET", here, None), ("mine", who, "GET", f"{setting.path}/bookings", None),
            ("children", setting.office, "GET", f"{here}/children", None),
            ("families", setting.office, "GET", f"{here}/families", None),
            ("cancel", who, "POST", f"{setting.path}/bookings/ID/cancel", None),
        ):  # fmt: skip
            path = f"{setting.path}/childcare" if path.endswith("..") else path.replace("ID", made.get("id", ""))
            with statements(world.database) as asked:
                answer = await actor.call(method, path, body)
            assert answer.status_code in (200, 201), answer.text
            made = answer.json() if name == "book" else made
            ours = [
                one for one in asked if "FROM token" not in one and ("family_sessions_" in one or "run_enrol" in one)
            ]
            counts[name] = len(ours)
        return counts

    wanted = {"book": 8, "list": 3, "read": 3, "mine": 1, "children": 2, "families": 2, "cancel": 5}
    here = await offered(setting, places=4)
    people = [await seated(world, setting, f"Parent {n}") for n in range(4)]
    assert await counted(here, people[0]) == wanted
    for who in people[:3]:
        await who.post(f"{here}/bookings", {"age": 4})
    await offered(setting)
    assert await counted(here, people[3]) == wanted
