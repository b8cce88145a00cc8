from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from click.testing import CliRunner

from lms_core.cli import main

if TYPE_CHECKING:
    from collections.abc import Callable

    from click.testing import Result

HERE = Path(__file__).parent


def lms(*words: str | Path, **environment: str) -> Result:
    """Run `lms` with these words."""
    return CliRunner().invoke(main, [str(word) for word in words], env=environment)


def checked(target: str | Path, postgres: str, **environment: str) -> dict[str, Any]:
    """Return what a check says of each plugin: the level that it reaches, and every step that is not "ok"."""
    done = lms("plugin", "check", target, "--json", LMS_TEST_POSTGRES_URL=postgres, **environment)
    reports = msgspec.json.decode(done.stdout)
    failed = any(step["outcome"] == "failed" for report in reports for step in report["steps"])
    assert done.exit_code == int(failed)
    return {
        report["plugin"]: {
            "reached": report["reached"],
            **{
                step["title"]: (step["outcome"], *step["findings"])
                for step in report["steps"]
                if step["outcome"] != "ok"
            },
        }
        for report in reports
    }


def register(site: Path, name: str, plugin: str, entry: str) -> None:
    """Make a distribution known in a folder of the path, as an installer would."""
    folder = site / f"{name.replace('-', '_')}-0.1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n")
    (folder / "entry_points.txt").write_text(f"[lms.plugins]\n{plugin} = {entry}\n")


@pytest.fixture
def run_pytest() -> Callable[..., str]:
    """A function that runs pytest in a folder as a stranger would, and returns what it says."""

    def work(folder: Path, *words: str, path: str = "") -> str:
        ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
            cwd=folder, env={**ours, "PYTHONPATH": path}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr

    return work
