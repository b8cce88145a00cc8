"""What an installation has when marks come to it: its roles gain what the new routes ask for, its credits stay."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, select, text

from lms_core import migrations
from lms_core.db import Database
from lms_core.people.tables import person, role
from lms_core.progress.credits import book_credit, reverse_credit
from lms_core.progress.tables import credit
from lms_core.types import new_id


@pytest.fixture
async def database(empty_database_url: str) -> Any:
    made = Database(empty_database_url)
    await migrations.migrate(made, "0004")
    yield made
    await made.close()


async def test_roles_gain_permissions_and_credits_survive_there_and_back(database: Database) -> None:
    someone, moment = new_id(), datetime(2026, 1, 1, tzinfo=UTC)
    known = {"name": "Anna", "email": "anna@example.org", "active": True, "language": "en", "revision": 1}
    held = [
        {"name": "examiner", "title": "Prüferin", "permissions": ["credits.book"], "revision": 4},
        {"name": "librarian", "title": "Librarian", "permissions": ["programmes.read"], "revision": 1},
    ]
    before = {
        "id": new_id(), "person_id": someone, "source": "module:1", "title": "Optics", "ects": Decimal(5),
        "evidence": "list 7", "authority": someone, "booked_at": moment,
    }  # fmt: skip
    async with database.write() as connection:
        await connection.execute(insert(person), {"id": someone, "created_at": moment, **known})
        await connection.execute(insert(role), held)
        await connection.execute(insert(credit), before)
    await migrations.migrate(database)
    async with database.write() as connection:
        found = {row.name: row for row in await connection.execute(select(role))}
        assert (found["examiner"].title, found["examiner"].revision) == ("Prüferin", 5)
        assert found["examiner"].permissions == sorted(
            ["credits.book", "marks.record", "transcripts.read", "extensions.decide"]
        )
        assert found["librarian"].permissions == ["programmes.read"]
        await reverse_credit(connection, someone, "module:1", "minutes 12", someone)
        again = await book_credit(
            connection, someone, "module:1", Decimal(5), "list 9", someone, title="Optics", programme_id=None
        )
    await migrations.downgrade(database, "0004")
    async with database.write() as connection:
        rows = (await connection.execute(text("SELECT source, ects FROM credit ORDER BY booked_at"))).all()
        permissions = await connection.scalar(select(role.c.permissions).where(role.c.name == "examiner"))
    assert sorted(ects for _, ects in rows) == [-500, 500, 500]
    assert len({source for source, _ in rows}) == 3
    assert "module:1" in {source for source, _ in rows}
    assert permissions == ["credits.book"]
    await migrations.migrate(database)
    async with database.read() as connection:
        kept = await connection.scalar(select(credit.c.ects).where(credit.c.id == again.id))
    assert kept == Decimal(5)
