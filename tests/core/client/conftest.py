from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path

import pytest

from lms_core.client.http import LmsClient
from tests.support.line import Line
from tests.support.world import World

WriteFolder = Callable[[Mapping[str, str | bytes]], Path]


@pytest.fixture
def write_folder(tmp_path: Path) -> WriteFolder:
    """Write files by path into the folder `course`; writing again adds to it."""

    def write(files: Mapping[str, str | bytes]) -> Path:
        for path, content in files.items():
            place = tmp_path / "course" / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content.encode() if isinstance(content, str) else content)
        return tmp_path / "course"

    return write


@pytest.fixture
async def database_url(tmp_path: Path, sqlite_template: Path) -> str:
    """One database is enough here: the client does not know which it is."""
    shutil.copy(sqlite_template, tmp_path / "lms.sqlite3")
    return f"sqlite:///{tmp_path / 'lms.sqlite3'}"


@pytest.fixture(autouse=True)
def state_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where pushes remember what they do: a folder of the test's own."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path / "state"


@pytest.fixture
def line(world: World) -> Line:
    return Line(world.app)


@pytest.fixture
async def client(world: World, line: Line) -> AsyncIterator[LmsClient]:
    """A client of the real application and store, signed in as the administrator."""
    async with LmsClient("http://localhost:8000", world.admin.token, transport=line, pause=0) as client:
        yield client
