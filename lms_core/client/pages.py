"""A page of a course folder: a Markdown text with what its front matter says."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from msgspec import Struct
from ruamel.yaml.nodes import MappingNode, ScalarNode

from lms_core.client.html import HtmlReader
from lms_core.client.yamltree import YamlError, line_of, members, parse, text_of

__all__ = ["Page", "one_line", "read_page"]

# A few pages close their front matter twice; the second fence would draw a rule above the title.
FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n---[ \t]*)?(?:\n|\Z)", re.DOTALL | re.MULTILINE)
USED = ("title", "nav_order", "parent", "layout")


class Page(Struct, frozen=True, kw_only=True):
    """A page as its author wrote it.

    `title` is that of the front matter or else of the first heading, None where there is neither. `parent` is
    the title of another page. `first_line` is the line of the file, from 1, in which `body` begins. `notes`
    are complaints about the front matter.
    """

    title: str | None
    nav_order: str | None
    parent: str | None
    layout: str | None
    body: str
    first_line: int
    notes: list[str]


def read_page(text: str) -> Page:
    """Return the page in a text with lines that end in "\\n"; broken front matter becomes a note."""
    front, body, notes = _front_matter(text)
    return Page(
        title=one_line(front.get("title") or "") or _first_heading(body),
        nav_order=front.get("nav_order"),
        parent=front.get("parent"),
        layout=front.get("layout"),
        body=body,
        first_line=text[: len(text) - len(body)].count("\n") + 1,
        notes=notes,
    )


def one_line(text: str) -> str:
    """Return a text as a `Name` allows it: one line, no control characters, at most 200 characters."""
    words = " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", text).split())
    return words if len(words) <= 200 else f"{words[:199]}…"


def _front_matter(text: str) -> tuple[dict[str, str], str, list[str]]:
    match = FRONT_MATTER.match(text)
    if not match:
        if re.match(r"---[ \t]*\n\w+[ \t]*:", text):
            return {}, text, ["line 1: the front matter has no closing ---"]
        return {}, text, []
    body = text[match.end() :]
    try:
        root = parse(match[1])
    except YamlError as error:
        line = (error.line or 0) + 1
        return {}, body, [f"line {line}: the front matter is not valid YAML: {error}"]
    if root is None:
        return {}, body, []
    if not isinstance(root, MappingNode):
        return {}, text, []  # two rules with text between them
    front: dict[str, str] = {}
    notes = []
    for name, _, node in members(root):
        text_value = text_of(node)
        if name in USED and not isinstance(node, ScalarNode):
            notes.append(f"line {line_of(node) + 1}: {name} in the front matter is not a text")
        elif name in USED and text_value is not None:
            front[name] = text_value.strip()
    return front, body, notes


def _first_heading(body: str) -> str | None:
    tokens = MarkdownIt("commonmark").parse(body)
    for index, token in enumerate(tokens):
        title = ""
        if token.type == "heading_open":
            words = tokens[index + 1].children or []
            title = "".join(word.content if word.type in {"text", "code_inline"} else " " for word in words)
        elif token.type == "html_block":
            title = _html_heading(token.content)
        if one_line(title):
            return one_line(title)
    return None


def _html_heading(html: str) -> str:
    finder = _HeadingFinder()
    finder.feed(html)
    return "".join(finder.text)


class _HeadingFinder(HtmlReader):
    """Gathers the text of the first h1 to h6."""

    def __init__(self) -> None:
        super().__init__()
        self.text: list[str] = []
        self.state = "before"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if re.fullmatch("h[1-6]", tag) and self.state == "before":
            self.state = "inside"
        elif tag == "br" and self.state == "inside":
            self.text.append(" ")

    def handle_endtag(self, tag: str) -> None:
        if re.fullmatch("h[1-6]", tag) and self.state == "inside":
            self.state = "before" if not "".join(self.text).strip() else "after"

    def handle_data(self, data: str) -> None:
        if self.state == "inside":
            self.text.append(data)
