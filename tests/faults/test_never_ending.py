"""A process ends, whatever a plugin does when it is thrown away."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_what_goes_on_whatever_happens_does_not_hold_up_the_end_of_the_process() -> None:
    command = [sys.executable, "-m", "tests.support.never_ending"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "1\n"
