"""plugins/README.md is what an integrator has: its reference is the code's, and its files are those of the scaffold."""

from __future__ import annotations

import re

import pytest

from lms_core.hooks.reference import README, SCAFFOLD, hook_reference, with_reference
from lms_core.hooks.registry import HOOKS


def test_the_reference_is_that_of_the_hooks() -> None:
    page = README.read_text()
    assert page == with_reference(page), "run: python -m lms_core.hooks.reference --write"
    assert set(re.findall(r"^### `(\w+)` \((?:DECIDE|SHAPE|REACT)\)$", hook_reference(), re.MULTILINE)) == set(HOOKS)


def test_a_page_without_the_markers_is_not_written() -> None:
    with pytest.raises(ValueError, match="not enough values to unpack"):
        with_reference("# Writing a plugin\n")


def test_every_file_that_says_something_is_shown() -> None:
    shown = set(re.findall(r"^```\w+\n# (lms-closed-modules/\S+)$", README.read_text(), re.MULTILINE))
    kept = {str(file.relative_to(SCAFFOLD)) for file in SCAFFOLD.rglob("*.*") if "__pycache__" not in str(file)}
    unshown = {
        "lms-closed-modules/README.md",
        "lms-closed-modules/lms_closed_modules/__init__.py",
        "lms-closed-modules/lms_closed_modules/migrations/0001_first_tables.py",
    }
    assert shown == kept - unshown
