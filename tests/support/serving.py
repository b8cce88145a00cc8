"""A production server as a process of its own, to be killed and started again."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from content_store import StoreSettings

LMS = Path(sys.executable).with_name("lms")


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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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
            self.process = subprocess.Popen(
                [LMS, "serve"], env=self.env, stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()
            try:
                if httpx.get(f"{self.url}/health/ready", timeout=10).is_success:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"not ready in a minute: {self.log.read_text()}")

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
