"""How far a push has come, for people: a bar on a terminal, a line every few seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from msgspec import Struct
from msgspec.structs import replace
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, TaskID, TextColumn
from rich.progress import Progress as Bar
from rich.text import Text

__all__ = ["OnProgress", "Progress", "Tally", "show_progress"]

LINE_EVERY = 5.0


class Progress(Struct, frozen=True, kw_only=True):
    """How far a stage has come: files and bytes done, and to be done in all; `there` are bytes that cost no time."""

    what: str
    files: int
    total_files: int
    bytes: int
    total_bytes: int
    there: int = 0


OnProgress = Callable[[Progress], None]


class Tally:
    """Counts what is done of a stage and reports it; bytes that have to be sent again are taken off. Thread-safe."""

    def __init__(self, what: str, total_files: int, total_bytes: int, on_progress: OnProgress) -> None:
        self._now = Progress(what=what, files=0, total_files=total_files, bytes=0, total_bytes=total_bytes)
        self._lock = Lock()
        self._on_progress = on_progress
        on_progress(self._now)

    def add(self, count: int, files: int = 0, *, there: bool = False) -> None:
        """Add bytes and files that are done; `there` if these bytes did not have to be sent."""
        with self._lock:
            now = self._now
            self._now = replace(
                now, files=now.files + files, bytes=now.bytes + count, there=now.there + (count if there else 0)
            )
            self._on_progress(self._now)


class _Pace:
    """Rate and time left of a stage, by what was really moved since it began."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def words(self, now: Progress) -> str:
        rate = (now.bytes - now.there) / max(time.monotonic() - self._began, 0.001)
        if rate <= 0 or now.bytes == now.total_bytes:
            return ""
        left = round((now.total_bytes - now.bytes) / rate)
        return f"{decimal(int(rate))}/s, {left // 3600}:{left // 60 % 60:02}:{left % 60:02} left"


@contextmanager
def show_progress(console: Console) -> Iterator[OnProgress]:
    """Yield what shows each stage as it reports itself; the console can say other things meanwhile."""
    if not console.is_terminal:
        yield _Lines(console).show
        return
    columns = [TextColumn("{task.fields[files]} files"), TextColumn("{task.fields[pace]}")]
    with Bar(TextColumn("{task.description}"), BarColumn(), DownloadColumn(), *columns, console=console) as bar:
        stages: dict[str, tuple[TaskID, _Pace]] = {}

        def show(now: Progress) -> None:
            if now.what not in stages:
                stages[now.what] = bar.add_task(now.what, total=None, files="", pace=""), _Pace()
            stage, pace = stages[now.what]
            done = f"{now.files}/{now.total_files}"
            bar.update(stage, completed=now.bytes, total=now.total_bytes, files=done, pace=pace.words(now))

        yield show


class _Lines:
    """Progress as lines of a log: now and then, and how each stage ended."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._what = ""

    def show(self, now: Progress) -> None:
        moment = time.monotonic()
        if now.what != self._what:
            self._what, self._pace, self._last = now.what, _Pace(), moment
        if (now.files, now.bytes) != (now.total_files, now.total_bytes) and moment - self._last < LINE_EVERY:
            return
        self._last = moment
        words = f"{now.what}: {decimal(now.bytes)} of {decimal(now.total_bytes)}, {now.files}/{now.total_files} files"
        pace = self._pace.words(now)
        self._console.print(Text(f"{words}, {pace}" if pace else words), soft_wrap=True)
