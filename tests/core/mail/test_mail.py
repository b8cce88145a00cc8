"""Mail to people: in their language, with what concerns them, through a real mail server."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace
from sqlalchemy import update

from lms_core.enrolment.tables import run_enrolment
from lms_core.mail import message
from lms_core.modules.schedule import PlannedSession, publish
from lms_core.people.tables import person
from lms_core.settings import Settings
from lms_core.types import new_id
from tests.support.mailing import deliver, enrolled, greets, outcomes
from tests.support.mailserver import MailServer
from tests.support.outbox import deliveries

if TYPE_CHECKING:
    from tests.support.greeter import Greeter
    from tests.support.world import World

READING = {"key": "intro", "kind": "reading", "title": "Introduction"}
DAY = {
    "title": "First day", "starts": "2026-11-07T09:00:00", "ends": "2026-11-07T16:30:00", "zone": "Europe/Berlin",
    "mode": "on_site", "place": "Room 1.07",
}  # fmt: skip


async def test_a_seat_and_a_waiting_place_are_told_to_who_has_them(
    world: World, app_settings: Settings, server: MailServer, run: dict[str, Any]
) -> None:
    jorg = await enrolled(world, "Joerg", run, "de")
    await world.admin.patch(f"/persons/{jorg.id}", {"name": "Jörg Weiß"}, If_Match='"2"')
    bea = await enrolled(world, "Bea", run)
    await deliver(world, app_settings)
    people = [bea.email, jorg.email]
    assert sorted(server.envelopes) == [("lms@example.org", [email]) for email in people]
    waits, told = sorted(server.mails, key=lambda mail: str(mail["To"].addresses[0].addr_spec))
    assert (told["From"], told["To"]) == ("Über LMS <lms@example.org>", f"Jörg Weiß <{jorg.email}>")
    assert told["Subject"] == f"Sie haben einen Platz: {run['title']}"
    assert told["Auto-Submitted"] == "auto-generated"
    assert told["Message-ID"].endswith(f".{jorg.id}@example.org>")
    (happened,) = [at for of, at in await deliveries(world.database, "subscriber", "at") if of == f"mail:{jorg.id}"]
    assert told["Date"].datetime == happened.replace(microsecond=0)
    assert told.get_content_type() == "text/plain"
    assert told.get_content() == (
        f"Guten Tag Jörg Weiß,\n\nSie haben einen Platz in „{run['title']}“.\n\n"
        "-- \nDiese Nachricht wurde automatisch verschickt von http://localhost:8000\n"
    )
    assert waits["Subject"] == f"You are on the waiting list: {run['title']}"
    assert not [word for word in ("Jörg", jorg.email, jorg.id) if word in waits.as_string()]
    assert all(max(map(len, raw.split(b"\r\n"))) < 998 and raw.isascii() for raw in server.raw)

    await jorg.delete(f"/runs/{run['id']}/enrolment")
    await deliver(world, app_settings)
    assert server.envelopes[2:] == [("lms@example.org", [bea.email])]
    assert server.mails[2]["Subject"] == f"You have a seat: {run['title']}"


async def test_an_offer_names_its_deadline_as_the_clocks_of_the_run_show_it(
    world: World, app_settings: Settings, server: MailServer, run: dict[str, Any]
) -> None:
    rules = {"zone": "America/New_York", "offerHours": 48}
    await world.admin.put(f"/runs/{run['id']}/seat-rules", rules, If_Match='"1"')
    first, *others = [
        await enrolled(world, name, run, language) for name, language in (("Anna", "en"), ("Bea", "en"), ("Cem", "de"))
    ]
    await world.admin.put(f"/runs/{run['id']}/capacity", {"capacity": 3}, If_Match='"2"')
    # the second half past one of the day on which the clocks go back
    deadline = datetime(2027, 11, 7, 6, 30, tzinfo=UTC)
    async with world.database.write() as connection:
        offered = update(run_enrolment).where(run_enrolment.c.state == "offered")
        await connection.execute(offered.values(deadline=deadline))
    await deliver(world, app_settings)
    told = {
        str(mail["To"].addresses[0].addr_spec): mail.get_content()
        for mail in server.mails
        if mail["Subject"].split(":")[0] in ("A seat is held for you", "Ein Platz ist für Sie frei")
    }
    assert told.keys() == {other.email for other in others} != {first.email}
    assert "\n2027-11-07, 01:30 (EST, America/New_York).\n" in told[others[0].email]
    assert "\n07.11.2027, 01:30 Uhr (EST, America/New_York).\n" in told[others[1].email]


async def test_a_session_that_changes_is_told_to_those_with_a_seat(
    world: World, app_settings: Settings, server: MailServer, run: dict[str, Any]
) -> None:
    sessions = f"/runs/{run['id']}/sessions"
    day = await world.admin.post(sessions, DAY)
    anna = await enrolled(world, "Anna", run, "de")
    await enrolled(world, "Waits", run)
    other = await world.run(run["programme"], {"id": run["moduleId"]})
    elsewhere = await world.student("Elsewhere", run["programme"])
    await elsewhere.put(f"/runs/{other['id']}/enrolment", {})
    await deliver(world, app_settings)
    server.mails.clear()

    later = {**DAY, "ends": "2026-11-08T12:00:00", "place": ""}
    await world.admin.put(f"{sessions}/{day['id']}", later, If_Match='"1"')
    await world.admin.delete(f"{sessions}/{day['id']}", If_Match='"2"')
    await deliver(world, app_settings)
    changed, cancelled = server.mails
    assert {mail["To"] for mail in server.mails} == {f"Anna <{anna.email}>"}
    assert (changed["Subject"], cancelled["Subject"]) == (
        "Geänderter Termin: First day",
        "Abgesagter Termin: First day",
    )
    assert "\nFirst day\n07.11.2026, 09:00 bis 08.11.2026, 12:00 Uhr (Europe/Berlin)\n\n-- \n" in changed.get_content()
    assert f"„{run['title']}“ findet nicht statt:" in cancelled.get_content()


async def test_many_sessions_that_change_at_once_are_no_mail_each(
    world: World, app_settings: Settings, server: MailServer, run: dict[str, Any]
) -> None:
    await enrolled(world, "Anna", run)
    programme_id, run_id = UUID(run["programme"]["id"]), UUID(run["id"])
    day = msgspec.convert({**DAY, "runId": run_id, "sessionId": new_id()}, PlannedSession)
    async with world.database.write() as connection:
        await publish(connection, programme_id, [day], {})
    await deliver(world, app_settings)
    server.mails.clear()
    for planned, dropped in (([replace(day, revision=1, title="Other")], {}), ([], {day.session_id: 2})):
        async with world.database.write() as connection:
            await publish(connection, programme_id, planned, dropped)
    await deliver(world, app_settings)
    assert server.mails == []


async def test_a_plugin_writes_what_it_likes_in_its_own_transaction(
    world: World, app_settings: Settings, server: MailServer, run: dict[str, Any], greeter: Greeter
) -> None:
    await greets(world, run)
    greeter.error = RuntimeError("the plugin fails after all")
    await enrolled(world, "Anna", run, "de")
    await deliver(world, app_settings)
    assert [mail["Subject"] for mail in server.mails] == [f"Sie haben einen Platz: {run['title']}"]

    greeter.error = None
    await deliver(world, app_settings)
    (greeting,) = server.mails[1:]
    assert (greeting["To"], greeting["Subject"]) == ("Anna <anna@example.org>", "Grüße {name}")
    assert greeting.get_content().startswith("Schön, dass Sie da sind.\n\n-- \nDiese")


@pytest.mark.parametrize(
    ("subject", "text", "reason"),
    [
        ({"en": "Hello"}, {"de": "x", "en": "x"}, "subject must have exactly the languages de, en, not ['en']"),
        ({"de": "x", "en": "x"}, {"de": "x", "en": "x", "fr": "x"}, "text must have exactly the languages de, en,"),
        ({"de": "x", "en": "x\r\nBcc: eve@example.org"}, None, "subject['en'] must be one line without control"),
        ({"de": "x\u2028y", "en": "x"}, None, "subject['de'] must be one line without control characters"),
        ({"de": "x", "en": "x" * 201}, None, "subject['en'] must have 1 to 200 characters, not 201"),
        ({"de": " ", "en": "x"}, None, "subject['de'] must have 1 to 200 characters"),
        (
            {"de": "x", "en": "x"},
            {"de": "x" * 20_001, "en": "x"},
            "text['de'] must have 1 to 20000 characters, not 20001",
        ),
        ({"de": "x", "en": "x"}, {"de": "x", "en": "\0"}, "text['en'] must not hold the character NUL"),
        ({"de": "x", "en": "x"}, {"de": "x", "en": "\ud800"}, "text['en'] must be valid Unicode"),
    ],
)
async def test_what_no_mail_can_say_is_refused_with_what_to_change(
    world: World,
    app_settings: Settings,
    server: MailServer,
    run: dict[str, Any],
    greeter: Greeter,
    subject: dict[str, str],
    text: dict[str, str] | None,
    reason: str,
) -> None:
    await greets(world, run)
    greeter.subject, greeter.text = subject, text or greeter.text
    await enrolled(world, "Anna", run)
    await deliver(world, app_settings)
    errors = [error for _, error in await deliveries(world.database, "subscriber", "error") if error]
    assert len(errors) == 1
    assert errors[0].startswith(f"ValueError: {reason}")
    assert len(server.mails) == 1  # that of the core


async def test_a_mail_that_is_sent_again_is_the_same(
    world: World, app_settings: Settings, server: MailServer, run: dict[str, Any]
) -> None:
    """The server has the mail, but its answer is lost: so it gets it again, and can tell."""
    server.breaks_off = True
    await enrolled(world, "Anna", run)
    await deliver(world, app_settings)
    assert [state for state, _ in await outcomes(world)] == ["open"]
    server.breaks_off = False
    await deliver(world, app_settings)
    assert [state for state, _ in await outcomes(world)] == ["done"]
    assert len(server.raw) == 2
    assert server.raw[0] == server.raw[1]
    assert b"Message-ID: " in server.raw[0]


@pytest.mark.parametrize(
    ("step", "reply", "state", "reason"),
    [
        ("RCPT", "550 5.1.1 <anna@example.org> is unknown", "dead", "550 5.1.1 <the address> is unknown"),
        ("RCPT", "450 4.2.1 <anna@example.org> is busy", "open", "MailNotTaken: the mail server says: 450 4.2.1 <the "),
        ("DATA", "554 5.6.0 no such mail here", "dead", "554 5.6.0 no such mail here"),
        ("DATA", "452 4.3.1 full", "open", "452 4.3.1 full"),
    ],
)
async def test_what_is_refused_for_good_is_given_up_and_the_rest_tried_again(
    world: World,
    app_settings: Settings,
    server: MailServer,
    run: dict[str, Any],
    step: str,
    reply: str,
    state: str,
    reason: str,
) -> None:
    server.replies[step] = reply
    anna = await enrolled(world, "Anna", run)
    await deliver(world, app_settings)
    ((found, error),) = await outcomes(world)
    assert error is not None
    assert (found, reason in error, anna.email in error) == (state, True, False), error
    server.replies.clear()
    await deliver(world, app_settings)
    assert len(server.mails) == (state == "open")


async def test_a_server_that_is_away_or_says_nothing_is_tried_again(
    world: World,
    app_settings: Settings,
    server: MailServer,
    run: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(message, "STEP_LIMIT", 0.05)
    over = asyncio.Event()

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    listening = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    await enrolled(world, "Anna", run)
    assert app_settings.mail
    away = replace(app_settings, mail=replace(app_settings.mail, port=port))
    await deliver(world, away)
    over.set()
    listening.close()
    await listening.wait_closed()
    (hung,) = await outcomes(world)
    await deliver(world, away)
    (refused,) = await outcomes(world)
    assert (hung[0], refused[0]) == ("open", "open")
    assert hung[1] != refused[1]
    await deliver(world, app_settings)
    assert len(server.mails) == 1


@pytest.mark.parametrize(
    "values",
    [
        {"active": False},
        {"email": "a,b@example.org"},
        {"email": "anna(eve)@example.org"},
        {"email": "anna@example.org>,<eve@example.org"[:25]},
        {"email": "änna@example.org"},
        {"email": "anna@müller.example"},
    ],
)
async def test_nobody_else_gets_what_cannot_be_sent_to_a_person(
    world: World, app_settings: Settings, server: MailServer, run: dict[str, Any], values: dict[str, Any]
) -> None:
    anna = await enrolled(world, "Anna", run)
    async with world.database.write() as connection:
        await connection.execute(update(person).where(person.c.email == anna.email).values(**values))
    await deliver(world, app_settings)
    assert [state for state, _ in await outcomes(world)] == ["dead"]
    assert server.envelopes == []


async def test_without_a_mail_server_nobody_is_written_to_and_plugins_hear_of_it(
    world: World, app_settings: Settings, server: MailServer, run: dict[str, Any]
) -> None:
    await greets(world, run)
    await enrolled(world, "Anna", run)
    await deliver(world, replace(app_settings, mail=None))
    assert await outcomes(world) == [("dead", "no mail server is configured (LMS_SMTP_URL)")]
    assert server.envelopes == []
