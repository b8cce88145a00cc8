"""Calling strangers' code one after the other, so that whatever it does stays its own failure.

One task, the runner, makes the calls of a round in order; whoever asked supervises it with one timer. A runner ends
with the first call that does not end well, for its task may be marked by that, and another one goes on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from datetime import timedelta
from time import perf_counter
from typing import Any

from lms_core.hooks.context import GRACE, Context
from lms_core.hooks.manifest import PluginError
from lms_core.hooks.measure import Figure, Measured, told
from lms_core.outbox.events import AlreadyDelivered, Later
from lms_core.types import now

log = logging.getLogger("lms.plugins")

LAST_GRACE = 60.0
"""Seconds after which an abandoned call is not resumed any more, for whatever it waits."""


Function = Callable[[Context, Any], Coroutine[Any, Any, Any]]


class Call:
    """One call of a hook or job: what to do, and in the end its `answer` or the `error` that came of it."""

    __slots__ = (
        "abandoned", "answer", "began", "cancelled", "check", "context", "error", "figure", "function", "late",
        "limit", "measured", "payload", "trial",
    )  # fmt: skip

    def __init__(
        self,
        figure: Figure,
        function: Function,
        context: Context,
        payload: Any,
        limit: float,
        check: Callable[[Any], Any],
    ) -> None:
        self.figure = figure
        self.function = function
        self.context = context
        self.payload = payload
        self.limit = limit
        self.check = check
        self.answer: Any = None
        self.error: BaseException | None = None
        self.began = 0.0
        self.measured: Measured | None = None
        self.trial = self.late = self.cancelled = self.abandoned = False

    async def make(self) -> None:
        """Call the plugin and judge how it went; never raises."""
        error: BaseException | None = None
        answer = None
        self.began = perf_counter()
        try:
            self.measured = Measured(self.function(self.context, self.payload), self._blocked)
            answer = await self.measured
        except BaseException as raised:
            error = raised
        if not self.abandoned:  # else it was judged long ago, and others go on
            self.end(answer, error)

    def end(self, answer: Any, error: BaseException | None) -> None:
        """Count the call, take what it left open, and set `answer` or `error`."""
        seconds = perf_counter() - self.began
        figure = self.figure
        left = self.context.end()
        figure.called(seconds)
        if self.cancelled:  # whoever asked has gone, and nobody knows how it would have ended
            self.error = asyncio.CancelledError() if error is None else error
            if self.trial:
                figure.circuit.trying = False
            return
        if self.late or seconds > self.limit:
            error = _caused(TimeoutError(f"took longer than {self.limit:g} seconds"), error)
        elif isinstance(error, asyncio.CancelledError):
            error = _caused(PluginError("let a cancellation of its own escape"), error)
        elif left:
            figure.leaked += 1
            if error is None:
                error = PluginError(f"left {left} connection(s) of its context open")
        elif error is None:
            try:
                self.answer = self.check(answer)
            except Exception as wrong:
                error = wrong
        waits = isinstance(error, Later) and self.context.idempotency_key  # as events and jobs may
        if error is None or waits or isinstance(error, AlreadyDelivered):
            self.error = error
            figure.circuit.succeed()
            return
        self.fail(error, seconds)
        if figure.circuit.fail():
            log.warning("plugin %s is left alone in %s for a while", figure.plugin, figure.hook, extra=self._told())

    def fail(self, error: BaseException, seconds: float = 0.0) -> None:
        """Set the error, count it and log it."""
        self.error = error
        self.figure.failed(error)
        outcome = "abandoned" if self.abandoned else "late" if self.late else "failed"
        log.error(
            "plugin %s failed in %s: %s",
            self.figure.plugin,
            self.figure.hook,
            told(error),
            exc_info=error,
            extra={**self._told(), "microseconds": round(seconds * 1e6), "outcome": outcome},
        )

    def _blocked(self, seconds: float) -> None:
        self.figure.held_up(seconds)
        log.warning(
            "plugin %s blocked everybody in %s",
            self.figure.plugin,
            self.figure.hook,
            extra={**self._told(), "microseconds": round(seconds * 1e6), "outcome": "blocked"},
        )

    def _told(self) -> dict[str, str]:
        figure = self.figure
        return {"plugin": figure.plugin, "hook": figure.hook, "programme": str(figure.programme_id)}


def _caused(error: BaseException, cause: BaseException | None) -> BaseException:
    error.__cause__ = cause
    return error


class Round:
    """Calls to be made one after the other; `at` is the present one."""

    def __init__(self, calls: Sequence[Call], stop: bool) -> None:
        self.calls = calls
        self.stop = stop
        self.at = 0

    async def run(self) -> None:
        """Make calls until one does not end well; those whose circuit is open or that failed before do not count."""
        while self.at < len(self.calls):
            call = self.calls[self.at]
            if _admitted(call):
                await call.make()
                task = asyncio.current_task()
                if call.error is not None or (task and task.cancelling()):  # a plugin may cancel its own task
                    return
            elif self.stop:
                return
            self.at += 1


def _admitted(call: Call) -> bool:
    if call.error is not None:
        return False
    circuit = call.figure.circuit
    if circuit.admit():
        call.trial = circuit.trying
        return True
    figure = call.figure
    until = now() + timedelta(seconds=circuit.wait())
    call.error = Later(until, f"{figure.plugin} failed too often in {figure.hook} and is left alone for a while")
    return False


class Caller:
    """Carries out rounds, and keeps the tasks that would not end."""

    def __init__(self) -> None:
        self._abandoned: dict[asyncio.Task[None], Call] = {}

    async def carry_out(self, calls: Sequence[Call], *, stop: bool = False) -> None:
        """Make the calls in order, each within its limit; with `stop`, those after a failed one are not made.

        Never raises what a plugin raises: look at each call's `error`. When the caller is cancelled, so is the
        present call.
        """
        this = Round(calls, stop)
        while this.at < len(calls):
            runner = asyncio.create_task(this.run())
            try:
                await self._supervise(runner, this)
            except asyncio.CancelledError:
                if not runner.done():
                    call = calls[this.at]
                    call.cancelled = True
                    await asyncio.shield(self._end(runner, call))
                raise
            if stop and this.at < len(calls) and calls[this.at].error is not None:
                return
            this.at += 1

    async def _supervise(self, runner: asyncio.Task[None], this: Round) -> None:
        """Return when the runner has ended, or the present call has used up its time and was abandoned."""
        left = this.calls[this.at].limit
        while True:
            await asyncio.wait({runner}, timeout=left)
            if runner.done():
                return
            call = this.calls[this.at]
            left = call.limit - (perf_counter() - call.began) if call.began else call.limit
            if left <= 0:
                call.late = True
                await self._end(runner, call)
                return

    async def _end(self, runner: asyncio.Task[None], call: Call) -> None:
        """Cancel the present call; one that does not give way is left to itself."""
        runner.cancel()
        await asyncio.wait({runner}, timeout=GRACE)
        if runner.done():
            return
        call.abandoned = True
        call.figure.abandoned += 1
        call.end(None, None)
        self._abandoned[runner] = call
        runner.add_done_callback(self._abandoned.pop)
        asyncio.get_running_loop().call_later(LAST_GRACE, sever, runner, call)

    async def close(self) -> None:
        """End what was abandoned, whether it gives way or not."""
        left = dict(self._abandoned)
        for runner, call in left.items():
            sever(runner, call)
        if left:
            await asyncio.wait(left, timeout=1)


def sever(runner: asyncio.Task[None], call: Call) -> None:
    """Cancel a runner in a way that the plugin has no say in."""
    if call.measured:
        call.measured.severed = True
    runner.cancel()
