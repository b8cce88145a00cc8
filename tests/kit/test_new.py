"""`lms plugin new`: what it writes is the template under another name, and works at once."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from lms_core.commands.plugin_new import TEMPLATE
from tests.kit.conftest import checked, lms, register

if TYPE_CHECKING:
    from collections.abc import Callable


def files(folder: Path) -> dict[str, str]:
    """Return the text of each file in a folder, by its path there."""
    found = (path for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return {str(path.relative_to(folder)): path.read_text() for path in found}


def test_under_its_own_name_it_is_the_template(tmp_path: Path) -> None:
    assert lms("plugin", "new", "closed_modules", "--folder", tmp_path).exit_code == 0
    assert files(tmp_path / "lms-closed-modules") == files(TEMPLATE)


def test_it_says_what_it_wrote_and_what_comes_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = lms("plugin", "new", "lab_access")
    assert (done.exit_code, done.stdout) == (
        0,
        """\
lms-lab-access
├── README.md
├── lms_lab_access
│   ├── __init__.py
│   ├── migrations
│   │   └── 0001_first_tables.py
│   ├── plugin.py
│   ├── routes.py
│   ├── settings.py
│   └── tables.py
├── pyproject.toml
└── tests
    └── test_lab_access.py

pip install -e lms-lab-access
pytest lms-lab-access
lms plugin check lms-lab-access
""",
    )


def test_what_it_writes_passes_its_tests_the_linter_and_the_check(
    tmp_path: Path, run_pytest: Callable[..., str], postgres_server: str
) -> None:
    lms("plugin", "new", "lab_access", "--folder", tmp_path)
    folder = tmp_path / "lms-lab-access"
    assert re.findall("closed[_-]modules|ClosedModules", str(files(folder))) == []

    register(tmp_path / "site", "lms-lab-access", "lab_access", "lms_lab_access.plugin:LabAccess")
    assert "3 passed" in run_pytest(folder, path=f"{folder}:{tmp_path / 'site'}")

    linted = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--no-cache", "--select", "E,F,I,W,UP,B", folder],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert linted.stdout == "All checks passed!\n"

    assert checked(folder, postgres_server) == {"lab_access": {"reached": 6}}


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        (
            "lab-access",
            "Lab-access.name must be a lower-case letter and up to 59 letters, digits and underscores, not "
            "'lab-access'; lab_access would be right.",
        ),
        (
            "LabAccess",
            "LabAccess.name must be a lower-case letter and up to 59 letters, digits and underscores, not "
            "'LabAccess'; lab_access would be right.",
        ),
        (
            "../lab",
            "../lab.name must be a lower-case letter and up to 59 letters, digits and underscores, not '../lab'.",
        ),
        ("", ".name must be a lower-case letter and up to 59 letters, digits and underscores, not ''."),
        ("runs", "Runs.name 'runs' is a word of the core's own routes or tables; choose another `name`."),
        ("person", "Person.name 'person' is a word of the core's own routes or tables; choose another `name`."),
        (
            "l" * 40,
            f"L{'l' * 39}: the name fk_{'l' * 40}_closure_programme_id has more than 63 characters; give it a shorter "
            "one.",
        ),
    ],
)
def test_a_name_that_the_host_would_refuse_is_refused(name: str, refusal: str, tmp_path: Path) -> None:
    done = lms("plugin", "new", name, "--folder", tmp_path)
    assert (done.exit_code, done.stderr) == (1, f"Error: {refusal}\n")
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_stays_as_it_is(tmp_path: Path) -> None:
    mine = tmp_path / "lms-lab-access"
    mine.mkdir()
    (mine / "notes").write_text("years of work")
    done = lms("plugin", "new", "lab_access", "--folder", tmp_path)
    assert (done.exit_code, done.stderr) == (1, f"Error: {mine} is there already; nothing was written.\n")
    assert files(tmp_path) == {"lms-lab-access/notes": "years of work"}
