"""How a plugin's code fares: each step of it is timed, and its calls are counted for each programme."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Coroutine, Generator
from datetime import datetime
from time import perf_counter
from typing import Any, TypeVar
from uuid import UUID

from lms_core.hooks.circuit import Circuit
from lms_core.types import now

T = TypeVar("T")

BLOCKING = 0.05
"""Seconds that a step between two awaits may take; whatever is longer holds up everybody else."""


class Measured:
    """A coroutine whose steps are timed as it is awaited: `await Measured(coroutine, blocked)`.

    `blocked` is called with the seconds of each step that takes longer than BLOCKING. Once `severed` is set, the
    next exception from outside, such as a cancellation, ends the await and is kept from the coroutine.
    """

    __slots__ = ("_blocked", "_coroutine", "severed")

    def __init__(self, coroutine: Coroutine[Any, Any, T], blocked: Callable[[float], None]) -> None:
        self.severed = False
        self._coroutine = coroutine
        self._blocked = blocked

    def __await__(self) -> Generator[Any, Any, Any]:
        """Forward everything, both ways."""
        send = step = self._coroutine.send
        value: Any = None
        while True:
            began = perf_counter()
            try:
                awaited = step(value)
            except StopIteration as end:
                return end.value
            finally:
                if (seconds := perf_counter() - began) > BLOCKING:
                    self._blocked(seconds)
            try:
                value, step = (yield awaited), send
            except BaseException as error:
                if self.severed:
                    _let_go(self._coroutine)
                    raise
                value, step = error, self._coroutine.throw


def _let_go(coroutine: Coroutine[Any, Any, Any]) -> None:
    """Close a coroutine, or keep it for good if it goes on: the interpreter would close it again, outside of any loop.

    There waiting fails at once, so that code which tries again whatever happens would hold up the end of the process.
    """
    try:
        coroutine.close()
    except BaseException:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(coroutine))


class Figure:
    """What this process has counted of one hook, job or route of one plugin in one programme; times in seconds."""

    __slots__ = (
        "abandoned", "blocked", "calls", "changed", "circuit", "failures", "hook", "last_error", "last_error_at",
        "leaked", "longest", "longest_block", "plugin", "programme_id", "seconds",
    )  # fmt: skip

    def __init__(self, plugin: str, hook: str, programme_id: UUID, circuit: Circuit) -> None:
        self.plugin = plugin
        self.hook = hook
        self.programme_id = programme_id
        self.circuit = circuit
        self.calls = self.failures = self.blocked = self.abandoned = self.leaked = 0
        self.seconds = self.longest = self.longest_block = 0.0
        self.last_error: str | None = None
        self.last_error_at: datetime | None = None
        self.changed = False

    def called(self, seconds: float) -> None:
        """Count a call that took so long."""
        self.calls += 1
        self.seconds += seconds
        if seconds > self.longest:
            self.longest = seconds
        self.changed = True

    def failed(self, error: BaseException) -> None:
        """Count a failure and keep what it says."""
        self.failures += 1
        self.last_error, self.last_error_at = told(error), now()
        self.changed = True

    def held_up(self, seconds: float) -> None:
        """Count a step that blocked everybody for so long."""
        self.blocked += 1
        self.longest_block = max(self.longest_block, seconds)
        self.changed = True


def told(error: BaseException, most: int = 300) -> str:
    """Return the class and the first line of what an exception says, in `most` characters that a database can keep.

    Never raises, whatever the exception does when it is asked.
    """
    try:
        line = str(error).strip().partition("\n")[0][:most]
    except BaseException:  # a stranger's __str__
        line = "what it says cannot be read"
    text = f"{type(error).__name__}: {line}" if line else type(error).__name__
    return text.replace("\0", "").encode(errors="replace").decode()[:most]
