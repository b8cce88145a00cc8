"""Keeping processes tied to those that started them."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from pathlib import Path

PR_SET_PDEATHSIG = 1


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent ends, however it ends; Linux only, elsewhere does nothing."""
    if sys.platform == "linux":
        parent = os.getppid()
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it ended in between
            os.kill(os.getpid(), signal.SIGTERM)


def started_by_uv() -> bool:
    """Tell whether the parent process is `uv run`, which dies of a kill -9 without telling its child."""
    parent = os.getppid()
    try:
        name = Path(f"/proc/{parent}/comm").read_text().strip()
    except OSError:
        try:
            found = subprocess.run(
                ["ps", "-o", "comm=", "-p", str(parent)], capture_output=True, text=True, check=False
            )
        except OSError:
            return False
        name = Path(found.stdout.strip()).name
    return name in {"uv", "uvx"}
