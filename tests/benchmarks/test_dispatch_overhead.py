"""What the host itself costs: `pytest -m benchmark -n0 -s tests/benchmarks`. Ratios of one run, never compared with others."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from lms_core.api import Context, EnrolmentRequest, Objection, Plugin, hookimpl
from lms_core.db import Database
from lms_core.hooks.dispatch import Dispatcher
from lms_core.hooks.registry import load

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

pytestmark = pytest.mark.benchmark

PROGRAMME, BARE = uuid4(), uuid4()
REQUEST = EnrolmentRequest(uuid4(), uuid4(), uuid4(), PROGRAMME)
ROUNDS = 2_000


class Agrees(Plugin):
    """Has nothing against it."""

    def __init__(self, name: str) -> None:
        self.name = name  # type: ignore[misc]  # of the class by rule

    @hookimpl
    async def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
        return []


class Enabled:
    """Every other plugin in one programme, none in any other."""

    def __init__(self, names: list[str]) -> None:
        self.settings: dict[UUID, dict[str, Any]] = {PROGRAMME: dict.fromkeys(names)}

    async def __call__(self, programme_id: UUID) -> dict[str, Any]:
        return self.settings.get(programme_id, {})

    async def where(self, plugin: str) -> list[UUID]:
        return [PROGRAMME]


async def microseconds(act: Callable[[], Awaitable[Any]]) -> float:
    """Return the best of five means, in processor time: what else this machine does takes no part."""
    means = []
    for _ in range(5):
        began = time.thread_time()
        for _ in range(ROUNDS):
            await act()
        means.append((time.thread_time() - began) / ROUNDS * 1e6)
    return min(means)


async def test_what_a_call_costs_on_top_of_the_call() -> None:
    installed = [Agrees(f"plugin_{letter}") for letter in "abcdefghij"]
    half = installed[::2]
    database = Database("sqlite:///never-opened.sqlite3")
    hooks = Dispatcher(load(installed), Enabled([plugin.name for plugin in half]), database)
    contexts = [Context(plugin.name, PROGRAMME, None, database) for plugin in half]

    async def by_hand() -> None:
        for plugin, context in zip(half, contexts, strict=True):
            await plugin.check_enrolment(context, REQUEST)

    bare = await microseconds(by_hand)
    dispatched = await microseconds(lambda: hooks.decide("check_enrolment", PROGRAMME, REQUEST))
    unused = await microseconds(lambda: hooks.decide("check_enrolment", BARE, REQUEST))
    added = (dispatched - bare) / len(half)

    print(f"\nten plugins, five enabled: {dispatched:.1f} µs a round, by hand {bare:.1f} µs")
    print(f"per implementation: {added:.1f} µs on top of {bare / len(half):.2f} µs")
    print(f"no plugin enabled: {unused:.2f} µs, {unused / dispatched:.1%} of a round with five")
    assert unused < added
