"""The plugin keeps the contract that every plugin must keep."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kit.conftest import lms

HERE = Path(__file__).parents[3] / "plugins" / "family_sessions"


@pytest.mark.usefixtures("postgres_server")
def test_it_reaches_the_last_level() -> None:
    done = lms("plugin", "check", str(HERE))
    assert (done.exit_code, "reaches level 6 of 6" in done.output) == (0, True), done.output
    # what people have entered is left out of the programme's export on purpose: its administrators read that
    assert done.output.count(" warning ") == 1
    assert "is missing in the export of a programme" in " ".join(done.output.split())
