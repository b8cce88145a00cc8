"""Leaving a plugin's code alone for a while after it has failed again and again."""

from __future__ import annotations

import time
from typing import Literal

FAILURES = 5
"""So many failures in a row open a circuit."""

PAUSE = 30.0
"""Seconds until a trial call after the last failure."""

State = Literal["closed", "half-open", "open"]


class Circuit:
    """Whether one hook or job of one plugin may be called: closed yes, open no, half-open one trial at a time."""

    __slots__ = ("_failed_at", "_failures", "trying")

    def __init__(self) -> None:
        self.trying = False
        self._failures = 0
        self._failed_at = 0.0

    @property
    def state(self) -> State:
        """Say how it stands at this moment."""
        if self._failures < FAILURES:
            return "closed"
        return "open" if time.monotonic() < self._failed_at + PAUSE else "half-open"

    def admit(self) -> bool:
        """Tell whether a call may be made; if `trying` is true after that, it is the trial."""
        if self._failures < FAILURES:
            return True
        if self.trying or self.state == "open":
            return False
        self.trying = True
        return True

    def wait(self) -> float:
        """Return the seconds after which it makes sense to ask again, at least one."""
        return max(self._failed_at + PAUSE - time.monotonic(), 1.0)

    def succeed(self) -> None:
        """Close it."""
        self._failures = 0
        self.trying = False

    def fail(self) -> bool:
        """Count a failure; tell whether it opened the circuit, or opened it again."""
        self._failures += 1
        self._failed_at = time.monotonic()
        self.trying = False
        return self._failures >= FAILURES
