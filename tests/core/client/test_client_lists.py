"""`lms people` and `lms enrol`, as an office uses them: against a server, with files."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from content_store import StoreSettings
from lms_core.cli import main
from lms_core.client.errors import ClientError
from lms_core.client.http import LmsClient
from lms_core.client.lists import _export
from lms_core.sheets import Report
from tests.support.serving import Serving, environment, free_port
from tests.support.world import World

LMS = Callable[..., Result]


@pytest.fixture
def lms(world: World, database_url: str, store_settings: StoreSettings, tmp_path: Path) -> Any:
    """The command line, with a server on the test's database."""
    serving = Serving(environment(database_url, store_settings, free_port()), tmp_path / "log")
    serving.start()
    given = {"LMS_URL": serving.url, "LMS_TOKEN": world.admin.token, "COLUMNS": "120"}
    yield lambda *arguments: CliRunner().invoke(main, [str(argument) for argument in arguments], env=given)
    serving.stop()


@pytest.fixture
async def programme(world: World) -> dict[str, Any]:
    programme = await world.programme()
    module = await world.module(programme, [{"key": "intro", "kind": "reading", "title": "Introduction"}])
    return programme | {"run": (await world.run(programme, module, 1))["id"]}


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip() and "─" not in line]


def test_a_list_of_persons_comes_in_when_it_is_right_and_goes_out_again(lms: LMS, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_bytes("E-Mail;Name\nanna@example.org;Änna\nbea;\n".encode("cp1252"))
    wrong = [
        "Lines that are wrong", "Line Column Why", "3 email must be an e-mail address, such as anna@example.org",
        "3 name must be one line of at most 200 characters",
    ]  # fmt: skip
    for mode, first in (((), "would change"), (("--dry-run",), "would change"), (("--skip-bad",), "changed")):
        result = lms("people", "import", file, *mode)
        told = [
            f"What {first}",
            "Line Change Columns",
            "2 created",
            *wrong,
            "2 lines; created: 1, unchanged: 0; wrong: 1",
        ]
        assert (result.exit_code, lines(result.stdout)) == (1, told)
        assert ("so nothing was changed; --skip-bad would" in result.stderr) == (mode == ())
    assert "Importing: 39 bytes of 39 bytes, 1/1 files" in result.stderr

    file.write_text("email,name,externalKey\nanna@example.org,Anna,K1\n")
    result = lms("people", "import", file)
    assert (result.exit_code, lines(result.stdout)[2:]) == (
        0,
        ["2 updated externalKey, name", "1 lines; updated: 1, unchanged: 0; wrong: 0"],
    )
    assert [line.partition(":")[0] for line in lines(result.stderr)] == ["Checking", "Importing"]

    result = lms("people", "export", tmp_path / "all.csv")
    assert result.exit_code == 0, result.output
    text = (tmp_path / "all.csv").read_bytes().decode("utf-8-sig")
    assert text.splitlines()[2:] == ["K1,anna@example.org,Anna,en,active"]
    assert lms("people", "export").stdout_bytes.decode("utf-8-sig") == text
    assert lms("people", "export", tmp_path / "all.json").exit_code == 0
    for name in ("all.csv", "all.json"):
        assert lines(lms("people", "import", tmp_path / name).stdout) == ["2 lines; unchanged: 2; wrong: 0"]
    assert sorted(path.name for path in tmp_path.glob("all*")) == ["all.csv", "all.json"]


def test_enrolments_of_a_programme_and_a_run(lms: LMS, programme: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("email,name\nanna@example.org,Anna\nbea@example.org,Bea\n")
    assert lms("people", "import", file).exit_code == 0
    for where, told in (
        (["--programme", "ms"], "2 lines; enrolled: 2, unchanged: 0; wrong: 0"),
        (["--run", programme["run"]], "2 lines; enrolled: 1, waiting: 1, unchanged: 0; wrong: 0"),
        (["--run", programme["run"], "--programme", "ms"], "2 lines; unchanged: 2; wrong: 0"),
    ):
        result = lms("enrol", "import", file, *where)
        assert (result.exit_code, lines(result.stdout)[-1]) == (0, told), result.output
        result = lms("enrol", "export", tmp_path / "out.csv", *where)
        assert (result.exit_code, len((tmp_path / "out.csv").read_text().splitlines())) == (0, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["people", "import", "nowhere.csv"], "nowhere.csv cannot be read: No such file or directory"),
        (["enrol", "export"], "Give --programme or --run."),
        (["enrol", "export", "--programme", "none"], 'There is no programme "none", or you may not see it.'),
        (["people", "export", "/proc/none/x.csv"], "/proc/none/x.csv cannot be written: No such file or directory"),
        (["people", "export", "--token", ""], "Give --url (or LMS_URL) and --token (or LMS_TOKEN)."),
    ],
)
def test_what_stands_in_the_way_is_told_in_a_line(lms: LMS, arguments: list[str], message: str) -> None:
    result = lms(*arguments)
    assert (result.exit_code, lines(result.stderr)[-1]) == (1, f"Error: {message}")


async def test_a_file_that_was_lost_on_its_way_is_sent_again_and_counted_once() -> None:
    answers = [503, 200]

    async def answer(request: httpx.Request) -> httpx.Response:
        assert len(await request.aread()) == 200_000
        report = {"mode": "all", "lines": 0, "unchanged": 0, "changes": [], "errors": []}
        return httpx.Response(answers.pop(0), json=report)

    sent: list[int] = []
    async with LmsClient("http://x", "t", transport=httpx.MockTransport(answer), pause=0) as client:
        await client.post_file("/imports/persons", b"x" * 200_000, "text/csv", Report, sent.append)
    assert (sum(sent), min(sent)) == (200_000, -200_000)


async def test_a_list_that_breaks_off_leaves_no_file(tmp_path: Path) -> None:
    async def answer(_request: httpx.Request) -> httpx.Response:
        async def pieces() -> Any:
            yield b"externalKey"
            raise httpx.RemoteProtocolError("gone")

        return httpx.Response(200, content=pieces())

    async with LmsClient("http://x", "t", transport=httpx.MockTransport(answer), pause=0) as client:
        with pytest.raises(ClientError, match="/exports/persons broke off: gone"):
            await _export(client, "/exports/persons", tmp_path / "all.csv")
    assert await asyncio.to_thread(os.listdir, tmp_path) == []
