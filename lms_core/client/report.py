"""What an import did, for people: a progress bar and tables, on a terminal or in a log."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich import box
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from lms_core.client.course import Imported
from lms_core.client.folder import Course
from lms_core.client.scan import OnProgress, Progress

__all__ = ["make_console", "progress_bar", "show_change", "show_course"]

WIDTH_OF_LOGS = 160


def make_console(*, stderr: bool = False) -> Console:
    """Return a console that also fits paths in a line when it writes to a file or a pipe."""
    console = Console(stderr=stderr, highlight=False)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = WIDTH_OF_LOGS
    return console


@contextmanager
def progress_bar(console: Console) -> Iterator[OnProgress]:
    """Show bytes and files of each stage as it reports them; without a terminal just how each stage ended."""
    files = TextColumn("{task.fields[files]}/{task.fields[total_files]} files")
    with Bar(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), files, console=console) as bar:
        stages = {}

        def show(now: Progress) -> None:
            if now.what not in stages:
                stages[now.what] = bar.add_task(now.what, files=0, total_files=0)
            bar.update(
                stages[now.what],
                completed=now.bytes,
                total=now.total_bytes,
                files=now.files,
                total_files=now.total_files,
            )

        yield show


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


def show_change(console: Console, imported: Imported) -> None:
    """Print what an import changed in the module."""
    change = imported.change
    if not change.changed:
        console.print(Text(f"Nothing changed: module {imported.key} says what the folder says already."))
        return
    changes = {
        "added": change.added,
        "removed": change.removed,
        "modified": change.modified,
        "moved": change.moved,
        "module": change.details,
    }
    rows = ([name, str(len(keys)), ", ".join(keys)] for name, keys in changes.items() if keys)
    _print(console, "What changed", ["Change", "Count", "Units or fields"], rows)
    what = "was created; its draft is" if imported.created else "has a draft that is"
    console.print(Text(f"Module {imported.key} {what} the folder now; {change.unchanged} units are as before."))
    publish = f'POST /modules/{imported.module_id}/publish with the header If-Match: "{change.revision}"'
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
