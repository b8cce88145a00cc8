"""A course folder brought into a programme as the draft of a module."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from lms_core.client.errors import ClientError
from lms_core.client.folder import Course, read_folder
from lms_core.client.http import LmsClient
from lms_core.client.keys import make_keys
from lms_core.client.pages import one_line
from lms_core.client.scan import OnProgress
from lms_core.client.upload import upload
from lms_core.modules.types import DraftChange, Module, ModuleContent, NewModule, UnitFile
from lms_core.types import Key, View

__all__ = ["Imported", "import_course"]

NOT_YET = UUID(int=0)
"""Stands for the id of a file that is not uploaded yet, to check everything else first."""


class _Programme(View, frozen=True):
    id: UUID


class Imported(Struct, frozen=True, kw_only=True):
    """What an import did: the course that was read, the module's key, whether it is new, and what changed in it."""

    course: Course
    module_id: UUID
    key: str
    created: bool
    change: DraftChange


async def import_course(
    client: LmsClient,
    folder: Path,
    programme_key: str,
    *,
    key: str | None = None,
    ects: Decimal | None = None,
    workload_hours: int | None = None,
    on_progress: OnProgress = lambda progress: None,
) -> Imported:
    """Make the draft of a module say what a folder says.

    What is given here counts before `module.yaml`, that before what the module says already. The module's key is
    at last the folder's name. Everything is checked before the first byte is sent, and the module is created when
    all files have arrived. Raises ClientError.
    """
    course = await asyncio.to_thread(read_folder, folder, on_progress)
    key = _checked_key(key or course.description.key or _key_from(folder))
    programmes = await client.items("/programmes", _Programme, key=programme_key)
    if not programmes:
        raise ClientError(f'There is no programme "{programme_key}", or you may not see it.')
    programme_id = programmes[0].id
    modules = await client.items(f"/programmes/{programme_id}/modules", Module, key=key)
    module = modules[0] if modules else None
    current, etag = await _current(client, module.id) if module else (None, "")
    content = _content(course, current, folder, ects, workload_hours)
    _check(_with_files(content, course, dict.fromkeys(course.files, NOT_YET)))

    # An adopted module keeps its files where it is at home.
    home = module.programme_id if module else programme_id
    media = await upload(client, home, course.files, on_progress)
    if module is None:
        new = NewModule(key=key, title=content.title)
        module = await client.post(f"/programmes/{programme_id}/modules", new, Module)
        _, etag = await client.get_tagged(f"/modules/{module.id}", Module)
    content = _with_files(content, course, media)
    change = await client.put(f"/modules/{module.id}/draft", content, DraftChange, etag)
    return Imported(course=course, module_id=module.id, key=key, created=not modules, change=change)


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
    return ModuleContent(
        title=title,
        ects=ects,
        workload_hours=workload_hours,
        language=said.language or (current.language if current else "en"),
        offered=_first(said.offered, current and current.offered) or [],
        prerequisites=_first(said.prerequisites, current and current.prerequisites) or [],
        units=course.units,
    )


def _first(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _with_files(content: ModuleContent, course: Course, media: Mapping[str, UUID]) -> ModuleContent:
    units = []
    for unit in content.units:
        files = [
            UnitFile(
                key=use.key,
                name=course.files[use.path].name,
                role=use.role,
                media_id=media[use.path],
                language=use.language,
            )
            for use in course.uses[unit.key]
        ]
        units.append(replace(unit, files=files))
    return replace(content, units=units)


def _check(content: ModuleContent) -> None:
    """Raise ClientError if the server would refuse the content for its form."""
    try:
        msgspec.json.decode(msgspec.json.encode(content), type=ModuleContent)
    except msgspec.ValidationError as error:
        raise ClientError(f"This cannot be a module: {error}") from None
