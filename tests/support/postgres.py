"""A real PostgreSQL for tests: one server for a session, a database of its own for a test; and one to be killed."""

from __future__ import annotations

import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

from lms_core.contract.postgres import create_database, drop_database, postgres, prepare, quick_folder, start, url_of
from tests.support.serving import free_port

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KillablePostgres", "create_database", "drop_database", "postgres", "quick_folder"]


class KillablePostgres:
    """A server that keeps what it has acknowledged, as one in production does; `kill` is kill -9 of all of it.

    The thread that starts it must go on to live.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = free_port()
        self.url = url_of(self.port)
        self.binaries = prepare(directory)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        # what is lost is what the operating system did not get, so nothing has to reach the disk itself
        self.process = start(self.directory, self.binaries, self.port, "fsync=off", "max_connections=50")

    def kill(self) -> None:
        assert self.process
        family = [*psutil.Process(self.process.pid).children(recursive=True), psutil.Process(self.process.pid)]
        for one in reversed(family):
            with suppress(psutil.NoSuchProcess):
                one.kill()
        self.process.wait()
        psutil.wait_procs(family, timeout=10)
