"""Exams of a programme under a regulation of one's choice, those who examine, and deadlines that come when told to."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from sqlalchemy import select

from lms_core.assessment import handing_in, marks, registering
from lms_core.outbox.tables import outbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.world import Actor, World

READING = {"key": "intro", "kind": "reading", "title": "Introduction"}
EXAM = {
    "title": "Written exam", "kind": "written", "starts": "2099-02-10T09:00:00", "ends": "2099-02-10T11:00:00",
    "registerBy": "2099-01-20T23:59:00", "deregisterBy": "2099-02-03T23:59:00", "zone": "Europe/Berlin",
    "place": "Hall 1",
}  # fmt: skip

AFTER = "2099-03-01T09:00:00+01:00"
"""A moment after it."""


@contextmanager
def at(moment: str) -> Iterator[None]:
    """Let those who watch over deadlines take this for the time; all else, such as tokens, goes by the real one."""
    with pytest.MonkeyPatch.context() as patch:
        for module in (registering, handing_in, marks):
            patch.setattr(module, "now", lambda: datetime.fromisoformat(moment))
        yield


class Faculty:
    """A programme under a regulation with these limits, and those who examine."""

    def __init__(self, world: World, programme: dict[str, Any], examiner: Actor, lecturer: Actor) -> None:
        self.world, self.programme, self.examiner, self.lecturer = world, programme, examiner, lecturer

    @classmethod
    async def of(cls, world: World, key: str = "ms", **limits: Any) -> Faculty:
        programme = await world.programme(key)
        if limits:
            new = {
                "version": "strict", "validFrom": "2026-06-01", "ectsTotal": "90", "hoursPerEcts": "30", "limits": limits,
            }  # fmt: skip
            made = await world.admin.post(f"/programmes/{programme['id']}/regulations", new)
            programme["regulation"] = made["id"]
        examiner = await world.person(f"Eva Examiner {key}", "examiner", programme)
        return cls(world, programme, examiner, await world.person(f"Lea Lecturer {key}", "lecturer", programme))

    async def term(self, season: str, year: int) -> str:
        """Add a term, and return its id."""
        first, last = (
            (f"{year}-10-01", f"{year + 1}-03-31") if season == "winter" else (f"{year}-04-01", f"{year}-09-30")
        )
        new = {
            "season": season, "year": year, "startsOn": first, "endsOn": last, "lecturesFrom": first,
            "lecturesTo": last, "examsFrom": first, "examsTo": last,
        }  # fmt: skip
        made = await self.world.admin.post(f"/programmes/{self.programme['id']}/terms", new)
        return str(made["id"])

    async def exam(self, run: dict[str, Any], **other: str) -> str:
        """Plan an exam, and return its address."""
        made = await self.lecturer.post(f"/runs/{run['id']}/exams", {**EXAM, **other})
        return f"/runs/{run['id']}/exams/{made['id']}"

    async def result(self, exam: str, person: Actor, status: int = 200, known: int = 0, **result: str) -> Any:
        """Record a result after the exam, when so many are known."""
        with at(AFTER):
            return await self.examiner.put(f"{exam}/marks/{person.id}", result, status, If_Match=f'"{known}"')

    async def attempt(self, run: dict[str, Any], person: Actor, **result: str) -> str:
        """Let a person take an exam with this result; return the address of the exam."""
        exam = await self.exam(run)
        await person.put(f"{exam}/registration")
        await self.result(exam, person, **result)
        return exam


async def told(world: World, after: int = 0) -> list[tuple[str, dict[str, Any]]]:
    """Return name and payload of the events in the outbox, but for the first so many."""
    query = select(outbox.c.name, outbox.c.payload).order_by(outbox.c.id).offset(after)
    async with world.database.read() as connection:
        return [(row.name, msgspec.json.decode(row.payload)) for row in await connection.execute(query)]
