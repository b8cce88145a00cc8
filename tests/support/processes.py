"""Commands as a person starts them, and the processes that they leave behind."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import httpx
import pytest
from click.testing import CliRunner
from msgspec import Struct

from lms_core.cli import main

__all__ = [
    "LMS",
    "Process",
    "Running",
    "browser",
    "finished",
    "free_port",
    "listening",
    "needs_proc",
    "said",
    "serving",
    "started",
    "wait_until",
]

T = TypeVar("T")

LMS = str(Path(sys.executable).with_name("lms"))
DEADLINE = 60
LISTEN = "0A"

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to see which processes run")


class Process(Struct, frozen=True):
    """A process of this machine: its number, its parent, its session and its command line."""

    pid: int
    parent: int
    session: int
    words: tuple[str, ...]


def wait_until(condition: Callable[[], T | None], what: str) -> T:
    """Return what the condition says as soon as that is true; fail when it takes absurdly long."""
    deadline = time.monotonic() + DEADLINE
    while not (found := condition()):
        assert time.monotonic() < deadline, f"It does not happen: {what}"
        time.sleep(0.1)
    return found


def free_port() -> int:
    """Return a port on which nobody listens at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def browser(url: str = "") -> httpx.Client:
    """Make an HTTP client for servers on this machine; loading certificates would take longer than most tests."""
    return httpx.Client(base_url=url, trust_env=False, verify=False, follow_redirects=True, timeout=60)


def _processes() -> list[Process]:
    """List the processes of this machine; one that ended and was not waited for yet has no words and does not count."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended meanwhile
            words = (folder / "cmdline").read_text(errors="replace").rstrip("\0").split("\0")
            # The name of the program, in brackets, may hold anything; the numbers come after it.
            _, parent, _, session = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[:4]
            if words != [""]:
                found.append(Process(int(folder.name), int(parent), int(session), tuple(words)))
    return found


class Running:
    """A command that was started, in a session of its own; its output goes to files and is read from there.

    Everything in its session belongs to it, and every process that names `folder` in its command line.
    """

    def __init__(self, process: subprocess.Popen[bytes], directory: Path, folder: Path | None) -> None:
        self._process = process
        self._directory = directory
        self._folder = folder
        self.pid = process.pid

    @property
    def output(self) -> str:
        """What it has written to its standard output until now."""
        return (self._directory / "output").read_text()

    @property
    def errors(self) -> str:
        """What it has written to its standard error until now."""
        return (self._directory / "errors").read_text()

    def processes(self) -> list[Process]:
        """List the processes that belong to it, itself included."""
        folder = None if self._folder is None else str(self._folder)
        return [
            process
            for process in _processes()
            if process.session == self.pid or (folder and any(folder in word for word in process.words))
        ]

    def the(self, name: str) -> Process:
        """Return its one process whose program has this name."""
        found = [process for process in self.processes() if Path(process.words[0]).name == name]
        assert len(found) == 1, found
        return found[0]

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Wait until its standard output has a line that matches, and return the match."""

        def look() -> re.Match[str] | None:
            found = re.search(rf"^{pattern}$", self.output, re.MULTILINE)
            assert found or self._process.poll() is None, f"It ended with {self._process.returncode}:\n{self.errors}"
            return found

        return wait_until(look, f"a line of output {pattern!r}")

    def wait_for_answer(self, url: str) -> httpx.Response:
        """Wait until a server answers at an address with success, and return the answer."""

        def ask() -> httpx.Response | None:
            assert self._process.poll() is None, f"It ended with {self._process.returncode}:\n{self.errors}"
            with suppress(httpx.TransportError):
                answer = http.get(url)
                return answer if answer.is_success else None
            return None

        with browser() as http:
            return wait_until(ask, f"an answer of {url}")

    def wait(self) -> int:
        """Wait for the end of the command itself, and return its exit code."""
        return self._process.wait(DEADLINE)

    def wait_for_all(self) -> None:
        """Wait until nothing that belongs to it runs any more."""
        wait_until(lambda: not self.processes(), f"the end of {self.processes()}")

    def interrupt(self) -> int:
        """Press Ctrl-C: the signal goes to the whole group that a terminal would send it to. Return the exit code."""
        os.killpg(self.pid, signal.SIGINT)
        return self.wait()


@contextmanager
def started(
    *words: str | Path, folder: Path | None = None, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """Start a command with no setting of ours in its environment but those of `env`; at the end nothing is left."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith("LMS_")}
    with TemporaryDirectory(prefix="lms-command-") as name:
        directory = Path(name)
        with (directory / "output").open("wb") as output, (directory / "errors").open("wb") as errors:
            process = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env={**surroundings, "GOMEMLIMIT": "400MiB", **(env or {})},
                cwd=cwd,
                start_new_session=True,
            )
        running = Running(process, directory, folder)
        try:
            yield running
        finally:
            process.kill()
            process.wait()
            while left := running.processes():
                for one in left:
                    with suppress(ProcessLookupError):
                        os.kill(one.pid, signal.SIGKILL)


def finished(*words: str | Path, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Run a command to its end and return its exit code, standard output and standard error."""
    with started(*words, env=env) as running:
        code = running.wait()
        return code, running.output, running.errors


def said(*words: str, env: Mapping[str, str] | None = None) -> tuple[int, str, str]:
    """Do the same with a subcommand of `lms` in this process, which is quicker; for commands that end by themselves."""
    unset = {name: None for name in os.environ if name.startswith("LMS_")}
    result = CliRunner().invoke(main, words, env={**unset, **(env or {})})
    return result.exit_code, result.stdout, result.stderr


def listening(processes: list[Process]) -> set[str]:
    """Return the addresses, without ports and in the notation of the kernel, on which processes listen."""
    mine = {inode for process in processes for inode in _sockets(process.pid)}
    return {address.partition(":")[0] for address, state, inode in _connections() if state == LISTEN and inode in mine}


def serving(process: Process, port: int) -> bool:
    """Tell whether a process holds an open connection to a port of its own."""
    mine = _sockets(process.pid)
    ours = f":{port:04X}"
    return any(address.endswith(ours) and state != LISTEN and inode in mine for address, state, inode in _connections())


def _sockets(pid: int) -> set[str]:
    found = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found.add(str(descriptor.readlink()).removeprefix("socket:[").removesuffix("]"))
    return found


def _connections() -> Iterator[tuple[str, str, str]]:
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            _, local, _, state, *rest = line.split()
            yield local, state, rest[5]
