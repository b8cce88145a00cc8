from __future__ import annotations

from pathlib import Path

import pytest

from content_store import StoreSettings
from tests.support.demo import FirstStart, complete_unit, contents, running_demo

SECRET_KEY = "5a0e3c9b7d1f48629a6b3c5d7e8f9012"


@pytest.fixture(scope="session")
def first_start(tmp_path_factory: pytest.TempPathFactory) -> FirstStart:
    """A demonstration that was started once, used, and stopped by Ctrl-C. Copy its folder rather than start there."""
    folder = tmp_path_factory.mktemp("demo") / "lms"
    with running_demo(folder) as demo:
        made = contents(demo.announcement)
        complete_unit(demo.announcement, "lithography")
        last = contents(demo.announcement)
        code = demo.running.interrupt()
        demo.running.wait_for_all()
        running = demo.running
        return FirstStart(folder, demo.announcement, running.output, running.errors, code, made, last)


@pytest.fixture
def surroundings(store_settings: StoreSettings, tmp_path: Path) -> dict[str, str]:
    """The environment of a production process but for its database; secrets are in files, as deployments do it."""
    (tmp_path / "access-key").write_text(store_settings.access_key)
    (tmp_path / "secret-key").write_text(f"{store_settings.secret_key}\n")
    (tmp_path / "key").write_text(SECRET_KEY)
    return {
        "LMS_STORE_URL": store_settings.url,
        "LMS_STORE_BUCKET": store_settings.bucket,
        "LMS_STORE_ACCESS_KEY_FILE": str(tmp_path / "access-key"),
        "LMS_STORE_SECRET_KEY_FILE": str(tmp_path / "secret-key"),
        "LMS_SECRET_KEY_FILE": str(tmp_path / "key"),
        "LMS_PUBLIC_URL": "https://lms.example.org",
    }
