"""Links in Markdown with HTML inside: where they stand, and the same text with other targets.

The parser of Markdown decides what is a link (code is none), and is watched while it works to learn where in
the text each target stands. A rewritten text is parsed again and compared.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from functools import cache
from html import unescape
from itertools import accumulate
from typing import Any, Literal

from markdown_it import MarkdownIt
from markdown_it.helpers import parseLinkDestination, parseLinkLabel
from markdown_it.rules_inline import StateInline, html_inline, image, link
from markdown_it.token import Token
from msgspec import Struct

from lms_core.client.html import HtmlReader

__all__ = ["Link", "LinkRole", "find_links", "rewrite"]

LinkRole = Literal["inline", "caption", "attachment"]


class Link(Struct, frozen=True):
    """A target as its author means it (unescaped), and the span of the text that spells it.

    `role` is what a file becomes by being the target: shown in the page, text track of a video, or linked.
    `line` counts from 1. `span` is None where the target could not be located in the text.
    """

    line: int
    span: tuple[int, int] | None
    target: str
    role: LinkRole


class _Found(Struct, frozen=True):
    """A target by its place in the part of the text that was being parsed."""

    start: int
    end: int
    target: str
    role: LinkRole


def find_links(text: str) -> list[Link]:
    """Return the targets of links, images, definitions and HTML attributes, in the order of the text."""
    markdown, source = _markdown(), _Source(text)
    env: dict[str, Any] = {"images": set()}
    links: list[Link] = []
    for token in markdown.parse(text, env):
        found: list[_Found] = []
        if token.type == "inline":
            env["found"] = found
            markdown.inline.parse(token.content, markdown, env, [])
        elif token.type == "html_block":
            found = list(_html_targets(token.content))
        if token.type in {"inline", "html_block"}:
            links += source.place(token, found)
    for label, definition in env.get("references", {}).items():
        if not label.startswith("^"):  # a footnote
            role: LinkRole = "inline" if label in env["images"] else "attachment"
            links.append(source.definition(definition["map"][0], role))
    return sorted(links, key=lambda found: (found.line, found.span or (0, 0)))


def rewrite(text: str, changes: list[tuple[Link, str]]) -> tuple[str, list[Link]]:
    """Return a text with new targets for some of its links, and the links that could not be changed.

    A new target consists of characters that mean nothing to Markdown or HTML.
    """
    possible = [(found, target) for found, target in changes if found.span]
    failed = [found for found, _ in changes if not found.span]
    if not _holds(text, possible):
        lasting: list[tuple[Link, str]] = []
        for change in possible:
            if _holds(text, [*lasting, change]):
                lasting.append(change)
            else:
                failed.append(change[0])
        possible = lasting
    return _replaced(text, possible), failed


def _replaced(text: str, changes: list[tuple[Link, str]]) -> str:
    for (start, end), target in sorted(((found.span or (0, 0)), target) for found, target in changes)[::-1]:
        text = text[:start] + target + text[end:]
    return text


def _holds(text: str, changes: list[tuple[Link, str]]) -> bool:
    """Say whether the changed text has the same links as before but for the new targets."""
    new = {found.span: target for found, target in changes}
    wanted = [new.get(found.span, found.target) if found.span else found.target for found in find_links(text)]
    return [found.target for found in find_links(_replaced(text, changes))] == wanted


DEFINED = re.compile(r"\[(?:\\.|[^\\\[\]])+\]:\s*(?:>\s*)*", re.DOTALL)


class _Source:
    """A text by lines, to find out where the parts that the parser cut out of it came from."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lines = text.split("\n")
        self.starts = [0, *accumulate(len(line) + 1 for line in self.lines)]
        self.columns = [0] * len(self.lines)  # where the next part in this line can begin: cells of a table

    def place(self, token: Token, found: list[_Found]) -> Iterator[Link]:
        """Give the targets found in a token their place in the whole text."""
        first = token.map[0] if token.map else 0
        content_starts = [0]
        offsets: list[int | None] = []
        for number, content in enumerate(token.content.split("\n")[: len(self.lines) - first], first):
            # Quotes and lists put marks before a line, and the parser may have put spaces for tabs.
            words = content.strip()
            column = self.lines[number].find(words, self.columns[number])
            if column >= 0:
                self.columns[number] = column + len(words)
                offsets.append(self.starts[number] + column - content.index(words))
            else:
                offsets.append(None)
            content_starts.append(content_starts[-1] + len(content) + 1)

        def locate(position: int) -> tuple[int, int | None]:
            number = bisect_right(content_starts, position, hi=len(offsets)) - 1
            offset = offsets[number]
            return first + number, None if offset is None else offset + position - content_starts[number]

        for item in found:
            (line, start), (_, end) = locate(item.start), locate(item.end)
            span = None if start is None or end is None else (start, end)
            yield Link(line + 1, span, item.target, item.role)

    def definition(self, line: int, role: LinkRole) -> Link:
        """Return the target of the definition that begins in a line, counted from 0."""
        label = DEFINED.search(self.text, self.starts[line])
        if not label:
            return Link(line + 1, None, "", role)
        result = parseLinkDestination(self.text, label.end(), len(self.text))
        return Link(line + 1, (label.end(), result.pos), result.str, role)


class _Markdown(MarkdownIt):
    def validateLink(self, url: str) -> bool:  # noqa: N802 - the parser's name
        """Let every target pass, so that file:///C:/notes.pdf is found and reported."""
        return True


@cache
def _markdown() -> MarkdownIt:
    markdown = _Markdown("commonmark", {"store_labels": True}).enable("table")
    markdown.core.ruler.enableOnly(["normalize", "block"])  # find_links parses what is inside the blocks
    markdown.inline.ruler.before("link", "math", _math)
    markdown.inline.ruler.at("link", _watched(link, "attachment"))
    markdown.inline.ruler.at("image", _watched(image, "inline"))
    markdown.inline.ruler.at("html_inline", _watched_html)
    return markdown


def _math(state: StateInline, silent: bool) -> bool:
    """Pass over $$f[x](y)$$."""
    if not state.src.startswith("$$", state.pos):
        return False
    end = state.src.find("$$", state.pos + 2)
    if end < 0:
        return False
    state.pos = end + 2
    return True


def _watched(rule: Callable[[StateInline, bool], bool], role: LinkRole) -> Callable[[StateInline, bool], bool]:
    """Return the parser's rule for links or images, which also notes the targets it meets."""

    def watched(state: StateInline, silent: bool) -> bool:
        found: list[_Found] = state.env["found"]
        start, known = state.pos, len(found)
        if not rule(state, silent):
            if not silent and role == "attachment":
                found.extend(_spaced(state, start))
            return False
        if silent:
            return True
        if role == "inline":
            del found[known:]  # from the text for those who cannot see the image
            state.env["images"].add(state.tokens[-1].meta.get("label"))
        after_label = parseLinkLabel(state, start + (role == "inline"), role == "attachment") + 1
        if state.pos > after_label and state.src[after_label] == "(":
            rest = state.src[after_label + 1 :]
            begin = after_label + 1 + len(rest) - len(rest.lstrip())
            result = parseLinkDestination(state.src, begin, state.posMax)
            found.append(_Found(begin, result.pos if result.ok else begin, result.str, role))
        return True

    return watched


# [notes](my notes.pdf) is no link in CommonMark, for the space; other dialects let it be one.
SPACED = re.compile(
    r"\[[^\[\]\n]*\]\([ \t]*"
    r"(?P<target>[^()<>\n]*?\.[A-Za-z][A-Za-z0-9]{1,4}|\{[^()<>\n]*\})"
    r'[ \t]*("[^"\n]*")?\)'
)


def _spaced(state: StateInline, start: int) -> Iterator[_Found]:
    match = SPACED.match(state.src, start)
    if match:
        shown = state.src[max(start - 1, 0) : start] == "!"
        yield _Found(*match.span("target"), match["target"], "inline" if shown else "attachment")


def _watched_html(state: StateInline, silent: bool) -> bool:
    start = state.pos
    if not html_inline(state, silent):
        return False
    if not silent:
        for item in _html_targets(state.src[start : state.pos]):
            state.env["found"].append(_Found(item.start + start, item.end + start, item.target, item.role))
    return True


ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
WHOLE = re.compile(r"\A(.*)\Z", re.DOTALL)
CANDIDATES = re.compile(r"(?:\A|,\s)\s*([^\s,]+)")


def _html_targets(html: str) -> Iterator[_Found]:
    finder = _TagFinder(html)
    finder.feed(html)
    for begin, tag, text in finder.tags:
        for attribute in ATTRIBUTE.finditer(text, len(tag) + 1):
            name, group = attribute[1].lower(), attribute.lastindex or 0
            role = _html_role(tag, name)
            if role is None:
                continue
            for match in (CANDIDATES if name == "srcset" else WHOLE).finditer(attribute[group]):
                start, end = (begin + attribute.start(group) + position for position in match.span(1))
                yield _Found(start, end, unescape(match[1]), role)


def _html_role(tag: str, attribute: str) -> LinkRole | None:
    """Return what a file becomes as the value of an attribute, None where the value is no link."""
    if tag == "track" and attribute == "src":
        return "caption"
    if attribute == "href":
        return None if tag == "base" else "attachment"
    return "inline" if attribute in {"src", "srcset", "poster"} or (tag, attribute) == ("object", "data") else None


class _TagFinder(HtmlReader):
    """Gathers the start tags outside comments and scripts: offset, name and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.starts = [0, *accumulate(len(line) + 1 for line in html.split("\n"))]
        self.tags: list[tuple[int, str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line, column = self.getpos()
        self.tags.append((self.starts[line - 1] + column, tag, self.get_starttag_text() or ""))
