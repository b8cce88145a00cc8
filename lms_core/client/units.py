"""The units of a module made from pages, files and what `module.yaml` says about them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import PurePosixPath

from msgspec import UNSET, Struct

from lms_core.client.description import NAME, Completion, Description, UnitEntry, matches
from lms_core.client.digests import LocalFile, media_type
from lms_core.client.keys import is_page
from lms_core.client.order import Node, arrange, find_parents
from lms_core.client.pages import Page, one_line
from lms_core.modules.types import FileRole, Unit, UnitKind

__all__ = ["CAPTION", "FileUse", "caption_language", "entry_id", "is_home", "make_units"]

CAPTION = re.compile(r"(?P<stem>.+?)(?:\.(?P<language>[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})*))?\.(?:vtt|srt)")


class FileUse(Struct, frozen=True, kw_only=True):
    """A file of the folder as part of a unit, the counterpart of `UnitFile` before there is a media id.

    `name` is empty where it is the file's own; that of a stream file is its path in the film's folder.
    """

    path: str
    key: str
    role: FileRole
    language: str | None = None
    name: str = ""


def entry_id(entry: UnitEntry) -> str:
    """Return what tells the unit of an entry from others: its path, or a made-up one if it has none."""
    return entry.path or f"{NAME}#{entry.key}"


def is_home(path: str, page: Page) -> bool:
    """Say whether a page is the first of the course."""
    return path.lower() in {"index.md", "index.markdown"} or ("/" not in path and page.layout == "home")


def caption_language(path: str) -> str | None:
    """Return the language that the name of a caption file says: de in film.de.vtt."""
    caption = CAPTION.fullmatch(path)
    return caption["language"] if caption else None


def make_units(
    description: Description,
    pages: Mapping[str, Page],
    files: Mapping[str, LocalFile],
    roles: Mapping[str, Mapping[str, FileRole]],
    keys: Mapping[str, str],
) -> tuple[list[Unit], dict[str, list[FileUse]], dict[str, str]]:
    """Return units in the order of study, the files of each by its key, and complaints by path.

    `roles` are the files that each page refers to, and those of each film in segments by its folder, which is a unit.
    A file that is in neither becomes a unit of its own, and so does one that `module.yaml` lists; captions go with
    their video.
    """
    entries = {name: entry for entry in description.units if (name := entry_id(entry)) in keys}
    films = roles.keys() - pages.keys()
    captions = _captions(files.keys() - {path for film in films for path in roles[film]}, films)
    parts: dict[str, dict[str, FileRole]] = {path: dict(roles.get(path, {})) for path in [*pages, *films]}
    used = {path for part in parts.values() for path in part} | captions.keys()
    parts |= {path: {path: "content"} for path in files if path not in used or path in entries}
    parts |= {name: {} for name in entries if name not in parts}
    for name, part in parts.items():
        part |= {caption: "caption" for caption, videos in captions.items() if not videos.isdisjoint({name, *part})}

    titles = {path: page.title or _title_from(path) for path, page in pages.items()}
    parents, complaints = find_parents(titles, {path: page.parent for path, page in pages.items() if page.parent})
    _override_parents(parents, complaints, entries)
    nodes = [
        Node(
            id=name,
            group=2 if name in files or name in films else 0 if name in pages and is_home(name, pages[name]) else 1,
            nav_order=pages[name].nav_order if name in pages else None,
            parent=parents.get(name),
        )
        for name in parts
    ]
    ordered, circles = arrange(nodes, entries)

    units = []
    for name, parent in ordered:
        entry = entries.get(name, UnitEntry())
        kind = entry.kind or ("video" if name in films else _kind(files.get(name)))
        units.append(
            Unit(
                key=keys[name],
                kind=kind,
                title=entry.title or titles.get(name) or _title_from(name),
                parent=keys[parent] if parent else None,
                required=_is_required(name, kind, entry, description.completion),
                body=pages[name].body if name in pages else "",
                minutes=entry.minutes,
                max_score=entry.max_score,
            )
        )
    uses = {keys[name]: [_use(path, role, keys, name) for path, role in parts[name].items()] for name, _ in ordered}
    return units, uses, complaints | circles


def _captions(files: Collection[str], films: Iterable[str]) -> dict[str, set[str]]:
    """Return the videos that each caption file belongs to, by name: crystal.en.vtt belongs to crystal.mp4.

    Of a film in segments the name is that of its folder: to crystal/ as well.
    """
    videos = {path: path.rpartition(".")[0] for path in files if media_type(path).startswith("video/")}
    videos |= {film: film for film in films}
    captions = {}
    for path in sorted(files):
        match = CAPTION.fullmatch(path)
        if match:
            stems = {match["stem"], path.rpartition(".")[0]}
            captions[path] = {video for video, stem in videos.items() if stem in stems}
    return {path: found for path, found in captions.items() if found}


def _override_parents(parents: dict[str, str], complaints: dict[str, str], entries: Mapping[str, UnitEntry]) -> None:
    """Put the parents that `module.yaml` names; what has no page goes where the unit listed before it is."""
    ids = {entry.key: name for name, entry in entries.items() if entry.key}
    before = None
    for name, entry in entries.items():
        parent = parents.get(before or "") if entry.path is None and entry.parent is UNSET else entry.parent
        if parent is not UNSET:
            complaints.pop(name, None)
            parents.pop(name, None)
            if parent:
                parents[name] = ids.get(parent, parent)
        before = name


def _kind(file: LocalFile | None) -> UnitKind:
    if file is None:
        return "reading"
    return "video" if file.content_type.startswith("video/") else "file"


def _title_from(path: str) -> str:
    """Return a title for a page or file that has none: index pages are named like their folder."""
    place = PurePosixPath(path)
    if not is_page(path):
        return one_line(place.name)
    if place.stem.lower() == "index":
        return one_line(place.parent.name) or "Home"
    return one_line(place.stem)


def _is_required(name: str, kind: UnitKind, entry: UnitEntry, completion: Completion) -> bool:
    if entry.required is not None:
        return entry.required
    known_as = name.removeprefix(f"{NAME}#")
    if matches(known_as, completion.optional):
        return False
    if isinstance(completion.required, list):
        return matches(known_as, completion.required)
    return kind != "file" if completion.required is None else completion.required == "all"


def _use(path: str, role: FileRole, keys: Mapping[str, str], unit: str) -> FileUse:
    language = caption_language(path) if role == "caption" else None
    name = path.removeprefix(f"{unit}/") if role == "stream" else ""
    return FileUse(path=path, key=keys[path], role=role, language=language, name=name)
