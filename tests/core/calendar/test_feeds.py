"""Secret addresses of calendars: told once, kept by nobody, revoked at any time."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from tests.support.campus import contents

if TYPE_CHECKING:
    import httpx
    import pytest

    from tests.support.world import Actor, World

NOWHERE = {
    "type": "urn:lms:problem:not-found",
    "title": "Not found",
    "status": 404,
    "detail": "There is no calendar at this address, or no longer.",
}


async def subscribe(actor: Actor, name: str = "Phone") -> dict[str, Any]:
    made: dict[str, Any] = await actor.post("/me/calendar-feeds", {"name": name})
    return made


async def fetch(world: World, feed: dict[str, Any], **headers: str) -> httpx.Response:
    """Read as a calendar program does, that knows the address and nothing else."""
    return await world.http.get(feed["url"], headers={name.replace("_", "-"): told for name, told in headers.items()})


async def test_an_address_is_told_once_and_leads_to_the_calendar(world: World) -> None:
    anna, bea = await world.person("Anna"), await world.person("Bea")
    phone = await subscribe(anna)
    laptop, other = await subscribe(anna, "Laptop"), await subscribe(bea)
    secret = re.fullmatch(r"http://localhost:8000/calendar/([\w-]{43})\.ics", phone["url"])
    assert secret
    assert phone.keys() == {"id", "name", "createdAt", "url"}

    listed = [{name: feed[name] for name in ("id", "name", "createdAt")} for feed in (phone, laptop)]
    assert await anna.get("/me/calendar-feeds") == {"items": listed}
    assert secret[1] not in str(await contents(world.database))

    answer = await fetch(world, phone)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "X-Degraded" not in answer.headers
    assert answer.text.splitlines() == [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//lms-core//calendar feed//EN", "NAME:Phone", "X-WR-CALNAME:Phone",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H", "END:VCALENDAR",
    ]  # fmt: skip
    assert "X-WR-CALNAME:Laptop" in (await fetch(world, laptop)).text
    assert len({phone["url"], laptop["url"], other["url"]}) == 3


async def test_the_address_is_kept_for_no_repetition(world: World) -> None:
    anna = await world.person("Anna")
    made = [await anna.post("/me/calendar-feeds", {"name": "Phone"}, Idempotency_Key="same") for _ in range(2)]
    assert made[0]["url"] != made[1]["url"]
    assert (await contents(world.database))["idempotency_key"] == []


async def test_revoked_addresses_lead_nowhere_and_only_to_oneself(world: World) -> None:
    anna, bea = await world.person("Anna"), await world.person("Bea")
    phone, laptop, other = await subscribe(anna), await subscribe(anna, "Laptop"), await subscribe(bea)
    problem = await anna.delete(f"/me/calendar-feeds/{other['id']}", 404)
    assert problem["detail"] == "You have no such calendar feed."
    await anna.delete(f"/me/calendar-feeds/{phone['id']}")
    assert await anna.delete(f"/me/calendar-feeds/{phone['id']}", 404) == problem
    assert [feed["name"] for feed in (await anna.get("/me/calendar-feeds"))["items"]] == ["Laptop"]
    told = {name: (await fetch(world, feed)).status_code for name, feed in locals().items() if name in FEEDS}
    assert told == {"phone": 404, "laptop": 200, "other": 200}


FEEDS = {"phone", "laptop", "other"}


async def test_an_address_that_shows_nothing_tells_nothing(world: World) -> None:
    """Unknown, revoked, of a closed account, or no address at all: the words are the same."""
    anna, bea, cem = [await world.person(name) for name in ("Anna", "Bea", "Cem")]
    revoked, closed, open_one = await subscribe(anna), await subscribe(bea), await subscribe(cem)
    await anna.delete(f"/me/calendar-feeds/{revoked['id']}")
    await world.admin.patch(f"/persons/{bea.id}", {"active": False}, If_Match='"1"')
    secret = open_one["url"].rpartition("/")[2]
    for file in (
        revoked["url"].rpartition("/")[2], closed["url"].rpartition("/")[2], "x.ics", f"{'x' * 43}.ics",
        secret.removesuffix(".ics"), secret.swapcase(), f"{secret}%0A", f"{secret}%00", "%FF.ics", "%F0%9F%98%80.ics",
        ".ics", "x" * 200,
    ):  # fmt: skip
        answer = await world.http.get(f"/calendar/{file}")
        assert (answer.status_code, answer.json()) == (404, NOWHERE), file
    assert (await fetch(world, open_one)).status_code == 200
    await world.admin.patch(f"/persons/{bea.id}", {"active": True}, If_Match='"2"')
    assert (await fetch(world, closed)).status_code == 200


async def test_nobody_has_more_than_twenty(world: World) -> None:
    anna, bea = await world.person("Anna"), await world.person("Bea")
    new = {"name": "Phone"}
    answers = await asyncio.gather(*(anna.call("POST", "/me/calendar-feeds", new) for _ in range(25)))
    assert sorted(answer.status_code for answer in answers) == [201] * 20 + [409] * 5
    told = next(answer.json() for answer in answers if answer.status_code == 409)["detail"]
    assert told == "You have 20 calendar feeds, which is the most; revoke one that you no longer use."
    feeds = (await anna.get("/me/calendar-feeds"))["items"]
    assert len(feeds) == 20
    await subscribe(bea)
    await anna.delete(f"/me/calendar-feeds/{feeds[0]['id']}")
    await subscribe(anna)


async def test_a_calendar_that_is_known_already_is_not_sent_again(world: World) -> None:
    anna = await world.person("Anna")
    feed = await subscribe(anna)
    first = await fetch(world, feed)
    etag = first.headers["ETag"]
    for known in (etag, f'"other", W/{etag}', "*"):
        again = await fetch(world, feed, If_None_Match=known)
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag), known
        assert again.headers["Cache-Control"] == "private, no-cache"
    for unknown in ("", '"other"', etag.strip('"')):
        assert (await fetch(world, feed, If_None_Match=unknown)).content == first.content


async def test_a_failure_does_not_write_the_secret_into_the_log(
    world: World, backend: str, caplog: pytest.LogCaptureFixture
) -> None:
    feed = await subscribe(await world.person("Anna"))
    async with world.database.write() as connection:
        await connection.execute(text(f"DROP TABLE session{' CASCADE' if backend == 'postgresql' else ''}"))
    assert (await fetch(world, feed)).status_code == 500
    assert "unforeseen error at GET /calendar/{file}" in caplog.text
    assert feed["url"].rpartition("/")[2].removesuffix(".ics") not in caplog.text
