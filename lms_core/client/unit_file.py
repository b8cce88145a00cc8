"""One file put into a unit of a module's draft, the rest of the draft left as it is."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from lms_core.client.course import NOT_YET, Plan, check_content, find_programme
from lms_core.client.digests import LocalFile
from lms_core.client.errors import ClientError
from lms_core.client.http import LmsClient
from lms_core.client.keys import make_keys
from lms_core.client.progress import OnProgress
from lms_core.client.units import CAPTION, caption_language
from lms_core.client.upload import AT_ONCE, find_known, upload
from lms_core.media.types import Media
from lms_core.modules.compare import compare
from lms_core.modules.types import DraftChange, FileRole, Module, ModuleContent, UnitFile

__all__ = ["Pushed", "Target", "plan_file", "push_file"]

TRIES = 10
"""So often may somebody else be quicker in changing the draft."""


class Target(Struct, frozen=True, kw_only=True):
    """Where a file goes: keys of programme, module and unit, and as what; None: as the file it replaces."""

    programme: str
    module: str
    unit: str
    role: FileRole | None = None
    language: str | None = None


class Pushed(Struct, frozen=True, kw_only=True):
    """What was done: the module, the file as the unit has it now, what changed, and the file by its path."""

    module_id: UUID
    file: UnitFile
    change: DraftChange
    media: dict[str, Media]


async def push_file(
    client: LmsClient,
    file: LocalFile,
    target: Target,
    on_progress: OnProgress = lambda progress: None,
    parallel: int = AT_ONCE,
) -> Pushed:
    """Bring a file into a programme and put it into a unit, in place of the file of the same name or key there.

    When somebody else changes the draft meanwhile, her change stays. Raises ClientError.
    """
    module, content, etag = await _find(client, target)
    _with_file(content, file, target, NOT_YET)  # what cannot go in is not sent
    media = await upload(client, module.programme_id, {str(file.place): file}, on_progress, parallel)
    [one] = media.values()
    for left in reversed(range(TRIES)):
        changed, made = _with_file(content, file, target, one.id)
        try:
            change = await client.put(f"/modules/{module.id}/draft", changed, DraftChange, etag)
        except ClientError as error:
            if error.status != 412 or not left:
                raise
            module, content, etag = await _find(client, target)
        else:
            return Pushed(module_id=module.id, file=made, change=change, media=media)
    raise AssertionError("the last try returns or raises")


async def plan_file(client: LmsClient, file: LocalFile, target: Target) -> Plan:
    """Say what `push_file` would do; changes nothing. Raises ClientError."""
    module, content, _ = await _find(client, target)
    known = await find_known(client, module.programme_id, {"": file})
    changed, _ = _with_file(content, file, target, known.get("", NOT_YET))
    return Plan(sending={} if known else {str(file.place): file}, change=compare(content, changed, 0))


async def _find(client: LmsClient, target: Target) -> tuple[Module, ModuleContent, str]:
    """Return a module, what it says now, and the ETag that changing it takes."""
    programme_id = await find_programme(client, target.programme)
    modules = await client.items(f"/programmes/{programme_id}/modules", Module)
    module = next((module for module in modules if module.key == target.module), None)
    if module is None:
        raise ClientError(_no_such("module", target.module, (module.key for module in modules)))
    try:
        content, etag = await client.get_tagged(f"/modules/{module.id}/content", ModuleContent)
    except ClientError as error:
        if error.status != 404:
            raise
        raise ClientError(f"The module {module.key} has no units yet; push a folder first.") from None
    return module, content, etag


def _with_file(
    content: ModuleContent, file: LocalFile, target: Target, media_id: UUID
) -> tuple[ModuleContent, UnitFile]:
    """Return the content with the file in its unit, and the file as it is there."""
    unit = next((unit for unit in content.units if unit.key == target.unit), None)
    if unit is None:
        raise ClientError(_no_such("unit", target.unit, (unit.key for unit in content.units)))
    key = make_keys([file.name])[file.name]
    old = next((one for one in unit.files if one.name == file.name), None) or next(
        (one for one in unit.files if one.key == key), None
    )
    role = target.role or (old.role if old else "caption" if CAPTION.fullmatch(file.name) else "content")
    language = target.language or (old.language if old else None)
    if role == "caption" and language is None:
        language = caption_language(file.name)
    made = UnitFile(key=old.key if old else key, name=file.name, role=role, media_id=media_id, language=language)
    files = [made if one is old else one for one in unit.files] if old else [*unit.files, made]
    units = [replace(one, files=files) if one is unit else one for one in content.units]
    changed = replace(content, units=units)
    check_content(changed)
    return changed, made


def _no_such(what: str, key: str, keys: Iterable[str]) -> str:
    """Return a refusal that names what may have been meant."""
    there = list(keys)
    near = get_close_matches(key, there, n=5, cutoff=0.65) or there[:20]
    found = f"there is {', '.join(near)}" if near else "there is none"
    return f'There is no {what} "{key}"; {found}.'
