from __future__ import annotations

from uuid import UUID

import pytest
from click.testing import CliRunner, Result

from lms_core.client.command import push
from lms_core.client.course import Imported
from lms_core.client.report import make_console, show_imported
from lms_core.modules.types import DraftChange


def run(*arguments: object, **environment: str) -> Result:
    settings = {"LMS_URL": None, "LMS_TOKEN": None, "COLUMNS": "100", **environment}
    return CliRunner().invoke(push, [str(argument) for argument in arguments], env=settings)


def lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines() if line.strip() and "─" not in line]


def test_a_dry_run_shows_what_would_become_of_the_folder(write_folder):
    folder = write_folder(
        {
            "index.md": "# Start\n[a](data.csv) [b](missing.pdf) [c](Page)",
            "page.md": "# [brackets] are no markup",
            "data.csv": "1",
            "[red]sheet.pdf": "pdf",
            ".DS_Store": "x",
        }
    )

    result = run(folder, "--dry-run")

    assert result.exit_code == 0
    assert lines(result.stdout) == [
        "What became what",
        "File Became In unit Note",
        "index.md reading index line 2: Page is taken for page.md",
        "page.md reading page",
        "[red]sheet.pdf file red-sheet.pdf",
        "data.csv attachment index",
        "Left out",
        "File Why",
        ".DS_Store hidden",
        "Broken links, left as they are",
        "Page Line Target Why",
        "index.md 2 missing.pdf not in the folder",
        "units: 3, files: 2, left out: 1, broken links: 1",
    ]
    assert "4/4 files" in result.stderr


def test_mistakes_in_module_yaml_end_with_all_of_them_and_no_traceback(write_folder):
    result = run(write_folder({"module.yaml": "titel: x\nects: many"}), "--dry-run")

    assert result.exit_code == 1
    assert lines(result.stderr) == [
        "Error: module.yaml:1: field titel: there is no such field; did you mean title?",
        'module.yaml:2: field ects: "many" is not allowed; write a number from 0 to 300 with at most two decimals, '
        "such as 7.5",
    ]
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "environment", "message"),
    [
        ([], {}, "Error: Give --programme and --url (or LMS_URL) and --token (or LMS_TOKEN), or see what would happen"),
        (["--programme", "ms"], {"LMS_URL": "http://x"}, "Error: Give --token (or LMS_TOKEN), or see what"),
        (["--programme", "ms"], {"LMS_URL": "x", "LMS_TOKEN": "t"}, 'Error: "x" is not the address of a server'),
    ],
)
def test_what_is_missing_to_reach_the_server_is_told(write_folder, arguments, environment, message):
    result = run(write_folder({"page.md": "x"}), *arguments, **environment)

    assert result.exit_code == 1
    assert lines(result.stderr)[-1].startswith(message)


@pytest.mark.parametrize("value", ["many", "NaN", "301", "7.125"])
def test_impossible_ects_are_told(write_folder, value):
    result = run(write_folder({"page.md": "x"}), "--dry-run", "--ects", value)

    assert result.exit_code == 2
    right = "a number from 0 to 300 with at most two decimals, such as 7.5"
    assert lines(result.stderr)[-1] == f"Error: Invalid value for '--ects': '{value}' is not {right}"


MODULE = UUID(int=7)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {
                "changed": True,
                "added": ["a", "b"],
                "removed": ["c"],
                "modified": [],
                "moved": ["d"],
                "details": ["ects"],
            },
            [
                "What changed",
                "Change Count Units or fields",
                "added 2 a, b",
                "removed 1 c",
                "moved 1 d",
                "module 1 ects",
                "Module md has a draft that is the folder now; 4 units are as before.",
                f'To publish it: POST /modules/{MODULE}/publish with the header If-Match: "2"',
            ],
        ),
        (
            {"changed": False, "added": [], "removed": [], "modified": [], "moved": [], "details": []},
            ["Nothing changed: module md says what the folder says already."],
        ),
    ],
)
def test_what_changed_is_told(capsys, change, told):
    made = DraftChange(**change, unchanged=4, revision=2)

    show_imported(make_console(), Imported(module_id=MODULE, key="md", created=False, change=made, media={}))

    assert lines(capsys.readouterr().out) == told


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["course", "--unit", "film", "--role", "content"], "Error: --unit and --role: only for a file."),
        (["film.mp4", "--ects", "5"], "Error: --ects: only for a folder."),
        (
            ["film.mp4", "--programme", "ms", "--url", "https://x", "--token", "t"],
            "Error: Give --module and --unit, or see what would happen with --dry-run.",
        ),
        (["nowhere", "--dry-run"], "Error: There is no nowhere."),
        (
            ["film.mp4", "--language", "German"],
            "Error: Invalid value for '--language': 'German' is not the code of a language, such as de or en-GB",
        ),
    ],
)
def test_what_does_not_fit_is_told(write_folder, monkeypatch, arguments, message):
    monkeypatch.chdir(write_folder({"page.md": "x"}).parent)
    (write_folder({}).parent / "film.mp4").write_bytes(b"x")

    result = run(*arguments)

    assert result.exit_code in {1, 2}
    assert lines(result.stderr)[-1] == message


def test_a_dry_run_of_a_file_without_a_server_describes_it(write_folder):
    film = write_folder({"notes.md": "x"}) / "notes.md"

    result = run(film, "--dry-run")

    assert result.exit_code == 0
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    assert result.stdout == f"notes.md: text/markdown, 1 byte, SHA-256 {digest}\n"
    assert lines(result.stderr) == ["Reading: 1 byte of 1 byte, 1/1 files"]
