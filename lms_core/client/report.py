"""What a push did or would do, for people: tables on a terminal or in a log."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from rich import box
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from lms_core.client.course import Imported, Plan
from lms_core.client.folder import Course
from lms_core.client.unit_file import Pushed, Target
from lms_core.modules.types import DraftChange
from lms_core.sheets import Report

__all__ = ["make_console", "show_course", "show_imported", "show_plan", "show_pushed", "show_report"]

WIDTH_OF_LOGS = 160


def make_console(*, stderr: bool = False) -> Console:
    """Return a console that also fits paths in a line when it writes to a file or a pipe."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDTH_OF_LOGS
    return console


def show_course(console: Console, course: Course) -> None:
    """Print what became of everything in a folder: outcomes, what was left out, links that lead nowhere."""
    _print(
        console,
        "What became what",
        ["File", "Became", "In unit", "Note"],
        ([o.path, o.became, ", ".join(o.units), o.note] for o in course.outcomes),
    )
    _print(console, "Left out", ["File", "Why"], ([left.path, left.reason] for left in course.left_out))
    _print(
        console,
        "Broken links, left as they are",
        ["Page", "Line", "Target", "Why"],
        ([link.page, str(link.line), link.target, link.reason] for link in course.broken_links),
    )
    counts = {
        "units": course.units,
        "files": course.files,
        "left out": course.left_out,
        "broken links": course.broken_links,
    }
    console.print(Text(", ".join(f"{name}: {len(things)}" for name, things in counts.items())))


def show_imported(console: Console, imported: Imported) -> None:
    """Print what an import changed in the module."""
    if not imported.change.changed:
        console.print(Text(f"Nothing changed: module {imported.key} says what the folder says already."))
        return
    _changes(console, "What changed", imported.change)
    what = "was created; its draft is" if imported.created else "has a draft that is"
    unchanged = imported.change.unchanged
    console.print(Text(f"Module {imported.key} {what} the folder now; {unchanged} units are as before."))
    _how_to_publish(console, imported.module_id, imported.change)


def show_pushed(console: Console, pushed: Pushed, target: Target) -> None:
    """Print what became of a file that was pushed into a unit."""
    file = pushed.file
    where = f"in unit {target.unit} of module {target.module}"
    if not pushed.change.changed:
        console.print(Text(f"Nothing changed: {file.name} is {where} already."))
        return
    console.print(Text(f"{file.name} is {where} now, as {file.role}; the unit's text calls it lms-file:{file.key}."))
    _how_to_publish(console, pushed.module_id, pushed.change)


def show_plan(console: Console, plan: Plan, files: int) -> None:
    """Print what a push of so many files would send and change."""
    rows = ([path, decimal(file.size)] for path, file in plan.sending.items())
    _print(console, "What would be sent", ["File", "Size"], rows)
    size = sum({file.sha256: file.size for file in plan.sending.values()}.values())
    console.print(
        Text(f"{decimal(size)} would be sent; {files - len(plan.sending)} of {files} files are there already.")
    )
    _changes(console, "What would change", plan.change)
    if not plan.change.changed:
        console.print(Text("Nothing would change in the module."))


SHOWN = 100
"""Changes of an import that are shown one by one."""


def show_report(console: Console, report: Report) -> None:
    """Print what became of the lines of an import: each that is wrong, some that change, and how many in all."""
    rows = ([str(change.line), change.change, ", ".join(change.columns)] for change in report.changes[:SHOWN])
    would = report.mode == "dry-run"
    _print(console, "What would change" if would else "What changed", ["Line", "Change", "Columns"], rows)
    if more := len(report.changes[SHOWN:]):
        console.print(Text(f"and {more} more"))
    wrong = ([str(error.line), error.column or "", error.reason] for error in report.errors)
    _print(console, "Lines that are wrong", ["Line", "Column", "Why"], wrong)
    counts = Counter(change.change for change in report.changes)
    told = [*(f"{name}: {count}" for name, count in sorted(counts.items())), f"unchanged: {report.unchanged}"]
    bad = len({error.line for error in report.errors})
    console.print(Text(f"{report.lines} lines; {', '.join(told)}; wrong: {bad}"))


def _changes(console: Console, title: str, change: DraftChange) -> None:
    changes = {
        "added": change.added,
        "removed": change.removed,
        "modified": change.modified,
        "moved": change.moved,
        "module": change.details,
    }
    rows = ([name, str(len(keys)), ", ".join(keys)] for name, keys in changes.items() if keys)
    _print(console, title, ["Change", "Count", "Units or fields"], rows)


def _how_to_publish(console: Console, module_id: UUID, change: DraftChange) -> None:
    publish = f'POST /modules/{module_id}/publish with the header If-Match: "{change.revision}"'
    console.print(Text(f"To publish it: {publish}"), soft_wrap=True)  # to be copied in one piece


def _print(console: Console, title: str, columns: list[str], rows: Iterable[list[str]]) -> None:
    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        # As Text, or [brackets] in a name would be taken for markup.
        table.add_row(*map(Text, row))
    if table.row_count:
        console.print(table)
