"""A course folder read as a module: units in order, their files, and what became of everything in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct, UnsetType
from msgspec.structs import replace

from lms_core.client.description import NAME, Description, matches, read_description
from lms_core.client.digests import LocalFile, TakeDigest, digest
from lms_core.client.errors import ClientError
from lms_core.client.films import find_films, in_order
from lms_core.client.keys import is_page, make_keys
from lms_core.client.linking import BrokenLink, follow_links
from lms_core.client.order import natural
from lms_core.client.pages import Page, read_page
from lms_core.client.progress import OnProgress, Tally
from lms_core.client.scan import scan
from lms_core.client.targets import Targets
from lms_core.client.units import FileUse, entry_id, is_home, make_units
from lms_core.modules.completion import Rule
from lms_core.modules.types import FileRole, Unit

__all__ = ["Course", "LeftOut", "Outcome", "read_folder"]

READ_AT_ONCE = 4
LONGEST_PAGE = 1_000_000
"""Characters of a page, as `lms_core.types.Body` allows."""


class Outcome(Struct, frozen=True):
    """What a file became (a kind of unit, a role in units, the module's description), and in which units."""

    path: str
    became: str
    units: list[str]
    note: str


class LeftOut(Struct, frozen=True):
    """A file, or with a slash at the end a folder, that became nothing, and why."""

    path: str
    reason: str


class Course(Struct, frozen=True, kw_only=True):
    """A folder as a module.

    `title` is None where neither `module.yaml` nor the home page has one. `units` are complete but for their
    files, in `uses` by key of the unit, and their rules, in `rules` where `module.yaml` has a word on them (None: no
    rule). `rule` is that of the module, UNSET where nothing is said. `files` are the files used, by path. Each file
    of the folder is either in `outcomes` or in `left_out`; those of a film in segments are there as its folder.
    """

    description: Description
    title: str | None
    units: list[Unit]
    rules: dict[str, Rule | None]
    rule: Rule | UnsetType | None
    uses: dict[str, list[FileUse]]
    files: dict[str, LocalFile]
    outcomes: list[Outcome]
    left_out: list[LeftOut]
    broken_links: list[BrokenLink]


def read_folder(
    folder: Path, on_progress: OnProgress = lambda progress: None, take_digest: TakeDigest = digest
) -> Course:
    """Return what a course folder holds; reads and hashes every file, so call it in a thread.

    Raises ClientError where there is no folder, where `module.yaml` has mistakes (all are named), and where
    somebody writes to a file meanwhile.
    """
    if not folder.is_dir():
        raise ClientError(f"{folder} is not a folder")
    found, left_out = scan(folder)
    place = found.pop(NAME, None)
    description = _describe(place, found) if place else Description()
    for path in [path for path in found if matches(path, description.ignore)]:
        left_out[path] = f"ignored by {NAME}"
        del found[path]
    pages, files, notes = _load(found, left_out, on_progress, take_digest)
    films = _films(files, notes)
    in_films = {path: film for film, paths in films.items() for path in paths}

    keys = {entry_id(entry): entry.key for entry in description.units if entry.key}
    keys |= make_keys((path for path in [*pages, *files] if path not in {*keys, *in_films}), taken=set(keys.values()))
    # After the others, whose keys a film that is added must not change.
    keys |= make_keys((path for path in [*films, *in_films] if path not in keys), taken=set(keys.values()))
    targets = Targets([*pages, *files, *films], left_out)
    linked = follow_links(pages, targets, keys, in_films | {film: film for film in films})
    roles: dict[str, Mapping[str, FileRole]] = {**linked.roles, **films}
    units, uses, complaints = make_units(description, linked.pages, files, roles, keys)
    for path, complaint in complaints.items():
        notes[path].append(complaint)
    for path, more in linked.notes.items():
        notes[path].extend(more)

    outcomes = _outcomes(units, uses, {key: path for path, key in keys.items()}, notes)
    if place:
        outcomes.append(Outcome(NAME, "description", [], ""))
    home = next((page for path, page in pages.items() if is_home(path, page)), None)
    return Course(
        description=description,
        title=description.title or (home.title if home else None),
        units=units,
        rules={
            keys[entry_id(entry)]: entry.completion
            for entry in description.units
            if not isinstance(entry.completion, UnsetType)
        },
        rule=_by_keys(description.completion.rule, keys, {unit.key for unit in units}),
        uses=uses,
        files=files,
        outcomes=outcomes,
        left_out=[LeftOut(path, left_out[path]) for path in sorted(left_out, key=natural)],
        broken_links=linked.broken,
    )


def _describe(place: Path, found: Mapping[str, Path]) -> Description:
    try:
        text = place.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ClientError(f"{NAME} cannot be read: {error}") from None
    return read_description(text, found)


def _by_keys(rule: Rule | UnsetType | None, keys: Mapping[str, str], units: set[str]) -> Rule | UnsetType | None:
    """Name units in a rule by their keys where it has their paths. Raises ClientError for what is no unit."""
    if not isinstance(rule, Rule):
        return rule
    if rule.unit is None:
        return replace(rule, of=[_by_keys(one, keys, units) for one in rule.of])
    key = keys.get(rule.unit, rule.unit)
    if key not in units:
        raise ClientError(f'{NAME}: field completion.rule: "{rule.unit}" is part of other units, and none of its own')
    return replace(rule, unit=key)


def _load(
    found: Mapping[str, Path], left_out: dict[str, str], on_progress: OnProgress, take_digest: TakeDigest
) -> tuple[dict[str, Page], dict[str, LocalFile], defaultdict[str, list[str]]]:
    """Return the pages, the other files with their digests, and notes, all by path."""
    pages: dict[str, Page] = {}
    files: dict[str, LocalFile] = {}
    notes: defaultdict[str, list[str]] = defaultdict(list)
    sizes = {path: _size(place) for path, place in found.items()}
    tally = Tally("Reading", len(found), sum(sizes.values()), on_progress)
    in_films = {path for paths in find_films(found).values() for path in paths}

    def load(path: str) -> Page | LocalFile | OSError:
        try:
            page = _page(found[path]) if is_page(path) and path not in in_films else None
            if isinstance(page, Page):
                tally.add(sizes[path])
                return page
            if page:
                notes[path].append(f"kept as a file: {page}")
            return take_digest(found[path], tally.add)
        except OSError as error:
            return error
        finally:
            tally.add(0, files=1)

    with ThreadPoolExecutor(READ_AT_ONCE) as pool:
        for path, loaded in zip(found, pool.map(load, found), strict=True):
            match loaded:
                case Page():
                    pages[path] = loaded
                    notes[path] += loaded.notes if loaded.body.strip() else [*loaded.notes, "an empty page"]
                case LocalFile():
                    files[path] = loaded
                    if loaded.size == 0:
                        notes[path].append("an empty file")
                case OSError():
                    left_out[path] = f"cannot be read: {loaded.strerror}"
    return pages, files, notes


def _films(files: Mapping[str, LocalFile], notes: dict[str, list[str]]) -> dict[str, dict[str, FileRole]]:
    """Return the files of each film by its folder, in their order; all notes about them become those of the film.

    Raises ClientError where a playlist cannot be read, and for a name that cannot be in a film.
    """
    films: dict[str, dict[str, FileRole]] = {}
    for film, paths in find_films(files).items():
        try:
            ordered, wrong = in_order({path: files[path].place for path in paths})
        except OSError as error:
            raise ClientError(f"{error.filename} cannot be read: {error.strerror}") from None
        for path in ordered:
            if "\\" in path.removeprefix(film):
                raise ClientError(f"{path}: no name in a film's folder may have a backslash; give it another.")
        more = [f"{path}: {note}" for path in ordered for note in notes.pop(path, [])]
        notes[film] = [f"{len(ordered)} files, begins with {ordered[0].removeprefix(f'{film}/')}", *wrong, *more]
        films[film] = dict.fromkeys(ordered, "stream")
    return films


def _size(place: Path) -> int:
    try:
        return place.stat().st_size
    except OSError:
        return 0


def _page(place: Path) -> Page | str:
    """Return the page in a file, or why it holds none. Raises OSError."""
    if _size(place) > 4 * LONGEST_PAGE:  # no character takes more bytes
        return f"longer than {LONGEST_PAGE} characters"
    try:
        text = place.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError:
        return "not UTF-8 text"
    if "\0" in text:
        return "not text, there are NUL characters in it"
    return read_page(text) if len(text) <= LONGEST_PAGE else f"longer than {LONGEST_PAGE} characters"


def _outcomes(
    units: list[Unit],
    uses: Mapping[str, list[FileUse]],
    paths: Mapping[str, str],
    notes: Mapping[str, list[str]],
) -> list[Outcome]:
    """Return what became of each page and file: units in the order of study, then what they use."""
    used: defaultdict[str, list[str]] = defaultdict(list)
    roles: dict[str, str] = {}
    for unit in units:
        for use in uses[unit.key]:
            used[use.path].append(unit.key)
            if use.role != "stream":
                roles.setdefault(use.path, use.role)
    fates = {}
    for unit in units:
        path = paths[unit.key]
        others = [key for key in used[path] if key != unit.key]
        fates[path] = Outcome(path, unit.kind, [unit.key, *others], "; ".join(notes.get(path, [])))
    for path in sorted(roles, key=natural):
        fates.setdefault(path, Outcome(path, roles[path], used[path], "; ".join(notes.get(path, []))))
    return list(fates.values())
