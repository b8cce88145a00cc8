"""Random lives of two parts through the database: steps, deadlines and decisions of the board in any order.

After each, the history is whole, ECTS are booked once and never too many, and what was refused has changed nothing.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from lms_internship_credit import beside, cases, settling, tables
from lms_internship_credit.case import Case, Evaluation
from lms_internship_credit.cases import Who, case_of, settled_of
from lms_internship_credit.guards import CLEARANCES
from lms_internship_credit.lifecycle import STEPS, Action, Role, steps_from
from lms_internship_credit.parts import done
from lms_internship_credit.wire import Clearing, Draft, Report, Settling
from sqlalchemy import select

from lms_core.errors import LmsError
from lms_core.hooks.context import Context
from lms_core.outbox.tables import outbox
from lms_core.progress.tables import credit
from tests.support.interns import Placement
from tests.support.lives import FORWARD, TAKEN, described, entry_of

if TYPE_CHECKING:
    from tests.support.world import World

PARTS = [
    {"key": "first", "title": "First part", "ects": "4", "hours": 120},
    {"key": "second", "title": "Second part", "ects": "5", "hours": 150},
]
ECTS = {"first": Decimal(4), "second": Decimal(5)}
Rows = dict[str, list[tuple[Any, ...]]]


class Life:
    """The internship of one student, and all who have to do with it, who mostly do what helps."""

    def __init__(self, scene: Placement, rng: Random) -> None:
        self.scene, self.rng, self.today = scene, rng, date(2027, 3, 1)
        self.done: dict[str, int] = defaultdict(int)
        self.stuck: set[tuple[UUID, int]] = set()
        self.ines = UUID(scene["Ines"].id)
        people = {"student": "Ines", "supervisor": "Sabine", "office": "Otto", "board": "Berta"}
        self.who: dict[Role, Who] = {
            role: Who(role, UUID(scene[people[role]].id) if role in people else None, role)
            for role in ("student", "host", "mentor", "supervisor", "office", "board", "clock")
        }

    def context(self, role: Role) -> Context:
        scene = self.scene
        return Context(
            "internship_credit", UUID(scene.programme["id"]), scene.settings, scene.world.database,
            person_id=self.who[role].person_id,
        )  # fmt: skip

    async def rows(self) -> Rows:
        """Return all that the plugin keeps, all booked ECTS, and all that is to be delivered."""
        async with self.scene.world.database.read() as connection:
            return {
                table.name: [tuple(row) for row in await connection.execute(select(table).order_by(*table.primary_key))]
                for table in (*tables.tables.sorted_tables, credit, outbox)
            }

    async def cases(self) -> list[Case]:
        async with self.scene.world.database.read() as connection:
            return [case_of(row) for row in await connection.execute(select(tables.case).order_by(tables.case.c.id))]

    async def go_on(self) -> None:
        """Let something happen, and look at what has come of it."""
        known = await self.cases()
        still = ("recognised", "booked", "rejected", "lapsed", "withdrawn")
        open_ = [case for case in known if case.state not in still or self.rng.random() < 0.15]
        async with self.scene.world.database.read() as connection:
            settled = await settled_of(self.context("board"), connection, self.ines)
        over = done(self.scene.settings.internships[0], known, settled, self.today)  # and not begun again
        free = [part for part in ECTS if part not in over | {case.part for case in open_}]
        what = self.rng.random()
        if what < 0.1:
            await self.pass_days(self.rng.choice((1, 3, 10, 30)))
        elif free and (not open_ or what < 0.2):
            first = self.today + timedelta(20)
            days = {"firstDay": first.isoformat(), "lastDay": (first + timedelta(60)).isoformat()}
            await self.scene.drafted(self.rng.choice(free), **days)
        elif what < 0.24 or not open_:
            await self.decide()
        else:
            await self.step(self.rng.choice(open_))
        await self.look()

    async def pass_days(self, days: int) -> None:
        self.today += timedelta(days)
        await self.scene.day(self.today.isoformat())

    async def step(self, case: Case) -> None:
        case = await self.help(case)
        here = [(step.action, by) for step in steps_from(case.state) for by in step.by]
        good = [one for one in FORWARD.get(case.state, here) if one[0] != "sign" or one[1] not in case.signed]
        if good and good[0][1] == "clock" and self.rng.random() < 0.7:
            await self.pass_days(self.rng.choice((10, 30)))
            return
        first = here if (case.id, case.revision) in self.stuck else good[:1]
        choices = self.rng.choices((first, here, TAKEN), (8, 1, 1))[0]
        await self.attempt(*self.rng.choice(choices or TAKEN), case)

    async def attempt(self, action: Action, role: Role, case: Case) -> None:
        entry = entry_of(case, action, self.today, self.rng.choice((10, 150, 200)))
        before, context = await self.rows(), self.context(role)
        try:
            async with context.write() as connection:
                made = await cases.take(context, connection, case.id, entry, self.who[role])
        except LmsError as refused:
            self.done[f"refused {refused.status}"] += 1
            self.stuck.add((case.id, case.revision))
            assert await self.rows() == before, (action, role, case.state)
            return
        self.done[action] += 1
        assert any(step.action == action and case.state in step.of and role in step.by for step in STEPS)
        assert made.revision > case.revision

    async def help(self, case: Case) -> Case:
        """What people do beside the steps: describe, clear, evaluate, hand the report in."""
        office, student, mentor = self.context("office"), self.context("student"), self.context("mentor")
        if case.state == "draft" and case.description and case.description.first_day <= self.today + timedelta(9):
            given = Draft(description=described(self.today, 20, 60), supervisor_id=UUID(self.scene["Sabine"].id))
            async with student.write() as connection:
                await beside.edit(student, connection, case.id, self.who["student"], case.revision, given)
        if case.state == "agreement_signed":
            async with office.write() as connection:
                for kind in CLEARANCES:
                    await beside.clear(office, connection, case.id, self.who["office"], kind, Clearing(True, "Seen."))
        if case.state in ("certified", "rework") and not case.report:
            async with student.write() as connection:
                await beside.hand_in(student, connection, case.id, self.who["student"], Report("Etched."))
        if case.state == "report_submitted" and case.evaluation is None:
            async with mentor.write() as connection:
                judged = Evaluation(4, 4, 4, 4, 4)
                await beside.evaluate(mentor, connection, case.id, self.who["mentor"], judged)
        return next(one for one in await self.cases() if one.id == case.id)

    async def decide(self) -> None:
        """Let the board settle a part or take that back."""
        part, context = self.rng.choice(("first", "second")), self.context("board")
        kind = self.rng.choice(("waived", "recognised", "recognised", "back", "back", "back"))
        before = await self.rows()
        try:
            async with context.write() as connection:
                if kind == "back":
                    await settling.take_back(context, connection, self.ines, part, "Forged.")
                else:
                    ects = Decimal(self.rng.choice((1, 2, 4, 5))) if kind == "recognised" else Decimal(0)
                    given = Settling(kind=kind, ects=ects, evidence="Work.")  # type: ignore[arg-type]  # a plain str to mypy
                    await settling.settle(context, connection, self.ines, part, given)
        except LmsError as refused:
            self.done[f"refused {refused.status}"] += 1
            assert await self.rows() == before, (kind, part)
            return
        self.done[kind] += 1
        if kind != "back":
            async with context.write() as connection:
                await settling.book_settled(context, connection, self.ines)

    async def look(self) -> None:
        """Check what must never be wrong."""
        database, known = self.scene.world.database, await self.cases()
        async with database.read() as connection:
            history = (await connection.execute(select(tables.history).order_by(tables.history.c.number))).all()
            counting = select(credit).where(~credit.c.reversed, credit.c.reverses.is_(None))
            booked = (await connection.execute(counting)).all()
            settled = await settled_of(self.context("board"), connection, self.ines)
        for case in known:
            lines = [line for line in history if line.case_id == case.id]
            assert [line.number for line in lines] == list(range(2, case.revision + 1))
            states = ["draft", *(line.after for line in lines)]
            assert [line.before for line in lines] == states[:-1]
            assert states[-1] == case.state
        self.done["booked"] += len(booked)
        by_case = {row.evidence.rpartition(":")[2]: row for row in booked if not row.recognised}
        assert {one: row.ects for one, row in by_case.items()} == {
            str(case.id): case.granted for case in known if case.state == "booked"
        }
        elsewhere = {row.source.split(":")[1]: row.ects for row in booked if row.recognised}
        assert elsewhere == {key: one.ects for key, one in settled.items() if one.booked}
        sources = [row.source for row in booked]
        assert len(sources) == len(set(sources))
        for part, most in ECTS.items():
            assert sum(row.ects for row in booked if row.source.split(":")[1] == part) <= most
        # nobody waits for ever: where all parts are done, all is booked
        internship = self.scene.settings.internships[0]
        if {"first", "second"} <= done(internship, known, settled, self.today):
            assert [case.state for case in known if case.state in ("recognised", "partial")] == []
            assert all(one.booked for one in settled.values() if one.kind == "recognised")


@pytest.mark.parametrize("seed", range(2))
async def test_random_lives_leave_nothing_half_done(world: World, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """They begin where both parts are before the board, and with new cases where there is none."""
    scene = await Placement.of(world, monkeypatch, PARTS)
    life = Life(scene, Random(seed))
    for part in ECTS:
        first, last = life.today + timedelta(2), life.today + timedelta(60)
        await scene.evaluated(part, "200", firstDay=first.isoformat(), lastDay=last.isoformat())
        life.today = last + timedelta(1)
    for _ in range(120):
        await life.go_on()
    assert {one for one in life.done if one.startswith("refused")} <= {"refused 404", "refused 409", "refused 422"}
    assert life.done["refused 409"] > 10
    assert life.done["recognise"] + life.done["recognise_partly"] > 1
    assert life.done["booked"] > 0
