"""The plugin keeps the contract that every plugin must keep."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.conftest import lms

HERE = Path(__file__).parents[3] / "plugins" / "university_weeks"


@pytest.mark.usefixtures("postgres_server")
def test_it_reaches_the_last_level() -> None:
    done = lms("plugin", "check", str(HERE))
    assert (done.exit_code, "reaches level 6 of 6" in done.output) == (0, True), done.output
    assert "warning" not in done.output
