"""The sample plugin with tables, installed for one test, and rows in its tables."""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Connection, MetaData, insert, select

from lms_core.hooks import registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from lms_core.api import Plugin
    from lms_core.db import Database
    from tests.support.world import World

SAMPLES = Path(__file__).parents[1] / "core" / "plugin_tables" / "samples"
METADATA = "Metadata-Version: 2.1\nName: lms-diary\nVersion: 1.2.0\n"

OF_THE_REPOSITORY = ("lms_family_sessions.", "lms_internship_credit.", "lms_part_time_tracks.", "lms_university_weeks.")

LATER = """
import sqlalchemy as sa
from alembic import op

revision, down_revision, branch_labels, depends_on = "0003", "0002", None, None

def upgrade():
    {upgrade}

def downgrade():
    {downgrade}
"""
"""A revision that follows those of the sample."""


def forget() -> None:
    """Let the sample be imported anew."""
    for name in [name for name in sys.modules if name.split(".")[0] == "lms_diary"]:
        del sys.modules[name]


@contextmanager
def installed(place: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Lay a copy of the sample's distribution into a folder as an installer does; yield that of its package."""
    shutil.copytree(SAMPLES, place)
    info = place / "lms_diary-1.2.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text("[lms.plugins]\ndiary = lms_diary.plugin:Diary\n")
    forget()
    with monkeypatch.context() as patch:
        patch.syspath_prepend(place)
        patch.setattr(registry, "entry_points", _without_those_of_the_repository)
        yield place / "lms_diary"
    forget()


def _without_those_of_the_repository(group: str) -> list[EntryPoint]:
    """Find the plugins that tests have installed; what the repository brings along has tests of its own."""
    return [entry for entry in entry_points(group=group) if not entry.value.startswith(OF_THE_REPOSITORY)]


def sample() -> Plugin:
    made: Plugin = import_module("lms_diary.plugin").Diary()
    return made


def revise(package: Path, upgrade: str, downgrade: str = "pass") -> None:
    """Give the sample another revision."""
    (package / "migrations" / "0003_later.py").write_text(LATER.format(upgrade=upgrade, downgrade=downgrade))


TOPIC = UUID("01999999-0000-7000-8000-00000000000a")
ENTRY = UUID("01999999-0000-7000-8000-000000000001")
AT = datetime(2026, 11, 1, 10, 0, 0, 5, UTC)


async def fill(world: World, key: str = "ms", text: str = "We etched.") -> dict[str, Any]:
    """Make a programme with a session and a student, and an entry of hers; return their ids."""
    programme = await world.programme(key)
    module = await world.module(programme, [{"key": "intro", "kind": "reading", "title": "Introduction"}], f"m-{key}")
    run = await world.run(programme, module)
    plan = {
        "title": "First day", "starts": "2026-10-17T09:00:00", "ends": "2026-10-17T17:00:00",
        "zone": "Europe/Berlin", "mode": "hybrid", "place": "Room 1",
    }  # fmt: skip
    day = await world.admin.post(f"/runs/{run['id']}/sessions", plan)
    student = await world.person(f"Student {key}")
    ids = {"programme_id": UUID(programme["id"]), "session_id": UUID(day["id"]), "person_id": UUID(student.id)}
    tables = import_module("lms_diary.plugin")
    async with world.database.write() as connection:
        if not (await connection.execute(select(tables.topic))).all():
            await connection.execute(insert(tables.topic), {"id": TOPIC, "title": "Etching"})
        values = {
            "id": UUID(int=ENTRY.int + len((await connection.execute(select(tables.entry))).all())),
            **ids,
            "at": AT,
            "day": date(2026, 10, 17),
            "text": text,
            "hours": Decimal("2.5"),
            "topic_id": TOPIC,
            "shared": True,
            "weight": Decimal("0.125"),
            "picture": b"\x00\xff\x10",
            "more": {"weather": None, "degrees": 21.5},
        }
        await connection.execute(insert(tables.entry), values)
    return {**ids, "id": values["id"]}


async def rows(database: Database) -> dict[str, list[Any]]:
    """Read all that is in the database, whoever's it is."""

    def read(connection: Connection) -> dict[str, list[Any]]:
        found = MetaData()
        found.reflect(connection)
        return {name: sorted(map(repr, connection.execute(select(table)))) for name, table in found.tables.items()}

    async with database.read() as connection:
        return await connection.run_sync(read)
