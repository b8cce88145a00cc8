"""The store that runs as our child: it comes back when it dies, goes when we die, and keeps strangers out."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from content_store import StoreSettings, StoreUnavailable
from content_store.local import LocalStore
from content_store.s3 import S3Store

linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc to see which processes run")


def wait_until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, "It does not happen."
        time.sleep(0.05)


def runs(pid: int) -> bool:
    """Whether the process serves objects; one that ended but was not waited for does not."""
    try:
        return b"mini" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False


def pid_of(directory: Path) -> int:
    return int((directory / "weed.pid").read_text() or 0)


async def write(settings: StoreSettings, data: bytes) -> None:
    store = S3Store(settings)
    await store.put("lecture", data, "text/plain")
    await store.close()


async def read(settings: StoreSettings) -> bytes:
    store = S3Store(settings)
    try:
        return b"".join([chunk async for chunk in store.read("lecture")])
    finally:
        await store.close()


async def read_when_back(settings: StoreSettings) -> bytes:
    deadline = time.monotonic() + 30
    while True:
        try:
            return await read(settings)
        except StoreUnavailable:
            assert time.monotonic() < deadline, "The store does not come back."
            await asyncio.sleep(0.1)


@pytest.fixture
def other_process(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Run a store in `tmp_path` by another Python process, which lives until it is killed."""
    script = """
        import sys, time
        from pathlib import Path
        from content_store.local import LocalStore
        {before}
        with LocalStore(Path(sys.argv[1])):
            print("ready", flush=True)
            time.sleep(600)
    """
    started: list[subprocess.Popen[str]] = []

    def start(before: str = "") -> subprocess.Popen[str]:
        code = textwrap.dedent(script).format(before=before)
        process = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


async def test_a_restart_keeps_keys_address_and_objects(tmp_path: Path) -> None:
    with LocalStore(tmp_path / "store") as first:
        await write(first, b"kept")
        assert (tmp_path / "store").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "store" / "s3.json").stat().st_mode & 0o777 == 0o600
    with pytest.raises(StoreUnavailable):
        await read(first)

    with LocalStore(tmp_path / "store") as second:
        assert second == first
        assert await read(second) == b"kept"


@linux
async def test_a_store_that_is_killed_comes_back_with_everything(tmp_path: Path) -> None:
    with LocalStore(tmp_path) as settings:
        await write(settings, b"kept")
        for _ in range(2):
            killed = pid_of(tmp_path)
            os.kill(killed, signal.SIGKILL)
            wait_until(lambda: pid_of(tmp_path) != killed)  # noqa: B023 - called before the loop goes on
            assert await read_when_back(settings) == b"kept"
        last = pid_of(tmp_path)
    assert not runs(last)


@linux
async def test_the_store_ends_with_a_process_that_is_killed(
    tmp_path: Path, other_process: Callable[[], subprocess.Popen[str]]
) -> None:
    parent = other_process()
    store = pid_of(tmp_path)
    assert runs(store)
    parent.kill()
    parent.wait()
    wait_until(lambda: not runs(store))
    with LocalStore(tmp_path) as settings:
        await write(settings, b"ours")
        assert await read(settings) == b"ours"


@linux
def test_a_store_left_behind_is_ended_by_the_next_start(
    tmp_path: Path, other_process: Callable[[str], subprocess.Popen[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    parent = other_process("sys.platform = 'another one, that cannot end a child with its parent'")
    left_over = pid_of(tmp_path)
    parent.kill()
    parent.wait()
    time.sleep(1)
    assert runs(left_over)
    monkeypatch.setattr(sys, "platform", "another one, without /proc")
    with LocalStore(tmp_path):
        assert not runs(left_over)
        assert runs(pid_of(tmp_path))


def test_no_other_process_is_touched(tmp_path: Path) -> None:
    bystander = subprocess.Popen(["sleep", "600"])
    try:
        tmp_path.joinpath("weed.pid").write_text(str(bystander.pid))
        with LocalStore(tmp_path):
            assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


async def test_a_directory_has_one_store_at_a_time(tmp_path: Path) -> None:
    with LocalStore(tmp_path) as settings:
        with pytest.raises(StoreUnavailable, match=r"Another process runs the object store in .*"):
            LocalStore(tmp_path).start()
        await write(settings, b"undisturbed")
        assert await read(settings) == b"undisturbed"
    with LocalStore(tmp_path) as settings:
        assert await read(settings) == b"undisturbed"


async def test_taken_ports_move_the_store_and_not_the_objects(tmp_path: Path) -> None:
    with LocalStore(tmp_path / "one") as first:
        await write(first, b"moved")
    with LocalStore(tmp_path / "two") as stranger:
        (tmp_path / "one" / "port").write_text((tmp_path / "two" / "port").read_text())
        with LocalStore(tmp_path / "one") as second:
            assert second.url not in (first.url, stranger.url)
            assert await read(second) == b"moved"


def test_a_start_that_fails_shows_the_end_of_the_log_and_frees_the_directory(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "filerldb2").write_text("no database")
    with pytest.raises(StoreUnavailable, match=r"did not start\. Its log ends:\n(.*\n)*.*filerldb2"):
        LocalStore(tmp_path).start()
    (tmp_path / "data" / "filerldb2").unlink()
    with LocalStore(tmp_path):
        pass


def test_stopping_what_does_not_run_does_nothing(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    store.stop()
    with store:
        pass
    store.stop()
