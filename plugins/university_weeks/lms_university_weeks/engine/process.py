"""`python -m lms_university_weeks.engine.process`: one request as a line of JSON in, lines of JSON out.

In: `{"do": "solve", "problem": {...}, "seconds": 60}` and the like (`Solve`, `Replan`, `Explain`). Out: any number of
`{"best": 381, "bound": 202, "seconds": 4.5}` (either may be null; numbers of changes for a replan), or for an
explanation of `{"so_far": {...}}`; last `{"result": {...}}`, or `{"faults": [{"where": "problem.days", "reason":
"..."}]}`. The process ends when its stdin is closed; SIGTERM ends the search at once, and what was found so far is the
result.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import Annotated

import msgspec

from lms_university_weeks.engine.change import Change, apply
from lms_university_weeks.engine.plan import Placed
from lms_university_weeks.engine.problem import BadProblemError, Fault, Problem, check

Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
Workers = Annotated[int, msgspec.Meta(ge=1, le=64)]


class Solve(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="solve"):
    """Plan a week; `hint` is a plan to begin with. The result is a Plan."""

    problem: Problem
    seconds: Seconds = 60
    workers: Workers = 2
    seed: int = 0
    fair: bool = False
    hint: tuple[Placed, ...] = ()


class Replan(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="replan"):
    """Plan anew after a change. The result is a Replanned."""

    problem: Problem
    published: tuple[Placed, ...]
    change: Change = Change()
    seconds: Seconds = 10
    alternatives: Annotated[int, msgspec.Meta(ge=1, le=10)] = 1
    workers: Workers = 2
    seed: int = 0


class Explain(msgspec.Struct, frozen=True, kw_only=True, tag_field="do", tag="explain"):
    """Say why no plan is possible, perhaps after a change. The result is an Explanation."""

    problem: Problem
    published: tuple[Placed, ...] = ()
    change: Change = Change()
    seconds: Seconds = 30
    workers: Workers = 2


Request = Solve | Replan | Explain

NICE = 10
"""A search takes all that the machine has to spare, and yields to whoever answers people."""


def main() -> None:
    """Answer the request on stdin."""
    os.nice(NICE)
    stop, line = threading.Event(), sys.stdin.buffer.readline()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    threading.Thread(target=_end_with_stdin, daemon=True).start()
    work = threading.Thread(target=_answer, args=(line, stop), daemon=True)
    work.start()
    parent = os.getppid()
    while work.is_alive():  # signals are handled between two of these waits, never within the solver
        work.join(0.1)
        if os.getppid() != parent:
            os._exit(1)
    os._exit(0)  # a thread still reads stdin


def _end_with_stdin() -> None:
    while os.read(0, 65_536):
        pass
    os._exit(1)


def _answer(line: bytes, stop: threading.Event) -> None:
    try:
        request = msgspec.json.decode(line, type=Request)
        _check(request.problem)
        _say({"result": _result(request, stop)})
    except msgspec.ValidationError as error:
        reason, _, where = str(error).partition(" - at `")
        _say({"faults": [Fault(where.rstrip("`").removeprefix("$").lstrip(".") or "the request", reason)]})
    except msgspec.DecodeError as error:
        _say({"faults": [Fault("the request", f"is no JSON: {error}")]})
    except BadProblemError as error:
        _say({"faults": error.faults})


def _check(problem: Problem) -> None:
    try:
        check(problem)
    except BadProblemError as error:
        raise BadProblemError([Fault(f"problem.{fault.where}", fault.reason) for fault in error.faults]) from None


def _result(request: Request, stop: threading.Event) -> object:
    from lms_university_weeks.engine import explain, replan, solve

    match request:
        case Solve():
            return solve.solve(
                request.problem,
                request.seconds,
                workers=request.workers,
                seed=request.seed,
                fair=request.fair,
                hint=request.hint,
                progress=_progress,
                stop=stop,
            )
        case Replan():
            return replan.replan(
                request.problem,
                request.published,
                request.change,
                request.seconds,
                alternatives=request.alternatives,
                workers=request.workers,
                seed=request.seed,
                progress=_progress,
                stop=stop,
            )
        case Explain():
            problem = apply(request.problem, request.published, request.change)
            return explain.explain(
                problem,
                request.seconds,
                workers=request.workers,
                progress=lambda explanation: _say({"so_far": explanation}),
                stop=stop,
            )


def _progress(best: int | None, bound: int | None, seconds: float) -> None:
    _say({"best": best, "bound": bound, "seconds": round(seconds, 3)})


def _say(line: object) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(line) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
