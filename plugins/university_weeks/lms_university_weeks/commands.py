"""`lms university-weeks`: plan a week from a file, plan it anew, and explain why it cannot be."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import click
import msgspec
from rich.console import Console
from rich.live import Live
from rich.table import Table

from lms_university_weeks.engine.burden import burdens_of, said
from lms_university_weeks.engine.change import Change
from lms_university_weeks.engine.plan import Placed, Plan
from lms_university_weeks.engine.problem import BadProblemError, Problem, read_problem

IN = click.Path(exists=True, dir_okay=False, path_type=Path)
OUT = click.Path(dir_okay=False, path_type=Path)
Progress = Callable[[int | None, int | None, float], None]

console = Console(stderr=True)


class PlanFile(msgspec.Struct, frozen=True):
    """What of a plan is read from a file."""

    sessions: tuple[Placed, ...]


@click.group("university-weeks")
def university_weeks() -> None:
    """Plan University Weeks."""


seconds = click.option("--seconds", type=click.FloatRange(min=0.1), default=60, show_default=True, help="At most.")
workers = click.option("--workers", type=click.IntRange(1, 64), default=2, show_default=True, help="Of the solver.")
seed = click.option("--seed", type=int, default=0, show_default=True, help="Of the search.")


@university_weeks.command()
@click.argument("week", type=IN)
@seconds
@workers
@seed
@click.option("--fair", is_flag=True, help="First of all let nobody bear more than must be.")
@click.option("--out", type=OUT, help="Where the plan is written, as JSON; else to the terminal.")
def solve(week: Path, seconds: float, workers: int, seed: int, fair: bool, out: Path | None) -> None:
    """Plan the WEEK of a file."""
    from lms_university_weeks.engine.solve import solve as solve_problem

    problem = _read(week)
    with _shown("cost") as progress:
        plan = solve_problem(problem, seconds, workers=workers, seed=seed, fair=fair, progress=progress)
    _show(plan)
    if plan.sessions:
        console.print(f"Burden: {said(burdens_of(problem, plan.sessions), plan.fairest)}")
    if plan.cheapest is not None:
        console.print(f"A plan that need not be fair: cost {plan.cheapest} or less")
    _write(plan, out)
    if plan.status == "infeasible":
        console.print(f"There is no plan; why, says: lms university-weeks explain {week}")
    sys.exit(0 if plan.sessions else 1)


@university_weeks.command()
@click.argument("week", type=IN)
@click.argument("plan", type=IN)
@click.option("--cancel", type=int, multiple=True, help="The id of a session that does not take place.")
@click.option("--without-lecturer", type=int, multiple=True, help="The number of a lecturer who cannot, on --day.")
@click.option("--without-group", type=int, multiple=True, help="The number of a group that cannot, on --day.")
@click.option("--closed-room", type=int, multiple=True, help="The number of a room that is closed, on --day.")
@click.option("--day", type=click.IntRange(min=1), multiple=True, help="Days from 1 on; else all days.")
@click.option("--now", type=click.IntRange(min=0), default=0, help="The first slot that is not past.")
@click.option("--alternatives", type=click.IntRange(1, 10), default=1, show_default=True, help="How many plans.")
@seconds
@workers
@seed
@click.option("--out", type=OUT, help="Where the first plan is written, as JSON.")
def replan(
    week: Path,
    plan: Path,
    cancel: tuple[int, ...],
    without_lecturer: tuple[int, ...],
    without_group: tuple[int, ...],
    closed_room: tuple[int, ...],
    day: tuple[int, ...],
    now: int,
    alternatives: int,
    seconds: float,
    workers: int,
    seed: int,
    out: Path | None,
) -> None:
    """Plan the WEEK anew after a change, with the fewest changes against the published PLAN."""
    from lms_university_weeks.engine.replan import replan as replan_problem

    problem = _read(week)
    published = _read_plan(plan)
    days = [number - 1 for number in day] or range(problem.days)
    slots = tuple(d * problem.per_day + place for d in days if d < problem.days for place in range(problem.per_day))
    change = Change(
        cancel=cancel,
        lecturers=tuple((who, slots) for who in without_lecturer),
        groups=tuple((group, slots) for group in without_group),
        rooms=tuple((room, slots) for room in closed_room),
        now=now,
    )
    with _shown("changes") as progress, _faults(week):
        found = replan_problem(
            problem,
            published,
            change,
            seconds,
            alternatives=alternatives,
            workers=workers,
            seed=seed,
            progress=progress,
        )
    for number, alternative in enumerate(found.alternatives, 1):
        if len(found.alternatives) > 1:
            click.echo(f"Alternative {number}, cost {alternative.plan.cost}:")
        for difference in alternative.differences:
            click.echo(difference.text)
    if not found.alternatives:
        click.echo("There is no plan after this change." if found.status == "infeasible" else "No plan was found yet.")
        sys.exit(1)
    proof = "proven to be the fewest" if found.fewest else "perhaps there are fewer"
    click.echo(f"{found.changes} changes, {proof}.")
    if out:
        _write(found.alternatives[0].plan, out)


@university_weeks.command()
@click.argument("week", type=IN)
@seconds
@workers
def explain(week: Path, seconds: float, workers: int) -> None:
    """Explain why the WEEK of a file has no plan."""
    from lms_university_weeks.engine.explain import explain as explain_problem

    found = explain_problem(_read(week), seconds, workers=workers)
    for text in found.shortages:
        click.echo(text)
    if found.reason:
        click.echo("These cannot all be:" if found.minimal else "Among these is the reason:")
        for text in found.reason:
            click.echo(f"- {text}")
    if found.drop:
        click.echo("A plan is possible without:")
        for request in found.drop:
            click.echo(f"- {request.text}")
    if found.status == "feasible":
        click.echo("There is a plan.")
    elif found.status == "impossible" and not found.shortages:
        click.echo("There is no plan, even if nobody asked for anything: there are too few rooms or slots.")
    elif found.status == "unknown":
        click.echo("The time was too short to tell.")


@university_weeks.command()
@click.argument("timetable", type=IN)
@seconds
@workers
@seed
@click.option("--out", type=OUT, help="Where lines `course room day period` are written; else to the terminal.")
def ctt(timetable: Path, seconds: float, workers: int, seed: int, out: Path | None) -> None:
    """Solve a TIMETABLE of the public benchmark (.ectt, formulation UD2)."""
    try:
        from lms_university_weeks.engine import ctt as engine
    except ModuleNotFoundError as error:
        raise click.ClickException(f"{error}: install lms-university-weeks[ctt]") from None
    with _faults(timetable):
        problem = engine.read_ectt(timetable.read_text())
    best: list[engine.Lecture] = []
    began = time.monotonic()
    with _shown("cost") as progress:
        for cost, best in engine.solve(problem, seconds, workers=workers, seed=seed):  # noqa: B007 - the last counts
            progress(cost, None, time.monotonic() - began)
    if not best:
        raise click.ClickException("No timetable was found in this time.")
    text = "".join(f"{lecture.course} {lecture.room} {lecture.day} {lecture.period}\n" for lecture in best)
    if out:
        out.write_text(text)
    else:
        click.echo(text, nl=False)


@university_weeks.command("example")
@click.argument("run", type=click.UUID)
@click.option("--first-day", type=click.DateTime(["%Y-%m-%d"]), help="The first of its days; a Monday in six weeks.")
def write_example(run: UUID, first_day: datetime | None) -> None:
    """Write a small week of RUN, as it is sent to the API, to begin with."""
    from lms_university_weeks.example import example

    begin = first_day.date() if first_day else datetime.now(UTC).date() + timedelta(weeks=6)
    monday = begin if first_day else begin - timedelta(begin.weekday())
    click.echo(msgspec.json.format(msgspec.json.encode(example(str(run), monday))))


@university_weeks.command()
@click.argument("out", type=OUT)
def template(out: Path) -> None:
    """Write an empty workbook to OUT (xlsx), which a week is entered in."""
    from lms_university_weeks.sheets import tables_of
    from lms_university_weeks.workbook import to_xlsx

    out.write_bytes(to_xlsx(tables_of(None)))


def _read(path: Path) -> Problem:
    with _faults(path):
        return read_problem(path.read_bytes())


def _read_plan(path: Path) -> tuple[Placed, ...]:
    try:
        return msgspec.json.decode(path.read_bytes(), type=PlanFile).sessions
    except msgspec.DecodeError as error:
        raise click.ClickException(f"{path}: {error}") from None


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    try:
        yield
    except BadProblemError as error:
        raise click.ClickException("\n".join(f"{path}: {f.where}: {f.reason}" for f in error.faults)) from None


def _write(plan: Plan, out: Path | None) -> None:
    wanted = {"status": plan.status, "cost": plan.cost, "bound": plan.bound, "sessions": plan.sessions}
    text = msgspec.json.encode(wanted) + b"\n"
    if out:
        out.write_bytes(text)
    else:
        click.echo(text, nl=False)


def _show(plan: Plan) -> None:
    table = Table(box=None)
    for column in ("cost", "for", "people"):
        table.add_column(column, justify="left" if column == "for" else "right")
    for part in plan.parts:
        table.add_row(str(part.cost), part.text, str(part.people or "few"))
    console.print(f"{plan.status}: cost {plan.cost}, at least {plan.bound}" if plan.sessions else plan.status)
    console.print(table)


@contextmanager
def _shown(what: str) -> Iterator[Progress]:
    """Show the best, the bound, the gap between them and the time, on a terminal."""
    with Live(console=console, transient=True, auto_refresh=False) as live:

        def progress(best: int | None, bound: int | None, seconds: float) -> None:
            gap = f"{(best - (bound or 0)) / best:.0%}" if best else "-"
            best_text, bound_text = ("-" if number is None else str(number) for number in (best, bound))
            live.update(f"{what} {best_text}  at least {bound_text}  gap {gap}  {seconds:.1f} s", refresh=True)

        yield progress


if __name__ == "__main__":
    university_weeks()
