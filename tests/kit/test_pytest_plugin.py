"""The pytest plugin in the suites of others: it gets out of the way, and says what is missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.kit.conftest import lms, register

if TYPE_CHECKING:
    from collections.abc import Callable

USES_NOTHING = """
import sys

def test_nothing_of_the_core_is_there():
    assert sorted(name for name in sys.modules if name.startswith(("lms_core", "content_store", "litestar"))) == [
        "lms_core", "lms_core.testing",
    ]
"""
OWN_FIXTURES = """
import pytest

@pytest.fixture
def client():
    return "mine"

@pytest.mark.parametrize("programme", ["theirs"])
def test_own_fixtures_come_first(client, programme):
    assert (client, programme) == ("mine", "theirs")
"""
USES_IT = "def test_it(client):\n    assert client.get('/me').status_code == 200\n"


def test_a_suite_that_does_not_use_it_does_not_notice_it(tmp_path: Path, run_pytest: Callable[..., str]) -> None:
    (tmp_path / "test_others.py").write_text(USES_NOTHING + OWN_FIXTURES)
    assert "2 passed" in run_pytest(tmp_path)


def test_it_works_without_pytest_asyncio_and_with_several_processes(
    tmp_path: Path, run_pytest: Callable[..., str]
) -> None:
    (tmp_path / "test_one.py").write_text(USES_IT)
    (tmp_path / "test_two.py").write_text(USES_IT)
    assert "2 passed" in run_pytest(tmp_path, "-p", "no:asyncio", "-n", "2", "--dist", "loadfile")


def test_it_needs_no_loop_and_takes_none_away(tmp_path: Path, run_pytest: Callable[..., str]) -> None:
    within = (
        "async def test_within_a_loop(request):\n"
        "    assert request.getfixturevalue('client').get('/me').status_code == 200\n"
    )
    (tmp_path / "test_mixed.py").write_text(f"{within}\n{USES_IT}\n{within.replace('within', 'again_within')}")
    (tmp_path / "pytest.ini").write_text(
        "[pytest]\nasyncio_mode = auto\nasyncio_default_test_loop_scope = session\n"
        "asyncio_default_fixture_loop_scope = session\n"
    )
    assert "3 passed" in run_pytest(tmp_path)


def test_a_plugin_that_is_not_installed_is_told_how_to_be(tmp_path: Path, run_pytest: Callable[..., str]) -> None:
    lms("plugin", "new", "lab_access", "--folder", tmp_path)
    folder = tmp_path / "lms-lab-access"
    said = run_pytest(folder, path=str(folder))
    assert "3 errors" in said
    message = f"the plugin lab_access is not installed: run `pip install -e {folder}` (or uv pip), then the tests"
    assert said.splitlines().count(message) == 3


def test_an_installed_plugin_that_cannot_be_used_is_named(tmp_path: Path, run_pytest: Callable[..., str]) -> None:
    (tmp_path / "lms_bent.py").write_text("import lms_straight\n")
    register(tmp_path / "site", "lms-bent", "bent", "lms_bent:Bent")
    (tmp_path / "test_it.py").write_text(USES_IT)
    said = run_pytest(tmp_path, path=f"{tmp_path}:{tmp_path / 'site'}")
    assert "the plugin bent cannot be used: ModuleNotFoundError: No module named 'lms_straight'" in said.splitlines()
