"""What the code declares is what the next revision makes, defaults and all; what rows would refuse is told before."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lms_core.migrations.plugins import migrate_plugin, plugin_drift
from lms_core.migrations.writing import write_revision
from tests.support.diary import forget, sample

if TYPE_CHECKING:
    from pathlib import Path

    from lms_core.db import Database

TITLE = '    Column("title", String(200), nullable=False, unique=True),\n'


def declare(package: Path, *columns: str) -> None:
    """Let the table of topics have further columns."""
    file = package / "plugin.py"
    before, _, after = file.read_text().partition(TITLE)
    after = after[after.index(")\n\nentry") :]
    file.write_text(before + TITLE + "".join(f"    {column},\n" for column in columns) + after)
    forget()


DEFAULTS = ('""', '"x"', "text(\"''\")", '"it\'s"')


@pytest.mark.parametrize("first", [True, False], ids=["in the first revision", "in a later one"])
@pytest.mark.parametrize("default", DEFAULTS)
async def test_a_default_is_what_was_declared(default: str, *, first: bool, package: Path, database: Database) -> None:
    if first:
        for file in (package / "migrations").glob("0*.py"):
            file.unlink()
    else:
        await migrate_plugin(database, sample())
    file = package / "plugin.py"
    file.write_text(file.read_text().replace("Uuid, false", "Uuid, false, text"))
    declare(package, f'Column("colour", String(20), nullable=False, server_default={default})')
    written = await write_revision(sample(), "Colours")
    assert written
    assert written.doubts == []
    await migrate_plugin(database, sample())
    assert await plugin_drift(database, sample()) == []
    assert await write_revision(sample(), "Nothing") is None


@pytest.mark.parametrize(("before", "after"), [('""', '"x"'), ('"x"', '""'), ('"x"', "None")])
async def test_another_default_is_found_and_written(before: str, after: str, package: Path, database: Database) -> None:
    declare(package, f'Column("colour", String(20), server_default={before})')
    assert await write_revision(sample(), "Colours")
    await migrate_plugin(database, sample())
    declare(package, f'Column("colour", String(20), server_default={after})')
    [[change]] = await plugin_drift(database, sample())
    assert (change[0], change[2:4]) == ("modify_default", ("diary_topic", "colour"))
    assert await write_revision(sample(), "Other colours")
    await migrate_plugin(database, sample())
    assert await plugin_drift(database, sample()) == []


async def test_what_rows_would_refuse_is_told(package: Path) -> None:
    declare(
        package,
        'Column("colour", String(20))',
        'Column("shape", String(20), nullable=False)',
        'Column("size", String(20), nullable=False, server_default="m")',
    )
    written = await write_revision(sample(), "Looks")
    assert written
    assert written.doubts == [
        "diary_topic.shape is not nullable and has no server_default, so this revision fails where diary_topic has "
        "rows: give the column one, delete the file and let it be written again"
    ]
    declare(
        package,
        'Column("colour", String(20), nullable=False)',
        'Column("shape", String(20), nullable=False)',
        'Column("size", String(20), nullable=False, server_default="m")',
    )
    written = await write_revision(sample(), "All have a colour")
    assert written
    assert written.doubts == [
        "diary_topic.colour is not nullable any more, so this revision fails where a row has NULL there: let it fill "
        "them in first"
    ]
