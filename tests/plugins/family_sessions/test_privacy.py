"""A pregnancy, a loss and a sick father are entered; afterwards no word and no date of them is found anywhere."""

from __future__ import annotations

import asyncio
import base64
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import MetaData, inspect, select

from tests.support.exams import EXAM
from tests.support.family import task
from tests.support.family_care import Setting, changed, declared, entered, prepared, seated
from tests.support.family_childcare import offers, worked
from tests.support.serving import Serving, environment, free_port
from tests.support.world import Actor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy import Connection

    from content_store import StoreSettings
    from tests.support.world import World

DUE, BORN, LOST, SHOWN = date(2027, 2, 10), date(2027, 2, 20), date(2027, 1, 19), date(2027, 6, 29)
LEFT, BACK = date(2028, 4, 3), date(2028, 8, 27)
WORDS = ["Zwillingswunder", "Hebammenpraxis", "Vaterpflegestufe", "Sternenkind", "Attestvermerk"]
GERMAN = {1: "Januar", 2: "Februar", 4: "April", 6: "Juni", 8: "August"}


def spellings(day: date) -> list[str]:
    month = {1: "January", 2: "February", 4: "April", 6: "June", 8: "August"}[day.month]
    return [
        day.isoformat(), f"{day:%Y%m%d}", f"{day:%d.%m.%Y}", f"{day.day}.{day.month}.{day.year}", f"{day:%d/%m/%Y}",
        f"{day:%m/%d/%Y}", f"{day:%d.%m.%y}", f"{day.day} {month} {day.year}", f"{month} {day.day}, {day.year}",
        f"{day.day}. {GERMAN[day.month]} {day.year}", f"date({day.year}, {day.month}, {day.day})",
        f"{day:%a, %d %b %Y}", f"{day:%d %b %Y}",
    ]  # fmt: skip


SOUGHT = [*WORDS, *(text for day in (DUE, BORN, LOST, SHOWN, LEFT, BACK) for text in spellings(day))]


def found_in(content: bytes) -> list[str]:
    """Return what of it is there, in any case and in the encodings that it could hide in."""
    plain = content.lower()
    return [
        one
        for one in SOUGHT
        if any(
            hidden.lower() in plain for hidden in (one.encode(), one.encode("utf-16-le"), one.encode().hex().encode())
        )
        or base64.b64encode(one.encode())[:-4] in content
    ]


@pytest.fixture
async def server(world: World, store_settings: StoreSettings, tmp_path: Path, key: str) -> AsyncIterator[Serving]:
    env = {**environment(world.database.url, store_settings, free_port()), "LMS_FAMILY_KEYS": key}
    made = Serving(env, tmp_path / "server.log")
    done = await asyncio.to_thread(made.lms, "migrate")
    assert done.returncode == 0, done.stderr
    await asyncio.to_thread(made.start)
    yield made
    await asyncio.to_thread(made.stop)


async def dumped(world: World) -> bytes:
    """Return every value of every table as text, and on SQLite every byte of its files as well."""

    def read(connection: Connection) -> bytes:
        described = MetaData()
        described.reflect(connection)
        assert "family_sessions_entry" in inspect(connection).get_table_names()
        rows = [row for table in described.tables.values() for row in connection.execute(select(table))]
        texts = [
            bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode() for r in rows for value in r
        ]
        return b"\n".join(texts)

    async with world.database.read() as connection:
        found = await connection.run_sync(read)
    if world.database.is_sqlite:
        file = Path(world.database.url.removeprefix("sqlite:///"))
        for path in sorted(file.parent.glob(f"{file.name}*")):
            found += await asyncio.to_thread(path.read_bytes)
    return found


class Journey:
    """People of a programme who talk to a server process."""

    def __init__(self, world: World, setting: Setting, http: httpx.AsyncClient) -> None:
        self.world = world
        self.setting = setting
        self.http = http

    def outside(self, actor: Actor) -> Actor:
        return Actor(self.http, actor.person, actor.token)

    async def people(self) -> tuple[Actor, Actor, Actor]:
        ada, eve = await seated(self.world, self.setting, "Ada"), await seated(self.world, self.setting, "Eve")
        office = await self.world.person("Olga Office", "family_sessions.office", self.setting.programme)
        return self.outside(ada), self.outside(eve), self.outside(office)


async def lived(journey: Journey) -> tuple[Actor, Actor]:
    """Let people enter, change, declare and read, well and badly; return one of them, and the office."""
    ada, eve, office = await journey.people()
    setting = journey.setting
    made = await entered(ada, setting, {"kind": "maternity", "due": DUE.isoformat(), "note": "Zwillingswunder"})
    made = await declared(ada, setting, made, about="waiver", phase="before", activity="teaching", given=True)
    born = await changed(ada, setting, made, birth=BORN.isoformat(), note="Hebammenpraxis Zwillingswunder")
    await declared(ada, setting, born, about="consent", to="evening", given=True)
    care = {"kind": "care_hours", "strength": "cannot", "firstDay": "2027-03-01", "note": "Vaterpflegestufe"}
    await entered(ada, setting, {**care, "hours": [{"starts": "15:00", "ends": "18:00"}]})
    lost = {"kind": "maternity", "due": "2027-06-15", "miscarriage": {"day": LOST.isoformat(), "week": 19}}
    of_eve = await entered(eve, setting, {**lost, "note": "Sternenkind"})
    await eve.put(f"{setting.path}/me/calendar")
    await ada.put(f"{setting.path}/me/calendar")
    preview = {"needs": {**lost, "note": "Sternenkind"}}
    await eve.post(f"{setting.path}/me/preview", preview, 200, Idempotency_Key="preview")

    asked = {"personId": eve.id, "purpose": f"Attestvermerk vom {LOST:%d.%m.%Y}"}
    read = await office.post(f"{setting.path}/readings", asked, 200, Idempotency_Key="reading")
    assert "Sternenkind" in str(read), "what is sought is there for those who may"
    shown = {"personId": eve.id, "validUntil": SHOWN.isoformat()}
    await office.post(f"{setting.path}/proofs/{of_eve['id']}", shown, 200, If_Match='"1"', Idempotency_Key="proof")
    assert SHOWN.isoformat() in str(await eve.get(f"{setting.path}/me/entries"))

    bad: list[dict[str, Any]] = [
        {"needs": {**lost, "birth": BORN.isoformat(), "note": "Sternenkind"}},
        {"needs": {**lost, "kind": "Zwillingswunder"}},
        {"needs": {**lost, "due": f"{DUE:%d.%m.%Y}"}},
        {"needs": {"kind": "closed_days", "days": [DUE.isoformat()] * 201}},
    ]
    for body in bad:
        path = f"{setting.path}/me/entries/{of_eve['id']}"
        refused = await eve.call("PUT", path, body, If_Match='"2"', Idempotency_Key="bad")
        assert refused.status_code == 400
    return ada, office


async def planned(journey: Journey, ada: Actor, office: Actor) -> str:
    """Let what people entered have consequences, and let them book childcare and planners search for dates.

    Returns the number of the search.
    """
    world, setting = journey.world, journey.setting
    admin = journey.outside(world.admin)
    exams = f"/runs/{setting.run['id']}/exams"
    for day in ("2099-02-12", "2099-05-10"):
        times = {"starts": f"{day}T09:00:00", "ends": f"{day}T11:00:00"}
        made = await admin.post(exams, {**EXAM, **times}, Idempotency_Key=day)
        if day == "2099-02-12":
            await ada.put(f"{exams}/{made['id']}/registration")
    needs = {"kind": "protected", "strength": "cannot", "firstDay": "2099-02-01", "lastDay": "2099-04-30"}
    await entered(ada, setting, {**needs, "note": "Vaterpflegestufe"})
    leave = {"personId": ada.id, "kind": "parental", "firstDay": LEFT.isoformat(), "lastDay": BACK.isoformat()}
    await office.put(f"{setting.path}/leaves/{uuid4()}", leave, If_Match='"0"')
    assert LEFT.isoformat() in str(await ada.get(f"{setting.path}/me/leaves"))
    children = [{"born": 2019, "land": "BW"}, {"born": 2022, "land": "RP"}]
    await entered(ada, setting, {"kind": "children", "children": children, "note": "Zwillingswunder"})

    offered = await office.post(f"{setting.path}/childcare", offers(setting, everyDay=True), Idempotency_Key="offers")
    for age in (1, 4, 7):
        path = f"{setting.path}/childcare/{offered['items'][0]['id']}/bookings"
        await ada.post(path, {"age": age}, Idempotency_Key=f"child-{age}")
    search = await admin.post(
        f"{setting.path}/suggestions", task(setting.run["id"], seconds=5), Idempotency_Key="dates"
    )
    await worked(world)

    [moved] = (await ada.get(f"{setting.path}/me/consequences"))["items"]
    assert (moved["kind"], moved["after"]) == ("exam", "2099-05-10T09:00:00")
    booked = [one["state"] for one in (await ada.get(f"{setting.path}/bookings"))["items"]]
    assert sorted(booked) == ["booked", "booked", "waiting"]
    found = await admin.get(f"{setting.path}/suggestions/{search['id']}")
    assert found["state"] == "done", found
    return str(search["id"])


async def answers(journey: Journey) -> dict[str, bytes]:
    """Return what an administrator gets from everything that can be read about a programme or a run, by its path."""
    admin, setting = journey.outside(journey.world.admin), journey.setting
    described = (await admin.call("GET", "/openapi.json")).json()["paths"]
    found = {}
    for path, methods in described.items():
        filled = path.replace("{programme_id}", setting.programme["id"]).replace("{run_id}", setting.run["id"])
        if "get" in methods and "{" not in filled and "events" not in filled:
            found[path] = (await admin.call("GET", filled)).content
    return found


@pytest.mark.timeout(400)
async def test_nothing_of_it_is_found_anywhere(world: World, server: Serving, key: str) -> None:
    setting = await prepared(world, consequences={"proof": False})
    told: dict[str, bytes] = {}
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as http:
        journey = Journey(world, setting, http)
        for _ in range(100):  # until the server has heard of what was enabled elsewhere
            if (await journey.outside(world.admin).call("GET", f"{setting.path}/me/calendar")).status_code == 200:
                break
            await asyncio.sleep(0.1)
        ada, office = await lived(journey)
        search = await planned(journey, ada, office)
        admin = journey.outside(world.admin)
        block = {
            "title": "Block", "zone": "Europe/Berlin", "mode": "on_site", "place": "Room 1",
            "starts": "2027-03-02T10:00:00", "ends": "2027-03-02T12:00:00",
        }  # fmt: skip
        refused = await admin.call("POST", f"/runs/{setting.run['id']}/sessions", block)
        assert refused.status_code == 409
        told["refusal"] = refused.content
        programme = f"/programmes/{setting.programme['id']}"
        plugin = f"{programme}/plugins/family_sessions"
        for path in (f"{plugin}/export", plugin, "/openapi.json", "/metrics", "/plugins/health", "/plugins"):
            answer = await admin.call("GET", path)
            assert answer.is_success, (path, answer.text)
            told[path] = answer.content
        told |= await answers(journey)
        exports = [path for path in told if "/exports/" in path]
        assert {"/programmes/{programme_id}/exports/transcripts", "/exports/persons"} <= set(exports), exports
        for path in ("", f"/comparison?suggestion={search}", f"/{search}"):
            path = f"{setting.path}{path if 'comparison' in path else f'/suggestions{path}'}"
            told[path] = (await admin.call("GET", path)).content
        assert ada.id.encode() not in told[f"{plugin}/export"], "that she needs anything is not told, either"
        previewed = await admin.call("POST", f"{plugin}/preview", {"enabled": False})
        told["preview"] = previewed.content
        for path in (f"{programme}/family_sessions/people", f"{programme}/family_sessions/refusals"):
            assert (await admin.call("GET", path)).status_code == 403
        feed = await ada.post("/me/calendar-feeds", {"name": "Phone"})
        calendar = await http.get(feed["url"].replace("http://localhost:8000", server.url))
        assert b"Not available" in calendar.content
        told["calendar"] = calendar.content
    told["database"] = await dumped(world)
    told["log"] = server.log.read_bytes()
    assert b"family_sessions" in told["log"] or told["log"], "the server has a log"
    async for one in world.app.state.store.objects(""):
        told[f"object {one.key}"] = one.key.encode() + b"".join(
            [part async for part in world.app.state.store.read(one.key)]
        )
    assert {where: found for where, content in told.items() if (found := found_in(content))} == {}
    assert key.encode() not in told["log"] + told["database"]


def test_the_search_finds_what_it_seeks() -> None:
    assert found_in(b"... zwillingswunder ...") == ["Zwillingswunder"]
    assert found_in(b"x 10. Februar 2027") == ["10. Februar 2027"]
    assert found_in(b"..." + b"2027-02-10".hex().encode()) == ["2027-02-10"]
