"""plugins/README.md is what an integrator has: its reference is the code's, and its tutorial works as printed."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from typing import TYPE_CHECKING
from uuid import uuid4

import msgspec
import pytest

from lms_core.api import Context, EnrolmentRequest, Objection
from lms_core.hooks.reference import README, hook_reference, with_reference
from lms_core.hooks.registry import HOOKS, Registry

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a reader has made: every block that begins with the name of its file, written there."""
    folder = tmp_path_factory.mktemp("tutorial")
    for path, text in re.findall(r"^```\w+\n# (\S+/\S+)\n(.*?)^```$", README.read_text(), re.MULTILINE | re.DOTALL):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder / "lms-closed-modules"


def test_the_reference_is_that_of_the_hooks() -> None:
    page = README.read_text()
    assert page == with_reference(page), "run: python -m lms_core.hooks.reference --write"
    assert set(re.findall(r"^### `(\w+)` \((?:DECIDE|SHAPE|REACT)\)$", hook_reference(), re.MULTILINE)) == set(HOOKS)


def test_a_page_without_the_markers_is_not_written() -> None:
    with pytest.raises(ValueError, match="not enough values to unpack"):
        with_reference("# Writing a plugin\n")


async def test_the_plugin_of_the_tutorial_registers_and_decides(
    tutorial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tutorial)
    project = tomllib.loads((tutorial / "pyproject.toml").read_text())["project"]
    entries = project["entry-points"]["lms.plugins"]
    plugin = EntryPoint("closed_modules", entries["closed_modules"], "lms.plugins").load()()
    registry = Registry()
    registry.add(plugin)

    programme_id, module_id = uuid4(), uuid4()
    settings = msgspec.convert({"modules": [str(module_id)], "reason": "Not yet accredited."}, plugin.settings)
    context = Context(plugin.name, programme_id, settings, database=None)  # type: ignore[arg-type]  # as the page does
    [(name, check)] = registry.implementations["check_enrolment"]
    answers = [
        await check(context, EnrolmentRequest(uuid4(), uuid4(), module, programme_id))
        for module in (module_id, uuid4())
    ]

    assert name == "closed_modules"
    assert answers == [[Objection("module-closed", "Not yet accredited.")], []]


def test_the_tests_of_the_tutorial_pass(tutorial: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--rootdir", tutorial, "tests"],
        cwd=tutorial,
        env={"PYTHONPATH": str(tutorial)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-1].startswith("2 passed"), done.stdout + done.stderr
