"""What commands need from Python and the operating system: a quick start, ties between processes, and a free port."""

from __future__ import annotations

import ctypes
import errno
import gc
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PR_SET_PDEATHSIG = 1


@contextmanager
def quick_imports() -> Iterator[None]:
    """Do not look for garbage while modules are imported, and at no time among what they are made of.

    They live as long as the process does. Python would walk through all of them again and again while they become more,
    and once more at the end: two fifths of the time that a short command takes.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def die_with_parent() -> None:
    """Ask the kernel to kill this child of multiprocessing when its parent ends; Linux only, elsewhere does nothing.

    Nothing gentler would do: a child that has just been forked takes the parent's polite signals for its own.
    """
    parent = multiprocessing.parent_process()
    if sys.platform == "linux" and parent is not None:
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent.pid:  # it ended before we asked
            os.kill(os.getpid(), signal.SIGKILL)


def uv_that_started_us() -> int | None:
    """Return the parent's process id if it is `uv run`, which dies of a kill -9 without telling its child."""
    parent = os.getppid()
    try:
        name = Path(f"/proc/{parent}/comm").read_text().strip()
    except OSError:
        try:
            found = subprocess.run(
                ["ps", "-o", "comm=", "-p", str(parent)], capture_output=True, text=True, check=False
            )
        except OSError:
            return None
        name = Path(found.stdout.strip()).name
    return parent if name in {"uv", "uvx"} else None


def check_port(host: str, port: int, setting: str) -> None:
    """Make sure that nobody listens there; `host` is an IP address, `setting` is where another port can be chosen.

    Raises OSError with a sentence about it. The server alone would share the port with another of its kind.
    """
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                message = f"Port {port} is taken by another program; stop it or choose another one with {setting}."
            else:
                message = f"Port {port} of {host} cannot be used: {error.strerror}."
            raise OSError(message) from None
