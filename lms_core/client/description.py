"""`module.yaml`: what a lecturer says about a course folder beyond its pages."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from lms_core.client.digests import media_type
from lms_core.client.errors import ClientError
from lms_core.client.films import find_films
from lms_core.client.keys import is_page
from lms_core.client.rules import read_rule
from lms_core.client.yamlfields import Field, Reader, similar
from lms_core.client.yamltree import YamlError, parse
from lms_core.modules.completion import Rule, leaves, unfit
from lms_core.modules.types import Language, Season, UnitKind
from lms_core.types import Key, Name, check_decimal

__all__ = ["NAME", "Completion", "Description", "UnitEntry", "matches", "read_description"]

NAME = "module.yaml"


class UnitEntry(Struct, frozen=True, kw_only=True, rename="camel"):
    """What `module.yaml` says about one unit; None where it says nothing.

    A unit without `path` is a quiz, an attendance or an assignment that has no page. `parent` is the path or
    key of another unit, None to put the unit at the top level, UNSET to leave it where it would be. `completion` is
    the rule of the unit, None for none, UNSET to leave it as it is.
    """

    path: str | None = None
    key: str | None = None
    title: str | None = None
    kind: UnitKind | None = None
    required: bool | None = None
    minutes: int | None = None
    max_score: Decimal | None = None
    parent: str | UnsetType | None = UNSET
    completion: Rule | UnsetType | None = UNSET


class Completion(Struct, frozen=True, kw_only=True, rename="camel"):
    """Which units must be done: all, none or those that match a pattern, except those in `optional`.

    `rule` decides instead where there is one: it names units by path or key; None for none, UNSET to leave it as it is.
    """

    required: Literal["all", "none"] | list[str] | None = None
    optional: list[str] = []
    rule: Rule | UnsetType | None = UNSET


class Description(Struct, frozen=True, kw_only=True, rename="camel"):
    """What `module.yaml` says about a module; None where it says nothing."""

    key: str | None = None
    title: str | None = None
    ects: Decimal | None = None
    workload_hours: int | None = None
    language: str | None = None
    offered: list[Season] | None = None
    prerequisites: list[str] | None = None
    units: list[UnitEntry] = []
    completion: Completion = Completion()
    ignore: list[str] = []


KEY = "lower-case letters, digits, dots, hyphens and underscores, such as molecular-dynamics"
FILES = "a pattern of paths, such as drafts/*"
MODULE = {
    "key": Field(Key, KEY),
    "title": Field(Name, "one line of at most 200 characters"),
    "ects": Field(
        Decimal,
        "a number from 0 to 300 with at most two decimals, such as 7.5",
        check=lambda value: check_decimal("ects", value, 0, 300),
    ),
    "workloadHours": Field(Annotated[int, Meta(ge=0, le=10_000)], "whole hours from 0 to 10000, such as 150"),
    "language": Field(Language, "a language tag, such as en or de-AT"),
    "offered": Field(Season, "winter or summer", many=True),
    "prerequisites": Field(Key, KEY, many=True),
    "units": Field(None, "path: lecture/chapter01.md", many=True),
    "completion": Field(None, "required and optional"),
    "ignore": Field(str, FILES, many=True),
}
UNIT = {
    "path": Field(str, "the path of a file from the folder, such as lecture/chapter01.md"),
    "key": Field(Key, KEY),
    "title": MODULE["title"],
    "kind": Field(UnitKind, "reading, video, file, quiz, attendance or assignment"),
    "required": Field(bool, "true or false"),
    "minutes": Field(Annotated[int, Meta(ge=0, le=100_000)], "whole minutes from 0 to 100000, such as 90"),
    "maxScore": Field(
        Decimal,
        "a number from 0 to 100000 with at most two decimals, such as 12.5",
        check=lambda value: check_decimal("maxScore", value, 0, 100_000),
    ),
    "parent": Field(str | None, "the path or key of another unit, or null for none"),
    "completion": Field(None, "rule: opened"),
}
COMPLETION = {
    "required": Field(Literal["all", "none"], "all, none or a list of patterns, such as [lecture/*]"),
    "optional": Field(str, FILES, many=True),
    "rule": Field(None, "rule: all"),
}


def read_description(text: str, paths: Iterable[str]) -> Description:
    """Return what a `module.yaml` says about a folder that holds `paths`.

    Raises ClientError with every problem on a line of its own, `module.yaml:LINE: field F: ...`.
    """
    try:
        root = parse(text)
    except YamlError as error:
        place = f"{NAME}:{error.line}" if error.line else NAME
        raise ClientError(f"{place}: not valid YAML: {error}") from None
    reader = _Reader(frozenset(paths))
    description = reader.module(root) if root is not None else Description()
    if reader.problems:
        raise ClientError("\n".join(f"{NAME}:{line}: {what}" for line, what in sorted(reader.problems)))
    return description


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Say whether a path matches a pattern: * is any text, slashes too; folder/ is all that is in it, and itself."""
    return any(
        fnmatchcase(f"{path}/", f"{pattern}*") if pattern.endswith("/") else fnmatchcase(path, pattern)
        for pattern in patterns
    )


class _Reader(Reader):
    """Turns nodes into a Description."""

    def __init__(self, paths: frozenset[str]) -> None:
        super().__init__()
        self.paths = paths
        self.films: dict[str, list[str]] = {}

    def module(self, root: Node) -> Description:
        nodes = self.fields(root, "", MODULE)
        values = self.values(nodes, "", MODULE)
        ignored = values.get("ignore", [])
        self.films = find_films(path for path in self.paths if not matches(path, ignored))
        self.paths = self.paths.difference(*self.films.values()).union(self.films)
        units = self.items(nodes["units"], "units", MODULE["units"]) if "units" in nodes else []
        entries = [self.unit(node, f"units[{index}]", ignored) for index, node in enumerate(units)]
        self.unique(units, entries, "path")
        self.unique(units, entries, "key")
        names = self.paths | {entry["key"] for entry in entries if "key" in entry}
        for index, (node, entry) in enumerate(zip(units, entries, strict=True)):
            parent = entry.get("parent")
            if parent and not (is_page(parent) if parent in self.paths else parent in names):
                self.wrong(node, f"units[{index}].parent", f'"{parent}" is neither a page nor the key of a unit')
        completion = {}
        if "completion" in nodes:
            parts = self.fields(nodes["completion"], "completion.", COMPLETION)
            rules = dict(COMPLETION)
            if isinstance(parts.get("required"), SequenceNode):
                rules["required"] = COMPLETION["optional"]
            completion = self.values(parts, "completion.", rules)
            for name, value in completion.items():
                for pattern in value if isinstance(value, list) else []:
                    if not any(matches(path, [pattern]) for path in names):
                        self.wrong(parts[name], f"completion.{name}", f'"{pattern}" matches no file and no key')
            if "rule" in parts:
                completion["rule"] = self.rule_of_module(parts["rule"], names)
        if self.problems:
            return Description()
        return msgspec.convert({**values, "units": entries, "completion": completion}, Description)

    def unit(self, node: Node, where: str, ignored: list[str]) -> dict[str, Any]:
        nodes = self.fields(node, f"{where}.", UNIT)
        entry = self.values(nodes, f"{where}.", UNIT)
        for name in ("path", "parent"):
            if entry.get(name):
                entry[name] = posixpath.normpath(entry[name])
        path, kind = entry.get("path"), entry.get("kind")
        film = next((film for film, files in self.films.items() if path in files), None)
        if film:
            self.wrong(nodes["path"], f"{where}.path", f'"{path}" is part of the film "{film}"; list that')
        elif path is not None and path not in self.paths:
            self.wrong(nodes["path"], f"{where}.path", f'"{path}" is not in the folder{similar(path, self.paths)}')
        elif path is not None and matches(path, ignored):
            self.wrong(nodes["path"], f"{where}.path", f'"{path}" is ignored; take it out of ignore or of units')
        if path is not None and is_page(path) and kind in {"video", "file"}:
            right = "reading, quiz, attendance or assignment"
            self.wrong(nodes["kind"], f"{where}.kind", f"a page cannot be a {kind}; write {right}")
        if path in self.films and kind not in {None, "video"}:
            self.wrong(nodes["kind"], f"{where}.kind", "a film in segments is a video; write that, or leave this out")
        if isinstance(node, MappingNode) and "path" not in nodes:
            missing = [name for name in ("key", "title", "kind") if name not in nodes]
            if missing:
                self.wrong(node, where, f"a unit without path needs key, title and kind; add {' and '.join(missing)}")
            elif kind in {"reading", "video", "file"}:
                self.wrong(
                    nodes["kind"], f"{where}.kind", f"a {kind} needs a path; write quiz, attendance or assignment"
                )
        by_default = "reading" if "path" in nodes and "kind" not in nodes else None
        if "maxScore" in entry and (kind or by_default) in {"reading", "video", "file", "attendance"}:
            what = "only a quiz or an assignment has a score; write its kind, or leave this out"
            self.wrong(nodes["maxScore"], f"{where}.maxScore", what)
        if "completion" in nodes:
            entry["completion"] = self.rule_of_unit(nodes["completion"], f"{where}.completion", entry)
        return entry

    def rule_of_unit(self, node: Node, where: str, entry: dict[str, Any]) -> Rule | UnsetType | None:
        rule, places = read_rule(self, node, where)
        path = entry.get("path", "")
        by_path = "reading" if is_page(path) else "video" if self.is_film(path) else "file"
        for place, reason in unfit(rule, entry.get("kind", by_path), entry.get("maxScore")) if rule else ():
            self.wrong(places[f"{where}{place}"], f"{where}{place}", reason)
        return rule

    def is_film(self, path: str) -> bool:
        return path in self.films or media_type(path).startswith("video/")

    def rule_of_module(self, node: Node, names: frozenset[str]) -> Rule | UnsetType | None:
        where = "completion.rule"
        rule, places = read_rule(self, node, where)
        for leaf, place in leaves(rule, where) if rule else ():
            if leaf.rule != "unit":
                what = f"{leaf.rule} is a rule for a unit; name units by the rule unit"
                self.wrong(places[f"{place}.rule"], f"{place}.rule", what)
            elif leaf.unit not in names:
                what = f'"{leaf.unit}" is neither a path nor the key of a unit{similar(str(leaf.unit), names)}'
                self.wrong(places[f"{place}.unit"], f"{place}.unit", what)
        return rule

    def unique(self, nodes: list[Node], entries: list[dict[str, Any]], name: str) -> None:
        first: dict[str, int] = {}
        for index, entry in enumerate(entries):
            if entry.get(name) is not None and first.setdefault(entry[name], index) != index:
                same = f"units[{first[entry[name]]}]"
                self.wrong(nodes[index], f"units[{index}].{name}", f'"{entry[name]}" is already that of {same}')
