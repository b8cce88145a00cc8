"""A brake on guessing passwords."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Awaitable
from typing import TypeVar

from lms_core.errors import TooManyRequests, Unauthenticated

T = TypeVar("T")

FAILURES = 10
WINDOW = 300.0
REMEMBERED = 10_000


class Attempts:
    """Counts failed sign-ins per e-mail address in this process; after 10 within five minutes it refuses."""

    def __init__(self) -> None:
        self._failures: OrderedDict[str, list[float]] = OrderedDict()

    def check(self, email: str) -> None:
        """Raise TooManyRequests when there were too many failures for this address lately."""
        recent = [at for at in self._failures.get(email.lower(), []) if at > time.monotonic() - WINDOW]
        if len(recent) >= FAILURES:
            raise TooManyRequests("Too many failed sign-ins for this address; wait five minutes.")

    async def watch(self, email: str, attempt: Awaitable[T]) -> T:
        """Await a sign-in and remember its failure, or forget earlier ones when it succeeds."""
        key = email.lower()
        try:
            result = await attempt
        except Unauthenticated:
            recent = [at for at in self._failures.get(key, []) if at > time.monotonic() - WINDOW]
            self._failures[key] = [*recent, time.monotonic()]
            self._failures.move_to_end(key)
            if len(self._failures) > REMEMBERED:
                self._failures.popitem(last=False)
            raise
        self._failures.pop(key, None)
        return result
