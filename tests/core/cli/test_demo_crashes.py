"""`lms demo` when something is killed: nobody stays behind, and nothing that was acknowledged is lost."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from pathlib import Path

import pytest

from tests.support.demo import Demo, FirstStart, complete_unit, contents, running_demo, without_ids
from tests.support.processes import LMS, browser, free_port, needs_proc, started, wait_until

pytestmark = needs_proc

ROOT = Path(__file__).parents[3]
ACTIVE = {"VIRTUAL_ENV": sys.prefix}


@pytest.fixture
def folder(first_start: FirstStart, tmp_path: Path) -> Path:
    """The folder of a demonstration that does not run."""
    return Path(shutil.copytree(first_start.folder, tmp_path / "lms"))


@pytest.fixture
def uv_run() -> tuple[str, ...]:
    """The words that run a command by uv, in the environment of these tests as it is."""
    uv = shutil.which("uv")
    if uv is None:
        pytest.skip("there is no uv on the PATH")
    return uv, "run", "--no-sync", "--active", "--"


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def percents(demo: Demo) -> list[int]:
    return [run["percent"] for run in contents(demo.announcement)["dashboard"]["runs"]]


def is_ready(demo: Demo) -> bool:
    with browser(demo.announcement.url) as http:
        return http.get("/health/ready").is_success


def test_killed_it_takes_the_store_along_and_the_next_start_finds_everything(folder: Path) -> None:
    with running_demo(folder) as demo:
        complete_unit(demo.announcement, "deposition-etching")
        kill(demo.running.pid)
        demo.running.wait_for_all()
    with running_demo(folder) as again:
        assert percents(again) == [50, 20]
        assert again.announcement.sign_ins == demo.announcement.sign_ins


def test_a_killed_store_comes_back_with_its_media(folder: Path, first_start: FirstStart) -> None:
    with running_demo(folder) as demo:
        killed = demo.running.the("weed")
        kill(killed.pid)
        wait_until(lambda: killed not in demo.running.processes(), "the end of the store")
        wait_until(lambda: is_ready(demo), "that it is ready again")
        assert demo.running.the("weed") != killed
        assert contents(demo.announcement) == first_start.last


def test_killed_uv_takes_everything_along(folder: Path, uv_run: tuple[str, ...]) -> None:
    with running_demo(folder, *uv_run, cwd=ROOT, env=ACTIVE) as demo:
        assert demo.running.the("uv").pid == demo.running.pid
        kill(demo.running.pid)
        demo.running.wait_for_all()


def test_uv_killed_before_everything_runs_takes_it_along_too(folder: Path, uv_run: tuple[str, ...]) -> None:
    command: tuple[str | Path, ...] = (*uv_run, LMS, "demo", "--port", str(free_port()), "--data-dir", folder)
    (folder / "store" / "weed.pid").unlink()
    with started(*command, folder=folder, cwd=ROOT, env=ACTIVE) as running:
        wait_until((folder / "store" / "weed.pid").exists, "the start of the store")
        kill(running.pid)
        running.wait_for_all()


def test_however_often_the_first_start_is_broken_off_the_next_one_completes_it(
    tmp_path: Path, first_start: FirstStart
) -> None:
    folder, port = tmp_path / "lms", free_port()
    command = (LMS, "demo", "--port", str(port), "--data-dir", folder)

    with started(*command, folder=folder) as starting:  # Ctrl-C while the store starts
        wait_until((folder / "store" / "weed.pid").exists, "the start of the store")
        assert starting.interrupt() in (0, 130)
        starting.wait_for_all()
        assert "Traceback" not in starting.errors

    with started(*command, folder=folder) as starting:  # Ctrl-C while the programme is brought in
        starting.wait_for_answer(f"http://127.0.0.1:{port}/health/live")
        assert starting.interrupt() in (0, 130)
        starting.wait_for_all()
        assert "Traceback" not in starting.errors

    with started(*command, folder=folder) as starting:  # kill -9 there
        starting.wait_for_answer(f"http://127.0.0.1:{port}/health/live")
        kill(starting.pid)
        starting.wait_for_all()

    with running_demo(folder) as demo:
        assert without_ids(contents(demo.announcement)) == without_ids(first_start.made)
