"""The process that plans: problems go in and answers come out, one after the other; it dies with whoever started it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any

import msgspec

from lms_part_time_tracks.engine.answer import Answer
from lms_part_time_tracks.engine.explanation import Explanation
from lms_part_time_tracks.engine.problem import Assignment, Problem
from lms_part_time_tracks.engine.risk import Chance, Forecast

LARGEST = 4 * 1024 * 1024
SPARE = 20.0
"""Seconds beyond the time of a search after which its process is ended."""


class Failed(Exception):
    """The process ended, was too slow, or said what is wrong with a problem."""


class Solver:
    """A process that plans, one problem at a time."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, problem: Problem, seconds: float, *, explain: bool = True) -> Answer | Explanation:
        """Return a plan, or why there is none, in so many seconds for each and some to spare. Raises Failed."""
        request = {"do": "plan_or_explain" if explain else "plan", "problem": problem, "seconds": seconds}
        answer = await self._said(request, 2 * seconds + SPARE)
        if "explanation" in answer:
            return msgspec.convert(answer["explanation"], Explanation)
        return msgspec.convert(answer["result"], Answer)

    async def forecast(
        self, problem: Problem, plan: Sequence[Assignment], chances: Mapping[str, Chance], samples: int
    ) -> Forecast:
        """Return what becomes of a plan if modules can be failed. Raises Failed."""
        request = {"do": "forecast", "problem": problem, "plan": plan, "chances": chances, "samples": samples}
        return msgspec.convert((await self._said(request, SPARE))["forecast"], Forecast)

    async def latest(self, problem: Problem, plan: Sequence[Assignment], seconds: float) -> dict[str, int]:
        """Return the last term in which each module can be without a later end. Raises Failed."""
        request = {"do": "latest", "problem": problem, "plan": plan, "seconds": seconds}
        return msgspec.convert((await self._said(request, seconds + SPARE))["latest"], dict[str, int])

    async def _said(self, request: Any, seconds: float) -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(msgspec.json.encode(request) + b"\n")
            await self._process.stdin.drain()
            async with asyncio.timeout(seconds):
                said = await self._process.stdout.readline()
                while said.startswith(b'{"level"'):
                    said = await self._process.stdout.readline()
        except TimeoutError:
            raise Failed(f"the search did not end within {seconds:g} seconds") from None
        except (BrokenPipeError, ConnectionResetError):
            raise Failed("the search ended before it began") from None
        if not said:
            raise Failed(f"the search was ended (exit code {await self._process.wait()})")
        answer: dict[str, Any] = msgspec.json.decode(said)
        if "fault" in answer:
            raise Failed(answer["fault"])
        return answer


@asynccontextmanager
async def solver() -> AsyncIterator[Solver]:
    """Start a process that plans; it is gone when the block ends."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "lms_part_time_tracks.engine.process",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=LARGEST,
    )  # fmt: skip
    try:
        yield Solver(process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
