"""YAML read as a tree of texts with line numbers.

Values stay the text that was written: `nav_order: 08` is neither octal nor a number, `ects: 7.50` keeps its
digits, and a complaint can name the line.
"""

from __future__ import annotations

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode

__all__ = ["YamlError", "line_of", "members", "parse", "text_of"]


class YamlError(ValueError):
    """Text that is not YAML; `line` counts from 1 and is None where the parser does not tell."""

    def __init__(self, reason: str, line: int | None) -> None:
        super().__init__(reason)
        self.line = line


def parse(text: str) -> Node | None:
    """Return the root of the only document in a text, None if there is none. Raise YamlError."""
    try:
        root: Node | None = YAML(typ="safe", pure=True).compose(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error).partition("\n")[0]
        lines = max(1, len(text.splitlines()))  # the mark of a sudden end is behind the last line
        raise YamlError(reason, min(mark.line + 1, lines) if mark else None) from None
    except RecursionError:
        raise YamlError("nested too deeply", None) from None
    return root


def line_of(node: Node) -> int:
    """Return the line, from 1, in which a node begins."""
    return int(node.start_mark.line) + 1


def text_of(node: Node) -> str | None:
    """Return the text of a scalar as it was written, None for null and for anything but a scalar."""
    if isinstance(node, ScalarNode) and node.tag != "tag:yaml.org,2002:null":
        return str(node.value)
    return None


def members(node: MappingNode) -> list[tuple[str, Node, Node]]:
    """Return name, name node and value node of each member, in the order written, doublets included."""
    for key, value in node.value:
        if isinstance(value, ScalarNode) and text_of(value) is None:
            value.start_mark = key.start_mark  # the parser sets an empty value where the next token is
    return [(text_of(key) or "", key, value) for key, value in node.value]
