"""A plugin that fails again and again is left alone for a while, and then tried again, one call at a time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from lms_core.api import Context, Objection
from lms_core.errors import Unavailable
from lms_core.hooks import circuit
from lms_core.outbox.events import Later
from lms_core.types import now
from tests.support.dispatching import CREDITS, DELIVERY, EVENT, PROGRAMME, REQUEST, Checks, Events, Shows, dispatcher

if TYPE_CHECKING:
    from lms_core.hooks.dispatch import Dispatcher


class Mood:
    """An answer that fails for as long as it is told to."""

    def __init__(self) -> None:
        self.broken = True
        self.asked = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, _context: Context, _asked: Any) -> list[Any]:
        self.asked += 1
        await self.gate.wait()
        if self.broken:
            raise ConnectionError("no answer")
        return []


async def ask(hooks: Dispatcher, times: int = 1) -> list[str]:
    """Ask the check so often; return what came of it each time."""
    outcomes = []
    for _ in range(times):
        try:
            await hooks.decide("check_enrolment", PROGRAMME, REQUEST)
            outcomes.append("answered")
        except Unavailable as refusal:
            outcomes.append(type(refusal.__cause__).__name__)
    return outcomes


def state(hooks: Dispatcher) -> str:
    return hooks.figures.all()[0].circuit.state


async def test_after_five_failures_in_a_row_it_is_not_called_any_more() -> None:
    mood = Mood()
    hooks = dispatcher(Checks("moody", mood))

    assert await ask(hooks, 4) == ["ConnectionError"] * 4
    mood.broken = False
    assert await ask(hooks) == ["answered"]
    mood.broken = True
    assert await ask(hooks, 7) == ["ConnectionError"] * 5 + ["Later"] * 2

    assert (mood.asked, state(hooks)) == (10, "open")
    assert [figure.calls for figure in hooks.figures.all()] == [10]


async def test_what_is_shown_goes_without_it_and_other_hooks_and_plugins_are_called() -> None:
    mood, fine = Mood(), Mood()
    fine.broken = False
    hooks = dispatcher(Shows("a_moody", mood), Shows("b_fine", fine), Checks("c_moody", mood))

    shown = [await hooks.shape("progress_credits", PROGRAMME, CREDITS) for _ in range(8)]

    assert shown == [([], ["a_moody"])] * 8
    assert (mood.asked, fine.asked) == (5, 8)
    assert await ask(hooks) == ["ConnectionError"]  # another hook is another circuit


async def test_events_are_told_to_wait() -> None:
    hooks = dispatcher(Events(ConnectionError("no answer")))
    event = ("events", "enrolment_created", PROGRAMME, msgspec.json.encode(EVENT), DELIVERY)
    for _ in range(5):
        with pytest.raises(ConnectionError):
            await hooks.react(*event)
    before = now()
    with pytest.raises(Later) as caught:
        await hooks.react(*event)
    assert 29 < (caught.value.until - before).total_seconds() < 31
    assert str(caught.value) == "events failed too often in enrolment_created and is left alone for a while"


async def test_after_the_pause_one_call_at_a_time_tries_it(monkeypatch: pytest.MonkeyPatch) -> None:
    mood = Mood()
    hooks = dispatcher(Checks("moody", mood))
    await ask(hooks, 5)
    monkeypatch.setattr(circuit, "PAUSE", 0.0)
    assert state(hooks) == "half-open"

    mood.broken = False
    mood.gate.clear()
    trial = asyncio.create_task(ask(hooks))
    await asyncio.sleep(0.01)
    assert await ask(hooks, 3) == ["Later"] * 3
    mood.gate.set()
    assert await trial == ["answered"]

    assert (mood.asked, state(hooks)) == (6, "closed")
    assert await ask(hooks, 2) == ["answered"] * 2


async def test_a_trial_that_fails_opens_it_again(monkeypatch: pytest.MonkeyPatch) -> None:
    mood = Mood()
    hooks = dispatcher(Checks("moody", mood))
    await ask(hooks, 5)
    monkeypatch.setattr(circuit, "PAUSE", 0.0)
    assert await ask(hooks) == ["ConnectionError"]
    monkeypatch.setattr(circuit, "PAUSE", 30.0)
    mood.broken = False
    assert await ask(hooks) == ["Later"]
    assert (mood.asked, state(hooks)) == (6, "open")


async def test_a_trial_whose_asker_leaves_decides_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    mood = Mood()
    hooks = dispatcher(Checks("moody", mood))
    await ask(hooks, 5)
    monkeypatch.setattr(circuit, "PAUSE", 0.0)
    mood.gate.clear()
    trial = asyncio.create_task(ask(hooks))
    await asyncio.sleep(0.01)
    trial.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trial
    mood.broken = False
    mood.gate.set()

    assert state(hooks) == "half-open"
    assert await ask(hooks) == ["answered"]


async def test_a_refusal_is_an_answer() -> None:
    async def refuses(_context: Context, _asked: Any) -> list[Objection]:
        return [Objection("full", "There are no places left.")]

    hooks = dispatcher(Checks("strict", refuses))
    assert await ask(hooks, 8) == ["answered"] * 8
    assert [(figure.calls, figure.failures) for figure in hooks.figures.all()] == [(8, 0)]


async def test_what_a_programme_has_set_wrongly_opens_nothing_for_others() -> None:
    mood = Mood()
    mood.broken = False
    hooks = dispatcher(Checks("moody", mood))
    for _ in range(8):
        wrong = ValueError("these settings do not fit any more")
        assert await hooks.shape_one("moody", "check_enrolment", PROGRAMME, wrong, REQUEST) == ([], True)
    assert await ask(hooks) == ["answered"]
    assert [(figure.calls, figure.failures) for figure in hooks.figures.all()] == [(1, 8)]
