"""A course folder brought into a programme as the draft of a module."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from lms_core.client.digests import LocalFile, TakeDigest, digest
from lms_core.client.errors import ClientError
from lms_core.client.folder import Course, read_folder
from lms_core.client.http import LmsClient
from lms_core.client.keys import make_keys
from lms_core.client.pages import one_line
from lms_core.client.progress import OnProgress
from lms_core.client.upload import AT_ONCE, find_known, upload
from lms_core.media.types import Media
from lms_core.modules.compare import compare
from lms_core.modules.types import DraftChange, Module, ModuleContent, NewModule, UnitFile
from lms_core.types import Key, View

__all__ = [
    "Imported",
    "Plan",
    "Prepared",
    "check_content",
    "find_programme",
    "import_course",
    "plan_course",
    "prepare_course",
]

NOT_YET = UUID(int=0)
"""Stands for the id of a file that is not uploaded yet, to check everything else first."""


class _Programme(View, frozen=True):
    id: UUID


class Imported(Struct, frozen=True, kw_only=True):
    """What an import did: the module, whether it is new, and what changed in it.

    `media` are its files by path; those of several parts may still be being checked.
    """

    module_id: UUID
    key: str
    created: bool
    change: DraftChange
    media: dict[str, Media]


class Plan(Struct, frozen=True, kw_only=True):
    """What an import would do: the files that would be sent, by path, and what would change in the module."""

    sending: dict[str, LocalFile]
    change: DraftChange


class Prepared(Struct, frozen=True, kw_only=True):
    """A course that could be imported, and the module it becomes: None while there is none.

    `content` is complete but for the files of the units; `current` is what the module says now, `etag` its state.
    """

    course: Course
    programme_id: UUID
    key: str
    module: Module | None
    current: ModuleContent | None
    etag: str
    content: ModuleContent

    @property
    def home(self) -> UUID:
        """The programme that keeps the files: those of an adopted module are where it is at home."""
        return self.module.programme_id if self.module else self.programme_id


async def prepare_course(
    client: LmsClient,
    folder: Path,
    programme_key: str,
    *,
    key: str | None = None,
    ects: Decimal | None = None,
    workload_hours: int | None = None,
    take_digest: TakeDigest = digest,
    on_progress: OnProgress = lambda progress: None,
) -> Prepared:
    """Read a folder and the module that it becomes, and check everything; changes nothing. Raises ClientError.

    What is given here counts before `module.yaml`, that before what the module says already. The module's key is
    at last the folder's name.
    """
    course = await asyncio.to_thread(read_folder, folder, on_progress, take_digest)
    key = _checked_key(key or course.description.key or _key_from(folder))
    programme_id = await find_programme(client, programme_key)
    modules = await client.items(f"/programmes/{programme_id}/modules", Module, key=key)
    module = modules[0] if modules else None
    current, etag = await _current(client, module.id) if module else (None, "")
    content = _content(course, current, folder, ects, workload_hours)
    check_content(_with_files(content, course, dict.fromkeys(course.files, NOT_YET)))
    return Prepared(
        course=course,
        programme_id=programme_id,
        key=key,
        module=module,
        current=current,
        etag=etag,
        content=content,
    )


async def plan_course(client: LmsClient, ready: Prepared) -> Plan:
    """Say what `import_course` would do; changes nothing. Raises ClientError."""
    files = ready.course.files
    known = await find_known(client, ready.home, files)
    content = _with_files(ready.content, ready.course, dict.fromkeys(files, NOT_YET) | known)
    return Plan(
        sending={path: file for path, file in files.items() if path not in known},
        change=compare(ready.current, content, 0),
    )


async def import_course(
    client: LmsClient,
    ready: Prepared,
    on_progress: OnProgress = lambda progress: None,
    parallel: int = AT_ONCE,
) -> Imported:
    """Make the draft of a module say what a folder says; the module is created when all files have arrived.

    Raises ClientError.
    """
    media = await upload(client, ready.home, ready.course.files, on_progress, parallel)
    content = _with_files(ready.content, ready.course, {path: one.id for path, one in media.items()})
    module, etag = ready.module, ready.etag
    if module is None:
        new = NewModule(key=ready.key, title=content.title)
        module = await client.post(f"/programmes/{ready.programme_id}/modules", new, Module)
        _, etag = await client.get_tagged(f"/modules/{module.id}", Module)
    change = await client.put(f"/modules/{module.id}/draft", content, DraftChange, etag)
    return Imported(module_id=module.id, key=ready.key, created=ready.module is None, change=change, media=media)


async def find_programme(client: LmsClient, key: str) -> UUID:
    """Return the id of a programme. Raises ClientError."""
    programmes = await client.items("/programmes", _Programme, key=key)
    if not programmes:
        raise ClientError(f'There is no programme "{key}", or you may not see it.')
    return programmes[0].id


async def _current(client: LmsClient, module_id: UUID) -> tuple[ModuleContent | None, str]:
    """Return what the module says now, if anything, and the ETag that changing it takes."""
    try:
        return await client.get_tagged(f"/modules/{module_id}/content", ModuleContent)
    except ClientError as error:
        if error.status != 404:
            raise
    _, etag = await client.get_tagged(f"/modules/{module_id}", Module)
    return None, etag


def _key_from(folder: Path) -> str:
    name = folder.resolve().name
    return make_keys([name])[name]


def _checked_key(key: str) -> str:
    try:
        return msgspec.convert(key, Key)
    except msgspec.ValidationError:
        right = "lower-case letters, digits, dots, hyphens and underscores"
        raise ClientError(f'"{key}" cannot be the key of a module; it consists of {right}.') from None


def _content(
    course: Course, current: ModuleContent | None, folder: Path, ects: Decimal | None, workload_hours: int | None
) -> ModuleContent:
    """Return the content but for its files."""
    said = course.description
    ects = _first(ects, said.ects, current and current.ects)
    workload_hours = _first(workload_hours, said.workload_hours, current and current.workload_hours)
    title = course.title or (current and current.title) or one_line(folder.resolve().name)
    if ects is None or workload_hours is None:
        raise ClientError(
            "A new module needs ECTS and workload. Put these lines with the right values into module.yaml, or give "
            f"--ects and --workload-hours:\n\ntitle: {msgspec.json.encode(title).decode()}\nects: 5\nworkloadHours: 150"
        )
    kept = {unit.key: unit.completion for unit in current.units} if current else {}
    return ModuleContent(
        title=title,
        ects=ects,
        workload_hours=workload_hours,
        language=said.language or (current.language if current else "en"),
        offered=_first(said.offered, current and current.offered) or [],
        prerequisites=_first(said.prerequisites, current and current.prerequisites) or [],
        completion=(current.completion if current else None) if course.rule is UNSET else course.rule,
        units=[replace(unit, completion=(kept | course.rules).get(unit.key)) for unit in course.units],
    )


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _with_files(content: ModuleContent, course: Course, media: Mapping[str, UUID]) -> ModuleContent:
    units = []
    for unit in content.units:
        files = [
            UnitFile(
                key=use.key,
                name=use.name or course.files[use.path].name,
                role=use.role,
                media_id=media[use.path],
                language=use.language,
            )
            for use in course.uses[unit.key]
        ]
        units.append(replace(unit, files=files))
    return replace(content, units=units)


def check_content(content: ModuleContent) -> None:
    """Raise ClientError if the server would refuse the content for its form."""
    try:
        msgspec.json.decode(msgspec.json.encode(content), type=ModuleContent)
    except msgspec.ValidationError as error:
        raise ClientError(f"This cannot be a module: {error}") from None
