"""`lms media`: what an operator does for the files in the content store."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec.structs import replace
from rich import box
from rich.console import Console
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text
from sqlalchemy import select

from content_store import StoreSettings
from content_store.local import settings_at
from content_store.s3 import S3Store
from lms_core import settings
from lms_core.client.progress import Tally, show_progress
from lms_core.client.report import make_console
from lms_core.commands.running import of_demo, run
from lms_core.db import Database
from lms_core.errors import Conflict, NotFound
from lms_core.media.moving import Copied, copy, copyable, under_way
from lms_core.media.orphans import OLD, Orphans, find_orphans, remove_old
from lms_core.media.preparing import prepare_all
from lms_core.media.sweep import sweep
from lms_core.media.verifying import Finding, Pace, due, verify
from lms_core.modules.needing import NeedingUnit, needing
from lms_core.programmes.tables import programme
from lms_core.types import View, now

MIB = 1024 * 1024
SECRET = "LMS_COPY_TO_SECRET_KEY"  # noqa: S105 - the name of a variable


@click.group()
def media() -> None:
    """Look after the files in the content store: verify, copy, tidy up."""


def _run(work: Callable[[settings.Settings, Database, S3Store], Coroutine[Any, Any, int]]) -> None:
    """Run a coroutine on database and store of the environment, or of the running demo named by LMS_DATA_DIR."""

    async def opened(found: settings.Settings) -> int:
        if data_dir:
            found = replace(found, store=settings_at(data_dir / "store"))
        database = Database(found.database_url)
        try:
            async with _open(found.store) as store:
                return await work(found, database, store)
        finally:
            await database.close()

    data_dir = Path(os.environ["LMS_DATA_DIR"]) if os.environ.get("LMS_DATA_DIR") else None
    run(opened, of_demo(data_dir) if data_dir else None)


@asynccontextmanager
async def _open(found: StoreSettings) -> AsyncIterator[S3Store]:
    store = S3Store(found)
    try:
        yield store
    finally:
        await store.close()


class Found(View, frozen=True, kw_only=True):
    """A finding, and the units that need the file."""

    finding: Finding
    needed_by: list[NeedingUnit]


class Verified(View, frozen=True, kw_only=True):
    """How many files were due and how many bytes they have; which are not right, and which are right again."""

    files: int
    bytes: int
    wrong: list[Found]
    restored: list[Finding]


@media.command("verify")
@click.option(
    "--rate", type=click.FloatRange(min=0.1), help="Read at most so many MiB per second; as fast as it goes else."
)
@click.option("--programme", "key", help="Only the files of the programme with this key.")
@click.option(
    "--older-than", "days", type=click.IntRange(min=0), default=30, show_default=True,
    help="Leave out what was found right in the last so many days.",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
def verify_command(rate: float | None, key: str | None, days: int, as_json: bool) -> None:
    """Read every file back and compare it with its SHA-256; the exit code is 1 if one is wrong.

    A wrong or lost file is quarantined, and who brought it is told by mail; sending the same bytes again repairs it
    wherever it is used. A quarantined file that is right again is ready. What was found right is marked at once, so
    that after an interruption the next call goes on with the others.
    """

    async def work(_found: settings.Settings, database: Database, store: S3Store) -> int:
        files = await due(database, await _programme(database, key), now() - timedelta(days=days))
        wrong: list[Found] = []
        restored: list[Finding] = []
        pace = Pace(rate * MIB if rate else None)
        total = sum(size for _, size in files)
        try:
            with show_progress(make_console(stderr=True)) as show:
                tally = Tally("verifying", len(files), total, show)
                async for finding in verify(database, store, files, pace, tally.add):
                    if finding.reason is None:
                        restored.append(finding)
                        continue
                    async with database.read() as connection:
                        wrong.append(Found(finding=finding, needed_by=await needing(connection, finding.media_id)))
        finally:  # what was found stays found, whatever ended the search
            verified = Verified(files=len(files), bytes=total, wrong=wrong, restored=restored)
            if as_json:
                click.echo(msgspec.json.format(msgspec.json.encode(verified)))
            else:
                _show_verified(make_console(), verified)
        return 1 if wrong else 0

    _run(work)


async def _programme(database: Database, key: str | None) -> Any:
    """Return the id of the programme with a key, None without one. Raises NotFound."""
    if key is None:
        return None
    async with database.read() as connection:
        programme_id = await connection.scalar(select(programme.c.id).where(programme.c.key == key))
    if programme_id is None:
        raise NotFound(f"There is no programme with the key {key!r}.")
    return programme_id


def _show_verified(console: Console, verified: Verified) -> None:
    _table(
        console,
        "Not right",
        ["Programme", "File", "Size", "State", "Why", "Needed by"],
        ([*_described(one.finding), "\n".join(map(_needing, one.needed_by)) or "no unit"] for one in verified.wrong),
    )
    for one in verified.restored:
        console.print(Text(f"{one.name} of the programme {one.programme} is right again, and ready."))
    new = sum(one.finding.new for one in verified.wrong)
    console.print(
        Text(
            f"{verified.files} files were due, {decimal(verified.bytes)}; not right: {len(verified.wrong)}, "
            f"{new} of them found now; right again: {len(verified.restored)}"
        )
    )


def _described(finding: Finding) -> list[str]:
    state = f"{finding.state} {'now' if finding.new else 'as before'}"
    return [finding.programme, finding.name, decimal(finding.size), state, finding.reason or ""]


def _needing(need: NeedingUnit) -> str:
    versions = [f"version {number}" for number in need.versions] + (["draft"] if need.draft else [])
    return f"{need.unit} ({need.unit_title}) of {need.module} ({need.module_title}): {', '.join(versions)}"


@media.command("copy")
@click.option("--to-url", required=True, help="Address of the other store, such as https://store.example.org.")
@click.option("--to-bucket", required=True, help="Bucket there; it is created if it is missing.")
@click.option("--to-access-key", required=True, help="Access key of the other store.")
@click.option("--to-region", default="us-east-1", show_default=True, help="Region that signatures name.")
def copy_command(to_url: str, to_bucket: str, to_access_key: str, to_region: str) -> None:
    """Copy all files into another store, each compared with its SHA-256 on the way, while the application serves.

    The secret key of the other store is read from LMS_COPY_TO_SECRET_KEY, or from the file that
    LMS_COPY_TO_SECRET_KEY_FILE names. Repeat it at will: what is there stays. The exit code is 1 if a file is damaged
    here; such a file is left out.
    """
    secret = os.environ.get(SECRET) or _from_file(os.environ.get(f"{SECRET}_FILE"))
    try:
        to = StoreSettings(to_url, to_access_key, secret, to_bucket, region=to_region)
    except ValueError as error:
        raise click.UsageError(str(error)) from None

    async def work(found: settings.Settings, database: Database, store: S3Store) -> int:
        if (to.url, to.bucket) == (found.store.url, found.store.bucket):
            raise Conflict("This is the store and the bucket that the settings name already.")
        async with _open(to) as target:
            await target.prepare(())
            await target.check()
            files = await copyable(database)
            with show_progress(make_console(stderr=True)) as show:
                tally = Tally("copying", len(files), sum(size for _, size in files), show)
                copied = await copy(database, store, target, files, tally.add)
        await _show_copied(make_console(), database, copied, to)
        return 1 if copied.damaged else 0

    _run(work)


def _from_file(name: str | None) -> str:
    if name is None:
        raise click.UsageError(f"{SECRET} is missing: the secret key of the other store.")
    try:
        return Path(name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{SECRET}_FILE cannot be read: {error}") from None


async def _show_copied(console: Console, database: Database, copied: Copied, to: StoreSettings) -> None:
    _table(
        console, "Damaged here, and not copied", ["Programme", "File", "Size", "State", "Why"],
        (_described(one) for one in copied.damaged),
    )  # fmt: skip
    _table(
        console, "Uploads under way",
        ["Programme", "File", "Size", "Last went on"],
        ([one.programme, one.name, decimal(one.size), f"{one.used_at:%Y-%m-%d %H:%M} UTC"]
         for one in await under_way(database)),
    )  # fmt: skip
    lines = [
        f"Copied: {copied.files}, there already: {copied.there}, damaged: {len(copied.damaged)}.",
        "Uploads under way cannot be moved: finish them before the switch, or they begin again after it.",
        "To serve from the other store, change on every server and worker:",
        f"  LMS_STORE_URL={to.url}",
        "  LMS_STORE_PUBLIC_URL to the address at which browsers reach it",
        f"  LMS_STORE_BUCKET={to.bucket}",
        f"  LMS_STORE_REGION={to.region}",
        "  LMS_STORE_ACCESS_KEY and LMS_STORE_SECRET_KEY to those used here",
        "then run lms migrate, lms doctor, and restart them. At last repeat this command with the settings of now: it "
        "catches what came in meanwhile.",
    ]
    console.print(Text("\n".join(lines)), soft_wrap=True)


@media.command("orphans")
@click.option("--delete", is_flag=True, help="Delete the objects and uploads that nobody knows and that are a day old.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def orphans_command(delete: bool, yes: bool) -> None:
    """List objects and uploads that the database does not know, and files whose object is missing.

    The exit code is 1 if an object is missing. `lms media verify` then quarantines the file.
    """

    async def work(_found: settings.Settings, database: Database, store: S3Store) -> int:
        orphans = await find_orphans(database, store)
        _show_orphans(make_console(), orphans)
        strange = len(orphans.objects) + len(orphans.uploads)
        old = f"those of {strange} objects and uploads that are older than a day"
        if delete and strange and (yes or click.confirm(f"Delete {old} for good?")):
            objects, uploads = await remove_old(store, orphans)
            click.echo(f"{objects} objects and {uploads} uploads are deleted")
        return 1 if orphans.missing else 0

    _run(work)


def _show_orphans(console: Console, orphans: Orphans) -> None:
    objects = ([one.key, decimal(one.size), _age(one.modified)] for one in orphans.objects)
    _table(console, "Objects that the database does not know", ["Key", "Size", "Age"], objects)
    uploads = ([one.key, _age(one.started)] for one in orphans.uploads)
    _table(console, "Uploads that the database does not know", ["Key", "Age"], uploads)
    missing = ([one.key, one.name, decimal(one.size), _age(one.created_at)] for one in orphans.missing)
    _table(console, "Files whose object is missing", ["Key", "File", "Size", "Age"], missing)
    size = decimal(sum(one.size for one in orphans.objects))
    click.echo(
        f"unknown objects: {len(orphans.objects)} ({size}), unknown uploads: {len(orphans.uploads)}, "
        f"missing objects: {len(orphans.missing)}"
    )


def _age(since: datetime) -> str:
    age = now() - since
    return f"{age.days} days" if age >= OLD else f"{age.seconds // 3600} hours"


@media.command("sweep")
def sweep_command() -> None:
    """Let go now what a worker lets go every hour: abandoned uploads, files that no unit needs, and their objects."""

    async def work(_found: settings.Settings, database: Database, store: S3Store) -> int:
        swept = await sweep(database, store)
        click.echo(f"uploads given up: {swept.uploads}, files let go: {swept.files}, strays aborted: {swept.strays}")
        return 0

    _run(work)


@media.command("prepare")
def prepare_command() -> None:
    """Let the workers look through films and PDFs that they could not look through before."""

    async def work(_found: settings.Settings, database: Database, _store: S3Store) -> int:
        click.echo(f"files to be looked through: {await prepare_all(database)}")
        return 0

    _run(work)


def _table(console: Console, title: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    table = Table(title=Text(title), title_justify="left", box=box.SIMPLE, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        # As Text, or [brackets] in a name would be taken for markup.
        table.add_row(*map(Text, row))
    if table.row_count:
        console.print(table)
