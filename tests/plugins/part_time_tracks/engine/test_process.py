"""The process that plans: lines in, lines out."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import Any

import msgspec
from lms_part_time_tracks.engine.checker import check
from lms_part_time_tracks.engine.explain import explain
from lms_part_time_tracks.engine.problem import Assignment, Wishes
from lms_part_time_tracks.engine.risk import Chance, forecast
from lms_part_time_tracks.engine.solve import solve
from msgspec.structs import replace

from tests.support.engineer import engineer
from tests.support.programmes import programme

COMMAND = [sys.executable, "-m", "lms_part_time_tracks.engine.process"]
IMPOSSIBLE = engineer(wishes=Wishes(unwanted=("optics",)))


def as_read(value: Any) -> Any:
    """Return a value as it comes out of JSON."""
    return msgspec.json.decode(msgspec.json.encode(value))


def said(*requests: Any) -> list[Any]:
    """Return the lines that requests to one process are answered with."""
    lines = []
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for request in requests:
            process.stdin.write(msgspec.json.encode(request) + b"\n")
            process.stdin.flush()
            lines.append(msgspec.json.decode(process.stdout.readline()))
            while "level" in lines[-1]:
                lines.append(msgspec.json.decode(process.stdout.readline()))
    return lines


def test_a_plan_level_by_level() -> None:
    answer = as_read(solve(engineer()))
    assert said({"problem": engineer()}) == [*answer["levels"], {"result": answer}]
    late = {"latest": {"control": 1, "optics": 0, "materials": 1, "sensors": 1}}
    assert said({"do": "latest", "problem": engineer(), "plan": answer["plan"]}) == [late]


def test_an_explanation_where_there_is_no_plan() -> None:
    explanation = as_read(explain(IMPOSSIBLE))
    asked = ({"problem": IMPOSSIBLE, "do": "plan_or_explain"}, {"problem": IMPOSSIBLE, "do": "explain"})
    assert said(*asked, {"problem": IMPOSSIBLE}) == [
        {"explanation": explanation}, {"explanation": explanation}, {"result": as_read(solve(IMPOSSIBLE))},
    ]  # fmt: skip


def test_a_forecast_of_a_plan() -> None:
    plan, chances = solve(engineer()).plan or (), {"control": Chance(passes=0.9)}
    problem = engineer(modules=tuple(replace(one, attempts=2) for one in engineer().modules))
    expected = as_read(forecast(problem, plan, chances, samples=100, seed=3))
    request = {"do": "forecast", "problem": problem, "plan": plan, "chances": chances, "samples": 100, "seed": 3}
    assert said(request) == [{"forecast": expected}]
    unknown = [Assignment("nothing", 0)]
    for do in ("forecast", "latest"):
        asked = {**request, "do": do, "plan": unknown}
        assert said(asked) == [{"fault": "plan names module nothing, which there is not"}]


def test_what_cannot_be_read_is_said() -> None:
    problem = as_read(engineer())
    problem["modules"][0]["after"] = ["nothing"]
    assert said({"problem": problem}) == [
        {"fault": "module optics names module nothing, which there is not - at `$.problem`"}
    ]


def test_told_to_end_it_says_what_it_has() -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode({"problem": programme(114), "seconds": 300}) + b"\n")
        process.stdin.flush()
        assert msgspec.json.decode(process.stdout.readline())["level"] == "finish"
        process.send_signal(signal.SIGTERM)
        result = msgspec.json.decode(process.stdout.read().splitlines()[-1])["result"]
        assert process.wait() == 0
    plan = msgspec.convert(result["plan"], tuple[Assignment, ...])
    assert (result["status"], check(programme(114), plan).broken) == ("feasible", ())


def test_it_ends_with_its_stdin() -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait() in (0, 1)
