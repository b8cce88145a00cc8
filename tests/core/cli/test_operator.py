"""`lms migrate`, `doctor`, `person add` and `worker`: what an operator does, and what she is told when it fails."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from pathlib import Path

import pytest
from msgspec import Struct
from sqlalchemy import select

from lms_core.db import Database
from lms_core.media.tools import missing
from lms_core.migrations import head_revision
from lms_core.outbox.events import emit
from lms_core.outbox.tables import outbox
from lms_core.people.tables import password_link, person, role_grant
from lms_core.permissions import ROLES
from lms_core.types import digest
from tests.support.processes import LMS, finished, free_port, needs_proc, said, started

pytestmark = needs_proc

TOOLS = "ok     tools          films and PDFs are looked into"
DISK = r"ok     disk           \d+\.\d GiB free, at least 1 GiB is needed"


class Happened(Struct, frozen=True):
    """What the event says; nobody listens."""

    what: str


def test_doctor_finds_nothing_wrong(database_url: str, surroundings: dict[str, str]) -> None:
    environment = {**surroundings, "LMS_DATABASE_URL": database_url}
    assert said("migrate", env=environment)[0] == 0
    code, output, errors = finished(LMS, "doctor", env=environment)
    *checks, tools, disk = output.splitlines()
    others = "the content store's" if database_url.startswith("sqlite") else "the database's and the content store's"
    assert checks == [
        "ok     database       answers",
        f"ok     migrations     at {head_revision()}",
        "ok     content store  answers, and refuses strangers",
        "ok     plugins        family_sessions, internship_credit, part_time_tracks, university_weeks",
        f"ok     clock          agrees with {others}",
    ]
    assert tools == TOOLS if not missing() else tools.startswith("ok     tools          no ")
    assert re.fullmatch(DISK, disk)
    assert (code, errors) == (0, "")


def test_doctor_says_what_is_wrong(surroundings: dict[str, str], tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    environment = {**surroundings, "LMS_STORE_URL": nowhere, "LMS_DATABASE_URL": f"sqlite:///{tmp_path / 'new'}"}
    code, output, errors = said("doctor", env=environment)
    *checks, tools, disk = output.splitlines()
    assert checks == [
        "ok     database       answers",
        f"FAILS  migrations     the database is at nothing, needed is {head_revision()}: lms migrate",
        f"FAILS  content store  The object store at {nowhere} cannot be reached or answers too late.",
        "FAILS  plugins        the database does not tell how they stand",
        "ok     clock          nobody to compare it with",
    ]
    assert tools == TOOLS if not missing() else tools.startswith("ok     tools          no ")
    assert re.fullmatch(DISK, disk)
    assert (code, errors) == (1, "")


def test_doctor_says_that_the_database_is_away(surroundings: dict[str, str]) -> None:
    nowhere = free_port()
    database = f"postgresql://lms:long-and-hard-to-guess@127.0.0.1:{nowhere}/lms"
    code, output, errors = said("doctor", env={**surroundings, "LMS_DATABASE_URL": database})
    assert output.splitlines()[:5] == [
        f"FAILS  database       [Errno 111] Connect call failed ('127.0.0.1', {nowhere})",
        f"FAILS  migrations     [Errno 111] Connect call failed ('127.0.0.1', {nowhere})",
        "ok     content store  answers, and refuses strangers",
        "FAILS  plugins        the database does not tell how they stand",
        "ok     clock          agrees with the content store's",
    ]
    assert (code, errors) == (1, "")


def test_a_command_without_its_database_says_so_in_one_line(surroundings: dict[str, str], tmp_path: Path) -> None:
    environment = {**surroundings, "LMS_DATABASE_URL": f"sqlite:///{tmp_path / 'missing' / 'lms.sqlite3'}"}
    assert said("migrate", env=environment) == (1, "", "Error: unable to open database file\n")


def test_a_migration_without_the_store_says_so_in_one_line(surroundings: dict[str, str], tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    environment = {**surroundings, "LMS_STORE_URL": nowhere, "LMS_DATABASE_URL": f"sqlite:///{tmp_path / 'new'}"}
    assert said("migrate", env=environment) == (
        1,
        f"database: empty -> {head_revision()}\nplugin family_sessions: empty -> 0001\nplugin internship_credit: empty -> 0001\nplugin part_time_tracks: empty -> 0001\nplugin university_weeks: empty -> 0001\n",
        f"Error: The object store at {nowhere} cannot be reached or answers too late.\n",
    )


@pytest.mark.parametrize(
    ("email", "name", "role", "refusal"),
    [
        ("amina", "Amina Kurt", "administrator", "--email 'amina' is not valid."),
        ("amina@example.org", "", "administrator", "--name '' is not valid."),
        (
            "amina@example.org",
            "Amina Kurt",
            "rector",
            f"There is no role rector; there are: {', '.join(sorted(ROLES))}.",
        ),
    ],
)
async def test_a_person_that_cannot_be_is_refused(
    email: str, name: str, role: str, refusal: str, database_url: str, surroundings: dict[str, str]
) -> None:
    environment = {**surroundings, "LMS_DATABASE_URL": database_url}
    words = ("person", "add", "--email", email, "--name", name, "--role", role)
    assert await asyncio.to_thread(said, *words, env=environment) == (1, "", f"Error: {refusal}\n")
    database = Database(database_url)
    async with database.read() as connection:
        assert (await connection.execute(select(person))).all() == []
    await database.close()


async def test_a_second_link_for_the_same_person_replaces_the_first(
    database_url: str, surroundings: dict[str, str]
) -> None:
    environment = {**surroundings, "LMS_DATABASE_URL": database_url}
    words = ("person", "add", "--email", "amina@example.org", "--name", "Amina Kurt", "--role", "administrator")
    links = []
    for _ in range(2):
        code, output, errors = await asyncio.to_thread(said, *words, env=environment)
        assert (code, errors) == (0, "")
        links.append(output.rpartition("link=")[2].strip())
    database = Database(database_url)
    async with database.read() as connection:
        known = (await connection.execute(select(password_link.c.hash))).scalars().all()
        granted = (
            await connection.execute(
                select(person.c.email, role_grant.c.role).join(role_grant, role_grant.c.person_id == person.c.id)
            )
        ).all()
    await database.close()
    assert links[0] != links[1]
    assert known == [digest(links[1])]
    assert granted == [("amina@example.org", "administrator")]


async def test_a_worker_delivers_and_stops_when_told(database_url: str, surroundings: dict[str, str]) -> None:
    database = Database(database_url)
    with started(LMS, "worker", env={**surroundings, "LMS_DATABASE_URL": database_url}) as running:
        async with database.write() as connection:
            await emit(connection, "something_happened", "thing:1", None, Happened("it"))
        async with asyncio.timeout(60):
            delivered = False
            while not delivered:
                async with database.read() as connection:
                    delivered = bool(await connection.scalar(select(outbox.c.fanned_out)))
                await asyncio.sleep(0.1)
        os.kill(running.pid, signal.SIGTERM)
        assert (running.wait(), running.output, running.errors) == (0, "", "")
    await database.close()
