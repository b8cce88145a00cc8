"""A production server as a process of its own, to be killed and started again."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import httpx

from tests.support.processes import LMS, browser, free_port, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from content_store import StoreSettings

__all__ = ["LMS", "Serving", "environment", "free_port"]


def environment(database_url: str, store: StoreSettings, port: int) -> dict[str, str]:
    """Settings of a production process, besides what a process needs anyway."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("LMS_")},
        "LMS_DATABASE_URL": database_url,
        "LMS_STORE_URL": store.url,
        "LMS_STORE_ACCESS_KEY": store.access_key,
        "LMS_STORE_SECRET_KEY": store.secret_key,
        "LMS_STORE_BUCKET": store.bucket,
        "LMS_SECRET_KEY": "5a0e3c9b7d1f48629a6b3c5d7e8f9012",
        "LMS_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "LMS_PORT": str(port),
    }


class Serving:
    """`lms serve` with an environment; `kill` is kill -9 of every process it consists of."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        self.env = env
        self.log = log
        self.url = env["LMS_PUBLIC_URL"]
        self.process: subprocess.Popen[bytes] | None = None

    def lms(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run another command of `lms` to its end."""
        env = {**self.env, **more, "COLUMNS": "200"}
        return subprocess.run([LMS, *words], env=env, capture_output=True, text=True, timeout=120, check=False)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = process = subprocess.Popen(
                [LMS, "serve"], env=self.env, stdout=log, stderr=log, start_new_session=True
            )

        def ready() -> bool:
            assert process.poll() is None, self.log.read_text()
            with suppress(httpx.TransportError):
                return http.get("/health/ready").is_success
            return False

        with browser(self.url) as http:
            wait_until(ready, f"the server is ready; its log: {self.log}")

    def kill(self) -> None:
        assert self.process
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
