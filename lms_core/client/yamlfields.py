"""Fields of a YAML file read by tables of what each may be; every mistake is gathered with its line."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import msgspec
from msgspec import UNSET, Struct
from ruamel.yaml.nodes import MappingNode, Node, SequenceNode

from lms_core.client.yamltree import line_of, members, text_of

__all__ = ["Field", "Reader", "similar"]


class Field(Struct, frozen=True):
    """What a field, or with `many` each item of its list, may be; `right` says so to people."""

    type: Any
    right: str
    many: bool = False
    check: Callable[[Any], None] = lambda value: None


class Reader:
    """Turns nodes into values and gathers what is wrong on the way."""

    def __init__(self) -> None:
        self.problems: list[tuple[int, str]] = []

    def wrong(self, node: Node, field: str, what: str) -> None:
        """Gather a mistake in a field, with the line of its node."""
        self.problems.append((line_of(node), f"field {field}: {what}"))

    def fields(self, node: Node, prefix: str, rules: Mapping[str, Field]) -> dict[str, Node]:
        """Return the value node of each known field."""
        if not isinstance(node, MappingNode):
            where = f"field {prefix[:-1]}: " if prefix else ""
            self.problems.append((line_of(node), f"{where}must be fields, such as {next(iter(rules))}: ..."))
            return {}
        found: dict[str, Node] = {}
        for name, name_node, value in members(node):
            if name not in rules:
                self.wrong(name_node, f"{prefix}{name}", f"there is no such field{similar(name, rules)}")
            elif name in found:
                self.wrong(name_node, f"{prefix}{name}", f"given already in line {line_of(found[name])}")
            else:
                found[name] = value
        return found

    def values(self, nodes: Mapping[str, Node], prefix: str, rules: Mapping[str, Field]) -> dict[str, Any]:
        """Return the value of each field that has a sound one."""
        values: dict[str, Any] = {}
        for name, node in nodes.items():
            rule = rules[name]
            if rule.type is None:
                continue
            sound = True
            results = []
            for index, item in enumerate(self.items(node, f"{prefix}{name}", rule) if rule.many else [node]):
                where = f"{prefix}{name}[{index}]" if rule.many else f"{prefix}{name}"
                value = self.value(item, where, rule)
                sound = sound and value is not UNSET
                results.append(value)
            if sound and (results or rule.many):
                values[name] = results if rule.many else results[0]
        return values

    def items(self, node: Node, where: str, rule: Field) -> list[Node]:
        """Return the nodes of a list, none where it is something else."""
        if isinstance(node, SequenceNode):
            return list(node.value)
        self.wrong(node, where, f"must be a list; write for each item {rule.right}")
        return []

    def value(self, node: Node, where: str, rule: Field) -> Any:
        """Return the value of a scalar, UNSET if it is not sound."""
        text = text_of(node)
        try:
            if isinstance(node, MappingNode | SequenceNode):
                raise ValueError("not a scalar")
            value = msgspec.convert(text, rule.type, strict=False)
            rule.check(value)
        except ValueError:
            written = "is empty" if text is None else f'"{text}" is not allowed'
            if isinstance(node, MappingNode | SequenceNode):
                written = "is a list" if isinstance(node, SequenceNode) else "has fields of its own"
            self.wrong(node, where, f"{written}; write {rule.right}")
            return UNSET
        return value


def similar(name: str, known: Iterable[str]) -> str:
    """Ask whether the known name that is written most alike was meant; nothing where none is."""
    close = get_close_matches(name, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else ""
