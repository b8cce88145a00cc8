"""Scores: the latest word on an attempt holds, the best attempt counts, and what is completed stays so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from lms_core import migrations
from lms_core.progress.state import State, join, of_event
from lms_core.progress.tables import progress_event
from tests.support.exams import Faculty
from tests.support.handins import hand_in
from tests.support.ledger import replay, replayed, stored

if TYPE_CHECKING:
    from tests.support.world import Actor, World

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
PASSED = {"rule": "score", "score": "60"}
UNITS = [
    {"key": "quiz", "kind": "quiz", "title": "Quiz", "maxScore": "100", "completion": PASSED},
    {"key": "essay", "kind": "assignment", "title": "Essay", "maxScore": "100"},
    {"key": "report", "kind": "assignment", "title": "Report", "completion": {"rule": "submitted"}},
]

words = st.builds(
    lambda number, minutes, score, attempt: SimpleNamespace(
        id=UUID(int=number), person_id=1, run_id=1, unit_key="quiz", completed=False, score=score, attempt=attempt,
        position=None, watched=None, facts=None, attended=None, at=NOON + timedelta(minutes=minutes), received_at=NOON,
    ),
    st.integers(1, 20), st.integers(-5, 5), st.none() | st.integers(0, 400).map(lambda n: Decimal(n) / 4),
    st.none() | st.integers(1, 3),
)  # fmt: skip


@given(st.lists(words, max_size=10, unique_by=lambda word: word.id), st.randoms())
def test_words_on_attempts_in_any_order_split_and_repeated_lead_to_one_score(told: list[Any], chance: Any) -> None:
    wanted = replay(told).get((1, 1, "quiz"), (None, None))[1]
    again = [*told, *told[:3]]
    chance.shuffle(again)
    halves = [join(map(of_event, again[: len(again) // 2])), join(map(of_event, again[len(again) // 2 :]))]
    assert join(halves) == join(map(of_event, told))
    assert join([State(), *halves]).score == wanted


class Course:
    def __init__(self, faculty: Faculty, run: str, anna: Actor) -> None:
        self.faculty, self.run, self.anna = faculty, run, anna

    @classmethod
    async def of(cls, world: World) -> Course:
        faculty = await Faculty.of(world)
        run = (await world.run(faculty.programme, await world.module(faculty.programme, UNITS)))["id"]
        anna = await world.student("Anna", faculty.programme)
        await anna.put(f"/runs/{run}/enrolment", {})
        return cls(faculty, run, anna)

    async def quiz(self, status: int = 200, minutes: int = 0, **event: Any) -> Any:
        told = {"id": str(uuid4()), "at": (NOON + timedelta(minutes=minutes)).isoformat(), **event}
        path = f"/runs/{self.run}/participants/{self.anna.id}/units/quiz/progress"
        return await self.faculty.lecturer.post(path, told, status)

    async def unit(self, key: str) -> tuple[str | None, bool, list[str]]:
        units = (await self.anna.get(f"/runs/{self.run}/outline"))["units"]
        (one,) = [unit for unit in units if unit["key"] == key]
        return one["score"], one["completedAt"] is not None, [lack["code"] for lack in one["missing"]]


async def test_a_mistyped_score_of_an_attempt_is_corrected(world: World) -> None:
    course = await Course.of(world)
    await course.quiz(score="40")  # of no attempt: one of its own
    await course.quiz(score="95", attempt=1)
    await course.quiz(score="59", attempt=1, minutes=5)
    assert await course.unit("quiz") == ("59", True, [])  # completed by mistake, and it stays
    await course.quiz(score="55", attempt=2, minutes=9)
    await course.quiz(score="99", attempt=1, minutes=1)  # a device that is late says what was said before
    assert (await course.unit("quiz"))[0] == "59"
    await course.quiz(attempt=1, minutes=10)  # there was no such attempt
    assert (await course.unit("quiz"))[0] == "55"
    problem = await course.quiz(400, score="95", attempt=0)
    assert [error["where"] for error in problem["errors"]] == ["body.attempt"]
    own = {"id": str(uuid4()), "at": NOON.isoformat(), "attempt": 1}
    problem = await course.anna.post(f"/runs/{course.run}/units/quiz/progress", own, 400)
    assert [error["where"] for error in problem["errors"]] == ["body.attempt"]
    told, kept = await replayed(world.database), await stored(world.database)
    assert {place: score for place, (_, score, *_) in kept.items()} == {
        of: score for of, (_, score, *_) in told.items()
    }
    async with world.database.read() as connection:  # the trail: all that was said, and by whom
        rows = await connection.execute(select(progress_event).order_by(progress_event.c.received_at))
        assert [(str(row.score), row.attempt) for row in rows] == [
            ("40", None), ("95", 1), ("59", 1), ("55", 2), ("99", 1), ("None", 1),
        ]  # fmt: skip


async def test_the_latest_verdict_on_a_version_holds_and_the_best_version_counts(world: World) -> None:
    course = await Course.of(world)
    lecturer, anna, essay = course.faculty.lecturer, course.anna, f"/runs/{course.run}/units/essay"
    for text in (b"First", b"Second"):
        await hand_in(anna, essay, text)
    verdict = f"{essay}/hand-ins/{anna.id}/1/verdict"
    await lecturer.post(verdict, {"outcome": "accepted", "score": "95"})
    found = await lecturer.post(verdict, {"outcome": "accepted", "score": "59", "remarks": "Two figures swapped"})
    assert await course.unit("essay") == ("59", True, [])
    (first, _) = found["versions"]
    assert [one["score"] for one in (*first["earlier"], first["verdict"])] == ["95", "59"]
    await lecturer.post(f"{essay}/hand-ins/{anna.id}/2/verdict", {"outcome": "accepted", "score": "30"})
    assert (await course.unit("essay"))[0] == "59"
    await lecturer.post(verdict, {"outcome": "returned", "remarks": "This is not yours"})
    assert await course.unit("essay") == ("30", True, [])
    assert await stored(world.database) == await replayed(world.database)
    await migrations.downgrade(world.database, "0009")
    await migrations.migrate(world.database)
    assert (await course.unit("essay"))[
        0
    ] == "95"  # what knows no attempts takes the best of all, and the ledger agrees
    assert await stored(world.database) == await replayed(world.database)


async def test_handing_in_is_what_the_rule_asks_for(world: World) -> None:
    course = await Course.of(world)
    assert await course.unit("report") == (None, False, ["submitted"])
    await hand_in(course.anna, f"/runs/{course.run}/units/report", b"Report")
    assert await course.unit("report") == (None, True, [])
    await hand_in(course.anna, f"/runs/{course.run}/units/essay", b"Essay")
    assert await course.unit("essay") == (None, False, ["completed"])  # that waits for who assesses it
