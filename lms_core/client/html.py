"""HTML as it stands in pages: read leniently, like browsers do."""

from __future__ import annotations

from html.parser import HTMLParser

__all__ = ["HtmlReader"]


class HtmlReader(HTMLParser):
    """The parser of the standard library, but no input is an error."""

    def parse_marked_section(self, i: int, report: int = 1) -> int:
        """Take `<![anything>` for a comment; the parser raises AssertionError for some."""
        return self.parse_bogus_comment(i)
