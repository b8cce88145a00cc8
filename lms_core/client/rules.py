"""Rules of completion as they stand in `module.yaml`: the same fields as in a module's content."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, get_args

from msgspec import UNSET, Meta, UnsetType
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

from lms_core.client.yamlfields import Field, Reader
from lms_core.client.yamltree import text_of
from lms_core.modules.completion import DEEPEST, Rule, RuleKind
from lms_core.types import BadValue, check_decimal

__all__ = ["read_rule"]

RULE = {
    "rule": Field(RuleKind, ", ".join(get_args(RuleKind))),
    "percent": Field(Annotated[int, Meta(ge=1, le=100)], "whole percent from 1 to 100, such as 80"),
    "score": Field(
        Decimal,
        "a number from 0 to 100000 with at most two decimals, such as 12.5",
        check=lambda value: check_decimal("score", value, 0, 100_000),
    ),
    "unit": Field(str, "the path or key of a unit"),
    "n": Field(Annotated[int, Meta(ge=1, le=100)], "a whole number from 1 to 100, such as 2"),
    "of": Field(None, "rule: opened", many=True),
}


def read_rule(reader: Reader, node: Node, where: str) -> tuple[Rule | UnsetType | None, dict[str, Node]]:
    """Return a rule, None where null stands, UNSET where it has mistakes, and the node of each of its fields."""
    if isinstance(node, ScalarNode) and text_of(node) is None:
        return None, {}
    places: dict[str, Node] = {}
    return _read(reader, node, where, places, 1), places


def _read(reader: Reader, node: Node, where: str, places: dict[str, Node], depth: int) -> Rule | UnsetType:
    if depth > DEEPEST:
        reader.wrong(node, where, f"rules are nested at most {DEEPEST} deep")
        return UNSET
    before = len(reader.problems)
    nodes = reader.fields(node, f"{where}.", RULE)
    values: dict[str, Any] = reader.values(nodes, f"{where}.", RULE)
    places.update({f"{where}.{name}": one for name, one in nodes.items()})
    parts = reader.items(nodes["of"], f"{where}.of", RULE["of"]) if "of" in nodes else []
    values["of"] = [_read(reader, one, f"{where}.of[{index}]", places, depth + 1) for index, one in enumerate(parts)]
    if isinstance(node, MappingNode) and "rule" not in nodes:
        reader.wrong(node, f"{where}.rule", f"is missing; write {RULE['rule'].right}")
    if len(reader.problems) > before:
        return UNSET
    try:
        return Rule(**values)
    except BadValue as error:
        reader.wrong(nodes.get(error.field, node), f"{where}.{error.field}", error.reason)
        return UNSET
