"""`python -m lms_part_time_tracks.engine.process`: requests as lines of JSON in, lines of JSON out, one after another.

In: `{"do": "plan", "problem": {...}, "seconds": 10, "workers": 1, "seed": 0}`. Instead of `plan` it may be `explain`;
`plan_or_explain`, to explain where there is no plan; `forecast`, with `plan`, `chances` and `samples` as for
`risk.forecast`; or `latest`, with `plan` as for `solve.latest`.

Out: any number of `{"level": "finish", "value": 5, "bound": 5}`, and last `{"result": {...}}` with an `Answer`,
`{"explanation": {...}}`, `{"forecast": {...}}`, `{"latest": {"M1": 4}}`, or `{"fault": "..."}`. It ends with its stdin
or its parent; SIGTERM ends the search at once, with what was found so far, and then the process.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
from typing import Annotated, Literal

import msgspec

from lms_part_time_tracks.engine.problem import Assignment, Key, Problem
from lms_part_time_tracks.engine.risk import Chance, forecast

NICE = 19
"""Whoever answers people goes first."""


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be found, and in how many seconds; to explain or to look how late modules can be takes as many."""

    problem: Problem
    do: Literal["plan", "explain", "plan_or_explain", "forecast", "latest"] = "plan"
    seconds: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 10
    workers: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    seed: int = 0
    plan: tuple[Assignment, ...] = ()
    chances: dict[Key, Chance] = {}
    samples: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 2000


def main() -> None:
    """Answer the request on stdin."""
    os.nice(NICE)
    stop, lines = threading.Event(), queue.SimpleQueue[bytes]()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    work = threading.Thread(target=_work, args=(lines, stop), daemon=True)
    work.start()
    parent = os.getppid()
    while work.is_alive():  # signals are handled between two of these waits, never within the solver
        work.join(0.02)
        if os.getppid() != parent:
            os._exit(1)
    os._exit(0)  # a thread still reads stdin


def _read(lines: queue.SimpleQueue[bytes]) -> None:
    for line in sys.stdin.buffer:
        lines.put(line)
    os._exit(1)


def _work(lines: queue.SimpleQueue[bytes], stop: threading.Event) -> None:
    while not stop.is_set():
        try:
            line = lines.get(timeout=0.1)
        except queue.Empty:
            continue
        _answer(line, stop)


def _answer(line: bytes, stop: threading.Event) -> None:
    try:
        request = msgspec.json.decode(line, type=Request)
    except msgspec.DecodeError as error:
        _say({"fault": str(error)})
        return
    from lms_part_time_tracks.engine.explain import explain
    from lms_part_time_tracks.engine.solve import latest, solve

    if request.do in ("forecast", "latest"):
        if unknown := sorted({one.module for one in request.plan} - {one.key for one in request.problem.modules}):
            _say({"fault": f"plan names module {unknown[0]}, which there is not"})
        elif request.do == "latest":
            _say({"latest": latest(request.problem, request.plan, request.seconds, stop=stop)})
        else:
            drawn = forecast(request.problem, request.plan, request.chances, samples=request.samples, seed=request.seed)
            _say({"forecast": drawn})
        return
    if request.do != "explain":
        found = solve(
            request.problem, request.seconds, workers=request.workers, seed=request.seed, progress=_say, stop=stop
        )
        if found.status != "infeasible" or request.do == "plan":
            _say({"result": found})
            return
    _say({"explanation": explain(request.problem, request.seconds, stop=stop)})


def _say(line: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
