"""A store of our own: SeaweedFS as a supervised child process, for development, tests and single machines.

It listens on loopback only, and its S3 door is locked with generated keys. Behind that door SeaweedFS trusts
the machine: other accounts can reach the objects by the internal ports. Where that matters, use a service.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import subprocess
import time
from concurrent.futures import Future
from pathlib import Path
from threading import Event, Thread
from typing import TextIO
from urllib.parse import urlsplit

from content_store import weed
from content_store.interface import StoreError, StoreSettings, StoreUnavailable, StoreUnsafe
from content_store.s3 import S3Store

__all__ = ["LocalStore", "settings_at"]

START_SECONDS = 30
STABLE_SECONDS = 60
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10

log = logging.getLogger(__name__)


def settings_at(directory: Path, bucket: str = "media") -> StoreSettings:
    """Return how to reach the store that another process runs in a directory; whether it does, the first call shows.

    Raises StoreUnavailable when there never was a store.
    """
    port = directory / "port"
    if not port.exists():
        raise StoreUnavailable(f"There is no object store in {directory}.")
    return StoreSettings(f"http://127.0.0.1:{port.read_text()}", *weed.keys(directory), bucket)


class LocalStore:
    """One directory's store. Use it as a context manager, or call `start` and `stop`.

    Both block for some seconds: from a coroutine call them with `asyncio.to_thread`. When SeaweedFS dies, it
    starts again on the same ports; when this process dies, SeaweedFS ends too, at the latest with the
    next start.
    """

    def __init__(self, directory: Path, bucket: str = "media") -> None:
        self._directory = directory.absolute()
        self._bucket = bucket
        self._lock: TextIO | None = None
        self._supervisor: Thread | None = None
        self._stopping = Event()

    def __enter__(self) -> StoreSettings:
        return self.start()

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> StoreSettings:
        """Start the store, create its bucket, and return its settings once it answers us and nobody else.

        Raises StoreUnavailable when another process uses the directory, or with the end of SeaweedFS's log
        when it does not come up, and StoreUnsafe when it lets strangers in.
        """
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = (self._directory / "lock").open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise StoreUnavailable(f"Another process runs the object store in {self._directory}.") from error
        self._lock = lock
        try:
            weed.stop_left_over(self._directory)
            access_key, secret_key = weed.keys(self._directory)
            port = weed.choose_port(self._directory)
            settings = StoreSettings(f"http://127.0.0.1:{port}", access_key, secret_key, self._bucket)
            ready: Future[None] = Future()
            self._stopping.clear()
            # A thread of its own, because on Linux the child ends with the thread that started it.
            self._supervisor = Thread(
                target=self._supervise, args=(port, settings, ready), name="local-store", daemon=True
            )
            self._supervisor.start()
            ready.result()
        except BaseException:
            self.stop()
            raise
        return settings

    def stop(self) -> None:
        """End the store and wait until it has; does nothing when it is not running."""
        self._stopping.set()
        if self._supervisor:
            self._supervisor.join()
        if self._lock:
            self._lock.close()
        self._supervisor = self._lock = None

    def _supervise(self, port: int, settings: StoreSettings, ready: Future[None]) -> None:
        pause = FIRST_PAUSE
        while not self._stopping.is_set():
            started = time.monotonic()
            try:
                with weed.running(self._directory, port) as process:
                    if not ready.done():
                        asyncio.run(self._until_ready(settings, process))
                        ready.set_result(None)
                    while process.poll() is None and not self._stopping.wait(0.1):
                        pass
            except Exception as error:
                if not ready.done():
                    ready.set_exception(error)
                    return
                log.exception("The object store does not start.")
            if not self._stopping.is_set():
                log.error("The object store in %s ended and is started again.", self._directory)
            pause = FIRST_PAUSE if time.monotonic() - started > STABLE_SECONDS else min(2 * pause, LONGEST_PAUSE)
            self._stopping.wait(pause)

    async def _until_ready(self, settings: StoreSettings, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        address = urlsplit(settings.url)
        store = S3Store(settings)
        try:
            while True:
                try:
                    _, writer = await asyncio.open_connection(address.hostname, address.port)
                    writer.close()
                    await store.prepare(())
                    return await store.check()
                except StoreUnsafe:
                    raise
                except (OSError, StoreError) as error:
                    late = time.monotonic() > deadline or self._stopping.is_set()
                    if late or process.poll() is not None:
                        end = weed.end_of_log(self._directory)
                        raise StoreUnavailable(f"The object store did not start. Its log ends:\n{end}") from error
                await asyncio.sleep(0.1)
        finally:
            await store.close()
