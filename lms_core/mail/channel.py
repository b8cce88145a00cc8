"""How events leave the outbox as mail to the persons concerned."""

from __future__ import annotations

import ssl
from functools import cached_property
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import select

from lms_core.db import Database
from lms_core.enrolment.tables import enrolment_change, run_enrolment, seat_rules
from lms_core.hooks.types import EnrolmentCreated, EnrolmentEnded, SessionEvent
from lms_core.mail import guests
from lms_core.mail.message import compose, hand_over
from lms_core.mail.send import EVENT, PluginMail
from lms_core.mail.texts import FOOTER, Text, until, when, write
from lms_core.media.tables import media
from lms_core.media.types import MediaEvent
from lms_core.modules.tables import run
from lms_core.outbox.events import Event, Undeliverable
from lms_core.people.tables import person
from lms_core.people.types import Language
from lms_core.settings import MailSettings

SESSION_EVENTS = ("session_changed", "session_cancelled")


class MailChannel:
    """Writes to people, each in her language, what concerns herself; without settings it writes to nobody."""

    name = "mail"

    def __init__(self, settings: MailSettings | None, site: str, database: Database) -> None:
        self._settings = settings
        self._site = site
        self._database = database

    async def subscribers(self, event: Event) -> list[str]:
        """Name who is told: who has a seat or waiting place, all with a seat in a session's run, who brought a file."""
        if self._settings is None:
            return []
        if event.name == "enrolment_created":
            return [f"mail:{msgspec.json.decode(event.payload, type=EnrolmentCreated).person_id}"]
        if event.name == "enrolment_ended":
            ended = msgspec.json.decode(event.payload, type=EnrolmentEnded)
            return [] if ended.why == "withdrawn" else [f"mail:{ended.person_id}"]
        if event.name == "media_quarantined":
            return [f"mail:{msgspec.json.decode(event.payload, type=MediaEvent).person_id}"]
        if event.name in SESSION_EVENTS:
            session = msgspec.json.decode(event.payload, type=SessionEvent)
            if session.bundled:
                return []
            seated = select(run_enrolment.c.person_id).where(
                run_enrolment.c.run_id == session.run_id, run_enrolment.c.state == "enrolled"
            )
            async with self._database.read() as connection:
                return [f"mail:{found}" for found in (await connection.execute(seated)).scalars()]
        return []

    async def deliver(self, subscriber: str, event: Event, key: str) -> None:
        """Send one mail. Its Message-ID and date are the same at every repetition. Three statements at most.

        Raises Undeliverable when nobody can or may get it, and whatever stands in the way for now.
        """
        if self._settings is None:
            raise Undeliverable("no mail server is configured (LMS_SMTP_URL)")
        recipient = subscriber.removeprefix("mail:")
        if event.name == guests.EVENT:
            who, written = await guests.written_to_guest(self._database, self._site, event)
        else:
            who = await self._person(UUID(recipient))
            written = await self._written(event, who.name, who.language)
        text = written.text.rstrip("\n") + "\n" + FOOTER[who.language].format(site=self._site)
        identity = f"{event.id}.{recipient}"
        message = compose(self._settings, who.name, who.email, identity, event.at, written.subject, text)
        await hand_over(message, who.email, self._settings, self._tls)

    async def _person(self, person_id: UUID) -> Any:
        query = select(person.c.email, person.c.name, person.c.language, person.c.active)
        async with self._database.read() as connection:
            who = (await connection.execute(query.where(person.c.id == person_id))).first()
        if who is None or not who.active:
            raise Undeliverable("the person is not known here any more, or her account is closed")
        return who

    @cached_property
    def _tls(self) -> ssl.SSLContext | None:
        encrypted = self._settings is not None and self._settings.encryption != "none"
        return ssl.create_default_context() if encrypted else None

    async def _written(self, event: Event, name: str, language: Language) -> Text:
        """Write what an event means for a person; what plugins wrote is sent as it is."""
        if event.name == EVENT:
            mail = msgspec.json.decode(event.payload, type=PluginMail)
            return Text(mail.subject[language], mail.text[language])
        values: dict[str, str] = {"name": name}
        if event.name == "media_quarantined":
            return await self._about_file(event, language, values)
        if event.name in SESSION_EVENTS:
            session = msgspec.json.decode(event.payload, type=SessionEvent)
            kind, run_id = event.name, session.run_id
            values |= {"session": session.title, "when": when(session, language), "place": session.place}
        elif event.name == "enrolment_ended":
            ended = msgspec.json.decode(event.payload, type=EnrolmentEnded)
            kind, run_id = ended.why, ended.run_id
            values["reason"] = await self._reason(ended)
        else:
            enrolment = msgspec.json.decode(event.payload, type=EnrolmentCreated)
            kind, run_id = enrolment.state, enrolment.run_id
            if kind == "offered":
                values["deadline"] = await self._deadline(enrolment, language)
        async with self._database.read() as connection:
            title = await connection.scalar(select(run.c.title).where(run.c.id == run_id))
        return write(kind, language, {**values, "run": str(title)})

    async def _reason(self, ended: EnrolmentEnded) -> str:
        """Return what was said to the person; it stands on record and in no event."""
        query = select(enrolment_change.c.reason).where(
            enrolment_change.c.run_id == ended.run_id,
            enrolment_change.c.person_id == ended.person_id,
            enrolment_change.c.after.in_(["declined", "withdrawn", "expired"]),
        )
        async with self._database.read() as connection:
            return str(await connection.scalar(query.order_by(enrolment_change.c.id.desc()).limit(1)) or "")

    async def _deadline(self, enrolment: EnrolmentCreated, language: Language) -> str:
        query = (
            select(run_enrolment.c.deadline, seat_rules.c.planned)
            .join_from(run_enrolment, seat_rules, seat_rules.c.run_id == run_enrolment.c.run_id)
            .where(
                run_enrolment.c.run_id == enrolment.run_id,
                run_enrolment.c.person_id == enrolment.person_id,
                run_enrolment.c.state == "offered",
            )
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            raise Undeliverable("the offer is accepted or over already")
        return until(row.deadline, row.planned["zone"], language)

    async def _about_file(self, event: Event, language: Language, values: dict[str, str]) -> Text:
        media_id = msgspec.json.decode(event.payload, type=MediaEvent).media_id
        query = select(media.c.name, media.c.reason).where(media.c.id == media_id, media.c.state == "quarantined")
        async with self._database.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            raise Undeliverable("the file is sent again already, or was deleted")
        return write("media_quarantined", language, {**values, "file": row.name, "reason": row.reason})
